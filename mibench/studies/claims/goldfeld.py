# SPDX-License-Identifier: Apache-2.0
"""Claims of Goldfeld et al. (ICML 2019): noisy networks compress by clustering, and how well that can be estimated."""

from __future__ import annotations

from mibench.studies.claims import (
    goldfeld_clustering,
    goldfeld_distances,
    goldfeld_neuron,
    goldfeld_orthonormal,
    goldfeld_phases,
    goldfeld_propositions,
    goldfeld_risk,
)
from mibench.studies.claims.contract import Claim

__all__ = ["CLAIMS"]

CLAIMS: tuple[Claim, ...] = (
    *goldfeld_propositions.CLAIMS,
    *goldfeld_risk.CLAIMS,
    *goldfeld_distances.CLAIMS,
    *goldfeld_neuron.CLAIMS,
    *goldfeld_phases.CLAIMS,
    *goldfeld_orthonormal.CLAIMS,
    *goldfeld_clustering.CLAIMS,
)
