# SPDX-License-Identifier: Apache-2.0
"""Log-densities of mixtures of isotropic normals, exact to rounding, in blocks that stay in cache.

    p(t) = sum_i w_i N(t; c_i, s^2 I),    ln p(t) = ln sum_i w_i exp(-|t - c_i|^2 / (2 s^2)) - (d/2) ln(2 pi s^2)

The centres are ordered so that neighbours lie together and are cut into tiles with bounding boxes. A point first meets
the tile whose box is nearest; a tile that could add less than 1e-13 of that sum is passed over. Sums are taken relative
to their largest term, so a far point has a finite logarithm. Memory is O(n + m), never n x m.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numba import get_num_threads, njit, prange, set_num_threads
from numpy.typing import NDArray

from mibench.numerics.rows import distinct_rows
from mibench.numerics.vectorised import FAST, LN2, add_four_squares, add_squares, half_power

__all__ = ["GroupedMixture", "Mixture", "log_densities_of_each", "mixture_log_density_reference"]

_TILE = 256  # centres whose coordinates stay in the first-level cache while a block of points meets them
_BLOCK = 16  # points that meet a tile one after the other
_TERMS_PER_THREAD = 2_000_000  # with fewer, waiting for a thread of a busy machine costs more than it brings
_SPARED = 44.0  # tiles below 2^-44 / n of a sum, all together below 6e-14 of it, are passed over

Array = NDArray[Any]


@njit
def _tile_sum(columns: Any, lift: Any, start: int, stop: int, point: Any, line: Any) -> Any:
    """Least exponent u of the tile's terms w 2^-u', with u = u' - log2 w, and the sum of 2^(least - u)."""
    line = line[: stop - start]
    line[:] = lift[start:stop]
    dim = columns.shape[0]
    fours = dim - dim % 4
    for k in range(0, fours, 4):
        tiles = (
            columns[k][start:stop],
            columns[k + 1][start:stop],
            columns[k + 2][start:stop],
            columns[k + 3][start:stop],
        )
        add_four_squares(line, *tiles, point[k], point[k + 1], point[k + 2], point[k + 3])
    for k in range(fours, dim):
        add_squares(line, columns[k][start:stop], point[k])
    return _log_sum(line)


@njit(fastmath=FAST)
def _log_sum(line: Any) -> Any:
    least = np.inf
    for j in range(line.size):
        least = min(least, line[j])
    total = 0.0
    for j in range(line.size):
        total += half_power(line[j] - least)
    return least, total


@njit
def _box_bound(low: Any, high: Any, least_lift: float, point: Any) -> float:
    """The least exponent that a centre in the box can have."""
    bound = least_lift
    for k in range(point.size):
        gap = max(low[k] - point[k], point[k] - high[k], 0.0)
        bound += gap * gap
    return bound


