# SPDX-License-Identifier: Apache-2.0
"""Random numbers that are a function of where they are used, not of how many were drawn before: counter-based streams.

Philox-4x32-10 (Salmon, Moraes, Dror, Shaw 2011) turns a 64-bit key and a 128-bit counter into four 32-bit numbers. The
key is a run's; the counter's words are ``(index, layer * 2^16 + unit, step, epoch)``. For one key the cipher permutes
counters, so no two uses share a block:

- layer 0 (unit and step 0): the order of an epoch's rows, `order`;
- layer 1, 2, ...: the normal noise of that layer's units at one step, `normals`.

So a run that goes on from a saved epoch, or is trained beside others, sees the numbers it would have seen alone. All
functions are compiled, are called from Python and from compiled code alike, and give the same bits in both.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

__all__ = ["normals", "order", "philox"]

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_A, _B = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)  # multipliers
_U, _V = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)  # key increments


@njit(cache=True)
def philox(key: Any, c0: Any, c1: Any, c2: Any, c3: Any) -> Any:
    """Four numbers of 32 bits, as uint64, from a key of 64 and a counter of four words of 32, low word first."""
    k0, k1 = np.uint64(key) & _LOW, np.uint64(key) >> _HALF
    x0, x1, x2, x3 = np.uint64(c0), np.uint64(c1), np.uint64(c2), np.uint64(c3)
    for _ in range(10):
        p, q = _A * x0, _B * x2
        x0, x1, x2, x3 = (q >> _HALF) ^ x1 ^ k0, q & _LOW, (p >> _HALF) ^ x3 ^ k1, p & _LOW
        k0, k1 = (k0 + _U) & _LOW, (k1 + _V) & _LOW
    return x0, x1, x2, x3


@njit(cache=True)
def order(key: Any, epoch: int, n: int) -> Any:
    """A permutation of n rows for an epoch of a run.

    Fisher and Yates' shuffle; row i changes places with row ``floor(u (i + 1) / 2^32)`` for a 32-bit u, which no row
    prefers by more than a share of n / 2^32.

    Parameters
    ----------
    key : uint64
        The run's.
    epoch, n : int
        Below 2^32.

    Returns
    -------
    ndarray of int64, shape (n,)
    """
    rows = np.arange(n)
    for block in range((n + 3) // 4):
        numbers = philox(key, block, 0, 0, epoch)
        for lane, number in enumerate(numbers):
            i = n - 1 - (4 * block + lane)
            if i > 0:
                j = np.int64((number * np.uint64(i + 1)) >> _HALF)
                rows[i], rows[j] = rows[j], rows[i]
    return rows


@njit(cache=True)
def normals(key: Any, epoch: int, step: int, layer: int, out: Any, first: int = 0) -> None:
    """Fill `out` with standard normals: the noise of a layer at a step, of rows ``first``, ``first + 1``, ... of it.

    Box and Muller's transform of pairs of 32-bit numbers, so no value is beyond 6.7.

    Parameters
    ----------
    key : uint64
        The run's.
    epoch, step, layer : int
        The step within the epoch, from 0; the layer from 1 (below 2^16).
    out : ndarray of float32 or float64, shape (units, rows)
        At most 2^16 units.
    first : int
        The batch's row that ``out[:, 0]`` belongs to, a multiple of 4; a batch may be filled in parts.
    """
    units, rows = out.shape
    for unit in range(units):
        word = layer * 65536 + unit
        for block in range((rows + 3) // 4):
            a, b, c, d = philox(key, first // 4 + block, word, step, epoch)
            p, q = _pair(a, b)
            r, s = _pair(c, d)
            for lane, value in enumerate((p, q, r, s)):
                if 4 * block + lane < rows:
                    out[unit, 4 * block + lane] = value


@njit(cache=True)
def _pair(a: Any, b: Any) -> Any:
    radius = math.sqrt(-2.0 * math.log((np.float64(a) + 1.0) / 4294967296.0))
    angle = 2.0 * math.pi * (np.float64(b) / 4294967296.0)
    return radius * math.cos(angle), radius * math.sin(angle)
