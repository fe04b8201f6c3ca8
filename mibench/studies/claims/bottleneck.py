# SPDX-License-Identifier: Apache-2.0
"""Claims of Lorenzen, Igel and Nielsen (ICLR 2022) on quantised networks of images."""

from __future__ import annotations

from mibench.studies.claims import bottleneck_others, bottleneck_two
from mibench.studies.claims.contract import Claim

__all__ = ["CLAIMS"]

CLAIMS: tuple[Claim, ...] = (*bottleneck_two.CLAIMS, *bottleneck_others.CLAIMS)
