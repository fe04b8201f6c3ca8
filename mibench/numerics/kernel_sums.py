# SPDX-License-Identifier: Apache-2.0
"""Leave-one-out sums of Gaussian kernels over all pairs, exact to rounding, in blocks that stay in cache.

For points z_1..z_n and a scale a = 1 / (2 h^2), with v_ij = a |z_i - z_j|^2, one pass gives for each point

    log S_i = log sum_{j != i} exp(-v_ij),    E_i[v],    E_i[v^2]

where E_i averages over j with weights exp(-v_ij) / S_i. They give the first and second derivatives of log S_i in log a,
-E_i[v] and Var_i[v] - E_i[v], so a Newton step on a bandwidth costs one pass. The sums are taken relative to the
nearest neighbour, so an isolated point gives a finite logarithm however small the bandwidth.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from mibench.numerics.vectorised import FAST, LN2, add_four_squares, add_squares, half_power

__all__ = ["loo_log_sums", "loo_log_sums_reference"]

_ROWS = 8  # rows of distances held at once: 8 x n float64
_TILE = 256  # points whose coordinates stay in the first-level cache while those rows are filled


@njit
def _fill_distances(columns: Any, first: int, step: int, count: int, out: Any) -> None:
    """Squared distances from points first, first + step, ... to all points: out[:count, :n]."""
    dim, n = columns.shape
    fours = dim - dim % 4
    for start in range(0, n, _TILE):
        stop = min(start + _TILE, n)
        for row in range(count):
            i = first + row * step
            line = out[row][start:stop]
            line[:] = 0.0
            for k in range(0, fours, 4):
                tiles = (
                    columns[k][start:stop],
                    columns[k + 1][start:stop],
                    columns[k + 2][start:stop],
                    columns[k + 3][start:stop],
                )
                add_four_squares(line, *tiles, columns[k, i], columns[k + 1, i], columns[k + 2, i], columns[k + 3, i])
            for k in range(fours, dim):
                add_squares(line, columns[k][start:stop], columns[k, i])


@njit(fastmath=FAST)
def _reduce(distances: Any, scale: Any) -> Any:
    """log2 of the sum of 2^-u with u = scale * distance, and the weighted means of u and u^2."""
    nearest = np.inf
    for j in range(distances.size):
        nearest = min(nearest, distances[j])
    total, first, second = 0.0, 0.0, 0.0
    for j in range(distances.size):
        u = scale * (distances[j] - nearest)
        weight = half_power(u)
        total += weight
        first += weight * u
        second += weight * u * u
    shift = scale * nearest
    mean, square = first / total, second / total
    return np.log2(total) - shift, mean + shift, square + 2.0 * shift * mean + shift * shift


@njit(cache=True, parallel=True)
def _passes(columns: Any, scales: Any, step: int) -> Any:
    n = columns.shape[1]
    queries = (n + step - 1) // step
    out = np.empty((3, scales.size, queries))
    blocks = (queries + _ROWS - 1) // _ROWS
    for block in prange(blocks):
        lines = np.empty((_ROWS, n))
        begin = block * _ROWS
        count = min(_ROWS, queries - begin)
        _fill_distances(columns, begin * step, step, count, lines)
        for row in range(count):
            i = (begin + row) * step
            lines[row, i] = lines[row, n - 1]  # the point itself is left out: its place goes to the last one
            others = lines[row][: n - 1]
            for b in range(scales.size):
                log_sum, mean, square = _reduce(others, scales[b])
                out[0, b, begin + row] = log_sum
                out[1, b, begin + row] = mean
                out[2, b, begin + row] = square
    return out


def loo_log_sums(points: NDArray[np.float64], scales: NDArray[np.float64], step: int = 1) -> NDArray[np.float64]:
    """Leave-one-out log-sums and their two moments, for several scales in one pass over the pairs.

    Parameters
    ----------
    points : ndarray, shape (n, d)
        Finite, n >= 2.
    scales : ndarray, shape (b,)
        a = 1 / (2 h^2) of each bandwidth, positive.
    step : int
        Evaluate at every `step`-th point only (every point still gives a kernel).

    Returns
    -------
    ndarray, shape (3, b, ceil(n / step))
        log S_i, E_i[v] and E_i[v^2] of the module's head. Memory is O(n d), never n x n.
    """
    columns = np.ascontiguousarray(np.asarray(points, dtype=np.float64).T)
    result: NDArray[np.float64] = _passes(columns, np.asarray(scales, dtype=np.float64) / LN2, int(step))
    result *= np.array([LN2, LN2, LN2**2])[:, None, None]  # from bits to nats
    return result


def loo_log_sums_reference(points: NDArray[np.float64], scales: NDArray[np.float64]) -> NDArray[np.float64]:
    """What `loo_log_sums` computes, one point at a time in plain NumPy."""
    out = np.empty((3, len(scales), len(points)))
    for b, scale in enumerate(scales):
        for i, point in enumerate(points):
            v = scale * ((np.delete(points, i, axis=0) - point) ** 2).sum(axis=1)
            weights = np.exp(-(v - v.min()))
            out[0, b, i] = np.log(weights.sum()) - v.min()
            out[1, b, i] = np.average(v, weights=weights)
            out[2, b, i] = np.average(v**2, weights=weights)
    return out
