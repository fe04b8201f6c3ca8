# SPDX-License-Identifier: Apache-2.0
"""One page of all runs and studies: what can be read is summed up, what cannot is told."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mibench import reports
from mibench.contracts import InputError, Row
from mibench.harness.store import Run
from mibench.reports.index import entries
from mibench.studies.results import Plane


@pytest.fixture
def folder(
    save_run: Callable[..., Run], save_study: Callable[..., Path], plane_of: Callable[..., Plane], tmp_path: Path
) -> Path:
    rows = [Row("a", "gauss", "ksg", 500, 0, "ok", 1.0, truth=1.0, seconds=1.0),
            Row("b", "gauss", "ksg", 500, 1, "error", truth=1.0, error="no", seconds=1.0)]  # fmt: skip
    run = save_run(tmp_path / "a run", rows, planned=5)
    (run.folder / "manifest.json").write_text(
        '{"schema": 1, "planned": 5, "selection": {"seed": 7}, "updated": "2026-03-01T10:00:00+00:00"}', "utf-8"
    )
    (run.folder / "report.html").write_text("<!doctype html>", "utf-8")
    (tmp_path / "deep" / "inside").mkdir(parents=True)
    claims = [{"id": "L1", "title": "", "statement": "", "source": "", "rule": "", "verdict": "holds", "cases": []}]
    save_study(tmp_path / "deep" / "inside" / "study", {"s": [plane_of("exact")]}, claims=claims,
               failed=[("s", "plane-kde", "why")], scale="paper")  # fmt: skip
    broken = tmp_path / "<script>broken"
    broken.mkdir()
    (broken / "study.json").write_text("{", "utf-8")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "manifest.json").write_text('{"schema": 999}', "utf-8")
    (tmp_path / "notes").mkdir()
    return tmp_path


def test_every_run_and_study_is_an_entry(folder: Path) -> None:
    found = {entry.name: entry for entry in entries(folder)}
    assert list(found)[:2] == ["a run", "deep/inside/study"], "the newest first"
    run, study = found["a run"], found["deep/inside/study"]
    assert (run.kind, run.seed, run.date, run.report) == ("run", "7", "2026-03-01 10:00", "a%20run/report.html")
    assert run.state == "1 of 5 trials ok, 1 not, 3 to do"
    assert (study.kind, study.what, study.scale, study.seed) == ("study", "ib-network", "paper", "0")
    assert study.state == "1 of 1 setting, 1 failure; claims: 1 holds, 0 fails, 0 undecided"
    assert study.report == ""
    assert "schema 999" in found["old"].broken
    assert "study.json" in found["<script>broken"].broken
    assert len(found) == 4


def test_the_page_lists_them_and_filters(folder: Path, view: Callable[..., Any]) -> None:
    path = reports.write_index(folder)
    assert path == folder / "index.html"
    opened = view(path)
    page = opened.page
    assert opened.messages == opened.dialogs == opened.strangers == []
    assert page.locator("tbody tr").count() == 4
    assert "<script>broken" in page.locator("tbody").text_content()
    page.locator("[name=words]").fill("ib-network")
    opened.expect(page.locator("tbody tr:visible")).to_have_count(1)
    page.locator("[name=words]").fill("")
    opened.expect(page.locator("tbody tr:visible")).to_have_count(4)
    page.get_by_role("link", name="a run").click()
    opened.expect(page).to_have_url(re.compile(r"a%20run/report\.html$"))


def test_a_folder_that_is_itself_a_study(save_study: Callable[..., Path], tmp_path: Path) -> None:
    folder = save_study(tmp_path / "mine", {})
    assert [(entry.name, entry.kind) for entry in entries(folder)] == [("mine", "study")]


def test_an_empty_folder_and_none(tmp_path: Path, view: Callable[..., Any]) -> None:
    opened = view(reports.write_index(tmp_path))
    assert "No run and no study" in opened.page.locator("main").text_content()
    with pytest.raises(InputError, match="is no folder"):
        reports.write_index(tmp_path / "nothing")
