# SPDX-License-Identifier: Apache-2.0
"""Activations of a layer's sums, compiled: from the bias on, one product after the other in the inputs' order.

Of a block the products of a sum come channel by channel, tap by tap, and what is left is the greatest of the 4 sums of
each pooled place. 16 rows at a time are laid out as lines, one for each input, and their sums stay in registers
(`mibench.networks.exact_lanes`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from mibench.networks.exact_lanes import FILTERS, SUMS, TAPS, add_line, add_patch, biases, copy_line, put, put_greatest
from mibench.networks.exact_layout import CHANNELS, INPUTS, MADE, OUT, SIDE, UNITS
from mibench.networks.exact_values import activated, ends_for, limits_of
from mibench.numerics.lanes import LANES

__all__ = ["affine", "first_sums", "later_sums"]

_TILES = 16  # of 16 rows, at once: a column's next numbers are then written while its page is at hand
_AT_ONCE = _TILES * LANES


@njit(cache=True, nogil=True)
def _packed_units(weights: Any, bias: Any) -> Any:
    """Weights by inputs, (inputs, units in whole groups), and biases."""
    units, inputs = weights.shape
    width = (units + SUMS - 1) // SUMS * SUMS
    packed, starts = np.zeros((inputs, width), weights.dtype), np.zeros(width, weights.dtype)
    for j in range(units):
        starts[j] = bias[j]
        for i in range(inputs):
            packed[i, j] = weights[j, i]
    return packed, starts


@njit(cache=True, nogil=True)
def _packed_filters(weights: Any, bias: Any, channels: int, filters: int) -> Any:
    """Flat weights by pairs of filters, (pair, channel, tap, filter), and 4 times each bias, (pair, filter, 4)."""
    pairs = (filters + FILTERS - 1) // FILTERS
    packed = np.zeros((pairs, channels, TAPS, FILTERS), weights.dtype)
    starts = np.zeros((pairs, FILTERS, SUMS // FILTERS), weights.dtype)
    for f in range(filters):
        starts[f // FILTERS, f % FILTERS] = bias[f]
        for c in range(channels):
            for tap in range(TAPS):
                packed[f // FILTERS, c, tap, f % FILTERS] = weights[(f * channels + c) * TAPS + tap]
    return packed, starts


@njit(cache=True, nogil=True)
def _units_of_tile(lines: Any, which: Any, begin: int, end: int, packed: Any, starts: Any, out: Any) -> None:
    width = starts.size
    for group in range(0, width, SUMS):
        sums = biases(starts, group)
        for k in range(begin, end):
            sums = add_line(sums, lines, k * LANES, packed, which[k] * width + group)
        put(sums, out, group * LANES)


@njit(cache=True, nogil=True)
def _block_of_tile(lines: Any, begin: int, shape: Any, packed: Any, starts: Any, out: Any) -> None:
    channels, side, made = shape[CHANNELS], shape[SIDE], shape[MADE]
    plane = made * made * LANES
    for i in range(made):
        for j in range(made):
            corner = (begin + 2 * i * side + 2 * j) * LANES
            target = (i * made + j) * LANES
            for pair in range(packed.shape[0]):
                sums = biases(starts, pair * SUMS)
                for c in range(channels):
                    at = corner + c * side * side * LANES
                    sums = add_patch(sums, lines, at, side * LANES, packed, (pair * channels + c) * TAPS * FILTERS)
                put_greatest(sums, out, target + FILTERS * pair * plane, plane)


@njit(cache=True, nogil=True)
def _gather(x: Any, start: int, n: int, tiles: Any) -> Any:
    """Lay out columns from `start` on as tiles, shape (t, inputs, 16), at most t; how many they are."""
    count, inputs, stride = min((n - start + LANES - 1) // LANES, tiles.shape[0]), tiles.shape[1], x.shape[1]
    whole = min((n - start) // LANES, count)
    for i in range(inputs):
        for t in range(whole):
            copy_line(x, i * stride + start + t * LANES, tiles, (t * inputs + i) * LANES)
        for t in range(whole, count):
            for r in range(n - start - t * LANES):
                tiles[t, i, r] = x[i, start + t * LANES + r]
    return count


@njit(cache=True, nogil=True)
def _scatter(out: Any, start: int, n: int, count: int, z: Any) -> None:
    """Put tiles out[:count], shape (t, units or more, 16), into columns from `start` on."""
    units, stride, whole = out.shape[1], z.shape[1], min((n - start) // LANES, count)
    for j in range(z.shape[0]):
        for t in range(whole):
            copy_line(out, (t * units + j) * LANES, z, j * stride + start + t * LANES)
        for t in range(whole, count):
            for r in range(n - start - t * LANES):
                z[j, start + t * LANES + r] = out[t, j, r]


@njit(cache=True, nogil=True)
def affine(x: Any, n: int, weights: Any, bias: Any, kind: int, output: int, z: Any) -> Any:
    """As `later_sums` with weights of shape (units, inputs)."""
    ends = ends_for(_AT_ONCE, z)
    packed, starts = _packed_units(weights, bias)
    inputs = weights.shape[1]
    which = np.arange(inputs).astype(np.int32)
    tiles, out = np.zeros((_TILES, inputs, LANES), z.dtype), np.empty((_TILES, starts.size, LANES), z.dtype)
    for start in range(0, n, _AT_ONCE):
        count = _gather(x, start, n, tiles)
        for t in range(count):
            _units_of_tile(tiles[t], which, 0, inputs, packed, starts, out[t])
        _scatter(out, start, n, count, z)
        activated(z, start, min(start + _AT_ONCE, n), kind, output, ends)
    return limits_of(ends)


@njit(cache=True, nogil=True)
def later_sums(x: Any, n: int, shape: Any, weights: Any, bias: Any, kind: int, output: int, z: Any) -> Any:
    """Fill z[:, :n] with activations of a layer's sums, from columns x[:, :n] of the layer before; returns their range.

    `weights` are flat, `kind` and `output` as for `mibench.networks.exact_pass.layer_pass`.
    """
    ends = ends_for(_AT_ONCE, z)
    if not shape[CHANNELS]:
        return affine(x, n, weights.reshape((shape[UNITS], shape[INPUTS])), bias, kind, output, z)
    packed, starts = _packed_filters(weights, bias, shape[CHANNELS], shape[OUT])
    tiles, out = np.zeros((_TILES, shape[INPUTS], LANES), z.dtype), _room(shape, packed, z)
    for start in range(0, n, _AT_ONCE):
        count = _gather(x, start, n, tiles)
        for t in range(count):
            _block_of_tile(tiles[t], 0, shape, packed, starts, out[t])
        _scatter(out, start, n, count, z)
        activated(z, start, min(start + _AT_ONCE, n), kind, output, ends)
    return limits_of(ends)


@njit(cache=True, nogil=True)
def _room(shape: Any, packed: Any, z: Any) -> Any:
    """Where a block's values go, whole pairs of filters."""
    return np.empty((_TILES, packed.shape[0] * FILTERS * shape[MADE] * shape[MADE], LANES), z.dtype)


