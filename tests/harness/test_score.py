# SPDX-License-Identifier: Apache-2.0
"""Every column of every table against an answer known by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest

from mibench.contracts import Row, Status
from mibench.harness import score


def make(
    estimator: str,
    task: str,
    estimate: float | None,
    *,
    truth: float = 2.0,
    status: Status = "ok",
    repetition: int = 0,
    interval: tuple[float, float] | None = None,
    seconds: float = 1.0,
    peak_mb: float = 100.0,
    n: int = 1000,
) -> Row:
    return Row(
        f"{estimator} {task} {n} {repetition} {truth}",
        task,
        estimator,
        n,
        repetition,
        status,
        estimate=estimate,
        interval=interval,
        truth=truth if status == "ok" else None,
        seconds=seconds,
        peak_mb=peak_mb,
    )


def line(rows: list[Row], estimator: str) -> pd.Series:
    board = score.leaderboard(rows)
    return board.set_index("estimator").loc[estimator]


def test_every_column_of_a_line() -> None:
    rows = [
        make("e", "a", 2.5, interval=(1.9, 3.1), seconds=1.0, peak_mb=100),
        make("e", "b", 1.9, interval=(1.5, 1.95), seconds=2.0, peak_mb=300),
        make("e", "c", 2.3, seconds=6.0, peak_mb=200),
        make("e", "d", None, status="timeout", seconds=600.0, peak_mb=50),
        make("e", "f", None, status="unsupported", seconds=0.1),
        make("e", "g", None, status="timeout", seconds=600.0),
    ]
    found = line(rows, "e")
    assert (found["planned"], found["ok"], found["coverage"]) == (6, 3, 0.5)
    assert found["mae"] == pytest.approx(0.9 / 3)
    assert found["mae_common"] == pytest.approx(0.9 / 3)
    assert found["bias"] == pytest.approx(0.7 / 3)
    assert found["sd"] == pytest.approx(pd.Series([0.5, -0.1, 0.3]).std(ddof=1))
    assert found["rmse"] == pytest.approx(math.sqrt((0.25 + 0.01 + 0.09) / 3))
    assert found["worst"] == pytest.approx(0.5)
    assert found["interval_coverage"] == 0.5  # of two stated intervals one holds the truth
    assert found["seconds"] == pytest.approx(3.0)
    assert found["peak_mb"] == 300
    assert found["failures"] == "timeout 2, unsupported 1"


def test_sd_is_the_spread_over_repetitions_not_over_tasks() -> None:
    rows = [make("e", "a", 2.0 + step, repetition=i) for i, step in enumerate((-0.1, 0.1))]
    rows += [make("e", "b", 7.0 + step, repetition=i) for i, step in enumerate((-0.3, 0.3))]
    assert line(rows, "e")["sd"] == pytest.approx(math.sqrt((0.02 + 0.18) / 2))


def test_an_estimator_that_fails_where_it_is_hard_does_not_outrank_a_complete_one() -> None:
    rows = [make("complete", task, 2.3) for task in "abcd"]
    rows += [make("picky", "a", 2.0), make("picky", "b", 2.0), make("picky", "c", 2.0)]
    rows += [make("picky", "d", None, status="error")]
    board = score.leaderboard(rows)
    assert list(board["estimator"]) == ["complete", "picky"]
    assert list(board["coverage"]) == [1.0, 0.75]


def test_the_common_error_is_over_the_same_cells_for_all() -> None:
    rows = [make("complete", "easy", 2.1), make("complete", "hard", 4.0)]
    rows += [make("picky", "easy", 2.2), make("picky", "hard", None, status="timeout")]
    board = score.leaderboard(rows).set_index("estimator")
    assert board.loc["complete", "mae"] == pytest.approx(1.05)
    assert board.loc["complete", "mae_common"] == pytest.approx(0.1)
    assert board.loc["picky", "mae_common"] == pytest.approx(0.2)
    assert "the 1 of 2 cells that all 2 estimators" in score.leaderboard(rows).attrs["caption"]


def test_one_that_hardly_ever_answers_cannot_empty_the_common_cells() -> None:
    rows = [make(name, f"t{i}", 2.1) for name in ("one", "two") for i in range(20)]
    rows += [make("bad", f"t{i}", 2.0 if i == 0 else None, status="ok" if i == 0 else "crashed") for i in range(20)]
    board = score.leaderboard(rows)
    assert list(board["estimator"]) == ["one", "two", "bad"]
    assert "the 20 of 20 cells that all 2 estimators" in board.attrs["caption"]
    assert math.isnan(board["mae_common"].iloc[2])
    assert board["rank"].isna().tolist() == [False, False, True]


def test_cells_that_an_estimator_never_met_count_against_it() -> None:
    rows = [make("a", "t1", 2.0), make("a", "t2", 2.0), make("b", "t1", 2.0)]
    assert line(rows, "b")["coverage"] == 0.5


def test_overlapping_intervals_tie_and_clear_ones_do_not() -> None:
    # errors: "good" and "alike" differ by noise of either sign, "bad" is worse everywhere
    rows = []
    for i in range(12):
        sign = 1 if i % 2 else -1
        rows += [
            make("good", f"t{i}", 2.10 + 0.02 * sign),
            make("alike", f"t{i}", 2.101 - 0.02 * sign),
            make("bad", f"t{i}", 3.0),
        ]
    board = score.leaderboard(rows).set_index("estimator")
    assert board["rank"].tolist() == [1, 1, 3]
    assert board.loc["bad", "mae_low"] == board.loc["bad", "mae_high"] == pytest.approx(1.0)
    assert board.loc["good", "mae_low"] < board.loc["good", "mae"] < board.loc["good", "mae_high"]


def test_the_interval_is_that_of_a_bootstrap_over_cells() -> None:
    # |error| is 0 or 1 on 100 cells: the mean of a resample is binomial(100, 1/2) / 100, with 95 % in 0.40 to 0.60
    rows = [make("e", f"t{i}", 2.0 + i % 2) for i in range(100)]
    found = line(rows, "e")
    assert found["mae_low"] == pytest.approx(0.40, abs=0.02)
    assert found["mae_high"] == pytest.approx(0.60, abs=0.02)
    assert score.leaderboard(rows).equals(score.leaderboard(rows)), "the same rows give the same table"


def test_ranks_compare_cell_by_cell() -> None:
    # errors run from 0.1 to 3, so the intervals of both overlap widely, yet one is better on every cell
    rows = [make(name, f"t{i}", 2.1 + 0.25 * i + extra) for i in range(12) for name, extra in (("a", 0), ("b", 0.05))]
    board = score.leaderboard(rows).set_index("estimator")
    assert board.loc["b", "mae_low"] < board.loc["a", "mae_high"]
    assert board["rank"].to_dict() == {"a": 1, "b": 2}


@pytest.mark.parametrize(("cells", "ranked"), [(score.FEWEST - 1, False), (score.FEWEST, True)])
def test_few_common_cells_give_no_ranks(cells: int, ranked: bool) -> None:
    board = score.leaderboard([make(name, f"t{i}", 2.5) for i in range(cells) for name in "ab"])
    assert board["rank"].notna().all() == ranked
    assert ("Ranks and intervals need" in board.attrs["caption"]) == (not ranked)


def test_one_cell_gives_no_ranks_and_no_interval() -> None:
    found = line([make("e", "a", 2.5), make("f", "a", 2.0)], "e")
    assert found["mae_common"] == 0.5
    assert math.isnan(found["mae_low"])
    assert pd.isna(found["rank"])


def test_sample_sizes_and_repetitions_are_cells_of_their_own() -> None:
    rows = [make("e", "a", 2.0, n=100), make("e", "a", 3.0, n=1000), make("e", "a", 4.0, n=1000, repetition=1)]
    found = line(rows, "e")
    assert (found["planned"], found["ok"]) == (3, 3)
    assert found["mae"] == pytest.approx(1.0)


def test_the_last_of_two_answers_to_one_cell_counts() -> None:
    old, new = make("e", "a", 9.0), replace(make("e", "a", 2.5), key="of a new version")
    found = line([old, make("f", "a", 2.0), new], "e")
    assert (found["planned"], found["ok"], found["mae"], found["mae_common"]) == (1, 1, 0.5, 0.5)


def test_without_an_answer_there_is_still_a_line() -> None:
    board = score.leaderboard([make("e", "a", None, status="crashed")])
    assert board["failures"].tolist() == ["crashed 1"]
    assert board["coverage"].tolist() == [0.0]
    assert "No cell of 1 was completed" in board.attrs["caption"]


def test_no_rows_no_lines() -> None:
    board = score.leaderboard([])
    assert list(board.columns) == list(score.COLUMNS)
    assert len(board) == len(score.by_task([])) == 0


def test_negative_estimates_are_scored_as_they_are() -> None:
    assert line([make("e", "a", -1.0, truth=0.0)], "e")["bias"] == -1.0


def test_by_task_has_a_line_per_task_size_and_estimator() -> None:
    rows = [make("e", "a", 2.0 + step, repetition=i) for i, step in enumerate((0.1, 0.3))]
    rows += [make("e", "b", 5.5, truth=5.0), make("f", "a", None, status="error")]
    table = score.by_task(rows).set_index(["task", "n", "estimator"])
    first = table.loc[("a", 1000, "e")]
    assert (first["truth"], first["planned"], first["ok"], first["coverage"]) == (2.0, 2, 2, 1.0)
    assert first["estimate"] == pytest.approx(2.2)
    assert first["bias"] == first["mae"] == pytest.approx(0.2)
    assert first["sd"] == pytest.approx(math.sqrt(0.02))
    alone = table.loc[("b", 1000, "e")]
    assert (alone["truth"], alone["bias"]) == (5.0, 0.5)
    assert math.isnan(alone["sd"])
    failed = table.loc[("a", 1000, "f")]
    assert (failed["truth"], failed["ok"], failed["failures"]) == (2.0, 0, "error 1, not run 1")
