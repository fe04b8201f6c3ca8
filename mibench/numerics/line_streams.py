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

__all__ = ["DROPOUT", "kept", "normals"]

DROPOUT = 2**15  # added to a layer's number
_HALF = LANES // 2
_LOW, _A, _B = 0xFFFFFFFF, 0xD2511F53, 0xCD9E8D57
_U, _V = 0x9E3779B9, 0xBB67AE85


@njit(cache=True)
def normals(key: Any, epoch: int, step: int, layer: int, first: int, numbers: Any, out: Any) -> None:
    """Fill `out` with standard normals, by the transform of `mibench.numerics.streams.normals`.

    Parameters
    ----------
    key : uint64
        The run's.
    epoch, step, layer : int
        The step within the epoch, from 0; the layer from 1 (below 2^15).
    first : int
        The batch's row that ``out[:, 0]`` belongs to.
    numbers : ndarray of uint32, shape (at least units, 16)
        To work in.
    out : ndarray of float32 or float64, shape (units, 16)
        Units a multiple of 4, at most 2^18.
    """
    units = out.shape[0]
    _fill(key, epoch, step, layer * 65536, first, numbers[:units])
    _pairs(numbers[:units], out)


@njit(cache=True)
def kept(key: Any, epoch: int, step: int, layer: int, first: int, share: float, numbers: Any, out: Any) -> None:
    """Fill `out` with 0 for a `share` of units and rows, to the nearest 2^-16, and with 1 / (1 - share) for the others.

    Arguments are those of `normals`, but that units are a multiple of 8.
    """
    words = out.shape[0] // 2
    _fill(key, epoch, step, (layer + DROPOUT) * 65536, first, numbers[:words])
    real = out.dtype.type
    least, none, all_ = np.uint32(np.rint(share * 65536.0)), real(0.0), real(1.0 / (1.0 - share))
    for word in range(words):
        for j in range(LANES):
            number = numbers[word, j]
            out[2 * word, j] = all_ if (number & np.uint32(65535)) >= least else none
            out[2 * word + 1, j] = all_ if (number >> np.uint32(16)) >= least else none


@njit(cache=True)
def _fill(key: Any, epoch: int, step: int, word: int, first: int, out: Any) -> None:
    """Numbers of 32 bits: four lines for each group of units, of counters ``(row, word + group, step, epoch)``."""
    for group in range(out.shape[0] // 4):
        _encipher(out, group * 4 * LANES, np.uint64(key), first, word + group, step, epoch)


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


@njit(cache=True)
def _pairs(numbers: Any, out: Any) -> None:
    for pair in range(out.shape[0] // 2):
        _transform(numbers, out, pair * 2 * LANES)


@emitted
def _transform(typing_context: Any, numbers: Any, out: Any, at: Any) -> Any:
    """Box and Muller's transform in float32: two lines of normals, from `at` on, of two lines of numbers."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit, into = Emit(context, builder, types.float32), Emit(context, builder, out.dtype)
        source, target = emit.data(numbers, args[0]), into.data(out, args[1])
        bits = ir.VectorType(ir.IntType(32), LANES)
        at, beyond = args[2], emit.shifted(args[2], LANES)
        a, b = (builder.uitofp(emit.load(source, here, bits), emit.vector) for here in (at, beyond))
        log = _log(emit, builder.fmul(builder.fadd(a, emit.constant(1.0)), emit.constant(2.0**-32)))
        radius = emit.root(builder.fmul(emit.constant(-2.0), log))
        x = emit.multiplied(b, emit.constant(2.0**-32), emit.constant(-0.5))
        u = builder.fmul(x, x)
        cosine, sine = emit.polynomial(COSINE, u), builder.fmul(emit.polynomial(SINE, u), x)
        for value, here in ((cosine, at), (sine, beyond)):
            normal = builder.fmul(radius, value)
            into.store(normal if out.dtype == types.float32 else builder.fpext(normal, into.vector), target, here)
        return context.get_dummy_value()

    return types.void(numbers, out, types.int64), codegen


def _log(emit: Emit, x: Any) -> Any:
    """As `mibench.numerics.elementary.log`."""
    builder, bits = emit.builder, ir.VectorType(ir.IntType(32), LANES)

    def whole(value: int) -> Any:
        return ir.Constant(bits, [value] * LANES)

    found = builder.bitcast(x, bits)
    power = builder.ashr(builder.sub(found, whole(ROOT_HALF)), whole(23))
    rest = builder.bitcast(builder.sub(found, builder.shl(power, whole(23))), emit.vector)
    v = builder.fsub(rest, emit.constant(1.0))
    inner = emit.multiplied(emit.polynomial(LOG, v), v, emit.constant(-0.5))
    series = emit.multiplied(inner, builder.fmul(v, v), v)
    return emit.multiplied(builder.sitofp(power, emit.vector), emit.constant(LN2), series)
