# SPDX-License-Identifier: Apache-2.0
"""Leave-one-out Gaussian kernel densities, and the bandwidth that maximises their likelihood (Duin 1976)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import Unsupported
from mibench.numerics.kernel_sums import loo_log_sums

__all__ = ["Densities", "densities", "likeliest"]

_QUERIES = 256  # points at which the coarse scan looks
_LEVELS = 10  # bandwidths per scan, sqrt(2) apart
_SMALLEST = 1e-6  # bandwidth, in standard deviations, below which the likelihood is called unbounded
_TOLERANCE = 5e-4  # on log(1 / (2 h^2)): the mean log-likelihood is then within 1e-7 d of its maximum


@dataclass(frozen=True)
class Densities:
    """Log-densities of n whitened points, each by the kernels of the n - 1 others.

    Attributes
    ----------
    bandwidth : float
        h, in standard deviations.
    log : ndarray, shape (n,)
        ``ln [ sum_{j != i} (2 pi h^2)^{-d/2} exp(-|z_i - z_j|^2 / (2 h^2)) / (n - 1) ]``.
    neighbours : float
        How many points share a density's weight: the mean exponential of the entropy of the kernel weights.
    """

    bandwidth: float
    log: NDArray[np.float64]
    neighbours: float


def densities(points: NDArray[np.float64], bandwidth: float) -> Densities:
    """Leave-one-out densities of `points`, shape (n, d), at a given bandwidth."""
    scale = 0.5 / bandwidth**2
    return _densities(points, math.log(scale), loo_log_sums(points, np.array([scale]))[:, 0])


def likeliest(points: NDArray[np.float64]) -> Densities:
    """Leave-one-out densities at the bandwidth that maximises the sum of their logarithms.

    A scan of bandwidths on some of the points, from twice the normal reference rule downwards, finds the right hill;
    guarded Newton steps on all the points then climb it: they solve ``log E[v] = log(d / 2)``, nearly straight in
    ``log h``.

    Parameters
    ----------
    points : ndarray, shape (n, d)
        Whitened.

    Raises
    ------
    Unsupported
        If the likelihood grows without bound as the bandwidth shrinks.
    """
    n, dim = points.shape
    rule = (4.0 / (dim + 2)) ** (1 / (dim + 4)) * n ** (-1 / (dim + 4))
    log_scale = _scan(points, math.log(0.5 / (2.0 * rule) ** 2))
    low, high = -math.inf, math.inf
    while True:
        sums = loo_log_sums(points, np.array([math.exp(log_scale)]))[:, 0]
        spread = float(sums[1].mean())  # E[v]: d / 2 at the maximum
        growth = float((sums[1] + sums[1] ** 2 - sums[2]).mean()) / spread  # of log E[v] with log a
        excess = math.log(spread / (0.5 * dim))
        low, high = (log_scale, high) if excess < 0 else (low, log_scale)
        step = -excess / growth if growth > 0 else math.copysign(1.0, -excess)
        step = min(max(step, -1.0), 1.0)
        if abs(step) < _TOLERANCE or high - low < _TOLERANCE:
            return _densities(points, log_scale, sums)
        log_scale = log_scale + step if low < log_scale + step < high else 0.5 * (low + high)
        if 0.5 * math.exp(-log_scale) < _SMALLEST**2:
            raise _unbounded()


def _densities(points: NDArray[np.float64], log_scale: float, sums: NDArray[np.float64]) -> Densities:
    n, dim = points.shape
    log = sums[0] - math.log(n - 1) + 0.5 * dim * (log_scale - math.log(math.pi))
    # the weights' entropy is ln S + E[v]
    return Densities(math.sqrt(0.5 * math.exp(-log_scale)), log, float(np.exp(sums[0] + sums[1]).mean()))


def _scan(points: NDArray[np.float64], start: float) -> float:
    """log a of the likeliest bandwidth on a grid, refined by the parabola through its neighbours."""
    n, dim = points.shape
    grid = start + math.log(2) * np.arange(_LEVELS)
    while True:
        log_sums = loo_log_sums(points, np.exp(grid), step=max(1, n // _QUERIES))[0]
        mean = log_sums.mean(axis=1) + 0.5 * dim * grid
        best = int(mean.argmax())
        if best < len(grid) - 1:
            break
        grid = grid[-2] + math.log(2) * np.arange(_LEVELS)
        if 0.5 * math.exp(-grid[0]) < _SMALLEST**2:
            raise _unbounded()
    if best == 0:
        return float(grid[0])
    below, top, above = mean[best - 1 : best + 2]
    return float(grid[best] + 0.5 * math.log(2) * (below - above) / (below - 2 * top + above))


def _unbounded() -> Unsupported:
    return Unsupported(
        f"kde: the leave-one-out likelihood still grows at a bandwidth of {_SMALLEST:g} standard deviations, as where "
        "nearly every point has a twin: there is no density; remove the duplicates, add the noise that the measurement "
        "has, or use binning"
    )
