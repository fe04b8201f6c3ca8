# SPDX-License-Identifier: Apache-2.0
"""Counts of a layer's codes with each label, compiled, carried from the distinct codes of one layer to the next."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from mibench.networks.convolutional import AnyNetwork
from mibench.networks.exact_inputs import distinct_inputs, distinct_rows
from mibench.networks.exact_layout import Tiles, tiled
from mibench.numerics.counting import numbered
from mibench.numerics.hashing import count_pairs, number_rows
from mibench.numerics.permuted import permuted_shares

__all__ = ["counted", "distinct_pairs", "expected_null", "merged", "new_tables", "shares_of", "tiled_pairs"]


@njit(cache=True, nogil=True)
def new_tables(rows: int) -> Any:
    """What `merged` works in, for up to so many rows."""
    size = 16
    while size < 2 * rows:
        size *= 2
    return np.empty(rows, np.int32), np.empty(rows, np.int32), np.empty(size, np.int32)


@njit(cache=True, nogil=True)
def counted(words: Any, counts: Any, n: int, tables: Any) -> Any:
    """Counts of distinct rows of words[:n] with each label, how many they are; `tables` then has each row's number."""
    ids, first, slots = tables
    size = 16
    while size < 2 * n:
        size *= 2
    slots[:size] = -1
    distinct = number_rows(words, n, slots[:size], ids, first)
    if distinct == n:
        return counts, n
    sums = np.zeros((distinct, counts.shape[1]), np.int64)
    for i in range(n):
        for label in range(counts.shape[1]):
            sums[ids[i], label] += counts[i, label]
    return sums, distinct


@njit(cache=True, nogil=True)
def merged(z: Any, words: Any, counts: Any, n: int, tables: Any) -> Any:
    """Columns of z, shape (units, n or more), whose words are distinct, their counts with each label, their number.

    They are moved to the front of z.
    """
    sums, distinct = counted(words, counts, n, tables)
    if distinct == n:
        return z, counts, n
    first = tables[1]
    for j in range(z.shape[0]):
        line = z[j]
        for k in range(distinct):
            line[k] = line[first[k]]  # never behind what is yet to be moved: first[k] >= k
    return z, sums, distinct


@njit(cache=True, nogil=True)
def expected_null(counts: Any, n: int, shares: Any) -> Any:
    """The mean of I(T;Y) when labels are permuted, from counts[:n] and `mibench.numerics.permuted.permuted_shares`."""
    total = 0.0
    for code in range(n):
        rows = 0
        for label in range(counts.shape[1]):
            rows += counts[code, label]
        total += shares[rows]
    return total


def distinct_pairs(inputs: NDArray[Any], labels: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Columns of the distinct inputs, shape (d, u), and how often each has each label, (u, labels).

    Raises
    ------
    InputError
        If labels are not one whole number for each input.
    """
    columns, member = distinct_inputs(inputs)
    labels = numbered("labels", labels, len(inputs))
    return columns, count_pairs(member[:, None], labels, int(labels.max()) + 1)[1]


def tiled_pairs(network: AnyNetwork, inputs: NDArray[Any], labels: NDArray[Any]) -> tuple[Tiles, NDArray[np.int64]]:
    """The distinct inputs laid out for a network, and how often each has each label, shape (u, labels).

    Raises
    ------
    InputError
        As `distinct_pairs`.
    """
    rows, member = distinct_rows(inputs)
    labels = numbered("labels", labels, len(inputs))
    joint = count_pairs(member[:, None], labels, int(labels.max()) + 1)[1]
    return tiled(rows, network), joint


def shares_of(joint: NDArray[np.int64]) -> NDArray[np.float64]:
    """The table of `expected_null` for counts with each label."""
    of_label = joint.sum(axis=0)
    return permuted_shares(of_label[of_label > 0])
