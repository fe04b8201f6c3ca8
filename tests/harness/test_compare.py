# SPDX-License-Identifier: Apache-2.0
"""The verdict on two runs: findings, exit codes, JSON."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mibench.contracts import InputError, Row
from mibench.harness.compare import FAILED, FINE, INCOMPLETE, REGRESSION, Comparison, compare
from mibench.harness.compare_json import to_json
from mibench.harness.gate import Limits, Rule, Rules

GOLDEN = Path(__file__).parent / "golden" / "compare-schema-1.json"


def row(estimator: str = "ksg", estimate: float | None = 1.1, **values: Any) -> Row:
    given: dict[str, Any] = {"task": "gaussian", "n": 100, "repetition": 0, "status": "ok", "seed": 0, "truth": 1.0}
    given |= {"task_version": 1, "estimator_version": 1, "sample": (0.5, 1.0, 1.5, 2.0)} | values
    if given["status"] != "ok":
        estimate = None
    key = f"{estimator} {[given[name] for name in ('task', 'n', 'repetition', 'seed', 'estimator_version')]}"
    return Row(key=key, estimator=estimator, estimate=estimate, **given)


def cells(estimator: str, errors: list[float], **values: Any) -> list[Row]:
    """One row per error, each a repetition of one task."""
    return [row(estimator, 1.0 + error, repetition=i, **values) for i, error in enumerate(errors)]


def kinds(found: Comparison) -> list[tuple[str, str, bool]]:
    return [(each.kind, each.estimator, each.regression) for each in found.findings]


def test_equal_runs_are_fine() -> None:
    rows = [*cells("ksg", [0.1] * 3), *cells("mine", [-0.2] * 8)]
    found = compare(rows, rows)
    assert (found.code, found.findings, found.compared) == (FINE, (), 11)


def test_a_deterministic_estimator_must_give_the_same_number() -> None:
    found = compare([row()], [row(estimate=1.102)])
    assert (found.code, kinds(found)) == (REGRESSION, [("changed", "ksg", True)])
    (finding,) = found.findings
    assert (finding.task, finding.what, finding.base, finding.head) == ("gaussian", "estimate", 1.1, 1.102)
    assert "1.1 -> 1.102 on gaussian n=100 repetition 0 (may move by 0.001)" in finding.text
    assert compare([row()], [row(estimate=1.1 + 1e-4)]).code == FINE
    assert compare([row()], [row(estimate=1.102)], Rules(Limits(tolerance=1e-2))).code == FINE


@pytest.mark.parametrize("side", ["interval", "bounds"])
@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ((0.9, 1.2), (0.9, 1.2), FINE),
        ((0.9, math.inf), (0.9, math.inf), FINE),
        ((0.9, 1.2), (0.9, 1.3), REGRESSION),
        ((0.9, math.inf), (0.9, 1.3), REGRESSION),
        ((0.9, 1.2), None, REGRESSION),
        (None, (0.9, 1.2), REGRESSION),
    ],
)
def test_so_must_its_interval_and_bounds(side: str, before: Any, after: Any, code: int) -> None:
    base, head = row(**{side: before}), row(**{side: after})
    assert compare([base], [head]).code == code
    assert compare([dataclasses.replace(base, estimator="mine")] * 1, [row("mine", **{side: after})]).code == INCOMPLETE


def test_an_improvement_that_nobody_declared_is_a_change_too() -> None:
    found = compare(cells("ksg", [0.5] * 8), cells("ksg", [0.1] * 8))
    assert found.code == REGRESSION
    assert {kind for kind, _, regression in kinds(found) if not regression} == {"better"}


def test_a_declared_change_is_judged_by_its_error_alone() -> None:
    base = cells("ksg", [0.1] * 8)
    better, worse = (cells("ksg", [error] * 8, estimator_version=2) for error in (0.05, 0.2))
    assert compare(base, better).code == FINE
    assert [kind for kind, _, _ in kinds(compare(base, better))] == ["better", *["declared"] * 8]
    found = compare(base, worse)
    assert found.code == REGRESSION
    assert kinds(found)[0] == ("worse", "ksg", True)
    assert "version 1 -> 2" in found.findings[1].text


def test_trained_estimators_may_move_but_not_err_more() -> None:
    rng = np.random.default_rng(0)
    errors = rng.normal(-0.3, 0.05, 12)
    moved = -0.3 + rng.permutation(errors + 0.3)
    assert compare(cells("mine", list(errors)), cells("mine", list(moved))).code == FINE
    found = compare(cells("mine", list(errors)), cells("mine", list(errors - 0.1)))
    assert (found.code, kinds(found)) == (REGRESSION, [("worse", "mine", True)])
    assert (
        compare(cells("mine", list(errors)), cells("mine", list(errors - 0.1)), Rules(Limits(margin=0.2))).code == FINE
    )
    found = compare(cells("mine", list(errors - 0.1)), cells("mine", list(errors)))
    assert (found.code, kinds(found)) == (FINE, [("better", "mine", False)])


def test_one_task_among_many_is_named() -> None:
    def board(worse: float) -> list[Row]:
        tasks = {"a": 0.0, "b": worse, "c": 0.0}
        return [each for task, more in tasks.items() for each in cells("mine", [0.1 + more] * 12, task=task)]

    found = compare(board(0.0), board(0.5))
    assert found.code == REGRESSION
    assert {(each.task, each.n) for each in found.findings} == {(None, None), ("b", 100)}


def test_a_jump_is_found_in_one_cell_where_a_rule_says_how_far_is_far() -> None:
    rules = Rules(rules=(Rule("mine", None, {"jump": 0.5}),))
    assert kinds(compare(cells("mine", [0.1, 0.1]), cells("mine", [0.1, -0.8]), rules)) == [("jumped", "mine", True)]
    assert compare(cells("mine", [0.1, 0.1]), cells("mine", [0.1, -0.2]), rules).code == FINE


def test_lost_answers_are_a_regression_and_gained_ones_are_told() -> None:
    base = cells("ksg", [0.1] * 4)
    head = [*base[:3], row(repetition=3, status="unsupported", error="too few")]
    found = compare(base, head)
    assert (found.code, kinds(found)) == (REGRESSION, [("lost", "ksg", True)])
    assert "ok -> unsupported on gaussian n=100 repetition 3: too few" in found.findings[0].text
    assert compare(base, head, Rules(Limits(coverage=0.75))).code == FINE
    assert compare(base, head, Rules(Limits(coverage=0.76))).code == REGRESSION
    failed = compare(base, [*base[:3], row(repetition=3, status="timeout")])
    assert (failed.code, failed.failed) == (REGRESSION, ())
    assert kinds(compare(head, base)) == [("gained", "ksg", False)]
    assert compare(head, base).code == FINE


@pytest.mark.parametrize("status", ["error", "timeout", "crashed", "out_of_memory", "not_installed"])
def test_failed_trials_of_head_are_no_pass_where_base_has_no_answer_to_lose(status: Any) -> None:
    base = [row(), row("kl", status=status)]
    assert compare(base, base).code == FAILED
    assert compare([row()], [row(), row("kl", status=status)]).code == FAILED
    assert compare(base, base, Rules(Limits(allow_failed=True))).code == FINE
    assert compare(base, [row()]).code == FINE  # BASE failed, HEAD did not try: nothing is lost
    unsupported = [row(), row("kl", status="unsupported")]
    assert compare(base, unsupported).code == compare(unsupported, unsupported).code == FINE


def test_a_known_regression_comes_before_failures() -> None:
    assert compare([row(), row("kl")], [row(estimate=2.0), row("kl", status="error")]).code == REGRESSION


def test_nothing_compared_is_never_fine() -> None:
    for base, head in [
        ([], []),
        ([row()], []),
        ([], [row()]),
        ([row()], [row("kl")]),
        ([row()], [row(seed=1)]),
        ([row()], [row(task_version=2)]),
        ([row()], [row(sample=(0.0, 0.0, 0.0, 0.0))]),
        ([row(status="unsupported")], [row(status="unsupported")]),
    ]:
        for partial in (False, True):
            found = compare(base, head, partial=partial)
            assert found.code == INCOMPLETE
            assert "nothing was compared" in found.notes[-1]


def test_other_seeds_are_pointed_to_the_option_that_compares_them() -> None:
    assert "--across-seeds" in compare([row()], [row(seed=1)]).notes[0]


def test_what_head_left_out_is_no_pass_unless_it_was_meant_to() -> None:
    found = compare([row(), row("kl")], [row()])
    assert (found.code, [each.row.estimator for each in found.unmatched]) == (INCOMPLETE, ["kl"])
    assert compare([row(), row("kl")], [row()], partial=True).code == FINE
    found = compare([row(), row("kl")], [row(), row("kl", task_version=2)])
    assert found.code == INCOMPLETE


def test_estimators_with_too_few_cells_are_named_and_alone_are_no_pass() -> None:
    few, enough = cells("mine", [0.1] * 6), cells("dv", [0.1] * 7)
    assert (compare(few, few).code, compare(few, few).undecided) == (INCOMPLETE, ("mine",))
    assert (compare(few + enough, few + enough).code, compare(few + enough, few + enough).undecided) == (
        FINE,
        ("mine",),
    )


def test_time_is_judged_on_request() -> None:
    base, head = cells("ksg", [0.1] * 3, seconds=1.0), cells("ksg", [0.1] * 3, seconds=2.5)
    assert compare(base, head).code == FINE
    assert compare(base, head, Rules(Limits(seconds_ratio=3.0))).code == FINE
    found = compare(base, head, Rules(Limits(seconds_ratio=2.0)))
    assert (found.code, kinds(found)) == (REGRESSION, [("slower", "ksg", True)])


def test_rules_about_nobody_are_told() -> None:
    found = compare([row()], [row()], Rules(rules=(Rule("kgs", None, {"margin": 1.0}),)))
    assert 'match = "kgs"' in found.notes[0]


def test_across_seeds_errors_are_compared_and_numbers_are_not() -> None:
    rng = np.random.default_rng(1)
    base, same, worse = (list(rng.normal(mean, 0.02, 12)) for mean in (0.3, 0.3, 0.6))
    found = compare(cells("ksg", base), cells("ksg", same, seed=1), across_seeds=True)
    assert (found.code, found.findings, found.compared) == (FINE, (), 12)
    found = compare(cells("ksg", base), cells("ksg", worse, seed=1), across_seeds=True)
    assert (found.code, kinds(found)) == (REGRESSION, [("worse", "ksg", True)])
    fewer = compare(cells("ksg", base), cells("ksg", same[:8], seed=1), across_seeds=True)
    assert (fewer.code, fewer.unmatched) == (FINE, ())
    assert compare(cells("ksg", base), cells("kl", same, seed=1), across_seeds=True).code == INCOMPLETE
    with pytest.raises(InputError, match=r"--seed 0, whose samples are the same"):
        compare(cells("ksg", base), cells("ksg", base), across_seeds=True)


def test_clean_runs_across_seeds_raise_no_more_alarms_than_alpha_allows() -> None:
    """Forty comparisons of two independent draws of eight estimators, without any margin."""
    rng = np.random.default_rng(2)
    rules = Rules(Limits(margin=0.0), alpha=0.05)

    def board(seed: int) -> list[Row]:
        rows = []
        for name in ("ksg", "kl", "wkl", "kde", "binning", "mine", "dv", "nwj"):
            for task in ("a", "b", "c", "d", "e"):
                rows += cells(name, list(rng.normal(0.2, 0.1, 2)), seed=seed, task=task)
        return rows

    alarms = sum(compare(board(0), board(1), rules, across_seeds=True).code == REGRESSION for _ in range(40))
    assert alarms <= 6  # P(more | 40 trials of 0.05) < 0.004


ERRORS = st.lists(st.floats(-2, 2), min_size=1, max_size=10)


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(st.sampled_from(["ksg", "mine", "pca+kl"]), ERRORS, min_size=1), st.floats(0, 1e-3))
def test_a_run_agrees_with_itself_whatever_it_holds(board: dict[str, list[float]], tolerance: float) -> None:
    rows = [each for name, errors in board.items() for each in cells(name, errors)]
    found = compare(rows, rows, Rules(Limits(margin=0.0, tolerance=tolerance)))
    assert not found.findings
    assert found.code in (FINE, INCOMPLETE)


def mixed() -> Comparison:
    """A comparison that holds one of everything."""
    base = [
        *cells("mine", [0.1] * 8),
        row("ksg", interval=(0.9, math.inf)),
        row("kl"),
        row("kde", status="error", error="no"),
        row("wkl", task_version=1),
        row("binning"),
        row("gaussian", status="unsupported"),
    ]
    head = [
        *cells("mine", [0.3] * 8),
        row("ksg", 1.2, interval=(0.9, 1.5)),
        row("kl", status="timeout", error="600 s"),
        row("kde", status="error", error="no"),
        row("wkl", task_version=2),
        row("gaussian"),
    ]
    return compare(base, head, Rules(rules=(Rule("kgs", None, {"margin": 1.0}),)))


def test_json_is_as_documented_and_as_it_was() -> None:
    """A golden file: whoever changes it raises SCHEMA or only adds keys, and says so in docs/ci.md."""
    found = to_json(mixed(), {"path": "base"}, {"path": "head"})
    text = json.dumps(found, indent=1, allow_nan=False) + "\n"
    assert json.loads(text) == json.loads(GOLDEN.read_text())
    assert found["verdict"] == "regression"
    assert found["exit_code"] == 1
    assert sum(side["base"] for side in found["buckets"].values()) == 14
    assert sum(side["head"] for side in found["buckets"].values()) == 13
