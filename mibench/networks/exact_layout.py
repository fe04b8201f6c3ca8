# SPDX-License-Identifier: Apache-2.0
"""How what compiled layers read and write is laid out: inputs of the first layer, weights, room for values.

The inputs are laid out once for all parameters, `Tiles`: by 16 rows, without the lines that are zero in all of them,
whose products change no sum but for the sign of 0, which does not matter.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from mibench.networks.convolutional import AnyNetwork, Convolutional
from mibench.networks.exact_lanes import TAPS
from mibench.numerics.lanes import LANES

__all__ = ["CHANNELS", "INPUTS", "MADE", "OUT", "SIDE", "UNITS", "Tiles", "rooms", "shapes", "tiled", "weights_of"]

CHANNELS, SIDE, OUT, MADE, INPUTS, UNITS, _AT = range(7)  # columns of `shapes`


class Tiles(NamedTuple):
    """Rows by 16: their lines, which input each line is of, where a tile's lines begin (and the last's end), N."""

    lines: NDArray[Any]
    which: NDArray[np.int32]
    begin: NDArray[np.int64]
    rows: int


def shapes(network: AnyNetwork) -> NDArray[np.int64]:
    """Of each layer: channels read (0: fully connected), side read, filters, side made, inputs, units, first weight."""
    blocks = len(network.channels) if isinstance(network, Convolutional) else 0
    found, at = [], 0
    for layer, shape in enumerate(network.shapes):
        block = (0, 0, 0, 0)
        if isinstance(network, Convolutional) and layer < blocks:
            block = (shape[1], network.sides[layer], shape[0], network.sides[layer + 1])
        found.append((*block, *network.widths[layer : layer + 2], at))
        at += int(np.prod(shape)) + shape[0]
    return np.array(found, dtype=np.int64)


def tiled(rows: NDArray[Any], network: AnyNetwork) -> Tiles:
    """Rows, shape (N, d), laid out for the first layer of a network; all their lines if it is a block."""
    whole = isinstance(network, Convolutional)
    n, inputs = rows.shape
    used = np.zeros((-(-n // LANES), inputs), dtype=np.bool_)
    if whole:
        used[:] = True
    else:
        _mark(rows, used)
    begin = np.concatenate([[0], np.cumsum(used.sum(axis=1))])
    lines = np.zeros((begin[-1], LANES), dtype=rows.dtype)
    which = np.nonzero(used)[1].astype(np.int32)
    _lay_out(rows, which, begin, lines)
    return Tiles(lines, which, begin, n)


@njit(cache=True, nogil=True)
def rooms(of_layers: Any, rows: int, like: Any) -> Any:
    """Where the values of every second layer, and of the others, can stand, for `rows` rows; of the type of `like`."""
    sizes = np.zeros(2, np.int64)
    for layer in range(len(of_layers)):
        sizes[layer % 2] = max(sizes[layer % 2], of_layers[layer, UNITS] * rows)
    return np.empty(sizes[0], like.dtype), np.empty(sizes[1], like.dtype)


@njit(cache=True, nogil=True)
def _mark(rows: Any, used: Any) -> None:
    for r in range(rows.shape[0]):
        for i in range(rows.shape[1]):
            used[r // LANES, i] |= rows[r, i] != 0


@njit(cache=True, nogil=True)
def _lay_out(rows: Any, which: Any, begin: Any, lines: Any) -> None:
    for tile in range(begin.size - 1):
        first = tile * LANES
        for r in range(min(LANES, rows.shape[0] - first)):
            for k in range(begin[tile], begin[tile + 1]):
                lines[k, r] = rows[first + r, which[k]]


@njit(cache=True, nogil=True)
def weights_of(shape: Any, parameters: Any) -> Any:
    """A layer's weights, flat, and biases."""
    units = shape[OUT] if shape[CHANNELS] else shape[UNITS]
    size = units * (shape[CHANNELS] * TAPS if shape[CHANNELS] else shape[INPUTS])
    at = shape[_AT]
    return parameters[at : at + size], parameters[at + size : at + size + units]
