# SPDX-License-Identifier: Apache-2.0
"""What exact evaluation needs of parameters, inputs and ranges, checked; the inputs' distinct rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError
from mibench.networks.convolutional import AnyNetwork
from mibench.networks.quantisers import start_ranges
from mibench.numerics.hashing import bytes_as_words, empty_slots, number_rows

__all__ = [
    "checked_inputs",
    "checked_parameters",
    "distinct_inputs",
    "distinct_rows",
    "prepared",
    "prepared_parameters",
]


def prepared(
    network: AnyNetwork,
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
    parameters = checked_parameters(network, parameters, leading)
    inputs, largest = checked_inputs(network, inputs, parameters.dtype)
    parameters, ranges = prepared_parameters(network, parameters, largest, ranges, leading)
    return parameters, inputs, ranges


def checked_inputs(network: AnyNetwork, inputs: NDArray[Any], dtype: Any) -> tuple[NDArray[Any], float]:
    """Inputs as `dtype`, and the largest size of their numbers.

    Raises
    ------
    InputError
        As `mibench.networks.forward.evaluate`.
    """
    inputs = np.asarray(inputs)
    shape = (len(inputs) if inputs.ndim else 0, network.widths[0])
    if inputs.shape != shape or not inputs.size:
        raise InputError(f"inputs have shape {inputs.shape}: give {shape}, at least one row")
    if inputs.dtype not in (np.float32, np.float64) and inputs.dtype.kind not in "biu":  # pixels are not divided
        raise InputError(f"inputs hold {inputs.dtype} values: give float32 or float64")
    ends = float(inputs.min()), float(inputs.max())  # NaN if there is one
    if not np.isfinite(ends).all():
        raise InputError("inputs hold NaN or infinity: give finite numbers")
    return inputs.astype(dtype, copy=False), max(abs(end) for end in ends)


def prepared_parameters(
    network: AnyNetwork,
    parameters: NDArray[Any],
    largest: float,
    ranges: NDArray[Any] | None,
    leading: tuple[int, ...],
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Checked parameters, shape (*leading, P), and ranges, (*leading, L, 4), for inputs no larger than `largest`.

    Raises
    ------
    InputError
        As `mibench.networks.forward.evaluate`.
    """
    parameters = checked_parameters(network, parameters, leading)
    _check_sizes(network, parameters, largest)
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
    return np.ascontiguousarray(parameters), ranges


def checked_parameters(network: AnyNetwork, parameters: NDArray[Any], leading: tuple[int, ...]) -> NDArray[Any]:
    """Parameters, shape (*leading, P), finite floats, of a network without noise.

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
    parameters, shape = np.asarray(parameters), (*leading, network.n_parameters)
    if parameters.shape != shape:
        raise InputError(f"parameters have shape {parameters.shape}: give {shape}")
    if parameters.dtype not in (np.float32, np.float64):
        raise InputError(f"parameters hold {parameters.dtype} values: give float32 or float64")
    if not np.isfinite(parameters).all():
        raise InputError("parameters hold NaN or infinity: give finite numbers")
    return parameters


def distinct_rows(inputs: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """The distinct rows in order of appearance, shape (u, d), and which one each row is, shape (N,)."""
    n = len(inputs)
    if np.signbit(inputs).any():
        inputs = inputs + inputs.dtype.type(0.0)  # makes -0 a 0
    ids, first = np.empty(n, np.int32), np.empty(n, np.int32)
    distinct = number_rows(bytes_as_words(inputs), n, empty_slots(n), ids, first)
    return inputs if distinct == n else inputs[first[:distinct]], ids


def distinct_inputs(inputs: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """Columns of the distinct rows, shape (d, u), and which one each row is, shape (N,)."""
    rows, ids = distinct_rows(inputs)
    return np.ascontiguousarray(rows.T), ids


def _check_sizes(network: AnyNetwork, parameters: NDArray[Any], largest: float) -> None:
    """No sum can overflow: activations are no larger than what they are of, so a bound is that of linear layers."""
    leading = parameters.shape[:-1]
    bound = np.full((*leading, network.shapes[0][1]), largest, dtype=np.float64)
    with np.errstate(over="ignore"):
        for weights, bias in network.layers(parameters):
            size = np.abs(weights).sum(axis=tuple(range(len(leading) + 2, weights.ndim)))  # over the taps of a filter
            bound = np.repeat(bound, size.shape[-1] // bound.shape[-1], axis=-1)  # of a block's channels, its values
            bound = np.einsum("...ji,...i->...j", size, bound) + np.abs(bias)
    if not (bound < np.finfo(parameters.dtype).max / 4).all():
        raise InputError(f"parameters are so large that sums of {parameters.dtype} could overflow: give smaller ones")
