# SPDX-License-Identifier: Apache-2.0
"""Ranks, their intervals, the bootstrap and the critical difference against known answers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from mibench.contracts import Row
from mibench.harness import score
from mibench.harness.score import bootstrap
from mibench.harness.score.common import Common, common
from mibench.harness.score.difference import nemenyi
from mibench.harness.score.ranks import rank_intervals, ranks


def shared(errors: NDArray[np.float64], tasks: list[int], strata: list[int] | None = None) -> Common:
    names = tuple(f"e{i}" for i in range(errors.shape[1]))
    return Common(names, errors, np.array(tasks), np.array(strata or tasks), len(errors), {})


def rows_of(errors: dict[str, list[float]], repetitions: int = 1) -> list[Row]:
    """Rows with the given errors, task after task, `repetitions` of each."""
    rows = []
    for name, values in errors.items():
        for place, error in enumerate(values):
            task, repetition = divmod(place, repetitions)
            key = f"{name} {task} {repetition}"
            rows.append(Row(key, f"t{task:03}", name, 1000, repetition, "ok", estimate=2 + error, truth=2.0))
    return rows


def test_the_common_set_is_what_all_that_count_have_completed() -> None:
    rows = rows_of({"a": [0.1, 0.2, 0.3, 0.4], "b": [1.0, 2.0, 3.0], "c": [0.0]})  # "c" has a quarter
    found = common(score.frame(rows))
    assert found.names == ("a", "b")
    assert found.errors == pytest.approx(np.array([[0.1, 1.0], [0.2, 2.0], [0.3, 3.0]]))
    assert (found.tasks.tolist(), found.cells) == ([0, 1, 2], 4)
    assert found.averages == pytest.approx({"a": 0.2, "b": 2.0})


@pytest.mark.parametrize(
    ("tasks", "what", "units"),
    [
        ([0, 1, 2, 3, 4, 5], "tasks", 6),
        ([0, 1, 2, 3, 4], "nothing", None),
        ([0] * 6, "repetitions", 6),
        ([0] * 6 + [1] * 5, "nothing", None),
        ([0] * 6 + [1] * 8, "repetitions", 6),
        ([], "nothing", None),
    ],
)
def test_what_is_resampled(tasks: list[int], what: str, units: int | None) -> None:
    found = shared(np.ones((len(tasks), 2)), tasks)
    assert bootstrap.resampled(found) == what
    assert units is None or bootstrap.units(found) == units


def test_tasks_are_drawn_whole() -> None:
    # three equal repetitions of each task: drawing them adds nothing, so a mean is that of 10 drawn tasks
    per_task = np.arange(10.0)
    errors = np.repeat(per_task, 3)[:, None]
    means = bootstrap.averages(shared(errors, np.repeat(np.arange(10), 3).tolist()), draws=4000)
    assert means.mean() == pytest.approx(4.5, abs=0.06)
    assert means.std() == pytest.approx(per_task.std() / math.sqrt(10), rel=0.05)  # 0.908; by cells it would be 0.524


def test_repetitions_are_drawn_within_the_tasks() -> None:
    # tasks differ by nothing and repetitions by 0 or 1: a mean of 6 tasks of 4 repetitions varies by 0.5 / sqrt(24)
    errors = np.tile([0.0, 1.0, 0.0, 1.0], 6)[:, None]
    tasks = np.repeat(np.arange(6), 4).tolist()
    assert bootstrap.averages(shared(errors, tasks), draws=4000).std() == pytest.approx(0.5 / math.sqrt(24), rel=0.05)
    alone = bootstrap.averages(shared(errors, list(range(24))), draws=4000)  # each a task of its own: no repetitions
    assert alone.std() == pytest.approx(0.5 / math.sqrt(24), rel=0.05)


def test_repetitions_are_drawn_within_their_size_too() -> None:
    # one task, two sizes of 6 repetitions each that never vary: every resample has the same mean
    errors = np.repeat([0.2, 0.8], 6)[:, None]
    means = bootstrap.averages(shared(errors, [0] * 12, [0] * 6 + [1] * 6), draws=50)
    assert means == pytest.approx(np.full((50, 1), 0.5))


def test_draws_are_the_same_for_all_and_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).random(30)
    found = shared(np.column_stack([values, values + 1.0]), np.repeat(np.arange(10), 3).tolist())
    means = bootstrap.averages(found, draws=100)
    assert means[:, 1] - means[:, 0] == pytest.approx(np.ones(100))
    assert np.array_equal(means, bootstrap.averages(found, draws=100))
    monkeypatch.setattr(bootstrap, "_BLOCK", 70)  # two draws at a time: memory is no part of the answer
    assert bootstrap.averages(found, draws=100) == pytest.approx(means)


def test_few_things_make_wide_intervals() -> None:
    assert bootstrap.expanded(1.959964, 6) == pytest.approx(math.sqrt(6 / 5) * 2.570582, rel=1e-6)  # t of 5 degrees
    assert bootstrap.expanded(1.959964, 100_000) == pytest.approx(1.96, abs=1e-3)
    assert math.isfinite(bootstrap.expanded(12.0, 8)), "far out in the tail too"


def test_rank_intervals_of_three() -> None:
    # a is clearly better than c; b lies between, apart from neither
    rng = np.random.default_rng(0)
    noise = rng.normal(scale=[0.1, 0.5, 0.1], size=(4000, 3))
    observed = np.array([1.0, 1.5, 2.0])
    low, high = rank_intervals(observed, observed + noise, 1000)
    assert low.tolist() == [1, 1, 2]
    assert high.tolist() == [2, 3, 3]


def test_rank_intervals_judge_all_pairs_at_once() -> None:
    # 2.6 standard errors apart: enough for one pair (1.96), not beside 18 others (the 190 pairs of 20 need about 3.6)
    rng = np.random.default_rng(0)
    noise = rng.normal(scale=math.sqrt(0.5), size=(4000, 20))  # of a difference: 1
    observed = np.array([0.0, 2.6, *np.full(18, 1.3)])
    low, _ = rank_intervals(observed[:2], observed[:2] + noise[:, :2], 100_000)
    assert low.tolist() == [1, 2]
    low, _ = rank_intervals(observed, observed + noise, 100_000)
    assert low.tolist() == [1] * 20


def test_differences_that_never_vary_are_clear_and_equal_errors_tie() -> None:
    noise = np.random.default_rng(0).normal(size=(500, 1))
    observed = np.array([1.0, 1.0 + 1e-15, 1.1])
    low, high = rank_intervals(observed, observed + noise, 12)
    assert low.tolist() == [1, 1, 3]
    assert high.tolist() == [2, 2, 3]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 8), st.integers(6, 12))
def test_equal_ranks_are_ties_and_clear_differences_are_not(seed: int, names: int, tasks: int) -> None:
    """The order is consistent: ranks lie in their intervals, follow the errors, and equal ones overlap."""
    rng = np.random.default_rng(seed)
    errors = np.abs(rng.normal(size=(tasks, names)) * rng.random(names) + rng.random(names) * 3)
    found = ranks(shared(errors, list(range(tasks))))
    assert found is not None
    assert ((found.low >= 1) & (found.low <= found.high) & (found.high <= names)).all()
    better = np.argsort(errors.mean(axis=0))
    assert found.low[better[0]] == 1
    assert found.high[better[-1]] == names
    apart = found.high[:, None] < found.low[None, :]  # of clear intervals the smaller error is the better
    means = errors.mean(axis=0)
    assert (means[:, None] < means[None, :])[apart].all()


def test_two_that_are_alike_are_hardly_ever_told_apart() -> None:
    rng = np.random.default_rng(1)
    told = 0
    for _ in range(30):
        found = ranks(shared(np.abs(rng.normal(size=(10, 3))), list(range(10))))
        assert found is not None
        told += int((found.low > 1).any())
    assert told <= 6  # at 8 %, a binomial of 30 exceeds 6 once in a hundred


def test_an_estimator_that_is_incomplete_has_no_rank() -> None:
    rows = rows_of({"a": [0.1] * 12, "b": [0.3] * 12, "half": [0.2] * 6, "less": [0.0] * 5})
    board = score.leaderboard(rows).set_index("estimator")
    assert board["rank"].fillna(-1).to_dict() == {"a": 1, "half": 2, "b": 3, "less": -1}
    assert board.loc["a", "mae_common"] == pytest.approx(0.1)
    assert "the 6 of 12 cells that all 3 estimators" in board.attrs["caption"]


def test_repetitions_of_few_tasks_rank_for_these_alone() -> None:
    rng = np.random.default_rng(0)
    good, bad = (np.abs(rng.normal(loc, 0.05, size=16)).tolist() for loc in (0.2, 0.9))
    board = score.leaderboard(rows_of({"good": good, "bad": bad}, repetitions=8))
    assert board["rank"].tolist() == [1, 2]
    assert board.attrs["resampled"] == "repetitions"
    assert "for these tasks alone" in board.attrs["caption"]


# Errors of three methods on ten tasks; ranks a: 1 x8, 2 x2; b: 2 x7, 1 x2, 3 x1; c: 3 x9, 2 x1
A = [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.3, 0.3]
B = [0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.5, 0.2, 0.2]
C = [0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4]


def test_average_ranks_and_friedman() -> None:
    found = score.critical_difference(rows_of({"c": C, "a": A, "b": B}))
    assert found.names == ("a", "b", "c")
    assert found.ranks == pytest.approx((1.2, 1.9, 2.9))
    assert found.blocks == 10
    # 12 * 10 / (3 * 4) * (1.2^2 + 1.9^2 + 2.9^2 - 3 * 16 / 4) = 14.6, with two degrees of freedom exp(-7.3)
    assert found.p_value == pytest.approx(math.exp(-7.3))
    assert found.distance == pytest.approx(2.343 * math.sqrt(3 * 4 / 60), abs=1e-3)  # 1.048
    assert found.groups == (("a", "b"), ("b", "c"))


@pytest.mark.parametrize(
    ("count", "q"), [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (6, 2.850), (10, 3.164)]
)  # Demsar 2006, table 5 (a)
def test_nemenyi(count: int, q: float) -> None:
    assert nemenyi(count, 10) / math.sqrt(count * (count + 1) / 60) == pytest.approx(q, abs=1.1e-3)


def test_the_critical_difference_of_five_over_thirty() -> None:
    assert nemenyi(5, 30) == pytest.approx(1.114, abs=1e-3)


def test_blocks_are_tasks_whatever_their_repetitions() -> None:
    # repetitions of 0.1 and 0.5 average to 0.3, which is more than 0.2 on every task
    values = {"a": [0.1, 0.5] * 7, "b": [0.2, 0.2] * 7}
    found = score.critical_difference(rows_of(values, repetitions=2))
    assert (found.blocks, found.names, found.ranks) == (7, ("b", "a"), (1.0, 2.0))
    assert found.p_value == pytest.approx(stats.wilcoxon([0.1] * 7).pvalue)
    assert found.groups == ()


def test_ties_share_their_ranks() -> None:
    found = score.critical_difference(rows_of({"a": [0.1] * 8, "b": [0.1 + 1e-16] * 8, "c": [0.1] * 8}))
    assert found.ranks == (2.0, 2.0, 2.0)
    assert (found.p_value, found.groups) == (1.0, (("a", "b", "c"),))


@pytest.mark.parametrize("errors", [{}, {"a": [0.1] * 8}, {"a": [0.1] * 5, "b": [0.2] * 5}])
def test_too_little_for_a_critical_difference(errors: dict[str, list[float]]) -> None:
    found = score.critical_difference(rows_of(errors))
    assert math.isnan(found.distance)
    assert math.isnan(found.p_value)
    assert found.groups == ()
    assert found.names == tuple(errors)


def test_the_ranking_puts_both_together() -> None:
    table, found = score.ranking(rows_of({"c": C, "a": A, "b": B}))
    assert table["estimator"].tolist() == ["a", "b", "c"]
    assert table["average_rank"].tolist() == pytest.approx([1.2, 1.9, 2.9])
    assert table["mae_common"].tolist() == pytest.approx([0.14, 0.23, 0.4])
    assert found.names == ("a", "b", "c")
    assert (table["rank"] == table["rank_low"]).all()
