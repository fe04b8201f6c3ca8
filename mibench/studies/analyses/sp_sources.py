# SPDX-License-Identifier: Apache-2.0
"""Distributions on the cube [-1, 1]^d whose entropy after normal noise is known: independent, equal coordinates.

For P of such coordinates, noise of standard deviation s, and P_n the empirical distribution of n draws S_i,

    h(P_n * N) = h(P * N) + mean_i (G(S_i) - E G) - KL(P_n * N | P * N),    G(x) = E[-ln p(x + s Z)]

where p is the density of P * N. G is a sum over coordinates, known by quadrature, so that Monte Carlo is needed of the
small last term alone; its mean is the bias of the plug-in, which is never above the truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import log, pi, sqrt
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.special import log_ndtr, ndtr, ndtri

from mibench.numerics.mixtures import Mixture

__all__ = ["KINDS", "Kind", "Source", "entropy_error", "weighted_variation"]

Kind = Literal["uniform", "gaussian", "atoms"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_WIDTH = 0.5  # standard deviation of the normal that is cut off at -1 and 1
_KNOTS = 801

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Source:
    """One coordinate: uniform on [-1, 1], a normal cut off there, or -1 and 1; and noise of `std`."""

    kind: Kind
    std: float

    def draw(self, n: int, dim: int, rng: np.random.Generator) -> Floats:
        """Draws of P, shape (n, dim)."""
        uniform = rng.random((n, dim))
        if self.kind == "uniform":
            return 2 * uniform - 1
        if self.kind == "atoms":
            return np.where(uniform < 0.5, -1.0, 1.0)
        low = ndtr(-1 / _WIDTH)
        return _WIDTH * np.asarray(ndtri(low + (1 - 2 * low) * uniform))

    def log_density(self, t: Floats) -> Floats:
        """ln of the density of a coordinate with its noise, of t's shape."""
        s, away = self.std, np.abs(t)
        if self.kind == "atoms":
            both = -0.5 * ((np.stack([away - 1, away + 1])) / s) ** 2
            return np.asarray(np.logaddexp(both[0], both[1]) - log(2 * s * sqrt(2 * pi)))
        if self.kind == "uniform":
            return log_difference((1 - away) / s, (-1 - away) / s) - log(2)
        wide = _WIDTH**2 + s**2
        middle, narrow = away * _WIDTH**2 / wide, _WIDTH * s / sqrt(wide)
        inside = log_difference((1 - middle) / narrow, (-1 - middle) / narrow)
        return np.asarray(inside - 0.5 * (t**2 / wide + log(2 * pi * wide)) - log(1 - 2 * ndtr(-1 / _WIDTH)))

    @cached_property
    def entropy(self) -> float:
        """h(P * N) of a coordinate, in nats."""
        t = np.linspace(-1 - 12 * self.std, 1 + 12 * self.std, 20_001)
        log_p = self.log_density(t)
        return -float(np.trapezoid(np.exp(log_p) * log_p, t))

    @cached_property
    def surprise(self) -> CubicSpline:
        """``x -> E[-ln p(x + s Z)]`` of a coordinate, on [-1, 1]."""
        z, weights = np.polynomial.hermite_e.hermegauss(80)
        x = np.linspace(-1, 1, _KNOTS)
        return CubicSpline(x, -self.log_density(x[:, None] + self.std * z) @ weights / weights.sum())


def log_difference(high: Floats, low: Floats) -> Floats:
    """ln(Phi(high) - Phi(low)) for high > low; where it is the tail of one side that matters, low is the farther."""
    log_high = log_ndtr(high)
    return np.asarray(log_high + np.log1p(-np.exp(log_ndtr(low) - log_high)))


def entropy_error(source: Source, dim: int, n: int, draws: int, rng: np.random.Generator) -> tuple[float, float]:
    """h(P_n * N) - h(P * N) of n draws, and its part -KL(P_n * N | P * N), in nats.

    Parameters
    ----------
    source : Source
    dim, n : int
    draws : int
        Points of Monte Carlo for the divergence.
    rng : numpy Generator
    """
    values = source.draw(n, dim, rng)
    points = values[rng.permutation(draws) % n] + source.std * rng.standard_normal((draws, dim))
    ratios = Mixture(values, source.std).log_density(points) - source.log_density(points).sum(axis=1)
    moved = float(source.surprise(values).sum(axis=1).mean()) - dim * source.entropy
    divergence = float(ratios.mean())
    return moved - divergence, -divergence


def weighted_variation(source: Source, dim: int, n: int, draws: int, rng: np.random.Generator) -> tuple[float, float]:
    """What lies below and above W1(P * N, P_n * N): how far the mean moves, and ``int |t| |p - p_n| dt``.

    The distance is at least that of the means, for linear functions of slope 1 are Lipschitz, and at most the variation
    weighted by the distance from any point (Villani, Optimal Transport, theorem 6.15). The integral is by Monte Carlo
    from both densities.
    """
    values = source.draw(n, dim, rng)
    half = draws // 2
    clean = np.concatenate([source.draw(half, dim, rng), values[rng.integers(n, size=half)]])
    points = clean + source.std * rng.standard_normal(clean.shape)
    gap = Mixture(values, source.std).log_density(points) - source.log_density(points).sum(axis=1)
    # |p - p_n| over the mean of both densities, from which the points are drawn
    relative = 2 * np.abs(np.tanh(gap / 2))
    return float(np.linalg.norm(values.mean(axis=0))), float((np.linalg.norm(points, axis=1) * relative).mean())
