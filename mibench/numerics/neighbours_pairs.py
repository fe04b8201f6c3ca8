# SPDX-License-Identifier: Apache-2.0
"""Distances of four rows to a stretch of rows: the innermost loops, unrolled so that sums and maxima stay in registers.

Points are columns, shape (d, n) with d even (a column of zeros changes no distance), so that the loop over partners
runs along memory and vectorises; four coordinates of four rows share each pass.
"""

from __future__ import annotations

from typing import Any

from numba import njit

ROWS = 4
_STRETCH = 1024  # partners at a time: their four coordinates and four rows of distances stay in the first-level cache


@njit(cache=True, fastmath=True, inline="always")
def _far2(u: Any, a: Any, v: Any, b: Any) -> Any:
    p, q = abs(u - a), abs(v - b)
    return p if p > q else q


@njit(cache=True, fastmath=True, inline="always")
def _far4(u: Any, a: Any, v: Any, b: Any, w: Any, c: Any, z: Any, d: Any) -> Any:
    p, q = _far2(u, a, v, b), _far2(w, c, z, d)
    return p if p > q else q


@njit(cache=True, fastmath=True, inline="always")
def _sum2(u: Any, a: Any, v: Any, b: Any) -> Any:
    p, q = u - a, v - b
    return p * p + q * q


@njit(cache=True, fastmath=True)
def _chebyshev4(points: Any, c: int, lo: int, i: int, o0: Any, o1: Any, o2: Any, o3: Any) -> None:
    a0, a1, a2, a3 = points[c, i], points[c, i + 1], points[c, i + 2], points[c, i + 3]
    b0, b1, b2, b3 = points[c + 1, i], points[c + 1, i + 1], points[c + 1, i + 2], points[c + 1, i + 3]
    e0, e1, e2, e3 = points[c + 2, i], points[c + 2, i + 1], points[c + 2, i + 2], points[c + 2, i + 3]
    g0, g1, g2, g3 = points[c + 3, i], points[c + 3, i + 1], points[c + 3, i + 2], points[c + 3, i + 3]
    m = len(o0)
    first, second = points[c, lo : lo + m], points[c + 1, lo : lo + m]
    third, fourth = points[c + 2, lo : lo + m], points[c + 3, lo : lo + m]
    for j in range(m):
        u, v, w, z = first[j], second[j], third[j], fourth[j]
        o0[j] = max(o0[j], _far4(u, a0, v, b0, w, e0, z, g0))
        o1[j] = max(o1[j], _far4(u, a1, v, b1, w, e1, z, g1))
        o2[j] = max(o2[j], _far4(u, a2, v, b2, w, e2, z, g2))
        o3[j] = max(o3[j], _far4(u, a3, v, b3, w, e3, z, g3))


@njit(cache=True, fastmath=True)
def _chebyshev2(points: Any, c: int, lo: int, i: int, o0: Any, o1: Any, o2: Any, o3: Any) -> None:
    a0, a1, a2, a3 = points[c, i], points[c, i + 1], points[c, i + 2], points[c, i + 3]
    b0, b1, b2, b3 = points[c + 1, i], points[c + 1, i + 1], points[c + 1, i + 2], points[c + 1, i + 3]
    m = len(o0)
    first, second = points[c, lo : lo + m], points[c + 1, lo : lo + m]
    for j in range(m):
        u, v = first[j], second[j]
        o0[j] = max(o0[j], _far2(u, a0, v, b0))
        o1[j] = max(o1[j], _far2(u, a1, v, b1))
        o2[j] = max(o2[j], _far2(u, a2, v, b2))
        o3[j] = max(o3[j], _far2(u, a3, v, b3))


@njit(cache=True, fastmath=True)
def _squares4(points: Any, c: int, lo: int, i: int, o0: Any, o1: Any, o2: Any, o3: Any) -> None:
    a0, a1, a2, a3 = points[c, i], points[c, i + 1], points[c, i + 2], points[c, i + 3]
    b0, b1, b2, b3 = points[c + 1, i], points[c + 1, i + 1], points[c + 1, i + 2], points[c + 1, i + 3]
    e0, e1, e2, e3 = points[c + 2, i], points[c + 2, i + 1], points[c + 2, i + 2], points[c + 2, i + 3]
    g0, g1, g2, g3 = points[c + 3, i], points[c + 3, i + 1], points[c + 3, i + 2], points[c + 3, i + 3]
    m = len(o0)
    first, second = points[c, lo : lo + m], points[c + 1, lo : lo + m]
    third, fourth = points[c + 2, lo : lo + m], points[c + 3, lo : lo + m]
    for j in range(m):
        u, v, w, z = first[j], second[j], third[j], fourth[j]
        o0[j] += _sum2(u, a0, v, b0) + _sum2(w, e0, z, g0)
        o1[j] += _sum2(u, a1, v, b1) + _sum2(w, e1, z, g1)
        o2[j] += _sum2(u, a2, v, b2) + _sum2(w, e2, z, g2)
        o3[j] += _sum2(u, a3, v, b3) + _sum2(w, e3, z, g3)


@njit(cache=True, fastmath=True)
def _squares2(points: Any, c: int, lo: int, i: int, o0: Any, o1: Any, o2: Any, o3: Any) -> None:
    a0, a1, a2, a3 = points[c, i], points[c, i + 1], points[c, i + 2], points[c, i + 3]
    b0, b1, b2, b3 = points[c + 1, i], points[c + 1, i + 1], points[c + 1, i + 2], points[c + 1, i + 3]
    m = len(o0)
    first, second = points[c, lo : lo + m], points[c + 1, lo : lo + m]
    for j in range(m):
        u, v = first[j], second[j]
        o0[j] += _sum2(u, a0, v, b0)
        o1[j] += _sum2(u, a1, v, b1)
        o2[j] += _sum2(u, a2, v, b2)
        o3[j] += _sum2(u, a3, v, b3)


@njit(cache=True, fastmath=True)
def distances(points: Any, lo: int, i: int, euclidean: bool, out: Any) -> None:
    """Distances of rows i..i+3 to the rows from `lo`: squared Euclidean, or the largest coordinate difference.

    Parameters
    ----------
    points : array, shape (d, n), d even
    out : array, shape (4, m)
        Filled with the distances to rows lo..lo+m-1.
    """
    d, m = points.shape[0], out.shape[1]
    out[:, :] = 0
    for start in range(0, m, _STRETCH):
        end = min(start + _STRETCH, m)
        o0, o1, o2, o3 = out[0, start:end], out[1, start:end], out[2, start:end], out[3, start:end]
        for c in range(0, d - 3, 4):
            if euclidean:
                _squares4(points, c, lo + start, i, o0, o1, o2, o3)
            else:
                _chebyshev4(points, c, lo + start, i, o0, o1, o2, o3)
        if d % 4:
            if euclidean:
                _squares2(points, d - 2, lo + start, i, o0, o1, o2, o3)
            else:
                _chebyshev2(points, d - 2, lo + start, i, o0, o1, o2, o3)
