# SPDX-License-Identifier: Apache-2.0
"""What a run starts from: weights, training rows, labels and keys, each a function of (seed, run, attempt) alone.

So run r is the same whatever the number of runs, and starts alike under any optimiser and any size of batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError
from mibench.datasets import splits
from mibench.networks.convolutional import AnyNetwork, Convolutional
from mibench.networks.initial import initial
from mibench.networks.quantisers import start_ranges
from mibench.networks.spec import Training
from mibench.networks.state import Rows, State

__all__ = ["Start", "check_data", "start"]

_INIT, _SPLIT, _LABELS, _PREFIT, _KEYS = range(5)  # what a run draws, each from its own stream


@dataclass(frozen=True)
class Start:
    """Runs before any step: their state, what they are trained on, and on what during `Training.prefit`."""

    state: State
    rows: Rows
    prefit: Rows


def check_data(network: AnyNetwork, inputs: Any, labels: Any, dtype: str) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Inputs of `dtype` and labels of int64.

    Raises
    ------
    InputError
        For shapes that do not fit, inputs that are not finite, labels that are no classes of the network.
    """
    if dtype not in ("float32", "float64"):
        raise InputError(f"dtype is {dtype!r}: give 'float32' or 'float64'")
    x, y = np.asarray(inputs), np.asarray(labels)
    if x.ndim != 2 or x.dtype.kind not in "biuf" or x.shape[1] != network.widths[0] or len(x) < 2:
        raise InputError(
            f"inputs have shape {x.shape} and are of {x.dtype}: give numbers of shape (rows, {network.widths[0]}), "
            "at least two rows; images as one line each"
        )
    if not np.isfinite(x).all():
        raise InputError(f"inputs have {int((~np.isfinite(x)).sum())} values that are not finite: leave such rows out")
    if y.shape != x.shape[:1] or y.dtype.kind not in "biu":
        raise InputError(
            f"labels have shape {y.shape} and are of {y.dtype}: give a whole number for each of {len(x)} rows"
        )
    classes = 2 if network.output == "sigmoid" else network.widths[-1]
    if y.min() < 0 or y.max() >= classes:
        raise InputError(
            f"labels go from {y.min()} to {y.max()}: give classes from 0 to {classes - 1}, as many as outputs"
        )
    return np.ascontiguousarray(x, dtype=dtype), y.astype(np.int64)


def start(
    network: AnyNetwork,
    training: Training,
    inputs: NDArray[Any],
    labels: NDArray[np.int64],
    seed: int,
    runs: list[tuple[int, int]],
) -> Start:
    """The start of runs (number, attempt), of checked data.

    Raises
    ------
    InputError
        If the rows cannot be split as asked, or the network not be trained so.
    """
    if training.orthonormal and isinstance(network, Convolutional):
        raise InputError(
            f"orthonormal is {training.orthonormal:g} and the network convolutional: that step is one of fully "
            "connected layers; leave it at 0"
        )
    parameters, train, said, said_before, keys = [], [], [], [], []
    for run, attempt in runs:
        own = (run, attempt)
        parameters.append(initial(network, training.init, _generator(seed, *own, _INIT)))
        shared = training.fixed_split or training.shared_order
        rows = _split(training, labels, _generator(seed, *(() if shared else own), _SPLIT))
        to_learn = labels if training.labels == "true" else splits.random(labels, _generator(seed, *own, _LABELS))
        train.append(rows)
        said.append(to_learn[rows])
        if training.prefit:
            to_learn = splits.shuffled(to_learn, rows, _generator(seed, *own, _PREFIT))
        said_before.append(to_learn[rows])
        of_order = _seeds(seed, *(() if training.shared_order else own), _KEYS).generate_state(1, np.uint64)
        keys.append([of_order[0], _seeds(seed, *own, _KEYS).generate_state(2, np.uint64)[1]])
    flat = np.stack(parameters).astype(inputs.dtype)
    state = State(
        0,
        0,
        flat,
        np.zeros_like(flat),
        np.zeros_like(flat),
        start_ranges(network, flat),
        np.array(keys, dtype=np.uint64),
    )
    index = np.stack(train)
    return Start(state, Rows(inputs, index, np.stack(said)), Rows(inputs, index, np.stack(said_before)))


def _seeds(seed: int, *key: int) -> np.random.SeedSequence:
    return np.random.SeedSequence(seed, spawn_key=key)


def _generator(seed: int, *key: int) -> np.random.Generator:
    return np.random.default_rng(_seeds(seed, *key))


def _split(training: Training, labels: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    if training.fraction == 1.0:
        return np.arange(len(labels))
    if training.split == "first":
        return splits.first(len(labels), training.fraction)[0]
    return splits.split(labels, training.fraction, stratified=training.split == "stratified", rng=rng)[0]
