# SPDX-License-Identifier: Apache-2.0
"""Steps of the optimisers on flat parameters, and the step towards orthonormal weights, in compiled code."""

from __future__ import annotations

import math
from typing import Any

from numba import njit

__all__ = ["adam", "sgd", "towards_orthonormal"]

_FAST = {"contract", "reassoc", "nsz"}


@njit(cache=True, fastmath=_FAST, error_model="numpy")
def adam(
    parameters: Any,
    gradient: Any,
    first: Any,
    second: Any,
    step: int,
    rate: float,
    b1: float,
    b2: float,
    epsilon: float,
) -> None:
    """Kingma and Ba, 2015, algorithm 1: both moments corrected for bias, `epsilon` beside the corrected root."""
    real = parameters.dtype.type
    size, root = real(rate / (1.0 - b1**step)), real(1.0 / math.sqrt(1.0 - b2**step))
    keep1, keep2, take1, take2, small = real(b1), real(b2), real(1.0 - b1), real(1.0 - b2), real(epsilon)
    for k in range(parameters.size):
        g = gradient[k]
        m = keep1 * first[k] + take1 * g
        v = keep2 * second[k] + take2 * (g * g)
        first[k], second[k] = m, v
        parameters[k] -= size * m / (math.sqrt(v) * root + small)


@njit(cache=True, fastmath=_FAST)
def sgd(parameters: Any, gradient: Any, first: Any, rate: float, momentum: float) -> None:
    """``first = momentum first + gradient``, and a step of `rate` against it."""
    real = parameters.dtype.type
    size, keep = real(rate), real(momentum)
    for k in range(parameters.size):
        m = keep * first[k] + gradient[k]
        first[k] = m
        parameters[k] -= size * m


@njit(cache=True, fastmath=_FAST)
def towards_orthonormal(weights: Any, units: int, inputs: int, strength: float, product: Any) -> None:
    """``W <- W - strength (W W^T W - W)`` for W, shape (units, inputs), row by row in `weights`.

    `product` holds units x units + units x inputs numbers.
    """
    real = weights.dtype.type
    a = real(strength)
    for i in range(units):
        for k in range(units):
            total = real(0.0)
            for j in range(inputs):
                total += weights[i * inputs + j] * weights[k * inputs + j]
            product[i * units + k] = total
    change = product[units * units :]
    change.fill(real(0.0))
    for i in range(units):
        for k in range(units):
            share = product[i * units + k]
            for j in range(inputs):
                change[i * inputs + j] += share * weights[k * inputs + j]
    for k in range(units * inputs):
        weights[k] -= a * (change[k] - weights[k])
