# SPDX-License-Identifier: Apache-2.0
"""What a layer does to a tile of a batch, in compiled code whose inner loops run along the batch and vectorise.

A tile holds one line of rows of the batch per unit, shape (units, width at most), and stays in the first-level cache;
weights are scalars. Four lines are read for each that is written, so memory keeps up with arithmetic.
"""

from __future__ import annotations

from typing import Any

from numba import njit

__all__ = ["combine", "dots"]

_FAST = {"contract", "reassoc", "nsz"}


@njit(cache=True, fastmath=_FAST, error_model="numpy")
def combine(
    out: Any, line: int, x: Any, start: int, count: int, weights: Any, at: int, step: int, bias: Any, width: int
) -> None:
    """``out[line] = bias + sum_k weights[at + k step] x[start + k]`` for k below `count`, in `width` numbers."""
    fours = count - count % 4
    if fours == 0:
        for j in range(width):
            out[line, j] = bias
    else:
        a, b, c, d = weights[at], weights[at + step], weights[at + 2 * step], weights[at + 3 * step]
        for j in range(width):
            out[line, j] = (bias + a * x[start, j] + b * x[start + 1, j]) + (c * x[start + 2, j] + d * x[start + 3, j])
    for k in range(4, fours, 4):
        here, row = at + k * step, start + k
        a, b, c, d = weights[here], weights[here + step], weights[here + 2 * step], weights[here + 3 * step]
        for j in range(width):
            out[line, j] += (a * x[row, j] + b * x[row + 1, j]) + (c * x[row + 2, j] + d * x[row + 3, j])
    here, row, rest = at + fours * step, start + fours, count - fours
    if rest == 1:
        a = weights[here]
        for j in range(width):
            out[line, j] += a * x[row, j]
    elif rest == 2:
        a, b = weights[here], weights[here + step]
        for j in range(width):
            out[line, j] += a * x[row, j] + b * x[row + 1, j]
    elif rest == 3:
        a, b, c = weights[here], weights[here + step], weights[here + 2 * step]
        for j in range(width):
            out[line, j] += (a * x[row, j] + b * x[row + 1, j]) + c * x[row + 2, j]


@njit(cache=True, fastmath=_FAST, error_model="numpy")
def dots(delta: Any, line: int, x: Any, start: int, count: int, out: Any, at: int, bias: int, width: int) -> None:
    """Add to ``out[at + k]`` the product of ``delta[line]`` and ``x[start + k]``, to ``out[bias]`` its sum."""
    zero = delta.dtype.type(0.0)
    fours = count - count % 4
    for k in range(0, fours, 4):
        a = b = c = d = zero
        row = start + k
        for j in range(width):
            one = delta[line, j]
            a += one * x[row, j]
            b += one * x[row + 1, j]
            c += one * x[row + 2, j]
            d += one * x[row + 3, j]
        out[at + k] += a
        out[at + k + 1] += b
        out[at + k + 2] += c
        out[at + k + 3] += d
    for k in range(fours, count):
        a = zero
        for j in range(width):
            a += delta[line, j] * x[start + k, j]
        out[at + k] += a
    a = zero
    for j in range(width):
        a += delta[line, j]
    out[bias] += a
