# SPDX-License-Identifier: Apache-2.0
"""Nearest-neighbour counts and distances, exact, by the cheapest search for the sample's size and dimension.

Every pair is compared in float32 where that cannot be told from float64; where it could, the work is redone in float64.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mibench.numerics.neighbours_brute import knn_brute, ksg_brute
from mibench.numerics.neighbours_by_tree import knn_tree, ksg_forest, ksg_tree
from mibench.numerics.neighbours_tree import build, build_three

__all__ = ["ksg_counts", "nearest_distances"]

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Search = Literal["auto", "tree", "brute"]

_BLOCK = 64  # rows per parallel task
_COARSE = 2.0**-10  # distances above this, relative to the largest coordinate, are good to 1e-4 in float32


def ksg_counts(
    x: Floats, y: Floats, k: int, algorithm: int = 1, offsets: Counts | None = None, search: Search = "auto"
) -> tuple[Counts, Floats]:
    """Neighbour counts of Kraskov, Stoegbauer and Grassberger (2004), maximum norm.

    Parameters
    ----------
    x, y : array, shape (n, dim_x) and (n, dim_y)
        Scaled and centred as the distances are meant to be.
    k : int
        Neighbour whose distance sets the scale of each row.
    algorithm : {1, 2}
        Equation (8), cubes in the joint space, or (9), rectangles.
    offsets : array of int, optional
        Bounds of groups of rows, ``[0, ..., n]``; rows see their own group alone. Each group holds more than k rows,
        and at least 4.
    search : {"auto", "tree", "brute"}

    Returns
    -------
    counts : array of int, shape (n, 3)
        Arguments (k, n_x, n_y) of the three digammas. Where the k-th distance is tied, k counts the neighbours that
        n_x and n_y count too; where it is 0 all three count the copies of the point, itself included.
    radii : array, shape (n,)
        Distance to the k-th neighbour.
    """
    bounds = np.array([0, len(x)]) if offsets is None else np.asarray(offsets, np.int64)
    counts, radii = np.empty((len(x), 3), np.int64), np.empty(len(x))
    if _tree_pays(int(np.diff(bounds).max()), x.shape[1] + y.shape[1], k, search):
        both = np.ascontiguousarray(np.hstack([x, y]).T, dtype=np.float64)
        if offsets is None:
            joint, tree_x, tree_y = build_three(both, both[: x.shape[1]], both[x.shape[1] :])
            ksg_tree(joint, tree_x, tree_y, k, algorithm, _BLOCK, counts, radii)
        else:
            ksg_forest(both, bounds, x.shape[1], k, algorithm, counts, radii)
        return counts, radii
    tasks, largest = _tasks(bounds), max(np.abs(x).max(), np.abs(y).max())
    for dtype in (np.float32, np.float64):
        found = np.empty(len(x), dtype)
        ksg_brute(_columns(x, dtype), _columns(y, dtype), k, algorithm, tasks, counts, found)
        radii = found.astype(np.float64)
        if np.quantile(radii, 0.05) > _COARSE * largest:
            break
    return counts, radii


def nearest_distances(points: Floats, k: int, search: Search = "auto") -> Floats:
    """Euclidean distances to the k nearest other rows, ascending, shape (n, k), for centred rows of shape (n, d)."""
    n, d = points.shape
    distances = np.empty((n, k))
    if _tree_pays(n, d, k, search):
        knn_tree(build(_columns(points, np.float64, even=False)), _BLOCK, distances)
        return distances
    rows, tasks = np.ascontiguousarray(points, dtype=np.float64), _tasks(np.array([0, n]))
    for dtype in (np.float32, np.float64):
        knn_brute(_columns(points, dtype), rows, tasks, distances)
        if np.quantile(distances[:, 0], 0.05) > _COARSE * np.abs(points).max():
            break
    return distances


def _tree_pays(n: int, d: int, k: int, search: Search) -> bool:
    """Whether the tree is cheaper: microseconds per row, fitted to n = 1,000 to 50,000, d = 2 to 20, k = 3 to 30."""
    if search != "auto":
        return search == "tree"
    tree = 0.6 * 1.5**d * (n / 5000) ** (0.045 * d) * (1 + k / 60) if d < 20 else np.inf
    return tree < 0.3 + n * (0.7e-3 + 0.04e-3 * d)


def _columns(rows: Floats, dtype: type, even: bool = True) -> NDArray[np.floating]:
    """Points as columns, with a column of zeros more where `even` asks for it."""
    n, d = rows.shape
    columns = np.zeros((d + d % 2 if even else d, n), dtype)
    columns[:d] = rows.T
    return columns


def _tasks(bounds: Counts) -> Counts:
    """Blocks of rows, (first, one past last, group's first, group's end), that no block shares between groups."""
    blocks = [
        (start, min(start + _BLOCK, hi), lo, hi)
        for lo, hi in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
        for start in range(lo, hi, _BLOCK)
    ]
    return np.array(blocks, dtype=np.int64)
