# SPDX-License-Identifier: Apache-2.0
"""What scores cost: frame, leaderboard with ranks, and the other tables, of 100,000 rows.

``pytest tests/benchmarks/test_bench_score.py --benchmark-enable --benchmark-only`` (on a busy machine, with
``--benchmark-timer=time.process_time``)
"""

import os
from dataclasses import replace

import numpy as np
import pytest

from mibench.contracts import Row
from mibench.harness import journal, score

SHAPES = {  # tasks, sizes, repetitions, estimators: 100,000 rows each
    "a board": (200, 2, 8, 31),
    "thousands of cells": (1000, 1, 3, 33),
    "two estimators, many repetitions": (10, 1, 5000, 2),
}


def rows_of(tasks, sizes, repetitions, estimators):
    """Answers with an error of 0.1 nats, of which one in a hundred fails."""
    rng = np.random.default_rng(0)
    rows = []
    for t in range(tasks):
        truth = 1.0 + t % 5
        for n in (1000 * (i + 1) for i in range(sizes)):
            for repetition in range(repetitions):
                errors, failed = rng.normal(scale=0.1, size=estimators), rng.random(estimators) < 1e-4
                for e in range(estimators):
                    estimate = None if failed[e] else truth + errors[e] * (1 + e / 30)
                    rows.append(
                        Row(
                            f"{t} {n} {repetition} {e}",
                            f"task[i={t}]",
                            f"method{e // 3}[k={e % 3}]",
                            n,
                            repetition,
                            "error" if failed[e] else "ok",
                            estimate=estimate,
                            interval=None if failed[e] else (estimate - 0.2, estimate + 0.2),
                            bounds=None if failed[e] else (0.0, estimate + 0.3),
                            truth=truth,
                            seconds=1.0,
                            peak_mb=100.0,
                            seed=0,
                            task_version=1,
                            estimator_version=1,
                        )
                    )
    return rows


@pytest.fixture(scope="module", params=SHAPES)
def rows(request):
    return rows_of(*SHAPES[request.param])


def test_frame_leaderboard_and_ranks_of_100_000_rows(benchmark, rows):
    """What a report asks for: one frame, every table made from it."""

    def everything():
        table = score.frame(rows)
        return (
            score.leaderboard(table),
            score.by_task(table),
            score.by_level(table),
            score.critical_difference(table),
            score.sample_complexity(table),
        )

    board, *_ = benchmark.pedantic(everything, rounds=1)
    assert board["rank"].notna().all()
    benchmark.extra_info.update(rows=len(rows), load=round(os.getloadavg()[0], 2))


def test_reading_100_000_rows(benchmark, tmp_path):
    """The journal behind them: what every verb pays before it scores."""
    path = tmp_path / "journal.jsonl"
    path.write_text("".join(map(journal.to_line, rows_of(*SHAPES["a board"]))))
    benchmark.pedantic(journal.read, (path,), rounds=1)


def test_self_consistency_of_100_000_rows(benchmark):
    plain = rows_of(50, 1, 20, 25)
    checks = [
        replace(row, key=f"{row.key} {check}", check=check) for check in ("symmetry", "shuffled") for row in plain
    ]
    benchmark.pedantic(score.consistency, ([*plain, *checks],), rounds=1)
