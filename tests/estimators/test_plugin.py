# SPDX-License-Identifier: Apache-2.0
"""The plug-in on discrete data: the table's sum, corrections, alphabets, saturation, what it refuses."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mibench.contracts import InputError, Unsupported
from mibench.estimators.binning import Binning
from mibench.estimators.plugin import PlugIn
from mibench.numerics.entropies import nsb

_CORRECTIONS = ["grassberger", "miller-madow", "chao-shen", "nsb", "shuffle", None]


def _channel(n, k, error, seed=0):
    """A symmetric channel on k symbols and its information in nats."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, k, n)
    y = np.where(rng.random(n) < error, (x + rng.integers(1, k, n)) % k, x)
    noise = error * math.log(error / (k - 1)) if error else 0.0
    return x, y, math.log(k) + (1 - error) * math.log(1 - error) + noise


def _table_sum(x, y):
    table = np.zeros((5, 5))
    np.add.at(table, (x, y), 1 / len(x))
    p_x, p_y = table.sum(axis=1), table.sum(axis=0)
    return sum(table[i, j] * math.log(table[i, j] / (p_x[i] * p_y[j])) for i, j in np.argwhere(table > 0))


@settings(max_examples=30, deadline=None)
@given(n=st.integers(4, 60), seed=st.integers(0, 10**6))
def test_without_correction_it_is_the_sum_over_the_table(n, seed):
    x, y = np.random.default_rng(seed).integers(0, 4, size=(2, n))
    x[0], y[0] = 4, 4  # neither side constant
    found = PlugIn(correction=None).estimate(x, y)
    assert found.mi == pytest.approx(_table_sum(x, y), abs=1e-12)
    assert found.mi == found.diagnostics["plug_in"]


@pytest.mark.parametrize("correction", ["grassberger", "miller-madow", "chao-shen", None])
def test_it_shares_its_arithmetic_with_binning(correction):
    x, y, _ = _channel(500, 8, 0.4)
    ours, theirs = PlugIn(correction).estimate(x, y), Binning(kind="symbols", correction=correction).estimate(x, y)
    assert (ours.mi, ours.std_error, ours.interval) == (theirs.mi, theirs.std_error, theirs.interval)
    assert {key: ours.diagnostics[key] for key in theirs.diagnostics if key != "bins"} == {
        key: value for key, value in theirs.diagnostics.items() if key != "bins"
    }


@pytest.mark.parametrize("correction", _CORRECTIONS)
def test_known_answer_symmetry_and_relabelling(correction):
    x, y, truth = _channel(20_000, 8, 0.3)
    found = PlugIn(correction).estimate(x, y)
    assert found.mi == pytest.approx(truth, abs=4 * found.std_error)
    assert PlugIn(correction).estimate(y, x).mi == pytest.approx(found.mi, abs=1e-12)
    relabelled = PlugIn(correction).estimate(np.array([5.5, 0, 7, 2, 9, -1, 3, 4])[x], np.stack([y, y], axis=1))
    assert relabelled.mi == pytest.approx(found.mi, abs=1e-12)


@pytest.mark.parametrize("correction", [each for each in _CORRECTIONS if each is not None])
def test_corrections_lower_the_bias_of_independent_sides(correction):
    draws = np.random.default_rng(0).integers(0, 12, size=(100, 2, 300))
    plain = np.mean([PlugIn(None).estimate(x, y).mi for x, y in draws])
    assert abs(np.mean([PlugIn(correction).estimate(x, y).mi for x, y in draws])) < 0.5 * plain


@pytest.mark.parametrize(("k", "error"), [(8, 0.7), (32, 0.5), (64, 0.5)])
@pytest.mark.parametrize("n", [1000, 5000])
def test_the_default_is_nearer_than_miller_madow_and_the_plug_in(n, k, error):
    truth = _channel(1, k, error)[2]
    found = {
        name: abs(np.mean([PlugIn(name).estimate(*_channel(n, k, error, seed)[:2]).mi for seed in range(20)]) - truth)
        for name in ("grassberger", "miller-madow", None)
    }
    assert found["grassberger"] <= found["miller-madow"] + 0.005
    assert found["grassberger"] < found[None]


def test_a_whole_population_is_exact_without_correction():
    bits = (np.arange(4096)[:, None] >> np.arange(12)) & 1
    layer = np.tanh(bits @ np.random.default_rng(0).normal(size=(12, 3))).round(1)
    found = PlugIn(None).estimate(bits, layer, side={"y_is_discrete": True})
    p = np.unique(layer, axis=0, return_counts=True)[1] / 4096
    assert found.mi == pytest.approx(-(p * np.log(p)).sum(), abs=1e-12)


