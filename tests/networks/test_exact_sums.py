# SPDX-License-Identifier: Apache-2.0
"""Sums that stay in registers are those of a plain loop, to the last bit, wherever a row stands."""

from __future__ import annotations

import numpy as np
import pytest

from mibench.networks.activations import code
from mibench.networks.convolutional import Convolutional
from mibench.networks.exact_layout import shapes, tiled, weights_of
from mibench.networks.exact_pass import HIDDEN
from mibench.networks.exact_sums import first_sums, later_sums
from mibench.networks.spec import Network

LINEAR = code("linear")


def _by_loop(rows, weights, bias):
    """Bias, then one product after the other, each rounded; shape (units, n)."""
    z = np.repeat(bias[:, None], len(rows), axis=1)
    for i in range(rows.shape[1]):
        z += weights[:, i : i + 1] * rows[:, i]
    return z


def _block_by_loop(rows, network, layer, weights, bias):
    made, side = network.sides[layer + 1], network.sides[layer]
    images, best = rows.reshape(len(rows), -1, side, side), None
    for down, right in np.ndindex(2, 2):
        z = np.tile(bias[:, None, None, None], (1, len(rows), made, made))
        for c, i, j in np.ndindex(weights.shape[1:]):
            i0, j0 = down + i, right + j
            seen = images[:, c, i0 : i0 + 2 * made : 2, j0 : j0 + 2 * made : 2]
            z += weights[:, c, i, j, None, None, None] * seen
        best = z if best is None else np.maximum(best, z)
    return best.transpose(0, 2, 3, 1).reshape(-1, len(rows))


def _rows(n, inputs, dtype, rng):
    """Images of a sort: mostly 0, some inputs always, some -0."""
    rows = rng.normal(size=(n, inputs)) * (rng.random((n, inputs)) < 0.3)
    rows[:, rng.random(inputs) < 0.4] = 0.0
    rows[rng.random((n, inputs)) < 0.1] *= -1.0
    return rows.astype(dtype)


def _same(found, expected):
    """Equal bits, but for the sign of 0."""
    assert found.dtype == expected.dtype
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("n", "widths"), [(1, (3, 1)), (15, (9, 8)), (16, (5, 9)), (257, (40, 17)), (600, (12, 2))])
def test_units(n, widths, dtype):
    network, rng = Network((*widths, 2), "linear"), np.random.default_rng(n)
    rows = _rows(n, widths[0], dtype, rng)
    parameters = rng.normal(size=network.n_parameters).astype(dtype)
    weights, bias = network.layers(parameters)[0]
    expected, of_layers = _by_loop(rows, weights, bias), shapes(network)
    arguments = (of_layers[0], *weights_of(of_layers[0], parameters), LINEAR, HIDDEN)
    z = np.full((widths[1], n), np.nan, dtype)
    limits = first_sums(tiled(rows, network), 0, n, *arguments, z)
    _same(z, expected)
    assert limits == (expected.min(), expected.max())
    columns = np.full((widths[0], n + 3), np.nan, dtype)  # more than there are to see
    columns[:, :n] = rows.T
    z = np.full((widths[1], n + 5), np.nan, dtype)
    assert later_sums(columns, n, *arguments, z) == limits
    _same(z[:, :n], expected)
    assert np.isnan(z[:, n:]).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("n", "network"),
    [
        (1, Convolutional((1, 1), (), side=10)),
        (33, Convolutional((2, 3), (4,), side=14)),
        (270, Convolutional((5, 2), (), side=11)),
    ],
)
def test_blocks(n, network, dtype):
    rng = np.random.default_rng(n)
    parameters = rng.normal(size=network.n_parameters).astype(dtype)
    of_layers, x = shapes(network), _rows(n, network.widths[0], dtype, rng)
    for layer in range(2):
        expected = _block_by_loop(x, network, layer, *network.layers(parameters)[layer])
        arguments = (of_layers[layer], *weights_of(of_layers[layer], parameters), LINEAR, HIDDEN)
        z = np.full((network.widths[layer + 1], n), np.nan, dtype)
        if layer == 0:
            limits = first_sums(tiled(x, network), 0, n, *arguments, z)
        else:
            limits = later_sums(np.ascontiguousarray(x.T), n, *arguments, z)
        _same(z, expected)
        assert limits == (expected.min(), expected.max())
        x = np.ascontiguousarray(z.T)


@pytest.mark.parametrize("network", [Network((30, 10, 2)), Convolutional((2,), (), side=8)], ids=["units", "block"])
def test_some_rows_at_a_time(network):
    """A row's sums are the same from whatever row one begins, and beside whatever rows."""
    rng, of_layers = np.random.default_rng(0), shapes(network)
    parameters, rows = rng.normal(size=network.n_parameters), _rows(700, network.widths[0], np.float64, rng)
    arguments = (of_layers[0], *weights_of(of_layers[0], parameters), LINEAR, HIDDEN)
    whole = np.empty((network.widths[1], 700))
    first_sums(tiled(rows, network), 0, 700, *arguments, whole)
    part = np.empty((network.widths[1], 252))
    first_sums(tiled(rows, network), 448, 252, *arguments, part)
    assert np.array_equal(part, whole[:, 448:])
    order = rng.permutation(700)
    moved = np.empty_like(whole)
    first_sums(tiled(rows[order], network), 0, 700, *arguments, moved)
    assert np.array_equal(moved, whole[:, order])


def test_lines_of_zeros_are_not_kept():
    rows = np.zeros((40, 6), np.float32)
    rows[3, 2], rows[35, 5] = 1.0, 2.0
    tiles = tiled(rows, Network((6, 2)))
    assert tiles.begin.tolist() == [0, 1, 1, 2]
    assert tiles.which.tolist() == [2, 5]
    assert tiled(rows[:16, :4].repeat(4, axis=1), Convolutional((1,), (), side=4)).begin.tolist() == [0, 16]
