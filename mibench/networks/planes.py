# SPDX-License-Identifier: Apache-2.0
"""Information planes: I(X;T_l) and I(T_l;Y) of every layer, for many parameter vectors of one network at once.

Forward pass, rounding, telling codes apart and counting are one compiled function for each vector, the vectors run side
by side, and no activation is kept. Later layers see the distinct codes of the layer before, often few.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from mibench.networks.counts import distinct_pairs, expected_null, merged, new_tables, shares_of
from mibench.networks.exact_inputs import prepared
from mibench.networks.exact_pass import HIDDEN, layer_pass, settings
from mibench.networks.forward import evaluate
from mibench.networks.information import information_of_joint, layer_information
from mibench.networks.spec import Network
from mibench.numerics.exact_logs import exact_logs

__all__ = ["plane", "plane_and_null", "plane_reference"]


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
    found: Any,
    null: Any,
) -> None:
    """Fill `found`, shape (vectors, L, 2), and `null`, (vectors, L), from parameters of shape (vectors, P)."""
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
            i_x, i_y = information_of_joint(counts, n, total, high, low, high_bits, low_bits)
            found[vector, layer, 0] = i_x
            found[vector, layer, 1] = i_y
            if shares.size:
                null[vector, layer] = expected_null(counts, n, shares)


def plane(
    network: Network,
    parameters: NDArray[Any],
    inputs: NDArray[Any],
    labels: NDArray[Any],
    ranges: NDArray[Any] | None = None,
) -> NDArray[np.float64]:
    """Exact I(X;T_l) and I(T_l;Y) for every parameter vector and layer.

    Parameters
    ----------
    network : Network
    parameters : ndarray of float32 or float64, shape (..., P)
        For example (runs, epochs, P).
    inputs : ndarray of floats, shape (N, widths[0])
        The whole set; its distribution is taken to be the true one. Rows may repeat.
    labels : ndarray of whole numbers, shape (N,)
    ranges : ndarray, shape (..., L, 4), optional
        As for `mibench.networks.forward.evaluate`, one for each vector.

    Returns
    -------
    ndarray, shape (..., L, 2)
        In nats. Non-increasing along L without a tolerance.

    Raises
    ------
    InputError
        As `mibench.networks.forward.evaluate`, or if labels do not match.
    """
    return _plane(network, parameters, inputs, labels, ranges, with_null=False)[0]


def plane_and_null(
    network: Network,
    parameters: NDArray[Any],
    inputs: NDArray[Any],
    labels: NDArray[Any],
    ranges: NDArray[Any] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """As `plane`, and the mean of I(T_l;Y) over all permutations of the labels, shape (..., L), in nats."""
    return _plane(network, parameters, inputs, labels, ranges, with_null=True)


def _plane(
    network: Network,
    parameters: NDArray[Any],
    inputs: NDArray[Any],
    labels: NDArray[Any],
    ranges: NDArray[Any] | None,
    *,
    with_null: bool,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    leading = np.shape(parameters)[:-1]
    parameters, inputs, ranges = prepared(network, parameters, inputs, ranges, leading)
    columns, joint = distinct_pairs(inputs, labels)
    found, null = np.empty((*leading, network.n_layers, 2)), np.empty((*leading, network.n_layers))
    _planes(
        parameters.reshape(-1, network.n_parameters),
        ranges.reshape(-1, network.n_layers, 4),
        columns,
        joint,
        np.array(network.widths),
        settings(network),
        len(inputs),
        *exact_logs(len(inputs)),
        shares_of(joint) if with_null else np.empty(0),
        found.reshape(-1, network.n_layers, 2),
        null.reshape(-1, network.n_layers),
    )
    return found, null


def plane_reference(
    network: Network,
    parameters: NDArray[Any],
    inputs: NDArray[Any],
    labels: NDArray[Any],
    ranges: NDArray[Any] | None = None,
) -> NDArray[np.float64]:
    """What `plane` computes, vector by vector and layer by layer."""
    found = np.empty((*parameters.shape[:-1], network.n_layers, 2))
    for at in np.ndindex(*parameters.shape[:-1]):
        layers = evaluate(network, parameters[at], inputs, None if ranges is None else ranges[at])
        found[at] = [layer_information(layer, labels) for layer in layers]
    return found
