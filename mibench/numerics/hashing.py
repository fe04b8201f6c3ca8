# SPDX-License-Identifier: Apache-2.0
"""Counts of codes and of pairs (code, label) in one pass: rows as words of 64 bits, hashed, and compared on every hit.

Codes are first narrowed to the smallest whole-number type that holds them, so that a row of ten 8-bit codes is two
words. Rows are told apart by all their words, not by their hash alone, so counts are exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["as_words", "bytes_as_words", "count_pairs", "count_pairs_reference", "empty_slots", "number_rows"]

_MULTIPLIER = 0x9E3779B97F4A7C15  # odd, near 2^64 over the golden ratio


@njit(cache=True)
def _narrow(codes: Any, out: Any) -> Any:
    """Put codes from 0 to 255 into bytes; returns whether there are others."""
    others = codes.dtype.type(0)
    for i in range(codes.shape[0]):
        for j in range(codes.shape[1]):
            others |= codes[i, j] & ~codes.dtype.type(255)
            out[i, j] = codes[i, j]
    return others != 0


def as_words(codes: NDArray[Any]) -> NDArray[np.uint64]:
    """Rows of whole numbers, shape (n, d), as words, shape (n, w): equal just when the rows are equal."""
    if codes.dtype != np.uint8:
        narrowed = _padded(codes, np.uint8)
        if not _narrow(codes, narrowed):
            return narrowed.view(np.uint64)
        unsigned = codes.dtype.str.replace("i", "u")
        least, span = codes.min(), int(codes.max()) - int(codes.min())
        kind = next(kind for kind in (np.uint8, np.uint16, np.uint32, np.uint64) if span <= np.iinfo(kind).max)
        codes = (codes.view(unsigned) - least.view(unsigned)).astype(kind)  # wraps around to the difference
    return bytes_as_words(codes)


def bytes_as_words(rows: NDArray[Any]) -> NDArray[np.uint64]:
    """Rows of numbers of any type, shape (n, d), as words, shape (n, w): equal just when the rows' bytes are equal."""
    if rows.shape[1] * rows.itemsize % 8 or not rows.flags.c_contiguous:
        padded = _padded(rows, rows.dtype)
        padded[:, : rows.shape[1]] = rows
        rows = padded
    return rows.view(np.uint64)


def _padded(codes: NDArray[Any], kind: Any) -> NDArray[Any]:
    """Zeros for the rows of codes, in whole words."""
    per_word = 8 // np.dtype(kind).itemsize
    return np.zeros((len(codes), -(-codes.shape[1] // per_word) * per_word), dtype=kind)


@njit(cache=True)
def number_rows(words: Any, n: int, slots: Any, ids: Any, first: Any) -> Any:
    """Number the distinct rows of words[:n] in order of appearance.

    `slots` has a power of two entries, over n, all -1; on return ids[i] is row i's number, first[k] the first row that
    has number k. Returns how many numbers there are.
    """
    mask = np.uint64(slots.size - 1)
    width = words.shape[1]
    found = 0
    for i in range(n):
        mixed = np.uint64(0)
        for j in range(width):
            mixed = (mixed ^ words[i, j]) * np.uint64(_MULTIPLIER)
            mixed ^= mixed >> np.uint64(32)
        at = mixed & mask
        while True:
            other = slots[at]
            if other < 0:
                slots[at] = i
                ids[i] = found
                first[found] = i
                found += 1
                break
            same = True
            for j in range(width):
                same &= words[other, j] == words[i, j]
            if same:
                ids[i] = ids[other]
                break
            at = (at + np.uint64(1)) & mask
    return found


def empty_slots(n: int) -> NDArray[np.int32]:
    """A table for n rows, at most half full."""
    return np.full(1 << max(4, (2 * n - 1).bit_length()), -1, dtype=np.int32)


@njit(cache=True)
def _count(words: Any, labels: Any, weights: Any, slots: Any, ids: Any, joint: Any) -> Any:
    n = ids.size
    found = number_rows(words, n, slots, ids, np.empty(n, np.int32))
    joint[:found] = 0
    for i in range(n):
        joint[ids[i], labels[i]] += weights[i]
    return found


def count_pairs(
    codes: NDArray[Any], labels: NDArray[np.int64], n_labels: int, weights: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Number the distinct rows of codes and count them with each label.

    Parameters
    ----------
    codes : ndarray of whole numbers, shape (n, d)
        Any integer type; uint8 is the fastest.
    labels : ndarray, shape (n,)
        From 0 to `n_labels` - 1.
    weights : ndarray, shape (n,), optional
        How often each row counts; once where not given.

    Returns
    -------
    ids : ndarray of int32, shape (n,)
        Number of each row's code, in order of appearance.
    joint : ndarray of int64, shape (distinct codes, n_labels)
    """
    n = len(codes)
    weights = np.ones(n, dtype=np.int64) if weights is None else weights
    ids = np.empty(n, dtype=np.int32)
    joint = np.empty((n, n_labels), dtype=np.int64)
    found = _count(as_words(codes), labels, weights, empty_slots(n), ids, joint)
    return ids, joint[:found]


def count_pairs_reference(
    codes: NDArray[Any], labels: NDArray[np.int64], n_labels: int, weights: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """What `count_pairs` computes, with a dictionary."""
    seen: dict[tuple[int, ...], int] = {}
    ids = [seen.setdefault(tuple(row), len(seen)) for row in codes.tolist()]
    joint = np.zeros((len(seen), n_labels), dtype=np.int64)
    for row, (number, label) in enumerate(zip(ids, labels.tolist(), strict=True)):
        joint[number, label] += 1 if weights is None else weights[row]
    return np.array(ids, dtype=np.int32), joint
