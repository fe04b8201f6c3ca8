# SPDX-License-Identifier: Apache-2.0
"""Whatever a method does, its trial is exactly one row."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mibench.contracts import Row, Trial
from mibench.harness import threads
from mibench.harness.trial import Setting, conduct, failed
from mibench.usage import peak_mb

Conduct = Callable[..., Row]


@pytest.fixture
def end(trial: Callable[..., Trial], fakes: Path) -> Conduct:
    def conducted(estimator: str, **cell: object) -> Row:
        return conduct(trial(estimator, **cell), Setting(threads.available_cores(), {}, (str(fakes),)))

    return conducted


def test_a_good_row(end: Conduct) -> None:
    row = end("fine", task="toy[mi=2]", n=4000)
    assert (row.status, row.error, row.task, row.estimator, row.n) == ("ok", None, "toy[mi=2]", "fine", 4000)
    assert row.truth == 2.0
    assert row.truth_std_error == 0.0
    assert abs(float(row.estimate or 0) - 2.0) < 0.1
    assert row.seconds is not None
    assert row.seconds < 10
    assert row.peak_mb is not None
    assert row.peak_mb > 10


@pytest.mark.parametrize(
    ("estimator", "status", "error"),
    [
        ("nan", "error", "the estimate is not finite: nan"),
        ("infinite", "error", "the estimate is not finite: -inf"),
        ("raises", "error", "ZeroDivisionError: a bug"),
        ("quits", "error", "SystemExit: I quit"),
        ("bare", "error", "TypeError: estimate() returned float (1.0), not mibench.Estimate"),
        ("refuses", "unsupported", "refuses whatever it is given"),
        (
            "lacks",
            "not_installed",
            "No module named 'no_such_package': install the package that brings no_such_package",
        ),
    ],
)
def test_bad_rows_keep_the_reason_and_the_truth(end: Conduct, estimator: str, status: str, error: str) -> None:
    row = end(estimator)
    assert (row.status, row.error, row.estimate, row.truth) == (status, error, None, 1.0)
    assert row.seconds is not None


def test_a_task_that_fails_is_a_row_without_seconds(end: Conduct) -> None:
    row = end("fine", task="broken-toy")
    assert (row.status, row.error, row.seconds) == ("error", "RuntimeError: no sample today", None)


@pytest.mark.parametrize(
    "error",
    [MemoryError(), RuntimeError("[enforce fail at alloc_cpu.cpp:118] . DefaultCPUAllocator: not enough memory")],
)
def test_exhausted_memory_is_known_in_all_its_forms(
    end: Conduct, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    from mibench import estimators

    def explode(*_: object, **__: object) -> float:
        raise error

    monkeypatch.setattr(type(estimators.get("fine")), "value", explode)
    assert end("fine").status == "out_of_memory"


def test_odd_numbers_are_kept_where_they_mean_something(end: Conduct) -> None:
    row = end("odd")
    assert row.status == "ok"
    assert row.interval is None  # an end is no number
    assert row.bounds == (0.5, math.inf)
    assert row.diagnostics == {"cap": math.inf, "k": 3.0}


def test_an_estimator_is_charged_for_work_it_found_done(end: Conduct) -> None:
    row = end("shared")
    assert row.seconds is not None
    assert row.seconds > 100
    assert row.peak_mb == 1e6


def test_draws_depend_on_the_trial_alone(end: Conduct, trial: Callable[..., Trial]) -> None:
    first, again = end("draws"), end("draws")
    assert first.diagnostics == again.diagnostics
    assert len(set(first.diagnostics.values())) == 4
    other = end("draws", seed=1)
    assert not set(other.diagnostics.values()) & set(first.diagnostics.values())


def test_a_task_that_draws_from_the_global_generators_gives_every_estimator_one_sample(end: Conduct) -> None:
    rows = [end(name, task="global-toy") for name in ("draws", "draws-too")]
    assert rows[0].diagnostics["x"] == rows[1].diagnostics["x"]
    for own in ("numpy", "python"):
        assert rows[0].diagnostics[own] != rows[1].diagnostics[own]


def test_the_row_of_a_process_that_did_not_answer(trial: Callable[..., Trial]) -> None:
    one = trial("fine")
    row = failed(one, "timeout", "no answer", 3.0, 12.0)
    assert (row.key, row.status, row.error, row.seconds, row.peak_mb) == (one.key, "timeout", "no answer", 3.0, 12.0)
    assert replace(row, truth=None) == row


def test_peak_memory_sees_what_was_let_go() -> None:
    before = peak_mb()
    size = 64 + before  # more than the process ever held
    big = np.ones(int(size * 2**20 / 8))
    del big
    assert peak_mb() > size
