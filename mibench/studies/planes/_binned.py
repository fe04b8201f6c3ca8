# SPDX-License-Identifier: Apache-2.0
"""Planes of binned layers, many parameter vectors side by side: forward pass, bins and counts in one compiled function.

A layer is evaluated on the distinct values of the layer before, each once, as for exact planes; its bins are counted
beside and passed on to nothing: the network does not see them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from mibench.contracts import InputError
from mibench.networks.counts import counted, distinct_pairs, expected_null, merged, new_tables, shares_of
from mibench.networks.exact_inputs import checked_inputs, prepared_parameters
from mibench.networks.exact_pass import HIDDEN, layer_pass, settings
from mibench.networks.information import information_of_joint
from mibench.networks.trajectory import Trajectory
from mibench.numerics.exact_logs import exact_logs
from mibench.studies.planes._codes import Rule, binned
from mibench.studies.planes.vectors import in_parts
from mibench.studies.results import Plane

__all__ = ["binned_plane"]


@njit(cache=True, parallel=True)
def _planes(
    every: Any,
    ranges: Any,
    columns: Any,
    joint: Any,
    widths: Any,
    chosen: Any,
    total: int,
    high: Any,
    low: Any,
    high_bits: int,
    low_bits: int,
    shares: Any,
    rule: Any,
    limits: Any,
    found: Any,
    null: Any,
) -> None:
    """Fill `found`, shape (vectors, L, 2), NaN where the rule does not suit, and `null`, (vectors, L)."""
    rows = columns.shape[1]
    kind, last, mode, bits = chosen
    for vector in prange(every.shape[0]):
        parameters = every[vector]
        x, counts, n, at = columns, joint, rows, 0
        tables = new_tables(rows)
        for layer in range(widths.size - 1):
            inputs, units = widths[layer], widths[layer + 1]
            weights = parameters[at : at + units * inputs].reshape((units, inputs))
            at += units * inputs
            bias = parameters[at : at + units]
            at += units
            output = last if layer == widths.size - 2 else HIDDEN
            z = np.empty((units, n), every.dtype)
            words = layer_pass(x, n, weights, bias, kind, output, mode, bits, ranges[vector, layer], z)
            x, counts, n = merged(z, words, counts, n, tables)
            bins, suits = binned(x, n, rule, limits[vector, layer, 0], limits[vector, layer, 1])
            of_bins, distinct = counted(bins, counts, n, tables)
            i_x, i_y = information_of_joint(of_bins, distinct, total, high, low, high_bits, low_bits)
            found[vector, layer, 0] = i_x if suits else np.nan
            found[vector, layer, 1] = i_y if suits else np.nan
            null[vector, layer] = expected_null(of_bins, distinct, shares)


def binned_plane(
    trajectory: Trajectory,
    inputs: NDArray[Any],
    labels: NDArray[Any],
    runs: NDArray[np.int64],
    points: NDArray[np.int64],
    rule: Rule,
    limits: NDArray[np.float64],
    progress: Callable[[float], None],
) -> Plane:
    """The plane of some runs and points by one rule.

    Parameters
    ----------
    limits : ndarray, shape (runs, L, 2)
        Range of each layer, over all points; NaN where an end is the layer's own, point by point.

    Raises
    ------
    InputError
        If a value is below the rule's floor, or inputs, labels and network do not fit.
    """
    network = trajectory.network
    found = np.empty((len(runs) * len(points), network.n_layers, 2))
    null = np.empty(found.shape[:-1])
    rows, largest = checked_inputs(network, inputs, trajectory.dtype)
    columns, joint = distinct_pairs(rows, labels)
    logs, shares = exact_logs(len(rows)), shares_of(joint)
    for part in in_parts(trajectory, runs, points, progress):
        leading = (len(part.parameters),)
        parameters, ranges = prepared_parameters(network, part.parameters, largest, part.ranges, leading)
        _planes(
            parameters,
            ranges,
            columns,
            joint,
            np.array(network.widths),
            settings(network),
            len(rows),
            *logs,
            shares,
            rule,
            limits[np.arange(part.at.start, part.at.stop) // len(points)],
            found[part.at],
            null[part.at],
        )
        if np.isnan(found[part.at]).any():
            raise InputError(f"floor is {rule.floor:g}, and a layer has lower values: give the least one, or none")
    shape = (len(runs), len(points), network.n_layers)
    return Plane("", trajectory.epochs[points], np.asarray(runs), found.reshape(*shape, 2), null.reshape(shape))
