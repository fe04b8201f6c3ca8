# SPDX-License-Identifier: Apache-2.0
"""Nearest neighbours by comparing every pair: vectorised over partners, four rows at a time, never an n x n matrix.

Rows may be split into groups, and a row then sees its own group alone: one call serves every subset of a subsampling
scheme. A task is (first row, one past the last, the group's first row, the group's end).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange

from mibench.numerics.neighbours_pairs import ROWS, distances

_LANES = 32  # widths that are multiples of this leave no remainder to the vectorised loops
_FEW = 8  # neighbours up to which keeping a sorted list costs less than counting
_FAR = 1e38  # finite, because fast-math code must not meet infinities; float32 holds it


@njit(cache=True, fastmath=True, inline="always")
def insert(best: Any, which: Any, value: Any, index: int) -> None:
    """Put `value` into the ascending list `best`, dropping its last element."""
    at = len(best) - 1
    while at > 0 and best[at - 1] > value:
        best[at] = best[at - 1]
        which[at] = which[at - 1]
        at -= 1
    best[at] = value
    which[at] = index


@njit(cache=True, fastmath=True)
def _fold(a: Any, b: Any, folded: Any) -> None:
    """Column minima of max(a, b), read as a table as wide as `folded`: vertical, so they vectorise."""
    width, start = len(folded), len(folded)
    for j in range(width):
        folded[j] = max(a[j], b[j])
    while start + 4 * width <= len(a):  # four rows of the table a pass
        a0, a1 = a[start : start + width], a[start + width : start + 2 * width]
        b0, b1 = b[start : start + width], b[start + width : start + 2 * width]
        a2, a3 = a[start + 2 * width : start + 3 * width], a[start + 3 * width : start + 4 * width]
        b2, b3 = b[start + 2 * width : start + 3 * width], b[start + 3 * width : start + 4 * width]
        for j in range(width):
            first, second = min(max(a0[j], b0[j]), max(a1[j], b1[j])), min(max(a2[j], b2[j]), max(a3[j], b3[j]))
            folded[j] = min(folded[j], min(first, second))
        start += 4 * width
    while start < len(a):
        upper, lower = a[start : start + width], b[start : start + width]
        for j in range(len(upper)):
            folded[j] = min(folded[j], max(upper[j], lower[j]))
        start += width


@njit(cache=True, fastmath=True)
def _ceiling(folded: Any, best: Any, which: Any, one: Any) -> Any:
    """A value that at least k of `folded`, and seldom many more, do not exceed."""
    k = len(best)
    if k <= _FEW:
        best[:] = _FAR
        for j in range(len(folded)):
            if folded[j] < best[k - 1]:
                insert(best, which, folded[j], j)
        return best[k - 1]
    # by bisection on counts, which vectorise
    low, high = folded[0], folded[0]
    for j in range(len(folded)):
        low, high = min(low, folded[j]), max(high, folded[j])
    for _ in range(40):
        middle = (low + high) / 2
        count = one - one
        for j in range(len(folded)):
            count += one if folded[j] <= middle else one - one
        if count < k:
            low = middle
        else:
            high = middle
            if count <= k + k // 4:
                break
    return high


@njit(cache=True, fastmath=True)
def nearest(a: Any, b: Any, folded: Any, best: Any, which: Any, pool: Any, origin: Any, one: Any) -> None:
    """The k smallest of max(a, b), ascending, and where they are; `pool` and `origin` are room for 4 k candidates.

    They are no larger than the k-th smallest column minimum of `_fold`, and lie in the columns whose minima are not:
    few values are looked at one by one.
    """
    k, m = len(best), len(a)
    head = folded[: min(m, _LANES * (1 + int(np.sqrt(m * k)) // _LANES))]
    _fold(a, b, head)
    ceiling = _ceiling(head, best, which, one)
    found = 0
    for j in range(len(head)):
        if head[j] <= ceiling and found < len(pool):
            for at in range(j, m, len(head)):
                value = max(a[at], b[at])
                if value <= ceiling and found < len(pool):
                    pool[found], origin[found] = value, at
                    found += 1
    if found == len(pool):  # many ties
        best[:] = _FAR
        for at in range(m):
            value = max(a[at], b[at])
            if value < best[k - 1]:
                insert(best, which, value, at)
        return
    for c in range(found):
        rank, value = one - one, pool[c]
        for e in range(found):
            rank += one if pool[e] < value else one - one
        for e in range(c):
            rank += one if pool[e] == value else one - one
        if rank < k:
            best[int(rank)], which[int(rank)] = value, origin[c]


@njit(cache=True, fastmath=True)
def _below(dx: Any, dy: Any, one: Any, out: Any, radius: Any) -> None:
    """One more than how many are strictly inside; counted in the data's own type, so that it vectorises."""
    zero = one - one
    count_x, count_y = zero, zero
    for j in range(len(dx)):
        count_x += one if dx[j] < radius else zero
        count_y += one if dy[j] < radius else zero
    out[1], out[2] = 1 + int(count_x), 1 + int(count_y)


