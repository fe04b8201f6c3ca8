# SPDX-License-Identifier: Apache-2.0
"""exp, expm1, log and tanh in compiled code: of a float32 in operations that vectorise, of a float64 the library's own.

A loop over float32 that calls these runs in the processor's vectors; the library's functions would take it one number
at a time. exp and log split off a power of two and leave a polynomial; their coefficients are minimax fits.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload, register_jitable

from mibench.numerics.vectorised import reinterpret

__all__ = ["LN2", "LOG", "ROOT_HALF", "exp", "expm1", "log", "tanh"]

_f = np.float32
_OPTIONS: Any = {"fastmath": {"contract"}, "error_model": "numpy"}  # fused, not reordered; a division asks no question
_LOG2E, _LN2 = _f(1.4426950408889634), _f(0.6931471805599453)
_ONE, _TWO, _HALF = _f(1.0), _f(2.0), _f(0.5)
_LEAST, _MOST = _f(-87.0), _f(88.0)  # where 2^n stays a normal number
_E0, _E1, _E2, _E3, _E4 = (
    _f(v)  # of (exp(r) - 1 - r) / r^2 for |r| <= ln(2) / 2, to 1.4e-8 of exp(r) - 1
    for v in (0.5000000062081152, 0.16666542790600475, 0.04166628143112808, 0.008366610980322273, 0.001394649448633378)
)
_T0, _T1, _T2, _T3 = (
    _f(v)  # of (tanh(x) / x - 1) / x^2 for |x| <= 0.56, to 1.4e-8 of tanh(x)
    for v in (-0.33332677642130354, 0.13315898855198616, -0.052411606913633314, 0.01600236666118912)
)
_L0, _L1, _L2, _L3, _L4, _L5, _L6, _L7 = (
    _f(v)  # of (log(1 + v) - v + v^2 / 2) / v^3 for 1 + v from 1/sqrt(2) to sqrt(2)
    for v in (
        0.3333331672685126,
        -0.25000810439809235,
        0.20002286143125955,
        -0.16624552738107118,
        0.141811945097357,
        -0.13128770310006846,
        0.128816351051943,
        -0.07859554128898126,
    )
)
LOG = (_L0, _L1, _L2, _L3, _L4, _L5, _L6, _L7)
_ROOT_HALF = np.int32(0x3F3504F3)  # the bits of 1/sqrt(2)
LN2, ROOT_HALF = float(_LN2), int(_ROOT_HALF)
_SMALL = _f(0.55)
_SATURATED = _f(9.1)  # from here on the tanh of a float32 is 1
_SIGN = np.int32(-(2**31))
_BIAS, _MANTISSA = np.int32(127), np.int32(23)


_as_float = reinterpret(types.int32, types.float32)
_as_bits = reinterpret(types.float32, types.int32)


@register_jitable
def _power_and_rest(x: Any) -> Any:
    """s and q with ``exp(x) = s + s q``: a power of two, and exp(r) - 1 of what is left."""
    x = min(max(x, _LEAST), _MOST)
    n = np.rint(x * _LOG2E)
    r = x - n * _LN2
    p = _E4
    p = p * r + _E3
    p = p * r + _E2
    p = p * r + _E1
    p = p * r + _E0
    scale = _as_float((np.int32(n) + _BIAS) << _MANTISSA)
    return scale, p * (r * r) + r


def exp(x: Any) -> Any:
    """e^x to 3e-7 relative; a float32 below -87 gives e^-87, above 88 e^88."""
    return math.exp(x)


def _library_exp(x: Any) -> Any:
    return math.exp(x)


@overload(exp, jit_options=_OPTIONS)
def _exp(x: Any) -> Any:
    def single(x: Any) -> Any:
        s, q = _power_and_rest(x)
        return s * q + s

    return single if x == types.float32 else _library_exp


def expm1(x: Any) -> Any:
    """e^x - 1 to 3e-7 relative, in the range of `exp`."""
    return math.expm1(x)


def _library_expm1(x: Any) -> Any:
    return math.expm1(x)


@overload(expm1, jit_options=_OPTIONS)
def _expm1(x: Any) -> Any:
    def single(x: Any) -> Any:
        s, q = _power_and_rest(x)
        return s * q + (s - _ONE)

    return single if x == types.float32 else _library_expm1


def tanh(x: Any) -> Any:
    """Tanh to 1e-7 absolute."""
    return math.tanh(x)


def _library_tanh(x: Any) -> Any:
    return math.tanh(x)


@overload(tanh, jit_options=_OPTIONS)
def _tanh(x: Any) -> Any:
    def single(x: Any) -> Any:
        size = min(abs(x), _SATURATED)
        s, q = _power_and_rest(_TWO * size)
        big = _ONE - _TWO / ((s * q + s) + _ONE)
        square = x * x
        p = _T3
        p = p * square + _T2
        p = p * square + _T1
        p = p * square + _T0
        small = (p * square) * x + x
        signed = _as_float(_as_bits(big) | (_as_bits(x) & _SIGN))
        return small if size < _SMALL else signed

    return single if x == types.float32 else _library_tanh


def log(x: Any) -> Any:
    """The natural logarithm of a positive, normal number, to 1e-7 absolute or relative, whichever is more."""
    return math.log(x)


def _library_log(x: Any) -> Any:
    return math.log(x)


@overload(log, jit_options=_OPTIONS)
def _log(x: Any) -> Any:
    def single(x: Any) -> Any:
        bits = _as_bits(x)
        power = (bits - _ROOT_HALF) >> _MANTISSA
        v = _as_float(bits - (power << _MANTISSA)) - _ONE
        p = _L7
        p = p * v + _L6
        p = p * v + _L5
        p = p * v + _L4
        p = p * v + _L3
        p = p * v + _L2
        p = p * v + _L1
        p = p * v + _L0
        square = v * v
        return _f(power) * _LN2 + (v + (p * v - _HALF) * square)

    return single if x == types.float32 else _library_log
