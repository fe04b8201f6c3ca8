# SPDX-License-Identifier: Apache-2.0
"""The frame, levels, intervals and bounds, tables by task and level: every number worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mibench.contracts import Row
from mibench.harness import score


def row(estimator: str, task: str, estimate: float | None, truth: float | None = 2.0, **more: Any) -> Row:
    n, repetition, status = more.pop("n", 1000), more.pop("repetition", 0), "error" if estimate is None else "ok"
    key = f"{estimator} {task} {n} {repetition} {more}"
    return Row(key, task, estimator, n, repetition, more.pop("status", status), estimate=estimate, truth=truth, **more)


def test_a_line_of_the_frame() -> None:
    given = row("e", "a", 2.5, interval=(1.9, 3.1), bounds=(1.0, 1.8), seconds=3.0, peak_mb=7.0, seed=4)
    (line,) = score.frame([given]).to_dict("records")
    assert line == {
        "task": "a",
        "estimator": "e",
        "n": 1000,
        "repetition": 0,
        "seed": 4,
        "status": "ok",
        "estimate": 2.5,
        "truth": 2.0,
        "truth_std_error": pytest.approx(math.nan, nan_ok=True),
        "low": 1.9,
        "high": 3.1,
        "lower": 1.0,
        "upper": 1.8,
        "seconds": 3.0,
        "peak_mb": 7.0,
        "ok": True,
        "error": 0.5,
        "inside": 1.0,
        "width": pytest.approx(1.2),
        "held": 0.0,
        "level": 2.0,
    }


def test_a_frame_of_nothing_has_every_column() -> None:
    assert list(score.frame([]).columns) == list(score.frame([row("e", "a", 1.0)]).columns)
    assert score.by_level([]).empty
    assert score.sample_complexity([]).empty


def test_what_failed_states_nothing() -> None:
    (line,) = score.frame([row("e", "a", None, interval=(1.0, 3.0), bounds=(0.0, 9.0))]).to_dict("records")
    assert not line["ok"]
    assert all(math.isnan(line[name]) for name in ("error", "inside", "width", "held"))


def test_an_answer_on_a_task_without_a_truth_is_not_scored() -> None:
    (line,) = score.frame([row("e", "a", 1.0, None, interval=(0.0, 2.0), bounds=(0.0, 2.0))]).to_dict("records")
    assert line["ok"]
    assert all(math.isnan(line[name]) for name in ("error", "inside", "held", "level"))


def test_bounds_are_given_the_error_of_a_truth_by_monte_carlo() -> None:
    near, far = (0.0, 1.98), (0.0, 1.96)  # the truth is 2 +- 0.01, and three errors are 0.03
    rows = [row("e", task, 1.9, bounds=ends, truth_std_error=0.01) for task, ends in (("a", near), ("b", far))]
    assert score.frame(rows)["held"].tolist() == [1.0, 0.0]
    exact = [row("e", "a", 1.9, bounds=near), row("e", "b", 1.9, bounds=(2.0 + 1e-12, math.inf))]
    assert score.frame(exact)["held"].tolist() == [0.0, 1.0], "rounding is no violation"


def test_a_failed_row_takes_the_truth_from_its_task() -> None:
    table = score.frame([row("e", "a", None, None), row("f", "a", 3.1, 3.0)])
    assert table["truth"].tolist() == [3.0, 3.0]
    assert table["level"].tolist() == [3.0, 3.0]


def test_rows_of_checks_are_no_accuracy() -> None:
    table = score.frame([row("e", "a", 2.0), row("e", "a", 4.0, 4.0, check="additivity")])
    assert table["estimate"].tolist() == [2.0]


def test_the_latest_version_of_a_task_alone_counts() -> None:
    old = [row("e", "a", 5.0, task_version=1), row("f", "a", 5.0, task_version=1)]
    new = [row("e", "a", 2.5, task_version=2)]
    for rows in ([*old, *new], [*new, *old]):
        board = score.leaderboard(rows).set_index("estimator")
        assert board["mae"].to_dict() == {"e": 0.5}
    assert len(score.frame([row("e", "a", 2.0), row("f", "a", 2.0, task_version=3)])) == 2, (
        "unknown is no other version"
    )


def test_root_seeds_are_other_samples() -> None:
    rows = [row("e", "a", 2.0, seed=0), row("e", "a", 3.0, seed=1), row("f", "a", 2.0, seed=0)]
    board = score.leaderboard(rows).set_index("estimator")
    assert board["planned"].tolist() == [2, 2]
    assert board.loc["f", "coverage"] == 0.5
    assert board.loc["f", "failures"] == "not run 1"


def test_a_seed_that_an_old_journal_lacks_is_the_one_that_is_known() -> None:
    assert score.frame([row("e", "a", 2.0), row("f", "a", 2.0, seed=7)])["seed"].tolist() == [7, 7]
    assert score.frame([row("e", "a", 2.0)])["seed"].tolist() == [-1]


def test_levels_bear_rounding_and_monte_carlo() -> None:
    truths = np.array([3.0, 3.0 + 1e-9, 2.9993, 1e-17, 0.0, -1e-12, 0.25, math.nan, 0.2513, 10.0])
    assert score.levels(truths)[:3].tolist() == [3.0, 3.0, 3.0]
    assert score.levels(truths)[3:7].tolist() == [0.0, 0.0, 0.0, 0.25]
    assert math.isnan(score.levels(truths)[7])
    assert score.levels(truths)[8:].tolist() == [0.2513, 10.0]


def test_levels_do_not_run_into_one_another() -> None:
    steps = 1.0 * 1.0006 ** np.arange(50)  # each is within a thousandth of the next, the ends are 3 % apart
    found = np.unique(score.levels(steps))
    assert len(found) > 20
    assert np.abs(score.levels(steps) / steps - 1).max() < 2e-3


def test_intervals_and_bounds_in_the_leaderboard() -> None:
    rows = [
        row("e", "a", 2.0, interval=(1.5, 2.5), bounds=(1.0, 3.0)),
        row("e", "b", 2.0, interval=(2.1, 2.3), bounds=(2.5, 3.0)),
        row("e", "c", 2.0, interval=(1.9, 2.0), bounds=(0.0, 2.0)),
        row("e", "d", 2.0),
        row("open", "a", 2.0, interval=(1.0, math.inf)),
        row("open", "b", 2.0, interval=(1.0, 2.0)),
    ]
    board = score.leaderboard(rows).set_index("estimator")
    line = board.loc["e"]
    assert (line["intervals"], line["bounds"]) == (3, 3)
    assert line["interval_coverage"] == pytest.approx(2 / 3)
    assert line["interval_width"] == pytest.approx((1.0 + 0.2 + 0.1) / 3)
    assert line["bounds_held"] == pytest.approx(2 / 3)
    assert board.loc["open", "interval_width"] == math.inf
    assert board.loc["open", "bounds"] == 0
    assert math.isnan(board.loc["open", "bounds_held"])


def test_relative_errors_are_of_positive_truths() -> None:
    rows = [row("e", "a", 1.5, 1.0), row("e", "b", 3.0, 4.0), row("e", "c", 0.3, 0.0), row("e", "d", 0.3, 1e-15)]
    assert score.leaderboard(rows)["relative"].tolist() == [pytest.approx((0.5 + 0.25) / 2)]


def test_sd_is_of_one_kind_on_a_board() -> None:
    # the board has repetitions, and `e` answered once on each task: its spread over them is unknown, not that of errors
    rows = [
        row("e", "a", 2.0),
        row("e", "b", 3.0),
        row("e", "a", None, repetition=1),
        row("e", "b", None, repetition=1),
    ]
    assert math.isnan(score.leaderboard(rows)["sd"].iloc[0])


def test_filtering_by_size_filters() -> None:
    rows = [row("e", "a", 1.0, n=500), row("e", "a", 3.0, n=5000)]
    table = score.frame(rows)
    only = score.leaderboard(table[table["n"] == 5000])
    assert only[["planned", "mae", "bias"]].to_numpy().tolist() == [[1, 1.0, 1.0]]
    assert score.leaderboard(rows)[["planned", "mae", "bias"]].to_numpy().tolist() == [[2, 1.0, 0.0]]
    each = score.by_task(rows).set_index("n")
    assert each["estimate"].to_dict() == {500: 1.0, 5000: 3.0}
    assert each["mae"].to_dict() == {500: 1.0, 5000: 1.0}
    assert score.by_level(rows)["n"].tolist() == [500, 5000]


def test_by_task_has_the_statistics_of_the_leaderboard() -> None:
    rows = [
        row("e", "a", 2.5, interval=(2.4, 2.6), bounds=(0.0, 3.0), seconds=1.0, peak_mb=5.0),
        row("e", "a", 1.7, interval=(1.5, 2.1), repetition=1, seconds=3.0, peak_mb=9.0),
        row("e", "a", None, repetition=2, status="timeout"),
        row("f", "a", 2.0),
    ]
    line = score.by_task(rows).set_index("estimator").loc["e"]
    wanted = {
        "planned": 3,
        "ok": 2,
        "coverage": 2 / 3,
        "mae": 0.4,
        "bias": 0.1,
        "sd": math.sqrt(0.32),
        "rmse": math.sqrt((0.25 + 0.09) / 2),
        "relative": 0.2,
        "worst": 0.5,
        "intervals": 2,
        "interval_coverage": 0.5,
        "interval_width": 0.4,
        "bounds": 1,
        "bounds_held": 1.0,
        "seconds": 2.0,
        "peak_mb": 9.0,
    }
    assert {name: line[name] for name in wanted} == pytest.approx(wanted)
    assert line["failures"] == "timeout 1"
    assert score.by_task(rows).set_index("estimator").loc["f", "failures"] == "not run 2"


def test_by_level_is_over_the_tasks_of_a_level() -> None:
    rows = [row("e", "a", 1.2, 1.0), row("e", "b", 0.6, 1.0 + 1e-10), row("e", "c", 5.0, 3.0)]
    rows += [row("f", "a", 1.0, 1.0), row("f", "c", None, 3.0)]
    table = score.by_level(rows).set_index(["level", "estimator"])
    low = table.loc[(1.0, "e")]
    assert (low["tasks"], low["planned"], low["ok"]) == (2, 2, 2)
    assert (low["mae"], low["bias"]) == (pytest.approx(0.3), pytest.approx(-0.1))
    assert table.loc[(1.0, "f"), "coverage"] == 0.5
    assert table.loc[(3.0, "e"), "mae"] == 2.0
    assert table.loc[(3.0, "f"), "failures"] == "error 1"


def test_selection_by_outcome_buys_nothing() -> None:
    # one that answers only where it is right has the smallest error of its own, and neither coverage nor a rank
    rows = [row("steady", f"t{i}", 2.2) for i in range(12)]
    rows += [row("lucky", f"t{i}", 2.0 if i < 5 else None) for i in range(12)]
    board = score.leaderboard(rows)
    assert board["estimator"].tolist() == ["steady", "lucky"]
    lucky = board.iloc[1]
    assert (lucky["mae"], lucky["coverage"], lucky["failures"]) == (0.0, pytest.approx(5 / 12), "error 7")
    assert pd.isna(lucky["rank"])
    assert pd.isna(lucky["mae_common"])


def test_a_frame_scores_as_its_rows_do() -> None:
    rows = [row(name, f"t{i}", 2.0 + 0.1 * i) for i in range(7) for name in "ab"]
    for table in (score.leaderboard, score.by_task, score.by_level, score.sample_complexity):
        pd.testing.assert_frame_equal(table(rows), table(score.frame(rows)))  # type: ignore[operator]
    assert score.critical_difference(rows) == score.critical_difference(score.frame(rows))


def test_rows_may_be_any_iterable() -> None:
    rows = [row("e", "a", 2.5)]
    assert score.leaderboard(iter(rows)).equals(score.leaderboard(rows))
    assert score.consistency(iter(rows)).empty
