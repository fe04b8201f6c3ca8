# SPDX-License-Identifier: Apache-2.0
"""Nearest neighbours by comparing every pair: vectorised over partners, four rows at a time, never an n x n matrix.

Points are columns: arrays of shape (d, n), so that the inner loop runs over neighbouring memory. Rows may be split into
groups (``offsets``), and a row then sees its own group alone: one call serves all subsets of a subsampling scheme.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange

_CHUNK = 32  # partners whose smallest distance is compared with the k-th best before any of them is looked at
_ROWS = 4  # rows that share one pass over the coordinates
_FAR = 1e38  # finite, because fast-math code must not meet infinities; float32 holds it


@njit(cache=True, fastmath=True, inline="always")
def _insert(best: Any, which: Any, value: Any, index: int) -> None:
    """Put `value` into the ascending list `best`, dropping its last element."""
    at = len(best) - 1
    while at > 0 and best[at - 1] > value:
        best[at] = best[at - 1]
        which[at] = which[at - 1]
        at -= 1
    best[at] = value
    which[at] = index


@njit(cache=True, fastmath=True)
def _chebyshev(points: Any, lo: int, i: int, out: Any) -> None:
    """Largest coordinate difference of rows i..i+3 to each row from `lo`; a row is far from itself."""
    d, m = points.shape[0], out.shape[1]
    for c in range(d):
        a0, a1, a2, a3 = points[c, i], points[c, i + 1], points[c, i + 2], points[c, i + 3]
        column = points[c, lo : lo + m]
        if c == 0:
            for j in range(m):
                v = column[j]
                out[0, j] = abs(v - a0)
                out[1, j] = abs(v - a1)
                out[2, j] = abs(v - a2)
                out[3, j] = abs(v - a3)
        else:
            for j in range(m):
                v = column[j]
                out[0, j] = max(out[0, j], abs(v - a0))
                out[1, j] = max(out[1, j], abs(v - a1))
                out[2, j] = max(out[2, j], abs(v - a2))
                out[3, j] = max(out[3, j], abs(v - a3))
    for r in range(_ROWS):
        out[r, i + r - lo] = _FAR


@njit(cache=True, fastmath=True)
def _squares(points: Any, lo: int, i: int, out: Any) -> None:
    """Squared Euclidean distances of rows i..i+3 to each row from `lo`; a row is far from itself."""
    d, m = points.shape[0], out.shape[1]
    for c in range(d):
        a0, a1, a2, a3 = points[c, i], points[c, i + 1], points[c, i + 2], points[c, i + 3]
        column = points[c, lo : lo + m]
        if c == 0:
            out[:, :] = 0
        for j in range(m):
            v = column[j]
            out[0, j] += (v - a0) * (v - a0)
            out[1, j] += (v - a1) * (v - a1)
            out[2, j] += (v - a2) * (v - a2)
            out[3, j] += (v - a3) * (v - a3)
    for r in range(_ROWS):
        out[r, i + r - lo] = _FAR


@njit(cache=True, fastmath=True)
def _nearest(distances: Any, best: Any, which: Any) -> None:
    """The smallest of `distances`, ascending, and where they are."""
    k, m = len(best), len(distances)
    best[:] = _FAR
    which[:] = -1
    worst = best[k - 1]
    start = 0
    while start + _CHUNK <= m:
        smallest = distances[start]
        for j in range(start, start + _CHUNK):
            smallest = min(smallest, distances[j])
        if smallest < worst:
            for j in range(start, start + _CHUNK):
                if distances[j] < best[k - 1]:
                    _insert(best, which, distances[j], j)
            worst = best[k - 1]
        start += _CHUNK
    for j in range(start, m):
        if distances[j] < best[k - 1]:
            _insert(best, which, distances[j], j)


@njit(cache=True, fastmath=True)
def _within(distances: Any, radius: Any, one: Any, closed: bool) -> int:
    """How many are below the radius, or at it too where `closed`; counts in the data's own type so that it vectorises."""
    count = one - one
    if closed:
        for j in range(len(distances)):
            count += one if distances[j] <= radius else one - one
    else:
        for j in range(len(distances)):
            count += one if distances[j] < radius else one - one
    return int(count)


@njit(cache=True, fastmath=True)
def _ksg_row(dx: Any, dy: Any, joint: Any, best: Any, which: Any, one: Any, algorithm: int, out: Any) -> Any:
    """Fill out = (k, n_x, n_y), as the digammas of one row want them, and return the k-th distance."""
    for j in range(len(dx)):
        joint[j] = max(dx[j], dy[j])
    _nearest(joint, best, which)
    radius = best[-1]
    if radius == 0:  # a repeated point: counts with itself, as for a discrete variable (Gao et al. 2017)
        out[0] = 1 + _within(joint, radius, one, True)
        out[1] = 1 + _within(dx, radius, one, True)
        out[2] = 1 + _within(dy, radius, one, True)
    elif algorithm == 1:
        inside = 0
        while best[inside] < radius:
            inside += 1
        out[0] = 1 + inside
        out[1] = 1 + _within(dx, radius, one, False)
        out[2] = 1 + _within(dy, radius, one, False)
    else:
        reach_x, reach_y = one - one, one - one
        for j in range(len(dx)):
            near = joint[j] <= radius
            reach_x = max(reach_x, dx[j] if near else one - one)
            reach_y = max(reach_y, dy[j] if near else one - one)
        out[0] = _within(joint, radius, one, True)
        out[1] = _within(dx, reach_x, one, True)
        out[2] = _within(dy, reach_y, one, True)
    return radius


@njit(cache=True, parallel=True, fastmath=True)
def ksg_brute(x: Any, y: Any, k: int, algorithm: int, tasks: Any, counts: Any, radii: Any) -> None:
    """Neighbour counts of Kraskov et al. for the rows of every task (first row, one past last, group's first, its end)."""
    for t in prange(len(tasks)):
        first, last, lo, hi = tasks[t, 0], tasks[t, 1], tasks[t, 2], tasks[t, 3]
        m = hi - lo
        dx, dy = np.empty((_ROWS, m), x.dtype), np.empty((_ROWS, m), x.dtype)
        joint, best, which = np.empty(m, x.dtype), np.empty(k, x.dtype), np.empty(k, np.int64)
        one = x.dtype.type(1)
        i = first
        while i < last:
            at = min(i, hi - _ROWS)  # the last rows of a group are done with some before them
            _chebyshev(x, lo, at, dx)
            _chebyshev(y, lo, at, dy)
            for r in range(i - at, min(_ROWS, last - at)):
                radii[at + r] = _ksg_row(dx[r], dy[r], joint, best, which, one, algorithm, counts[at + r])
            i = at + _ROWS


@njit(cache=True, parallel=True, fastmath=True)
def knn_brute(points: Any, tasks: Any, indices: Any) -> None:
    """Indices of the nearest rows by Euclidean distance, nearest first, for the rows of every task."""
    k = indices.shape[1]
    for t in prange(len(tasks)):
        first, last, lo, hi = tasks[t, 0], tasks[t, 1], tasks[t, 2], tasks[t, 3]
        squares, best = np.empty((_ROWS, hi - lo), points.dtype), np.empty(k, points.dtype)
        i = first
        while i < last:
            at = min(i, hi - _ROWS)
            _squares(points, lo, at, squares)
            for r in range(i - at, min(_ROWS, last - at)):
                _nearest(squares[r], best, indices[at + r])
                indices[at + r] += lo
            i = at + _ROWS
