# SPDX-License-Identifier: Apache-2.0
"""Losses, accuracies and extremes of a trajectory at its recorded epochs, in one pass over all inputs.

Logits are those that training reads (`mibench.networks.quantisers`): of a ``paper`` network unrounded, made of rounded
hidden values; of ``tfmot`` and ``instant`` rounded. Hidden values are rounded as they are after training.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from mibench.networks.activations import code
from mibench.networks.exact_inputs import prepared
from mibench.networks.exact_pass import HIDDEN, layer_pass, settings
from mibench.networks.spec import MODES
from mibench.networks.starts import check_data
from mibench.networks.trajectory import Trajectory
from mibench.studies.planes.contract import Progress
from mibench.studies.planes.extremes import passed
from mibench.studies.planes.vectors import in_parts
from mibench.studies.results import Measures

__all__ = ["measures"]

_LINEAR, _PAPER, _EXACT = code("linear"), MODES.index("paper"), MODES.index("float32-exact")


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


@njit(cache=True, parallel=True)
def _measure(
    every: Any,
    ranges: Any,
    columns: Any,
    widths: Any,
    chosen: Any,
    labels: Any,
    trained: Any,
    loss: Any,
    accuracy: Any,
    extremes: Any,
) -> None:
    """Fill `loss` and `accuracy`, shape (vectors, 2), and `extremes`; trained[v, r]: whether row r is trained on."""
    _, _, mode, bits = chosen
    inputs, units = widths[-2], widths[-1]
    n = columns.shape[1]
    for vector in prange(every.shape[0]):
        parameters = every[vector]
        x = passed(parameters, ranges[vector], columns, widths, chosen, extremes[vector])
        at = parameters.size - units * (inputs + 1)
        weights = parameters[at : at + units * inputs].reshape((units, inputs))
        bias = parameters[at + units * inputs :]
        z = np.empty((units, n), every.dtype)
        read = _EXACT if mode == _PAPER else mode  # a linear layer rounded like this one is the logits that loss reads
        layer_pass(x, n, weights, bias, _LINEAR, HIDDEN, read, bits, ranges[vector, -1], z)
        sums, right, rows = np.zeros(2), np.zeros(2), np.zeros(2)
        for r in range(n):
            which = 0 if trained[vector, r] else 1
            cost, said = _row(z, r, labels[r])
            sums[which] += cost
            right[which] += said
            rows[which] += 1.0
        for which in range(2):
            loss[vector, which] = sums[which] / rows[which] if rows[which] else np.nan
            accuracy[vector, which] = right[which] / rows[which] if rows[which] else np.nan


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
    columns = np.ascontiguousarray(rows.T)
    vectors = len(runs) * len(points)
    loss, accuracy, extremes = np.empty((vectors, 2)), np.empty((vectors, 2)), np.empty((vectors, network.n_layers, 2))
    for part in in_parts(trajectory, runs, points, progress):
        parameters, _, ranges = prepared(network, part.parameters, rows, part.ranges, (len(part.parameters),))
        _measure(
            parameters,
            ranges,
            columns,
            np.array(network.widths),
            settings(network),
            said,
            trained[np.arange(part.at.start, part.at.stop) // len(points)],
            loss[part.at],
            accuracy[part.at],
            extremes[part.at],
        )
    shape = (len(runs), len(points))
    return Measures(
        trajectory.epochs[points],
        loss.reshape(*shape, 2),
        accuracy.reshape(*shape, 2),
        extremes.reshape(*shape, network.n_layers, 2),
    )
