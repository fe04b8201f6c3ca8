# SPDX-License-Identifier: Apache-2.0
"""One step of some runs whose first layer's products are made elsewhere: compiled, each run in turn."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from mibench.networks.activations import activate_line, times_slope
from mibench.networks.small_lines import combine
from mibench.networks.small_passes import TILE, backward, copy, forward, padded, round_layer, update, work_for
from mibench.networks.small_rounding import spread_tile
from mibench.networks.small_update import adam, sgd

__all__ = ["end_epoch", "step_first", "step_rest"]


@njit(cache=True, nogil=True)
def step_rest(
    plan: Any,
    widths: Any,
    products: Any,
    biases: Any,
    rest: Any,
    moments: Any,
    ranges: Any,
    epoch_ranges: Any,
    labels: Any,
    fresh: bool,
    steps: int,
    loss: Any,
    right: Any,
) -> None:
    """Train all but the first layer's weights, and leave in `products` what their gradient is made of.

    Parameters
    ----------
    plan : Plan
    widths : ndarray of int64
        From the first layer on.
    products : ndarray, shape (runs, units, rows)
        Weights times inputs; becomes the gradient of the mean loss by them.
    biases : ndarray, shape (3, runs, units)
        Of the first layer, and its moments.
    rest : ndarray, shape (runs, P')
        Parameters from the second layer on.
    moments : ndarray, shape (2, runs, P')
    ranges, epoch_ranges : ndarray, shape (runs, L, 4)
    labels : ndarray of whole numbers, shape (runs, rows)
    fresh : bool
        Whether this is an epoch's first batch.
    steps : int
        This one included.
    loss, right : ndarray, shape (runs,)
        Sums over the rows are added.
    """
    runs, units, count = products.shape
    tiles = (count + TILE - 1) // TILE
    layers = widths.size  # of the whole network
    real = rest.dtype.type
    values = np.empty((tiles, widths.sum(), TILE), dtype=rest.dtype)
    seen = np.empty_like(values) if plan.most > 0.0 else values
    work = work_for(plan, widths, rest[0], tiles)
    scale, gradient = real(1.0 / count), np.empty(units, dtype=rest.dtype)
    for run in range(runs):
        _first_layer(plan, products[run], biases[0, run], values)
        if plan.most > 0.0:
            low, high = np.inf, -np.inf
            for tile in range(tiles):
                low, high = spread_tile(values[tile], 0, units, padded(min(count - tile * TILE, TILE)), low, high)
            whole, so_far = ranges[run], epoch_ranges[run]
            round_layer(plan, 0, layers, 0, units, values, seen, count, low, high, fresh, whole, so_far, work)
        where = (np.uint64(0), 0, 0 if fresh else 1, 0)  # the key and row of noise, which is none
        forward(plan, widths, rest[run], values, seen, count, where, ranges[run, 1:], epoch_ranges[run, 1:], work)
        work.gradient.fill(0)
        gradient.fill(0)
        for tile in range(tiles):
            begin = tile * TILE
            rows = min(count - begin, TILE)
            width = padded(rows)
            for j in range(width):
                work.labels[tile, j] = real(labels[run, begin + j if j < rows else 0])
            found = backward(plan, widths, rest[run], values[tile], seen[tile], rows, work.labels[tile], work)
            loss[run] += found[0]
            right[run] += found[1]
            delta, below = work.delta[layers % 2], work.delta[1 - layers % 2]  # `backward` changes them at each layer
            for unit in range(units):
                line = below[unit, :width]
                combine(below, unit, delta, 0, widths[1], rest[run], unit, units, real(0.0), width)
                times_slope(plan.activation, values[tile, unit, :width], line)
                for j in range(rows):
                    gradient[unit] += line[j]
                    products[run, unit, begin + j] = line[j] * scale
        for unit in range(units):
            gradient[unit] *= scale
        _move(plan, biases[0, run], gradient, biases[1, run], biases[2, run], steps)
        update(plan, widths, rest[run], moments[0, run], moments[1, run], steps, count, work)


@njit(cache=True, nogil=True)
def step_first(plan: Any, weights: Any, gradient: Any, first: Any, second: Any, steps: int) -> None:
    """The optimiser's step on the first layer's weights of some runs, flat; `steps` counts this one."""
    _move(plan, weights, gradient, first, second, steps)


@njit(cache=True)
def end_epoch(epoch_ranges: Any, ranges: Any) -> None:
    """The ranges of this epoch's batches are remembered."""
    copy(epoch_ranges.ravel(), ranges.ravel())


@njit(cache=True)
def _first_layer(plan: Any, products: Any, biases: Any, values: Any) -> None:
    """Activations of the first layer in tiles; what is behind the batch's end repeats a tile's first row."""
    units, count = products.shape
    for tile in range(values.shape[0]):
        begin = tile * TILE
        rows = min(count - begin, TILE)
        width = padded(rows)
        for unit in range(units):
            line = values[tile, unit, :width]
            for j in range(rows):
                line[j] = products[unit, begin + j] + biases[unit]
            for j in range(rows, width):
                line[j] = line[0]
            activate_line(plan.activation, line)


@njit(cache=True)
def _move(plan: Any, parameters: Any, gradient: Any, first: Any, second: Any, steps: int) -> None:
    if plan.adam:
        adam(parameters, gradient, first, second, steps, plan.rate, plan.beta1, plan.beta2, plan.epsilon)
    else:
        sgd(parameters, gradient, first, plan.rate, plan.momentum)
