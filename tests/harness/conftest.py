# SPDX-License-Identifier: Apache-2.0
"""Trials of the fakes, and runs as processes that may be killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from mibench.contracts import Trial
from mibench.harness import plan
from mibench.harness.plugins import load_plugin

FAKES = Path(__file__).parent / "fakes.py"


@pytest.fixture
def fakes(restored: None) -> Path:
    """The plug-in file of fakes, registered for the length of a test."""
    load_plugin(FAKES)
    return FAKES


@pytest.fixture
def trial(fakes: Path) -> Callable[..., Trial]:
    """One trial by names."""

    def make(estimator: str, task: str = "toy", n: int = 100, seed: int = 0) -> Trial:
        (only,) = plan.make(task, estimator, ns=[n], seed=seed).trials
        return only

    return make


class Runs:
    """Starts `mibench` in processes of their own, and finds everything that descends from them."""

    def __init__(self) -> None:
        self._mark = f"MIBENCH_TEST_MARK={uuid.uuid4().hex}"
        self._started: list[subprocess.Popen[str]] = []

    def start(
        self,
        *arguments: str | Path,
        prelude: Sequence[str] = (),
        preexec: Callable[[], None] | None = None,
        **more: str,
    ) -> subprocess.Popen[str]:
        """Start ``mibench ARGUMENTS`` in a session of its own; a `prelude` runs it, `more` are variables."""
        name, _, value = self._mark.partition("=")
        cores = {"OMP_NUM_THREADS": "1"}

        def prepare() -> None:
            # a background job of a shell inherits that SIGINT is ignored, and Python then leaves it so
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            if preexec:
                preexec()

        process = subprocess.Popen(
            [*prelude, sys.executable, "-m", "mibench", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            env=os.environ | cores | {name: value} | more,
            start_new_session=True,
            preexec_fn=prepare,
        )
        self._started.append(process)
        return process

    def finish(self, *arguments: str | Path, **how: object) -> tuple[int, str]:
        """Start, wait for the end, and give the exit code and what was said."""
        process = self.start(*arguments, **how)  # type: ignore[arg-type]
        said, _ = process.communicate(timeout=600)
        return process.returncode, said

    def family(self) -> set[int]:
        """Numbers of the living processes that this or its descendants started."""
        found = set()
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if (folder / "stat").read_bytes().rpartition(b")")[2].split()[0] in (b"Z", b"X"):
                    continue
                if self._mark.encode() in (folder / "environ").read_bytes().split(b"\0"):
                    found.add(int(folder.name))
        return found

    def all_gone(self, within: float = 60.0) -> set[int]:
        """Those that still live after a while; the servers take a moment to see that their client is gone."""
        deadline = time.monotonic() + within
        while (left := self.family()) and time.monotonic() < deadline:
            time.sleep(0.02)
        return left

    def end(self) -> None:
        """Kill whatever is left."""
        for number in self.family():
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        for process in self._started:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()


@pytest.fixture
def runs() -> Iterator[Runs]:
    """Runs of `mibench` as processes; nothing of them outlives the test."""
    made = Runs()
    yield made
    made.end()


@pytest.fixture
def until() -> Callable[..., None]:
    """Wait for a condition."""

    def wait(condition: Callable[[], object], within: float = 120.0, otherwise: str = "it never happened") -> None:
        deadline = time.monotonic() + within
        while not condition():
            assert time.monotonic() < deadline, otherwise
            time.sleep(0.02)

    return wait
