# SPDX-License-Identifier: Apache-2.0
"""The IB curve: the most that a compressed T can tell of Y, for each number of nats that T keeps of X.

An encoder p(t|x) that minimises I(X;T) - beta I(T;Y) lies where the curve has slope 1/beta (Tishby, Pereira and Bialek
1999). The problem is not convex: the equations have several solutions at one beta, and nothing tells the best of them
from the others. So encoders are sought in many ways, and the best one found is kept:

- falling, from the greatest beta of a dense grid, from one value of T for each of X mixed with a tenth of noise, then
  from each beta to the next smaller one, so that values of T merge;
- rising, from each beta to the next greater one, where each x is given a value of T of its own, so that they split;
- of few values of X, from a number of encoders drawn at random, the same at every call;
- where the encoder of another beta is better than a beta's own, anew from that one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError
from mibench.ib.equations import information, merged, solve
from mibench.ib.joint import Joint, entropy, of_table
from mibench.numerics.checks import check_count

__all__ = ["IBCurve", "curve"]

_MIXED = 0.1  # of a start
_BETTER, _ROUNDING = 1e-9, 1e-14  # nats by which another encoder must be better, and times beta
_RATIO = 1.1  # of beta - 1 from one beta of the grid to the next, at most
_COARSE, _SHORT = 1e-5, 200  # tolerance and iterations of the search; only the points asked for are finished
_FEW, _DRAWS, _EVERY = 12, 12, 4  # values of X, encoders drawn for them, at every so manieth beta
_SPARSE = (0.1, 0.5, 1.0)  # concentrations of the draws
_POINTS, _NEAREST, _FARTHEST = 100, 0.01, 1000.0  # of the usual betas: how many, the least above 1, the greatest

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class IBCurve:
    """Points of the IB curve of a joint distribution, in nats.

    Every point is attained by an encoder, so it lies on the true curve or below it. The problem is not convex: these
    are the best encoders that were found, and a better one is not excluded.

    Attributes
    ----------
    betas : ndarray, shape (B,)
        Ascending, each once. The curve's slope at a point is 1/beta.
    i_x, i_y : ndarray, shape (B,)
        I(X;T) and I(T;Y).
    converged : ndarray of bool, shape (B,)
        Whether the iteration came to rest: the encoder is a fixed point. That is no certificate that it is the best at
        its beta. Where not, the point is that of a valid encoder all the same, at or below the curve.
    h_x, i_xy : float
        H(X) and I(X;Y).
    h_sufficient : float
        Entropy of X when values with the same p(y|x) are one: all that can be of use, so the curve is flat beyond it.
    rows : ndarray of int64, shape (n,)
        Rows of the table with a positive probability; the others say nothing and are left out.
    encoders : ndarray, shape (B, n, C), or None
        p(t|x) of `rows`, where they were asked for.
    """

    betas: Floats
    i_x: Floats
    i_y: Floats
    converged: NDArray[np.bool_]
    h_x: float
    i_xy: float
    h_sufficient: float
    rows: NDArray[np.int64]
    encoders: Floats | None = None

    def i_y_at(self, i_x: Any) -> Floats:
        """The greatest I(T;Y) found at an I(X;T), in nats: the upper concave envelope of the points.

        (0, 0) and (`h_sufficient`, `i_xy`) are points too. Between two points, T may be either's, by a coin that is
        part of it, so all of the envelope is attained: a lower bound of the true curve, which may lie above it between
        points, and at points where the search missed the best encoder.

        Parameters
        ----------
        i_x : float or ndarray
            At least 0.

        Raises
        ------
        InputError
            If a value is negative or NaN.
        """
        asked = np.asarray(i_x, dtype=np.float64)
        if not (asked >= 0).all():
            raise InputError(f"i_x is {i_x!r}: give nats of at least 0")
        corners = _envelope(np.append(self.i_x, self.h_sufficient), np.append(self.i_y, self.i_xy))
        return np.asarray(np.interp(asked, *corners))


def _envelope(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Corners of the upper concave envelope of points and the origin, up to the greatest y."""
    corners = [(0.0, 0.0)]
    for point in sorted(zip(x.tolist(), y.tolist(), strict=True), key=lambda each: (each[0], -each[1])):
        if point[1] <= corners[-1][1]:  # the envelope does not fall
            continue
        while len(corners) > 1 and _turns_up(corners[-2], corners[-1], point):
            corners.pop()
        if point[0] > corners[-1][0]:
            corners.append(point)
    found = np.array(corners).T
    return found[0], found[1]


