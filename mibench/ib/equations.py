# SPDX-License-Identifier: Apache-2.0
"""The self-consistent equations of the bottleneck (Tishby, Pereira and Bialek 1999, equations 28 to 31).

::

    p(t|x) = p(t) exp(-beta KL(p(y|x) || p(y|t))) / Z(x)
    p(t)   = sum_x p(x) p(t|x)            p(y|t) = sum_x p(y|x) p(x|t)

Each minimises I(X;T) - beta I(T;Y) over one of three distributions with the two others held, so going round them never
raises it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from mibench.ib.joint import divergences

__all__ = ["decoder", "information", "merged", "solve", "step_reference"]

_DIGITS = 12  # to which p(y|t) are compared

Floats = NDArray[np.float64]


def decoder(p_x: Floats, p_y_given_x: Floats, encoder: Floats) -> tuple[Floats, Floats]:
    """p(t), shape (C,), and p(y|t), shape (C, K_y), of an encoder p(t|x), shape (K, C); rows of unused t are zero."""
    joint = (p_x[:, None] * encoder).T @ p_y_given_x
    p_t = p_x @ encoder
    return p_t, np.divide(joint, p_t[:, None], out=np.zeros_like(joint), where=p_t[:, None] > 0)


def information(p_x: Floats, p_y_given_x: Floats, encoder: Floats) -> tuple[float, float]:
    """I(X;T) and I(T;Y) of an encoder, in nats."""
    p_t, p_y_given_t = decoder(p_x, p_y_given_x, encoder)
    i_x = _mean_divergence(p_x, encoder, p_t)
    i_y = _mean_divergence(p_t, p_y_given_t, p_x @ p_y_given_x)
    return i_x, i_y


def _mean_divergence(weights: Floats, rows: Floats, mean: Floats) -> float:
    """Of rows from their mean."""
    ratio = np.divide(rows, mean, out=np.ones_like(rows), where=rows > 0)
    return max(0.0, float(weights @ (rows * np.log(ratio)).sum(axis=1)))


def merged(p_x: Floats, p_y_given_x: Floats, encoder: Floats) -> Floats:
    """The encoder with values of T that say the same of Y as one, and unused ones left out.

    At a fixed point p(t|x) of such values differ by the factor p(t) alone, so neither information changes.
    """
    p_t, p_y_given_t = decoder(p_x, p_y_given_x, encoder)
    used = p_t > 0
    _, which = np.unique(np.round(p_y_given_t[used], _DIGITS), axis=0, return_inverse=True)
    found = np.zeros((len(encoder), int(which.max()) + 1))
    np.add.at(found.T, which.reshape(-1), encoder[:, used].T)
    return found


def step_reference(p_x: Floats, p_y_given_x: Floats, encoder: Floats, beta: float) -> Floats:
    """The encoder after going round the equations once."""
    p_t, p_y_given_t = decoder(p_x, p_y_given_x, encoder)
    used = p_t > 0
    cost = beta * divergences(p_y_given_x, p_y_given_t[used])
    weights = p_t[used] * np.exp(cost.min(axis=1, keepdims=True) - cost)
    found = np.zeros_like(encoder)
    found[:, used] = weights / weights.sum(axis=1, keepdims=True)
    return found


@njit(cache=True)
def solve(p_x: Any, p_y_given_x: Any, encoder: Any, beta: float, tolerance: float, iterations: int) -> Any:
    """Go round until no p(t|x) changes by `tolerance`, in place; the last change (`step_reference`, compiled)."""
    n, clusters = encoder.shape
    outcomes = p_y_given_x.shape[1]
    p_t, log_q, cost = np.empty(clusters), np.empty((clusters, outcomes)), np.empty(clusters)
    change = np.inf
    for _ in range(iterations):
        p_t[:] = 0.0
        log_q[:] = 0.0
        for x in range(n):
            for t in range(clusters):
                share = p_x[x] * encoder[x, t]
                if share > 0:
                    p_t[t] += share
                    for y in range(outcomes):
                        log_q[t, y] += share * p_y_given_x[x, y]
        for t in range(clusters):
            if p_t[t] > 0:
                for y in range(outcomes):
                    log_q[t, y] = np.log(log_q[t, y] / p_t[t]) if log_q[t, y] > 0 else -np.inf
        change = 0.0
        for x in range(n):
            least = np.inf
            for t in range(clusters):
                if p_t[t] > 0:
                    value = 0.0
                    for y in range(outcomes):
                        if p_y_given_x[x, y] > 0:
                            value -= p_y_given_x[x, y] * log_q[t, y]
                    cost[t] = value
                    least = min(least, value)
            total = 0.0
            for t in range(clusters):
                if p_t[t] > 0:
                    cost[t] = p_t[t] * np.exp(beta * (least - cost[t]))
                    total += cost[t]
                else:
                    cost[t] = 0.0
            for t in range(clusters):
                share = cost[t] / total
                change = max(change, abs(share - encoder[x, t]))
                encoder[x, t] = share
        if change < tolerance:
            break
    return change
