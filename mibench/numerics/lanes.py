# SPDX-License-Identifier: Apache-2.0
"""Vectors of 16 numbers as a type of compiled code, for kernels that must keep what they sum in registers.

A loop that a compiler vectorises keeps its sums in memory as soon as they are many. Here an intrinsic is written as a
function that emits instructions on such vectors, whatever the processor's own width is; the order of all sums, and so
every bit, is that of the code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

__all__ = ["LANES", "Emit", "Lanes", "emitted", "several", "tuple_of", "zeros"]

LANES = 16
_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
emitted: _Decorator = intrinsic  # a call lacks the first argument, which type checkers take for an error
_emitted_of_literals: _Decorator = intrinsic(prefer_literal=True)
_cgutils: Any = cgutils
tuple_of: Any = types.UniTuple


class Lanes(types.Type):
    """16 numbers of a float type."""

    def __init__(self, scalar: Any) -> None:
        self.scalar = scalar
        super().__init__(name=f"lanes({scalar})")


@register_model(Lanes)
class _Model(models.PrimitiveModel):
    def __init__(self, manager: Any, of: Lanes) -> None:
        super().__init__(manager, of, ir.VectorType(manager.lookup(of.scalar).get_value_type(), LANES))  # type: ignore[no-untyped-call]


def several(scalar: Any, count: int) -> Any:
    """The type of a tuple of vectors."""
    return tuple_of(Lanes(scalar), count)


class Emit:
    """Emits instructions on vectors of one type of number."""

    def __init__(self, context: Any, builder: Any, scalar: Any) -> None:
        self.context, self.builder, self.scalar = context, builder, scalar
        self.one = context.get_value_type(scalar)
        self.vector = ir.VectorType(self.one, LANES)

    def data(self, array_type: Any, array: Any) -> Any:
        """Where an array's numbers begin."""
        return self.context.make_array(array_type)(self.context, self.builder, array).data

    def shifted(self, at: Any, by: int) -> Any:
        return self.builder.add(at, ir.Constant(at.type, by))

    def load(self, data: Any, at: Any, kind: Any = None) -> Any:
        kind = kind or self.vector
        place = self.builder.bitcast(self.builder.gep(data, [at]), kind.as_pointer())
        return self.builder.load(place, align=1 if kind.element == ir.IntType(8) else 4)

    def store(self, value: Any, data: Any, at: Any) -> None:
        place = self.builder.bitcast(self.builder.gep(data, [at]), value.type.as_pointer())
        self.builder.store(value, place, align=1 if value.type.element == ir.IntType(8) else 4)

    def splat(self, scalar: Any, kind: Any = None) -> Any:
        kind = kind or self.vector
        first = self.builder.insert_element(ir.Constant(kind, ir.Undefined), scalar, ir.Constant(ir.IntType(32), 0))
        order = ir.Constant(ir.VectorType(ir.IntType(32), kind.count), [0] * kind.count)
        return self.builder.shuffle_vector(first, ir.Constant(kind, ir.Undefined), order)

    def splat_at(self, data: Any, at: Any) -> Any:
        """One number of memory in all lanes."""
        return self.splat(self.builder.load(self.builder.gep(data, [at])))

    def constant(self, value: float) -> Any:
        return ir.Constant(self.vector, [value] * LANES)

    def multiplied(self, a: Any, b: Any, c: Any) -> Any:
        """``a b + c``, rounded once where the processor can."""
        return self._of_library("fmuladd", a, b, c)

    def root(self, a: Any) -> Any:
        return self._of_library("sqrt", a)

    def _of_library(self, name: str, *values: Any) -> Any:
        full = f"llvm.{name}.v{LANES}{'f32' if self.scalar == types.float32 else 'f64'}"
        kind = ir.FunctionType(self.vector, [self.vector] * len(values))
        return self.builder.call(_cgutils.get_or_insert_function(self.builder.module, kind, full), values)

    def polynomial(self, coefficients: Sequence[Any], x: Any) -> Any:
        """In powers of x, that of x^0 first."""
        value = self.constant(float(coefficients[-1]))
        for each in coefficients[-2::-1]:
            value = self.multiplied(value, x, self.constant(float(each)))
        return value

    def extreme(self, which: str, a: Any, b: Any) -> Any:
        """The lesser ("<") or the greater (">"), lane by lane."""
        return self.builder.select(self.builder.fcmp_ordered(which, a, b), a, b)

    def chosen(self, a: Any, b: Any, lanes: Sequence[int]) -> Any:
        """Lanes of two vectors, those of the second counted on from the first's."""
        whole = ir.IntType(32)
        return self.builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(whole, len(lanes)), list(lanes)))

    def folded(self, value: Any, join: Callable[[Any, Any], Any]) -> Any:
        """One number of all lanes, by halves."""
        count = LANES
        while count > 1:
            count //= 2
            value = join(*(self.chosen(value, value, range(at, at + count)) for at in (0, count)))
        return self.builder.extract_element(value, ir.Constant(ir.IntType(32), 0))

    def totals(self, values: Sequence[Any]) -> Any:
        """The sum of the lanes of each of 1, 2, 4, 8 or 16 vectors, by halves, as one short vector."""
        values, segment = list(values), LANES  # of a vector, what is still to be summed into one number
        while segment > 1:
            if len(values) > 1:
                pairs, lanes = list(zip(values[::2], values[1::2], strict=True)), range(2 * LANES)
            else:
                pairs, lanes = [(values[0], values[0])], range(values[0].type.count)
            halves = [[i for i in lanes if (i // (segment // 2)) % 2 == half] for half in (0, 1)]
            values = [self.builder.fadd(*(self.chosen(*pair, half) for half in halves)) for pair in pairs]
            segment //= 2
        return values[0]

    def turned(self, values: Sequence[Any]) -> list[Any]:
        """The transpose of 16 vectors: lanes and vectors change places, by halves."""
        found, size = list(values), LANES
        while size > 1:
            size //= 2
            low = [i if i % (2 * size) < size else i + LANES - size for i in range(LANES)]
            high = [i + size for i in low]
            for k in range(LANES):
                if k % (2 * size) < size:
                    a, b = found[k], found[k + size]
                    found[k], found[k + size] = self.chosen(a, b, low), self.chosen(a, b, high)
        return found

    def unpacked(self, values: Any, count: int) -> list[Any]:
        return [self.builder.extract_value(values, i) for i in range(count)]

    def packed(self, values: Sequence[Any]) -> Any:
        return _cgutils.pack_array(self.builder, values)


@_emitted_of_literals
def zeros(typing_context: Any, like: Any, count: Any) -> Any:
    """A tuple of `count` vectors of 0 (a literal), of the type of the array `like`."""
    result = several(like.dtype, count.literal_value)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit = Emit(context, builder, like.dtype)
        return emit.packed([emit.constant(0.0)] * count.literal_value)

    return result(like, count), codegen
