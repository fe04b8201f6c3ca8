# SPDX-License-Identifier: Apache-2.0
"""Least and greatest value of every layer, at every recorded epoch of a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from mibench.networks.exact_inputs import checked_inputs, distinct_inputs, prepared_parameters
from mibench.networks.exact_pass import HIDDEN, layer_pass, settings, value_range
from mibench.networks.trajectory import Trajectory
from mibench.studies.planes.vectors import in_parts

__all__ = ["extremes", "passed"]


@njit(cache=True, nogil=True)
def passed(parameters: Any, ranges: Any, columns: Any, widths: Any, chosen: Any, found: Any) -> Any:
    """Fill `found`, shape (L, 2); returns the columns that the output layer sees."""
    kind, last, mode, bits = chosen
    x, n, at = columns, columns.shape[1], 0
    seen = x
    for layer in range(widths.size - 1):
        inputs, units = widths[layer], widths[layer + 1]
        weights = parameters[at : at + units * inputs].reshape((units, inputs))
        at += units * inputs
        bias = parameters[at : at + units]
        at += units
        output = last if layer == widths.size - 2 else HIDDEN
        z = np.empty((units, n), x.dtype)
        layer_pass(x, n, weights, bias, kind, output, mode, bits, ranges[layer], z)
        found[layer, 0], found[layer, 1] = value_range(z, n)
        seen, x = x, z
    return seen


@njit(cache=True, parallel=True)
def _extremes(every: Any, ranges: Any, columns: Any, widths: Any, chosen: Any, found: Any) -> None:
    for vector in prange(every.shape[0]):
        passed(every[vector], ranges[vector], columns, widths, chosen, found[vector])


def extremes(
    trajectory: Trajectory, inputs: NDArray[Any], runs: NDArray[np.int64], progress: Callable[[float], None]
) -> NDArray[np.float64]:
    """Of some runs at all their recorded epochs, shape (runs, points, L, 2)."""
    network, points = trajectory.network, np.arange(len(trajectory.epochs))
    found = np.empty((len(runs) * len(points), network.n_layers, 2))
    rows, largest = checked_inputs(network, inputs, trajectory.dtype)
    columns = distinct_inputs(rows)[0]
    for part in in_parts(trajectory, runs, points, progress):
        leading = (len(part.parameters),)
        parameters, ranges = prepared_parameters(network, part.parameters, largest, part.ranges, leading)
        _extremes(parameters, ranges, columns, np.array(network.widths), settings(network), found[part.at])
    return found.reshape(len(runs), len(points), network.n_layers, 2)
