# SPDX-License-Identifier: Apache-2.0
"""Trials that do what no trial should: one row each, and their neighbours as if they had not been there."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mibench.contracts import Row, Trial
from mibench.harness import journal, plan
from mibench.harness.isolate import Crashed, IsolatedExecutor, RemoteError, TimedOut
from mibench.harness.plugins import load_plugin
from mibench.harness.trial import Setting, conduct

if TYPE_CHECKING:
    from tests.harness.conftest import Runs

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the ways to find strays are those of Linux")

HERE = Path(__file__).parent
PLUGINS = ["--plugin", str(HERE / "steady.py"), "--plugin", str(HERE / "hostile.py")]
COMMON = ["--tasks", "pair", "--n-samples", "100", "--jobs", "2", "--threads", "1", "--memory", "0.7"]
NEIGHBOURS = "quick,unhurried,turned+first"
GREEDY = "out_of_memory"
ENDS = {
    "hoards": (GREEDY, "MemoryError"),
    "segfaults": ("crashed", "killed by SIGSEGV; its last words: Fatal Python error: Segmentation fault"),
    "overflows": ("crashed", "killed by SIGSEGV|killed by SIGBUS|killed by SIGABRT"),
    "recurses": ("error", "RecursionError"),
    "leaves": ("crashed", "exited with code 0 and no answer"),
    "interrupts": ("error", "KeyboardInterrupt"),
    "wordless": ("error", r"Mute: \(no text: SystemExit in its __str__\)"),
    "verbose": ("error", r"ValueError: x{10000} \.\.\. \(49980000 characters\) \.\.\. x{10000}"),
    "brood": ("ok", ""),
    "brood-and-leaves": ("crashed", "exited with code 0 and no answer"),
    "twins": ("ok", ""),
    "prints": ("ok", ""),
    "meddles": ("ok", ""),
    "closes": ("crashed", "closed the pipe of its answer and went on"),
    "scribbles": ("crashed", "closed the pipe of its answer and went on|exited with code"),
    "lingers": ("ok", ""),
    "floods": ("error", r"an answer of \d+\.\d MiB: at most 1 MiB"),
    "sly": ("error", "SystemExit: I am no number"),
}


def exact(rows: list[Row]) -> dict[str, tuple[Any, ...]]:
    return {row.key: (row.status, row.estimate, row.std_error, row.interval, row.truth, row.sample) for row in rows}


def test_each_ends_as_one_row_and_the_neighbours_never_know(runs: Runs, tmp_path: Path) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    place = tmp_path / "place"
    place.mkdir()
    code, said = runs.finish("run", *COMMON, *PLUGINS, "--estimators", NEIGHBOURS, "--out", good)
    assert code == 0, said
    mixed = ",".join([*NEIGHBOURS.split(","), *ENDS])
    code, said = runs.finish("run", *COMMON, *PLUGINS, "--estimators", mixed, "--out", bad, prelude=at(place))
    assert code == 4, said
    assert runs.all_gone() == set(), "a process outlived its trial and the run"
    # one scribbles into the pipe of multiprocessing's resource tracker, which says so
    assert "Traceback" not in re.sub(r'Traceback.*\n  File "[^"]*resource_tracker', "", said)
    rows, sound = journal.read(bad / "journal.jsonl")
    assert sound == (bad / "journal.jsonl").stat().st_size < 200_000
    assert len(rows) == len({row.key for row in rows}) == len(ENDS) + 3
    for row in rows:
        if row.estimator in ENDS:
            status, error = ENDS[row.estimator]
            told = (row.estimator, row.status, (row.error or "")[:200])
            assert row.status == status, told
            assert re.search(error, row.error or ""), told
            assert row.estimate == (1.0 if status == "ok" else None), told
    neighbours = [row for row in rows if row.estimator not in ENDS]
    assert exact(neighbours) == exact(journal.read(good / "journal.jsonl")[0])
    assert list(place.iterdir()) == [], "something was left in the working directory"


def at(folder: Path) -> list[str]:
    """Runs a command in a folder."""
    return [
        sys.executable,
        "-c",
        "import os, sys; os.chdir(sys.argv[1]); os.execv(sys.argv[2], sys.argv[2:])",
        str(folder),
    ]


@pytest.fixture
def submit(restored: None) -> Callable[..., Any]:
    plugins = tuple(str(HERE / name) for name in ("steady.py", "hostile.py"))
    for plugin in plugins:
        load_plugin(Path(plugin))

    def start(executor: IsolatedExecutor, estimator: str) -> Any:
        trials: tuple[Trial, ...] = plan.make("pair", estimator, ns=[50]).trials
        return executor.submit(conduct, trials[0], Setting(1, {}, plugins))

    return start


@pytest.mark.parametrize("attack", ["parricide", "freezes"])
def test_an_attack_on_the_server_harms_neither_neighbours_nor_what_comes_after(
    submit: Callable[..., Any], attack: str
) -> None:
    with IsolatedExecutor(2, timeout=120) as executor:
        beside = submit(executor, "unhurried")
        attacks = [submit(executor, attack) for _ in range(3)]
        later = submit(executor, "unhurried")
        assert beside.result().status == "ok"
        assert [each.result().status for each in attacks] == ["ok"] * 3
        assert later.result().estimate == beside.result().estimate


def test_an_answer_that_is_begun_and_not_ended_does_not_hold_the_clock(submit: Callable[..., Any]) -> None:
    with IsolatedExecutor(timeout=3) as executor, pytest.raises(TimedOut, match="no answer within the limit of 3 s"):
        submit(executor, "stammers").result()


def test_a_killed_trial_without_a_server_says_so(submit: Callable[..., Any]) -> None:
    code = "[__import__('os').kill(__import__('os').getppid(), 9), __import__('os')._exit(7)]"
    with IsolatedExecutor(timeout=60) as executor:
        with pytest.raises(Crashed, match="how is not known: the process that starts trials was killed too"):
            executor.submit(eval, code).result()
        assert executor.submit(int, "7").result() == 7


def test_an_answer_that_cannot_be_read_back_is_an_error() -> None:
    # a class that only the trial's process has
    code = "type('Odd', (), {'__reduce__': lambda self: (eval, ('no_such_name',))})()"
    with IsolatedExecutor(timeout=60) as executor, pytest.raises(RemoteError, match=r"cannot be read: NameError"):
        executor.submit(eval, code).result()
