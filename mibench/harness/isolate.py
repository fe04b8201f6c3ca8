# SPDX-License-Identifier: Apache-2.0
"""An executor that gives each call a process of its own, with a wall-clock limit and a memory limit.

Whatever happens in the call (an endless loop in C, a segmentation fault, 30 GiB asked for) ends that call only. The
process leads its own session, so its children end with it, and it dies when the parent does.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from multiprocessing import connection, forkserver, get_context, resource_tracker
from multiprocessing.context import ForkServerProcess
from typing import Any, ClassVar

import psutil

from mibench.contracts import MibenchError, Status
from mibench.harness import inside

__all__ = ["Crashed", "IsolatedExecutor", "OutOfMemory", "RemoteError", "Stopped", "TimedOut"]

_TICK = 0.1  # seconds between looks at a trial's memory
_TREE_TICKS = 10  # every so many looks, its children are counted too (that scans /proc)
_GRACE = 0.7  # seconds between SIGTERM and SIGKILL, and for what a process does after its answer


class Stopped(MibenchError):
    """A call whose process did not answer; `seconds` and `peak_mb` say how far it got."""

    status: ClassVar[Status] = "crashed"

    def __init__(self, message: str, seconds: float, peak_mb: float) -> None:
        super().__init__(message)
        self.seconds = seconds
        self.peak_mb = peak_mb


class TimedOut(Stopped):
    """The wall-clock limit passed."""

    status = "timeout"


class OutOfMemory(Stopped):
    """The process and its children held more memory than allowed."""

    status = "out_of_memory"


class Crashed(Stopped):
    """The process ended without an answer: a signal, or an exit of its own."""


class RemoteError(MibenchError):
    """The call raised; the text is that of its exception."""


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
        if preload:
            self._context.set_forkserver_preload(list(preload))
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
        with ours, theirs, tempfile.TemporaryFile() as log:
            process = self._context.Process(
                target=inside.serve, args=(theirs, inside.Descriptor(log.fileno()), limit, call)
            )
            began = time.monotonic()
            process.start()
            theirs.close()
            answered, value = self._wait(_Watch(process, began, log.fileno()), ours)
        if answered:
            return value
        raise RemoteError(value)

    def _wait(self, watch: _Watch, answer: connection.Connection[Any, Any]) -> tuple[bool, Any]:
        deadline = None if self._timeout is None else watch.began + self._timeout
        patient = False
        try:
            while True:
                ready = connection.wait([answer, watch.process.sentinel], _TICK)
                if answer in ready:
                    with contextlib.suppress(EOFError, ConnectionError):
                        received: tuple[bool, Any] = answer.recv()
                        answer.poll(_GRACE)  # it is cleaning up after itself
                        return received
                if ready:
                    raise watch.crash()
                held = watch.look()
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
            _end(watch.process, grace=_GRACE if patient else 0.0)


class _Watch:
    """The parent's view of one trial's process."""

    def __init__(self, process: ForkServerProcess, began: float, log: int) -> None:
        self.process = process
        self.began = began
        self._log = log
        self._looks = 0
        self._children = 0
        self._peak = 0

    def look(self) -> int:
        """Bytes of resident memory held now by the process and its children."""
        held = 0
        with contextlib.suppress(psutil.Error):
            leader = psutil.Process(self.process.pid)
            held = leader.memory_info().rss
            if self._looks % _TREE_TICKS == 0:
                self._children = sum(_resident(child) for child in leader.children(recursive=True))
        self._looks += 1
        self._peak = max(self._peak, held + self._children)
        return held + self._children

    def stop(self, kind: type[Stopped], message: str) -> Stopped:
        return kind(message, time.monotonic() - self.began, self._peak / 2**20)

    def crash(self) -> Stopped:
        self.process.join(5)
        code = self.process.exitcode
        if code is not None and code < 0:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
            ended = f"killed by {name}"
            if name == "SIGKILL":
                ended += " from outside (the system's out-of-memory killer?)"
        else:
            ended = f"exited with code {code} and no answer"
        tail = _tail(self._log)
        return self.stop(Crashed, f"{ended}; its last words: {tail}" if tail else ended)


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
    forkserver.ensure_running()


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _tail(log: int, lines: int = 5, size: int = 8000) -> str:
    """What a trial printed last, on one line; of a fatal error, what it was and the innermost frames."""
    end = os.fstat(log).st_size
    text = os.pread(log, size, max(0, end - size)).decode(errors="replace")
    kept = [line.strip() for line in text.splitlines() if line.strip()]
    fatal = [i for i, line in enumerate(kept) if line.startswith("Fatal Python error")]
    return " | ".join(kept[fatal[-1] :][:lines] if fatal else kept[-lines:])


def _end(process: ForkServerProcess, grace: float) -> None:
    """SIGTERM, then SIGKILL, to the process and all its children."""
    if grace:
        _signal(process, signal.SIGTERM)
        process.join(grace)
    _signal(process, signal.SIGKILL)
    process.join()
    process.close()


def _signal(process: ForkServerProcess, number: signal.Signals) -> None:
    if process.pid is None:
        return
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:  # it has not made its session yet, or all is over
        if process.exitcode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, number)
