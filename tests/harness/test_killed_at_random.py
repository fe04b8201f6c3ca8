# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random instants: of the parent, of the whole process group, of trials, of the server that starts them.

Real runs, real signals; the instants come from a seed. ``MIBENCH_KILLS`` sets how many kills there are of each kind
(a hundred take some minutes), ``MIBENCH_KILL_SEED`` which.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mibench.contracts import Row
from mibench.harness import journal, store, strays

if TYPE_CHECKING:
    from tests.harness.conftest import Runs

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")

KILLS = int(os.environ.get("MIBENCH_KILLS", "0"))
SEED = int(os.environ.get("MIBENCH_KILL_SEED", "20240607"))
STEADY = Path(__file__).parent / "steady.py"
GRID = ["--tasks", "pair[mi=1],pair[mi=2]", "--n-samples", "200", "--repetitions", "3", "--timeout", "300"]
GRID += ["--jobs", "2", "--threads", "1"]
ESTIMATORS = ["--estimators", "quick,unhurried,ksg,turned+first,turned+last"]
WHAT = [*GRID, *ESTIMATORS, "--plugin", str(STEADY)]
TRIALS = 2 * 3 * 5


def answers(folder: Path) -> dict[str, tuple[Any, ...]]:
    """What must be the same to the bit, per key, whenever and wherever a trial ran."""
    rows = journal.latest(journal.read(folder / store.JOURNAL)[0])
    return {row.key: answer(row) for row in rows}


def answer(row: Row) -> tuple[Any, ...]:
    exact = [value.hex() if isinstance(value, float) else value for value in (row.estimate, row.std_error, row.truth)]
    return (row.task, row.estimator, row.repetition, row.status, *exact, row.interval, row.bounds, row.sample)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, tuple[Any, ...]], float, float]:
    """The answers of a run that nobody touches, and the seconds it took to its first row and to its end."""
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "mibench", "run", *WHAT, "--out", str(folder)],
        stdout=subprocess.DEVNULL,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    while not (folder / store.MANIFEST).exists() and process.poll() is None:
        time.sleep(0.01)
    claimed = time.monotonic()
    assert process.wait(900) == 0
    expected = answers(folder)
    assert len(expected) == TRIALS
    assert {row[3] for row in expected.values()} == {"ok"}
    return expected, claimed - began, time.monotonic() - claimed


def keys_in(folder: Path) -> list[str]:
    """The keys of the file, as often as they stand there."""
    rows, sound = journal.read(folder / store.JOURNAL)
    assert sound == (folder / store.JOURNAL).stat().st_size, "a torn line was left"
    return [row.key for row in rows]


@pytest.mark.parametrize("target", ["parent", "group"])
def test_a_run_killed_again_and_again_ends_as_if_nothing_had_been(
    runs: Runs,
    until: Callable[..., None],
    tmp_path: Path,
    undisturbed: tuple[dict[str, tuple[Any, ...]], float, float],
    target: str,
) -> None:
    expected, to_claim, to_end = undisturbed
    span = to_end  # follows how fast the machine is now, so that few instants fall after the end
    chance = random.Random(f"{SEED} {target}")
    folder, kills, complete = tmp_path / "0", 0, 0
    # one in five dies at any instant from the very start, the others while the run has its folder
    while kills < (KILLS or 5):
        early = chance.random() < 0.2
        instant = chance.random() * (to_claim + span if early else span)
        process = runs.start("run", *WHAT, "--out", folder)
        with contextlib.suppress(subprocess.TimeoutExpired):
            while not early and store.owner(folder) is None and process.poll() is None:
                time.sleep(0.01)
            process.wait(instant)
        if process.poll() is None:
            kills += 1
            span = min(1.1 * span, to_end)
            (os.kill if target == "parent" else os.killpg)(process.pid, signal.SIGKILL)
            process.wait()
            # a child that is killed between its fork and its exec holds the lock until it is gone
            until(lambda folder=folder: store.owner(folder) is None, 10.0, "the lock outlived its run")
            assert runs.all_gone() == set(), "a process outlived its run"
        elif process.returncode == 0:
            verify(folder, expected)
            complete += 1
            span *= 0.7
            folder = tmp_path / str(complete)
        else:
            pytest.fail(f"exit code {process.returncode}: {process.communicate()[0]}")
    code, said = runs.finish("run", *WHAT, "--out", folder)
    assert code == 0, said
    verify(folder, expected)


