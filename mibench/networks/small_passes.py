# SPDX-License-Identifier: Apache-2.0
"""Forth and back through the layers of one run, a batch in tiles: what the compiled engines are made of.

A batch is taken in tiles of 256 rows, laid out one line per unit, so that every inner loop runs along the batch in the
processor's vectors (`mibench.networks.small_lines`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from mibench.networks import activations
from mibench.networks.small_lines import combine, dots
from mibench.networks.small_loss import sigmoid_loss, softmax_loss
from mibench.networks.small_rounding import PAPER, TFMOT, grid_of, mask_tile, moved_average, round_tile, spread_tile
from mibench.networks.small_update import adam, sgd, towards_orthonormal
from mibench.networks.spec import MODES, Network, Training
from mibench.numerics import streams

__all__ = [
    "TILE",
    "Plan",
    "Work",
    "backward",
    "copy",
    "forward",
    "padded",
    "plan_of",
    "round_layer",
    "update",
    "work_for",
]

TILE = 256
_PAD = 64  # lines are read in multiples of this; what is behind the batch's end repeats its first row, without gradient
_TANH = activations.code("tanh")


class Plan(NamedTuple):
    """What of `Network` and `Training` compiled code reads."""

    activation: int
    sigmoid: bool
    mode: int
    most: float  # the greatest code, 0 where nothing is rounded
    noise: float
    batch: int
    shuffle: bool
    adam: bool
    rate: float
    beta1: float
    beta2: float
    epsilon: float
    momentum: float
    orthonormal: float


def plan_of(network: Network, training: Training) -> Plan:
    return Plan(
        activation=activations.code(network.activation),
        sigmoid=network.output == "sigmoid",
        mode=MODES.index(network.mode),
        most=0.0 if network.bits is None else 2.0**network.bits - 1.0,
        noise=float(network.noise),
        batch=training.batch or 0,
        shuffle=training.shuffle,
        adam=training.optimiser == "adam",
        rate=float(training.learning_rate),
        beta1=float(training.beta1),
        beta2=float(training.beta2),
        epsilon=float(training.epsilon),
        momentum=float(training.momentum),
        orthonormal=float(training.orthonormal),
    )


class Work(NamedTuple):
    """Buffers of one run."""

    gradient: Any  # (P,)
    weights: Any  # (P,), rounded
    passes: Any  # (P,), 1 where a rounded weight has a gradient
    labels: Any  # (tiles, TILE)
    delta: Any  # (2, units, TILE)
    scratch: Any  # (3, TILE)
    noise: Any  # (units, TILE)
    grids: Any  # (L, 3), of the layers' values
    product: Any  # of `towards_orthonormal`


@njit(cache=True)
def work_for(plan: Any, widths: Any, parameters: Any, tiles: int) -> Any:
    kind, widest = parameters.dtype, widths.max()
    return Work(
        np.zeros_like(parameters),
        parameters.copy(),
        np.ones_like(parameters),
        np.zeros((tiles, TILE), dtype=kind),
        np.zeros((2, widest, TILE), dtype=kind),
        np.zeros((3, TILE), dtype=kind),
        np.zeros((widest if plan.noise > 0.0 else 0, TILE), dtype=kind),
        np.zeros((widths.size - 1, 3)),
        np.zeros(2 * widest * widest if plan.orthonormal > 0.0 else 0, dtype=kind),
    )


@njit(cache=True)
def padded(count: int) -> int:
    return min((count + _PAD - 1) // _PAD * _PAD, TILE)


@njit(cache=True)
def copy(source: Any, target: Any) -> None:
    """As ``target[:] = source``, which would have two seconds of error messages compiled."""
    for k in range(source.size):
        target[k] = source[k]


@njit(cache=True)
def forward(
    plan: Any,
    widths: Any,
    weights: Any,
    values: Any,
    seen: Any,
    count: int,
    where: Any,
    ranges: Any,
    epoch_ranges: Any,
    work: Any,
) -> None:
    """All layers of `count` rows; `where` is the noise's key, the epoch, the step and its row that these begin at."""
    tiles = (count + TILE - 1) // TILE
    layers = widths.size - 1
    at, start = 0, 0
    for layer in range(layers):
        inputs, units = widths[layer], widths[layer + 1]
        biases, into = at + units * inputs, start + inputs
        low, high = np.inf, -np.inf
        for tile in range(tiles):
            rows = min(count - tile * TILE, TILE)
            width = padded(rows)
            x, out = seen[tile], values[tile]
            for unit in range(units):
                combine(
                    out, into + unit, x, start, inputs, weights, at + unit * inputs, 1, weights[biases + unit], width
                )
                if layer < layers - 1:
                    activations.activate_line(plan.activation, out[into + unit, :width])
            if plan.noise > 0.0:
                noise = out.dtype.type(plan.noise if layer < layers - 1 else 0.0)
                if layer < layers - 1:
                    streams.normals(where[0], where[1], where[2], layer + 1, work.noise[:units, :rows], where[3])
                for unit in range(units):
                    for j in range(width):
                        x[into + unit, j] = out[into + unit, j] + noise * work.noise[unit, j]
            elif plan.most > 0.0:
                low, high = spread_tile(out, into, units, width, low, high)
        if plan.most > 0.0:
            fresh = where[2] == 0
            round_layer(
                plan, layer, layers, into, units, values, seen, count, low, high, fresh, ranges, epoch_ranges, work
            )
        at, start = biases + units, into


