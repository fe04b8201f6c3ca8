# SPDX-License-Identifier: Apache-2.0
"""Real vectors become vectors of small integers, one per column."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError

__all__ = ["ebab", "quantile", "uniform"]

Codes = NDArray[np.int64]


def uniform(values: NDArray[Any], bins: int, limits: tuple[float, float] | None = None, span: str = "column") -> Codes:
    """`bins` true intervals of equal width; the last one is closed on the right.

    Parameters
    ----------
    values : ndarray, shape (n, d)
    limits : (float, float), optional
        The range; without it, from the least to the greatest value of each column (``span="column"``) or of all
        columns together (``span="side"``).

    Raises
    ------
    InputError
        If a value lies outside `limits`.
    """
    if limits is not None:
        outside = int(((values < limits[0]) | (values > limits[1])).sum())
        if outside:
            raise InputError(
                f"binning: {outside} values lie outside lo={limits[0]:g} to hi={limits[1]:g} (they span "
                f"{values.min():g} to {values.max():g}); widen the limits, or leave them out to take the data's range"
            )
        low, high = np.float64(limits[0]), np.float64(limits[1])
    else:
        axis = 0 if span == "column" else None
        low, high = values.min(axis=axis), values.max(axis=axis)
    half = 0.5 if float(np.abs(values).max()) > 1e300 else 1.0  # the span of the widest data would overflow
    width = half * high - half * low
    share = (half * values - half * low) / np.where(width > 0, width, 1.0)
    return np.minimum((share * bins).astype(np.int64), bins - 1)


def quantile(values: NDArray[Any], bins: int) -> Codes:
    """At most `bins` intervals per column with equally many samples each; equal values stay together."""
    codes = np.empty(values.shape, dtype=np.int64)
    for j, column in enumerate(values.T):
        order = np.sort(column)
        edges = order[(np.arange(1, bins) * len(order)) // bins]
        codes[:, j] = np.searchsorted(edges, column, side="right")
    return codes


def ebab(values: NDArray[Any], bins: int, floor: float | None = None) -> Codes:
    """Entropy-based adaptive binning (Chelombiev et al., ICLR 2019), pooled over the columns.

    Intervals hold equally many *unique* values; the floor, where given (0 for a ReLU), and the maximum have an interval
    of their own, so there are `bins` + 2 at most.
    """
    unique = np.unique(values)
    if floor is not None:
        if unique[0] < floor:
            raise InputError(f"binning: floor={floor:g} is above the least value, {unique[0]:g}; give the least one")
        unique = unique[unique > floor]
    if not len(unique):
        return np.zeros(values.shape, dtype=np.int64)
    per_step = ((bins - 1) * len(unique)) // bins
    edges = unique[(np.arange(bins) * per_step) // max(bins - 1, 1)]
    return np.searchsorted(np.append(edges, unique[-1]), values, side="right").astype(np.int64)
