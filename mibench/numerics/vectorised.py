# SPDX-License-Identifier: Apache-2.0
"""What sums of Gaussian kernels are made of, in compiled code that vectorises: powers of two, squared distances.

Kernels are written as powers of two, ``exp(-v) = 2^-u`` with ``u = v / ln 2``: the exponent of a float64 takes the
whole part of u, and a polynomial the rest.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic

__all__ = ["FAST", "LN2", "add_four_squares", "add_squares", "half_power", "reinterpret"]

FAST = {"contract", "reassoc", "nsz", "nnan"}  # fused and reordered sums of finite numbers
LN2 = float(np.log(2.0))
_ROUND = 1.5 * 2.0**52  # adding it leaves the nearest integer in the low bits of a float64


def reinterpret(source: Any, target: Any) -> Any:
    """A function of compiled code that reads the bits of a `source` as a `target`: unlike a view, it vectorises."""

    def typing(typing_context: Any, value: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.bitcast(args[0], context.get_value_type(target))

        return target(source), codegen

    return intrinsic(typing)


_bits = reinterpret(types.float64, types.int64)
_from_bits = reinterpret(types.int64, types.float64)


@njit(fastmath={"contract", "nnan"})  # not "reassoc": it would cancel the rounding constant
def half_power(u: float) -> Any:
    """2^-u for u >= 0 to 2e-14 relative, in operations that vectorise; from 2^-1020 down it stays at 2^-1020."""
    u = min(u, 1020.0)
    shifted = _ROUND - u
    f = (_ROUND - shifted) - u  # in [-1/2, 1/2]: the Taylor series of 2^f to the 11th power
    p = 4.4455382718708116e-10
    p = p * f + 7.054911620801123e-09
    p = p * f + 1.01780860092397e-07
    p = p * f + 1.3215486790144307e-06
    p = p * f + 1.5252733804059841e-05
    p = p * f + 0.0001540353039338161
    p = p * f + 0.0013333558146428443
    p = p * f + 0.009618129107628477
    p = p * f + 0.05550410866482158
    p = p * f + 0.2402265069591007
    p = p * f + 0.6931471805599453
    p = p * f + 1.0
    return _from_bits(_bits(p) + (_bits(shifted) << 52))


@njit(fastmath=FAST)
def add_squares(line: Any, x: Any, centre: float) -> None:
    """Add the squares of x - centre to `line`."""
    for j in range(line.size):
        p = x[j] - centre
        line[j] += p * p


@njit(fastmath=FAST)
def add_four_squares(line: Any, x0: Any, x1: Any, x2: Any, x3: Any, c0: float, c1: float, c2: float, c3: float) -> None:
    """Add the squares of four coordinates at once: one pass over `line` in place of four."""
    for j in range(line.size):
        p, q, r, s = x0[j] - c0, x1[j] - c1, x2[j] - c2, x3[j] - c3
        line[j] += (p * p + q * q) + (r * r + s * s)
