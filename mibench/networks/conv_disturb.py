# SPDX-License-Identifier: Apache-2.0
"""Dropout and noise of what a convolutional network's layers read, in compiled code; which number goes where.

Layer l, counted from 1, reads units in the order of their lines, (channel, row, column), those only that its sums use.
Unit u of row r of a batch has the number u of `mibench.numerics.line_streams` for the layer l.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from mibench.networks.convolutional import Convolutional
from mibench.numerics import line_streams
from mibench.numerics.lanes import LANES

__all__ = ["disturb", "drawn", "units_read"]

_MULTIPLE = 8  # units are drawn by so many


def units_read(network: Convolutional, layer: int) -> tuple[int, ...]:
    """Shape of what layer 1 to L reads of one image: (channels, side, side) of a block, (units,) of another layer."""
    blocks = len(network.channels)
    if layer > blocks:
        return (network.widths[layer - 1],)
    side = network.reads[layer - 1]
    return ((1, *network.channels)[layer - 1], side, side)


def drawn(
    network: Convolutional, key: Any, epoch: int, step: int, layer: int, rows: int, dtype: Any
) -> tuple[NDArray[Any] | None, NDArray[Any] | None]:
    """What dropout multiplies by and normals that are not yet scaled, of a layer at a step; None where there is none.

    Returns
    -------
    kept, noise : ndarray of `dtype`, shape (rows, *units_read(network, layer)), or None
    """
    shape = units_read(network, layer)
    units = int(np.prod(shape))
    padded = -(-units // _MULTIPLE) * _MULTIPLE
    numbers = np.empty((padded, LANES), dtype=np.uint32)
    found: list[NDArray[Any] | None] = []
    for wanted in (network.dropout if layer <= len(network.channels) else 0.0, network.noise):
        lines = np.empty((-(-rows // LANES), padded, LANES), dtype=dtype)
        for tile, out in enumerate(lines):
            if len(found):
                line_streams.normals(key, epoch, step, layer, tile * LANES, numbers, out)
            else:
                line_streams.kept(key, epoch, step, layer, tile * LANES, wanted, numbers, out)
        of_rows = lines[:, :units].transpose(0, 2, 1).reshape(-1, *shape)[:rows]
        found.append(of_rows if wanted else None)
    return found[0], found[1]


@njit(cache=True)
def disturb(
    sizes: Any,
    drop: float,
    noise: float,
    additive: bool,
    where: Any,
    source: Any,
    target: Any,
    factors: Any,
    work: Any,
) -> None:
    """Put `source`, with dropout and noise, into `target`, and into `factors` the derivative, for 16 rows.

    `sizes` are the first line, the channels, their side as it is stored and as it is read: (begin, units, 1, 1) of
    units without places. `where` is the key, the epoch, the step, the layer, the first row and how many rows there are:
    those behind them have the dropout of the first. The arrays are flat. `work` has numbers, factors and normals,
    (units, 16) each.
    """
    begin, channels, side, read = sizes
    key, epoch, step, layer, first, count = where
    numbers, kept, normals = work
    units = channels * read * read
    padded = (units + _MULTIPLE - 1) // _MULTIPLE * _MULTIPLE
    if drop > 0.0:
        line_streams.kept(key, epoch, step, layer, first, drop, numbers, kept[:padded])
        if count < LANES:
            for unit in range(units):
                for j in range(count, LANES):
                    kept[unit, j] = kept[unit, 0]
    if noise > 0.0:
        line_streams.normals(key, epoch, step, layer, first, numbers, normals[:padded])
    runs, length = (channels * read, read * LANES) if side > 1 else (1, channels * LANES)
    for run in range(runs):
        at = (begin + (run // read * side + run % read) * side) * LANES
        here = slice(at, at + length)
        there = slice(run * length, (run + 1) * length)
        _disturb_run(
            drop,
            noise,
            additive,
            source[here],
            target[here],
            factors[here],
            kept.ravel()[there],
            normals.ravel()[there],
        )


@njit(cache=True, fastmath={"contract"})
def _disturb_run(
    drop: float, noise: float, additive: bool, source: Any, target: Any, factors: Any, kept: Any, normals: Any
) -> None:
    real = source.dtype.type
    one, deviation = real(1.0), real(noise)
    for k in range(source.size):
        factor = kept[k] if drop > 0.0 else one
        shift = deviation * normals[k] if noise > 0.0 else real(0.0)
        if additive:
            factors[k] = factor
            target[k] = source[k] * factor + shift
        else:
            factors[k] = factor + factor * shift
            target[k] = source[k] * (factor + factor * shift)
