# SPDX-License-Identifier: Apache-2.0
"""The gate: our own estimators against the committed baselines. Takes minutes; docs/ci.md explains findings."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from mibench import estimators, tasks
from mibench.harness import gate, store
from mibench.harness.compare import FINE, compare
from mibench.names import parse, split_top

HERE = Path(__file__).parent
BASES, RULES = (HERE / "quick", HERE / "networks"), HERE / "rules.toml"
each_base = pytest.mark.parametrize("base", BASES, ids=lambda base: base.name)
WRONG = HERE.parents[1] / "docs" / "examples" / "wrong_digamma"


def mibench(*arguments: str | Path, path: Path | None = None) -> tuple[int, str]:
    """The command in a process of its own; `path` goes in front of what Python imports from."""
    command = [sys.executable, "-m", "mibench", *map(str, arguments)]
    changed = {"PYTHONPATH": os.pathsep.join([str(path), os.environ.get("PYTHONPATH", "")])} if path else {}
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=os.environ | changed, check=False
    )
    return done.returncode, done.stdout + done.stderr


def command(base: Path) -> list[str]:
    """The arguments of the run that made the baseline, its folder left out."""
    return shlex.split(store.load(base).manifest["command"])[1:]


def with_estimators(base: Path, selection: str) -> Sequence[str]:
    arguments = command(base)
    arguments[arguments.index("--estimators") + 1] = selection
    return arguments


@each_base
def test_nothing_got_worse_than_the_baseline(base: Path, tmp_path: Path) -> None:
    code, said = mibench(*command(base), "--out", tmp_path / "head")
    assert code == 0, said
    code, said = mibench("compare", base, tmp_path / "head", "--gate", RULES)
    assert code == 0, f"mibench compare ended with {code}; docs/ci.md says what to do\n{said}"


def test_a_wrong_digamma_fails_the_gate(tmp_path: Path) -> None:
    code, said = mibench(*with_estimators(BASES[0], "ksg"), "--out", tmp_path / "head", path=WRONG)
    assert code == 0, said
    code, said = mibench("compare", BASES[0], tmp_path / "head", "--gate", RULES, "--partial")
    assert code == 1, said
    assert "REGRESSION in ksg (" in said
    assert "FAIL changed: ksg: estimate" in said


def test_the_baselines_hold_every_estimator_and_every_family_of_tasks() -> None:
    rows = [row for base in BASES for row in store.load(base).rows]
    stages = {parse(stage).name for row in rows for stage in split_top(row.estimator, "+")}
    assert stages >= {*estimators.registry._builtins, *estimators.compressors._builtins}
    families = {parse(row.task).name for row in rows}
    assert families >= {*tasks.registry._builtins} - {"anti-pca"}


@each_base
def test_the_baseline_judges_every_estimator_it_holds(base: Path) -> None:
    rows = store.load(base).rows
    found = compare(rows, rows, gate.load(RULES))
    assert (found.code, found.undecided) == (FINE, ())
    assert {row.status for row in rows} == {"ok", "unsupported"}
    answered = {row.estimator for row in rows if row.status == "ok"}
    assert answered == {row.estimator for row in rows}


@each_base
def test_the_baseline_tells_nothing_of_the_machine_it_was_made_on_but_its_kind(base: Path) -> None:
    manifest = store.load(base).manifest
    assert "--out" not in manifest["command"]
    assert not {"history", "git"} & manifest.keys()
    for text in (json.dumps(manifest), (base / store.JOURNAL).read_text()):
        assert str(Path.home()) not in text
        assert "/tmp" not in text


@pytest.mark.parametrize("name", ["ksg", "pca+wkl"])
def test_the_deterministic_are_held_to_the_tolerance(name: str) -> None:
    limits = gate.load(RULES).of(name)
    assert limits.deterministic
    assert limits.tolerance <= 1e-3
