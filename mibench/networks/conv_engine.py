# SPDX-License-Identifier: Apache-2.0
"""The engine for convolutional networks: each run is trained by one compiled loop, 16 rows of a batch at a time.

A tile is 16 rows, laid out one line per number of a layer, and stays in the second-level cache. Without rounding it
goes forth and back before the next; with it, all tiles of a batch pass a layer before any passes the next, as the
layer's range is that of the batch. Runs share nothing and are spread over as many threads as numba may use; a run's
result does not depend on what is trained beside it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numba
import numpy as np
from numba import njit
from numpy.typing import NDArray

from mibench.networks.conv_layout import layout, plan_of, work_for
from mibench.networks.conv_passes import backward, forward, gather, pack_all, unpack_all
from mibench.networks.convolutional import Convolutional
from mibench.networks.small_update import adam, sgd
from mibench.networks.spec import Training
from mibench.networks.state import Rows, State
from mibench.numerics import streams
from mibench.numerics.lanes import LANES

__all__ = ["Convolved"]


class Convolved:
    """Trains R convolutional networks, each in one compiled loop; `numba.get_num_threads` at once."""

    def advance(
        self, network: Convolutional, training: Training, state: State, rows: Rows, epochs: int
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """As `mibench.networks.state.Engine.advance`."""
        loss = np.zeros((len(state.keys), epochs), dtype=np.float32)
        accuracy = np.zeros_like(loss)
        plan, table = plan_of(network, training), layout(network)
        n = rows.train.shape[1]
        batch = min(training.batch or n, n)

        def advance(run: int) -> None:
            _advance_run(
                plan,
                table,
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
                work_for(network, table, batch, state.parameters.dtype),
            )

        with ThreadPoolExecutor(numba.get_num_threads()) as pool:
            list(pool.map(advance, range(len(state.keys))))
        state.steps += epochs * -(-n // batch)
        state.epoch += epochs
        return loss, accuracy


@njit(cache=True, nogil=True)
def _advance_run(
    plan: Any,
    table: Any,
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
    work: Any,
) -> None:
    n = train.size
    batch = min(plan.batch, n) if plan.batch > 0 else n
    most = work.values.shape[0] * LANES
    epoch_ranges = np.zeros_like(ranges)
    for e in range(loss.size):
        order = streams.order(keys[0], epoch + e, n) if plan.shuffle else np.arange(n)
        total, right = 0.0, 0.0
        for step in range((n + batch - 1) // batch):
            begin = step * batch
            end = min(begin + batch, n)
            pack_all(plan, table, parameters, work)
            for group in range(begin, end, most):
                last = min(group + most, end)
                gather(inputs, train, labels, order, group, last, work)
                where = (keys[1], epoch + e, step, group - begin)
                forward(plan, table, last - group, where, ranges, epoch_ranges, work)
                for tile in range((last - group + LANES - 1) // LANES):
                    count = min(last - group - tile * LANES, LANES)
                    found = backward(plan, table, tile, count, work)
                    total += found[0]
                    right += found[1]
            unpack_all(plan, table, work)
            steps += 1
            _update(plan, parameters, first, second, steps, end - begin, work.gradient)
        if plan.most > 0.0:
            _copy(epoch_ranges.ravel(), ranges.ravel())
        loss[e] = total / n
        accuracy[e] = right / n


@njit(cache=True)
def _copy(source: Any, target: Any) -> None:
    for k in range(source.size):
        target[k] = source[k]


@njit(cache=True)
def _update(plan: Any, parameters: Any, first: Any, second: Any, step: int, rows: int, gradient: Any) -> None:
    """One step of the optimiser with the mean gradient of `rows` rows."""
    scale = parameters.dtype.type(1.0 / rows)
    for k in range(gradient.size):
        gradient[k] *= scale
    if plan.adam:
        adam(parameters, gradient, first, second, step, plan.rate, plan.beta1, plan.beta2, plan.epsilon)
    else:
        sgd(parameters, gradient, first, plan.rate, plan.momentum)
