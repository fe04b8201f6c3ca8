# SPDX-License-Identifier: Apache-2.0
"""The loop over trials, on an executor that answers in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import Executor, Future, wait
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mibench.contracts import Row, Status, Trial
from mibench.harness import run
from mibench.harness.executors import ExecutorFailed
from mibench.harness.isolate import OutOfMemory, RemoteError, TimedOut
from mibench.harness.journal import Journal
from mibench.harness.trial import Setting


class Answers(Executor):
    """Ends each trial as `ends` says, when it is submitted."""

    def __init__(self, ends: Callable[[Trial], Row | Exception]) -> None:
        self.ends = ends
        self.seen: list[Trial] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        assert fn is run.conduct
        future: Future[Any] = Future()
        self.seen.append(args[0])
        end = self.ends(args[0])
        if isinstance(end, Exception):
            future.set_exception(end)
        else:
            future.set_result(end)
        return future


class Witness:
    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.told: list[str] = []

    def started(self, trial: Trial) -> None:
        self.told.append(f"+{trial.n}")

    def ended(self, trial: Trial, row: Row) -> None:
        assert self.journal.rows[trial.key] == row, "a row is on disk before anyone hears of it"
        self.told.append(f"-{trial.n}")


def make(number: int) -> Trial:
    return Trial("toy", "fine", number, 0, 0, "{}", '{"params": {}}')


def row(trial: Trial, status: Status = "ok") -> Row:
    return Row(trial.key, trial.task, trial.estimator, trial.n, trial.repetition, status)


def test_every_trial_ends_as_one_row_in_order(tmp_path: Path) -> None:
    trials = [make(i) for i in range(4)]
    with Journal(tmp_path / "journal.jsonl") as book:
        witness = Witness(book)
        run.execute(trials, Answers(row), book, Setting(), jobs=1, observer=witness)
        assert [each.n for each in book.rows.values()] == [0, 1, 2, 3]
    assert witness.told == ["+0", "-0", "+1", "-1", "+2", "-2", "+3", "-3"]


def test_whatever_happens_is_a_row_and_the_run_goes_on(tmp_path: Path) -> None:
    ends = {
        0: TimedOut("no answer", 1.5, 20.0),
        1: OutOfMemory("held 5 GiB", 2.0, 5000.0),
        2: RemoteError("ValueError: x"),
        3: OSError("the worker is lost"),
    }
    with Journal(tmp_path / "journal.jsonl") as book:
        executor = Answers(lambda trial: ends.get(trial.n) or row(trial))
        run.execute([make(i) for i in range(5)], executor, book, Setting(), jobs=2)
        found = {each.n: each for each in book.rows.values()}
    assert [found[i].status for i in range(5)] == ["timeout", "out_of_memory", "error", "crashed", "ok"]
    assert [found[i].error for i in range(4)] == [
        "no answer",
        "held 5 GiB",
        "ValueError: x",
        "OSError: the worker is lost",
    ]
    assert (found[0].seconds, found[1].peak_mb) == (1.5, 5000.0)


def test_fail_fast_starts_nothing_after_a_failure_and_an_honest_no_is_none(tmp_path: Path) -> None:
    statuses: dict[int, Status] = {1: "unsupported", 2: "error"}
    executor = Answers(lambda trial: row(trial, statuses.get(trial.n, "ok")))
    with Journal(tmp_path / "journal.jsonl") as book:
        run.execute([make(i) for i in range(6)], executor, book, Setting(), jobs=1, fail_fast=True)
        assert [each.n for each in book.rows.values()] == [0, 1, 2]


def test_what_is_left_to_do() -> None:
    trials = [make(i) for i in range(4)]
    known: list[Status] = ["ok", "timeout", "unsupported"]
    statuses = {trials[i].key: status for i, status in enumerate(known)}
    numbers: Callable[[Any], list[int]] = lambda how: [each.n for each in run.left_to_do(trials, statuses, how)]  # noqa: E731
    assert numbers("missing") == [3]
    assert numbers("failed") == [1, 3]
    assert numbers("all") == [0, 1, 2, 3]


def test_a_journal_that_cannot_be_written_stops_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mibench.harness.journal import FolderError

    def refuse(_: Journal, one: Row) -> None:
        raise FolderError("full")

    monkeypatch.setattr(Journal, "append", refuse)
    executor = Answers(row)
    with Journal(tmp_path / "journal.jsonl") as book, pytest.raises(FolderError, match="full"):
        run.execute([make(i) for i in range(6)], executor, book, Setting(), jobs=2)
    assert len(executor.seen) == 2


def test_shared_work_is_not_made_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def composite(last: str) -> Trial:
        compressor = {"name": "AE", "version": 1, "params": {}}
        body = {"name": f"ae+{last}", "version": 1, "params": {"compressor": compressor, "estimator": {"name": last}}}
        return replace(make(5), estimator=f"ae+{last}", estimator_params=json.dumps(body))

    trials = [composite("ksg"), composite("wkl")]
    waiting: list[Future[Row]] = []

    class Slow(Executor):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            waiting.append(Future())
            return waiting[-1]

    def wait_a_while(flying: Any, **_: object) -> Any:
        in_flight = [i for i, future in enumerate(waiting) if not future.done()]
        assert len(in_flight) == 1, "the other one could have started by now"
        waiting[in_flight[0]].set_result(row(trials[in_flight[0]]))
        return wait(flying)

    monkeypatch.setattr(run, "wait", wait_a_while)
    with Journal(tmp_path / "journal.jsonl") as book:
        run.execute(trials, Slow(), book, Setting(), jobs=2)
        assert len(book.rows) == len(waiting) == 2


def test_an_executor_that_grows_gets_more_trials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_LOOK", 0.01)
    waiting: list[tuple[Trial, Future[Row]]] = []

    class Growing(Executor):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            waiting.append((args[0], Future()))
            return waiting[-1][1]

    asked: list[int] = []

    def slots() -> int:
        """One, then three; trials end only once three of them fly."""
        asked.append(len(waiting))
        if len(waiting) >= 3:
            for trial, future in waiting:
                if not future.done():
                    future.set_result(row(trial))
        return 1 if len(asked) < 5 else 3

    with Journal(tmp_path / "journal.jsonl") as book:
        run.execute([make(i) for i in range(4)], Growing(), book, Setting(), jobs=slots)
        assert len(book.rows) == 4
    assert asked[:5] == [0, 1, 1, 1, 1]


def test_an_executor_that_cannot_go_on_ends_the_run(tmp_path: Path) -> None:
    executor = Answers(lambda trial: ExecutorFailed("gone") if trial.n == 2 else row(trial))
    with Journal(tmp_path / "journal.jsonl") as book, pytest.raises(ExecutorFailed, match="gone"):
        run.execute([make(i) for i in range(5)], executor, book, Setting(), jobs=1)
    with Journal(tmp_path / "journal.jsonl") as book:
        assert [each.n for each in book.rows.values()] == [0, 1]
