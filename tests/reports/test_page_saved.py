# SPDX-License-Identifier: Apache-2.0
"""What a reader takes from the page: the table as CSV, by file and by clipboard, and the figures as SVG."""

from __future__ import annotations

import csv
import io
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mibench import reports
from mibench.contracts import Row
from mibench.harness.store import Run

TASK = "blobs[size=16,mi=2]"
FORMULAS = ('=cmd|"/C calc"!A0', "+1+1", "-2+3", "@SUM(1)", "\tx", 'quote " and, comma', "two\nlines", "<b>bold</b>")


@pytest.fixture(scope="module")
def report(save_run: Callable[..., Run], tmp_path_factory: pytest.TempPathFactory) -> Path:
    names = ("ksg", "kl", *FORMULAS)
    rows = [
        Row(f"{name}{n}", TASK, name, n, 0, "ok", 2 - 1 / (3 + i), interval=(1, 3), truth=2.0, seconds=0.1 + 0.2)
        for i, name in enumerate(names)
        for n in (500, 2000)
    ]
    return reports.write(save_run(tmp_path_factory.mktemp("saved") / "a run=1", rows))["report.html"]


def test_the_filtered_table_is_saved_with_every_digit(view: Callable[..., Any], report: Path) -> None:
    opened = view(report, "#leaderboard&n=500&search=k&sort=-bias&columns=estimator+coverage+bias+seconds+rank")
    with opened.page.expect_download() as download:
        opened.page.get_by_role("button", name="Download CSV").click()
    assert download.value.suggested_filename == "a-run-1-leaderboard.csv"
    lines = list(csv.reader(Path(download.value.path()).read_text("utf-8").splitlines()))
    assert lines[0] == ["estimator", "rank", "coverage", "bias (nats)", "time (s)", "ok", "planned"]
    assert [line[0] for line in lines[1:]] == ["kl", "ksg"]
    assert [float(line[3]) for line in lines[1:]] == [2 - 1 / 4 - 2.0, 2 - 1 / 3 - 2.0]
    assert lines[1][4] == repr(0.1 + 0.2)
    assert lines[1][1] == ""
    assert lines[1][2] == lines[1][5] == lines[1][6] == "1"


def test_no_cell_becomes_a_formula(view: Callable[..., Any], report: Path) -> None:
    lines = list(csv.reader(io.StringIO(view(report).saved())))
    names = {line[0] for line in lines[1:]}
    assert names == {"ksg", "kl", *(f"'{name}" if name[0] in "=+-@\t" else name for name in FORMULAS)}
    assert all(len(line) == len(lines[0]) for line in lines)


def test_the_clipboard_holds_the_same(view: Callable[..., Any], report: Path) -> None:
    opened = view(report)
    page = opened.page
    page.get_by_role("button", name="Copy as CSV").click()
    page.wait_for_selector(".dt-button-info")
    page.evaluate("document.body.prepend(Object.assign(document.createElement('textarea'), { id: 'paste' }))")
    page.locator("#paste").focus()
    page.keyboard.press("Control+V")
    opened.expect(page.locator("#paste")).not_to_have_value("")
    copied = list(csv.reader(io.StringIO(page.locator("#paste").input_value())))
    assert len(copied) == 1 + 2 + len(FORMULAS)
    assert copied == list(csv.reader(io.StringIO(opened.saved())))


def test_every_figure_is_saved_as_svg(view: Callable[..., Any], report: Path) -> None:
    page = view(report, color_scheme="dark").page
    buttons = page.locator("figure[data-name] button.download")
    assert buttons.count() == page.locator("figure svg").count() > 4
    with page.expect_download() as download:
        page.get_by_role("button", name="Download SVG of Error against time").click()
    assert download.value.suggested_filename == "cost.svg"
    root = ET.parse(download.value.path()).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "ksg" in "".join(root.itertext())
    text = Path(download.value.path()).read_text("utf-8")
    assert "var(" not in text  # colours of its own: a file has no page to take them from
    assert "<script" not in text