@njit(cache=True, nogil=True)
def first_sums(
    tiles: Any, first: int, n: int, shape: Any, weights: Any, bias: Any, kind: int, output: int, z: Any
) -> Any:
    """As `later_sums`, of the first layer on n rows of `tiles` from `first`, a multiple of 16, on."""
    ends = ends_for(_AT_ONCE, z)
    begin = tiles.begin[first // LANES :]
    if shape[CHANNELS]:
        filters, each = _packed_filters(weights, bias, shape[CHANNELS], shape[OUT])
        values = _room(shape, filters, z)
        for start in range(0, n, _AT_ONCE):
            at, count = start // LANES, min((n - start + LANES - 1) // LANES, _TILES)
            for t in range(count):
                _block_of_tile(tiles.lines, begin[at + t], shape, filters, each, values[t])
            _scatter(values, start, n, count, z)
            activated(z, start, min(start + _AT_ONCE, n), kind, output, ends)
        return limits_of(ends)
    packed, starts = _packed_units(weights.reshape((shape[UNITS], shape[INPUTS])), bias)
    out = np.empty((_TILES, starts.size, LANES), z.dtype)
    for start in range(0, n, _AT_ONCE):
        at, count = start // LANES, min((n - start + LANES - 1) // LANES, _TILES)
        for t in range(count):
            k = begin[at + t]
            _units_of_tile(tiles.lines, tiles.which, k, begin[at + t + 1], packed, starts, out[t])
        _scatter(out, start, n, count, z)
        activated(z, start, min(start + _AT_ONCE, n), kind, output, ends)
    return limits_of(ends)
