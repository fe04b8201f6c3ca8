# SPDX-License-Identifier: Apache-2.0
"""Random numbers that are a function of where they are used, not of how many were drawn before: counter-based streams.

Philox-4x32-10 (Salmon, Moraes, Dror, Shaw 2011) turns a 64-bit key and a 128-bit counter into four 32-bit numbers. The
key is a run's; the counter's words are ``(index, layer * 2^16 + unit, step, epoch)``. For one key the cipher permutes
counters, so no two uses share a block:

- layer 0 (unit and step 0): the order of an epoch's rows, `order`;
- layer 1, 2, ...: the normal noise of that layer's units at one step, `normals`; or that of what a convolutional
  network's layers read, and with 2^15 more what their dropout leaves (`mibench.numerics.line_streams`).

So a run that goes on from a saved epoch, or is trained beside others, sees the numbers it would have seen alone. All
functions are compiled, are called from Python and from compiled code alike, and give the same bits in both.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from mibench.numerics import elementary

__all__ = ["COSINE", "SINE", "normals", "order", "philox"]

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_A, _B = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)  # multipliers
_U, _V = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)  # key increments

_f = np.float32
_BLOCKS = 16  # of the cipher, in one vectorised loop
_ONE, _MINUS_TWO, _HALF_TURN, _UNIT = _f(1.0), _f(-2.0), _f(0.5), _f(2.0**-32)
_S0, _S1, _S2, _S3, _S4, _S5, _S6 = (
    _f(v)  # of sin(2 pi x) / x in powers of x^2, for |x| <= 1/2: minimax to 2e-9 of the sine
    for v in (6.2831852727, -41.3416970689, 81.6050246211, -76.7015511534, 42.0161656562, -14.8686104225, 3.1996929014)
)
_C0, _C1, _C2, _C3, _C4, _C5, _C6 = (
    _f(v)  # of cos(2 pi x), to 2e-8
    for v in (0.9999999892, -19.7392045322, 64.9391189809, -85.450165571, 60.1678318002, -25.9683132957, 6.5296101574)
)
SINE, COSINE = (_S0, _S1, _S2, _S3, _S4, _S5, _S6), (_C0, _C1, _C2, _C3, _C4, _C5, _C6)


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

    Box and Muller's transform of pairs of 32-bit numbers, computed in float32: no value is beyond 6.7. Sixteen blocks
    of the cipher make the noise of 64 rows, so that it vectorises.

    Parameters
    ----------
    key : uint64
        The run's.
    epoch, step, layer : int
        The step within the epoch, from 0; the layer from 1 (below 2^16).
    out : ndarray of float32 or float64, shape (units, rows)
        At most 2^16 units.
    first : int
        The batch's row that ``out[:, 0]`` belongs to, a multiple of 64; a batch may be filled in parts.
    """
    units, rows = out.shape
    uniform = np.empty((4, _BLOCKS), dtype=np.float32)
    group = np.empty(4 * _BLOCKS, dtype=np.float32)
    for unit in range(units):
        word = layer * 65536 + unit
        for begin in range(0, rows, 4 * _BLOCKS):
            _uniforms(key, (first + begin) // 4, word, step, epoch, uniform)
            _pairs(uniform[0], uniform[1], group[:_BLOCKS], group[_BLOCKS : 2 * _BLOCKS])
            _pairs(uniform[2], uniform[3], group[2 * _BLOCKS : 3 * _BLOCKS], group[3 * _BLOCKS :])
            for j in range(min(4 * _BLOCKS, rows - begin)):
                out[unit, begin + j] = group[j]


@njit(cache=True)
def _uniforms(key: Any, block: int, word: int, step: int, epoch: int, out: Any) -> None:
    """Numbers from 0 to 2^32, in float32, of the blocks from `block` on."""
    for i in range(_BLOCKS):
        a, b, c, d = philox(key, block + i, word, step, epoch)
        out[0, i], out[1, i] = np.float32(np.int64(a)), np.float32(np.int64(b))
        out[2, i], out[3, i] = np.float32(np.int64(c)), np.float32(np.int64(d))


@njit(cache=True, fastmath={"contract"}, error_model="numpy")
def _pairs(a: Any, b: Any, p: Any, q: Any) -> None:
    """Two normals each of pairs of uniform numbers from 0 to 2^32."""
    for i in range(_BLOCKS):
        radius = np.sqrt(_MINUS_TWO * elementary.log((a[i] + _ONE) * _UNIT))
        x = b[i] * _UNIT - _HALF_TURN
        u = x * x
        sine = _S6
        sine = sine * u + _S5
        sine = sine * u + _S4
        sine = sine * u + _S3
        sine = sine * u + _S2
        sine = sine * u + _S1
        sine = sine * u + _S0
        cosine = _C6
        cosine = cosine * u + _C5
        cosine = cosine * u + _C4
        cosine = cosine * u + _C3
        cosine = cosine * u + _C2
        cosine = cosine * u + _C1
        cosine = cosine * u + _C0
        p[i] = radius * cosine
        q[i] = radius * (sine * x)
