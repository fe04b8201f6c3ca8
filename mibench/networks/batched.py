# SPDX-License-Identifier: Apache-2.0
"""The engine for larger networks and GPUs: all runs in one loop, each operation on all of them, in torch.

Runs never mix: a run's order, noise, ranges and moments are its own, so it ends up with the same parameters, to
rounding, whatever is trained beside it. On one machine with one number of threads results are the same to the bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numba import njit, prange
from numpy.typing import NDArray
from torch import Tensor

from mibench.networks.batched_layout import Optimiser, views
from mibench.networks.batched_passes import Passes
from mibench.networks.spec import Network, Training
from mibench.networks.state import Rows, State
from mibench.numerics import streams
from mibench.numerics.device import pick

__all__ = ["Batched"]


class Batched:
    """Trains R networks at once.

    Under ``shared_order`` the training rows of all runs are those of the first.

    Parameters
    ----------
    device : torch.device or str, optional
        By default the one that the environment variable ``MIBENCH_DEVICE`` names, else the CPU.

    Raises
    ------
    InputError
        Where the environment names a device that is not there.
    """

    def __init__(self, device: torch.device | str | None = None) -> None:
        self.device = pick("cpu") if device is None else torch.device(device)

    def advance(
        self, network: Network, training: Training, state: State, rows: Rows, epochs: int
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """As `mibench.networks.state.Engine.advance`."""
        with torch.no_grad():
            feed = _Feed(network, training, state, rows, self.device)
            optimiser = Optimiser(network, training, state, self.device)
            ranges = torch.tensor(state.ranges, device=self.device)
            passes = Passes(network, optimiser.layers, views(network, optimiser.gradient), ranges)
            loss = torch.zeros((epochs, len(state.keys)), dtype=torch.float64, device=self.device)
            right = torch.zeros_like(loss)
            for epoch in range(epochs):
                passes.start_epoch()
                for inputs, labels, noise in feed.batches(state.epoch + epoch):
                    each, is_right = passes.run(inputs, labels, noise)
                    optimiser.step()
                    loss[epoch] += each.sum(1)
                    right[epoch] += is_right.sum(1)
                passes.end_epoch()
            optimiser.write(state)
        state.ranges[...] = ranges.cpu().numpy()
        state.epoch += epochs
        n = rows.labels.shape[1]
        return _means(loss, n), _means(right, n)


class _Feed:
    """The batches of an epoch: inputs, labels and noise as `Passes.run` takes them."""

    def __init__(self, network: Network, training: Training, state: State, rows: Rows, device: torch.device) -> None:
        self.network, self.training = network, training
        self.order_keys, self.noise_keys = state.keys.T
        self.dtype, self.device = torch.from_numpy(state.parameters).dtype, device
        self.inputs = torch.from_numpy(rows.inputs).to(device)
        self.train = torch.from_numpy(rows.train[:1] if training.shared_order else rows.train).to(device)
        self.labels = torch.from_numpy(rows.labels).to(device)

    def batches(self, epoch: int) -> Iterator[tuple[Tensor, Tensor, list[Tensor]]]:
        n = self.labels.shape[1]
        train, labels = self.train, self.labels
        if self.training.shuffle:
            order = torch.from_numpy(_orders(self.order_keys[: len(train)], epoch, n)).to(self.device)
            train, labels = train.gather(1, order), labels.gather(1, order.expand(len(labels), n))
        size = self.training.batch or n
        for step, at in enumerate(range(0, n, size)):
            those = train[:, at : at + size]
            found = self.inputs.index_select(0, those.flatten())  # indexing is 10 times slower
            inputs = found if self.training.shared_order else found.view(*those.shape, -1)
            yield inputs.mT, labels[:, at : at + size], self._noise(epoch, step, those.shape[1])

    def _noise(self, epoch: int, step: int, size: int) -> list[Tensor]:
        if not self.network.noise:
            return []
        found = []
        for layer, units in enumerate(self.network.widths[1:-1], start=1):
            normals = torch.empty((len(self.noise_keys), units, size), dtype=self.dtype)
            _fill(self.noise_keys, epoch, step, layer, normals.numpy())
            found.append(normals.to(self.device).mul_(self.network.noise))
        return found


def _means(sums: Tensor, n: int) -> NDArray[Any]:
    return (sums.T / n).cpu().numpy().astype(np.float32)


@njit(cache=True)
def _orders(keys: Any, epoch: int, n: int) -> Any:
    found = np.empty((keys.size, n), dtype=np.int64)
    for run in range(keys.size):
        found[run] = streams.order(keys[run], epoch, n)
    return found


@njit(cache=True, parallel=True)
def _fill(keys: Any, epoch: int, step: int, layer: int, out: Any) -> None:
    for run in prange(keys.size):
        streams.normals(keys[run], epoch, step, layer, out[run])
