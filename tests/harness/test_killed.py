# SPDX-License-Identifier: Apache-2.0
"""A run that is killed, interrupted or doubled: real processes and real signals."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mibench.harness import journal, store

if TYPE_CHECKING:
    from tests.harness.conftest import Runs

HERE = Path(__file__).parent
COMMON = ["--tasks", "toy[mi=1]", "--n-samples", "50", "--threads", "1", "--plugin", str(HERE / "fakes.py")]
linux = pytest.mark.skipif(sys.platform != "linux", reason="the ways to find strays are those of Linux")
Until = Callable[..., None]


def lines(folder: Path) -> int:
    path = folder / "journal.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_run_keeps_its_rows_leaves_no_process_and_goes_on(
    runs: Runs, until: Until, tmp_path: Path, kill: signal.Signals
) -> None:
    folder, pid = tmp_path / "run", tmp_path / "pid"
    # the good trials end; the last is stuck in C with the interpreter lock held
    command = ["run", *COMMON, "--estimators", "fine,slow,hang-in-c", "--jobs", "2", "--out", folder]
    first = runs.start(*command, "--timeout", "600", FAKES_PID=str(pid))
    until(lambda: lines(folder) >= 2 and pid.exists())
    assert len(runs.family()) >= 3
    first.send_signal(kill)
    said, _ = first.communicate(timeout=600)
    assert runs.all_gone() == set()
    kept, sound = journal.read(folder / "journal.jsonl")
    assert sound == (folder / "journal.jsonl").stat().st_size
    assert len(kept) == 2
    if kill == signal.SIGINT:
        assert first.returncode == 130
        assert "coverage" in said, "the partial leaderboard is shown"
        assert "interrupted: " in said
        assert "report: " in said
    code, said = runs.finish(*command, "--timeout", "2")
    assert code == 4, said
    rows = journal.latest(journal.read(folder / "journal.jsonl")[0])
    assert len(rows) == len(journal.read(folder / "journal.jsonl")[0]) == 3, "no trial ran twice"
    assert rows[: len(kept)] == kept
    assert [row.status for row in rows] == ["ok", "ok", "timeout"]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert [entry["limits"]["timeout_s"] for entry in manifest["history"]] == [600, 2]
    assert not (folder / "cache").exists()


def test_two_runs_on_one_folder_are_refused_and_the_lock_ends_with_its_run(
    runs: Runs, until: Until, tmp_path: Path
) -> None:
    folder, go = tmp_path / "run", tmp_path / "go"
    steady = ["--tasks", "pair", "--n-samples", "50", "--jobs", "1", "--plugin", str(HERE / "steady.py")]
    command = ["run", *steady, "--estimators", "waits,quick", "--out", folder]
    first = runs.start(*command, WAITS_FOR=str(go))
    until(lambda: (folder / "manifest.json").exists())
    code, said = runs.finish(*command)
    assert code == 2
    assert f"another run (process {first.pid}) is writing to {folder}" in said
    assert "Traceback" not in said
    assert lines(folder) == 0, "the one that was refused wrote nothing"
    first.kill()
    first.wait()
    # a child that is killed between its fork and its exec holds the lock until it is gone
    until(lambda: store.owner(folder) is None, 10.0, "the lock outlived its run")
    go.touch()
    code, said = runs.finish(*command, WAITS_FOR=str(go))
    assert code == 0, said
    assert lines(folder) == 2
    assert (folder / ".lock").read_bytes() == b""


@linux
@pytest.mark.parametrize("target", ["parent", "group"])
def test_daemons_of_a_trial_end_when_the_run_is_killed(runs: Runs, until: Until, tmp_path: Path, target: str) -> None:
    """Children in sessions of their own, orphans among them: no signal to the run's group or the trial's meets them."""
    done = tmp_path / "done"
    process = runs.start(
        *[
            "run",
            *COMMON,
            "--plugin",
            HERE / "hostile.py",
            "--estimators",
            "brood-and-stays",
            "--out",
            tmp_path / "run",
        ],
        HOSTILE_DONE=str(done),
    )
    until(lambda: done.exists() and len(runs.family()) > 45)
    (os.kill if target == "parent" else os.killpg)(process.pid, signal.SIGKILL)
    process.wait()
    assert runs.all_gone() == set()
