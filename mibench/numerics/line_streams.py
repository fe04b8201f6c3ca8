# SPDX-License-Identifier: Apache-2.0
"""Normal noise and dropout of lines of 16 rows of a batch, from the streams of `mibench.numerics.streams`.

The counter's index is the batch's row; in the place of the unit stands a quarter of the unit (of dropout an eighth, and
2^15 is added to the layer), as one block of the cipher serves so many units of one row. Sixteen rows are enciphered at
once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types

from mibench.numerics.elementary import LN2, LOG, ROOT_HALF
from mibench.numerics.lanes import LANES, Emit, emitted
from mibench.numerics.streams import COSINE, SINE

__all__ = ["dropout_numbers", "kept", "kept_pair", "least_kept", "noise_numbers", "normal_pair", "normals"]

_DROPOUT = 2**15  # added to a layer's number
_HALF = LANES // 2
_LOW, _A, _B = 0xFFFFFFFF, 0xD2511F53, 0xCD9E8D57
_U, _V = 0x9E3779B9, 0xBB67AE85
_WORD = ir.VectorType(ir.IntType(32), LANES)


@njit(cache=True)
def noise_numbers(where: Any, group: int, out: Any, line: int) -> None:
    """Numbers of 32 bits that the noise of units ``4 group`` to ``4 group + 3`` is made of, into 4 lines of `out`.

    Parameters
    ----------
    where : tuple
        The run's key (uint64), the epoch, the step within it, the layer from 1 (below 2^15), the batch's row that a
        line begins at.
    group : int
        Below 2^16.
    out : ndarray of uint32, shape (lines, 16)
    line : int
    """
    key, epoch, step, layer, first = where
    _encipher(out, line * LANES, key, first, layer * 65536 + group, step, epoch)


@njit(cache=True)
def dropout_numbers(where: Any, group: int, out: Any, line: int) -> None:
    """As `noise_numbers`, of 8 units: a half of a number each."""
    key, epoch, step, layer, first = where
    _encipher(out, line * LANES, key, first, (layer + _DROPOUT) * 65536 + group, step, epoch)


@njit(cache=True)
def least_kept(share: float) -> Any:
    """The least half of a number that dropout of a `share` leaves: it is exact to 2^-17."""
    return np.uint32(np.rint(share * 65536.0))


@njit(cache=True)
def normals(where: Any, out: Any) -> None:
    """Fill `out`, shape (units, 16), with standard normals; `where` as of `noise_numbers`."""
    numbers, pair = np.empty((4, LANES), dtype=np.uint32), np.empty((4, LANES), dtype=np.float32)
    for unit in range(out.shape[0]):
        if unit % 4 == 0:
            noise_numbers(where, unit // 4, numbers, 0)
            _transform(numbers, pair, 0)
            _transform(numbers, pair, 2 * LANES)
        for j in range(LANES):
            out[unit, j] = pair[unit % 4, j]


@njit(cache=True)
def kept(where: Any, share: float, out: Any) -> None:
    """Fill `out`, shape (units, 16), with 0 for a `share` of units and rows and with 1 / (1 - share) for the others."""
    numbers, real, least = np.empty((4, LANES), dtype=np.uint32), out.dtype.type, least_kept(share)
    none, more = real(0.0), real(1.0 / (1.0 - share))
    for unit in range(out.shape[0]):
        if unit % 8 == 0:
            dropout_numbers(where, unit // 8, numbers, 0)
        for j in range(LANES):
            half = (numbers[unit % 8 // 2, j] >> np.uint32(16 * (unit % 2))) & np.uint32(65535)
            out[unit, j] = more if half >= least else none


def kept_pair(emit: Emit, numbers: Any, least: Any) -> list[Any]:
    """Where the halves of a line of numbers are at least `least`, for two units."""
    builder = emit.builder
    halves = [
        builder.and_(numbers, ir.Constant(_WORD, [65535] * LANES)),
        builder.lshr(numbers, ir.Constant(_WORD, [16] * LANES)),
    ]
    return [builder.icmp_unsigned(">=", half, emit.splat(least, _WORD)) for half in halves]


def normal_pair(emit: Emit, a: Any, b: Any) -> list[Any]:
    """Box and Muller's transform in float32, as of `mibench.numerics.streams`: lines of normals of two of numbers."""
    builder = emit.builder
    a, b = (builder.uitofp(each, emit.vector) for each in (a, b))
    log = _log(emit, builder.fmul(builder.fadd(a, emit.constant(1.0)), emit.constant(2.0**-32)))
    radius = emit.root(builder.fmul(emit.constant(-2.0), log))
    x = emit.multiplied(b, emit.constant(2.0**-32), emit.constant(-0.5))
    u = builder.fmul(x, x)
    parts = emit.polynomial(COSINE, u), builder.fmul(emit.polynomial(SINE, u), x)
    return [builder.fmul(radius, part) for part in parts]


