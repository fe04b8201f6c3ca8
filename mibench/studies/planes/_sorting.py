# SPDX-License-Identifier: Apache-2.0
"""The unique float32 values of a layer in their order: three passes over their bits, eleven at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

__all__ = ["sorted_unique"]

_DIGIT = 11
_BUCKETS = 1 << _DIGIT
_SIGN = 0x80000000


@njit(cache=True, nogil=True)
def _radix_sort(keys: Any, spare: Any, n: int) -> Any:
    """keys[:n], uint32, in increasing order, in either of the two arrays."""
    counts = np.zeros((3, _BUCKETS), np.int64)
    for i in range(n):
        key = keys[i]
        for digit in range(3):
            counts[digit, (key >> np.uint32(_DIGIT * digit)) & np.uint32(_BUCKETS - 1)] += 1
    for digit in range(3):
        shift = np.uint32(_DIGIT * digit)
        places = counts[digit]
        at = 0
        for bucket in range(_BUCKETS):
            here = places[bucket]
            places[bucket] = at
            at += here
        for i in range(n):
            bucket = (keys[i] >> shift) & np.uint32(_BUCKETS - 1)
            spare[places[bucket]] = keys[i]
            places[bucket] += 1
        keys, spare = spare, keys
    return keys


@njit(cache=True, nogil=True)
def sorted_unique(values: Any, floor: Any) -> Any:
    """Unique values above the floor, unless that is NaN, of float32 values of shape (units, n), 0 having one sign.

    Returns
    -------
    found : ndarray of float32
        The first `unique` of it are they, increasing.
    unique : int
    suits : bool
        Whether no value is below the floor.
    """
    units, n = values.shape
    keys, spare = np.empty(units * n, np.uint32), np.empty(units * n, np.uint32)
    kept, suits = 0, True
    for j in range(units):
        line = values[j]
        bits = line.view(np.uint32)
        for r in range(n):  # with the sign's bit turned, and all bits of negative ones, bits are ordered as numbers
            keys[kept] = bits[r] ^ (np.uint32(0xFFFFFFFF) if bits[r] >> np.uint32(31) else np.uint32(_SIGN))
            kept += 0 if line[r] <= floor else 1
            suits &= not line[r] < floor
    keys = _radix_sort(keys, spare, kept)
    unique = 0
    for i in range(kept):
        if i == 0 or keys[i] != keys[unique - 1]:
            keys[unique] = keys[i]
            unique += 1
    for i in range(unique):
        keys[i] ^= np.uint32(_SIGN) if keys[i] >> np.uint32(31) else np.uint32(0xFFFFFFFF)
    return keys.view(np.float32), unique, suits
