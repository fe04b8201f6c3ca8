# SPDX-License-Identifier: Apache-2.0
"""Nearest-neighbour counts and distances, exact, by whichever search is cheapest for the sample's size and dimension."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mibench.numerics.neighbours_brute import knn_brute, ksg_brute

__all__ = ["ksg_counts", "nearest_distances"]

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

_BLOCK = 64  # rows per parallel task
_FINE = 1e-3  # distances below this, in units of the spread, are beyond float32


def ksg_counts(
    x: Floats, y: Floats, k: int, algorithm: int = 1, offsets: NDArray[np.int64] | None = None
) -> tuple[Counts, Floats]:
    """Neighbour counts of Kraskov, Stoegbauer and Grassberger (2004), maximum norm.

    Parameters
    ----------
    x, y : array, shape (n, dim_x) and (n, dim_y)
        Scaled to unit spread and centred, so that float32 can be tried.
    k : int
        Neighbour whose distance sets the scale of each row.
    algorithm : {1, 2}
        Equation (8), balls in the joint space, or (9), rectangles.
    offsets : array of int, optional
        Bounds of groups of rows, ``[0, ..., n]``; rows see their own group alone. Each group holds more than k rows.

    Returns
    -------
    counts : array of int, shape (n, 3)
        Arguments (k, n_x, n_y) of the three digammas. Where the k-th distance is tied, k counts the neighbours that
        n_x and n_y count too; where it is 0 all three count the copies of the point, itself included.
    radii : array, shape (n,)
        Distance to the k-th neighbour.
    """
    bounds = np.array([0, len(x)]) if offsets is None else np.asarray(offsets)
    tasks = _tasks(bounds)
    for dtype in (np.float32, np.float64):
        a, b = _columns(x, dtype), _columns(y, dtype)
        counts, radii = np.empty((len(x), 3), np.int64), np.empty(len(x), dtype)
        ksg_brute(a, b, k, algorithm, tasks, counts, radii)
        if dtype is np.float64 or np.quantile(radii, 0.05) > _FINE:
            break
    return counts, radii.astype(np.float64)


def nearest_distances(points: Floats, k: int) -> Floats:
    """Euclidean distances to the k nearest other rows, ascending, shape (n, k), for centred rows of shape (n, d)."""
    tasks = _tasks(np.array([0, len(points)]))
    for dtype in (np.float32, np.float64):
        indices = np.empty((len(points), k), np.int64)
        knn_brute(_columns(points, dtype), tasks, indices)
        distances = np.empty((len(points), k))
        for j in range(k):
            distances[:, j] = np.sqrt(((points - points[indices[:, j]]) ** 2).sum(1))
        distances.sort(1)
        if dtype is np.float64 or np.quantile(distances[:, 0], 0.05) > _FINE:
            break
    return distances


def _columns(rows: Floats, dtype: type) -> NDArray[np.floating]:
    return np.ascontiguousarray(rows.T, dtype=dtype)


def _tasks(bounds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Blocks of rows, (first, one past last, group's first, group's end), that no block shares between groups."""
    blocks = [
        (start, min(start + _BLOCK, hi), lo, hi)
        for lo, hi in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
        for start in range(lo, hi, _BLOCK)
    ]
    return np.array(blocks, dtype=np.int64)
