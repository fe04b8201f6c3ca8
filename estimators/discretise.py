# SPDX-License-Identifier: Apache-2.0
"""Real vectors become vectors of small integers, one per column."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError

__all__ = ["ebab", "fixed_width", "on_edges", "quantile", "uniform"]

Codes = NDArray[np.int64]


def uniform(
    values: NDArray[Any],
    bins: int,
    limits: tuple[float, float] | None = None,
    span: str = "column",
    outside: bool = False,
) -> Codes:
    """`bins` true intervals of equal width; the last one is closed on the right.

    Parameters
    ----------
    values : ndarray, shape (n, d)
    limits : (float, float), optional
        The range; without it, from the least to the greatest value of each column (``span="column"``) or of all
        columns together (``span="side"``).
    outside : bool
        Values above the limits belong to the last interval, and those below share one more.

    Raises
    ------
    InputError
        If a value lies outside `limits` and `outside` is False.
    """
    if limits is not None:
        if not outside:
            _reject_outside(values, limits)
        low, high = np.float64(limits[0]), np.float64(limits[1])
        below = values < low
        values = np.clip(values, low, high)
    else:
        axis = 0 if span == "column" else None
        low, high = values.min(axis=axis), values.max(axis=axis)
    half = 0.5 if float(np.abs(values).max()) > 1e300 else 1.0  # the span of the widest data would overflow
    width = half * high - half * low
    share = (half * values - half * low) / np.where(width > 0, width, 1.0)
    codes = np.minimum((share * bins).astype(np.int64), bins - 1)
    return codes if limits is None else np.where(below, -1, codes)


def _reject_outside(values: NDArray[Any], limits: tuple[float, float]) -> None:
    beyond = int(((values < limits[0]) | (values > limits[1])).sum())
    if beyond:
        raise InputError(
            f"binning: {beyond} values lie outside lo={limits[0]:g} to hi={limits[1]:g} (they span "
            f"{values.min():g} to {values.max():g}); widen the limits, or leave them out to take the data's range"
        )


def on_edges(
    values: NDArray[Any],
    edges: int,
    limits: tuple[float, float] | None = None,
    span: str = "column",
    outside: bool = False,
) -> Codes:
    """`edges` - 1 intervals of equal width, and an interval for the upper limit and what lies above it.

    What many studies call n bins: ``numpy.digitize(values, numpy.linspace(low, high, n))``. Values below the lower
    limit share one more.

    Parameters
    ----------
    values, limits, span, outside
        As for `uniform`.

    Raises
    ------
    InputError
        If a value lies outside `limits` and `outside` is False.
    """
    if limits is not None and not outside:
        _reject_outside(values, limits)
    if limits is not None or span == "side":
        low, high = limits or (values.min(), values.max())
        return np.searchsorted(np.linspace(low, high, edges), values, side="right").astype(np.int64)
    return np.hstack([on_edges(column[:, None], edges, span="side") for column in values.T])


def fixed_width(values: NDArray[Any], width: float) -> NDArray[np.float64]:
    """``floor(value / width)``, as floats: whole numbers of any size."""
    return np.floor(values.astype(np.float64) / width)


def quantile(values: NDArray[Any], bins: int) -> Codes:
    """At most `bins` intervals per column with equally many samples each; equal values stay together."""
    codes = np.empty(values.shape, dtype=np.int64)
    for j, column in enumerate(values.T):
        order = np.sort(column)
        edges = order[(np.arange(1, bins) * len(order)) // bins]
        codes[:, j] = np.searchsorted(edges, column, side="right")
    return codes


def ebab(values: NDArray[Any], bins: int, floor: float | None = None, even: bool = False) -> Codes:
    """Entropy-based adaptive binning (Chelombiev et al., ICLR 2019), pooled over the columns.

    Intervals hold equally many *unique* values; the floor, where given (0 for a ReLU), and the maximum have an interval
    of their own, so there are `bins` + 2 at most. Which values are unique depends on the precision of `values`.

    Parameters
    ----------
    values : ndarray, shape (n, d)
    even : bool
        Of u unique values above the floor, edge j is number ``floor(j u / bins)``, as in Chelombiev et al.'s code. By
        default it is number ``floor(j s / (bins - 1))`` with ``s = floor((bins - 1) u / bins)``, as in Rasmussen's
        thesis. They differ where `bins` does not divide u.
    """
    unique = np.unique(values)
    if floor is not None:
        if unique[0] < floor:
            raise InputError(f"binning: floor={floor:g} is above the least value, {unique[0]:g}; give the least one")
        unique = unique[unique > floor]
    if not len(unique):
        return np.zeros(values.shape, dtype=np.int64)
    if even:
        edges = unique[(np.arange(bins) * len(unique)) // bins]
    else:
        per_step = ((bins - 1) * len(unique)) // bins
        edges = unique[(np.arange(bins) * per_step) // max(bins - 1, 1)]
    return np.searchsorted(np.append(edges, unique[-1]), values, side="right").astype(np.int64)
