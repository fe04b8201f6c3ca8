# SPDX-License-Identifier: Apache-2.0
"""A run that is killed, interrupted or doubled: real processes and real signals."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from mibench.harness import journal

FAKES = Path(__file__).parent / "fakes.py"
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start `mibench run` on a folder of the test; whatever is left of it is killed."""
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: str, **environment: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "mibench", "run", "--plugin", str(FAKES), "--out", str(tmp_path / "run")]
        command += ["--tasks", "toy[mi=1],toy[mi=2]", "--n-samples", "50", "--jobs", "2", "--threads", "1", *arguments]
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | environment,
            start_new_session=True,
            preexec_fn=hear_interrupts,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def hear_interrupts() -> None:
    """Undo what a background job inherits from a shell: there SIGINT is ignored, and Python then leaves it so."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def family(process: subprocess.Popen[str]) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(process.pid).children(recursive=True)
    return []


def left(processes: list[psutil.Process], within: float = 8.0) -> list[psutil.Process]:
    """Those still alive after a while: the servers take a moment to see that their client is gone."""
    return psutil.wait_procs(processes, timeout=within)[1]


def lines(folder: Path) -> int:
    path = folder / "journal.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def until(condition: Callable[[], bool], within: float = 40.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_run_keeps_its_rows_leaves_no_process_and_goes_on(
    start: Start, tmp_path: Path, kill: signal.Signals
) -> None:
    folder, pid = tmp_path / "run", tmp_path / "pid"
    # the good trials end; the last is stuck in C with the interpreter lock held
    trials = ["--tasks", "toy[mi=1]", "--estimators", "fine,slow,hang-in-c"]
    first = start(*trials, "--timeout", "60", FAKES_PID=str(pid))
    until(lambda: lines(folder) >= 2 and pid.exists())
    everyone = family(first)
    assert len(everyone) >= 2
    first.send_signal(kill)
    said, _ = first.communicate(timeout=20)
    assert left(everyone) == []
    kept, sound = journal.read(folder / "journal.jsonl")
    assert sound == (folder / "journal.jsonl").stat().st_size
    assert len(kept) == 2
    if kill == signal.SIGINT:
        assert first.returncode == 130
        assert "coverage" in said, "the partial leaderboard is shown"
        assert "interrupted: " in said
        assert "report: " in said
    second = start(*trials, "--timeout", "2")
    said, _ = second.communicate(timeout=60)
    assert second.returncode == 4, said
    rows = journal.latest(journal.read(folder / "journal.jsonl")[0])
    assert len(rows) == len(journal.read(folder / "journal.jsonl")[0]) == 3, "no trial ran twice"
    assert rows[: len(kept)] == kept
    assert [row.status for row in rows] == ["ok", "ok", "timeout"]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert [entry["limits"]["timeout_s"] for entry in manifest["history"]] == [60, 2]
    assert not (folder / "cache").exists()


def test_two_runs_on_one_folder_are_refused_and_the_first_goes_on(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    first = start("--estimators", "slow,fine")
    until(lambda: (folder / "manifest.json").exists())
    second = start("--estimators", "fine")
    said, _ = second.communicate(timeout=30)
    assert second.returncode == 2
    assert f"another run (process {first.pid}) is writing to {folder}" in said
    assert "Traceback" not in said
    said, _ = first.communicate(timeout=30)
    assert first.returncode == 0, said
    assert lines(folder) == 4
