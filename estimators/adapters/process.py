# SPDX-License-Identifier: Apache-2.0
"""Run a command that may hang, fork or print without end: bounded in time and memory, and nothing of it stays."""

from __future__ import annotations

import contextlib
import fcntl
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Ended", "run"]

_KEPT = 1 << 16  # bytes of each stream: its end
_TICK = 0.05  # seconds between looks at a process that says nothing
_DRAIN = 1 << 21  # bytes read at most once it has ended: more than pipes hold


@dataclass(frozen=True)
class Ended:
    """How a command ended; `code` is None where it was killed at its time, negative for a signal."""

    code: int | None
    output: str
    errors: str
    seconds: float


def run(arguments: Sequence[str], folder: Path, timeout: float | None) -> Ended:
    """Run a command without a shell, with no input, in a process group of its own that is killed at the end.

    Its output is read as it comes, and the last 64 KiB of each stream are kept. The group is killed too when this
    process ends, by SIGKILL even: the command holds a pipe whose other end is here, and the kernel does the rest.

    Raises
    ------
    OSError
        If it cannot be started.
    """
    began = time.monotonic()
    leash, held = os.pipe()
    try:
        process = subprocess.Popen(
            arguments,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
            pass_fds=(leash,),
        )
    except BaseException:
        os.close(leash)
        os.close(held)
        raise
    with process, _sigterm_raises():
        try:
            _tie(leash, process.pid)
            os.close(leash)
            code, streams = _watch(process, None if timeout is None else began + timeout)
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)  # before its number is free for another's
            process.wait()
            os.close(held)
    output, errors = (bytes(stream).decode(errors="replace") for stream in streams)
    return Ended(None if code is None else process.returncode, output, errors, time.monotonic() - began)


def _watch(process: subprocess.Popen[bytes], deadline: float | None) -> tuple[int | None, list[bytearray]]:
    """Read until the process ends, which is 0, or its time does, which is None."""
    pipes: list[Any] = [process.stdout, process.stderr]
    kept = [bytearray(), bytearray()]
    with selectors.DefaultSelector() as selector:
        for pipe, stream in zip(pipes, kept, strict=True):
            os.set_blocking(pipe.fileno(), False)
            selector.register(pipe, selectors.EVENT_READ, stream)
        while True:
            open_pipes = bool(selector.get_map())
            _read(selector, _TICK if open_pipes else _TICK / 10)
            # not reaped yet: its group keeps its number until all of it is killed
            if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
                left = _DRAIN
                while left > 0 and (got := _read(selector, 0)):
                    left -= got
                return 0, kept
            if deadline is not None and time.monotonic() > deadline:
                return None, kept


def _read(selector: selectors.BaseSelector, patience: float) -> int:
    """Read once from every stream that has something; bytes read."""
    total = 0
    if not selector.get_map():
        time.sleep(patience)
    for key, _ in selector.select(patience) if selector.get_map() else []:
        with contextlib.suppress(BlockingIOError):
            data = os.read(key.fd, _KEPT)
            if not data:
                selector.unregister(key.fileobj)
            key.data.extend(data)
            del key.data[:-_KEPT]
            total += len(data)
    return total


def _tie(leash: int, group: int) -> None:
    """Have the kernel kill `group` when the other end of `leash` closes (Linux)."""
    if not hasattr(fcntl, "F_SETSIG"):
        return
    with contextlib.suppress(OSError):  # it has ended already
        fcntl.fcntl(leash, fcntl.F_SETOWN, -group)
        fcntl.fcntl(leash, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(leash, fcntl.F_SETFL, fcntl.fcntl(leash, fcntl.F_GETFL) | os.O_ASYNC)


@contextlib.contextmanager
def _sigterm_raises() -> Iterator[None]:
    """A polite end of this process (a trial at its limit) cleans up on its way out, where nobody else has a say."""
    ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    if not ours:
        yield
        return

    def leave(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
