# SPDX-License-Identifier: Apache-2.0
"""Trials in processes of this machine."""

from __future__ import annotations

from mibench.harness import provenance
from mibench.harness.executors import Request, TrialExecutor
from mibench.harness.isolate import IsolatedExecutor

__all__ = ["LocalExecutor", "make"]


class LocalExecutor(IsolatedExecutor, TrialExecutor):
    """One process per trial, `jobs` at a time."""

    def __init__(self, request: Request) -> None:
        self._jobs = request.jobs or 1
        gpu = request.device != "cpu" and bool(provenance.gpus())
        super().__init__(
            self._jobs,
            timeout=request.timeout,
            memory=request.memory,
            preload=request.preload,
            data_limit=not gpu,
        )

    def slots(self) -> int:
        return self._jobs


make = LocalExecutor
