# SPDX-License-Identifier: Apache-2.0
"""Cross-entropy of a tile, its gradient and the right answers, in compiled code that vectorises along the batch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from mibench.numerics import elementary

__all__ = ["sigmoid_loss", "softmax_loss"]

_FAST = {"contract", "reassoc", "nsz"}


@njit(cache=True)
def _summed(line: Any, count: int) -> Any:
    """The sum in order: one that may be rearranged has other last bits in another version of the compiled code."""
    total = 0.0
    for j in range(count):
        total += np.float64(line[j])
    return total


@njit(cache=True, fastmath=_FAST, error_model="numpy")
def softmax_loss(
    z: Any, start: int, classes: int, labels: Any, delta: Any, scratch: Any, count: int, width: int
) -> Any:
    """Sums of loss and of right answers over `count` rows.

    ``z[start:start + classes]`` are logits; ``delta[:classes]`` becomes the gradient of the summed loss by them, 0 from
    `count` to `width`. `labels` are whole numbers in the tile's type. `scratch` has three lines.
    """
    real = z.dtype.type
    zero, one = real(0.0), real(1.0)
    for j in range(width):  # greatest logit and its first class
        scratch[0, j] = z[start, j]
        scratch[1, j] = zero
    for c in range(1, classes):
        this = real(c)
        for j in range(width):
            value, best = z[start + c, j], scratch[0, j]
            scratch[1, j] = this if value > best else scratch[1, j]
            scratch[0, j] = max(value, best)
    right = zero
    for j in range(count):
        right += one if scratch[1, j] == labels[j] else zero
    for j in range(width):
        scratch[2, j] = zero
    for c in range(classes):
        for j in range(width):
            power = elementary.exp(z[start + c, j] - scratch[0, j])
            delta[c, j] = power
            scratch[2, j] += power
    for j in range(width):
        scratch[1, j] = one / scratch[2, j]
    for j in range(count):
        scratch[0, j] += elementary.log(scratch[2, j])
    for c in range(classes):
        this = real(c)
        for j in range(width):
            truth = one if labels[j] == this else zero
            delta[c, j] = delta[c, j] * scratch[1, j] - truth
        for j in range(count):
            scratch[0, j] -= z[start + c, j] if labels[j] == this else zero
        for j in range(count, width):
            delta[c, j] = zero
    return _summed(scratch[0], count), np.float64(right)


@njit(cache=True, fastmath=_FAST, error_model="numpy")
def sigmoid_loss(z: Any, start: int, labels: Any, delta: Any, scratch: Any, count: int, width: int) -> Any:
    """As `softmax_loss`, for one logit of the class 1."""
    real = z.dtype.type
    zero, one = real(0.0), real(1.0)
    right = zero
    for j in range(count):
        value, truth = z[start, j], labels[j]
        power = elementary.exp(-abs(value))
        delta[0, j] = (one if value > zero else power) / (one + power) - truth
        scratch[0, j] = max(value, zero) - value * truth + elementary.log(one + power)
        said = one if value > zero else zero
        right += one if said == truth else zero
    for j in range(count, width):
        delta[0, j] = zero
    return _summed(scratch[0], count), np.float64(right)
