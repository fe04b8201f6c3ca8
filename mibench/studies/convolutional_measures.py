# SPDX-License-Identifier: Apache-2.0
"""`mibench.studies.measures` of convolutional networks whose layers are not rounded: by torch, noise left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.networks.convolutional import Convolutional
from mibench.networks.convolutional_forward import activations
from mibench.networks.starts import check_data
from mibench.networks.trajectory import Trajectory
from mibench.studies.planes.contract import Progress
from mibench.studies.results import Measures

__all__ = ["convolutional_measures"]

_ROWS = 10_000  # at once


def convolutional_measures(
    trajectory: Trajectory,
    inputs: NDArray[Any],
    labels: NDArray[Any],
    *,
    points: NDArray[np.int64],
    progress: Progress = lambda share: None,
) -> Measures:
    """Loss, accuracy and extremes of all runs at some recorded epochs.

    Parameters
    ----------
    trajectory : Trajectory
        Of a `Convolutional` without bits.
    inputs, labels : ndarray, shapes (N, side * side), (N,)
        The whole set; labels are the true classes, whatever was trained on.
    points : ndarray of int64
        Places on the second axis of ``trajectory.parameters``.
    progress : callable
        Called with the share that is done, from 0 to 1.

    Raises
    ------
    InputError
        If inputs or labels are not for the network.
    """
    network = trajectory.network
    rows, said = check_data(network, inputs, labels, trajectory.dtype)
    shape = (trajectory.n_runs, len(points))
    loss, accuracy = np.full((*shape, 2), np.nan), np.full((*shape, 2), np.nan)
    extremes = np.empty((*shape, network.n_layers, 2))
    for r in range(trajectory.n_runs):
        trained = np.zeros(len(rows), dtype=np.bool_)
        trained[trajectory.train[r]] = True
        for p, point in enumerate(points):
            parts = [*_seen(network, trajectory.parameters[r, point], rows)]
            logs = np.concatenate([each for each, _ in parts]).astype(np.float64)
            bounds = np.stack([limits for _, limits in parts])
            extremes[r, p, :, 0], extremes[r, p, :, 1] = bounds[..., 0].min(axis=0), bounds[..., 1].max(axis=0)
            for which, those in enumerate((trained, ~trained)):
                if those.any():
                    loss[r, p, which] = -logs[those, said[those]].mean()
                    accuracy[r, p, which] = (logs[those].argmax(axis=1) == said[those]).mean()
            progress((r * len(points) + p + 1) / (shape[0] * shape[1]))
    return Measures(trajectory.epochs[points], loss, accuracy, extremes)


def _seen(
    network: Convolutional, parameters: NDArray[Any], rows: NDArray[Any]
) -> Iterator[tuple[NDArray[Any], NDArray[np.float64]]]:
    """Logarithms of the softmax of some rows at a time, and each layer's least and most."""
    for begin in range(0, len(rows), _ROWS):
        layers = activations(network, parameters, rows[begin : begin + _ROWS])
        yield layers[-1], _limits(layers)


def _limits(layers: list[NDArray[Any]]) -> NDArray[np.float64]:
    return np.array([(layer.min(), layer.max()) for layer in layers], dtype=np.float64)
