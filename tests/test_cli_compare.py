# SPDX-License-Identifier: Apache-2.0
"""``mibench compare`` from the command line: codes, tables, JSON; and a broken estimator caught."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mibench.cli import main
from mibench.contracts import Row
from mibench.harness import store
from mibench.harness.journal import to_line

WRONG = Path(__file__).parents[1] / "docs" / "examples" / "wrong_digamma"
Call = Callable[..., Result]


@pytest.fixture
def mibench(restored: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """The command inside an empty folder, without reports; a traceback is a failure of the test."""
    from mibench import reports

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(reports, "write", lambda found: {})

    def call(*arguments: object) -> Result:
        result = CliRunner().invoke(main, list(map(str, arguments)), prog_name="mibench")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return call


def row(estimator: str = "ksg", estimate: float | None = 1.1, **values: Any) -> Row:
    given: dict[str, Any] = {"task": "gaussian", "n": 100, "repetition": 0, "status": "ok", "seed": 0, "truth": 1.0}
    given |= {"task_version": 1, "estimator_version": 1, "sample": (0.5, 1.0, 1.5, 2.0)} | values
    if given["status"] != "ok":
        estimate = None
    return Row(
        key=f"{estimator} {given['repetition']} {given['seed']}", estimator=estimator, estimate=estimate, **given
    )


def folder(path: Path, rows: Sequence[Row]) -> Path:
    path.mkdir()
    (path / store.JOURNAL).write_text("".join(map(to_line, rows)))
    return path


def test_a_wrong_digamma_fails_the_gate_and_the_right_one_passes(mibench: Call) -> None:
    small = ["--tasks", "gaussian[mi=1]", "--estimators", "ksg,kl,pca+ksg", "--n-samples", "200", "--device", "cpu"]
    assert mibench("run", *small, "--out", "base").exit_code == 0
    assert mibench("run", *small, "--out", "restored").exit_code == 0
    changed = os.environ | {"PYTHONPATH": os.pathsep.join([str(WRONG), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-m", "mibench", "run", *small, "--out", "broken"]  # in a process of its own
    subprocess.run(command, env=changed, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    broken = mibench("compare", "base", "broken")
    assert broken.exit_code == 1, broken.output
    assert re.search(r"FAIL changed: ksg: estimate \S+ -> \S+ on gaussian\[mi=1\] n=200 repetition 0", broken.output)
    assert "REGRESSION in ksg, pca+ksg (3 pairs of answers compared)" in broken.output
    assert "FAIL changed: kl" not in broken.output
    restored = mibench("compare", "base", "restored")
    assert restored.exit_code == 0, restored.output
    assert "fine: nothing got worse (3 pairs of answers compared)" in restored.output


@pytest.mark.parametrize(
    ("head", "code", "said"),
    [
        ([row()], 0, "fine: nothing got worse (1 pair of answers compared)"),
        ([row(estimate=2.0)], 1, "REGRESSION in ksg"),
        ([row("kl")], 3, "NOTHING WAS COMPARED"),
        ([row(seed=1)], 3, "--across-seeds compares the errors on different samples"),
        ([row(task_version=2)], 3, "not comparable: gaussian: version 1 of the task in BASE, 2 in HEAD (ksg)"),
        ([row(), row("kl", status="error", error="a\nb")], 4, "error in HEAD: kl: a b (gaussian n=100)"),
    ],
)
def test_codes(mibench: Call, tmp_path: Path, head: list[Row], code: int, said: str) -> None:
    result = mibench("compare", folder(tmp_path / "base", [row()]), folder(tmp_path / "head", head))
    assert (result.exit_code, said in result.output) == (code, True), result.output


def test_what_head_left_out(mibench: Call, tmp_path: Path) -> None:
    base, head = folder(tmp_path / "base", [row(), row("kl")]), folder(tmp_path / "head", [row()])
    result = mibench("compare", base, head)
    assert result.exit_code == 3
    assert "INCOMPLETE: 1 answer of BASE met none of HEAD" in result.output
    assert "not in HEAD: kl (gaussian n=100)" in result.output
    assert mibench("compare", base, head, "--partial").exit_code == 0


def test_too_few_cells_are_said(mibench: Call, tmp_path: Path) -> None:
    base, head = (folder(tmp_path / name, [row("mine")]) for name in ("base", "head"))
    result = mibench("compare", base, head)
    assert result.exit_code == 3
    assert "too few cells to judge the error of mine" in result.output
    assert "7 cells" in result.output
    assert "NOTHING COULD BE JUDGED" in result.output


def test_wrong_usage(mibench: Call, tmp_path: Path) -> None:
    base = folder(tmp_path / "base", [row()])
    head = folder(tmp_path / "head", [row()])
    (tmp_path / "rules.toml").write_text("[default]\nmargn = 1")
    for arguments, said in [
        ((base,), "Missing argument 'HEAD'"),
        ((base, tmp_path / "none"), "is no run folder: it does not exist"),
        ((base, base), "a run compared with itself shows nothing"),
        ((base, base / store.JOURNAL), "a run compared with itself shows nothing"),
        ((base, head, "--gate", tmp_path / "rules.toml"), "unknown key 'margn'; did you mean margin?"),
        ((base, head, "--across-seeds"), "leave it out"),
        ((base, head, "--json", tmp_path / "none" / "x.json"), "cannot write"),
    ]:
        result = mibench("compare", *arguments)
        assert (result.exit_code, said in result.output) == (2, True), result.output


def test_a_merged_run_whose_parts_had_other_versions(mibench: Call, tmp_path: Path) -> None:
    base, head = folder(tmp_path / "base", [row()]), folder(tmp_path / "head", [row()])
    store.write_manifest(head, {"schema": 2, "versions": None, "hardware": None})
    assert mibench("compare", base, head).exit_code == 0
    assert json.loads(mibench("compare", base, head, "--json", "-").output)["head"]["mibench"] is None


def test_journals_rules_and_json(mibench: Call, tmp_path: Path) -> None:
    base = folder(tmp_path / "base", [row()]) / store.JOURNAL
    head = folder(tmp_path / "head", [row(estimate=1.15)]) / store.JOURNAL
    (tmp_path / "rules.toml").write_text('[[rule]]\ntag = "knn"\ntolerance = 0.1')
    assert mibench("compare", base, head).exit_code == 1
    result = mibench("compare", base, head, "--gate", "rules.toml", "--json", "found.json")
    assert result.exit_code == 0
    assert "mean |error|, nats" in result.output
    written = json.loads((tmp_path / "found.json").read_text())
    assert (written["verdict"], written["exit_code"], written["base"]["rows"]) == ("fine", 0, 1)
    printed = mibench("compare", base, head, "--json", "-")
    assert printed.exit_code == json.loads(printed.output)["exit_code"] == 1


def test_across_seeds(mibench: Call, tmp_path: Path) -> None:
    base = folder(tmp_path / "base", [row(repetition=i, estimate=1.1 + i / 100) for i in range(8)])
    head = folder(tmp_path / "head", [row(repetition=i, estimate=1.12, seed=3) for i in range(8)])
    result = mibench("compare", base, head, "--across-seeds")
    assert result.exit_code == 0, result.output
    assert "Across seeds" in result.output


def test_many_findings_are_counted_and_names_of_others_are_inert(mibench: Call, tmp_path: Path) -> None:
    name = "ksg[bold red]\x1b[31m"
    rows = [[row(name, 1.0 + more, repetition=i) for i in range(9)] for more in (0.1, 0.9)]
    rules = tmp_path / "rules.toml"
    rules.write_text('[[rule]]\nmatch = "ksg*"\ndeterministic = true')
    result = mibench("compare", *(folder(tmp_path / str(i), each) for i, each in enumerate(rows)), "--gate", rules)
    assert result.exit_code == 1
    assert "... and 6 more of ksg[bold red]" in result.output
    assert "\x1b" not in result.output
