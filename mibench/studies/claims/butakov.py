# SPDX-License-Identifier: Apache-2.0
"""Claims of Butakov et al. (ICLR 2024) on the plane of a convolutional classifier."""

from __future__ import annotations

from mibench.studies.claims import butakov_phases, butakov_switch
from mibench.studies.claims.contract import Claim

__all__ = ["CLAIMS"]

CLAIMS: tuple[Claim, ...] = (*butakov_phases.CLAIMS, *butakov_switch.CLAIMS)
