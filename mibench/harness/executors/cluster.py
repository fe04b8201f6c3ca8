# SPDX-License-Identifier: Apache-2.0
"""Trials on an existing Dask cluster. Workers may be lost, the scheduler may restart: the run goes on."""

from __future__ import annotations

import contextlib
import logging
import math
import pickle
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import mibench
from mibench.contracts import InputError, NotInstalled
from mibench.harness.executors import ExecutorFailed, Request, TrialExecutor, errand
from mibench.harness.executors.warden import Order, mark
from mibench.harness.isolate import Crashed, RemoteError

__all__ = ["DaskExecutor", "make"]

_LOSSES = 5  # times that a trial is sent anew after it was lost with a connection, before it counts as crashed
_PATIENCE = 600.0  # seconds that the scheduler may be away
_CONNECT = 20.0  # seconds for one attempt to connect
_FRESH = 1.0  # seconds that a count of the cluster's threads is good for
_THREADS = 4096  # trials in flight, each waited for by a thread here that does nothing else
_log = logging.getLogger(__name__)


def make(request: Request) -> DaskExecutor:
    """Connect to the cluster at `request.scheduler`, or else where Dask's configuration says.

    Raises
    ------
    NotInstalled
        Without the package distributed.
    InputError
        If neither names a scheduler.
    ExecutorFailed
        If the scheduler does not answer or a worker's mibench is another version.
    """
    try:
        import dask.config
        import distributed  # noqa: F401
    except ModuleNotFoundError as error:
        raise NotInstalled("--executor dask needs Dask: pip install 'mibench[dask]'") from error
    address = request.scheduler or dask.config.get("scheduler-address", None)
    if not address:
        raise InputError(
            "--executor dask needs a cluster: give --scheduler tcp://HOST:8786, or set DASK_SCHEDULER_ADDRESS; "
            "docs/cluster.md says how to start one"
        )
    return DaskExecutor(str(address), request)