@emitted
def _encipher(typing_context: Any, out: Any, at: Any, key: Any, first: Any, word: Any, step: Any, epoch: Any) -> Any:
    """`mibench.numerics.streams.philox` of the counters (first + 0 to 15, word, step, epoch): 4 lines from `at` on."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector, narrow = ir.VectorType(ir.IntType(64), _HALF), ir.VectorType(ir.IntType(32), _HALF)
        data = context.make_array(out)(context, builder, args[0]).data

        def all_lanes(value: int) -> Any:
            return ir.Constant(vector, [value] * _HALF)

        def splat(scalar: Any) -> Any:
            none = ir.Constant(vector, ir.Undefined)
            first_lane = builder.insert_element(none, scalar, ir.Constant(ir.IntType(32), 0))
            return builder.shuffle_vector(first_lane, none, ir.Constant(ir.VectorType(ir.IntType(32), _HALF), [0] * 8))

        def low(value: Any) -> Any:
            return builder.and_(value, all_lanes(_LOW))

        def high(value: Any) -> Any:
            return builder.lshr(value, all_lanes(32))

        keys = [low(splat(args[2])), high(splat(args[2]))]
        index = splat(args[3])
        state = []
        for half in range(2):
            rows = ir.Constant(vector, list(range(half * _HALF, (half + 1) * _HALF)))
            state.append([builder.add(index, rows), *(splat(each) for each in args[4:7])])
        for _ in range(10):
            for x in state:
                p, q = builder.mul(low(x[0]), all_lanes(_A)), builder.mul(low(x[2]), all_lanes(_B))
                x[0] = builder.xor(builder.xor(high(q), x[1]), keys[0])
                x[1] = low(q)
                x[2] = builder.xor(builder.xor(high(p), x[3]), keys[1])
                x[3] = low(p)
            keys = [low(builder.add(k, all_lanes(by))) for k, by in zip(keys, (_U, _V), strict=True)]
        for half, x in enumerate(state):
            for line, value in enumerate(x):
                here = builder.add(args[1], ir.Constant(args[1].type, line * LANES + half * _HALF))
                place = builder.bitcast(builder.gep(data, [here]), narrow.as_pointer())
                builder.store(builder.trunc(value, narrow), place, align=4)
        return context.get_dummy_value()

    whole = types.int64
    return types.void(out, whole, types.uint64, whole, whole, whole, whole), codegen


@emitted
def _transform(typing_context: Any, numbers: Any, out: Any, at: Any) -> Any:
    """`normal_pair` of the two lines from `at` on."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit = Emit(context, builder, types.float32)
        source, target = emit.data(numbers, args[0]), emit.data(out, args[1])
        places = args[2], emit.shifted(args[2], LANES)
        found = normal_pair(emit, *(emit.load(source, place, _WORD) for place in places))
        for value, place in zip(found, places, strict=True):
            emit.store(value, target, place)
        return context.get_dummy_value()

    return types.void(numbers, out, types.int64), codegen


def _log(emit: Emit, x: Any) -> Any:
    """As `mibench.numerics.elementary.log`."""
    builder, bits = emit.builder, _WORD

    def whole(value: int) -> Any:
        return ir.Constant(bits, [value] * LANES)

    found = builder.bitcast(x, bits)
    power = builder.ashr(builder.sub(found, whole(ROOT_HALF)), whole(23))
    rest = builder.bitcast(builder.sub(found, builder.shl(power, whole(23))), emit.vector)
    v = builder.fsub(rest, emit.constant(1.0))
    inner = emit.multiplied(emit.polynomial(LOG, v), v, emit.constant(-0.5))
    series = emit.multiplied(inner, builder.fmul(v, v), v)
    return emit.multiplied(builder.sitofp(power, emit.vector), emit.constant(LN2), series)
