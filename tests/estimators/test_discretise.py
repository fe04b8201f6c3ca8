# SPDX-License-Identifier: Apache-2.0
"""Bins: their edges, their conventions, and a regression value of the adaptive ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mibench.contracts import InputError
from mibench.estimators.discretise import ebab, quantile, uniform

_COLUMN = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40).map(lambda v: np.array(v)[:, None])


def test_uniform_bins_are_true_intervals_and_the_last_is_closed():
    values = np.array([[-1.0], [-0.5001], [-0.5], [0.0], [0.4999], [0.5], [1.0]])
    assert uniform(values, 4, (-1.0, 1.0)).ravel().tolist() == [0, 0, 1, 2, 2, 3, 3]


@given(_COLUMN, st.integers(2, 50))
def test_uniform_bins_stay_in_range_keep_order_and_reach_both_ends(values, bins):
    codes = uniform(values, bins).ravel()
    assert codes.min() == 0
    assert codes.max() == (bins - 1 if values.min() < values.max() else 0)
    assert (np.diff(codes[np.argsort(values.ravel(), kind="stable")]) >= 0).all()


def test_a_range_is_each_columns_or_the_whole_sides():
    values = np.array([[0.0, 0.0], [1.0, 10.0]])
    assert uniform(values, 10).tolist() == [[0, 0], [9, 9]]
    assert uniform(values, 10, span="side").tolist() == [[0, 0], [1, 9]]


def test_the_widest_range_of_float64_does_not_overflow():
    huge = np.finfo(float).max
    assert uniform(np.array([[-huge], [0.0], [huge]]), 4).ravel().tolist() == [0, 2, 3]


def test_values_outside_fixed_limits_are_named():
    with pytest.raises(InputError, match=r"1 values lie outside lo=-1 to hi=1 \(they span -0.5 to 3\)"):
        uniform(np.array([[-0.5], [3.0]]), 30, (-1.0, 1.0))


def test_quantile_bins_hold_equally_many_samples():
    values = np.random.default_rng(0).exponential(size=(1000, 2))
    codes = quantile(values, 8)
    assert [np.bincount(column).tolist() for column in codes.T] == [[125] * 8] * 2


@given(st.lists(st.integers(0, 5), min_size=2, max_size=60), st.integers(2, 8))
def test_quantile_bins_keep_equal_values_together(values, bins):
    column = np.array(values, dtype=float)[:, None]
    codes = quantile(column, bins).ravel()
    assert codes.max() < bins
    assert len({*zip(values, codes.tolist(), strict=True)}) == len(set(values))


def test_adaptive_bins_reproduce_the_published_rule():
    codes = ebab(np.append(np.zeros(7), np.arange(1.0, 301))[:, None], 30, floor=0.0).ravel()
    counts = np.bincount(codes)
    assert counts[0] == 7  # the floor alone
    assert counts[1:].tolist() == [10] * 29 + [9, 1]  # equally many unique values, then the maximum alone


def test_adaptive_bins_count_unique_values_pooled_over_the_columns():
    values = np.array([[1.0, 3.0], [1.0, 4.0], [1.0, 5.0], [2.0, 6.0]])
    codes = ebab(values, 3)
    # unique values 1..6; 2 of every 3 thirds are stepped over: edges 1, 3, 5 and the maximum 6
    assert codes.tolist() == [[1, 2], [1, 2], [1, 3], [1, 4]]
    assert ebab(np.zeros((4, 2)), 3, floor=0.0).tolist() == [[0, 0]] * 4


def test_a_floor_above_the_data_is_refused():
    with pytest.raises(InputError, match="floor=0 is above the least value, -1"):
        ebab(np.array([[-1.0], [2.0]]), 30, floor=0.0)
