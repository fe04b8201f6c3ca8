# SPDX-License-Identifier: Apache-2.0
"""The engine for wide inputs that all runs see in one order: one product for all first layers, the rest compiled.

Nearly all arithmetic of a network of images is in its first layer. Where runs share their order, that layer of many
runs is one large matrix product, which torch does at most of the processor's speed; all else is that of
`mibench.networks.small_passes`. Runs are dealt out to as many threads as numba may use, which share nothing.
Inputs that are 0 in every row (the border of images) have no part in it: their weights never move.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numba
import numpy as np
import torch
from numpy.typing import NDArray

from mibench.networks.small_passes import Plan, plan_of
from mibench.networks.spec import Network, Training
from mibench.networks.state import Rows, State
from mibench.networks.wide_step import end_epoch, step_first, step_rest
from mibench.numerics import streams

__all__ = ["Wide", "fits"]

_MODES = ("paper", "float32-exact")


def fits(network: Network, training: Training) -> bool:
    """Whether the engine can train it: one order for all runs, two layers or more, no noise, no rounded weights."""
    return (
        training.shared_order
        and network.n_layers > 1
        and network.mode in _MODES
        and not network.noise
        and not training.orthonormal
    )


class Wide:
    """Trains R networks that `fits`; the training rows of all are those of the first run.

    What is laid out of the rows is kept for the next call with the same ones.
    """

    def __init__(self) -> None:
        self._laid_out: _LaidOut | None = None

    def advance(
        self, network: Network, training: Training, state: State, rows: Rows, epochs: int
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """As `mibench.networks.state.Engine.advance`."""
        runs = len(state.keys)
        threads = min(numba.get_num_threads(), runs)
        if self._laid_out is None or not self._laid_out.is_of(rows):
            self._laid_out = None  # before the next one is made
            self._laid_out = _LaidOut(rows)
        feed = _Feed(training, state, self._laid_out)
        loss, right = np.zeros((runs, epochs)), np.zeros((runs, epochs))
        groups = [
            _Group(network, training, state, rows, feed, part) for part in np.array_split(np.arange(runs), threads)
        ]
        with _one_thread_each(), ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda group: group.go(loss, right), groups))
        for group in groups:
            group.write(state)
        n = rows.labels.shape[1]
        state.steps += epochs * len(feed.begins)
        state.epoch += epochs
        return (loss / n).astype(np.float32), (right / n).astype(np.float32)


@contextlib.contextmanager
def _one_thread_each() -> Iterator[None]:
    """Torch's products run in the thread that asks for them, and in no other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _LaidOut:
    """The training rows of the first run without the inputs that are always 0."""

    def __init__(self, rows: Rows) -> None:
        self._inputs, self._train = rows.inputs, rows.train[0].copy()
        self.used = np.flatnonzero(rows.inputs.any(axis=0))
        self.inputs = torch.from_numpy(np.ascontiguousarray(rows.inputs[self._train][:, self.used]))

    def is_of(self, rows: Rows) -> bool:
        return rows.inputs is self._inputs and np.array_equal(rows.train[0], self._train)


class _Feed:
    """What all runs see."""

    def __init__(self, training: Training, state: State, laid_out: _LaidOut) -> None:
        self.used, self.inputs = laid_out.used, laid_out.inputs
        self.size = training.batch or len(self.inputs)
        self.begins: Sequence[int] = range(0, len(self.inputs), self.size)
        self._key, self._shuffle = state.keys[0, 0], training.shuffle

    def order(self, epoch: int) -> NDArray[np.int64]:
        n = len(self.inputs)
        found: NDArray[np.int64] = streams.order(self._key, epoch, n) if self._shuffle else np.arange(n)
        return found


class _Group:
    """Some of the runs, with copies of all that is theirs."""

    def __init__(
        self, network: Network, training: Training, state: State, rows: Rows, feed: _Feed, runs: NDArray[np.int64]
    ) -> None:
        self.plan: Plan = plan_of(network, training)
        self.widths, self.runs, self.feed = np.array(network.widths[1:], dtype=np.int64), runs, feed
        self.epoch, self.steps, self.labels = state.epoch, state.steps, rows.labels[runs]
        self.ranges, self.epoch_ranges = state.ranges[runs], np.zeros_like(state.ranges[runs])
        inputs, units = network.widths[:2]
        self._ends = (inputs * units, (inputs + 1) * units)  # of the first weights and biases in the flat vector
        kept = np.stack([getattr(state, name)[runs] for name in ("parameters", "first", "second")])
        first = kept[..., : self._ends[0]].reshape(3, len(runs) * units, inputs)[..., feed.used]
        self.weights = torch.from_numpy(np.ascontiguousarray(first))
        self.biases = np.ascontiguousarray(kept[..., slice(*self._ends)])
        self.rest = np.ascontiguousarray(kept[..., self._ends[1] :])

    def go(self, loss: NDArray[Any], right: NDArray[Any]) -> None:
        """Train through as many epochs as `loss`, shape (all runs, epochs), has."""
        gradient = torch.empty_like(self.weights[0])
        flat = [each.view(-1).numpy() for each in (*self.weights, gradient)]
        units = self.widths[0]
        for epoch in range(loss.shape[1]):
            order = self.feed.order(self.epoch + epoch)
            sums = np.zeros((2, len(self.runs)))
            for begin in self.feed.begins:
                those = order[begin : begin + self.feed.size]
                x = self.feed.inputs.index_select(0, torch.from_numpy(those))
                products = torch.mm(self.weights[0], x.t())
                self.steps += 1
                step_rest(
                    self.plan,
                    self.widths,
                    products.numpy().reshape(len(self.runs), units, -1),
                    self.biases,
                    self.rest[0],
                    self.rest[1:],
                    self.ranges,
                    self.epoch_ranges,
                    self.labels[:, those],
                    begin == 0,
                    self.steps,
                    *sums,
                )
                torch.mm(products, x, out=gradient)
                step_first(self.plan, flat[0], flat[3], flat[1], flat[2], self.steps)
            if self.plan.most > 0.0:
                end_epoch(self.epoch_ranges, self.ranges)
            loss[self.runs, epoch], right[self.runs, epoch] = sums

    def write(self, state: State) -> None:
        """Into the state's own arrays."""
        state.ranges[self.runs] = self.ranges
        for place, name in enumerate(("parameters", "first", "second")):
            target = getattr(state, name)
            weights = target[self.runs, : self._ends[0]].reshape(len(self.runs) * self.widths[0], -1)
            weights[:, self.feed.used] = self.weights[place].numpy()
            target[self.runs, : self._ends[0]] = weights.reshape(len(self.runs), -1)
            target[self.runs, slice(*self._ends)] = self.biases[place]
            target[self.runs, self._ends[1] :] = self.rest[place]
