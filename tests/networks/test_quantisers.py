# SPDX-License-Identifier: Apache-2.0
"""Grids: as many levels as they say, ties up, zero on its place; compiled ones are equal; rules of each mode."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mibench.networks import small_rounding
from mibench.networks.quantisers import Grid, level_grid, remembers, rule, start_ranges, zero_grid
from mibench.networks.spec import MODES, Network

bounds = st.floats(-50, 50, allow_subnormal=False)


def test_the_grid_of_a_range_around_0_contains_it():
    grid, x = zero_grid(-0.3, 0.7, 8), np.linspace(-0.3, 0.7, 100_001)
    rounded = grid.values(grid.codes(x))
    assert 0.0 in rounded
    assert len(np.unique(rounded)) <= 256
    assert np.array_equal(grid.values(grid.codes(rounded)), rounded)
    assert np.abs(rounded - x).max() <= grid.step * (1 + 1e-6)


@given(bounds, bounds, st.integers(1, 12))
def test_levels_are_equidistant_from_end_to_end(a, b, bits):
    low, high = min(a, b), max(a, b)
    grid = level_grid(low, high, bits)
    if high - low < 1e-6:
        return
    assert grid.count == 2**bits
    assert grid.high == pytest.approx(high)
    x = np.linspace(low - 1, high + 1, 997)
    codes = grid.codes(x)
    assert codes.min() == 0
    assert codes.max() == 2**bits - 1
    assert np.abs(grid.low + codes * grid.step - np.clip(x, low, high)).max() <= grid.step * 0.5 * (1 + 1e-9)
    assert np.array_equal(grid.codes(grid.low + codes * grid.step), codes)


@given(bounds, bounds, st.integers(1, 32))
def test_zero_is_a_level_however_the_range_lies(a, b, bits):
    grid = zero_grid(min(a, b), max(a, b), bits)
    assert grid.values(grid.codes(np.zeros(1)))[0] == pytest.approx(0.0, abs=1e-12 * max(1.0, abs(grid.low)))
    assert grid.low <= 0.0 <= grid.high


def test_ties_round_up():
    assert level_grid(0.0, 3.0, 2).codes(np.array([0.5, 1.5, 2.5, 1.49])).tolist() == [1, 2, 3, 1]


def test_a_constant_layer_has_one_level():
    for grid in (level_grid(0.25, 0.25, 8), zero_grid(0.0, 0.0, 8)):
        x = np.full(3, grid.low)
        assert grid.codes(x).tolist() == [0, 0, 0]
        assert grid.values(grid.codes(x)).tolist() == x.tolist()


def test_thirty_two_bits_are_told_apart():
    grid = level_grid(-1.0, 1.0, 32)
    x = grid.low + np.array([0, 1, 2**31, 2**32 - 2, 2**32 - 1]) * grid.step
    assert grid.codes(x).tolist() == [0, 1, 2**31, 2**32 - 2, 2**32 - 1]


def test_the_gradient_stops_at_the_grids_ends_not_on_them():
    grid = zero_grid(-0.3, 0.7, 4)
    x = np.array([grid.low, grid.high, grid.low - grid.step / 2, grid.high + grid.step / 2, 0.0])
    assert grid.inside(x).tolist() == [True, True, False, False, True]


@pytest.mark.parametrize("bits", [1, 4, 8, 20, 32])
@pytest.mark.parametrize("mode", ["paper", "tfmot"])
def test_compiled_grids_are_equal(bits, mode):
    rng, most = np.random.default_rng(bits), 2.0**bits - 1
    make = level_grid if mode == "paper" else zero_grid
    for low, high in ((-0.3, 0.7), (0.2, 0.9), (-5.0, -1.0), (0.4, 0.4), (0.0, 0.0)):
        grid, x = make(low, high, bits), rng.uniform(-6, 2, (2, 64))
        found = small_rounding.grid_of(MODES.index(mode), low, high, most)
        assert found == pytest.approx((grid.low, grid.step, grid.high, low if mode == "paper" else 0.0))
        if grid.count == 1:
            continue
        out = np.empty_like(x)
        small_rounding.round_tile(x, out, 0, 2, 64, found, most)
        assert out == pytest.approx(grid.low + grid.codes(x) * grid.step, abs=1e-12 * max(1.0, abs(low)))
        x[0, :3] = 0.0
        small_rounding.round_tile(x, out, 0, 2, 64, found, most)
        assert mode == "paper" or not out[0, :3].any()
        delta = np.ones((1, 64))
        small_rounding.mask_tile(x, 1, delta, 0, 64, found)
        assert np.array_equal(delta[0] == 1, grid.inside(x[1]))


def test_rules():
    tanh, relu = (Network(bits=8, mode="tfmot", activation=name) for name in ("tanh", "relu"))
    assert (rule(tanh, 1).weights, rule(tanh, 1).range) == (False, "own")
    assert (rule(relu, 1).weights, rule(relu, 1).range) == (True, "average")
    for network in (tanh, relu):
        assert (rule(network, 6).values, rule(network, 6).range) == ("logits", "average")
    assert rule(Network(bits=8, mode="instant", activation="relu"), 1).range == "own"
    assert [rule(Network(bits=8), layer).values for layer in (1, 6)] == ["hidden", "output"]
    assert rule(Network(), 1).values is None
    assert rule(relu, 1).levels_of is zero_grid
    assert rule(Network(bits=8), 1).levels_of is level_grid
    assert [remembers(network) for network in (tanh, relu, Network(bits=8), Network())] == [True, True, False, False]


def test_ranges_before_any_step():
    network = Network(widths=(3, 2, 2), bits=8, mode="tfmot", activation="tanh")
    parameters = np.arange(28, dtype=np.float32).reshape(2, 14)
    ranges = start_ranges(network, parameters)
    assert not ranges[:, 0].any()
    assert ranges[:, 1].tolist() == [[-6, 6, 8, 11], [-6, 6, 22, 25]]


def test_a_grid_has_an_end():
    assert Grid(-1.0, 0.5, 5).high == 1.0
