# SPDX-License-Identifier: Apache-2.0
"""Claims of Shwartz-Ziv and Tishby (2017), and what Saxe et al. (ICLR 2018) hold against those on gradients."""

from __future__ import annotations

from mibench.studies.claims import saxe, tishby_depth, tishby_fractions, tishby_gradients, tishby_snapshots
from mibench.studies.claims.contract import Claim

__all__ = ["CLAIMS"]

_MODULES = (tishby_snapshots, tishby_fractions, tishby_gradients, saxe, tishby_depth)

CLAIMS: tuple[Claim, ...] = tuple(claim for module in _MODULES for claim in module.CLAIMS)
