# SPDX-License-Identifier: Apache-2.0
"""Where trials run: processes of this machine, a Dask cluster, or what a package adds (`mibench.executors`).

An executor is a `concurrent.futures.Executor` that says how many trials it has room for. Each of its calls runs in a
process of its own, with the limits of the `Request`, and ends in a value, a `mibench.harness.isolate.Stopped` or a
`mibench.harness.isolate.RemoteError`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mibench.contracts import MibenchError
from mibench.registry import Entry, Registry

__all__ = ["ExecutorFailed", "Request", "TrialExecutor", "make", "registry"]

registry = Registry(
    "executor",
    "mibench.executors",
    {
        "local": Entry("mibench.harness.executors.local:make", "processes of this machine"),
        "dask": Entry("mibench.harness.executors.cluster:make", "an existing Dask cluster"),
    },
)


class ExecutorFailed(MibenchError):
    """The executor cannot go on: this ends the run, not a trial. Every row written so far is safe."""


@dataclass(frozen=True)
class Request:
    """What a run asks of its executor.

    Attributes
    ----------
    jobs : int or None
        Most trials at a time; None: as many as it has room for.
    timeout : float or None
        Seconds of wall clock per trial.
    memory : int or None
        Bytes per trial.
    device : str
        Where torch computes: auto, cpu, cuda, ...
    preload : tuple of str
        Modules that every trial imports.
    environment : mapping of str to str
        Set before anything is imported that reads it.
    plugins : tuple of str
        Plug-in files of the run.
    cache : Path or None
        Folder of the compressions that trials share; None: the user chose one (in the environment).
    scheduler : str or None
        Address of the cluster's scheduler.
    """

    jobs: int | None = None
    timeout: float | None = None
    memory: int | None = None
    device: str = "auto"
    preload: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    plugins: tuple[str, ...] = ()
    cache: Path | None = None
    scheduler: str | None = None


class TrialExecutor(Executor):
    """An executor that knows its size."""

    @abstractmethod
    def slots(self) -> int:
        """Trials it has room for now; at least 1."""

    def places(self) -> dict[str, Any]:
        """Where trials run, for the manifest, if that is not this machine."""
        return {}

    def describe(self) -> str:
        """Where trials run, for the terminal; empty for this machine."""
        return ""


def make(name: str, request: Request) -> TrialExecutor:
    """The executor `name`.

    Raises
    ------
    UnknownName, NotInstalled, ExecutorFailed
        If there is none of that name, its package is missing, or it cannot be reached.
    """
    registry.entry(name)
    executor: TrialExecutor = registry.factory(name)(request)
    return executor