@njit(cache=True)
def round_layer(
    plan: Any,
    layer: int,
    layers: int,
    into: int,
    units: int,
    values: Any,
    seen: Any,
    count: int,
    low: float,
    high: float,
    first_batch: bool,
    ranges: Any,
    epoch_ranges: Any,
    work: Any,
) -> None:
    """What the next layer, or the loss, sees of a layer whose values in this batch reach from `low` to `high`."""
    hidden = layer < layers - 1
    tanh = hidden and plan.activation == _TANH
    as_is = plan.mode == PAPER and not hidden  # the loss reads the logits as they are
    if plan.mode == PAPER:
        seen_so_far = epoch_ranges[layer]
        if hidden:
            seen_so_far[0] = low if first_batch else min(low, np.float64(seen_so_far[0]))
            seen_so_far[1] = high if first_batch else max(high, np.float64(seen_so_far[1]))
            use = ranges[layer] if first_batch else seen_so_far
            if use[1] > use[0]:
                low, high = np.float64(use[0]), np.float64(use[1])
    elif plan.mode == TFMOT and not tanh:
        low, high = moved_average(ranges[layer], low, high)
    low, step, high, exact = grid_of(plan.mode, low, high, plan.most)
    grid = (low, 0.0 if as_is else step, high, exact)
    kept = work.grids[layer]
    kept[0], kept[1], kept[2] = low, step, high
    for tile in range((count + TILE - 1) // TILE):
        width = padded(min(count - tile * TILE, TILE))
        round_tile(values[tile], seen[tile], into, units, width, grid, plan.most)


@njit(cache=True)
def backward(plan: Any, widths: Any, weights: Any, values: Any, seen: Any, count: int, labels: Any, work: Any) -> Any:
    """Loss and right answers of a tile, and its share of the gradient of the summed loss."""
    width = padded(count)
    layers = widths.size - 1
    masks = plan.most > 0.0 and plan.mode != PAPER
    at, into = weights.size, widths.sum() - widths[layers]
    delta, below = work.delta[0], work.delta[1]
    if plan.sigmoid:
        loss, right = sigmoid_loss(seen, into, labels, delta, work.scratch, count, width)
    else:
        loss, right = softmax_loss(seen, into, widths[layers], labels, delta, work.scratch, count, width)
    for layer in range(layers - 1, -1, -1):
        inputs, units = widths[layer], widths[layer + 1]
        at -= (inputs + 1) * units
        start = into - inputs
        for unit in range(units):
            if masks:
                mask_tile(values, into + unit, delta, unit, width, work.grids[layer])
            if layer < layers - 1:
                activations.times_slope(plan.activation, values[into + unit, :width], delta[unit, :width])
            row = at + unit * inputs
            dots(delta, unit, seen, start, inputs, work.gradient, row, at + units * inputs + unit, width)
        if layer > 0:
            for k in range(inputs):
                combine(below, k, delta, 0, units, weights, at + k, inputs, weights.dtype.type(0.0), width)
            delta, below = below, delta
        into = start
    return loss, right


@njit(cache=True)
def update(plan: Any, widths: Any, parameters: Any, first: Any, second: Any, step: int, rows: int, work: Any) -> None:
    """One step of the optimiser with the mean gradient of `rows` rows."""
    scale = parameters.dtype.type(1.0 / rows)
    for k in range(parameters.size):
        work.gradient[k] *= scale * work.passes[k]
    if plan.adam:
        adam(parameters, work.gradient, first, second, step, plan.rate, plan.beta1, plan.beta2, plan.epsilon)
    else:
        sgd(parameters, work.gradient, first, plan.rate, plan.momentum)
    if plan.orthonormal > 0.0:
        at = 0
        for layer in range(widths.size - 2):
            inputs, units = widths[layer], widths[layer + 1]
            stop = at + units * inputs
            towards_orthonormal(parameters[at:stop], units, inputs, plan.orthonormal, work.product)
            at = stop + units
