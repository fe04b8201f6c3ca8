# SPDX-License-Identifier: Apache-2.0
"""Claims of Rasmussen's thesis, all of them, in its order."""

from __future__ import annotations

from mibench.studies.claims import (
    rasmussen_adaptive,
    rasmussen_batches,
    rasmussen_elu,
    rasmussen_errors,
    rasmussen_estimators,
    rasmussen_extremes,
)
from mibench.studies.claims.contract import Claim

__all__ = ["CLAIMS"]

CLAIMS: tuple[Claim, ...] = (
    *rasmussen_batches.CLAIMS,
    *rasmussen_errors.CLAIMS,
    *rasmussen_extremes.CLAIMS,
    *rasmussen_adaptive.CLAIMS,
    *rasmussen_elu.CLAIMS,
    *rasmussen_estimators.CLAIMS,
)
