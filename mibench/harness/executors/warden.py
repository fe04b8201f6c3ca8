# SPDX-License-Identifier: Apache-2.0
"""The process beside a cluster's worker that gives every trial a process of its own.

A worker of a cluster is a daemon with threads, loaded libraries and an environment of its own. Trials are therefore
started by a fresh Python process, which has the run's environment before it imports anything, and which ends, with
every trial it watches, when the worker does.

``python -m mibench.harness.executors.warden FD`` reads pickled messages from the socket FD: first an `Order`, then
``(number, call)`` to start a call, ``(number, None)`` to stop it, and None to end. It answers ``(number, outcome)``.
"""

from __future__ import annotations

import contextlib
import pickle
import sys
import tempfile
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from mibench.harness.executors import Request
from mibench.harness.executors.local import LocalExecutor
from mibench.harness.isolate import RemoteError, Stopped

__all__ = ["Order", "Outcome", "main"]

Outcome = tuple[str, Any]  # ("value", it), ("stopped", (class, text, seconds, MiB)), ("raised", text), ("lost", text)

_IDLE = 60.0  # seconds without a trial after which it gives its memory back; the next trial starts another


@dataclass(frozen=True)
class Order:
    """What a run wants of its wardens.

    Attributes
    ----------
    run : str
        A name no other run has.
    request : Request
    sources : mapping of str to bytes
        The plug-in files, by their path on the machine of the parent.
    """

    run: str
    request: Request
    sources: Mapping[str, bytes]


class _Warden:
    def __init__(self, link: Connection[Any, Any], order: Order, scratch: Path) -> None:
        self._link = link
        self._request = replace(order.request, jobs=1)
        self._running: dict[int, LocalExecutor] = {}
        self._sending = threading.Lock()
        self._plugins = {path: _local(path, source, scratch) for path, source in order.sources.items()}
        self._environment = dict(order.request.environment)
        if order.request.cache:
            shared = (order.request.cache / mark(order.run)).exists()  # on a file system that both see
            self._environment["MIBENCH_CACHE"] = str(order.request.cache if shared else scratch / "cache")

    def serve(self) -> None:
        """Until the worker is gone, says so, or has wanted nothing for a while: then the run is over."""
        try:
            while self._link.poll(_IDLE) or self._running:
                if not self._link.poll():
                    continue
                message = self._link.recv()
                if message is None:
                    break
                number, call = message
                if call is not None:
                    self._start(number, call)
                elif executor := self._running.get(number):  # else it ended meanwhile
                    executor.shutdown(wait=False, cancel_futures=True)
        except (EOFError, OSError):
            pass
        finally:
            for executor in list(self._running.values()):
                executor.shutdown(wait=True, cancel_futures=True)

    def _start(self, number: int, call: bytes) -> None:
        def ended(future: Future[Any]) -> None:
            self._running.pop(number).shutdown(wait=False)
            self._answer(number, _outcome(future))

        try:
            fn, args = pickle.loads(call)  # noqa: S301 - the parent's own
            arguments = [self._here(each) for each in args]
        except Exception as error:  # such as a module that this machine lacks
            self._answer(number, ("raised", f"{type(error).__name__}: {error}"))
            return
        try:
            executor = self._running[number] = LocalExecutor(self._request)
            future = executor.submit(fn, *arguments)
        except Exception as error:  # no room for its processes or threads: another machine may have it
            self._running.pop(number, None)
            self._answer(number, ("lost", f"{type(error).__name__}: {error}"))
        else:
            future.add_done_callback(ended)

    def _here(self, argument: Any) -> Any:
        """The setting of a trial as it is on this machine."""
        from mibench.harness.trial import Setting

        if not isinstance(argument, Setting):
            return argument
        plugins = tuple(self._plugins.get(path, path) for path in argument.plugins)
        return replace(argument, plugins=plugins, environment={**argument.environment, **self._environment})

    def _answer(self, number: int, outcome: Outcome) -> None:
        with self._sending, contextlib.suppress(OSError):  # the worker may be gone
            self._link.send((number, outcome))


def mark(run: str) -> str:
    """Name of the file in a run's cache by which another machine knows that it sees the same folder."""
    return f"{run}.part"


def _outcome(future: Future[Any]) -> Outcome:
    try:
        return "value", future.result()
    except Stopped as stop:
        return "stopped", (type(stop), str(stop), stop.seconds, stop.peak_mb)
    except RemoteError as error:
        return "raised", str(error)
    except Exception as error:  # the process could not be started: no memory, no process numbers left
        return "lost", f"{type(error).__name__}: {error}"


def _local(path: str, source: bytes, scratch: Path) -> str:
    """The plug-in's own path where this machine has the same file there, or else a copy of it."""
    try:
        if Path(path).read_bytes() == source:
            return path
    except OSError:
        pass
    folder = Path(tempfile.mkdtemp(dir=scratch))
    copy = folder / Path(path).name
    copy.write_bytes(source)
    return str(copy)


def main(descriptor: int) -> None:
    """Serve the worker at the other end of the socket."""
    with Connection(descriptor) as link, tempfile.TemporaryDirectory(prefix="mibench-") as scratch:
        _Warden(link, link.recv(), Path(scratch)).serve()


if __name__ == "__main__":
    # the module as trials and the worker import it, so that its classes are theirs
    from mibench.harness.executors import warden

    warden.main(int(sys.argv[1]))
