# SPDX-License-Identifier: Apache-2.0
"""What one pooled place of a convolution does to 16 rows of a batch, as instructions that keep their sums in registers.

A line holds one number of each of 16 rows; arrays are flat here, and a place in them is counted in numbers. A pooled
place reads a patch of 4 x 4 lines: `at` is its first, `row` how far apart the patch's rows are. It is the greatest of
the convolution's values at 4 positions, each the sum over 3 x 3 of those lines. Filters come in pairs: their weights
stand as (9 taps, 2), one such block for each channel that is read. The second filter's lines lie `plane` numbers
behind the first's.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types

from mibench.numerics.lanes import LANES, Emit, emitted, several

__all__ = ["BLOCK", "add_patch", "add_totals", "biases", "patch_products", "patch_spread", "patch_sums", "pool"]

POSITIONS, TAPS, PAIR = 4, 9, 2
BLOCK = TAPS * PAIR  # weights of a pair of filters on one channel
_PATCH = 16
_whole = types.int64
_BYTES = ir.VectorType(ir.IntType(8), LANES)


def _taps() -> list[tuple[int, int, int]]:
    """(line of the patch, position, tap) of each product, line by line."""
    found = []
    for position in range(POSITIONS):
        for tap in range(TAPS):
            line = 4 * (position // 2 + tap // 3) + position % 2 + tap % 3
            found.append((line, position, tap))
    return sorted(found)


def _patch(emit: Emit, at: Any, row: Any) -> list[Any]:
    """Where the 16 lines are."""
    places = []
    for _ in range(4):
        places += [emit.shifted(at, column * LANES) for column in range(4)]
        at = emit.builder.add(at, row)
    return places


def _masked(emit: Emit, delta: Any, codes: Any, at: Any) -> list[Any]:
    """A line of `delta` at the position that its code says, 0 at the others."""
    value, code = emit.load(delta, at), emit.load(codes, at, _BYTES)
    none = emit.constant(0.0)
    here = [ir.Constant(_BYTES, [position] * LANES) for position in range(POSITIONS)]
    return [emit.builder.select(emit.builder.icmp_unsigned("==", code, each), value, none) for each in here]


@emitted
def biases(typing_context: Any, bias: Any, at: Any) -> Any:
    """Sums of 2 filters at 4 positions, before any product: (filter, position)."""
    result = several(bias.dtype, PAIR * POSITIONS)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit = Emit(context, builder, bias.dtype)
        data = emit.data(bias, args[0])
        each = [emit.splat_at(data, emit.shifted(args[1], filter_)) for filter_ in range(PAIR)]
        return emit.packed([value for value in each for _ in range(POSITIONS)])

    return result(bias, _whole), codegen


@emitted
def patch_sums(typing_context: Any, sums: Any, x: Any, at: Any, row: Any, weights: Any, block: Any) -> Any:
    """`sums` of `biases`, and the products of one channel's patch with the weights at `block`."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit = Emit(context, builder, x.dtype)
        found = emit.unpacked(args[0], PAIR * POSITIONS)
        data, weight = emit.data(x, args[1]), emit.data(weights, args[4])
        lines = [emit.load(data, place) for place in _patch(emit, args[2], args[3])]
        factors = [emit.splat_at(weight, emit.shifted(args[5], k)) for k in range(BLOCK)]
        for line, position, tap in _taps():
            for filter_ in range(PAIR):
                k = filter_ * POSITIONS + position
                found[k] = emit.multiplied(factors[tap * PAIR + filter_], lines[line], found[k])
        return emit.packed(found)

    return sums(sums, x, _whole, _whole, weights, _whole), codegen


