# SPDX-License-Identifier: Apache-2.0
"""A layer's values on their grid, and codes of them in words, compiled, and weights on theirs.

Values are columns, shape (units, n). Grids and codes are in float64 (`mibench.networks.quantisers`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from mibench.networks.exact_values import BLOCK, HIDDEN, output_columns, value_range
from mibench.networks.spec import ACTIVATIONS, MODES

__all__ = ["code_bits", "finish", "new_words", "used_weights"]

_TANH = ACTIVATIONS.index("tanh")
_PAPER, _INSTANT, _EXACT = (MODES.index(mode) for mode in ("paper", "instant", "float32-exact"))
_SHIFT = 2.0**52  # added to a whole number, it leaves the number in the low bits


@njit(cache=True, nogil=True)
def code_bits(mode: int, bits: int, itemsize: int) -> Any:
    """Bits that hold every code of a unit; one more than `bits` where an output has 2^bits + 1 bins."""
    if mode == _EXACT:
        return 8 * itemsize
    return bits if mode == _PAPER else bits + 1


@njit(cache=True, nogil=True)
def _zero_grid(low: float, high: float, most: float) -> Any:
    """Least value and step, 0 for a single level."""
    low, high = min(low, 0.0), max(high, 0.0)
    step = (high - low) / most
    if not step > 0.0:
        return 0.0, 0.0
    return -min(max(np.floor(-low / step + 0.5), 0.0), most) * step, step


@njit(cache=True, nogil=True, fastmath={"nnan"})
def _round_line(line: Any, low: float, step: float, most: float, codes: Any) -> None:
    for r in range(line.size):
        codes[r] = min(max(np.floor((line[r] - low) / step + 0.5), 0.0), most)
        line[r] = low + codes[r] * step


@njit(cache=True, nogil=True)
def _round(z: Any, n: int, low: float, step: float, most: float, words: Any, size: int) -> None:
    """Put values on the grid, and their codes, of `size` bits, into `words`, shape (w, n), unless it has no rows."""
    per_word = 64 // size
    if not step > 0.0:
        z[:, :n] = low
        return
    kept = np.empty(min(n, BLOCK))
    for j in range(z.shape[0]):
        shift = np.uint64(j % per_word * size)
        for start in range(0, n, BLOCK):
            line = z[j][start : min(start + BLOCK, n)]
            codes = kept[: line.size]
            _round_line(line, low, step, most, codes)
            if words.shape[0]:
                for r in range(line.size):
                    codes[r] += _SHIFT
                whole, word = codes.view(np.uint64), words[j // per_word][start : start + line.size]
                for r in range(line.size):
                    word[r] |= (whole[r] & np.uint64(0xFFFFFFFFFFFFF)) << shift


@njit(cache=True, nogil=True)
def _averaged(kind: int, output: int, mode: int) -> Any:
    """Whether weights and sums are on grids that contain 0."""
    return mode != _PAPER and mode != _EXACT and not (output == HIDDEN and kind == _TANH)


@njit(cache=True, nogil=True)
def used_weights(weights: Any, kind: int, output: int, mode: int, bits: int, ranges: Any) -> Any:
    """Weights as the layer uses them, rounded where the mode does; `ranges` are the layer's, shape (4,)."""
    if not _averaged(kind, output, mode):
        return weights
    weights, most = weights.copy(), 2.0**bits - 1.0
    low, step = _zero_grid(ranges[2], ranges[3], most)
    _round(weights, weights.shape[1], low, step, most, np.zeros((0, 0), np.uint64), bits)
    return weights


@njit(cache=True, nogil=True)
def _bits_of_floats(z: Any, n: int, words: Any) -> None:
    """The values themselves as codes, unless `words` has no rows."""
    per_word = 8 // z.itemsize
    for j in range(z.shape[0] if words.shape[0] else 0):
        halves = z[j][:n].view(np.uint32)  # one of a float32, two of a float64
        word, shift = words[j // per_word], np.uint64(j % per_word * 8 * z.itemsize)
        for r in range(n):
            if z.itemsize == 4:
                word[r] |= np.uint64(halves[r]) << shift
            else:
                word[r] = np.uint64(halves[2 * r]) | np.uint64(halves[2 * r + 1]) << np.uint64(32)


@njit(cache=True, nogil=True)
def new_words(z: Any, n: int, mode: int, bits: int) -> Any:
    """Where `finish` puts the codes of n rows, shape (w, n)."""
    per_word = 64 // code_bits(mode, bits, z.itemsize)
    return np.zeros(((z.shape[0] + per_word - 1) // per_word, n), np.uint64)


@njit(cache=True, nogil=True)
def finish(z: Any, n: int, limits: Any, chosen: Any, ranges: Any, words: Any) -> None:
    """Make of what `activated` leaves in z[:, :n], between `limits`, a layer's values, and their codes.

    `chosen` are activation, output, mode and bits. The codes go into `words`, unless it has no rows.
    """
    low, high = limits
    kind, output, mode, bits = chosen
    size, most = code_bits(mode, bits, z.itemsize), 2.0**bits - 1.0
    averaged = _averaged(kind, output, mode)
    if averaged:
        if mode != _INSTANT:
            low, high = ranges[0], ranges[1]
        low, step = _zero_grid(low, high, most)
        _round(z, n, low, step, most, words if output == HIDDEN else words[:0], size)
    if output != HIDDEN:
        output_columns(z, n, output)
        low, high = value_range(z, n)
    if mode == _EXACT:
        _bits_of_floats(z, n, words)
    elif not averaged or output != HIDDEN:
        if mode == _PAPER:
            step = (high - low) / most
        elif output == HIDDEN:
            low, step = _zero_grid(low, high, most)
        else:  # the bins of the published estimator: 2^bits + 1 on the range of the output
            most += 1.0
            step = (high - low) / most
        _round(z, n, low, step, most, words, size)
