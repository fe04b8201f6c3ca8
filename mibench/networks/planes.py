# SPDX-License-Identifier: Apache-2.0
"""Information planes: I(X;T_l) and I(T_l;Y) of every layer, for many parameter vectors of one network at once.

Forward pass, rounding, telling codes apart and counting are one compiled function for each vector, the vectors run side
by side, and no activation is kept. Later layers see the distinct codes of the layer before, often few.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from mibench.contracts import InputError
from mibench.networks import convolutional_exact, forward
from mibench.networks.convolutional import AnyNetwork
from mibench.networks.counts import expected_null, merged, new_tables, shares_of, tiled_pairs
from mibench.networks.exact_inputs import checked_inputs, checked_parameters, prepared_parameters
from mibench.networks.exact_layout import UNITS, rooms, shapes
from mibench.networks.exact_pass import HIDDEN, layer_on, settings
from mibench.networks.exact_rounding import new_words
from mibench.networks.information import information_of_joint, layer_information
from mibench.networks.spec import Network
from mibench.numerics.exact_logs import exact_logs
from mibench.numerics.workers import side_by_side

__all__ = ["Planes", "plane", "plane_and_null", "plane_reference"]

_NO_SHARES = np.empty(0)
_NO_SHARES.flags.writeable = False  # of the type that `shares_of` gives: nothing is compiled twice


@njit(cache=True, nogil=True)
def _of_vector(
    parameters: Any,
    ranges: Any,
    tiles: Any,
    joint: Any,
    of_layers: Any,
    chosen: Any,
    total: int,
    logs: Any,
    shares: Any,
    tables: Any,
    values: Any,
    found: Any,
    null: Any,
) -> None:
    kind, last, mode, bits = chosen
    high, low, high_bits, low_bits = logs
    x, counts, n, layers = np.empty((0, 0), parameters.dtype), joint, tiles.rows, len(of_layers)
    for layer in range(layers):
        output = last if layer == layers - 1 else HIDDEN
        units = of_layers[layer, UNITS]
        z = values[layer % 2][: units * n].reshape((units, n))
        words = new_words(z, n, mode, bits)
        how = (kind, output, mode, bits)
        layer_on(tiles, 0, x, n, layer, of_layers, parameters, how, ranges[layer], z, words)
        x, counts, n = merged(z, words.T, counts, n, tables)
        i_x, i_y = information_of_joint(counts, n, total, high, low, high_bits, low_bits)
        found[layer, 0] = i_x
        found[layer, 1] = i_y
        if shares.size:
            null[layer] = expected_null(counts, n, shares)


@njit(cache=True, nogil=True)
def _of_vectors(
    worker: int,
    workers: int,
    every: Any,
    ranges: Any,
    tiles: Any,
    joint: Any,
    of_layers: Any,
    chosen: Any,
    total: int,
    logs: Any,
    shares: Any,
    found: Any,
    null: Any,
) -> None:
    """Fill a worker's part of `found`, (vectors, L, 2), and `null`, (vectors, L), from parameters (vectors, P)."""
    tables, values = new_tables(tiles.rows), rooms(of_layers, tiles.rows, every)
    for v in range(worker, every.shape[0], workers):
        _of_vector(
            every[v], ranges[v], tiles, joint, of_layers, chosen, total, logs, shares, tables, values, found[v], null[v]
        )


class Planes:
    """Exact planes of a network with many parameters on one set, which is checked and laid out once.

    Parameters
    ----------
    network : Network or Convolutional
    inputs, labels : ndarray, shapes (N, widths[0]), (N,)
        As for `plane`.
    dtype : {"float32", "float64"}
        Of the parameters to come.

    Raises
    ------
    InputError
        As `plane`.
    """

    def __init__(self, network: AnyNetwork, inputs: NDArray[Any], labels: NDArray[Any], dtype: Any) -> None:
        self._network, self._dtype = network, np.dtype(dtype)
        rows, self._largest = checked_inputs(network, inputs, self._dtype)
        self._total = len(rows)
        self._tiles, self._joint = tiled_pairs(network, rows, labels)

    def of(
        self, parameters: NDArray[Any], ranges: NDArray[Any] | None = None, *, with_null: bool = True
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """I(X;T_l) and I(T_l;Y), shape (..., L, 2), and what `plane_and_null` adds, (..., L), of parameters (..., P).

        Without `with_null`, the second array holds nothing.
        """
        network, leading = self._network, np.shape(parameters)[:-1]
        parameters, ranges = prepared_parameters(network, parameters, self._largest, ranges, leading)
        if parameters.dtype != self._dtype:
            raise InputError(f"parameters hold {parameters.dtype} values: give {self._dtype}, as was said before")
        found, null = np.empty((*leading, network.n_layers, 2)), np.empty((*leading, network.n_layers))
        arguments = (
            parameters.reshape(-1, network.n_parameters),
            ranges.reshape(-1, network.n_layers, 4),
            self._tiles,
            self._joint,
            shapes(network),
            settings(network),
            self._total,
            tuple(exact_logs(self._total)),
            shares_of(self._joint) if with_null else _NO_SHARES,
            found.reshape(-1, network.n_layers, 2),
            null.reshape(-1, network.n_layers),
        )
        side_by_side(lambda worker, workers: _of_vectors(worker, workers, *arguments), len(arguments[0]))
        return found, null


def plane(
    network: AnyNetwork,
    parameters: NDArray[Any],
    inputs: NDArray[Any],
    labels: NDArray[Any],
    ranges: NDArray[Any] | None = None,
) -> NDArray[np.float64]:
    """Exact I(X;T_l) and I(T_l;Y) for every parameter vector and layer.

    Parameters
    ----------
    network : Network or Convolutional
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
    network: AnyNetwork,
    parameters: NDArray[Any],
    inputs: NDArray[Any],
    labels: NDArray[Any],
    ranges: NDArray[Any] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """As `plane`, and the mean of I(T_l;Y) over all permutations of the labels, shape (..., L), in nats."""
    return _plane(network, parameters, inputs, labels, ranges, with_null=True)


def _plane(
    network: AnyNetwork,
    parameters: NDArray[Any],
    inputs: NDArray[Any],
    labels: NDArray[Any],
    ranges: NDArray[Any] | None,
    *,
    with_null: bool,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    parameters = checked_parameters(network, parameters, np.shape(parameters)[:-1])
    return Planes(network, inputs, labels, parameters.dtype).of(parameters, ranges, with_null=with_null)


def plane_reference(
    network: AnyNetwork,
    parameters: NDArray[Any],
    inputs: NDArray[Any],
    labels: NDArray[Any],
    ranges: NDArray[Any] | None = None,
) -> NDArray[np.float64]:
    """What `plane` computes, vector by vector and layer by layer."""
    evaluate: Any = forward.evaluate if isinstance(network, Network) else convolutional_exact.evaluate
    found = np.empty((*parameters.shape[:-1], network.n_layers, 2))
    for at in np.ndindex(*parameters.shape[:-1]):
        layers = evaluate(network, parameters[at], inputs, None if ranges is None else ranges[at])
        found[at] = [layer_information(layer, labels) for layer in layers]
    return found
