# SPDX-License-Identifier: Apache-2.0
"""Networks on a finite set of inputs, whose layers carry an information that is known."""