@emitted
def pool(typing_context: Any, sums: Any, leak: Any, out: Any, codes: Any, at: Any, plane: Any) -> Any:
    """Write each filter's greatest sum, below 0 times `leak`, and the first position that has it."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit = Emit(context, builder, out.dtype)
        found = emit.unpacked(args[0], PAIR * POSITIONS)
        slope, none = emit.splat(args[1]), emit.constant(0.0)
        at = args[4]
        for filter_ in range(PAIR):
            most, code = found[filter_ * POSITIONS], ir.Constant(_BYTES, [0] * LANES)
            for position in range(1, POSITIONS):
                value = found[filter_ * POSITIONS + position]
                more = builder.fcmp_ordered(">", value, most)
                most = builder.select(more, value, most)
                code = builder.select(more, ir.Constant(_BYTES, [position] * LANES), code)
            positive = builder.fcmp_ordered(">", most, none)
            emit.store(builder.select(positive, most, builder.fmul(most, slope)), emit.data(out, args[2]), at)
            emit.store(code, emit.data(codes, args[3]), at)
            at = builder.add(at, args[5])
        return context.get_dummy_value()

    return types.void(sums, out.dtype, out, codes, _whole, _whole), codegen


@emitted
def patch_products(
    typing_context: Any, sums: Any, x: Any, at: Any, row: Any, delta: Any, codes: Any, place: Any, plane: Any
) -> Any:
    """`sums` of the weights' gradients, (tap, filter), and the products of a patch with `delta` at the pooled place."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit = Emit(context, builder, x.dtype)
        found = emit.unpacked(args[0], BLOCK)
        data, slopes, chosen = emit.data(x, args[1]), emit.data(delta, args[4]), emit.data(codes, args[5])
        places = [args[6], builder.add(args[6], args[7])]
        masked = [_masked(emit, slopes, chosen, each) for each in places]
        lines = [emit.load(data, each) for each in _patch(emit, args[2], args[3])]
        for line, position, tap in _taps():
            for filter_ in range(PAIR):
                k = tap * PAIR + filter_
                found[k] = emit.multiplied(masked[filter_][position], lines[line], found[k])
        return emit.packed(found)

    return sums(sums, x, _whole, _whole, delta, codes, _whole, _whole), codegen


@emitted
def add_totals(typing_context: Any, sums: Any, gradient: Any, block: Any) -> Any:
    """Add the sums over all rows to the gradient at `block`."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit = Emit(context, builder, gradient.dtype)
        data = emit.data(gradient, args[1])
        found = emit.unpacked(args[0], BLOCK)
        for first, count in ((0, LANES), (LANES, BLOCK - LANES)):
            totals, place = emit.totals(found[first : first + count]), emit.shifted(args[2], first)
            emit.store(builder.fadd(emit.load(data, place, totals.type), totals), data, place)
        return context.get_dummy_value()

    return types.void(sums, gradient, _whole), codegen


@emitted
def patch_spread(
    typing_context: Any, sums: Any, delta: Any, codes: Any, place: Any, plane: Any, weights: Any, block: Any
) -> Any:
    """`sums` of a patch's gradient, and the products of a pair of filters' weights with `delta` at the pooled place."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit = Emit(context, builder, delta.dtype)
        found = emit.unpacked(args[0], _PATCH)
        slopes, chosen, weight = emit.data(delta, args[1]), emit.data(codes, args[2]), emit.data(weights, args[5])
        places = [args[3], builder.add(args[3], args[4])]
        masked = [_masked(emit, slopes, chosen, each) for each in places]
        factors = [emit.splat_at(weight, emit.shifted(args[6], k)) for k in range(BLOCK)]
        for filter_ in range(PAIR):
            for line, position, tap in _taps():
                found[line] = emit.multiplied(factors[tap * PAIR + filter_], masked[filter_][position], found[line])
        return emit.packed(found)

    return sums(sums, delta, codes, _whole, _whole, weights, _whole), codegen


@emitted
def add_patch(typing_context: Any, sums: Any, out: Any, at: Any, row: Any) -> Any:
    """Add the 16 lines to those of a patch."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit = Emit(context, builder, out.dtype)
        data = emit.data(out, args[1])
        for value, place in zip(emit.unpacked(args[0], _PATCH), _patch(emit, args[2], args[3]), strict=True):
            emit.store(builder.fadd(value, emit.load(data, place)), data, place)
        return context.get_dummy_value()

    return types.void(sums, out, _whole, _whole), codegen
