# SPDX-License-Identifier: Apache-2.0
"""Dropout and noise of what a convolutional network's layers read, in compiled code; which number goes where.

Layer l, counted from 1, reads units in the order of their lines, (channel, row, column), those only that its sums use.
Unit u of row r of a batch has the number u of `mibench.numerics.line_streams` for the layer l.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numpy.typing import NDArray

from mibench.contracts import InputError
from mibench.networks.convolutional import Convolutional
from mibench.numerics import line_streams
from mibench.numerics.lanes import LANES, Emit, emitted

__all__ = ["check_units", "disturb", "drawn", "units_read"]

_GROUP = 8  # units that are drawn together, those of noise by half as many
_GROUPS = 2**16  # that `mibench.numerics.line_streams` can tell apart


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

    def of_rows(fill: Any, *parameters: float) -> NDArray[Any]:
        lines = np.empty((-(-rows // LANES), math.prod(shape), LANES), dtype=dtype)
        for tile, out in enumerate(lines):
            fill((key, epoch, step, layer, tile * LANES), *parameters, out)
        return lines.transpose(0, 2, 1).reshape(-1, *shape)[:rows]

    drops = network.dropout > 0 and layer <= len(network.channels)
    kept = of_rows(line_streams.kept, network.dropout) if drops else None
    return kept, of_rows(line_streams.normals) if network.noise else None


def check_units(network: Convolutional) -> None:
    """Raise `InputError` for a layer that reads more units than there are numbers for."""
    for layer in range(1, network.n_layers + 1):
        shape = units_read(network, layer)
        drops = network.dropout > 0 and layer <= len(network.channels)
        most = _GROUPS * (_GROUP // 2 if network.noise else _GROUP)
        if (network.noise or drops) and math.prod(shape) > most:
            raise InputError(
                f"layer {layer} reads {shape}, {math.prod(shape)} units, with noise or dropout, which are drawn for at "
                f"most {most}: give smaller images or fewer channels, or neither noise nor dropout"
            )


@njit(cache=True)
def disturb(
    sizes: Any, kind: Any, where: Any, count: int, source: Any, target: Any, factors: Any, numbers: Any
) -> None:
    """Put `source`, with dropout and noise, into `target`, and into `factors` the derivative, for 16 rows.

    Parameters
    ----------
    sizes : tuple
        First line, channels, their side as it is stored and as it is read; (first line, units, 1, 1) of a fully
        connected layer. A line behind an odd number of units is spoilt.
    kind : tuple
        Share dropped, standard deviation of the noise, whether it is additive.
    where : tuple
        As of `mibench.numerics.line_streams.noise_numbers`.
    count : int
        Rows there are; those behind them have the dropout of the first.
    source, target, factors : ndarray, shape (lines * 16,)
        The first two may be the same.
    numbers : ndarray of uint32, shape (12, 16)
        To work in.
    """
    begin, channels, side, read = sizes
    drop, noise, additive = kind
    units, real = channels * read * read, source.dtype.type
    relative, absolute = real(0.0 if additive else noise), real(noise if additive else 0.0)
    least, more = line_streams.least_kept(drop), real(1.0 / (1.0 - drop))
    numbers.fill(0)
    for group in range((units + _GROUP - 1) // _GROUP):
        if noise > 0.0:
            line_streams.noise_numbers(where, 2 * group, numbers, 0)
            line_streams.noise_numbers(where, 2 * group + 1, numbers, 4)
        if drop > 0.0:
            line_streams.dropout_numbers(where, group, numbers, _GROUP)
            for line in range(_GROUP, numbers.shape[0]):
                for j in range(count, LANES):
                    numbers[line, j] = numbers[line, 0]
        for pair in range(min(_GROUP, units - group * _GROUP + 1) // 2):
            unit = group * _GROUP + 2 * pair
            line = begin + unit
            if read < side:
                row = unit // read
                line = begin + (row // read * side + row % read) * side + unit % read
            _disturb_pair(source, target, factors, line * LANES, numbers, pair, relative, absolute, least, more)


@emitted
def _disturb_pair(
    typing_context: Any,
    source: Any,
    target: Any,
    factors: Any,
    at: Any,
    numbers: Any,
    pair: Any,
    relative: Any,
    absolute: Any,
    least: Any,
    more: Any,
) -> Any:
    """Two lines from `at` on, ``factor = kept (1 + relative z)`` and ``target = source factor + absolute z``."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit, single = Emit(context, builder, source.dtype), Emit(context, builder, types.float32)
        kind = ir.VectorType(ir.IntType(32), LANES)
        data = emit.data(numbers, args[4])
        line = builder.mul(args[5], ir.Constant(args[5].type, LANES))
        two = builder.add(line, line)
        pair_of = [emit.load(data, emit.shifted(two, by), kind) for by in (0, LANES)]
        normals = line_streams.normal_pair(single, *pair_of)
        dropped = emit.load(data, emit.shifted(line, _GROUP * LANES), kind)
        masks = line_streams.kept_pair(single, dropped, args[8])
        shared, added, scale = (emit.splat(args[k]) for k in (6, 7, 9))
        for by, z, mask in zip((0, LANES), normals, masks, strict=True):
            here = emit.shifted(args[3], by)
            z = z if source.dtype == types.float32 else builder.fpext(z, emit.vector)
            scaled = builder.select(mask, scale, emit.constant(0.0))
            factor = builder.fmul(scaled, emit.multiplied(shared, z, emit.constant(1.0)))
            x = emit.load(emit.data(source, args[0]), here)
            emit.store(emit.multiplied(x, factor, builder.fmul(added, z)), emit.data(target, args[1]), here)
            emit.store(factor, emit.data(factors, args[2]), here)
        return context.get_dummy_value()

    real, whole = source.dtype, types.int64
    return types.void(source, target, factors, whole, numbers, whole, real, real, types.uint32, real), codegen
