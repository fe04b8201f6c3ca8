# SPDX-License-Identifier: Apache-2.0
"""Losses, accuracies and extremes of a trajectory at its recorded epochs, in one pass over all inputs.

Logits are those that training reads (`mibench.networks.quantisers`): of a ``paper`` network unrounded, made of rounded
hidden values; of ``tfmot`` and ``instant`` rounded. Hidden values are rounded as they are after training.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from mibench.networks.activations import code
from mibench.networks.exact_inputs import checked_inputs, prepared_parameters
from mibench.networks.exact_layout import UNITS, rooms, shapes, tiled
from mibench.networks.exact_pass import HIDDEN, layer_on, settings, value_range
from mibench.networks.spec import MODES
from mibench.networks.starts import check_data
from mibench.networks.trajectory import Trajectory
from mibench.numerics.workers import side_by_side
from mibench.studies.planes.contract import Progress
from mibench.studies.planes.vectors import in_parts
from mibench.studies.results import Measures

__all__ = ["measures"]

_LINEAR, _PAPER, _EXACT = code("linear"), MODES.index("paper"), MODES.index("float32-exact")
_ROWS = 512  # at once, where no layer is rounded on the range of all


@njit(cache=True, nogil=True)
def _row(z: Any, r: int, label: int) -> Any:
    """Cross-entropy of row r of logits, shape (units, n), and whether the first greatest is the label's."""
    if z.shape[0] == 1:  # a sigmoid's
        value = np.float64(z[0, r])
        loss = max(value, 0.0) - value * label + np.log1p(np.exp(-abs(value)))
        return loss, (value > 0.0) == (label == 1)
    best = 0
    for j in range(1, z.shape[0]):
        if z[j, r] > z[best, r]:
            best = j
    total = 0.0
    for j in range(z.shape[0]):
        total += np.exp(np.float64(z[j, r]) - np.float64(z[best, r]))
    return np.log(total) + (np.float64(z[best, r]) - np.float64(z[label, r])), best == label


@njit(cache=True, nogil=True)
def _at_once(rows: int, mode: int) -> Any:
    """Rows that pass the network together."""
    return min(rows, _ROWS) if mode == _EXACT else rows


@njit(cache=True, nogil=True)
def _of_vector(
    parameters: Any,
    ranges: Any,
    tiles: Any,
    of_layers: Any,
    chosen: Any,
    labels: Any,
    trained: Any,
    values: Any,
    loss: Any,
    accuracy: Any,
    extremes: Any,
) -> None:
    kind, last, mode, bits = chosen
    layers, rows = len(of_layers), tiles.rows
    at_once = _at_once(rows, mode)
    read = _EXACT if mode == _PAPER else mode  # a linear layer rounded like this one is the logits that loss reads
    none = np.empty((0, at_once), np.uint64)
    sums, right, counts = np.zeros(2), np.zeros(2), np.zeros(2)
    extremes[:, 0], extremes[:, 1] = np.inf, -np.inf
    for first in range(0, rows, at_once):
        n = min(at_once, rows - first)
        x = seen = np.empty((0, 0), parameters.dtype)
        for layer in range(layers + 1):  # the last one once more, for its logits
            which, output, rounding = min(layer, layers - 1), last if layer == layers - 1 else HIDDEN, mode
            activation = kind
            if layer == layers:
                x, activation, rounding = seen, _LINEAR, read
            units = of_layers[which, UNITS]
            z = values[which % 2][: units * n].reshape((units, n))
            how = (activation, output, rounding, bits)
            layer_on(tiles, first, x, n, which, of_layers, parameters, how, ranges[which], z, none)
            if layer < layers:
                low, high = value_range(z, n)
                extremes[layer, 0] = min(extremes[layer, 0], low)
                extremes[layer, 1] = max(extremes[layer, 1], high)
            seen, x = x, z
        for r in range(n):
            group = 0 if trained[first + r] else 1
            cost, said = _row(x, r, labels[first + r])
            sums[group] += cost
            right[group] += said
            counts[group] += 1.0
    for group in range(2):
        loss[group] = sums[group] / counts[group] if counts[group] else np.nan
        accuracy[group] = right[group] / counts[group] if counts[group] else np.nan


@njit(cache=True, nogil=True)
def _of_vectors(
    worker: int,
    workers: int,
    every: Any,
    ranges: Any,
    tiles: Any,
    of_layers: Any,
    chosen: Any,
    labels: Any,
    trained: Any,
    loss: Any,
    accuracy: Any,
    extremes: Any,
) -> None:
    """Fill a worker's part of `loss`, `accuracy`, (vectors, 2), and `extremes`; trained[v, r]: is row r trained on."""
    values = rooms(of_layers, _at_once(tiles.rows, chosen[2]), every)
    for v in range(worker, every.shape[0], workers):
        _of_vector(
            every[v],
            ranges[v],
            tiles,
            of_layers,
            chosen,
            labels,
            trained[v],
            values,
            loss[v],
            accuracy[v],
            extremes[v],
        )


def _measure(arguments: tuple[Any, ...], vectors: int) -> None:
    side_by_side(lambda worker, workers: _of_vectors(worker, workers, *arguments), vectors)


def measures(
    trajectory: Trajectory,
    inputs: NDArray[Any],
    labels: NDArray[Any],
    *,
    points: NDArray[np.int64] | None = None,
    progress: Progress = lambda share: None,
) -> Measures:
    """Loss, accuracy and extremes of all runs.

    Parameters
    ----------
    trajectory : Trajectory
        Of a noisy network the noise is left out.
    inputs, labels : ndarray, shapes (N, d), (N,)
        The whole set; labels are the true classes, whatever was trained on.
    points : ndarray of int64, optional
        Places on the second axis of ``trajectory.parameters``; all where not given.
    progress : callable
        Called with the share that is done, from 0 to 1.

    Raises
    ------
    InputError
        If inputs or labels are not for the network.
    """
    network = replace(trajectory.network, noise=0.0)
    rows, said = check_data(network, inputs, labels, trajectory.dtype)
    runs = np.arange(trajectory.n_runs)
    points = np.arange(len(trajectory.epochs)) if points is None else np.asarray(points)
    trained = np.zeros((len(runs), len(rows)), dtype=np.bool_)
    np.put_along_axis(trained, trajectory.train, True, axis=1)
    rows, largest = checked_inputs(network, rows, trajectory.dtype)
    tiles, of_layers = tiled(rows, network), shapes(network)
    vectors = len(runs) * len(points)
    loss, accuracy, extremes = np.empty((vectors, 2)), np.empty((vectors, 2)), np.empty((vectors, network.n_layers, 2))
    for part in in_parts(trajectory, runs, points, progress):
        leading = (len(part.parameters),)
        arguments = (
            *prepared_parameters(network, part.parameters, largest, part.ranges, leading),
            tiles,
            of_layers,
            settings(network),
            said,
            trained[np.arange(part.at.start, part.at.stop) // len(points)],
            loss[part.at],
            accuracy[part.at],
            extremes[part.at],
        )
        _measure(arguments, *leading)
    shape = (len(runs), len(points))
    return Measures(
        trajectory.epochs[points],
        loss.reshape(*shape, 2),
        accuracy.reshape(*shape, 2),
        extremes.reshape(*shape, network.n_layers, 2),
    )
