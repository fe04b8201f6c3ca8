# SPDX-License-Identifier: Apache-2.0
"""Vectors in compiled code: sums, extremes and transposes of lanes are those of numpy."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit, types

from mibench.numerics.lanes import LANES, Emit, emitted, several, zeros


def _unary(what):
    """A compiled function that does `what` to all lines of an array and stores what comes of it in another."""

    @emitted
    def emit_it(typing_context, x, out):
        def codegen(context, builder, signature, args):
            emit = Emit(context, builder, x.dtype)
            source, target = emit.data(x, args[0]), emit.data(out, args[1])
            at = context.get_constant(types.int64, 0)
            lines = [emit.load(source, emit.shifted(at, k * LANES)) for k in range(what.lines)]
            for k, value in enumerate(what(emit, lines)):
                emit.store(value, target, emit.shifted(at, k * LANES))
            return context.get_dummy_value()

        return types.void(x, out), codegen

    @njit
    def run(x, out):
        emit_it(x, out)

    return run


def _made(lines, dtype):
    return np.random.default_rng(0).normal(size=(lines, LANES)).astype(dtype)


@pytest.mark.parametrize("count", [1, 2, 4, 8, 16])
def test_totals(count):
    def what(emit, lines):
        return [emit.totals(lines)]

    what.lines = count
    x, out = _made(count, np.float64), np.zeros(count)
    _unary(what)(x, out)
    assert out == pytest.approx(x.sum(1), abs=1e-13)


def test_turned():
    def what(emit, lines):
        return emit.turned(lines)

    what.lines = LANES
    x = _made(LANES, np.float32)
    out = np.zeros_like(x)
    _unary(what)(x, out)
    assert np.array_equal(out, x.T)


def test_folded_polynomials_roots_and_extremes():
    def what(emit, lines):
        least = emit.folded(lines[0], lambda a, b: emit.extreme("<", a, b))
        series = emit.polynomial((1.0, 0.5, -2.0), lines[0])
        return [emit.splat(least), series, emit.root(emit.builder.fmul(lines[0], lines[0]))]

    what.lines = 1
    x, out = _made(1, np.float64), np.zeros((3, LANES))
    _unary(what)(x, out)
    assert (out[0] == x.min()).all()
    assert out[1] == pytest.approx(1 + 0.5 * x[0] - 2 * x[0] ** 2, abs=1e-13)
    assert out[2] == pytest.approx(np.abs(x[0]), abs=1e-15)


def test_a_tuple_of_vectors_goes_round_a_loop():
    @emitted
    def plus(typing_context, sums, x, at):
        def codegen(context, builder, signature, args):
            emit = Emit(context, builder, x.dtype)
            line = emit.load(emit.data(x, args[1]), args[2])
            return emit.packed([builder.fadd(each, line) for each in emit.unpacked(args[0], 3)])

        return sums(sums, x, types.int64), codegen

    @emitted
    def total(typing_context, sums, x):
        def codegen(context, builder, signature, args):
            emit = Emit(context, builder, x.dtype)
            return emit.folded(emit.unpacked(args[0], 3)[2], builder.fadd)

        return x.dtype(several(x.dtype, 3), x), codegen

    @njit
    def run(x):
        sums = zeros(x, 3)
        for at in range(0, x.size, LANES):
            sums = plus(sums, x, at)
        return total(sums, x)

    x = _made(20, np.float64)
    assert run(x.ravel()) == pytest.approx(x.sum(), abs=1e-12)
