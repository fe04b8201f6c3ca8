# SPDX-License-Identifier: Apache-2.0
"""Wasserstein distances of order 1 between a distribution and its samples, with noise and without it."""

from __future__ import annotations

from math import pi, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from mibench.studies.analyses.sp_sources import Source

__all__ = ["matched_distance", "smooth_cdf", "uniform_distance"]


def matched_distance(source: Source, dim: int, n: int, rng: np.random.Generator) -> float:
    """W1 of two samples of n, by the best assignment: at most twice, in mean, and at least W1(P, P_n)."""
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    costs = cdist(source.draw(n, dim, rng), source.draw(n, dim, rng))
    return float(costs[linear_sum_assignment(costs)].mean())


def uniform_distance(n: int, std: float, rng: np.random.Generator) -> float:
    """W1 on the line of the uniform law on [-1, 1] and n draws of it, both with noise: the area between their CDFs."""
    values = np.sort(rng.uniform(-1, 1, n))
    t = np.linspace(-1 - 8 * std, 1 + 8 * std, 4001)
    if std == 0:
        return float(np.trapezoid(np.abs(np.searchsorted(values, t) / n - (t + 1) / 2), t))
    high, low = (t + 1) / std, (t - 1) / std
    whole = (std / 2) * (_ramp(high) - _ramp(low))  # the integral of Phi((t - x) / s) over x
    return float(np.trapezoid(np.abs(smooth_cdf(values, std, t) - whole), t))


def _ramp(u: NDArray[Any]) -> NDArray[Any]:
    """The integral of Phi up to u."""
    return np.asarray(u * ndtr(u) + np.exp(-0.5 * u**2) / sqrt(2 * pi))


def smooth_cdf(atoms: NDArray[Any], std: float, t: NDArray[Any]) -> NDArray[Any]:
    """The CDF at t of equally likely atoms with noise."""
    return np.asarray(ndtr((t[:, None] - atoms) / std).mean(axis=1))
