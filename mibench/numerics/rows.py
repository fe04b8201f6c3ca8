# SPDX-License-Identifier: Apache-2.0
"""Rows of numbers that are equal, found by their bits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.numerics.counting import symbols

__all__ = ["distinct_rows"]


def distinct_rows(matrix: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """A representative of each distinct row, and which of them each row equals.

    Parameters
    ----------
    matrix : ndarray of float, shape (n, d)
        Finite; 0.0 and -0.0 are one value.

    Returns
    -------
    first : ndarray of int64, shape (k,)
        Where each distinct row is found first, ascending: ``matrix[first]`` are the distinct rows.
    which : ndarray of int64, shape (n,)
        ``matrix[first][which]`` equals `matrix`.
    """
    rows = np.ascontiguousarray(matrix, dtype=np.float64) + 0.0
    which, count = symbols(rows.view(np.int64))
    first = np.empty(count, dtype=np.int64)
    first[which[::-1]] = np.arange(len(rows))[::-1]
    return first, which
