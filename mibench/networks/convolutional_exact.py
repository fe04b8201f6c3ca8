# SPDX-License-Identifier: Apache-2.0
"""What every layer of a convolutional network makes of a finite set of images: as `mibench.networks.forward`.

A block is a function of the values of the layer before, so it too is evaluated on their distinct codes, once for each,
with sums in one order: channel by channel, tap by tap. Layers of a network with bits are rounded in the mode ``paper``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.networks.activations import activate_line, code
from mibench.networks.convolutional import KERNEL, Convolutional
from mibench.networks.exact_inputs import distinct_rows, prepared
from mibench.networks.exact_layout import shapes, tiled
from mibench.networks.exact_pass import HIDDEN, layer_on, output_columns, settings
from mibench.networks.exact_rounding import code_bits, new_words
from mibench.networks.forward import Layer
from mibench.networks.quantisers import level_grid
from mibench.numerics.hashing import empty_slots, number_rows

__all__ = ["evaluate", "evaluate_reference"]


def evaluate(
    network: Convolutional, parameters: NDArray[Any], inputs: NDArray[Any], ranges: NDArray[Any] | None = None
) -> list[Layer]:
    """Layers T_1 to T_L; the values of the last are of the softmax.

    Parameters
    ----------
    network : Convolutional
    parameters : ndarray of float32 or float64, shape (P,)
        Sums, activations and values are in its float type.
    inputs : ndarray of floats, shape (N, side * side)
        Rows may repeat.
    ranges : optional
        Not used: after training, ranges are those of all rows at hand.

    Raises
    ------
    InputError
        As `mibench.networks.forward.evaluate`.
    """
    flat, rows, stored = prepared(network, parameters, inputs, ranges, ())
    rows, member = distinct_rows(rows)
    tiles, of_layers = tiled(rows, network), shapes(network)
    kind, last, mode, bits = settings(network)
    x, n, found = np.empty((0, 0), flat.dtype), len(rows), []
    for layer, units in enumerate(network.widths[1:]):
        z = np.empty((units, n), dtype=flat.dtype)
        words = new_words(z, n, mode, bits)
        how = (kind, HIDDEN if layer < network.n_layers - 1 else last, mode, bits)
        layer_on(tiles, 0, x, n, layer, of_layers, flat, how, stored[layer], z, words)
        ids, first = np.empty(n, np.int32), np.empty(n, np.int32)
        n = number_rows(words.T, n, empty_slots(n), ids, first)
        x, member = np.ascontiguousarray(z[:, first[:n]]), ids[member]
        codes = _unpacked(words[:, first[:n]], units, code_bits(mode, bits, flat.itemsize))
        found.append(Layer(codes, np.ascontiguousarray(x.T), member))
    return found


def evaluate_reference(
    network: Convolutional, parameters: NDArray[Any], inputs: NDArray[Any], ranges: NDArray[Any] | None = None
) -> list[Layer]:
    """What `evaluate` computes, with NumPy and dictionaries, and its elementary functions one number at a time."""
    flat, rows, _ = prepared(network, parameters, inputs, ranges, ())
    x, member = _numbered(rows + flat.dtype.type(0.0))
    found = []
    for layer, (weights, bias) in enumerate(network.layers(flat)):
        hidden = layer < network.n_layers - 1
        z = _greatest(network, layer, x, weights, bias) if weights.ndim == 4 else _sums(x, weights, bias)
        for row in z:
            if hidden:
                for j in range(row.size):
                    activate_line(code(network.activation), row[j : j + 1])
            else:
                output_columns(row[:, None], 1, settings(network)[1])
        z += 0.0
        if network.bits is None:
            codes = z.view(f"u{z.itemsize}").astype(np.int64)
        else:
            grid = level_grid(z.min(), z.max(), network.bits)
            codes = grid.codes(z)
            z = (grid.low + codes * grid.step).astype(z.dtype)
        distinct, ids = _numbered(codes)
        first = np.unique(ids, return_index=True)[1]
        x, member = z[first], ids[member]
        found.append(Layer(distinct, x, member))
    return found


def _sums(x: NDArray[Any], weights: NDArray[Any], bias: NDArray[Any]) -> NDArray[Any]:
    z = np.tile(bias, (len(x), 1))
    for i in range(x.shape[1]):
        z += x[:, i : i + 1] * weights[:, i]
    return z


def _greatest(
    network: Convolutional, layer: int, x: NDArray[Any], weights: NDArray[Any], bias: NDArray[Any]
) -> NDArray[Any]:
    """Sums of a block, and the greatest of each 2 x 2, shape (rows, units)."""
    filters, channels = weights.shape[:2]
    side, made = network.sides[layer], network.sides[layer + 1]
    images, used = x.reshape(len(x), channels, side, side), 2 * made
    z = np.empty((len(x), filters, used, used), dtype=x.dtype)
    z[:] = bias[:, None, None]
    for c, i, j in np.ndindex(channels, KERNEL, KERNEL):
        z += weights[:, c, i, j, None, None] * images[:, None, c, i : i + used, j : j + used]
    found: NDArray[Any] = z.reshape(len(x), filters, made, 2, made, 2).max(axis=(3, 5)).reshape(len(x), -1)
    return found


def _unpacked(words: NDArray[np.uint64], units: int, size: int) -> NDArray[np.int64]:
    """Codes from words, shape (w, n): (n, units)."""
    unit, per_word = np.arange(units), 64 // size
    codes = words[unit // per_word] >> (unit % per_word * size).astype(np.uint64)[:, None]
    codes &= np.uint64((1 << size) - 1)
    return np.ascontiguousarray(codes.T).view(np.int64)


def _numbered(rows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """Distinct rows in order of appearance, and which one each row is."""
    seen: dict[tuple[Any, ...], int] = {}
    ids = [seen.setdefault(tuple(row), len(seen)) for row in rows.tolist()]
    return np.array(list(seen), dtype=rows.dtype).reshape(len(seen), -1), np.array(ids, dtype=np.int32)
