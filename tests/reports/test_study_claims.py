# SPDX-License-Identifier: Apache-2.0
"""What a line of the table of verdicts says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mibench.reports import study_claims


def case(verdict: str, statistic: float | None, interval: list[float] | None = None, **told: Any) -> dict[str, Any]:
    return {"setting": "a", "primary": True, "labels": {}, "verdict": verdict, "statistic": statistic,
            "interval": interval, "unit": "bits", **told}  # fmt: skip


def line(path: Path, verdict: str, *cases: dict[str, Any]) -> study_claims.ClaimLine:
    claim = {"id": "L1", "title": "t", "statement": "s", "source": "A paper", "rule": "mean is high.",
             "verdict": verdict, "cases": cases}  # fmt: skip
    (path / "claims.json").write_text(json.dumps({"claims": [claim]}), "utf-8")
    return study_claims.read(path / "claims.json")[0]


@pytest.mark.parametrize(
    ("statistic", "interval", "number"),
    [
        (11.952, [11.912, 11.982], "11.95 [11.91, 11.98] bits"),
        (-7.6e-05, [-0.00012, -3.1e-05], "\N{MINUS SIGN}0.0001 [\N{MINUS SIGN}0.0001, 0] bits"),
        (0.4123, [0.3, 0.5], "0.412 [0.300, 0.500] bits"),
        (2.6e-10, None, "2.6e\N{MINUS SIGN}10 bits"),
        (None, None, ""),
    ],
)
def test_numbers_are_as_exact_as_their_thresholds_need(
    tmp_path: Path, statistic: float | None, interval: list[float] | None, number: str
) -> None:
    assert line(tmp_path, "holds", case("holds", statistic, interval)).number == number


def test_the_case_that_decides_is_shown_and_counted(tmp_path: Path) -> None:
    found = line(tmp_path, "fails", case("holds", 1.0), case("fails", 2.0), case("fails", 3.0, primary=False))
    assert found.number == "2.00 bits; fails in 1 of 2 cases"
    assert found.rule == "Mean is high."
    found = line(tmp_path, "undecided", case("holds", 1.0), case("undecided", 2.0), case("undecided", 3.0))
    assert found.number == "2.00 bits; undecided in 2 of 3 cases"


def test_cases_that_were_not_run_are_why_it_is_undecided(tmp_path: Path) -> None:
    found = line(tmp_path, "undecided", case("holds", 1.0), case("undecided", None, missing=True))
    assert found.number == "1 of 2 cases not run"
    assert (found.verdict, found.word) == ("undecided", "not run")
    assert [case.word for case in found.cases] == ["holds", "not run"]


def test_what_its_numbers_leave_open_is_undecided(tmp_path: Path) -> None:
    found = line(tmp_path, "undecided", case("undecided", 1.0), case("undecided", None, missing=True))
    assert found.word == "undecided"
    assert line(tmp_path, "fails", case("fails", 1.0), case("undecided", None, missing=True)).word == "fails"
    others = case("undecided", None, missing=True, primary=False)
    assert line(tmp_path, "undecided", case("undecided", 1.0), others).word == "undecided"