@njit(cache=True, parallel=True)
def _log2_sums(points: Any, first: Any, last: Any, columns: Any, lift: Any, starts: Any, low: Any, high: Any) -> Any:
    """log2 of the sum over the tiles first[i] .. last[i] - 1, for each point."""
    m = len(points)
    least_lifts = np.empty(len(starts) - 1)
    for tile in prange(len(starts) - 1):
        least_lifts[tile] = lift[starts[tile] : starts[tile + 1]].min()
    out = np.empty(m)
    for block in prange((m + _BLOCK - 1) // _BLOCK):
        begin, end = block * _BLOCK, min(m, (block + 1) * _BLOCK)
        from_tile, to_tile = first[begin:end].min(), last[begin:end].max()
        bounds = np.empty((end - begin, to_tile - from_tile))
        line = np.empty(_TILE)
        reach, nearest = np.empty(end - begin), np.empty(end - begin, np.int64)
        least, total = np.empty(end - begin), np.empty(end - begin)
        for q in range(end - begin):
            i = begin + q
            near = first[i]
            for tile in range(first[i], last[i]):
                bounds[q, tile - from_tile] = _box_bound(low[tile], high[tile], least_lifts[tile], points[i])
                if bounds[q, tile - from_tile] < bounds[q, near - from_tile]:
                    near = tile
            least[q], total[q] = _tile_sum(columns, lift, starts[near], starts[near + 1], points[i], line)
            count = starts[last[i]] - starts[first[i]]
            nearest[q], reach[q] = near, least[q] - np.log2(total[q]) + np.log2(count) + _SPARED
        for tile in range(from_tile, to_tile):
            for q in range(end - begin):
                i = begin + q
                if tile < first[i] or tile >= last[i] or tile == nearest[q]:
                    continue
                if bounds[q, tile - from_tile] > reach[q]:
                    continue
                start, stop = starts[tile], starts[tile + 1]
                its_least, its_total = _tile_sum(columns, lift, start, stop, points[i], line)
                if its_least < least[q]:
                    total[q] = total[q] * half_power(least[q] - its_least) + its_total
                    least[q] = its_least
                else:
                    total[q] += its_total * half_power(its_least - least[q])
        for q in range(end - begin):
            out[begin + q] = np.log2(total[q]) - least[q]
    return out


@contextmanager
def _threads_for(terms: int) -> Iterator[None]:
    """No more threads than so many terms are worth."""
    before = get_num_threads()
    set_num_threads(max(1, min(before, terms // _TERMS_PER_THREAD)))
    try:
        yield
    finally:
        set_num_threads(before)


class _Tiles:
    """Centres in tiles: those of a group lie together, and within a group neighbours do."""

    def __init__(self, centres: Array, weights: Array, groups: Array, std: float) -> None:
        self.dim = centres.shape[1]
        self.scale = 1.0 / (std * np.sqrt(2.0 * LN2))
        self.log2_constant = -0.5 * self.dim * np.log2(2.0 * np.pi * std * std)
        order = np.argsort(groups, kind="stable")
        sizes = np.bincount(groups)
        ends = np.cumsum(sizes)
        for group in np.flatnonzero(sizes > _TILE):
            begin, end = ends[group] - sizes[group], ends[group]
            order[begin:end] = order[begin:end][_near_together(centres[order[begin:end]])]
        tiles = -(-sizes // _TILE)
        self.first_tile = np.concatenate([[0], np.cumsum(tiles)])
        cuts = np.arange(self.first_tile[-1]) - np.repeat(self.first_tile[:-1], tiles)
        self.starts = np.append(np.repeat(ends - sizes, tiles) + _TILE * cuts, len(centres))
        placed = centres[order] * self.scale
        self.columns = np.ascontiguousarray(placed.T)
        self.lift = -np.log2(weights[order])
        self.low = np.minimum.reduceat(placed, self.starts[:-1], axis=0)
        self.high = np.maximum.reduceat(placed, self.starts[:-1], axis=0)

    def log_density(self, points: Array, groups: Array) -> NDArray[np.float64]:
        """ln of the weighted sum over the centres of each point's group."""
        scaled = np.ascontiguousarray(points, dtype=np.float64) * self.scale
        first, last = self.first_tile[groups], self.first_tile[groups + 1]
        terms = int((self.starts[last] - self.starts[first]).sum())
        with _threads_for(terms):
            found = _log2_sums(scaled, first, last, self.columns, self.lift, self.starts, self.low, self.high)
        density: NDArray[np.float64] = LN2 * (found + self.log2_constant)
        return density


def _near_together(points: Array) -> NDArray[np.intp]:
    """An order in which neighbours lie together: halves along the widest coordinate, down to a tile."""
    order = np.arange(len(points))
    pending = [(0, len(points))]
    while pending:
        begin, end = pending.pop()
        if end - begin <= _TILE:
            continue
        part = points[order[begin:end]]
        widest = int(np.argmax(np.ptp(part, axis=0)))
        half = _TILE * max(1, (end - begin) // (2 * _TILE))
        order[begin:end] = order[begin:end][np.argpartition(part[:, widest], half)]
        pending += [(begin, begin + half), (begin + half, end)]
    return order


class Mixture:
    """A mixture of isotropic normals of one width, prepared for many points.

    Parameters
    ----------
    centres : ndarray, shape (n, d)
        Finite, n >= 1.
    std : float
        Standard deviation of every coordinate about a centre, positive.
    weights : ndarray, shape (n,), optional
        Positive weights, used as they are: they should sum to 1. Equal ones if absent.
    """

    def __init__(self, centres: Array, std: float, weights: Array | None = None) -> None:
        n = len(centres)
        weights = np.full(n, 1.0 / n) if weights is None else np.asarray(weights, dtype=np.float64)
        self._tiles = _Tiles(np.asarray(centres, dtype=np.float64), weights, np.zeros(n, dtype=np.int64), float(std))

    def log_density(self, points: Array) -> NDArray[np.float64]:
        """ln p at each point (nats), shape (m,), of points of shape (m, d)."""
        return self._tiles.log_density(points, np.zeros(len(points), dtype=np.int64))


class GroupedMixture:
    """A mixture whose components belong to groups: each group's own density beside that of all.

    Parameters
    ----------
    centres : ndarray, shape (n, d)
        Finite, n >= 1.
    groups : ndarray of int, shape (n,)
        Of each centre, 0 ... g - 1; every group has a centre.
    std : float
        Standard deviation of every coordinate about a centre, positive.
    weights : ndarray, shape (n,), optional
        Positive, of any sum; equal ones if absent. Equal centres are merged, within a group and in the whole.
    """

    def __init__(self, centres: Array, groups: Array, std: float, weights: Array | None = None) -> None:
        weights = np.full(len(centres), 1.0) if weights is None else np.asarray(weights, dtype=np.float64)
        centres, groups = np.asarray(centres, dtype=np.float64), np.asarray(groups, dtype=np.int64)
        first, which = distinct_rows(np.column_stack([centres, groups]))
        shares = np.bincount(which, weights) / np.bincount(groups, weights)[groups[first]]
        self._own = _Tiles(centres[first], shares, groups[first], float(std))
        first, which = distinct_rows(centres)
        shares = np.bincount(which, weights) / np.bincount(np.zeros_like(which), weights)
        self._all = Mixture(centres[first], std, shares)

    def log_densities(self, points: Array, groups: Array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """ln p_g and ln p (nats) at points of shape (m, d), with g the group given for each point, shape (m,)."""
        return self._own.log_density(points, np.asarray(groups, dtype=np.int64)), self._all.log_density(points)


@njit(cache=True, parallel=True)
def _sums_of_each(points: Any, columns: Any) -> Any:
    k, m, _ = points.shape
    r = columns.shape[2]
    out = np.empty((k, m))
    for i in prange(k):
        line, lift = np.empty(r), np.zeros(r)
        for q in range(m):
            least, total = _tile_sum(columns[i], lift, 0, r, points[i, q], line)
            out[i, q] = np.log2(total) - least
    return out


def log_densities_of_each(points: Array, centres: Array, std: float) -> NDArray[np.float64]:
    """ln p_i (nats) of k mixtures, each of r equally likely normals, at m points of its own.

    Parameters
    ----------
    points : ndarray, shape (k, m, d)
    centres : ndarray, shape (k, r, d)
    std : float
        Of every component, positive.

    Returns
    -------
    ndarray, shape (k, m)
    """
    _, r, dim = centres.shape
    scale = 1.0 / (std * np.sqrt(2.0 * LN2))
    found = _sums_of_each(
        np.ascontiguousarray(points) * scale, np.ascontiguousarray(centres.transpose(0, 2, 1)) * scale
    )
    density: NDArray[np.float64] = LN2 * found - np.log(r) - 0.5 * dim * np.log(2 * np.pi * std**2)
    return density


def mixture_log_density_reference(points: Array, centres: Array, std: float, weights: Array) -> NDArray[np.float64]:
    """What `Mixture.log_density` computes, one point at a time in plain NumPy."""
    out: NDArray[np.float64] = np.empty(len(points))
    for i, point in enumerate(points):
        terms = np.log(weights) - ((centres - point) ** 2).sum(axis=1) / (2 * std**2)
        out[i] = terms.max() + np.log(np.exp(terms - terms.max()).sum())
    out -= 0.5 * centres.shape[1] * np.log(2 * np.pi * std**2)
    return out
