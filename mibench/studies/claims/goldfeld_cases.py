# SPDX-License-Identifier: Apache-2.0
"""Where claims of Goldfeld et al. are checked: the noisy network, more noise, orthonormal weights, no noise."""

from __future__ import annotations

from mibench.studies.claims.contract import Case

__all__ = ["DETERMINISTIC", "GOLDFELD", "NOISY", "SP", "STRENGTHS", "WIDTHS", "noisy", "orthonormal"]

GOLDFELD = "Goldfeld et al. (ICML 2019)"
SP = "sp[replicas=16]"
NOISY, DETERMINISTIC = "goldfeld-noisy", "goldfeld-deterministic"
STRENGTHS = ("1e-4", "1e-3", "1e-2")
WIDTHS = ("0.0001", "0.001", "0.01", "0.1", "0.5")
_NOISES = ("0.01", "0.05", "0.1")


def noisy(**labels: str) -> tuple[Case, ...]:
    """The published noise as a primary case, then more noise."""
    return (
        Case(NOISY, SP, True, {**labels, "noise": "0.005"}),
        *(Case(f"goldfeld-noise-{noise}", SP, False, {**labels, "noise": noise}) for noise in _NOISES),
    )


def orthonormal(primary: tuple[str, ...] = STRENGTHS[1:]) -> tuple[Case, ...]:
    """Strengths of the regularisation; the default of the published code, 1e-4, is off in its saved run."""
    return tuple(Case(f"goldfeld-orthonormal-{each}", SP, each in primary, {"strength": each}) for each in STRENGTHS)
