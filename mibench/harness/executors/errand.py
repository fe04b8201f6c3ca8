# SPDX-License-Identifier: Apache-2.0
"""What a Dask worker does for a trial: hand it to the warden beside it, and wait."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from multiprocessing.connection import Connection
from typing import Any

import mibench
from mibench.harness.executors.warden import Order, Outcome

__all__ = ["run"]

_LOOK = 0.5  # seconds between looks whether the trial is still wanted
_wardens: dict[str, _Warden] = {}
_lock = threading.Lock()


def run(version: str, order: Order, call: bytes) -> Outcome:
    """Make `call` in a process of its own on this machine; the thread of the Dask worker waits for it.

    Returns
    -------
    Outcome
        ``("refused", text)`` if this machine has another version of mibench.
    """
    if version != mibench.__version__:
        return "refused", f"{socket.gethostname()} has mibench {mibench.__version__}"
    warden = _beside(order)
    number, answer = warden.start(call)
    wanted = _watch()
    while True:
        try:
            return answer.result(_LOOK)
        except NotYet:
            if not wanted():  # cancelled, or the scheduler is gone
                warden.stop(number)
                return "lost", "no longer wanted"


def _watch() -> Any:
    """A function that tells whether the scheduler still wants the task that this thread runs."""
    from distributed import Status, get_worker

    worker = get_worker()
    key = worker.get_current_task()

    def wanted() -> bool:
        task = worker.state.tasks.get(key)
        return task is not None and task.state != "cancelled" and worker.status in (Status.running, Status.paused)

    return wanted


def _beside(order: Order) -> _Warden:
    """The warden of this run; one of another run ends once it has nothing to watch."""
    with _lock:
        for run, warden in list(_wardens.items()):
            if warden.over or (run != order.run and warden.idle):
                warden.close()
                del _wardens[run]
        if order.run not in _wardens:
            _wardens[order.run] = _Warden(order)
        return _wardens[order.run]


class _Warden:
    """This end of the socket to a warden."""

    def __init__(self, order: Order) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "mibench.harness.executors.warden", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env={**os.environ, **order.request.environment},
                start_new_session=True,  # Ctrl-C at the worker's terminal is for the worker
            )
        self._link: Connection[Any, Any] = Connection(ours.detach())
        self._answers: dict[int, Future[Outcome]] = {}
        self._lock = threading.Lock()
        self._count = 0
        self.over = False
        self._link.send(order)
        threading.Thread(target=self._receive, name="mibench-warden", daemon=True).start()

    @property
    def idle(self) -> bool:
        return not self._answers

    def start(self, call: bytes) -> tuple[int, Future[Outcome]]:
        """Have it make `call`; its number, and its outcome to come."""
        answer: Future[Outcome] = Future()
        with self._lock:
            self._count += 1
            self._answers[self._count] = answer
            self._send(self._count, call)
            if self.over:
                self._lose(self._count)
            return self._count, answer

    def stop(self, number: int) -> None:
        with self._lock:
            self._send(number, None)

    def close(self) -> None:
        """Have it end; the thread that listens closes the socket when it did."""
        with contextlib.suppress(OSError):
            self._link.send(None)
        threading.Thread(target=self._process.wait, daemon=True).start()

    def _send(self, number: int, call: bytes | None) -> None:
        try:
            self._link.send((number, call))
        except OSError:
            self.over = True

    def _receive(self) -> None:
        try:
            while True:
                number, outcome = self._link.recv()
                if (answer := self._answers.pop(number, None)) is not None:
                    answer.set_result(outcome)
        except (EOFError, OSError):
            self.over = True
            with self._lock:
                self._link.close()
                for number in list(self._answers):
                    self._lose(number)

    def _lose(self, number: int) -> None:
        if (answer := self._answers.pop(number, None)) is not None:
            answer.set_result(("lost", "the process that watches trials on the worker was killed"))
