# SPDX-License-Identifier: Apache-2.0
"""The plug-in on bins: properties of counted information, known answers, saturation, bad parameters."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mibench import estimators
from mibench.contracts import InputError
from mibench.estimators.binning import Binning

_CORRECTIONS = ["miller-madow", "grassberger", "chao-shen", None]


def _pairs(n, seed=0, mi=1.0, dim=1):
    rng = np.random.default_rng(seed)
    rho = math.sqrt(-math.expm1(-2 * mi / dim))
    x = rng.normal(size=(n, dim))
    return x, rho * x + math.sqrt(1 - rho**2) * rng.normal(size=(n, dim))


def _slow_plug_in(x, y):
    """Sum over the table of joint frequencies."""
    n, total = len(x), 0.0
    pairs = list(zip(map(tuple, x.tolist()), map(tuple, y.tolist()), strict=True))
    for a, b in set(pairs):
        p = pairs.count((a, b)) / n
        p_a, p_b = sum(s[0] == a for s in pairs) / n, sum(s[1] == b for s in pairs) / n
        total += p * math.log(p / (p_a * p_b))
    return total


@settings(max_examples=30, deadline=None)
@given(n=st.integers(4, 40), dim=st.integers(1, 3), seed=st.integers(0, 10**6))
def test_plug_in_on_symbols_is_the_sum_over_the_table(n, dim, seed):
    x, y = np.random.default_rng(seed).integers(0, 3, size=(2, n, dim))
    x[0, 0], y[0, 0] = 3, 3  # neither side constant
    found = Binning(kind="symbols", correction=None).estimate(x, y)
    assert found.mi == pytest.approx(_slow_plug_in(x, y), abs=1e-12)
    assert found.diagnostics["distinct_x"] == len(np.unique(x, axis=0))
    assert found.diagnostics["distinct_xy"] == len(np.unique(np.hstack([x, y]), axis=0))


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    kind=st.sampled_from(["auto", "uniform", "quantile", "ebab", "symbols"]),
    correction=st.sampled_from(_CORRECTIONS),
)
def test_symmetry_and_permutation_invariance(seed, kind, correction):
    x, y = _pairs(200, seed)
    order = np.random.default_rng(seed).permutation(200)
    binning = Binning(bins=6, kind=kind, correction=correction)
    base = binning.estimate(x, y)
    assert binning.estimate(y, x).mi == pytest.approx(base.mi, abs=1e-12)
    assert binning.estimate(x[order], y[order]).mi == pytest.approx(base.mi, abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), bins=st.integers(2, 8), times=st.integers(2, 4))
def test_nested_refinement_never_lowers_the_plug_in(seed, bins, times):
    x, y = _pairs(100, seed, dim=2)
    limits = {"lo": -8.0, "hi": 8.0}
    coarse = Binning(bins=bins, kind="uniform", correction=None, **limits).estimate(x, y)
    fine = Binning(bins=bins * times, kind="uniform", correction=None, **limits).estimate(x, y)
    for name in ("entropy_x", "entropy_y"):
        assert fine.diagnostics[name] >= coarse.diagnostics[name] - 1e-12
    assert fine.mi >= coarse.mi - 1e-12


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), bins=st.integers(2, 40))
def test_bounds_of_the_plug_in(seed, bins):
    x, y = _pairs(150, seed)
    found = Binning(bins=bins, kind="uniform", correction=None).estimate(x, y)
    entropies = found.diagnostics["entropy_x"], found.diagnostics["entropy_y"]
    assert -1e-12 <= found.mi <= min(entropies) + 1e-12
    assert max(entropies) <= found.diagnostics["cap"] + 1e-12
    itself = Binning(bins=bins, kind="uniform", correction=None).estimate(x, x)
    assert itself.mi == pytest.approx(entropies[0], abs=1e-12)


def test_known_answer_of_a_noisy_copy():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 4, 20_000)
    y = np.where(rng.random(20_000) < 0.3, rng.integers(0, 4, 20_000), x)
    q = 0.7 + 0.3 / 4
    truth = math.log(4) + q * math.log(q) + (1 - q) * math.log((1 - q) / 3)
    for correction in _CORRECTIONS:
        found = Binning(correction=correction).estimate(x, y)
        assert found.mi == pytest.approx(truth, abs=4 * found.std_error)
        assert found.diagnostics["bins"] == 0.0


def test_the_default_correction_takes_the_bias_away_where_the_sides_are_independent():
    rng = np.random.default_rng(0)
    draws = rng.integers(0, 8, size=(300, 2, 400))
    plain = [Binning(correction=None).estimate(x, y).mi for x, y in draws]
    corrected = [Binning().estimate(x, y).mi for x, y in draws]
    assert np.mean(plain) == pytest.approx(49 / 800, rel=0.1)
    assert abs(np.mean(corrected)) < 0.1 * np.mean(plain)


def test_standard_error_matches_the_spread_over_samples():
    found = [Binning(bins=8).estimate(*_pairs(500, seed)) for seed in range(300)]
    assert np.mean([each.std_error for each in found]) == pytest.approx(np.std([each.mi for each in found]), rel=0.15)


def test_accuracy_of_the_defaults_on_one_dimensional_pairs():
    assert Binning().estimate(*_pairs(5000, mi=0.5)).mi == pytest.approx(0.5, abs=0.05)
    assert Binning(kind="quantile").estimate(*_pairs(5000, mi=0.5)).mi == pytest.approx(0.5, abs=0.05)


def test_auto_counts_discrete_sides_and_bins_the_others():
    x, _ = _pairs(1000)
    labels = (x[:, 0] > 0).astype(int)
    found = Binning().estimate(x, labels)
    assert found.diagnostics["distinct_y"] == 2
    assert found.diagnostics["bins"] == 100  # 1000 samples / 5 per cell / 2 labels
    assert found.mi == pytest.approx(math.log(2), abs=0.05)
    assert Binning(kind="uniform", bins=7).estimate(x, labels).diagnostics["distinct_x"] <= 7


def test_booleans_and_negative_zeros_are_symbols():
    x = np.array([True, False] * 50)
    assert Binning(correction=None).estimate(x, ~x).mi == pytest.approx(math.log(2))
    signed = np.where(x, 0.0, -0.0) + np.arange(100) // 50
    assert Binning().estimate(signed, x).diagnostics["distinct_x"] == 2


def test_saturation_is_said():
    rng = np.random.default_rng(0)
    found = Binning(bins=30, correction=None).estimate(rng.normal(size=(300, 6)), rng.normal(size=(300, 6)))
    assert found.diagnostics["saturation"] == 1.0
    assert found.mi == pytest.approx(found.diagnostics["cap"])
    assert found.diagnostics["cap"] == pytest.approx(math.log(300))
    assert found.std_error is None
    assert found.interval is None
    assert Binning(bins=4).estimate(*_pairs(2000)).diagnostics["saturation"] < 0.01


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("binning[bins=1]", "bins is 1; give a whole number from 2"),
        ("binning[bins=2.5]", "bins is 2.5"),
        ("binning[bins=true]", "bins is True"),
        ("binning[kind=round]", "kind is 'round'; give one of auto, uniform, quantile, ebab, symbols"),
        ("binning[correction=bayes]", "correction is 'bayes'; give one of None, miller-madow"),
        ("binning[span=all]", "span is 'all'; give one of column, side"),
        ("binning[lo=1]", "lo is 1 and hi is None; give both ends"),
        ("binning[lo=1,hi=-1]", "from lo=1 to hi=-1 is empty"),
        ("binning[floor=nan]", "floor is nan; give a finite number"),
    ],
)
def test_parameters_are_checked_by_name(name, message):
    with pytest.raises(InputError, match=message):
        estimators.get(name)


def test_a_constant_side_is_named():
    with pytest.raises(InputError, match="y is constant"):
        Binning().estimate(np.arange(10), np.ones(10))


def test_names_reach_every_option():
    assert estimators.get("binning[bins=30,kind=ebab,correction=none,floor=0]") == Binning(
        bins=30, kind="ebab", correction=None, floor=0
    )
    x, y = np.tanh(_pairs(500)[0]), np.maximum(_pairs(500)[1], 0.0)
    for name in (
        "binning[kind=uniform,bins=30,lo=-1,hi=1]",
        "binning[kind=uniform,span=side]",
        "binning[kind=quantile]",
    ):
        assert np.isfinite(estimators.get(name).estimate(x, np.tanh(y)).mi)
    assert estimators.get("binning[kind=ebab,bins=30,floor=-1]").estimate(x, y).diagnostics["distinct_y"] <= 32
