# SPDX-License-Identifier: Apache-2.0
"""The statistics of a comparison: known answers, exactness, false alarms under the null, power."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mibench.harness.compare_claims import FEWEST, Change, adjust, judge, sign_flip


def one(values: list[float], margin: float = 0.02, alpha: float = 0.01) -> Change:
    (change,) = judge({"it": values}, {"it": margin}, alpha, shown=["it"])
    return change


@pytest.mark.parametrize("values", [[0.3], [0.1, 0.2, -0.05], [1.0, 1.0, 1.0, 1.0], [0.1, 0.4, 0.2, -0.3, 0.0, 0.7]])
def test_few_cells_get_the_exact_share_of_all_choices_of_signs(values: list[float]) -> None:
    sums = [
        sum(map(math.prod, zip(values, signs, strict=True))) for signs in itertools.product((1, -1), repeat=len(values))
    ]
    share = np.mean([total >= sum(values) - 1e-12 for total in sums])
    assert sign_flip(np.array(values)) == pytest.approx(share)


@settings(deadline=None, max_examples=10)
@given(st.lists(st.floats(-1, 1), min_size=2, max_size=6))
def test_the_test_is_scipys(values: list[float]) -> None:
    moved = np.array([value for value in values if abs(value) > 1e-6] or [1.0, 1.0])
    moved = np.append(moved, moved[0])
    theirs = stats.permutation_test((moved,), np.sum, permutation_type="samples", alternative="greater")
    assert sign_flip(moved) == pytest.approx(theirs.pvalue)


def test_known_answers() -> None:
    assert sign_flip(np.array([1.0] * 8)) == 2**-8
    assert sign_flip(np.zeros(5)) == 1.0
    assert sign_flip(np.array([0.1, -0.1])) == 0.75
    # Bentkus and Dzindzalieta: 1 / (4 P(Z >= sqrt 2)) = 3.178 normal tails
    assert sign_flip(np.array([1.0] * 25)) == pytest.approx(3.178 * stats.norm.sf(5.0), rel=1e-3)


def test_the_bound_for_many_cells_is_valid_and_near() -> None:
    rng = np.random.default_rng(0)
    for _ in range(5):
        values = rng.normal(0.3, 1.0, 17)
        signs = np.array(list(itertools.product((1, -1), repeat=17)))
        exact = np.mean(signs @ values >= values.sum() - 1e-9)
        assert exact <= sign_flip(values) <= 10 * exact


def test_cells_that_the_bound_cannot_decide_are_not_seen_by_it() -> None:
    """At alpha / 46 thirteen cells are exact and enough, fourteen have the bound alone and are not, fifteen are."""
    rng = np.random.default_rng(0)
    claims = {place: rng.normal(size=15) for place in range(45)} | {"one lost": rng.normal(size=14)}
    found = judge(claims, dict.fromkeys(claims, 0.02), 0.01)
    assert (found[-1].visible, found[-1].needed) == (None, 15)
    assert found[0].visible is not None
    assert math.isfinite(found[0].visible)


def test_claims_that_cannot_be_decided_are_left_out_of_the_correction() -> None:
    """Tarone: twenty claims of three cells (p of 1/8 at least) cost the one of ten cells nothing."""
    found = adjust([2**-10] + [2**-3] * 20, [2**-10] + [2**-3] * 20, alpha=0.01)
    assert found[0] == pytest.approx(2**-10)
    assert np.all(found[1:] == 1.0)
    assert adjust([2**-10] * 2, [2**-10] * 2, alpha=0.001).tolist() == [1.0, 1.0]  # 2^-10 is above 0.001 / 2


def test_the_others_are_corrected_as_benjamini_and_hochberg_do() -> None:
    p = [0.001, 0.02, 0.03, 0.5]
    assert adjust(p, [1e-6] * 4, alpha=0.05) == pytest.approx([0.004, 0.04, 0.04, 0.5])


def test_no_claims() -> None:
    assert judge({}, {}, 0.01) == []
    assert len(adjust([], [], 0.01)) == 0


def test_a_constant_change_is_found_and_measured() -> None:
    change = one([0.1] * 10)
    assert (change.verdict, change.cells, change.mean) == ("worse", 10, pytest.approx(0.1))
    assert (change.low, change.high) == (0.1, 0.1)
    assert change.p == change.q == 2**-10
    assert one([-0.1] * 10).verdict == "better"


def test_the_interval_is_the_bootstraps() -> None:
    values = np.random.default_rng(1).normal(0.2, 0.1, 200)
    change = one(list(values))
    assert change.low == pytest.approx(values.mean() - 1.96 * values.std() / np.sqrt(200), abs=0.002)
    assert change.high == pytest.approx(values.mean() + 1.96 * values.std() / np.sqrt(200), abs=0.002)


def test_within_the_margin_nothing_is_claimed_however_sure() -> None:
    change = one([0.0199] * 50, margin=0.02)
    assert (change.verdict, change.p, change.q) == ("", 1.0, 1.0)


def test_noise_around_zero_is_no_claim() -> None:
    assert one([0.5, -0.4] * 10).verdict == ""


@pytest.mark.parametrize("cells", [1, 2, 3, 4, 6])
def test_so_few_cells_decide_nothing_and_say_how_many_would(cells: int) -> None:
    change = one([5.0] * cells)
    assert (change.verdict, change.visible, change.needed) == ("", None, 7)  # 2^-7 < 0.01
    assert (change.low is None) == (cells < FEWEST)


def test_seven_cells_are_enough_for_a_lone_claim() -> None:
    assert one([5.0] * 7).verdict == "worse"
    assert one([5.0] * 7).visible == pytest.approx(0.02)


@pytest.mark.parametrize("cells", [9, 13, 20, 40])
def test_what_could_be_seen_is_what_is_found_four_times_of_five(cells: int) -> None:
    """Worsening by `visible` under the same spread is found in about 80 % of repetitions."""
    rng = np.random.default_rng(2)
    spread = rng.normal(0.0, 0.1, cells)
    spread = 0.1 * (spread - spread.mean()) / spread.std(ddof=1)
    visible = one(list(spread)).visible
    assert visible is not None
    found = [one(list(rng.normal(visible, 0.1, cells))).verdict == "worse" for _ in range(200)]
    assert 0.7 < np.mean(found) < 0.95
    less = [one(list(rng.normal(visible / 4, 0.1, cells))).verdict == "worse" for _ in range(100)]
    assert np.mean(less) < 0.2


@pytest.mark.parametrize("law", ["normal", "cauchy", "mixed"])
def test_false_alarms_under_the_null_are_as_rare_as_alpha_says(law: str) -> None:
    """Without any margin, over six estimators with five tasks of three repetitions each, and heavy tails."""
    rng = np.random.default_rng(3)
    alpha, runs, alarms = 0.1, 200, 0
    for _ in range(runs):
        cells = rng.standard_cauchy((6, 5, 3)) if law == "cauchy" else rng.normal(size=(6, 5, 3))
        if law == "mixed":
            cells = cells * rng.choice([0.0, 0.01, 1.0], size=(6, 5, 1))
        names = {e: cells[e].ravel() for e in range(6)} | {(e, t): cells[e, t] for e in range(6) for t in range(5)}
        found = judge({k: list(v) for k, v in names.items()}, dict.fromkeys(names, 0.0), alpha)
        alarms += any(change.verdict == "worse" for change in found)
    assert alarms <= stats.binom.ppf(0.999, runs, alpha)


def test_one_estimator_among_many_is_found() -> None:
    rng = np.random.default_rng(4)
    cells = {name: list(rng.normal(0, 0.03, 12)) for name in range(9)}
    cells[4] = list(rng.normal(0.3, 0.03, 12))
    found = judge(cells, dict.fromkeys(cells, 0.02), 0.01)
    assert [name for name, change in zip(cells, found, strict=True) if change.verdict] == [4]


VALUES = st.lists(st.floats(-3, 3), min_size=1, max_size=18)


@settings(deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=5), st.floats(0, 0.5))
def test_swapping_base_and_head_flips_every_verdict(groups: list[list[float]], margin: float) -> None:
    there = judge(dict(enumerate(groups)), dict.fromkeys(range(len(groups)), margin), 0.05)
    back = judge({i: [-v for v in g] for i, g in enumerate(groups)}, dict.fromkeys(range(len(groups)), margin), 0.05)
    flip = {"worse": "better", "better": "worse", "": ""}
    assert [flip[change.verdict] for change in there] == [change.verdict for change in back]
    assert [change.q for change in there] == pytest.approx([change.q for change in back])


@settings(deadline=None)
@given(st.floats(0.0, 1.0), st.floats(0.001, 1.0), st.integers(7, 40))
def test_worse_by_a_constant_beyond_the_margin_always_alarms_given_enough_cells(
    margin: float, more: float, cells: int
) -> None:
    assert one([margin + more] * cells, margin=margin).verdict == "worse"


@given(st.integers(1, 30), st.floats(0, 1))
def test_identical_runs_never_alarm(cells: int, margin: float) -> None:
    change = one([0.0] * cells, margin=margin)
    assert (change.verdict, change.q) == ("", 1.0)


def test_few_cells_get_a_wider_interval_than_plain_percentiles() -> None:
    values = np.random.default_rng(2).normal(0.2, 0.1, 7)
    change = one(list(values))
    half = stats.t.isf(0.025, 6) * values.std(ddof=1) / np.sqrt(7)
    assert change.low == pytest.approx(values.mean() - half, abs=0.02)
    assert change.high == pytest.approx(values.mean() + half, abs=0.02)
