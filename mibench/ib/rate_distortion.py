# SPDX-License-Identifier: Apache-2.0
"""Rate-distortion functions by the algorithm of Blahut and Arimoto (both 1972), with bounds that certify them.

For a slope -beta the iteration lowers rate + beta distortion. At any of its steps, with c(t) the factor by which p(t)
is about to change and Z(x) the sum over t of p(t) exp(-beta d(x,t)), Blahut's theorem 6 encloses the function at the
present distortion D::

    max_t ln c(t)  >=  -beta D - E ln Z - R(D)  >=  sum_t p(t) c(t) ln c(t)

so the iteration ends when the two are close, and says how close they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError
from mibench.ib.joint import distribution, table
from mibench.numerics.checks import check_count

__all__ = ["RateDistortion", "blahut_arimoto"]

_STEEPEST = 1e9  # of slopes that are tried, by the greatest difference of distortions
_HALVINGS = 60
_ROUNDING = 1e-12
_MIXED = 0.1  # of a start
_PART = 0.125  # of the tolerance, for each of two channels that share the time

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RateDistortion:
    """Points of a rate-distortion function.

    Attributes
    ----------
    distortion : ndarray, shape (n,)
        E d(X,T), in the units of the table.
    rate : ndarray, shape (n,)
        I(X;T) in nats of a channel that has this distortion: an upper bound of R(D).
    lower : ndarray, shape (n,)
        A lower bound of R(D), in nats.
    betas : ndarray, shape (n,)
        Minus the slope of R(D), in nats per unit of distortion.
    converged : ndarray of bool, shape (n,)
        Whether the bounds differ by the tolerance at most.
    """

    distortion: Floats
    rate: Floats
    lower: Floats
    betas: Floats
    converged: NDArray[np.bool_]


class _Point(NamedTuple):
    beta: float
    distortion: float
    upper: float
    lower: float  # of R at `distortion`; the line of slope -beta through it is below R everywhere


def blahut_arimoto(
    p_x: Any,
    distortion: Any,
    betas: Any = None,
    *,
    distortions: Any = None,
    tolerance: float = 1e-9,
    iterations: int = 100_000,
) -> RateDistortion:
    """The rate-distortion function of a source.

    Parameters
    ----------
    p_x : array_like, shape (K,)
        Probabilities of the source's values; they sum to 1.
    distortion : array_like, shape (K, C)
        What it costs to say t for x, at least 0.
    betas : array_like, optional
        Slopes, at least 0; a point for each, in their order. Give these or `distortions`.
    distortions : array_like, optional
        Mean distortions, at least the least that there is; a point for each, in their order.
    tolerance : float
        In nats, between the bounds.
    iterations : int
        At most, for each slope that is tried.

    Returns
    -------
    RateDistortion

    Raises
    ------
    InputError
        If `p_x` is no distribution, the table does not fit it, or a distortion is below the least one.

    Examples
    --------
    >>> from mibench.ib import blahut_arimoto
    >>> coin = blahut_arimoto([0.5, 0.5], [[0, 1], [1, 0]], distortions=[0.1])
    >>> round(coin.rate[0], 6)  # ln 2 - h(0.1)
    0.368064
    """
    source, costs = distribution("p_x", p_x), table("distortion", distortion, 2, "distortions")
    if len(costs) != len(source):
        raise InputError(f"distortion has {len(costs)} rows for {len(source)} values of x: give a row for each")
    if not (np.isfinite(tolerance) and tolerance > 0):
        raise InputError(f"tolerance is {tolerance!r}: give a positive number of nats")
    iterations = check_count("iterations", iterations, 1)
    if (betas is None) == (distortions is None):
        raise InputError("betas and distortions: give one of them, the slopes or the distortions of the points")
    source, costs = source[source > 0], costs[source > 0]
    search = _Search(source, costs, tolerance, iterations)
    if betas is not None:
        slopes = np.atleast_1d(table("betas", betas, np.ndim(betas), "slopes"))
        found = [search.at_slope(float(beta)) for beta in slopes]
    else:
        wanted = np.atleast_1d(table("distortions", distortions, np.ndim(distortions), "distortions"))
        found = [search.at_distortion(float(target)) for target in wanted]
    slope, distance, upper, lower = (np.array(each) for each in zip(*found, strict=True))
    return RateDistortion(distance, upper, lower, slope, upper - lower <= tolerance)


class _Search:
    """Points of one function."""

    def __init__(self, p_x: Floats, costs: Floats, tolerance: float, iterations: int) -> None:
        self._p_x, self._costs, self._tolerance, self._iterations = p_x, costs, tolerance, iterations
        self._least = float(p_x @ costs.min(axis=1))
        self._most = float((p_x @ costs).min())  # of saying always the same
        self._p_t = np.full(costs.shape[1], 1 / costs.shape[1])

    def at_slope(self, beta: float, part: float = 1.0) -> _Point:
        """Where the function has slope -beta, to a part of the tolerance; begins near the point found last."""
        if beta == 0:
            return _Point(0.0, self._most, 0.0, 0.0)
        base = self._costs.min(axis=1)
        kernel = np.exp(-beta * (self._costs - base[:, None]))
        p_t = (1 - _MIXED) * self._p_t + _MIXED / kernel.shape[1]  # what has become 0 would stay it
        for _ in range(self._iterations):
            z = kernel @ p_t
            factor = (self._p_x / z) @ kernel
            log_factor = np.log(np.maximum(factor, np.finfo(np.float64).tiny))
            after = p_t * factor
            above, below = float(log_factor.max()), float(after @ log_factor)
            if above - below <= part * self._tolerance:
                break
            p_t = after
        self._p_t = p_t / p_t.sum()
        channel = p_t * kernel / z[:, None]
        mean = float(self._p_x @ (channel * self._costs).sum(axis=1))
        level = -beta * (mean - float(self._p_x @ base)) - float(self._p_x @ np.log(z))
        return _Point(beta, mean, max(0.0, level - below), max(0.0, level - above))

    def at_distortion(self, target: float) -> _Point:
        """The function at a distortion; on a straight piece of it two channels share the time."""
        if target < self._least * (1 - _ROUNDING):
            raise InputError(f"a distortion of {target:g} cannot be had: the least one is {self._least:g}")
        if target >= self._most:
            return _Point(0.0, target, 0.0, 0.0)
        low, high = self.at_slope(0.0), self._steep(target)
        for _ in range(_HALVINGS):
            known = low.upper - low.lower + high.upper - high.lower
            gap = high.upper - low.upper - low.beta * (low.distortion - high.distortion)  # chord to tangent, at most
            if gap <= max(self._tolerance / 2, 2 * known) or high.distortion >= target:
                break
            middle = self.at_slope(0.5 * (low.beta + high.beta), _PART)
            low, high = (middle, high) if middle.distortion > target else (low, middle)
        return self._shared(low, high, target)

    def _steep(self, target: float) -> _Point:
        """A point at or below the distortion `target`, at the least power of two that has one."""
        span = float(np.ptp(self._costs))
        beta = 1 / span
        while True:
            point = self.at_slope(beta, _PART)
            if point.distortion <= target or beta * span >= _STEEPEST:
                return point
            beta *= 2

    def _shared(self, low: _Point, high: _Point, target: float) -> _Point:
        """Of channels at two slopes, each for a part of the time; the lower bound is the higher of their tangents."""
        span = low.distortion - high.distortion
        share = float(np.clip((low.distortion - target) / span, 0, 1)) if span > 0 else 1.0
        upper = share * high.upper + (1 - share) * low.upper
        lower = max(0.0, *(each.lower - each.beta * (target - each.distortion) for each in (low, high)))
        return _Point(high.beta, target, upper, min(lower, upper))
