# SPDX-License-Identifier: Apache-2.0
"""Grids of `mibench.networks.quantisers` in compiled code, on tiles and on weights; a mode is its index in `MODES`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from mibench.networks.quantisers import AVERAGE_STEP, SLACK
from mibench.networks.spec import MODES

__all__ = ["PAPER", "TFMOT", "grid_of", "mask_tile", "moved_average", "round_tile", "round_weights", "spread_tile"]

PAPER, TFMOT = MODES.index("paper"), MODES.index("tfmot")
_FINITE = {"contract", "reassoc", "nsz", "nnan"}  # a minimum only vectorises among numbers; weights that are none show
_WIDE = 2.0**16  # levels that float32 can no longer tell apart well


@njit(cache=True, fastmath=_FINITE)
def spread_tile(x: Any, start: int, count: int, width: int, low: float, high: float) -> Any:
    """Least and greatest of `count` lines of a tile, and of `low` and `high`."""
    real = x.dtype.type
    least, most = real(low), real(high)
    for line in range(start, start + count):
        for j in range(width):
            least = min(least, x[line, j])
            most = max(most, x[line, j])
    return np.float64(least), np.float64(most)


@njit(cache=True, error_model="numpy")
def grid_of(mode: int, low: float, high: float, most: float) -> Any:
    """Least level, step, greatest level, and the level that must be exact: the least, or 0.

    `most` is the greatest code. The step is 0 where there is one level.
    """
    if mode == PAPER:
        step = (high - low) / most
        return low, (step if step > 0.0 else 0.0), high, low
    low, high = min(low, 0.0), max(high, 0.0)
    step = (high - low) / most
    if not step > 0.0:
        return 0.0, 0.0, 0.0, 0.0
    zero = min(max(math.floor(0.5 - low / step), 0.0), most)
    return -zero * step, step, (most - zero) * step, 0.0


@njit(cache=True, fastmath=_FINITE, error_model="numpy")
def round_tile(x: Any, out: Any, start: int, count: int, width: int, grid: Any, most: float) -> None:
    """Lines of a tile on a grid; one level is the value itself."""
    low, step, high, exact = grid
    if step == 0.0:
        for line in range(start, start + count):
            for j in range(width):
                out[line, j] = x[line, j]
        return
    shift = np.rint((low - exact) / step)  # codes count from the level that is exact, so that it is
    if most >= _WIDE:
        for line in range(start, start + count):
            for j in range(width):
                z = (min(max(np.float64(x[line, j]), low), high) - low) / step
                out[line, j] = (math.floor(z + 0.5) + shift) * step + exact
    else:
        real = x.dtype.type
        least, greatest, inverse, half = real(low), real(high), real(1.0 / step), real(0.5)
        by, size, base = real(shift), real(step), real(exact)
        for line in range(start, start + count):
            for j in range(width):
                z = (min(max(x[line, j], least), greatest) - least) * inverse
                out[line, j] = (np.floor(z + half) + by) * size + base


@njit(cache=True, fastmath={"nsz"})
def mask_tile(x: Any, line: int, delta: Any, target: int, width: int, grid: Any) -> None:
    """Put 0 into ``delta[target]`` where ``x[line]`` is off the grid."""
    low, step, high = grid[0], grid[1], grid[2]
    real = x.dtype.type
    least, most, zero = real(low - SLACK * step), real(high + SLACK * step), real(0.0)
    for j in range(width):
        value = x[line, j]
        delta[target, j] = delta[target, j] if least <= value and value <= most else zero


@njit(cache=True)
def round_weights(weights: Any, out: Any, open_: Any, most: float, ranges: Any) -> None:
    """One layer's weights on their `zero_grid`, whether the gradient passes (1 or 0), and their range."""
    real = weights.dtype.type
    low, high = np.float64(weights.min()), np.float64(weights.max())
    ranges[2], ranges[3] = low, high
    least, step, greatest, _ = grid_of(TFMOT, low, high, most)
    slack, zero = SLACK * step, (np.rint(-least / step) if step > 0.0 else 0.0)
    for k in range(weights.size):
        value = np.float64(weights[k])
        clipped = min(max(value, least), greatest)
        out[k] = weights[k] if step == 0.0 else (math.floor((clipped - least) / step + 0.5) - zero) * step
        open_[k] = real(1.0) if least - slack <= value and value <= greatest + slack else real(0.0)


@njit(cache=True)
def moved_average(ranges: Any, low: float, high: float) -> Any:
    """Move a layer's average range by a step towards that of a batch, widened to contain 0."""
    ranges[0] += AVERAGE_STEP * (min(low, 0.0) - ranges[0])
    ranges[1] += AVERAGE_STEP * (max(high, 0.0) - ranges[1])
    return np.float64(ranges[0]), np.float64(ranges[1])
