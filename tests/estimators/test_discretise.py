# SPDX-License-Identifier: Apache-2.0
"""Bins: their edges, their conventions, and a regression value of the adaptive ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mibench.contracts import InputError
from mibench.estimators.discretise import ebab, fixed_width, on_edges, quantile, uniform

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


@given(_COLUMN, st.integers(2, 50))
def test_n_edges_are_what_digitize_makes_of_them(values, edges):
    low, high = values.min(), values.max()
    expected = np.digitize(values, np.linspace(low, high, edges))
    assert on_edges(values, edges).tolist() == expected.tolist()
    assert on_edges(values, edges, (-2e6, 2e6)).tolist() == np.digitize(values, np.linspace(-2e6, 2e6, edges)).tolist()


def test_thirty_edges_are_29_intervals_and_the_upper_limit():
    values = np.concatenate([np.linspace(-1, 1, 2000), [1.0]])[:, None]
    assert len(np.unique(on_edges(values, 30, (-1.0, 1.0)))) == 30
    assert np.unique(on_edges(values[:-2], 30, (-1.0, 1.0))).size == 29
    assert np.unique(uniform(values, 30, (-1.0, 1.0))).size == 30
    assert np.unique(uniform(values[:-2], 30, (-1.0, 1.0))).size == 30


@pytest.mark.parametrize("cut", [uniform, on_edges])
def test_values_outside_have_a_place_where_a_study_gives_them_one(cut):
    values = np.array([[-1.5], [-1.0], [1.0], [7.0]])
    below, low, high, above = cut(values, 30, (-1.0, 1.0), outside=True).ravel()
    assert below < low < high == above
    with pytest.raises(InputError, match="2 values lie outside lo=-1 to hi=1"):
        cut(values, 30, (-1.0, 1.0))


@pytest.mark.parametrize("bins", [30, 49, 100, 256])
@pytest.mark.parametrize("width", [0.1, 0.3, 7.0])
def test_bins_of_a_range_are_as_many_as_asked(bins, width):
    """Edges from ``arange(low, high, (high - low) / n)`` are one too many where the division rounds down."""
    values = np.linspace(0.1, 0.1 + width, 20 * bins + 1)[:, None]
    assert np.unique(uniform(values, bins)).tolist() == list(range(bins))


def test_a_fixed_width_is_counted_from_zero():
    values = np.array([[-0.071], [-0.07], [-1e-9], [0.0], [0.0699], [0.07], [1e100]])
    assert fixed_width(values, 0.07).ravel()[:-1].tolist() == [-2, -1, -1, 0, 0, 1]
    assert np.isfinite(fixed_width(values, 0.07)).all()


def _loop_ebab(column, bins, floor, even):
    """Edge by edge, as the published code puts them, and numpy.digitize."""
    unique = sorted(set(column.tolist()) - {floor})
    step = int((bins - 1) * len(unique) / bins) / (bins - 1)
    places = [j * len(unique) // bins if even else int(j * step + 1e-9) for j in range(bins)]
    return np.digitize(column, [floor, *(unique[i] for i in places), unique[-1]])


@pytest.mark.parametrize("even", [False, True])
@given(
    values=st.lists(st.integers(0, 500), min_size=2, max_size=300).filter(lambda v: max(v) > 0),
    bins=st.integers(2, 40),
)
def test_adaptive_bins_are_the_published_loops(even, values, bins):
    column = np.array([0.0, *values])
    codes = ebab(column[:, None], bins, 0.0, even=even).ravel()
    expected = _loop_ebab(column, bins, 0.0, even)
    assert np.unique(codes, return_inverse=True)[1].tolist() == np.unique(expected, return_inverse=True)[1].tolist()


def test_both_rules_of_adaptive_bins_reproduce_the_regression_value_and_differ_elsewhere():
    column = np.append(np.zeros(7), np.arange(1.0, 301))[:, None]
    for even in (False, True):
        counts = np.bincount(ebab(column, 30, floor=0.0, even=even).ravel())
        assert counts.tolist() == [7] + [10] * 29 + [9, 1]
    shorter = column[:57]  # 50 unique values in 30 bins
    assert ebab(shorter, 30, 0.0).tolist() != ebab(shorter, 30, 0.0, even=True).tolist()
