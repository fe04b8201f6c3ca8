# SPDX-License-Identifier: Apache-2.0
"""One layer of a network on the distinct values of the layer before, compiled: values, and codes packed into words.

Values are columns, shape (units, n), in the float type of the parameters. What becomes of a row does not depend on the
other rows or on its place, to the last bit: sums run over the inputs in order, from the bias on, never through a matrix
product. Grids and codes are in float64 (`mibench.networks.quantisers`). Zero has one sign.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from mibench.networks.activations import activate_line
from mibench.networks.spec import ACTIVATIONS, MODES, Network
from mibench.numerics import elementary

__all__ = ["HIDDEN", "SIGMOID", "SOFTMAX", "code_bits", "layer_pass", "output_columns", "settings", "value_range"]

HIDDEN, SOFTMAX, SIGMOID = 0, 1, 2
_TANH = ACTIVATIONS.index("tanh")
_PAPER, _INSTANT, _EXACT = (MODES.index(mode) for mode in ("paper", "instant", "float32-exact"))
_BLOCK = 512  # rows whose values in one layer stay in the first-level cache
_SHIFT = 2.0**52  # added to a whole number, it leaves the number in the low bits


def settings(network: Network) -> tuple[int, int, int, int]:
    """The network's activation, output, mode and bits as numbers; 0 bits for none."""
    output = SOFTMAX if network.output == "softmax" else SIGMOID
    return ACTIVATIONS.index(network.activation), output, MODES.index(network.mode), network.bits or 0


@njit(cache=True, nogil=True)
def code_bits(mode: int, bits: int, itemsize: int) -> Any:
    """Bits that hold every code of a unit; one more than `bits` where an output has 2^bits + 1 bins."""
    if mode == _EXACT:
        return 8 * itemsize
    return bits if mode == _PAPER else bits + 1


@njit(cache=True, nogil=True)
def _affine(x: Any, n: int, weights: Any, bias: Any, z: Any) -> None:
    units, inputs = weights.shape
    for start in range(0, n, _BLOCK):
        stop = min(start + _BLOCK, n)
        for j in range(units):
            z[j][start:stop] = bias[j]
        for i in range(inputs):
            column = x[i][start:stop]
            for j in range(units):
                line = z[j][start:stop]
                weight = weights[j, i]
                for r in range(line.size):
                    line[r] += weight * column[r]


@njit(cache=True, nogil=True)
def output_columns(z: Any, n: int, output: int) -> None:
    """Softmax over the units of logits of shape (units, n or more), or sigmoid, in place."""
    one = z.dtype.type(1.0)
    for r in range(n):
        if output == SIGMOID:
            e = elementary.exp(-abs(z[0, r]))
            z[0, r] = (one if z[0, r] > 0 else e) / (one + e)
        else:
            most = z[:, r].max()
            total = z.dtype.type(0.0)
            for j in range(z.shape[0]):
                z[j, r] = elementary.exp(z[j, r] - most)
                total += z[j, r]
            for j in range(z.shape[0]):
                z[j, r] /= total


@njit(cache=True, nogil=True, fastmath={"nnan", "nsz", "reassoc"})
def value_range(z: Any, n: int) -> Any:
    """Least and greatest of z[:, :n]."""
    low, high = z[0, 0], z[0, 0]
    for j in range(z.shape[0]):
        line = z[j][:n]
        for r in range(n):
            low = min(low, line[r])
            high = max(high, line[r])
    return np.float64(low), np.float64(high)


@njit(cache=True, nogil=True)
def _zero_grid(low: float, high: float, most: float) -> Any:
    """Least value and step, 0 for a single level."""
    low, high = min(low, 0.0), max(high, 0.0)
    step = (high - low) / most
    if not step > 0.0:
        return 0.0, 0.0
    return -min(max(np.floor(-low / step + 0.5), 0.0), most) * step, step


@njit(cache=True, nogil=True, fastmath={"nnan"})
def _round(z: Any, n: int, low: float, step: float, most: float, words: Any, size: int) -> None:
    """Put values on the grid, and their codes, of `size` bits, into `words`, shape (w, n), unless it has no rows."""
    per_word = 64 // size
    codes = np.empty(n)
    whole = codes.view(np.uint64)
    for j in range(z.shape[0]):
        line = z[j][:n]
        if not step > 0.0:
            line[:] = low
            continue
        for r in range(n):
            codes[r] = min(max(np.floor((line[r] - low) / step + 0.5), 0.0), most)
            line[r] = low + codes[r] * step
        if words.shape[0]:
            for r in range(n):
                codes[r] += _SHIFT
            word, shift = words[j // per_word], np.uint64(j % per_word * size)
            for r in range(n):
                word[r] |= (whole[r] & np.uint64(0xFFFFFFFFFFFFF)) << shift


@njit(cache=True, nogil=True)
def layer_pass(
    x: Any, n: int, weights: Any, bias: Any, kind: int, output: int, mode: int, bits: int, ranges: Any, z: Any
) -> Any:
    """Evaluate a layer on n rows.

    Parameters
    ----------
    x : columns of the layer before, shape (inputs, n or more)
    weights, bias : shapes (units, inputs) and (units,)
    kind, mode, bits : as `settings` gives them
    output : HIDDEN, SOFTMAX or SIGMOID
    ranges : shape (4,), of float64
        The layer's in `mibench.networks.state.State`.
    z : shape (units, n or more)
        Where the values go: those that the codes stand for.

    Returns
    -------
    words : ndarray of uint64, shape (n, w)
        The codes of a row, packed.
    """
    size = code_bits(mode, bits, z.itemsize)
    per_word, units = 64 // size, weights.shape[0]
    words = np.zeros(((units + per_word - 1) // per_word, n), np.uint64)
    most = 2.0**bits - 1.0
    averaged = mode != _PAPER and mode != _EXACT and not (output == HIDDEN and kind == _TANH)
    if averaged:
        weights = weights.copy()
        low, step = _zero_grid(ranges[2], ranges[3], most)
        _round(weights, weights.shape[1], low, step, most, words[:0], size)
    _affine(x, n, weights, bias, z)
    for j in range(units):
        if output == HIDDEN:
            activate_line(kind, z[j][:n])
        z[j][:n] += z.dtype.type(0.0)  # makes -0 a 0
    if averaged:
        low, high = ranges[0], ranges[1]
        if mode == _INSTANT:
            low, high = value_range(z, n)
        low, step = _zero_grid(low, high, most)
        _round(z, n, low, step, most, words if output == HIDDEN else words[:0], size)
    if output != HIDDEN:
        output_columns(z, n, output)
    if mode == _EXACT:
        for j in range(units):
            halves = z[j][:n].view(np.uint32)  # one of a float32, two of a float64
            word, shift = words[j // per_word], np.uint64(j % per_word * size)
            for r in range(n):
                if z.itemsize == 4:
                    word[r] |= np.uint64(halves[r]) << shift
                else:
                    word[r] = np.uint64(halves[2 * r]) | np.uint64(halves[2 * r + 1]) << np.uint64(32)
    elif not averaged or output != HIDDEN:
        low, high = value_range(z, n)
        if mode == _PAPER:
            step = (high - low) / most
        elif output == HIDDEN:
            low, step = _zero_grid(low, high, most)
        else:  # the bins of the published estimator: 2^bits + 1 on the range of the output
            most += 1.0
            step = (high - low) / most
        _round(z, n, low, step, most, words, size)
    return words.T
