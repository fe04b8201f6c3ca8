# SPDX-License-Identifier: Apache-2.0
"""The parent's view of one trial's process: its answer, its memory, its last words and its end.

Nothing here waits on the trial: whatever it does or stops doing, the parent keeps its clock.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import struct
import tempfile
import time
from collections.abc import Iterator
from multiprocessing import connection
from multiprocessing.context import ForkServerProcess
from typing import ClassVar

import psutil

from mibench.contracts import MibenchError, Status
from mibench.harness import strays
from mibench.harness.inside import MOST_ANSWER

__all__ = ["Crashed", "Inbox", "OutOfMemory", "Stopped", "TimedOut", "Watch", "open_log"]

_TREE_LOOKS = 3  # every so many looks, its children's memory is counted anew
_LOG = 4 * 2**20  # bytes that a trial may have printed before all but the last are dropped
_TAIL = 8000  # bytes of it that are read for the last words
_DYING = 5.0  # seconds between the end of a process's pipe and of the process, when it had much memory to give back
_SEEN = 2.0  # seconds until a server that was killed is seen to be dead
_LOST = 255  # what multiprocessing gives for an exit code that nobody told
_SAID_OUT_OF_MEMORY = re.compile(r"\bMemoryError\b|bad_alloc|[Cc]annot allocate memory|out of memory")


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


class Inbox:
    """Messages of a `Connection`, read piece by piece without ever waiting for the sender."""

    def __init__(self, pipe: connection.Connection[object, object]) -> None:
        self._pipe = pipe
        self._held = bytearray()
        os.set_blocking(pipe.fileno(), False)

    def take(self) -> bytes | None:
        """The next message, None if it is not all here yet.

        Raises
        ------
        EOFError
            If the sender closed its end, or sent what is no message.
        """
        while (message := self._next()) is None:
            try:
                piece = os.read(self._pipe.fileno(), 2**16)
            except BlockingIOError:
                return None
            except OSError as error:
                raise EOFError from error
            if not piece:
                raise EOFError
            self._held += piece
        return message

    def settle(self, seconds: float) -> None:
        """Wait until there is more to read, or the sender is gone."""
        if not self._held:
            connection.wait([self._pipe], seconds)

    def _next(self) -> bytes | None:
        if len(self._held) < 4:
            return None
        (size,) = struct.unpack("!i", self._held[:4])
        if not 0 <= size <= MOST_ANSWER:
            raise EOFError
        if len(self._held) < 4 + size:
            return None
        message = bytes(self._held[4 : 4 + size])
        del self._held[: 4 + size]
        return message


@contextlib.contextmanager
def open_log() -> Iterator[int]:
    """A file for what a trial prints, in memory where the system can, so that a full disk breaks no trial."""
    if hasattr(os, "memfd_create"):
        log = os.memfd_create("mibench-log")
    else:
        with tempfile.TemporaryFile() as file:
            log = os.dup(file.fileno())
    try:
        yield log
    finally:
        os.close(log)


class Watch:
    """One process that `strays.start` made.

    Parameters
    ----------
    process : process
    began : float
        `time.monotonic()` before it was started.
    log : int
        Descriptor of what it prints.
    """

    def __init__(self, process: ForkServerProcess, began: float, log: int) -> None:
        self.process = process
        self.began = began
        self._log = log
        self._dropped = b""
        self._looks = 0
        self._children = 0
        self._peak = 0
        self._server = strays.server()
        self._pidfd: int | None = None
        if hasattr(os, "pidfd_open"):  # the kernel's word, which holds even when the server that started it is killed
            with contextlib.suppress(OSError):
                self._pidfd = os.pidfd_open(process.pid or 0)

    @property
    def end(self) -> int:
        """What becomes ready to read when the process ends."""
        return self.process.sentinel if self._pidfd is None else self._pidfd

    def look(self, limit: int | None) -> int:
        """Bytes of resident memory held now by the process and its children, counted exactly near `limit`."""
        self._trim_log()
        held = _resident(self.process.pid or 0)
        if self._looks % _TREE_LOOKS == 0:
            family = strays.descendants(self.process.pid or 0)
            self._children = sum(map(_resident, family))
            if family and limit is not None and held + self._children > limit:
                # copies of a process share their memory: each page is counted once
                self._children = max(0, sum(map(_share, [self.process.pid or 0, *family])) - held)
        self._looks += 1
        self._peak = max(self._peak, held + self._children)
        return held + self._children

    def stop(self, kind: type[Stopped], message: str) -> Stopped:
        """What to raise for a process that is to be ended."""
        return kind(message, time.monotonic() - self.began, self._peak / 2**20)

    def crash(self) -> Stopped:
        """What to raise for a process that ended, or closed its pipe, without an answer."""
        tail = self._last_words()
        words = f"; its last words: {tail}" if tail else ""
        if not connection.wait([self.end], _DYING):
            return self.stop(Crashed, f"closed the pipe of its answer and went on{words}")
        self.process.join(_DYING)
        code = self.process.exitcode
        kind: type[Stopped] = Crashed
        if code is not None and code < 0:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
            ended = f"killed by {name}"
            if name == "SIGKILL":
                ended += " from outside (the system's out-of-memory killer?)"
        elif code == _LOST and self._lost_its_server():
            ended = "ended without an answer, and how is not known: the process that starts trials was killed too"
        else:
            ended = f"exited with code {code} and no answer"
        if _SAID_OUT_OF_MEMORY.search(tail):
            kind = OutOfMemory
        return self.stop(kind, ended + words)

    def _lost_its_server(self) -> bool:
        """Whether the server ended too; one that is being killed is not seen to be dead at once."""
        deadline = time.monotonic() + _SEEN
        while self._server is not None and strays.server() == self._server:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True

    def close(self, grace: float) -> None:
        """End the process and all that it left behind; with `grace`, after a SIGTERM and so many seconds."""
        if grace:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid or 0, signal.SIGTERM)
            connection.wait([self.end], grace)
        strays.end(self.process)
        if self._pidfd is not None:
            os.close(self._pidfd)

    def _trim_log(self) -> None:
        size = os.fstat(self._log).st_size
        if size > _LOG:
            self._dropped = os.pread(self._log, _TAIL, size - _TAIL)
            os.ftruncate(self._log, 0)

    def _last_words(self, lines: int = 5) -> str:
        """What it printed last, on one line; of a fatal error, what it was and the innermost frames."""
        size = os.fstat(self._log).st_size
        text = (self._dropped + os.pread(self._log, _TAIL, max(0, size - _TAIL)))[-_TAIL:].decode(errors="replace")
        kept = [line.strip() for line in text.splitlines() if line.strip()]
        fatal = [i for i, line in enumerate(kept) if line.startswith("Fatal Python error")]
        return " | ".join(kept[fatal[-1] :][:lines] if fatal else kept[-lines:])


def _resident(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0


def _share(pid: int) -> int:
    try:
        full = psutil.Process(pid).memory_full_info()
        return int(getattr(full, "pss", full.uss))
    except psutil.Error:
        return 0
