# SPDX-License-Identifier: Apache-2.0
"""What the harness itself costs per trial, from 10^2 to 10^5 trials that do nothing.

``pytest tests/benchmarks/test_bench_harness.py --benchmark-enable --benchmark-only``
"""

from __future__ import annotations

import gc
import io
import json
import os
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import psutil
import pytest
from rich.console import Console

from mibench import cli_view
from mibench.contracts import Row, Trial
from mibench.harness import plan, provenance, run, store
from mibench.harness.executors import Request
from mibench.harness.executors.local import LocalExecutor
from mibench.harness.journal import Journal
from mibench.harness.trial import Setting, failed

SIZES = [10**2, 10**3, 10**4, 10**5]


class Inline(Executor):
    """Answers at once, with a row as full as those of an estimator with an interval."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        trial: Trial = args[0]
        future: Future[Any] = Future()
        future.set_result(
            Row(
                trial.key,
                trial.task,
                trial.estimator,
                trial.n,
                trial.repetition,
                "ok",
                1.0 + trial.repetition / 7,
                0.1,
                (0.9, 1.1),
                None,
                1.0,
                0.0,
                1.5,
                200.25,
                {f"diagnostic_{i}": i / 7 for i in range(6)},
                seed=0,
                task_version=1,
                estimator_version=1,
                sample=(0.1, 0.2, 0.3, 0.4),
            )
        )
        return future


def make(size: int) -> plan.Plan:
    """`size` trials of two estimators, one of them a composite whose compression is shared."""
    return plan.make("gaussian[mi=1]", "ae+ksg,ksg", ns=[1000], repetitions=size // 2)


def note(benchmark: Any, size: int, **more: Any) -> None:
    best = benchmark.stats.stats.min if benchmark.stats else 0.0
    benchmark.extra_info.update(ms_per_trial=round(1000 * best / size, 4), load=round(os.getloadavg()[0], 1), **more)


@pytest.mark.parametrize("size", SIZES)
def test_plan(benchmark: Any, size: int) -> None:
    made = benchmark.pedantic(make, (size,), rounds=1 if size > 10**4 else 3, warmup_rounds=1 if size < 10**4 else 0)
    assert len(made.trials) == size
    note(benchmark, size)


@pytest.mark.parametrize("size", SIZES)
def test_run(benchmark: Any, tmp_path: Path, size: int) -> None:
    """The loop with schedule, journal (one fsync per row), live view and manifest, on an executor that is free."""
    trials = make(size).trials
    process = psutil.Process()
    folders = iter(range(100))

    def whole() -> tuple[float, float]:
        folder = tmp_path / str(next(folders))
        view = cli_view.LiveView(Console(file=io.StringIO(), force_terminal=True), size, 0, lambda: 4, trials)
        with store.claim(folder), Journal(folder / store.JOURNAL) as journal:
            gc.collect()
            before = process.memory_info().rss
            store.write_manifest(folder, provenance.manifest({}, command="", selection={}, limits={}, planned=size))
            todo = run.left_to_do(trials, journal.rows.statuses)
            with view:
                run.execute(todo, Inline(), journal, Setting(), jobs=4, observer=view)
            assert len(journal.rows.statuses) == size
            return before, process.memory_info().rss

    before, after = benchmark.pedantic(whole, rounds=1 if size > 10**4 else 3, warmup_rounds=1 if size < 10**4 else 0)
    note(benchmark, size, grew_mb=round((after - before) / 2**20, 1), bytes_per_trial=round((after - before) / size))


@pytest.mark.parametrize("size", SIZES)
def test_resume(benchmark: Any, tmp_path: Path, size: int) -> None:
    """Open a journal of `size` rows, and find that nothing is left to do."""
    trials = make(size).trials
    path = tmp_path / store.JOURNAL
    with Journal(path) as journal:
        run.execute(trials, Inline(), journal, Setting(), jobs=1)

    def resume() -> int:
        with Journal(path) as journal:
            return len(run.left_to_do(trials, journal.rows.statuses))

    assert benchmark.pedantic(resume, rounds=2) == 0
    note(benchmark, size, journal_mb=round(path.stat().st_size / 2**20, 1))


def test_process_start(benchmark: Any) -> None:
    """What a process for a trial costs by itself, for scale."""
    trial = make(2).trials[-1]
    with LocalExecutor(Request(1, 60.0, preload=tuple(plan.modules([trial])))) as executor:
        row = benchmark.pedantic(
            lambda: executor.submit(failed, trial, "error", json.dumps({}), None, None).result(),
            rounds=10,
            warmup_rounds=2,
        )
    assert row.key == trial.key
    note(benchmark, 1)