def verify(folder: Path, expected: dict[str, tuple[Any, ...]]) -> None:
    assert sorted(keys_in(folder)) == sorted(expected), "a key is missing, twice there, or of another run"
    assert answers(folder) == expected
    assert not list(folder.glob(".mibench-cache"))


def test_killed_trials_are_rows_that_say_so_and_a_rerun_makes_them_whole(
    runs: Runs, tmp_path: Path, undisturbed: tuple[dict[str, tuple[Any, ...]], float, float]
) -> None:
    expected, _, _ = undisturbed
    chance = random.Random(f"{SEED} trial")
    kills, folder = 0, tmp_path / "0"
    for attempt in range(1000):
        process = runs.start("run", *WHAT, "--out", folder, "--rerun", "failed")
        while process.poll() is None:
            time.sleep(chance.random() * 0.3)
            kills += kill_one(process.pid, chance) if kills < (KILLS or 16) else 0
        said = process.communicate()[0]
        rows = journal.latest(journal.read(folder / store.JOURNAL)[0])
        assert len(rows) == TRIALS, said
        lost = [row for row in rows if row.status != "ok"]
        assert process.returncode == (4 if lost else 0), said
        told = ("killed by SIGKILL from outside", "the process that starts trials was killed too")
        assert all(any(text in str(row.error) for text in told) for row in lost), [row.error for row in lost]
        assert {row.status for row in lost} <= {"crashed"}
        assert {row.key: answer(row) for row in rows if row.status == "ok"}.items() <= expected.items()
        if not lost:
            assert answers(folder) == expected
            if kills >= (KILLS or 16):
                break
            folder = tmp_path / str(attempt + 1)
    assert runs.all_gone() == set()


def kill_one(parent: int, chance: random.Random) -> int:
    """Kill a trial of the run, if there is one now; or, one time in eight, the server that trials are copies of."""
    for server in strays.children(parent):
        command = Path(f"/proc/{server}/cmdline")
        with contextlib.suppress(OSError):
            if b"forkserver" not in command.read_bytes():
                continue
            trials = [pid for pid in strays.children(server) if os.getsid(pid) == pid]
            if trials:
                victim = server if chance.random() < 1 / 8 else chance.choice(trials)
                os.kill(victim, signal.SIGKILL)
                return 1
    return 0


def test_a_cache_torn_by_a_kill_costs_time_and_changes_nothing(
    runs: Runs, tmp_path: Path, undisturbed: tuple[dict[str, tuple[Any, ...]], float, float]
) -> None:
    """Kills land in the middle of a write of the cache by chance only: here is every state they can leave."""
    expected, _, _ = undisturbed
    cache = tmp_path / "cache"
    some = [*GRID, "--plugin", str(STEADY), "--estimators"]
    code, said = runs.finish("run", *some, "turned+first", "--out", tmp_path / "a", MIBENCH_CACHE=str(cache))
    assert code == 0, said
    made = sorted(cache.iterdir())
    assert len(made) == 6
    for i, file in enumerate(made):
        data = file.read_bytes()
        tears = [b"", data[:100], data[: len(data) // 2], data[:-1], data[:5000] + b"\0" * 5000 + data[10_000:], None]
        if (torn := tears[i]) is None:
            shutil.copy(file, cache / f".{file.name}-x.part")
        else:
            file.write_bytes(torn)
    code, said = runs.finish("run", *some, "turned+last", "--out", tmp_path / "b", MIBENCH_CACHE=str(cache))
    assert code == 0, said
    found = answers(tmp_path / "b")
    assert len(found) == 6
    assert found.items() <= expected.items()