@njit(cache=True, fastmath=True)
def _upto(dx: Any, dy: Any, one: Any, out: Any, radius: Any, reach_x: Any, reach_y: Any) -> None:
    """How many are inside or at the edge."""
    zero = one - one
    joint, count_x, count_y = zero, zero, zero
    for j in range(len(dx)):
        joint += one if max(dx[j], dy[j]) <= radius else zero
        count_x += one if dx[j] <= reach_x else zero
        count_y += one if dy[j] <= reach_y else zero
    out[0], out[1], out[2] = int(joint), int(count_x), int(count_y)


@njit(cache=True, fastmath=True)
def _count(dx: Any, dy: Any, best: Any, one: Any, algorithm: int, out: Any) -> None:
    """Fill out = (k, n_x, n_y), as the digammas of one row want them."""
    radius = best[-1]
    if radius == 0:
        _upto(dx, dy, one, out, radius, radius, radius)
        out += 1
    elif algorithm == 1:
        inside = 0
        while best[inside] < radius:
            inside += 1
        out[0] = 1 + inside
        _below(dx, dy, one, out, radius)
    else:
        zero = one - one
        reach_x, reach_y = zero, zero
        for j in range(len(dx)):
            near = max(dx[j], dy[j]) <= radius
            reach_x = max(reach_x, dx[j] if near else zero)
            reach_y = max(reach_y, dy[j] if near else zero)
        _upto(dx, dy, one, out, radius, reach_x, reach_y)


@njit(cache=True, parallel=True, fastmath=True)
def ksg_brute(x: Any, y: Any, k: int, algorithm: int, tasks: Any, counts: Any, radii: Any) -> None:
    """Counts of Kraskov et al. (2004) in the maximum norm; see `mibench.numerics.neighbours.ksg_counts`."""
    for t in prange(len(tasks)):
        first, last, lo, hi = tasks[t, 0], tasks[t, 1], tasks[t, 2], tasks[t, 3]
        dx, dy = np.empty((ROWS, hi - lo), x.dtype), np.empty((ROWS, hi - lo), x.dtype)
        folded, best = np.empty(hi - lo, x.dtype), np.empty(k, x.dtype)
        pool, origin, which = np.empty(4 * k + 8, x.dtype), np.empty(4 * k + 8, np.int64), np.empty(k, np.int64)
        one = x.dtype.type(1)
        i = first
        while i < last:
            at = min(i, hi - ROWS)  # the last rows of a group are done with some before them
            distances(x, lo, at, False, dx)
            distances(y, lo, at, False, dy)
            for r in range(i - at, min(ROWS, last - at)):
                dx[r, at + r - lo] = _FAR
                dy[r, at + r - lo] = _FAR
                nearest(dx[r], dy[r], folded, best, which, pool, origin, one)
                _count(dx[r], dy[r], best, one, algorithm, counts[at + r])
                radii[at + r] = best[k - 1]
            i = at + ROWS


@njit(cache=True, fastmath=True)
def _exactly(rows: Any, i: int, lo: int, which: Any, out: Any) -> None:
    """Euclidean distances in float64, ascending, to the rows found."""
    for c in range(len(which)):
        square = 0.0
        for axis in range(rows.shape[1]):
            square += (rows[i, axis] - rows[lo + which[c], axis]) ** 2
        at, distance = c, np.sqrt(square)
        while at > 0 and out[at - 1] > distance:
            out[at] = out[at - 1]
            at -= 1
        out[at] = distance


@njit(cache=True, parallel=True, fastmath=True)
def knn_brute(points: Any, rows: Any, tasks: Any, out: Any) -> None:
    """Euclidean distances to the nearest other rows, ascending, shape (n, k).

    The neighbours are found among `points`, columns in float32 or float64, and measured in `rows`, shape (n, d).
    """
    k = out.shape[1]
    for t in prange(len(tasks)):
        first, last, lo, hi = tasks[t, 0], tasks[t, 1], tasks[t, 2], tasks[t, 3]
        squares, folded = np.empty((ROWS, hi - lo), points.dtype), np.empty(hi - lo, points.dtype)
        best, which = np.empty(k, points.dtype), np.empty(k, np.int64)
        pool, origin = np.empty(4 * k + 8, points.dtype), np.empty(4 * k + 8, np.int64)
        one = points.dtype.type(1)
        i = first
        while i < last:
            at = min(i, hi - ROWS)
            distances(points, lo, at, True, squares)
            for r in range(i - at, min(ROWS, last - at)):
                squares[r, at + r - lo] = _FAR
                nearest(squares[r], squares[r], folded, best, which, pool, origin, one)
                _exactly(rows, at + r, lo, which, out[at + r])
            i = at + ROWS
