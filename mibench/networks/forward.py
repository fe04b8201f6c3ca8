# SPDX-License-Identifier: Apache-2.0
"""What every layer of a network makes of a finite set of inputs: its distinct codes, and which one each input has.

A layer is evaluated on the distinct codes of the layer before, once for each. So T_{l+1} is a function of T_l by
construction, and what holds of functions holds exactly: no information is gained from layer to layer. Evaluating all
rows by a matrix product breaks it, because the sums of equal rows may differ in the last bit with their place.

After training, ranges of ``paper`` and of ``instant`` are those of all rows at hand. ``tfmot`` remembers a moving
average; what lies outside of it is clipped. The output's codes in ``paper`` are levels of the softmax or sigmoid. In
``tfmot`` and ``instant`` its logits are rounded, and its codes are the 2^bits + 1 bins of the published estimator,
``round((v - low) 2^bits / (high - low))``: strictly, the information is that of a binned output (Lorenzen, Igel and
Nielsen, ICLR 2022, and their code).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.networks.activations import activate_line, code
from mibench.networks.exact_inputs import distinct_inputs, prepared
from mibench.networks.exact_pass import HIDDEN, code_bits, layer_pass, output_columns, settings
from mibench.networks.quantisers import Grid, level_grid, rule, zero_grid
from mibench.networks.spec import Network
from mibench.numerics.hashing import empty_slots, number_rows

__all__ = ["Layer", "evaluate", "evaluate_reference"]


@dataclass(frozen=True)
class Layer:
    """A layer on a finite set of inputs.

    Attributes
    ----------
    codes : ndarray of int64, shape (u, d)
        The distinct codes, in the order of the first row that has them; in ``float32-exact`` the values' bits.
    values : ndarray, shape (u, d)
        What they stand for, in the float type of the parameters.
    member : ndarray of int32, shape (N,)
        Which code each row has.
    """

    codes: NDArray[np.int64]
    values: NDArray[Any]
    member: NDArray[np.int32]


def evaluate(
    network: Network, parameters: NDArray[Any], inputs: NDArray[Any], ranges: NDArray[Any] | None = None
) -> list[Layer]:
    """Layers T_1 to T_L.

    Parameters
    ----------
    network : Network
    parameters : ndarray of float32 or float64, shape (P,)
        Sums, activations and values are in its float type.
    inputs : ndarray of floats, shape (N, widths[0])
        Rows may repeat.
    ranges : ndarray, shape (L, 4), optional
        The run's in `mibench.networks.state.State`; needed by ``tfmot``. ``instant`` takes the weights' ranges from it,
        which are their own where it is not given.

    Raises
    ------
    InputError
        If shapes or types are not these, something is not finite or so large that a sum could overflow, or the network
        is noisy: then its layers are not functions of the input.
    """
    flat, rows, stored = prepared(network, parameters, inputs, ranges, ())
    columns, member = distinct_inputs(rows)
    kind, last, mode, bits = settings(network)
    found = []
    for layer, (weights, bias) in enumerate(network.layers(flat)):
        n, units = columns.shape[1], len(bias)
        z = np.empty((units, n), dtype=flat.dtype)
        output = HIDDEN if layer < network.n_layers - 1 else last
        words = layer_pass(columns, n, weights, bias, kind, output, mode, bits, stored[layer], z)
        ids, first = np.empty(n, np.int32), np.empty(n, np.int32)
        distinct = number_rows(words, n, empty_slots(n), ids, first)
        columns, member = np.ascontiguousarray(z[:, first[:distinct]]), ids[member]
        size = code_bits(mode, bits, flat.itemsize)
        codes = _unpacked(words[first[:distinct]], units, size)
        found.append(Layer(codes, np.ascontiguousarray(columns.T), member))
    return found


def evaluate_reference(
    network: Network, parameters: NDArray[Any], inputs: NDArray[Any], ranges: NDArray[Any] | None = None
) -> list[Layer]:
    """What `evaluate` computes, with NumPy and dictionaries, and its elementary functions one number at a time."""
    flat, rows, stored = prepared(network, parameters, inputs, ranges, ())
    last, bits = settings(network)[1], network.bits or 0
    x, member = _numbered_reference(rows)
    found = []
    for layer, (weights, bias) in enumerate(network.layers(flat)):
        rounding, hidden = rule(network, layer + 1), layer < network.n_layers - 1
        if rounding.weights:
            weights = _on(zero_grid(stored[layer, 2], stored[layer, 3], bits), weights)
        z = np.tile(bias, (len(x), 1))
        for i in range(x.shape[1]):
            z += x[:, i : i + 1] * weights[:, i]
        for row in z if hidden else ():
            for j in range(row.size):
                activate_line(code(network.activation), row[j : j + 1])
        z += 0.0
        if rounding.values in ("hidden", "logits"):
            span = stored[layer, :2] if rounding.range == "average" else (z.min(), z.max())
            grid = rounding.levels_of(*span, bits)
            codes, z = grid.codes(z), _on(grid, z)
        if not hidden:
            for row in z:
                output_columns(row[:, None], 1, last)
        if rounding.values == "output":
            grid = level_grid(z.min(), z.max(), bits)
            codes, z = grid.codes(z), _on(grid, z)
        if rounding.values == "logits":
            step = (float(z.max()) - float(z.min())) / 2**bits
            grid = Grid(float(z.min()), step, 2**bits + 1 if step > 0 else 1)
            codes, z = grid.codes(z), _on(grid, z)
        if rounding.values is None:
            codes = z.view(f"u{z.itemsize}").astype(np.int64)
        distinct, ids = _numbered_reference(codes)
        first = np.unique(ids, return_index=True)[1]
        x, member = z[first], ids[member]
        found.append(Layer(distinct, x, member))
    return found


def _unpacked(words: NDArray[np.uint64], units: int, size: int) -> NDArray[np.int64]:
    """The codes that `layer_pass` packed, shape (n, units)."""
    unit, per_word = np.arange(units), 64 // size
    codes = words[:, unit // per_word] >> (unit % per_word * size).astype(np.uint64)
    codes &= np.uint64((1 << size) - 1)
    return codes.view(np.int64)


def _numbered_reference(rows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """Distinct rows in order of appearance, and which one each row is."""
    seen: dict[tuple[Any, ...], int] = {}
    ids = [seen.setdefault(tuple(row), len(seen)) for row in rows.tolist()]
    return np.array(list(seen), dtype=rows.dtype).reshape(len(seen), -1), np.array(ids, dtype=np.int32)


def _on(grid: Grid, values: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(grid.low + grid.codes(values) * grid.step).astype(values.dtype)
