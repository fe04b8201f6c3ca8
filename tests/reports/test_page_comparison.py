# SPDX-License-Identifier: Apache-2.0
"""The page of two runs: what is compared, by how much it differs, and what is named as not comparable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mibench import reports
from mibench.cli import main
from mibench.contracts import InputError, Row
from mibench.harness.store import Run

TASKS = ("blobs[size=16,mi=2]", "fields[size=16,mi=2]", "gaussian[mi=2,dim_x=2]")


def rows(shift: float = 0.0, seed: int = 0) -> Iterator[Row]:
    """Errors of 0.1 to 0.8 nats; `shift` is added to those of mine."""
    for task in TASKS:
        for repetition in range(8):
            for name in ("mine", "ksg"):
                value = 2.1 + repetition / 10 + (shift if name == "mine" else 0.0)
                yield Row(f"{task}{repetition}{name}{seed}", task, name, 500, repetition, "ok", value, truth=2.0,
                          seconds=1.0, seed=seed, task_version=1, estimator_version=1)  # fmt: skip


@pytest.fixture
def runs(save_run: Callable[..., Run], tmp_path: Path) -> tuple[Run, Run]:
    def other(row: Row) -> Row:
        if row.task.startswith("fields"):
            return replace(row, task_version=2, key="f" + row.key)
        return replace(row, status="timeout", estimate=None) if row.key.startswith("blobs[size=16,mi=2]0ksg") else row

    head = [other(row) for row in rows(0.25)]
    return save_run(tmp_path / "old", list(rows())), save_run(tmp_path / "new", head)


def test_like_is_held_against_like(view: Callable[..., Any], runs: tuple[Run, Run]) -> None:
    opened = view(reports.write_comparison(*runs)["comparison.html"])
    page = opened.page
    assert opened.messages == opened.strangers == []
    assert page.locator("#boards table").count() == 2
    table = "#estimators table"
    assert opened.column("estimator", table) == ["mine", "ksg"]
    assert opened.column("cells", table) == ["16", "15"]
    assert opened.column("BASE", table)[0] == "0.450"
    assert opened.column("HEAD", table)[0] == "0.700"
    assert opened.column("difference", table) == ["+0.250", "0"]
    assert opened.column("verdict", table) == ["worse", "no difference seen"]
    tasks = set(opened.column("task", "#tasks table"))
    assert tasks == {TASKS[0], TASKS[2]}
    apart = page.locator("#apart").text_content()
    assert "version 1 of the task in BASE, 2 in HEAD" in apart
    assert "16 trials" in apart
    assert "lost: BASE answered, HEAD does not" in apart
    assert "31 answers were compared. HEAD errs more: mine." in page.locator("header").text_content()
    assert "16 trials of one name are not comparable" in page.locator("header").text_content()


def test_other_seeds_are_compared_only_when_asked(save_run: Callable[..., Run], tmp_path: Path) -> None:
    base = save_run(tmp_path / "old", list(rows()))
    head = save_run(tmp_path / "new", list(rows(0.5, seed=1)))
    text = reports.write_comparison(base, head)["comparison.html"].read_text("utf-8")
    assert "Nothing was compared" in text
    assert "--across-seeds" in text
    text = reports.write_comparison(base, head, across_seeds=True)["comparison.html"].read_text("utf-8")
    assert "Different samples:" in text
    assert "HEAD errs more: mine." in text


def test_a_run_is_not_compared_with_itself(runs: tuple[Run, Run]) -> None:
    with pytest.raises(InputError, match=r"both runs are .*old"):
        reports.write_comparison(runs[0], runs[0])


def test_from_the_command_line(runs: tuple[Run, Run], tmp_path: Path) -> None:
    call = CliRunner().invoke
    folders = [str(run.folder) for run in runs]
    done = call(main, ["report", *folders])
    assert (done.exit_code, done.output.strip()) == (0, str(runs[1].folder / "comparison.html"))
    done = call(main, ["report", *folders, "--out", str(tmp_path / "page.html")])
    assert (tmp_path / "page.html").read_text("utf-8").endswith("</html>")
    done = call(main, ["report", *folders, "--out", str(tmp_path)])
    assert done.output.strip() == str(tmp_path / "comparison.html")
    for wrong in (["--figures", str(tmp_path)], ["--format", "png"]):
        assert call(main, ["report", *folders, *wrong]).exit_code == 2
    assert call(main, ["report", folders[0], "--out", str(tmp_path)]).exit_code == 2
