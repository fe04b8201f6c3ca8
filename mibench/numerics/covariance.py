# SPDX-License-Identifier: Apache-2.0
"""Centred samples as orthonormal columns times a triangle: log-determinants and whitening without squaring anything.

A QR decomposition keeps the digits that a covariance matrix loses: correlations up to 1 - 1e-15 stay apart from 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

__all__ = ["Triangle", "triangle"]

_WELL = 1e-5  # least diagonal of a triangle of unit columns that can be solved with ten digits to spare


@dataclass(frozen=True)
class Triangle:
    """Sample covariance of a set of columns as r^T r, up to the columns' scales.

    Attributes
    ----------
    r : ndarray, shape (d, d)
        Upper triangle of the centred columns, each column scaled to norm 1.
    floor : ndarray, shape (d,)
        What rounding alone puts on the diagonal of `r`.
    q : ndarray, shape (n, d), or None
        Orthonormal columns with q r = the centred columns of norm 1, if asked for. Times sqrt(n - 1) they are the
        whitened data: distances between rows are Mahalanobis distances.
    """

    r: NDArray[np.float64]
    floor: NDArray[np.float64]
    q: NDArray[np.float64] | None = None

    @property
    def dependent(self) -> int:
        """How many columns are linear functions of those before them, to the rounding of the data."""
        return int((np.abs(np.diag(self.r)) <= self.floor).sum())

    def log_det(self, start: int = 0) -> float:
        """Half the log-determinant of the columns from `start` on, given those before them (unit columns)."""
        return float(np.log(np.abs(np.diag(self.r)[start:])).sum())


def triangle(*sides: NDArray[Any], keep_q: bool = False) -> Triangle:
    """The triangle of the joined columns of `sides`.

    Parameters
    ----------
    *sides : ndarray, shape (n, d_i), float32 or float64
        More rows than columns in all; no constant column. A float32 side is decomposed in float64, and its coarser
        rounding raises the floor.
    keep_q : bool
        Also form the orthonormal columns.
    """
    n = len(sides[0])
    scaled, floors = [], []
    for side in sides:
        values = np.asarray(side, dtype=np.float64)
        values = values / np.abs(values).max(axis=0)  # squares of the largest numbers would overflow
        centred = values - values.mean(axis=0)
        norm = np.linalg.norm(centred, axis=0)
        scaled.append(centred / norm)
        floors.append(4.0 * float(np.finfo(side.dtype).eps) * np.linalg.norm(values, axis=0) / norm)
    joined = np.hstack(scaled)
    floor = np.concatenate(floors) + 4.0 * np.finfo(np.float64).eps * np.sqrt(n * joined.shape[1])
    (full,) = linalg.qr(joined, mode="r", overwrite_a=not keep_q, check_finite=False)
    r = full[: joined.shape[1]]
    if not keep_q:
        return Triangle(r, floor)
    if np.abs(np.diag(r)).min() > _WELL:  # solving is many times faster than forming q, and then as good
        return Triangle(r, floor, linalg.solve_triangular(r, joined.T, trans="T", check_finite=False).T)
    q, r = linalg.qr(joined, mode="economic", overwrite_a=True, check_finite=False)
    return Triangle(r, floor, q)
