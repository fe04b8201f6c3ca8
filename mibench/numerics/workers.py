# SPDX-License-Identifier: Apache-2.0
"""Compiled code that holds no lock, on as many threads as numba may use."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numba

__all__ = ["side_by_side"]


def side_by_side(work: Callable[[int, int], None], jobs: int) -> None:
    """Call ``work(worker, workers)`` for each worker from 0 on; it does the jobs ``worker, worker + workers, ...``."""
    workers = min(numba.get_num_threads(), jobs)
    if workers < 2:
        for worker in range(workers):
            work(worker, workers)
        return
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(lambda worker: work(worker, workers), range(workers)))
