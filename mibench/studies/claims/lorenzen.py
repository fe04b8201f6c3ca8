# SPDX-License-Identifier: Apache-2.0
"""Claims of Lorenzen, Igel and Nielsen (ICLR 2022) on the 12-bit network."""

from __future__ import annotations

from mibench.studies.claims import lorenzen_bins, lorenzen_bits, lorenzen_exact, lorenzen_prefit, lorenzen_runs
from mibench.studies.claims.contract import Claim

__all__ = ["CLAIMS"]

CLAIMS: tuple[Claim, ...] = (
    *lorenzen_exact.CLAIMS,
    *lorenzen_runs.CLAIMS,
    *lorenzen_bins.CLAIMS,
    *lorenzen_bits.CLAIMS,
    *lorenzen_prefit.CLAIMS,
)
