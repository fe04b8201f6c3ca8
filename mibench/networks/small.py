# SPDX-License-Identifier: Apache-2.0
"""The engine for small networks: each run is trained by one compiled loop, its batch and weights in the nearest cache.

A batch is taken in tiles of 256 rows, laid out one line per unit, so that every inner loop runs along the batch in the
processor's vectors (`mibench.networks.small_lines`). Without rounding a tile goes forth and back before the next; with
it, all tiles of a batch pass a layer before any passes the next, as the layer's range is that of the batch. Runs share
nothing and are spread over as many threads as numba may use; a run's result does not depend on what is trained beside
it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numba
import numpy as np
from numba import njit
from numpy.typing import NDArray

from mibench.networks import activations
from mibench.networks.small_lines import combine, dots
from mibench.networks.small_loss import sigmoid_loss, softmax_loss
from mibench.networks.small_rounding import (
    PAPER,
    TFMOT,
    grid_of,
    mask_tile,
    moved_average,
    round_tile,
    round_weights,
    spread_tile,
)
from mibench.networks.small_update import adam, sgd, towards_orthonormal
from mibench.networks.spec import MODES, Network, Training
from mibench.networks.state import Rows, State
from mibench.numerics import streams

__all__ = ["Small"]

_TILE = 256
_PAD = 64  # lines are read in multiples of this; what is behind the batch's end repeats its first row, without gradient
_TANH = activations.code("tanh")


class Small:
    """Trains R networks, each in one compiled loop; as many at once as `numba.get_num_threads` says."""

    def advance(
        self, network: Network, training: Training, state: State, rows: Rows, epochs: int
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """As `mibench.networks.state.Engine.advance`."""
        loss = np.zeros((len(state.keys), epochs), dtype=np.float32)
        accuracy = np.zeros_like(loss)
        plan, widths = _plan(network, training), np.asarray(network.widths, dtype=np.int64)

        def advance(run: int) -> None:
            _advance_run(
                plan,
                widths,
                state.parameters[run],
                state.first[run],
                state.second[run],
                state.ranges[run],
                state.keys[run],
                rows.inputs,
                rows.train[run],
                rows.labels[run],
                state.epoch,
                state.steps,
                loss[run],
                accuracy[run],
            )

        with ThreadPoolExecutor(numba.get_num_threads()) as pool:
            list(pool.map(advance, range(len(state.keys))))
        n = rows.train.shape[1]
        state.steps += epochs * -(-n // (training.batch or n))
        state.epoch += epochs
        return loss, accuracy


class _Plan(NamedTuple):
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


def _plan(network: Network, training: Training) -> _Plan:
    return _Plan(
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


@njit(cache=True, nogil=True)
def _advance_run(
    plan: Any,
    widths: Any,
    parameters: Any,
    first: Any,
    second: Any,
    ranges: Any,
    keys: Any,
    inputs: Any,
    train: Any,
    labels: Any,
    epoch: int,
    steps: int,
    loss: Any,
    accuracy: Any,
) -> None:
    n = train.size
    batch = min(plan.batch, n) if plan.batch > 0 else n
    rounds = plan.most > 0.0
    tiles = (batch + _TILE - 1) // _TILE if rounds else 1
    values = np.empty((tiles, widths.sum(), _TILE), dtype=parameters.dtype)
    # what the next layer reads, if not the values themselves
    seen = np.empty_like(values) if rounds or plan.noise > 0.0 else values
    work = _work(plan, widths, parameters, tiles)
    epoch_ranges = np.zeros_like(ranges)
    for e in range(loss.size):
        order = streams.order(keys[0], epoch + e, n) if plan.shuffle else np.arange(n)
        total, right = 0.0, 0.0
        for step in range((n + batch - 1) // batch):
            begin = step * batch
            end = min(begin + batch, n)
            used = _used_weights(plan, widths, parameters, ranges, work)
            work.gradient.fill(0)
            for group in range(begin, end, tiles * _TILE):
                last = min(group + tiles * _TILE, end)
                _gather(inputs, train, labels, order, group, last, seen, work.labels)
                where = (keys[1], epoch + e, step, group - begin)
                _forward(plan, widths, used, values, seen, last - group, where, ranges, epoch_ranges, work)
                for tile in range((last - group + _TILE - 1) // _TILE):
                    count = min(last - group - tile * _TILE, _TILE)
                    found = _backward(plan, widths, used, values[tile], seen[tile], count, work.labels[tile], work)
                    total += found[0]
                    right += found[1]
            steps += 1
            _update(plan, widths, parameters, first, second, steps, end - begin, work)
        if rounds and plan.mode == PAPER:
            _copy(epoch_ranges.ravel(), ranges.ravel())
        loss[e] = total / n
        accuracy[e] = right / n


class _Work(NamedTuple):
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
def _work(plan: Any, widths: Any, parameters: Any, tiles: int) -> Any:
    kind, widest = parameters.dtype, widths.max()
    return _Work(
        np.zeros_like(parameters),
        parameters.copy(),
        np.ones_like(parameters),
        np.zeros((tiles, _TILE), dtype=kind),
        np.zeros((2, widest, _TILE), dtype=kind),
        np.zeros((3, _TILE), dtype=kind),
        np.zeros((widest if plan.noise > 0.0 else 0, _TILE), dtype=kind),
        np.zeros((widths.size - 1, 3)),
        np.zeros(2 * widest * widest if plan.orthonormal > 0.0 else 0, dtype=kind),
    )


@njit(cache=True)
def _copy(source: Any, target: Any) -> None:
    """As ``target[:] = source``, which would have two seconds of error messages compiled."""
    for k in range(source.size):
        target[k] = source[k]


@njit(cache=True)
def _padded(count: int) -> int:
    return min((count + _PAD - 1) // _PAD * _PAD, _TILE)


@njit(cache=True)
def _gather(inputs: Any, train: Any, labels: Any, order: Any, begin: int, end: int, seen: Any, said: Any) -> None:
    """Rows `begin` to `end` of the epoch into tiles, and copies of the first row up to the padded width."""
    kind = seen.dtype.type
    for tile in range((end - begin + _TILE - 1) // _TILE):
        here = begin + tile * _TILE
        count = min(end - here, _TILE)
        x, y = seen[tile], said[tile]
        for j in range(_padded(count)):
            row = order[here + j if j < count else here]
            y[j] = kind(labels[row])
            source = inputs[train[row]]
            for i in range(source.size):
                x[i, j] = source[i]


@njit(cache=True)
def _used_weights(plan: Any, widths: Any, parameters: Any, ranges: Any, work: Any) -> Any:
    """The parameters that the step reads: rounded, where the mode rounds weights."""
    if plan.most == 0.0 or plan.mode == PAPER:
        return parameters
    _copy(parameters, work.weights)
    at = 0
    for layer in range(widths.size - 1):
        stop = at + widths[layer] * widths[layer + 1]
        if layer == widths.size - 2 or plan.activation != _TANH:
            round_weights(parameters[at:stop], work.weights[at:stop], work.passes[at:stop], plan.most, ranges[layer])
        at = stop + widths[layer + 1]
    return work.weights


@njit(cache=True)
def _forward(
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
    tiles = (count + _TILE - 1) // _TILE
    layers = widths.size - 1
    at, start = 0, 0
    for layer in range(layers):
        inputs, units = widths[layer], widths[layer + 1]
        biases, into = at + units * inputs, start + inputs
        low, high = np.inf, -np.inf
        for tile in range(tiles):
            rows = min(count - tile * _TILE, _TILE)
            width = _padded(rows)
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
            _round_layer(
                plan, layer, layers, into, units, values, seen, count, low, high, fresh, ranges, epoch_ranges, work
            )
        at, start = biases + units, into


@njit(cache=True)
def _round_layer(
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
    for tile in range((count + _TILE - 1) // _TILE):
        width = _padded(min(count - tile * _TILE, _TILE))
        round_tile(values[tile], seen[tile], into, units, width, grid, plan.most)


@njit(cache=True)
def _backward(plan: Any, widths: Any, weights: Any, values: Any, seen: Any, count: int, labels: Any, work: Any) -> Any:
    """Loss and right answers of a tile, and its share of the gradient of the summed loss."""
    width = _padded(count)
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
def _update(plan: Any, widths: Any, parameters: Any, first: Any, second: Any, step: int, rows: int, work: Any) -> None:
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