def test_nsb_takes_declared_alphabets_and_their_product():
    x, y, _ = _channel(60, 8, 0.3)
    side = {"alphabet_size_x": 10, "alphabet_size_y": 20}
    found = PlugIn("nsb").estimate(x, y, side=side)
    counts_xy = np.unique(x * 8 + y, return_counts=True)[1]
    expected = nsb(np.bincount(x), 10) + nsb(np.bincount(y), 20) - nsb(counts_xy, 200)
    assert found.mi == pytest.approx(expected, abs=1e-9)
    assert found.diagnostics["alphabet_size_y"] == 20
    assert found.diagnostics["alphabet_declared"] == 1.0
    observed = PlugIn("nsb").estimate(x, y)
    assert observed.diagnostics["alphabet_size_y"] == 8
    assert observed.diagnostics["alphabet_declared"] == 0.0


def test_the_null_shows_what_distinct_states_know_of_any_label():
    rng = np.random.default_rng(0)
    states, labels = rng.permutation(400), np.arange(400) % 2
    found = PlugIn(None).estimate(states, labels)
    assert found.mi == pytest.approx(math.log(2), abs=1e-12)
    assert found.diagnostics["null_plug_in"] == pytest.approx(math.log(2), abs=1e-10)
    assert PlugIn("shuffle").estimate(states, labels).mi == pytest.approx(0.0, abs=1e-10)
    x, y, _ = _channel(20_000, 4, 0.1)
    assert PlugIn().estimate(x, y).diagnostics["null_plug_in"] == pytest.approx(9 / 40_000, rel=0.02)


def test_saturated_discrete_data_are_answered_and_say_so():
    codes = np.random.default_rng(0).integers(0, 256, size=(300, 8)) / 255
    found = PlugIn(None).estimate(codes, codes[:, ::-1], side={"x_is_discrete": True, "y_is_discrete": True})
    assert found.mi == pytest.approx(math.log(300), abs=1e-12)
    assert found.diagnostics["saturation"] == 1.0
    assert found.std_error is None
    assert found.interval is None


def test_continuous_data_are_refused_unless_declared_discrete():
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=200), rng.integers(0, 2, 200)
    with pytest.raises(Unsupported, match=r"y looks continuous: 200 of its 200 rows.*use binning, ksg"):
        PlugIn().estimate(labels, x)
    with pytest.raises(Unsupported, match="x looks continuous"):
        PlugIn().estimate(x, labels, side={"y_is_discrete": True, "x_is_discrete": False})
    assert PlugIn(None).estimate(x, labels, side={"x_is_discrete": True}).mi > 0.6
    bits = rng.integers(0, 2, size=(5000, 12))  # more than half of the rows distinct, and discrete all the same
    assert np.isfinite(PlugIn().estimate(bits, bits[:, :3]).mi)


def test_more_classes_than_samples_and_identical_rows():
    rng = np.random.default_rng(0)
    many = rng.integers(0, 10**6, 50)
    assert PlugIn(None).estimate(many, np.arange(50)).mi == pytest.approx(math.log(len(set(many))), abs=0.1)
    x = np.array([0, 0, 0, 0, 1])
    assert PlugIn(None).estimate(x, x).mi == pytest.approx(-0.8 * math.log(0.8) - 0.2 * math.log(0.2), abs=1e-12)


@pytest.mark.parametrize(
    ("side", "message"),
    [
        ({"alphabet_size_x": 3}, r"x has 8 distinct rows and side\['alphabet_size_x'\] says 3"),
        ({"alphabet_size_y": 0}, "alphabet_size_y'] is 0; give the number of values"),
        ({"alphabet_size_y": 8.5}, "alphabet_size_y'] is 8.5"),
        ({"alphabet_size_y": "many"}, "alphabet_size_y'] is 'many'"),
    ],
)
def test_alphabets_are_checked(side, message):
    x, y, _ = _channel(200, 8, 0.3)
    with pytest.raises(InputError, match=message):
        PlugIn("nsb").estimate(x, y, side=side)


def test_alphabets_beyond_floating_point_are_refused_by_nsb_alone():
    x, y, _ = _channel(200, 8, 0.3)
    side = {"alphabet_size_x": 256**784, "alphabet_size_y": 10}
    with pytest.raises(Unsupported, match=r"nsb integrates over alphabets of at most.*grassberger"):
        PlugIn("nsb").estimate(x, y, side=side)
    assert np.isfinite(PlugIn().estimate(x, y, side=side).mi)


def test_bad_input_is_named():
    with pytest.raises(InputError, match="correction is 'bayes'; give one of None, miller-madow"):
        PlugIn("bayes")
    with pytest.raises(InputError, match="x is constant"):
        PlugIn().estimate(np.zeros(10), np.arange(10))
    with pytest.raises(InputError, match="y has 1 values that are not finite"):
        PlugIn().estimate(np.arange(4), [0, 1, np.nan, 1])
