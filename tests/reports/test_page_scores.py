# SPDX-License-Identifier: Apache-2.0
"""The numbers that the page computes are those of `mibench.harness.score`, for every view, grouping and filter."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mibench import reports
from mibench.contracts import Row
from mibench.harness.score import by_level, by_task, frame, leaderboard
from mibench.harness.store import Run

TASKS = {
    "blobs[size=16,mi=1]": 1.0,
    "blobs[size=16,mi=3]": 3.0,
    "fields[size=16,mi=3]": 3.0,
    "gaussian[mi=0,dim_x=2]": 0.0,
    "gone[mi=2]": None,
}
ESTIMATORS = ("ksg", "kl", "binning", "pca+ksg", "oracle+ksg", "smile")
STATISTICS = ["mae", "bias", "sd", "rmse", "relative", "worst", "interval_coverage", "interval_width", "bounds_held"]
STATISTICS += ["seconds", "peak_mb", "coverage", "planned", "ok", "intervals", "bounds"]
COLUMNS = "estimator task n level truth estimate rank rank_low coverage mae_common mae_low mae bias sd rmse relative "
COLUMNS += "worst interval_coverage interval_width bounds_held seconds peak_mb failures"


def rows() -> Iterator[Row]:
    """Failures, cells never run, open intervals, a Monte Carlo truth, estimates below 0, and no truth at all."""
    rng = np.random.default_rng(7)
    for task, truth in TASKS.items():
        for n in (500, 2000):
            for repetition in range(3):
                for i, name in enumerate(ESTIMATORS):
                    if name == "smile" and repetition == 2:
                        continue
                    ok = rng.random() > (0.6 if name == "kl" and n == 500 else 0.08)
                    value = (truth or 0.0) * (1 - 0.1 * i) + rng.normal(0, 0.2)
                    low = -math.inf if name == "binning" and repetition == 1 and n == 500 else value - 0.3
                    yield Row(
                        f"{task}{name}{n}{repetition}",
                        task,
                        name,
                        n,
                        repetition,
                        "ok" if ok else rng.choice(["timeout", "error", "unsupported"]),
                        estimate=value if ok else None,
                        interval=(low, value + 0.2) if ok and i % 2 == 0 else None,
                        bounds=(value - 0.5, value + 0.1) if ok and name == "pca+ksg" else None,
                        truth=truth,
                        truth_std_error=0.05 if task.startswith("fields") else 0.0,
                        seconds=float(rng.gamma(2)) if rng.random() > 0.05 else None,
                        peak_mb=float(rng.normal(300, 30)),
                        seed=0,
                        task_version=1,
                        estimator_version=1,
                    )


@pytest.fixture(scope="module")
def report(save_run: Callable[..., Run], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return reports.write(save_run(tmp_path_factory.mktemp("scores") / "a-run", list(rows())))["report.html"]


def told(opened: Any, **asked: Any) -> pd.DataFrame:
    """What the page saves as CSV, with the keys of the scores as columns."""
    opened.ask(columns=COLUMNS, **asked)
    table = pd.read_csv(io.StringIO(opened.saved()), keep_default_na=False, na_values=[""])
    names = {heading: heading.partition(" (")[0] for heading in table}
    units = {heading.partition(" (")[2] for heading in table if heading.startswith("MAE")}
    assert units == {"bits)" if asked.get("view") == "bits" else "nats)"}
    keys = {"MAE": "mae", "MAE, common": "mae_common", "95 % interval": "mae_low", "95 % of ranks": "rank_low"}
    keys |= {"RMSE": "rmse", "relative error": "relative", "interval coverage": "interval_coverage"}
    keys |= {"interval width": "interval_width", "bounds hold": "bounds_held", "time": "seconds"}
    keys |= {"peak memory": "peak_mb", "MI": "level"}
    return table.rename(columns={heading: keys.get(name, name) for heading, name in names.items()})


def agree(found: pd.DataFrame, expected: pd.DataFrame, keys: list[str], columns: list[str]) -> None:
    assert len(found) == len(expected) > 0
    paired = found.merge(expected, on=keys, suffixes=("", "_python"), how="outer", indicator=True)
    assert set(paired["_merge"]) == {"both"}
    for column in columns:
        np.testing.assert_allclose(
            paired[column].to_numpy(np.float64),
            paired[f"{column}_python"].to_numpy(np.float64, na_value=np.nan),
            rtol=1e-9,
            atol=1e-12,
            err_msg=column,
        )
    assert list(paired["failures"].fillna("")) == list(paired["failures_python"])


def test_the_whole_board_in_every_view(view: Callable[..., Any], report: Path) -> None:
    opened, table = view(report), frame(rows())
    ranked = ["rank", "rank_low", "rank_high", "mae_low", "mae_high"]
    for name in ("raw", "clipped", "bits"):
        expected = leaderboard(table, name)
        found = told(opened, view=name)
        assert list(found["estimator"]) == list(expected["estimator"])
        agree(found, expected, ["estimator"], [*STATISTICS, "mae_common", *(ranked if name != "clipped" else [])])
        if name == "clipped":
            assert found[ranked].isna().all(axis=None)
            assert "not shown here" in opened.page.locator("#said").text_content()
    assert opened.messages == []


FILTERS: list[tuple[dict[str, Any], Callable[[pd.DataFrame], pd.Series]]] = [
    ({"task": ["blobs", "gaussian"]}, lambda t: t["task"].str.match("blobs|gaussian")),
    ({"tag": ["images"]}, lambda t: t["task"].str.match("blobs|fields")),
    ({"level": ["3", "0"], "n": ["500"]}, lambda t: t["level"].isin([0.0, 3.0]) & (t["n"] == 500)),
    ({"level": ["unknown"]}, lambda t: t["level"].isna()),
    ({"name": "SIZE=16 mi=3"}, lambda t: t["task"].str.contains("size=16") & t["task"].str.contains("mi=3")),
]


def test_a_filter_scores_the_trials_that_are_left(view: Callable[..., Any], report: Path) -> None:
    opened, table = view(report), frame(rows())
    for asked, kept in FILTERS:
        part = table[kept(table)]
        found = told(opened, **asked)
        agree(found, leaderboard(part), ["estimator"], [*STATISTICS, "mae_common"])
        assert found[["rank", "rank_low", "mae_low"]].isna().all(axis=None)
        cells = len(part.drop_duplicates(["task", "n", "repetition"]))
        assert f"Scored on {cells} of 30 cells ({len(part)} trials)." in opened.page.locator("#said").text_content()
    assert opened.messages == []


def test_lines_by_task_and_by_level(view: Callable[..., Any], report: Path) -> None:
    opened, table = view(report), frame(rows())
    part = table[table["n"] == 2000]
    found = told(opened, by="task", n="2000")
    agree(found, by_task(part), ["estimator", "task", "n"], [*STATISTICS, "truth", "estimate"])
    found = told(opened, by="level", view="bits", task=["blobs", "gaussian"])
    part = table[table["task"].str.match("blobs|gaussian")]
    expected = by_level(part, "bits").round({"level": 6})
    agree(found.round({"level": 6}), expected, ["estimator", "level", "n"], STATISTICS)


def test_filters_of_estimators_hide_lines_and_change_no_number(view: Callable[..., Any], report: Path) -> None:
    opened = view(report)
    expected = leaderboard(rows())
    found = told(opened, group=["pca+", "direct"])
    assert set(found["estimator"]) == {"ksg", "kl", "binning", "pca+ksg"}
    expected = expected[expected["estimator"].isin(found["estimator"])]
    agree(found, expected, ["estimator"], [*STATISTICS, "mae_common", "rank", "rank_low", "mae_high"])
    found = told(opened, kind=["plug-in"], search="bin")
    assert list(found["estimator"]) == ["binning"]


def test_what_is_shown_is_what_stood_there_without_scripts(view: Callable[..., Any], report: Path) -> None:
    plain, opened = view(report, java_script_enabled=False), view(report)
    for title in ("estimator", "rank", "coverage", "MAE, common", "bias", "relative error", "time", "failures"):
        assert opened.column(title) == plain.page.eval_on_selector_all(
            "#board tbody tr",
            "(rows, place) => rows.map(row => row.cells[place].textContent.trim())",
            plain.page.locator("#board thead th").evaluate_all(
                "(heads, title) => heads.findIndex(head => head.textContent.trim().startsWith(title))", title
            ),
        )
