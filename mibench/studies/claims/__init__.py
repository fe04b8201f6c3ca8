# SPDX-License-Identifier: Apache-2.0
"""What the papers claim of information planes, each statement as a rule that is checked."""
