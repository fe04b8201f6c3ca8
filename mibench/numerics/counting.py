# SPDX-License-Identifier: Apache-2.0
"""Counting whole vectors as single symbols: an open-addressing hash table whose hits are compared, so exact."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from mibench.contracts import InputError

__all__ = ["numbered", "pair_symbols", "symbols", "symbols_reference"]

_STEP = 0x9E3779B97F4A7C15  # of the sequence that numbers the columns (splitmix64)
_MIX_1, _MIX_2 = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


@njit(cache=True)
def _row_hash(row: Any) -> Any:
    """The sum over columns of splitmix64(code + a constant of the column)."""
    total = np.uint64(0)
    salt = np.uint64(0)
    for j in range(row.size):
        salt += np.uint64(_STEP)
        word = np.uint64(row[j]) + salt
        word = (word ^ (word >> np.uint64(30))) * np.uint64(_MIX_1)
        word = (word ^ (word >> np.uint64(27))) * np.uint64(_MIX_2)
        total += word ^ (word >> np.uint64(31))
    return total


@njit(cache=True)
def _number(codes: Any, slots: Any, ids: Any) -> Any:
    """Fill `ids`; slots holds -1 where free, else the row that first had the symbol."""
    mask = np.uint64(slots.size - 1)
    n, dim = codes.shape
    hashes = np.empty(n, np.uint64)
    found = 0
    for i in range(n):
        hashes[i] = _row_hash(codes[i])
        at = hashes[i] & mask
        while True:
            other = slots[at]
            if other < 0:
                slots[at] = i
                ids[i] = found
                found += 1
                break
            same = hashes[other] == hashes[i]
            j = 0
            while same and j < dim:
                same = codes[other, j] == codes[i, j]
                j += 1
            if same:
                ids[i] = ids[other]
                break
            at = (at + np.uint64(1)) & mask
    return found


def symbols(codes: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """Number the distinct rows of `codes`, shape (n, d), in the order in which they first appear.

    Returns
    -------
    ids : ndarray of int64, shape (n,)
        Equal exactly where the rows are equal.
    distinct : int
        How many symbols there are.
    """
    codes = np.ascontiguousarray(codes, dtype=np.int64)
    slots = np.full(1 << max(4, (2 * len(codes)).bit_length()), -1, dtype=np.int64)
    ids = np.empty(len(codes), dtype=np.int64)
    return ids, int(_number(codes, slots, ids))


def pair_symbols(x: NDArray[np.int64], y: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """Number the distinct pairs of two numberings, each of shape (n,)."""
    return symbols(np.stack([x, y], axis=1))


def symbols_reference(codes: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """What `symbols` computes, with a dictionary."""
    seen: dict[tuple[int, ...], int] = {}
    ids = [seen.setdefault(tuple(row), len(seen)) for row in codes.tolist()]
    return np.array(ids, dtype=np.int64), len(seen)


def numbered(name: str, values: Any, n: int) -> NDArray[np.int64]:
    """Labels or codes, one whole number for each of n rows, as an array that may index another of their greatest + 1.

    They stay what they are where none is negative or beyond 4 n; else they are renumbered in their order.

    Raises
    ------
    InputError
        If there are no rows or not n of them, or values are not whole numbers.
    """
    values = np.asarray(values)
    if values.shape != (n,) or n == 0:
        raise InputError(f"{name} has shape {values.shape}: give one whole number for each of {n} rows, at least one")
    if values.dtype.kind not in "biu":
        raise InputError(f"{name} holds {values.dtype} values: give whole numbers (an integer or boolean array)")
    if values.dtype.kind != "b" and (values.min() < 0 or values.max() >= 4 * n):
        values = np.unique(values, return_inverse=True)[1].reshape(n)
    return np.ascontiguousarray(values, dtype=np.int64)