def _turns_up(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    """Whether b lies on or below the line from a to c."""
    return (b[1] - a[1]) * (c[0] - a[0]) <= (c[1] - a[1]) * (b[0] - a[0])


def curve(
    p_xy: Any,
    betas: Any = None,
    *,
    tolerance: float = 1e-10,
    iterations: int = 3000,
    encoders: bool = False,
) -> IBCurve:
    """The IB curve of a joint distribution.

    Parameters
    ----------
    p_xy : array_like, shape (K_x, K_y)
        Probabilities that sum to 1; row x, column y.
    betas : array_like, optional
        Numbers of at least 0. By default 100 from just above 1 to 1000, or to a hundred times the beta at which a
        weak dependence begins to be kept.
    tolerance : float
        The iteration at a beta ends when no p(t|x) changes by more.
    iterations : int
        At most, at each beta.
    encoders : bool
        Whether to keep the encoders.

    Returns
    -------
    IBCurve

    Raises
    ------
    InputError
        If `p_xy` is no joint distribution (negative, NaN, a sum other than 1), or a parameter is out of range.

    Notes
    -----
    Up to beta = 1 the best encoder keeps nothing: I(T;Y) <= I(X;T). Rows with the same p(y|x) are taken as one value
    of X, which changes no point of the curve.

    The problem is not convex. A point is that of an encoder at hand, so it is never above the curve; but it can be that
    of a local optimum, which the iteration cannot tell from the best. The search goes through a dense grid of betas,
    down and up, whatever betas are asked for, from random encoders too where X has few values, and keeps the best of
    what it finds; in the end no other point's encoder is better at its beta.

    Where Y is a function of X the curve is the line I(T;Y) = I(X;T) up to H(Y), and flat from there. All of the line
    is best at beta = 1, so no other beta finds anything but its ends (Kolchinsky, Tracey and Van Kuyk, ICLR 2019).

    Examples
    --------
    >>> from mibench.ib import curve
    >>> found = curve([[0.45, 0.05], [0.05, 0.45]], betas=[1, 2, 100])
    >>> found.i_y.round(3).tolist(), round(found.i_xy, 3)
    ([0.0, 0.189, 0.368], 0.368)
    """
    joint = of_table(p_xy)
    if not (np.isfinite(tolerance) and tolerance > 0):
        raise InputError(f"tolerance is {tolerance!r}: give a positive number")
    iterations = check_count("iterations", iterations, 1)
    order = _usual_betas(joint) if betas is None else _checked(betas)
    every = np.union1d(order, _grid(joint, order))
    asked = np.searchsorted(every, order)
    search = _Search(joint, every, max(tolerance, _COARSE), min(iterations, _SHORT))
    search.fall()
    search.rise()
    if len(joint.p_x) <= _FEW:
        search.draw()
    search.exchange()
    search.finish(asked, tolerance, iterations)
    return IBCurve(
        order,
        search.i_x,
        search.i_y,
        search.change < tolerance,
        joint.h_x,
        joint.i_xy,
        entropy(joint.p_x),
        joint.rows,
        _side_by_side(search.encoders)[:, joint.member] if encoders else None,
    )


class _Search:
    """The best encoders found at ascending betas, and what they keep; at first T is constant."""

    def __init__(self, joint: Joint, betas: Floats, tolerance: float, iterations: int) -> None:
        self._joint, self._betas, self._tolerance, self._iterations = joint, betas, tolerance, iterations
        self._above = np.flatnonzero(betas > 1)  # up to 1 nothing is better than a constant
        self.encoders = [np.ones((len(joint.p_x), 1)) for _ in betas]
        self.i_x, self.i_y, self.change = (np.zeros(len(betas)) for _ in range(3))

    def _solve(self, at: int, start: Floats) -> Floats:
        """The encoder that the iteration reaches from another; kept if it is the best so far."""
        encoder, beta = start.copy(), float(self._betas[at])
        p_x, rule = self._joint.p_x, self._joint.p_y_given_x
        change = solve(p_x, rule, encoder, beta, self._tolerance, self._iterations)
        encoder = merged(p_x, rule, encoder)
        i_x, i_y = information(p_x, rule, encoder)
        better = self.i_x[at] - i_x - beta * (self.i_y[at] - i_y)
        if better > _margin(beta) or (better > -_margin(beta) and change < self.change[at]):
            self.encoders[at], self.i_x[at], self.i_y[at], self.change[at] = encoder, i_x, i_y, change
        return encoder

    def fall(self) -> None:
        """From the greatest beta down to 1, each encoder from the one before."""
        size = len(self._joint.p_x)
        encoder = (1 - _MIXED) * np.eye(size) + _MIXED / size
        for at in self._above[::-1]:
            encoder = self._solve(int(at), encoder)

    def rise(self) -> None:
        """From 1 up, each encoder from the best of the beta before."""
        for at in self._above[1:]:
            self._solve(int(at), _split(self.encoders[at - 1]))

    def draw(self) -> None:
        """From encoders at random."""
        rng, size = np.random.default_rng(0), len(self._joint.p_x)
        starts = [rng.dirichlet(np.full(size, _SPARSE[k % len(_SPARSE)]), size=size) for k in range(_DRAWS)]
        for at in self._above[::_EVERY]:
            for start in starts:
                self._solve(int(at), start)

    def exchange(self) -> None:
        """Where another beta's encoder is better than a beta's own, begin again from that one, until none is."""
        for _ in self._betas:
            value = self.i_x - self._betas[:, None] * self.i_y
            best = value.argmin(axis=1)
            worse = (np.diagonal(value) - value.min(axis=1) > _margin(self._betas)) & (self._betas > 1)
            if not worse.any():
                return
            for at, start in [(int(at), self.encoders[best[at]]) for at in np.flatnonzero(worse)]:
                self._solve(at, start)

    def finish(self, asked: NDArray[np.int64], tolerance: float, iterations: int) -> None:
        """Iterate on at some betas, falling once more, and exchange among them; the others are left."""
        for each in ("i_x", "i_y", "change", "_betas"):
            setattr(self, each, getattr(self, each)[asked])
        self.encoders = [self.encoders[at] for at in asked]
        self._tolerance, self._iterations = tolerance, iterations
        self._above = np.flatnonzero(self._betas > 1)
        for at in self._above:
            self._solve(int(at), self.encoders[at])
        for at in self._above[-2::-1]:  # just above where something begins to be kept the search stops too early
            self._solve(int(at), self.encoders[at + 1])
        self.exchange()


def _margin(beta: Any) -> Any:
    """By how many nats I(X;T) - beta I(T;Y) must be less to be so by more than rounding and unfinished iteration."""
    return _BETTER + _ROUNDING * beta


def _split(encoder: Floats) -> Floats:
    """Which gives each x a value of T of its own, with a tenth of its probability."""
    return np.hstack([(1 - _MIXED) * encoder, _MIXED * np.eye(len(encoder))])


def _side_by_side(encoders: list[Floats]) -> Floats:
    """In one array, shape (B, K, C), those with fewer values of T filled with zeros."""
    most = max(each.shape[1] for each in encoders)
    return np.array([np.pad(each, ((0, 0), (0, most - each.shape[1]))) for each in encoders])


def _checked(betas: Any) -> Floats:
    try:
        found = np.unique(np.asarray(betas, dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise InputError(f"betas cannot be read as numbers ({error}): give such as [1.1, 2, 10]") from error
    if not found.size or not np.isfinite(found).all() or found[0] < 0:
        raise InputError(f"betas is {betas!r}: give one or more finite numbers of at least 0")
    return found


def _grid(joint: Joint, asked: Floats) -> Floats:
    """Betas of the search: beta - 1 in equal ratios, from that of the usual betas or less to theirs or more."""
    usual = _usual_betas(joint)
    low, high = min([usual[0], *asked[asked > 1]]), max(usual[-1], asked[-1])
    return 1 + np.geomspace(low - 1, high - 1, 1 + int(np.ceil(np.log((high - 1) / (low - 1)) / np.log(_RATIO))))


def _usual_betas(joint: Joint) -> Floats:
    """Beta - 1 in equal ratios.

    Something is kept from beta = 1 / r^2 on at the latest, r the maximal correlation of X and Y, which is the second
    singular value of p(x,y) / sqrt(p(x) p(y)).
    """
    scaled = joint.p_x[:, None] ** 0.5 * joint.p_y_given_x / joint.p_y**0.5
    singular = np.linalg.svd(scaled, compute_uv=False)
    weakest = 1e-6  # correlations below it are rounding
    onset = 1 / max(float(singular[1]) if len(singular) > 1 else 1.0, weakest) ** 2
    return 1 + np.geomspace(_NEAREST, max(_FARTHEST, 100 * onset) - 1, _POINTS)
