# SPDX-License-Identifier: Apache-2.0
"""What the papers claim of information planes, each statement a rule that was fixed before it was checked."""
