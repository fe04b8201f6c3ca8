# SPDX-License-Identifier: Apache-2.0
"""Layers of noisy networks (Goldfeld et al., ICML 2019): every hidden unit adds normal noise to what it gives on.

A layer is T = S + s Z with Z standard normal; S, its centre, is what the layer makes of the noisy layer before it. Of
the first layer the centre is a function of the input, of later ones it is random. The output has no noise of its own:
the logits of two classes are read through their difference, of which the softmax is a function that loses nothing, and
given the centre of the last hidden layer that difference is normal.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError
from mibench.networks.activations import activate
from mibench.networks.spec import Network

__all__ = ["centres", "layer_noise", "layer_width"]

Array = NDArray[np.float64]
_AT_ONCE = 1 << 19  # passes through the network that are held at a time


def layer_width(network: Network, layer: int) -> int:
    """Numbers that `centres` gives for `layer`: its units, 1 for the output of two classes."""
    _check(network, layer)
    return 1 if layer == network.n_layers else network.widths[layer]


def layer_noise(network: Network, parameters: NDArray[Any], layer: int) -> float:
    """Standard deviation of a layer's noise: the network's, or that of the difference of its two logits."""
    _check(network, layer)
    if layer < network.n_layers:
        return network.noise
    return network.noise * float(np.linalg.norm(_difference(network, parameters)[0]))


def centres(
    network: Network,
    parameters: NDArray[Any],
    inputs: NDArray[Any],
    layer: int,
    replicas: int,
    rng: np.random.Generator,
) -> Array:
    """Independent draws of a layer's centre given each input.

    Parameters
    ----------
    network : Network
        With ``noise`` above 0.
    parameters : ndarray, shape (P,)
    inputs : ndarray, shape (n, widths[0])
    layer : int
        From 1; ``network.n_layers`` is the difference of the two logits.
    replicas : int
        r, draws for each input.
    rng : Generator

    Returns
    -------
    ndarray of float64, shape (n, r, units)

    Raises
    ------
    InputError
        If the network has no noise, no such layer, or an output of other than two classes that is asked for.
    """
    _check(network, layer)
    n, first = len(inputs), np.asarray(inputs, dtype=np.float64)
    out = np.empty((n, replicas, layer_width(network, layer)))
    rows = max(1, _AT_ONCE // replicas)
    for start in range(0, n, rows):
        block = slice(start, min(start + rows, n))
        out[block] = _pass(network, parameters, first[block], layer, replicas, rng)
    return out


def _pass(
    network: Network, parameters: NDArray[Any], inputs: Array, layer: int, replicas: int, rng: np.random.Generator
) -> Array:
    hidden = network.layers(np.asarray(parameters, dtype=np.float64))[: min(layer, network.n_layers - 1)]
    centre = np.empty(0)
    for number, (weights, bias) in enumerate(hidden):
        values = inputs[:, None] if number == 0 else centre + network.noise * rng.standard_normal(centre.shape)
        centre = activate(network.activation, values @ weights.T + bias)
        if number == 0:
            centre = np.repeat(centre, replicas, axis=1)
    if layer < network.n_layers:
        return centre
    slope, offset = _difference(network, parameters)
    return (centre @ slope + offset)[..., None]


def _difference(network: Network, parameters: NDArray[Any]) -> tuple[Array, float]:
    """The second logit less the first, as a function of the last hidden layer: its slope and its value at 0."""
    weights, bias = network.layers(np.asarray(parameters, dtype=np.float64))[-1]
    return weights[1] - weights[0], float(bias[1] - bias[0])


def _check(network: Network, layer: int) -> None:
    if not network.noise:
        raise InputError("the network has noise 0: its layers are deterministic; see mibench.networks.information")
    if not 1 <= layer <= network.n_layers:
        raise InputError(f"layer is {layer}: give a number from 1 to {network.n_layers}")
    if layer == network.n_layers and (network.output, network.widths[-1]) != ("softmax", 2):
        raise InputError(f"the output has {network.widths[-1]} units of {network.output}: only two classes are read")
