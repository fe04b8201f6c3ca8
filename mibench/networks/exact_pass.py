# SPDX-License-Identifier: Apache-2.0
"""One layer of a network on the distinct values of the layer before, compiled: values, and codes packed into words.

Values are columns, shape (units, n), in the float type of the parameters. What becomes of a row does not depend on the
other rows or on its place, to the last bit: sums run over the inputs in order, from the bias on, never through a matrix
product (`mibench.networks.exact_sums`). How sums become values and codes is in `mibench.networks.exact_rounding`.
"""

from __future__ import annotations

from typing import Any

from numba import njit

from mibench.networks.convolutional import AnyNetwork
from mibench.networks.exact_layout import weights_of
from mibench.networks.exact_rounding import code_bits, finish, new_words, used_weights
from mibench.networks.exact_sums import affine, first_sums, later_sums
from mibench.networks.exact_values import HIDDEN, SIGMOID, SOFTMAX, output_columns, value_range
from mibench.networks.spec import ACTIVATIONS, MODES

__all__ = [
    "HIDDEN",
    "SIGMOID",
    "SOFTMAX",
    "code_bits",
    "layer_on",
    "layer_pass",
    "output_columns",
    "settings",
    "value_range",
]


def settings(network: AnyNetwork) -> tuple[int, int, int, int]:
    """The network's activation, output, mode and bits as numbers; 0 bits for none."""
    output = SOFTMAX if network.output == "softmax" else SIGMOID
    return ACTIVATIONS.index(network.activation), output, MODES.index(network.mode), network.bits or 0


@njit(cache=True, nogil=True)
def layer_pass(
    x: Any, n: int, weights: Any, bias: Any, kind: int, output: int, mode: int, bits: int, ranges: Any, z: Any
) -> Any:
    """Evaluate a layer on n rows.

    Parameters
    ----------
    x : columns of the layer before, shape (inputs, n or more)
    weights, bias : shapes (units, inputs) and (units,)
    kind, mode, bits : as `settings` gives them
    output : HIDDEN, SOFTMAX or SIGMOID
    ranges : shape (4,), of float64
        The layer's in `mibench.networks.state.State`.
    z : shape (units, n or more)
        Where the values go: those that the codes stand for.

    Returns
    -------
    words : ndarray of uint64, shape (n, w)
        The codes of a row, packed.
    """
    weights, words = used_weights(weights, kind, output, mode, bits, ranges), new_words(z, n, mode, bits)
    limits = affine(x, n, weights, bias, kind, output, z)
    finish(z, n, limits, (kind, output, mode, bits), ranges, words)
    return words.T


@njit(cache=True, nogil=True)
def layer_on(
    tiles: Any,
    first: int,
    x: Any,
    n: int,
    layer: int,
    shapes: Any,
    parameters: Any,
    chosen: Any,
    ranges: Any,
    z: Any,
    words: Any,
) -> None:
    """Evaluate a layer, counted from 0, of a network of either kind on n rows.

    Parameters
    ----------
    tiles : mibench.networks.exact_layout.Tiles
        The first layer reads their rows from `first` on, a multiple of 16.
    x : columns of the layer before, shape (inputs, n or more); not read by the first layer
    shapes : as `mibench.networks.exact_layout.shapes` gives them
    parameters : shape (P,)
    chosen : activation, what this layer puts out, mode and bits
    ranges, z : as of `layer_pass`
    words : of `mibench.networks.exact_rounding.new_words`, shape (w, n)
        Where the codes go; with no rows they are not made.
    """
    kind, output, mode, bits = chosen
    weights, bias = weights_of(shapes[layer], parameters)
    weights = used_weights(weights.reshape((1, weights.size)), kind, output, mode, bits, ranges).ravel()
    if layer == 0:
        limits = first_sums(tiles, first, n, shapes[0], weights, bias, kind, output, z)
    else:
        limits = later_sums(x, n, shapes[layer], weights, bias, kind, output, z)
    finish(z, n, limits, chosen, ranges, words)
