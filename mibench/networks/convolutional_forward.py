# SPDX-License-Identifier: Apache-2.0
"""Values of every layer of a convolutional network on given images, in torch, some rows at a time.

Sums of equal rows may differ in the last bit with their place: codes that must not are those of
`mibench.networks.convolutional_exact`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from mibench.contracts import InputError
from mibench.networks.convolutional import Convolutional
from mibench.networks.convolutional_exact import evaluate
from mibench.numerics.checks import as_generator

if TYPE_CHECKING:
    from mibench.contracts import RandomLike

__all__ = ["activations"]

_LEAK = 0.01
_AT_ONCE = 1 << 22  # numbers of a chunk's largest layer


def activations(
    network: Convolutional, parameters: NDArray[Any], rows: NDArray[Any], rng: RandomLike = None
) -> list[NDArray[np.float32]]:
    """Values of T_1 to T_L; the last are logarithms of the softmax, or the softmax where layers are rounded.

    Parameters
    ----------
    network : Convolutional
        One with `bits` is rounded on the ranges of these rows.
    parameters : ndarray, shape (P,)
    rows : ndarray, shape (N, side * side)
    rng : Generator or int, optional
        Source of the network's noise, drawn anew for each row and layer, the image too; where it is not given, the
        noise is left out. The first rows' draws do not depend on how many there are. Nothing is dropped out.

    Returns
    -------
    list of ndarray of float32, shapes (N, network.widths[l])
        A block's are those after its activation, as (channels, side, side); of a noisy network what each layer makes of
        what it reads with noise, before the noise that the next one adds.

    Raises
    ------
    InputError
        If shapes are not these.
    """
    parameters, rows = np.asarray(parameters, dtype=np.float32), np.asarray(rows, dtype=np.float32)
    if rows.ndim != 2 or rows.shape[1] != network.widths[0]:
        raise InputError(
            f"rows have shape {rows.shape}: give (N, {network.widths[0]}), images of {network.side} a side"
        )
    if parameters.shape != (network.n_parameters,):
        raise InputError(f"parameters have shape {parameters.shape}: give ({network.n_parameters},)")
    if network.bits is not None:
        return [layer.values[layer.member] for layer in evaluate(network, parameters, rows)]
    layers = [tuple(torch.tensor(part) for part in layer) for layer in network.layers(parameters)]
    noise = as_generator(rng).spawn(network.n_layers) if network.noise and rng is not None else []
    found = [np.empty((len(rows), width), dtype=np.float32) for width in network.widths[1:]]
    size = max(1, _AT_ONCE // _largest(network))
    for start in range(0, len(rows), size):
        here = slice(start, min(start + size, len(rows)))
        x = torch.from_numpy(rows[here])
        for layer, (weights, bias) in enumerate(layers):
            if noise:
                x = _noisy(network, x, noise[layer])
            x = _layer(network, layer, x, weights, bias)
            found[layer][here] = x.numpy()
    return found


def _layer(network: Convolutional, layer: int, x: Tensor, weights: Tensor, bias: Tensor) -> Tensor:
    """Values of a layer, counted from 0, of rows of the layer before."""
    if layer < len(network.channels):
        side, read = network.sides[layer], network.reads[layer]
        images = x.view(len(x), weights.shape[1], side, side)[:, :, :read, :read]
        # channels last, and halves of a maximum: both are done several times as fast for few channels
        images = images.contiguous(memory_format=torch.channels_last)
        x = _pooled(functional.conv2d(images, weights.contiguous(memory_format=torch.channels_last), bias)).flatten(1)
    else:
        x = functional.linear(x, weights, bias)
    if layer == network.n_layers - 1:
        return functional.log_softmax(x, dim=1)
    return functional.relu(x) if network.activation == "relu" else functional.leaky_relu(x, _LEAK)


def _pooled(x: Tensor) -> Tensor:
    """The greatest of each 2 x 2, of sides that are even."""
    x = torch.maximum(x[:, :, ::2], x[:, :, 1::2])
    return torch.maximum(x[..., ::2], x[..., 1::2])


def _noisy(network: Convolutional, x: Tensor, rng: np.random.Generator) -> Tensor:
    normals = network.noise * torch.from_numpy(rng.standard_normal(x.shape, dtype=np.float32))
    return x + (normals if network.noise_kind == "additive" else normals * x)


def _largest(network: Convolutional) -> int:
    """Numbers of an image in its largest layer, sums before pooling among them."""
    sums = (channels * (2 * side) ** 2 for channels, side in zip(network.channels, network.sides[1:], strict=True))
    return max(*network.widths, *sums)
