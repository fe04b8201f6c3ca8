# SPDX-License-Identifier: Apache-2.0
"""Fully connected layers on 16 rows of a batch, forth and back, and sums and extremes of lines, in compiled code.

Eight units are summed at once. Products for the gradient of the weights are kept row by row of the 16, one line per
weight, until the batch is through: only then are the 16 added up.
"""

from __future__ import annotations

from typing import Any

from numba import njit, types

from mibench.numerics.lanes import LANES, Emit, emitted, several, tuple_of, zeros

__all__ = ["EIGHT", "eights", "forward", "input_gradient", "pack", "spread", "unpack", "weight_gradient"]

EIGHT = 8
_whole = types.int64


@njit(cache=True)
def eights(count: int) -> int:
    """The least multiple of 8 that is not less."""
    return (count + EIGHT - 1) // EIGHT * EIGHT


@njit(cache=True)
def pack(block: Any, parameters: Any, packed: Any) -> None:
    """Weights by eights of units, (eight, input, unit), then by eights of inputs, (eight, unit, input)."""
    inputs, units = block.inputs, block.outputs
    back = block.packed + eights(units) * inputs
    for u in range(units):
        for k in range(inputs):
            weight = parameters[block.weights + u * inputs + k]
            packed[block.packed + (u // EIGHT * inputs + k) * EIGHT + u % EIGHT] = weight
            packed[back + (k // EIGHT * units + u) * EIGHT + k % EIGHT] = weight


@njit(cache=True)
def unpack(block: Any, products: Any, gradient: Any) -> None:
    """Add the lines of `weight_gradient` up, into the flat gradient."""
    for k in range(block.outputs * block.inputs):
        total = gradient.dtype.type(0.0)
        for j in range(LANES):
            total += products[(block.products + k) * LANES + j]
        gradient[block.weights + k] += total


@njit(cache=True)
def forward(block: Any, x: Any, packed: Any, bias: Any, out: Any) -> None:
    """A layer's sums, in multiples of 8 lines; the arrays are flat and hold all layers."""
    for first in range(0, block.outputs, EIGHT):
        sums = _splats(bias, block.bias + first)
        at = block.packed + first * block.inputs
        for k in range(block.inputs):
            sums = _add_eight(sums, x, (block.begin + k) * LANES, packed, at + k * EIGHT)
        _store_eight(sums, out, (block.into + first) * LANES)


@njit(cache=True)
def input_gradient(block: Any, delta: Any, packed: Any) -> None:
    """The gradient by what the layer reads, in multiples of 8 lines, of that by its sums."""
    for first in range(0, block.inputs, EIGHT):
        sums = zeros(delta, EIGHT)
        at = block.packed + eights(block.outputs) * block.inputs + first * block.outputs
        for u in range(block.outputs):
            sums = _add_eight(sums, delta, (block.into + u) * LANES, packed, at + u * EIGHT)
        _store_eight(sums, delta, (block.begin + first) * LANES)


@njit(cache=True)
def weight_gradient(block: Any, x: Any, delta: Any, products: Any) -> None:
    """Add the products of the layer's gradient and what it reads to their lines."""
    at = block.products * LANES
    for u in range(block.outputs):
        for k in range(block.inputs):
            _add_product(products, at, delta, (block.into + u) * LANES, x, (block.begin + k) * LANES)
            at += LANES


@njit(cache=True)
def spread(x: Any, low: float, high: float) -> Any:
    """Least and greatest of whole lines, and of `low` and `high`."""
    found = _wider(_twice(x, 0), x, 0)
    for at in range(LANES, x.size, LANES):
        found = _wider(found, x, at)
    least, most = _extremes(found, x)
    return min(low, least), max(high, most)


@emitted
def _splats(typing_context: Any, bias: Any, at: Any) -> Any:
    """8 numbers, each in all lanes."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit = Emit(context, builder, bias.dtype)
        data = emit.data(bias, args[0])
        return emit.packed([emit.splat_at(data, emit.shifted(args[1], k)) for k in range(EIGHT)])

    return several(bias.dtype, EIGHT)(bias, _whole), codegen


@emitted
def _add_eight(typing_context: Any, sums: Any, x: Any, at: Any, packed: Any, weights: Any) -> Any:
    """`sums` and the products of a line with 8 weights."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit = Emit(context, builder, x.dtype)
        line, data = emit.load(emit.data(x, args[1]), args[2]), emit.data(packed, args[3])
        factors = [emit.splat_at(data, emit.shifted(args[4], k)) for k in range(EIGHT)]
        found = emit.unpacked(args[0], EIGHT)
        return emit.packed([emit.multiplied(w, line, each) for w, each in zip(factors, found, strict=True)])

    return sums(sums, x, _whole, packed, _whole), codegen


@emitted
def _store_eight(typing_context: Any, sums: Any, out: Any, at: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit = Emit(context, builder, out.dtype)
        data = emit.data(out, args[1])
        for k, value in enumerate(emit.unpacked(args[0], EIGHT)):
            emit.store(value, data, emit.shifted(args[2], k * LANES))
        return context.get_dummy_value()

    return types.void(sums, out, _whole), codegen


@emitted
def _add_product(typing_context: Any, out: Any, at: Any, a: Any, a_at: Any, b: Any, b_at: Any) -> Any:
    """Add the product of two lines to a third."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit = Emit(context, builder, out.dtype)
        data = emit.data(out, args[0])
        factors = emit.load(emit.data(a, args[2]), args[3]), emit.load(emit.data(b, args[4]), args[5])
        emit.store(emit.multiplied(*factors, emit.load(data, args[1])), data, args[1])
        return context.get_dummy_value()

    return types.void(out, _whole, a, _whole, b, _whole), codegen


@emitted
def _twice(typing_context: Any, x: Any, at: Any) -> Any:
    """A line as least and as greatest."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit = Emit(context, builder, x.dtype)
        return emit.packed([emit.load(emit.data(x, args[0]), args[1])] * 2)

    return several(x.dtype, 2)(x, _whole), codegen


@emitted
def _wider(typing_context: Any, found: Any, x: Any, at: Any) -> Any:
    """Least and greatest so far, and a line."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit = Emit(context, builder, x.dtype)
        line = emit.load(emit.data(x, args[1]), args[2])
        return emit.packed([emit.extreme(*each, line) for each in zip("<>", emit.unpacked(args[0], 2), strict=True)])

    return found(found, x, _whole), codegen


@emitted
def _extremes(typing_context: Any, found: Any, x: Any) -> Any:
    """The least and the greatest lane."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit = Emit(context, builder, x.dtype)
        least, most = emit.unpacked(args[0], 2)
        joined = [
            emit.folded(least, lambda a, b: emit.extreme("<", a, b)),
            emit.folded(most, lambda a, b: emit.extreme(">", a, b)),
        ]
        return emit.packed(joined)

    return tuple_of(x.dtype, 2)(found, x), codegen
