# SPDX-License-Identifier: Apache-2.0
"""The activations of hidden layers, and their slopes as functions of their own output.

`activate` and `slope` are the reference; `activate_line` and `times_slope` do the same in compiled code, in place, to a
line of numbers, for the index of the activation in `ACTIVATIONS`. In float32 their tanh is exact to 1e-7.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from mibench.names import check_choice
from mibench.networks.spec import ACTIVATIONS
from mibench.numerics import elementary

__all__ = ["activate", "activate_line", "code", "slope", "times_slope"]

_FAST = {"contract", "nsz"}
_LEAK = 0.01


def code(name: str) -> int:
    """The index by which compiled code knows an activation.

    Raises
    ------
    InputError
        For an unknown name.
    """
    check_choice("activation", name, ACTIVATIONS)
    return ACTIVATIONS.index(name)


def activate(name: str, z: NDArray[Any]) -> NDArray[Any]:
    """What a hidden layer makes of its sums `z`, in their float type.

    tanh; relu, max(z, 0); elu, exp(z) - 1 below 0; relu6, min(relu, 6); leaky-relu, 0.01 z below 0; softsign,
    z / (1 + abs(z)); linear, z.

    Raises
    ------
    InputError
        For an unknown name.
    """
    code(name)
    zero = z.dtype.type(0)
    if name == "tanh":
        return np.asarray(np.tanh(z))
    if name == "relu":
        return np.asarray(np.maximum(z, zero))
    if name == "elu":
        return np.where(z > 0, z, np.expm1(np.minimum(z, zero)))
    if name == "relu6":
        return np.asarray(np.clip(z, zero, z.dtype.type(6)))
    if name == "leaky-relu":
        return np.where(z > 0, z, z.dtype.type(_LEAK) * z)
    if name == "softsign":
        return np.asarray(z / (1 + np.abs(z)))
    return z.copy()


def slope(name: str, output: NDArray[Any]) -> NDArray[Any]:
    """The derivative where the activation's value is `output`; at a kink that from the left, of elu 1.

    Raises
    ------
    InputError
        For an unknown name.
    """
    code(name)
    one = np.ones_like(output)
    if name == "tanh":
        return np.asarray(one - output * output)
    if name == "relu":
        return np.where(output > 0, one, 0 * one)
    if name == "elu":
        return np.where(output > 0, one, output + one)
    if name == "relu6":
        return np.where((output > 0) & (output < 6), one, 0 * one)
    if name == "leaky-relu":
        return np.where(output > 0, one, output.dtype.type(_LEAK) * one)
    if name == "softsign":
        return np.asarray((one - np.abs(output)) ** 2)
    return one


@njit(cache=True, fastmath=_FAST, error_model="numpy")
def activate_line(which: int, line: Any) -> None:
    """Put `activate` of each number of `line`, shape (n,), in its place."""
    real = line.dtype.type
    zero, one, six, leak = real(0.0), real(1.0), real(6.0), real(_LEAK)
    if which == 0:
        for j in range(line.size):
            line[j] = elementary.tanh(line[j])
    elif which == 1:
        for j in range(line.size):
            line[j] = max(line[j], zero)
    elif which == 2:
        for j in range(line.size):
            z = line[j]
            below = elementary.expm1(min(z, zero))
            line[j] = z if z > zero else below
    elif which == 3:
        for j in range(line.size):
            line[j] = min(max(line[j], zero), six)
    elif which == 4:
        for j in range(line.size):
            line[j] = max(line[j], leak * line[j])
    elif which == 5:
        for j in range(line.size):
            line[j] = line[j] / (one + abs(line[j]))


@njit(cache=True, fastmath=_FAST, error_model="numpy")
def times_slope(which: int, output: Any, line: Any) -> None:
    """Multiply `line` by `slope` of `output`, both of shape (n,)."""
    real = line.dtype.type
    zero, one, six, leak = real(0.0), real(1.0), real(6.0), real(_LEAK)
    if which == 0:
        for j in range(line.size):
            line[j] *= one - output[j] * output[j]
    elif which == 1:
        for j in range(line.size):
            line[j] = line[j] if output[j] > zero else zero
    elif which == 2:
        for j in range(line.size):
            line[j] *= min(output[j] + one, one)
    elif which == 3:
        for j in range(line.size):
            line[j] = line[j] if zero < output[j] and output[j] < six else zero
    elif which == 4:
        for j in range(line.size):
            line[j] *= one if output[j] > zero else leak
    elif which == 5:
        for j in range(line.size):
            rest = one - abs(output[j])
            line[j] *= rest * rest
