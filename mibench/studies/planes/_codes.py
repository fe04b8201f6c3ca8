# SPDX-License-Identifier: Apache-2.0
"""Bins of a layer's values, compiled: the codes of a row packed into words, equal just when the row's bins are.

What `mibench.estimators.discretise` says in NumPy, to the same codes: `uniform` with limits (values outside of them in
the end intervals), `on_edges`, `fixed_width`, and `ebab` of the values as float32.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from mibench.networks.exact_pass import value_range
from mibench.studies.planes._sorting import sorted_unique

__all__ = ["ADAPTIVE", "EDGES", "UNIFORM", "WIDTH", "Rule", "binned"]

UNIFORM, EDGES, WIDTH, ADAPTIVE = 0, 1, 2, 3
_SHIFT = 2.0**52  # added to a whole number, it leaves the number in the low bits
_FEW = 128  # edges that are faster counted one by one, in the processor's vectors, than searched


class Rule(NamedTuple):
    """Which bins: `n` intervals or edges; of `width`; of unique values above `floor` (NaN: of all of them)."""

    kind: int
    n: int = 0
    width: float = 1.0
    floor: float = float("nan")
    even: bool = False


@njit(cache=True, nogil=True)
def _pack(codes: Any, j: int, size: int, words: Any) -> None:
    """Put unit j's codes, float64 whole numbers of `size` bits, into `words`, shape (w, n)."""
    per_word = 64 // size
    word, shift = words[j // per_word], np.uint64(j % per_word * size)
    for r in range(codes.size):
        codes[r] += _SHIFT
    whole = codes.view(np.uint64)
    for r in range(codes.size):
        word[r] |= (whole[r] & np.uint64(0xFFFFFFFFFFFFF)) << shift


@njit(cache=True, nogil=True)
def _words(units: int, n: int, most: int) -> Any:
    """Empty words for codes from 0 to `most`, and the bits of one."""
    size = 1
    while most >> size:
        size += 1
    per_word = 64 // size
    return np.zeros(((units + per_word - 1) // per_word, n), np.uint64), size


@njit(cache=True, nogil=True, fastmath={"nnan"})
def _uniform_line(line: Any, bins: int, low: float, high: float, codes: Any) -> None:
    width = high - low if high > low else 1.0
    for r in range(line.size):
        share = (min(max(np.float64(line[r]), low), high) - low) / width
        codes[r] = min(np.floor(share * bins), bins - 1.0)


@njit(cache=True, nogil=True)
def _line_of_edges(low: float, high: float, n: int) -> Any:
    """``numpy.linspace(low, high, n)``, to the bit."""
    edges, step = np.empty(n), (high - low) / (n - 1)
    for k in range(n):
        edges[k] = k * step + low if step != 0.0 else k / (n - 1) * (high - low) + low
    edges[n - 1] = high
    return edges


@njit(cache=True, nogil=True)
def _rounded_up(edges: Any, z: Any) -> Any:
    """The least numbers of z's type that are not below the edges: the same values are at or above both."""
    found = np.empty(edges.size, z.dtype)
    for k in range(edges.size):
        found[k] = edges[k]
        if found[k] < edges[k]:
            found[k] = np.nextafter(found[k], z.dtype.type(np.inf))
    return found


@njit(cache=True, nogil=True, fastmath={"nnan"})
def _edges_line(line: Any, edges: Any, counts: Any, codes: Any) -> None:
    """How many edges are at or below each value; `counts` is a line of the values' type."""
    zero, one = counts.dtype.type(0.0), counts.dtype.type(1.0)
    if edges.size > _FEW:
        found = np.searchsorted(edges, line, side="right")
        for r in range(line.size):
            codes[r] = found[r]
        return
    counts[:] = zero
    for k in range(edges.size):
        edge = edges[k]
        for r in range(line.size):
            counts[r] += one if line[r] >= edge else zero
    for r in range(line.size):
        codes[r] = counts[r]


@njit(cache=True, nogil=True)
def _above_edges(z: Any, n: int, edges: Any) -> Any:
    words, size = _words(z.shape[0], n, edges.size)
    counts, codes = np.empty(n, z.dtype), np.empty(n)
    for j in range(z.shape[0]):
        _edges_line(z[j][:n], edges, counts, codes)
        _pack(codes, j, size, words)
    return words


@njit(cache=True, nogil=True)
def _adaptive_edges(values: Any, unique: int, bins: int, even: bool) -> Any:
    """Edges at every so many of the first `unique` sorted values, and the last one."""
    edges = np.empty(bins + 1, values.dtype)
    per_step = (bins - 1) * unique // bins
    for k in range(bins):
        edges[k] = values[k * unique // bins if even else k * per_step // max(bins - 1, 1)]
    edges[bins] = values[unique - 1]
    return edges


@njit(cache=True, nogil=True)
def binned(z: Any, n: int, rule: Any, low: float, high: float) -> Any:
    """Words, shape (n, w), of the bins of z[:, :n] between `low` and `high`, NaN standing for an end of its own.

    Returns also whether the rule suits: no value is below its floor.
    """
    units = z.shape[0]
    if np.isnan(low) or np.isnan(high):
        least, greatest = value_range(z, n)
        low = least if np.isnan(low) else low
        high = greatest if np.isnan(high) else high
    high = max(low, high)
    if rule.kind == UNIFORM:
        words, size = _words(units, n, rule.n - 1)
        codes = np.empty(n)
        for j in range(units):
            _uniform_line(z[j][:n], rule.n, low, high, codes)
            _pack(codes, j, size, words)
    elif rule.kind == EDGES:
        words = _above_edges(z, n, _rounded_up(_line_of_edges(low, high, rule.n), z))
    elif rule.kind == WIDTH:
        words = np.empty((units, n), np.uint64)
        codes = np.empty(n)
        for j in range(units):
            for r in range(n):
                codes[r] = np.floor(np.float64(z[j, r]) / rule.width) + 0.0
            words[j] = codes.view(np.uint64)
    else:
        singles = z[:, :n].astype(np.float32)
        values, unique, suits = sorted_unique(singles, np.float32(rule.floor))
        if not suits:
            return np.zeros((1, n), np.uint64).T, False
        if unique == 0:
            return np.zeros((1, n), np.uint64).T, True
        words = _above_edges(singles, n, _adaptive_edges(values, unique, rule.n, rule.even))
    return words.T, True
