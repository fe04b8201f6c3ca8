# SPDX-License-Identifier: Apache-2.0
"""What the estimators ask of the trees, for all rows at once: counts of Kraskov et al. (2004), and distances."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange

from mibench.numerics.neighbours_tree import LEAF, build, count, reach, search


@njit(cache=True, fastmath=True)
def _ksg_rows(
    joint: Any, tree_x: Any, tree_y: Any, first: int, last: int, k: int, algorithm: int, counts: Any, radii: Any
) -> None:
    dim_x = len(tree_x[1])
    stack, room = np.empty(64, np.int64), np.empty(LEAF)
    best, which, at = np.empty(k), np.empty(k, np.int64), np.empty(len(joint[1]))
    at_x, at_y = at[:dim_x], at[dim_x:]
    for position in range(first, last):
        i = joint[0][position]
        for c in range(len(at)):
            at[c] = joint[1][c, position]
        search(joint, position, at, False, stack, room, best, which)
        radius = best[k - 1]
        radii[i] = radius
        reach_x, reach_y, closed = radius, radius, True
        if radius == 0:
            counts[i, 0] = count(joint, at, radius, True, stack, room)
        elif algorithm == 1:
            inside = 0
            while best[inside] < radius:
                inside += 1
            counts[i, 0] = 1 + inside
            closed = False
        else:
            counts[i, 0] = count(joint, at, radius, True, stack, room) - 1
            reach_x, reach_y = reach(joint, at, radius, dim_x, stack, room)
        own = 1 if algorithm == 2 and radius > 0 else 0
        counts[i, 1] = count(tree_x, at_x, reach_x, closed, stack, room) - own
        counts[i, 2] = count(tree_y, at_y, reach_y, closed, stack, room) - own


@njit(cache=True, parallel=True)
def ksg_tree(joint: Any, tree_x: Any, tree_y: Any, k: int, algorithm: int, block: int, counts: Any, radii: Any) -> None:
    """Counts of Kraskov et al. (2004) from the trees of (x, y), x and y; see `neighbours.ksg_counts`."""
    n = len(radii)
    for t in prange((n + block - 1) // block):
        _ksg_rows(joint, tree_x, tree_y, t * block, min(n, (t + 1) * block), k, algorithm, counts, radii)


@njit(cache=True, parallel=True)
def ksg_forest(points: Any, bounds: Any, dim_x: int, k: int, algorithm: int, counts: Any, radii: Any) -> None:
    """The same for groups of rows, each with trees of its own; `points` holds x above y, shape (d, n)."""
    for g in prange(len(bounds) - 1):
        lo, hi = bounds[g], bounds[g + 1]
        joint = build(np.ascontiguousarray(points[:, lo:hi]))
        tree_x, tree_y = (
            build(np.ascontiguousarray(points[:dim_x, lo:hi])),
            build(np.ascontiguousarray(points[dim_x:, lo:hi])),
        )
        _ksg_rows(joint, tree_x, tree_y, 0, hi - lo, k, algorithm, counts[lo:hi], radii[lo:hi])


@njit(cache=True)
def _along_line(values: Any, at: int, out: Any) -> None:
    """Distances from a sorted value to its nearest others, ascending."""
    left, right = at - 1, at + 1
    for j in range(len(out)):
        if right == len(values) or (left >= 0 and values[at] - values[left] <= values[right] - values[at]):
            out[j] = values[at] - values[left]
            left -= 1
        else:
            out[j] = values[right] - values[at]
            right += 1


@njit(cache=True, parallel=True)
def knn_tree(tree: Any, block: int, distances: Any) -> None:
    """Euclidean distances to the nearest other rows, ascending, shape (n, k)."""
    n, k = distances.shape
    for t in prange((n + block - 1) // block):
        stack, room = np.empty(64, np.int64), np.empty(LEAF)
        best, which, at = np.empty(k), np.empty(k, np.int64), np.empty(len(tree[1]))
        for position in range(t * block, min(n, (t + 1) * block)):
            if len(at) == 1:
                _along_line(tree[1][0], position, distances[tree[0][position]])
                continue
            for c in range(len(at)):
                at[c] = tree[1][c, position]
            search(tree, position, at, True, stack, room, best, which)
            distances[tree[0][position]] = np.sqrt(best)
