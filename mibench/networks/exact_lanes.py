# SPDX-License-Identifier: Apache-2.0
"""Sums of 16 rows that stay in registers, each product rounded before it is added, in the order of the calls.

Nothing is fused or reordered, so a row's sum is that of a plain loop to the last bit, whatever rows are beside it.
Arrays are flat or C-contiguous, and a place in them is counted in numbers. A line holds one number of each of 16 rows.
"""

from __future__ import annotations

from typing import Any

from numba import errors, types

from mibench.numerics.lanes import LANES, Emit, emitted, several

__all__ = ["FILTERS", "SUMS", "TAPS", "add_line", "add_patch", "biases", "copy_line", "put", "put_greatest"]

SUMS = 8  # sums at once: of so many units, or of 2 filters at the 4 positions of a pooled place
FILTERS, TAPS = 2, 9
_POSITIONS, _ROW = 4, 4
_whole = types.int64


def _flat(*arrays: Any) -> None:
    """Refuse, when code is compiled, arrays whose numbers do not follow one another."""
    if any(array.layout != "C" for array in arrays):
        raise errors.TypingError("arrays must be C-contiguous")


@emitted
def biases(typing_context: Any, bias: Any, at: Any) -> Any:
    """8 sums before any product: the 8 numbers at `at`."""
    _flat(bias)
    result = several(bias.dtype, SUMS)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit = Emit(context, builder, bias.dtype)
        data = emit.data(bias, args[0])
        return emit.packed([emit.splat_at(data, emit.shifted(args[1], k)) for k in range(SUMS)])

    return result(bias, _whole), codegen


@emitted
def add_line(typing_context: Any, sums: Any, x: Any, at: Any, weights: Any, block: Any) -> Any:
    """`sums` of 8 units, and the products of the line at `at` with the 8 weights at `block`."""
    _flat(x, weights)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit = Emit(context, builder, x.dtype)
        line, weight = emit.load(emit.data(x, args[1]), args[2]), emit.data(weights, args[3])
        found = emit.unpacked(args[0], SUMS)
        for unit in range(SUMS):
            factor = emit.splat_at(weight, emit.shifted(args[4], unit))
            found[unit] = builder.fadd(found[unit], builder.fmul(factor, line))
        return emit.packed(found)

    return sums(sums, x, _whole, weights, _whole), codegen


@emitted
def add_patch(typing_context: Any, sums: Any, x: Any, at: Any, row: Any, weights: Any, block: Any) -> Any:
    """`sums` of 2 filters at 4 positions, and the products of a channel's 4 x 4 lines with the weights at `block`.

    The patch begins at `at`, its rows are `row` apart. Weights are (9 taps, 2 filters); taps are added in order.
    """
    _flat(x, weights)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit = Emit(context, builder, x.dtype)
        data, weight, at, lines = emit.data(x, args[1]), emit.data(weights, args[4]), args[2], []
        for _ in range(_ROW):
            lines += [emit.load(data, emit.shifted(at, column * LANES)) for column in range(_ROW)]
            at = builder.add(at, args[3])
        found = emit.unpacked(args[0], SUMS)
        for tap in range(TAPS):
            for filter_ in range(FILTERS):
                factor = emit.splat_at(weight, emit.shifted(args[5], tap * FILTERS + filter_))
                for position in range(_POSITIONS):
                    line = lines[_ROW * (position // 2 + tap // 3) + position % 2 + tap % 3]
                    k = filter_ * _POSITIONS + position
                    found[k] = builder.fadd(found[k], builder.fmul(factor, line))
        return emit.packed(found)

    return sums(sums, x, _whole, _whole, weights, _whole), codegen


@emitted
def copy_line(typing_context: Any, source: Any, at: Any, target: Any, to: Any) -> Any:
    """Put the line at `at` to the place `to` of another array."""
    _flat(source, target)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit = Emit(context, builder, source.dtype)
        emit.store(emit.load(emit.data(source, args[0]), args[1]), emit.data(target, args[2]), args[3])
        return context.get_dummy_value()

    return types.void(source, _whole, target, _whole), codegen


@emitted
def put(typing_context: Any, sums: Any, out: Any, at: Any) -> Any:
    """Write the sums of 8 units one line after the other."""
    _flat(out)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit = Emit(context, builder, out.dtype)
        data = emit.data(out, args[1])
        for unit, value in enumerate(emit.unpacked(args[0], SUMS)):
            emit.store(value, data, emit.shifted(args[2], unit * LANES))
        return context.get_dummy_value()

    return types.void(sums, out, _whole), codegen


@emitted
def put_greatest(typing_context: Any, sums: Any, out: Any, at: Any, plane: Any) -> Any:
    """Write each filter's greatest sum; the second filter's line is `plane` numbers behind the first's."""
    _flat(out)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit = Emit(context, builder, out.dtype)
        data, at = emit.data(out, args[1]), args[2]
        found = emit.unpacked(args[0], SUMS)
        for filter_ in range(FILTERS):
            most = found[filter_ * _POSITIONS]
            for other in found[filter_ * _POSITIONS + 1 : (filter_ + 1) * _POSITIONS]:
                most = builder.select(builder.fcmp_ordered(">", other, most), other, most)
            emit.store(most, data, at)
            at = builder.add(at, args[3])
        return context.get_dummy_value()

    return types.void(sums, out, _whole, _whole), codegen
