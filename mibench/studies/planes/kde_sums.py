# SPDX-License-Identifier: Apache-2.0
"""Bounds of Kolchinsky and Tracey (Entropy 2017) of a layer's information, all sums of kernels in one pass over pairs.

The layer is taken to be T = h(X) + N(0, s^2 I). With w_jy the share of rows that have the value h_j and the label y,
and with K_ij = exp(-|h_i - h_j|^2 / (2 a s^2)), a = 1 for the upper bound and 4 for the lower one,

    S_iy = sum_j w_jy K_ij,    I(X;T) ~ -sum_iy w_iy ln sum_y S_iy,    I(T;Y) ~ I(X;T) + sum_iy w_iy ln(S_iy / p_y).

A value's own kernel is 1, so no sum vanishes where its weight does not.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray
from scipy.special import logsumexp

from mibench.numerics.vectorised import FAST, LN2, add_four_squares, add_squares, half_power

__all__ = ["bound_information", "bound_information_reference", "kernel_sums"]

_TILE = 512  # values whose coordinates stay near while a block of rows meets them
_ROWS = 16


@njit(fastmath=FAST)
def _kernels(line: Any) -> None:
    for j in range(line.size):
        line[j] = half_power(line[j])


@njit(fastmath=FAST)
def _weighted(line: Any, weights: Any) -> Any:
    total = 0.0
    for j in range(line.size):
        total += line[j] * weights[j]
    return total


@njit(cache=True, parallel=True)
def _sums(columns: Any, weights: Any) -> Any:
    dim, n = columns.shape
    fours = dim - dim % 4
    out = np.zeros((n, len(weights)))
    for block in prange((n + _ROWS - 1) // _ROWS):
        line = np.empty(_TILE)
        for start in range(0, n, _TILE):
            stop = min(start + _TILE, n)
            for i in range(block * _ROWS, min(n, (block + 1) * _ROWS)):
                part = line[: stop - start]
                part[:] = 0.0
                for k in range(0, fours, 4):
                    tiles = (
                        columns[k][start:stop],
                        columns[k + 1][start:stop],
                        columns[k + 2][start:stop],
                        columns[k + 3][start:stop],
                    )
                    add_four_squares(
                        part, *tiles, columns[k, i], columns[k + 1, i], columns[k + 2, i], columns[k + 3, i]
                    )
                for k in range(fours, dim):
                    add_squares(part, columns[k][start:stop], columns[k, i])
                _kernels(part)
                for column in range(len(weights)):
                    out[i, column] += _weighted(part, weights[column][start:stop])
    return out


def kernel_sums(values: NDArray[Any], weights: NDArray[np.float64], std: float) -> NDArray[np.float64]:
    """``sum_j w_jk exp(-|h_i - h_j|^2 / (2 std^2))`` for all i and k.

    Parameters
    ----------
    values : ndarray, shape (u, d)
        Finite.
    weights : ndarray, shape (u, k)
        At least 0.
    std : float
        Positive.

    Returns
    -------
    ndarray of float64, shape (u, k)
    """
    scale = 1.0 / (std * np.sqrt(2.0 * LN2))
    columns = np.ascontiguousarray(np.asarray(values, dtype=np.float64).T) * scale
    found: NDArray[np.float64] = _sums(columns, np.ascontiguousarray(weights.T, dtype=np.float64))
    return found


def bound_information(values: NDArray[Any], joints: list[NDArray[np.float64]], std: float) -> list[tuple[float, float]]:
    """I(X;T) and I(T;Y), in nats, for each of several ways to label the same values.

    Parameters
    ----------
    values : ndarray, shape (u, d)
        The layer's distinct rows.
    joints : list of ndarray, shape (u, labels)
        The probability of each value with each label; sums to 1, and over labels to the same for all.
    std : float
        sqrt(a) s: twice the noise's for the lower bound.
    """
    sums = kernel_sums(values, np.hstack(joints), std)
    found = []
    for joint in joints:
        own, sums = sums[:, : joint.shape[1]], sums[:, joint.shape[1] :]
        i_x = -float(joint.sum(axis=1) @ np.log(own.sum(axis=1)))
        seen = joint > 0
        of_label = np.broadcast_to(joint.sum(axis=0), joint.shape)
        found.append((i_x, i_x + float(joint[seen] @ np.log(own[seen] / of_label[seen]))))
    return found


def bound_information_reference(
    values: NDArray[Any], joints: list[NDArray[np.float64]], std: float
) -> list[tuple[float, float]]:
    """What `bound_information` computes, from all pairs at once by SciPy: H(T), and H(T|y) of each label by itself."""
    exponents = -((values[:, None] - values[None]) ** 2).sum(axis=2) / (2.0 * std**2)

    def entropy(weights: NDArray[np.float64]) -> float:
        return -float(weights @ logsumexp(exponents, b=weights, axis=1))

    found = []
    for joint in joints:
        i_x, shares = entropy(joint.sum(axis=1)), joint.sum(axis=0)
        found.append((i_x, i_x - sum(p * entropy(w / p) for p, w in zip(shares, joint.T, strict=True) if p > 0)))
    return found