class DaskExecutor(TrialExecutor):
    """Every call goes to a thread of a Dask worker, which has it made in a process of its own beside it.

    Parameters
    ----------
    address : str
        Of the scheduler.
    request : Request
    patience : float
        Seconds that the scheduler may be away before the run ends.

    Notes
    -----
    A task whose worker is lost goes to another one, as often as the scheduler's ``allowed-failures`` says (3); after
    that its trial is a ``crashed`` row. When the scheduler itself was lost, what was in flight is sent anew.
    """

    def __init__(self, address: str, request: Request, *, patience: float = _PATIENCE) -> None:
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # it is said here, once
        self.address = address
        self._most = request.jobs
        self._patience = patience
        self._order = Order(uuid.uuid4().hex, request, {path: _source(path) for path in request.plugins})
        self._mark = request.cache / mark(self._order.run) if request.cache else None
        self._connecting = threading.Lock()
        self._stopping = threading.Event()
        self._flying: set[Any] = set()
        self._counted = (-math.inf, 0)
        self._machines: dict[str, dict[str, Any]] = {}  # by name: versions and hardware of all that were seen
        self._client = self._connect(_CONNECT)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="mibench-flight")
        try:
            self._meet_workers()
        except BaseException:
            self._client.close()
            raise

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Make ``fn(*args)`` on the cluster; the future raises as that of `IsolatedExecutor` does."""
        if kwargs:
            raise TypeError("give arguments by position")
        if self._mark and not self._flying:
            with contextlib.suppress(OSError):  # then nobody sees it
                self._mark.parent.mkdir(parents=True, exist_ok=True)
                self._mark.touch()
        return self._threads.submit(self._supervise, pickle.dumps((fn, args)))

    def slots(self) -> int:
        """Threads of all workers now, at most `jobs` of the request."""
        when, count = self._counted
        if time.monotonic() - when > _FRESH:
            self._counted = time.monotonic(), count
            # without a connection the last count holds; a worker of another version is refused by its first trial
            with contextlib.suppress(Exception):
                if self._client.status == "running":
                    now = sum(self._client.nthreads().values())
                    self._counted = time.monotonic(), now
                    if now > count:
                        self._meet_workers()
        return max(1, min(self._counted[1], self._most or _THREADS, _THREADS))

    def places(self) -> dict[str, Any]:
        return {"scheduler": self.address, "machines": list(self._machines.values())}

    def describe(self) -> str:
        threads = self._client.nthreads()
        if not threads:
            return f"the cluster at {self.address}, which has no worker yet: waiting for one"
        return (
            f"the cluster at {self.address}, of {len(threads)} worker(s) with {sum(threads.values())} thread(s) in all"
        )

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Finish; with `cancel_futures`, what runs on the cluster is cancelled and killed there."""
        if cancel_futures:
            self._stopping.set()
            with contextlib.suppress(Exception):  # the scheduler may be away: workers stop without it too
                self._client.cancel(list(self._flying), force=True)
        self._threads.shutdown(wait, cancel_futures=cancel_futures)
        with contextlib.suppress(Exception):
            self._client.close(timeout=5)
        if self._mark:
            with contextlib.suppress(OSError):
                self._mark.unlink()

    def _supervise(self, call: bytes) -> Any:
        """Send a call, and send it anew when it was lost on the way."""
        from distributed import CancelledError, KilledWorker
        from distributed.comm.core import CommClosedError

        began = time.monotonic()
        why = ""
        for _ in range(1 + _LOSSES):
            client = self._connected()
            if self._stopping.is_set():
                break
            try:
                task = client.submit(
                    errand.run, mibench.__version__, self._order, call, key=f"mibench-{uuid.uuid4().hex}", pure=False
                )
                self._flying.add(task)
                try:
                    kind, what = task.result()
                finally:
                    self._flying.discard(task)
            except KilledWorker as error:
                raise Crashed(f"lost with its worker {error.allowed_failures + 1} times", _since(began), 0.0) from error
            except (CancelledError, CommClosedError, OSError) as error:
                why = f"{type(error).__name__}: {error}".partition("\n")[0]
                continue
            except Exception:  # a worker that came later and cannot read the call
                self._meet_workers()
                raise
            if kind == "value":
                return what
            if kind == "stopped":
                stop, *about = what
                raise stop(*about)
            if kind == "raised":
                raise RemoteError(what)
            if kind == "refused":
                raise ExecutorFailed(_REFUSAL.format(what))
            why = what
        if self._stopping.is_set():
            raise Crashed("the run was interrupted", _since(began), 0.0)
        raise Crashed(f"lost on the cluster {1 + _LOSSES} times; the last time: {why}", _since(began), 0.0)

    def _connected(self) -> Any:
        """The client, once it has a scheduler; a new one where the old one gave up."""
        with self._connecting:
            if self._client.status == "running":
                return self._client
            _log.warning("the scheduler at %s is away; what was in flight is sent anew once it is back", self.address)
            deadline = time.monotonic() + self._patience
            while not self._stopping.is_set() and self._client.status != "running":
                if self._client.status == "closed":
                    with contextlib.suppress(ExecutorFailed):
                        self._client = self._connect(min(_CONNECT, self._patience))
                if time.monotonic() > deadline:
                    raise ExecutorFailed(
                        f"the scheduler at {self.address} was away for {self._patience:g} s. Every row so far is safe: "
                        "start it again, then give the same command again"
                    )
                self._stopping.wait(0.2)
            return self._client

    def _connect(self, timeout: float) -> Any:
        from distributed import Client

        try:
            return Client(  # type: ignore[no-untyped-call]
                self.address, timeout=timeout, set_as_default=False, name="mibench"
            )
        except (OSError, ValueError) as error:
            raise ExecutorFailed(
                f"no Dask scheduler answers at {self.address} ({type(error).__name__}: {error}): is it running, and "
                "does --scheduler name it?"
            ) from error

    def _meet_workers(self) -> None:
        """Refuse workers whose mibench is another, and note what machines the others are on."""
        found: dict[str, Any] = {}
        with contextlib.suppress(OSError):  # the scheduler is away
            found = self._client.run(_introduction(), on_error="return")
        for address, about in found.items():
            if isinstance(about, OSError):
                continue  # it is gone; the scheduler sends its tasks elsewhere
            if isinstance(about, Exception):
                raise ExecutorFailed(f"the worker {address} cannot say what it is ({type(about).__name__}: {about})")
            if about["versions"]["mibench"] != mibench.__version__:
                raise ExecutorFailed(_REFUSAL.format(f"{about['host']} has mibench {about['versions']['mibench']}"))
            self._machines[about["host"]] = about


_REFUSAL = (
    f"{{}}, and here is mibench {mibench.__version__}: install the same version on the workers, and in the environment "
    "that runs them"
)


def _since(began: float) -> float:
    return time.monotonic() - began


def _source(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"cannot read the plug-in {path}: {error.strerror}") from error


def _introduction() -> Callable[[], dict[str, Any]]:
    """A function that says what the machine is that runs it; nested, so that it travels whole and needs no mibench."""

    def introduce() -> dict[str, Any]:
        import socket

        host = socket.gethostname()
        try:
            from mibench.harness import provenance
        except ImportError as error:
            return {"host": host, "versions": {"mibench": f"not installed ({error})"}}
        return {"host": host, "versions": provenance.versions(), "hardware": provenance.hardware()}

    return introduce
