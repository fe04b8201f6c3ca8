# SPDX-License-Identifier: Apache-2.0
"""An executor that gives each call a process of its own, with a wall-clock limit and a memory limit.

Whatever happens in the call (an endless loop in C, a segmentation fault, 30 GiB asked for) ends that call only. The
process leads its own session, what it starts ends with it, and it dies when the parent does.
"""

from __future__ import annotations

import os
import pickle
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from multiprocessing import connection, forkserver, get_context, resource_tracker
from typing import Any

from mibench.contracts import MibenchError
from mibench.harness import inside, strays
from mibench.harness.watch import Crashed, Inbox, OutOfMemory, Stopped, TimedOut, Watch, open_log

__all__ = ["Crashed", "IsolatedExecutor", "OutOfMemory", "RemoteError", "Stopped", "TimedOut"]

_TICK = 0.1  # seconds between looks at a trial's memory
_GRACE = 0.7  # seconds between SIGTERM and SIGKILL, and for what a process does after its answer


class RemoteError(MibenchError):
    """The call raised, or its answer could not travel; the text is that of its exception."""


class IsolatedExecutor(Executor):
    """One process per call, at most `max_workers` at a time.

    Parameters
    ----------
    max_workers : int
        Calls that run at the same time.
    timeout : float or None
        Seconds of wall clock per call, start-up included.
    memory : int or None
        Bytes of resident memory per call, its children included. Large allocations are refused inside the process
        (RLIMIT_DATA); what that cannot see (shared and file mappings, children) is watched from here.
    preload : sequence of str
        Modules that a server process imports once; every call then starts as a copy of that server.
    data_limit : bool
        Set RLIMIT_DATA; off for GPU work, whose drivers reserve far more address space than they use.
    """

    def __init__(
        self,
        max_workers: int = 1,
        *,
        timeout: float | None = None,
        memory: int | None = None,
        preload: Sequence[str] = (),
        data_limit: bool = True,
    ) -> None:
        self._timeout = timeout
        self._memory = memory
        self._data_limit = data_limit
        self._context = get_context("forkserver")
        self._context.set_forkserver_preload(["mibench.harness.server", *preload])
        _start_servers()
        self._threads = ThreadPoolExecutor(max_workers, thread_name_prefix="mibench-trial")
        self._stopping = threading.Event()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run ``fn(*args, **kwargs)`` in a process of its own; the future raises `Stopped` if that did not answer."""
        return self._threads.submit(self._supervise, pickle.dumps((fn, args, kwargs)))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Finish; with `cancel_futures`, running calls are killed too."""
        if cancel_futures:
            self._stopping.set()
        self._threads.shutdown(wait, cancel_futures=cancel_futures)

    def _supervise(self, call: bytes) -> Any:
        ours, theirs = self._context.Pipe()
        limit = self._memory if self._data_limit else None
        with ours, theirs, open_log() as log:
            began = time.monotonic()
            process = strays.start(
                lambda: self._context.Process(target=inside.serve, args=(theirs, inside.Descriptor(log), limit, call))
            )
            theirs.close()
            message = self._wait(Watch(process, began, log), Inbox(ours), ours)
        try:
            answered, value = pickle.loads(message)  # noqa: S301 - as trustworthy as the plug-ins that are loaded here
        except Exception as error:
            raise RemoteError(f"its answer cannot be read: {type(error).__name__}: {error}") from error
        if answered:
            return value
        raise RemoteError(value)

    def _wait(self, watch: Watch, inbox: Inbox, pipe: connection.Connection[Any, Any]) -> bytes:
        deadline = None if self._timeout is None else watch.began + self._timeout
        patient = False
        try:
            while True:
                ready = connection.wait([pipe, watch.end], _TICK)
                if ready:
                    try:
                        message = inbox.take()
                    except EOFError:
                        raise watch.crash() from None
                    if message is not None:
                        inbox.settle(_GRACE)  # it is cleaning up after itself
                        return message
                    if watch.end in ready:
                        raise watch.crash()
                held = watch.look(self._memory)
                if self._memory is not None and held > self._memory:
                    raise watch.stop(
                        OutOfMemory, f"held {held / 2**30:.2f} GiB; the limit is {self._memory / 2**30:.2f} GiB"
                    )
                if self._stopping.is_set():
                    raise watch.stop(Crashed, "the run was interrupted")
                if deadline is not None and time.monotonic() > deadline:
                    patient = True
                    raise watch.stop(TimedOut, f"no answer within the limit of {self._timeout:g} s")
        finally:
            watch.close(grace=_GRACE if patient else 0.0)


def _start_servers() -> None:
    """Start the server that trials are copies of, so that its imports overlap with what the caller does next.

    A trial that is killed leaves its named semaphores (numba makes one) to multiprocessing's resource tracker, which
    removes them at the end of the run; it is told to do so without a warning on the terminal.
    """
    before = os.environ.get("PYTHONWARNINGS")
    os.environ["PYTHONWARNINGS"] = f"{before},ignore:resource_tracker" if before else "ignore:resource_tracker"
    try:
        resource_tracker.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONWARNINGS"]
        else:
            os.environ["PYTHONWARNINGS"] = before
    try:
        forkserver.ensure_running()
    except OSError as error:
        raise MibenchError(
            f"cannot start processes for trials: {error.strerror or error}; they need a little room for sockets in "
            f"{tempfile.gettempdir()}: make some, or name another folder in TMPDIR"
        ) from error
