# SPDX-License-Identifier: Apache-2.0
"""What exact evaluation needs of parameters, inputs and ranges, checked; the inputs' distinct rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError
from mibench.networks.quantisers import start_ranges
from mibench.networks.spec import Network
from mibench.numerics.hashing import bytes_as_words, empty_slots, number_rows

__all__ = ["distinct_inputs", "prepared"]


def prepared(
    network: Network,
    parameters: NDArray[Any],
    inputs: NDArray[Any],
    ranges: NDArray[Any] | None,
    leading: tuple[int, ...],
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.float64]]:
    """Checked parameters, shape (*leading, P), inputs of their type, ranges of shape (*leading, L, 4).

    Raises
    ------
    InputError
        As `mibench.networks.forward.evaluate`.
    """
    if network.noise:
        raise InputError(
            f"noise is {network.noise}: layers of a noisy network are no functions of the input and have no exact "
            "codes; see mibench.networks.noisy"
        )
    parameters, inputs = np.asarray(parameters), np.asarray(inputs)
    for name, values, shape in (
        ("parameters", parameters, (*leading, network.n_parameters)),
        ("inputs", inputs, (len(inputs) if inputs.ndim else 0, network.widths[0])),
    ):
        if values.shape != shape or (name == "inputs" and not values.size):
            raise InputError(f"{name} have shape {values.shape}: give {shape}, at least one row")
        whole = name == "inputs" and values.dtype.kind in "biu"  # taken as they are: pixels are not divided
        if values.dtype not in (np.float32, np.float64) and not whole:
            raise InputError(f"{name} hold {values.dtype} values: give float32 or float64")
        if not np.isfinite(values).all():
            raise InputError(f"{name} hold NaN or infinity: give finite numbers")
    inputs = inputs.astype(parameters.dtype, copy=False)
    _check_sizes(network, parameters, inputs)
    shape = (*leading, network.n_layers, 4)
    if ranges is None:
        if network.mode == "tfmot":
            raise InputError(
                "mode 'tfmot' clips to remembered ranges: give those of the trained state (State.ranges), or before "
                "training mibench.networks.quantisers.start_ranges"
            )
        every = parameters.reshape(-1, network.n_parameters)
        ranges = start_ranges(network, every).reshape(shape)
    ranges = np.asarray(ranges, dtype=np.float64)
    if ranges.shape != shape or not np.isfinite(ranges).all():
        raise InputError(f"ranges have shape {ranges.shape}: give finite numbers of shape {shape}")
    return np.ascontiguousarray(parameters), inputs, ranges


def distinct_inputs(inputs: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """Columns of the distinct rows, shape (d, u), and which one each row is, shape (N,)."""
    n = len(inputs)
    inputs = inputs + inputs.dtype.type(0.0)  # makes -0 a 0
    ids, first = np.empty(n, np.int32), np.empty(n, np.int32)
    distinct = number_rows(bytes_as_words(inputs), n, empty_slots(n), ids, first)
    if distinct < n:
        inputs = inputs[first[:distinct]]
    return np.ascontiguousarray(inputs.T), ids


def _check_sizes(network: Network, parameters: NDArray[Any], inputs: NDArray[Any]) -> None:
    """No sum can overflow: activations are no larger than what they are of, so a bound is that of linear layers."""
    bound = np.full((*parameters.shape[:-1], network.widths[0]), np.abs(inputs).max(), dtype=np.float64)
    with np.errstate(over="ignore"):
        for weights, bias in network.layers(parameters):
            bound = np.einsum("...ji,...i->...j", np.abs(weights), bound) + np.abs(bias)
    if not (bound < np.finfo(parameters.dtype).max / 4).all():
        raise InputError(f"parameters are so large that sums of {parameters.dtype} could overflow: give smaller ones")
