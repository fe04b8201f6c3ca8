# SPDX-License-Identifier: Apache-2.0
"""Views: each changes what its name says and nothing else; what is tuned by the truth never stands alone."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from mibench.contracts import InputError, Row
from mibench.harness import score
from mibench.harness.score.oracle import method

LN2 = math.log(2)


def row(estimator: str, task: str, estimate: float | None, truth: float = 2.0, **more: Any) -> Row:
    n, repetition, status = more.pop("n", 1000), more.pop("repetition", 0), "error" if estimate is None else "ok"
    key = f"{estimator} {task} {n} {repetition}"
    return Row(key, task, estimator, n, repetition, status, estimate=estimate, truth=truth, **more)


def test_the_raw_view_is_the_frame() -> None:
    table = score.frame([row("e", "a", -1.0, 0.0)])
    assert score.seen(table) is table
    assert table["estimate"].tolist() == [-1.0]


def test_clipped_is_at_0_and_says_so() -> None:
    rows = [row("e", "a", -0.4, 0.0, interval=(-0.6, -0.2)), row("e", "b", 0.1, 0.0, interval=(-0.1, 0.3))]
    raw, clipped = score.leaderboard(rows), score.leaderboard(rows, "clipped")
    assert raw["mae"].tolist() == [0.25]
    assert raw["bias"].tolist() == [pytest.approx(-0.15)]
    assert raw["interval_coverage"].tolist() == [0.5]
    assert clipped["mae"].tolist() == [0.05]
    assert clipped["bias"].tolist() == [0.05]
    assert clipped["interval_coverage"].tolist() == [1.0]
    assert clipped["interval_width"].tolist() == [pytest.approx(0.15)]
    assert "below 0 are shown as 0" in clipped.attrs["caption"]
    assert score.frame(rows)["estimate"].tolist() == [-0.4, 0.1], "the rows are as they were"


def test_bits_convert_every_column_of_information_and_no_other() -> None:
    rows = [
        row("e", f"t{i}", (2 + 0.1 * i) * LN2, 2 * LN2, interval=(LN2, 4 * LN2), bounds=(0.0, 8 * LN2), seconds=3.0)
        for i in range(7)
    ]
    nats, bits = score.leaderboard(rows), score.leaderboard(rows, "bits")
    for name in ("mae", "mae_common", "mae_low", "mae_high", "bias", "sd", "rmse", "worst", "interval_width"):
        assert bits[name].iloc[0] == pytest.approx(nats[name].iloc[0] / LN2), name
    assert bits["mae"].iloc[0] == pytest.approx(0.3)
    assert bits["worst"].iloc[0] == pytest.approx(0.6)
    assert bits["interval_width"].iloc[0] == pytest.approx(3.0)
    same = ["rank", "estimator", "ok", "coverage", "relative", "interval_coverage", "bounds_held", "seconds", "peak_mb"]
    pd.testing.assert_frame_equal(bits[same], nats[same])
    assert (bits.attrs["unit"], nats.attrs["unit"]) == ("bits", "nats")
    assert "Errors in bits" in bits.attrs["caption"]
    table = score.by_task(rows, "bits")
    assert table["truth"].tolist() == pytest.approx([2.0] * 7)
    assert table["estimate"].iloc[5] == pytest.approx(2.5)
    assert score.by_level(rows, "bits")["level"].tolist() == [2.0]


def test_a_view_is_not_taken_twice() -> None:
    table = score.seen([row("e", "a", 2.0)], "bits")
    assert score.seen(table, "bits") is table
    with pytest.raises(InputError, match="the bits view already"):
        score.seen(table, "clipped")


def test_a_wrong_view_is_named() -> None:
    with pytest.raises(InputError, match="no view 'bit'; did you mean bits"):
        score.leaderboard([], "bit")


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("ksg[k=5]", "ksg"),
        ("ksg", "ksg"),
        ("ae[latent_dim=2]+wkl[k=7]", "ae+wkl"),
        ("no ] name", "no ] name"),
        ("<b>", "<b>"),
    ],
)
def test_the_method_of_a_name(name: str, of: str) -> None:
    assert method(name) == of


TUNED = [
    row("ksg[k=1]", "a", 2.3, seconds=1.0, peak_mb=10.0),
    row("ksg[k=5]", "a", 1.9, seconds=2.0, peak_mb=30.0),
    row("ksg[k=1]", "b", 2.0, seconds=1.0, peak_mb=10.0),
    row("ksg[k=5]", "b", 3.0, seconds=2.0, peak_mb=20.0),
    row("ksg[k=1]", "c", None),
    row("ksg[k=5]", "c", 2.5, seconds=4.0),
    row("kde", "a", 2.2),
    row("kde", "b", 2.2),
    row("kde", "c", 2.2),
]


def test_the_oracle_takes_the_best_setting_of_each_cell() -> None:
    board = score.oracle_tuned(TUNED).set_index("estimator")
    tuned = board.loc["ksg (oracle-tuned)"]
    assert tuned["mae"] == pytest.approx((0.1 + 0.0 + 0.5) / 3)
    assert tuned["bias"] == pytest.approx((-0.1 + 0.0 + 0.5) / 3)
    assert (tuned["ok"], tuned["coverage"]) == (3, 1.0)
    assert tuned["choices"] == "ksg[k=5] 2, ksg[k=1] 1"
    assert tuned["seconds"] == pytest.approx((3.0 + 3.0 + 4.0) / 3), "all settings had to be tried"
    assert tuned["peak_mb"] == 30.0
    assert "kde (oracle-tuned)" not in board.index, "there is nothing to choose from"


def test_the_oracle_stands_below_the_fixed_table_which_it_leaves_as_it_is() -> None:
    rows = [row(f"{name}[k={k}]", f"t{i}", 2 + 0.1 * k + 0.01 * i) for i in range(8) for name in "ab" for k in (1, 2)]
    fixed, both = score.leaderboard(rows), score.oracle_tuned(rows)
    assert both["tuning"].tolist() == ["fixed"] * 4 + ["oracle"] * 2
    pd.testing.assert_frame_equal(both[both["tuning"] == "fixed"][list(score.COLUMNS)], fixed)
    oracle = both[both["tuning"] == "oracle"]
    assert oracle[["rank", "rank_low", "rank_high", "mae_low", "mae_high"]].isna().all(axis=None)
    assert oracle["mae_common"].tolist() == pytest.approx([0.135, 0.135])
    assert "no user can" in both.attrs["caption"]
    for table in (score.by_task(rows, "oracle-tuned"), score.by_level(rows, "oracle-tuned")):
        assert set(table.loc[table["tuning"] == "fixed", "estimator"]) == {"a[k=1]", "a[k=2]", "b[k=1]", "b[k=2]"}
        assert set(table.loc[table["tuning"] == "oracle", "estimator"]) == {"a (oracle-tuned)", "b (oracle-tuned)"}


def test_the_oracle_does_not_decide_which_cells_are_common() -> None:
    # each setting answers a third of the cells and so decides nothing; together they answer them all
    rows = [row(f"m[k={i % 3}]", f"t{i}", 2.0) for i in range(9)] + [row("other", f"t{i}", 2.5) for i in range(9)]
    board = score.oracle_tuned(rows).set_index("estimator")
    assert board.loc["m (oracle-tuned)", "coverage"] == 1.0
    assert "the 9 of 9 cells that all 1 estimators" in board.attrs["caption"]
    assert board.loc["other", "mae_common"] == 0.5


def test_what_is_tuned_by_the_truth_is_in_no_ranking_and_no_check() -> None:
    with pytest.raises(InputError, match="not ranked"):
        score.ranking(TUNED, "oracle-tuned")
    with pytest.raises(InputError, match="does not ask for the truth"):
        score.consistency(TUNED, view="oracle-tuned")
