# SPDX-License-Identifier: Apache-2.0
"""The engine for small networks: each run is trained by one compiled loop, its batch and weights in the nearest cache.

Without rounding a tile of a batch goes forth and back before the next; with it, all tiles pass a layer before any
passes the next, as the layer's range is that of the batch. Runs share nothing and are spread over as many threads as
numba may use; a run's result does not depend on what is trained beside it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numba
import numpy as np
from numba import njit
from numpy.typing import NDArray

from mibench.networks import activations
from mibench.networks.small_passes import TILE, backward, copy, forward, padded, plan_of, update, work_for
from mibench.networks.small_rounding import PAPER, round_weights
from mibench.networks.spec import Network, Training
from mibench.networks.state import Rows, State
from mibench.numerics import streams

__all__ = ["Small"]

_TANH = activations.code("tanh")


class Small:
    """Trains R networks, each in one compiled loop; as many at once as `numba.get_num_threads` says."""

    def advance(
        self, network: Network, training: Training, state: State, rows: Rows, epochs: int
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """As `mibench.networks.state.Engine.advance`."""
        loss = np.zeros((len(state.keys), epochs), dtype=np.float32)
        accuracy = np.zeros_like(loss)
        plan, widths = plan_of(network, training), np.asarray(network.widths, dtype=np.int64)

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
    tiles = (batch + TILE - 1) // TILE if rounds else 1
    values = np.empty((tiles, widths.sum(), TILE), dtype=parameters.dtype)
    # what the next layer reads, if not the values themselves
    seen = np.empty_like(values) if rounds or plan.noise > 0.0 else values
    work = work_for(plan, widths, parameters, tiles)
    epoch_ranges = np.zeros_like(ranges)
    for e in range(loss.size):
        order = streams.order(keys[0], epoch + e, n) if plan.shuffle else np.arange(n)
        total, right = 0.0, 0.0
        for step in range((n + batch - 1) // batch):
            begin = step * batch
            end = min(begin + batch, n)
            used = _used_weights(plan, widths, parameters, ranges, work)
            work.gradient.fill(0)
            for group in range(begin, end, tiles * TILE):
                last = min(group + tiles * TILE, end)
                _gather(inputs, train, labels, order, group, last, seen, work.labels)
                where = (keys[1], epoch + e, step, group - begin)
                forward(plan, widths, used, values, seen, last - group, where, ranges, epoch_ranges, work)
                for tile in range((last - group + TILE - 1) // TILE):
                    count = min(last - group - tile * TILE, TILE)
                    found = backward(plan, widths, used, values[tile], seen[tile], count, work.labels[tile], work)
                    total += found[0]
                    right += found[1]
            steps += 1
            update(plan, widths, parameters, first, second, steps, end - begin, work)
        if rounds and plan.mode == PAPER:
            copy(epoch_ranges.ravel(), ranges.ravel())
        loss[e] = total / n
        accuracy[e] = right / n


@njit(cache=True)
def _gather(inputs: Any, train: Any, labels: Any, order: Any, begin: int, end: int, seen: Any, said: Any) -> None:
    """Rows `begin` to `end` of the epoch into tiles, and copies of the first row up to the padded width."""
    kind = seen.dtype.type
    for tile in range((end - begin + TILE - 1) // TILE):
        here = begin + tile * TILE
        count = min(end - here, TILE)
        x, y = seen[tile], said[tile]
        for j in range(padded(count)):
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
    copy(parameters, work.weights)
    at = 0
    for layer in range(widths.size - 1):
        stop = at + widths[layer] * widths[layer + 1]
        if layer == widths.size - 2 or plan.activation != _TANH:
            round_weights(parameters[at:stop], work.weights[at:stop], work.passes[at:stop], plan.most, ranges[layer])
        at = stop + widths[layer + 1]
    return work.weights
