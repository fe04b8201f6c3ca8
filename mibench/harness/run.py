# SPDX-License-Identifier: Apache-2.0
"""Run the trials of a plan: start, wait, write each row before the next trial starts, go on whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from typing import Literal, Protocol

from mibench.contracts import Row, Status, Trial
from mibench.harness import trial as trials_module
from mibench.harness.executors import ExecutorFailed
from mibench.harness.isolate import RemoteError, Stopped
from mibench.harness.journal import Journal
from mibench.harness.schedule import Schedule
from mibench.harness.trial import Setting, conduct

__all__ = ["FAILURES", "Observer", "Rerun", "execute", "left_to_do"]

# `unsupported` is an honest answer of the method, not a failure of the run
FAILURES: frozenset[Status] = frozenset({"error", "timeout", "crashed", "out_of_memory", "not_installed"})
Rerun = Literal["missing", "failed", "all"]
_LOOK = 1.0  # seconds between looks how many trials an executor has room for


class Observer(Protocol):
    """Who is told what happens; the live view is one."""

    def started(self, trial: Trial) -> None: ...
    def ended(self, trial: Trial, row: Row) -> None: ...


def left_to_do(trials: Sequence[Trial], statuses: Mapping[str, Status], rerun: Rerun = "missing") -> list[Trial]:
    """Trials whose key has no status; with ``failed`` those whose latest is a failure too; with ``all`` every trial."""

    def wanted(trial: Trial) -> bool:
        status = statuses.get(trial.key)
        return status is None or rerun == "all" or (rerun == "failed" and status in FAILURES)

    return [trial for trial in trials if wanted(trial)]


def execute(
    trials: Sequence[Trial],
    executor: Executor,
    journal: Journal,
    setting: Setting,
    *,
    jobs: int | Callable[[], int],
    observer: Observer | None = None,
    fail_fast: bool = False,
) -> None:
    """Run `trials` on `executor`, at most `jobs` at a time, each ending as one row of `journal`.

    Parameters
    ----------
    trials : sequence of Trial
        In the order wanted.
    executor : concurrent.futures.Executor
        Processes on this machine, or any executor that can reach mibench.
    journal : Journal
        A row is on disk before the next trial starts.
    setting : Setting
        What each worker needs.
    jobs : int or callable
        Trials in flight; a callable is asked again and again, for an executor that grows and shrinks.
    observer : Observer, optional
        Told of every start and end.
    fail_fast : bool
        Start no trial after the first failure; those in flight still end as rows.

    Raises
    ------
    FolderError
        If the journal cannot be written.
    ExecutorFailed
        If the executor cannot go on.
    """
    room, patience = (jobs, _LOOK) if callable(jobs) else ((lambda: jobs), None)
    schedule = Schedule(trials)
    flying: dict[Future[Row], Trial] = {}
    stopping = False
    while True:
        most = room()
        while not stopping and len(flying) < most and (trial := schedule.take()) is not None:
            flying[executor.submit(conduct, trial, setting)] = trial
            if observer:
                observer.started(trial)
        if not flying:
            return
        done, _ = wait(flying, timeout=patience, return_when=FIRST_COMPLETED)
        for future in done:
            trial = flying.pop(future)
            row = _row(trial, future)
            journal.append(row)
            schedule.ended(trial, well=row.status == "ok")
            stopping |= fail_fast and row.status in FAILURES
            if observer:
                observer.ended(trial, row)


def _row(trial: Trial, future: Future[Row]) -> Row:
    try:
        return future.result()
    except Stopped as stop:
        return trials_module.failed(trial, stop.status, str(stop), stop.seconds, stop.peak_mb)
    except ExecutorFailed:
        raise
    except RemoteError as error:
        return trials_module.failed(trial, "error", str(error), None, None)
    except Exception as error:  # an executor of another make lost its worker
        return trials_module.failed(trial, "crashed", f"{type(error).__name__}: {error}", None, None)
