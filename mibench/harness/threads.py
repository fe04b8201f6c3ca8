# SPDX-License-Identifier: Apache-2.0
"""Thread caps: jobs x threads = cores, in every library that starts threads of its own."""

from __future__ import annotations

import os
import sys

__all__ = ["available_cores", "cap", "environment"]

_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "NUMBA_NUM_THREADS")


def available_cores() -> int:
    """Cores this process may use: its affinity, not the machine's count."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def environment(threads: int) -> dict[str, str]:
    """Variables that libraries read when they load."""
    return dict.fromkeys(_VARIABLES, str(threads))


def cap(threads: int) -> None:
    """Cap libraries that are already loaded; those loaded later read `environment`."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(threads)  # used as a call, not a context: it lasts as long as the process
    if "torch" in sys.modules:
        import torch

        torch.set_num_threads(threads)
    if "numba" in sys.modules:
        import numba

        numba.set_num_threads(min(threads, int(vars(numba.config)["NUMBA_NUM_THREADS"])))
