# SPDX-License-Identifier: Apache-2.0
"""What a layer makes of its sums before any is rounded, compiled: activations, softmax or sigmoid, and their range.

Values are columns, shape (units, n). Zero has one sign. A least or a greatest is kept place by place, which vectorises.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from mibench.networks.activations import activate_line
from mibench.numerics import elementary

__all__ = [
    "BLOCK",
    "HIDDEN",
    "SIGMOID",
    "SOFTMAX",
    "activated",
    "ends_for",
    "limits_of",
    "output_columns",
    "value_range",
]

HIDDEN, SOFTMAX, SIGMOID = 0, 1, 2
BLOCK = 1024  # numbers that stay in the first-level cache from one loop to the next


@njit(cache=True, nogil=True)
def output_columns(z: Any, n: int, output: int) -> None:
    """Softmax over the units of logits of shape (units, n or more), or sigmoid, in place."""
    if output == SIGMOID:
        _sigmoid(z[0][:n])
        return
    for start in range(0, n, BLOCK):
        _softmax(z, start, min(start + BLOCK, n))


@njit(cache=True, nogil=True)
def _sigmoid(line: Any) -> None:
    one = line.dtype.type(1.0)
    for r in range(line.size):
        e = elementary.exp(-abs(line[r]))
        line[r] = (one if line[r] > 0 else e) / (one + e)


@njit(cache=True, nogil=True)
def _softmax(z: Any, start: int, stop: int) -> None:
    """Unit by unit, so that rows stand side by side."""
    most, total = z[0][start:stop].copy(), np.zeros(stop - start, z.dtype)
    for j in range(1, z.shape[0]):
        line = z[j][start:stop]
        for r in range(line.size):
            most[r] = line[r] if line[r] > most[r] else most[r]
    for j in range(z.shape[0]):
        line = z[j][start:stop]
        for r in range(line.size):
            line[r] = elementary.exp(line[r] - most[r])
        for r in range(line.size):
            total[r] += line[r]
    for j in range(z.shape[0]):
        line = z[j][start:stop]
        for r in range(line.size):
            line[r] /= total[r]


@njit(cache=True, nogil=True)
def ends_for(n: int, like: Any) -> Any:
    """What `activated` widens, for so many rows at a time: the least and the greatest of each place so far."""
    ends = np.empty((2, n), like.dtype)
    ends[0], ends[1] = np.inf, -np.inf
    return ends


@njit(cache=True, nogil=True)
def _widen(ends: Any, line: Any) -> None:
    lows, highs = ends[0], ends[1]
    for r in range(line.size):
        lows[r] = line[r] if line[r] < lows[r] else lows[r]
        highs[r] = line[r] if line[r] > highs[r] else highs[r]


@njit(cache=True, nogil=True)
def limits_of(ends: Any) -> Any:
    """The least and the greatest of all."""
    return np.float64(ends[0].min()), np.float64(ends[1].max())


@njit(cache=True, nogil=True)
def value_range(z: Any, n: int) -> Any:
    """Least and greatest of z[:, :n]."""
    ends = ends_for(min(n, BLOCK), z)
    for j in range(z.shape[0]):
        for start in range(0, n, BLOCK):
            _widen(ends, z[j][start : min(start + BLOCK, n)])
    return limits_of(ends)


@njit(cache=True, nogil=True)
def activated(z: Any, start: int, stop: int, kind: int, output: int, ends: Any) -> None:
    """Put activations of sums z[:, start:stop] in their place, and widen `ends` by them."""
    zero = z.dtype.type(0.0)
    for j in range(z.shape[0]):
        line = z[j][start:stop]
        if output == HIDDEN:
            activate_line(kind, line)
        for r in range(line.size):
            line[r] += zero  # makes -0 a 0
        _widen(ends, line)
