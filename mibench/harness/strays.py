# SPDX-License-Identifier: Apache-2.0
"""Processes that a trial leaves behind, wherever they hide: found, and ended with it.

A process group holds the children that stay in it. One that made a session of its own, or whose parent ended, is found
by descent: on Linux every trial, and the server that trials are copies of, adopt the orphans among their descendants
(PR_SET_CHILD_SUBREAPER), so that none escapes to the system's first process while they live.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Collection
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess
from pathlib import Path

__all__ = ["adopt_orphans", "children", "descendants", "end", "end_all", "server", "start"]

_SET_CHILD_SUBREAPER = 36  # of prctl(2)
_ATTEMPTS = 8  # to start a process, while trials kill the server; with growing pauses, seconds in all
_PATIENCE = 10.0  # seconds for what was killed to be gone
_PAUSE = 0.01
_LISTED = os.path.exists(f"/proc/self/task/{os.getpid()}/children")  # not on every kernel

_starting = threading.Lock()  # held while a process is being made whose number is not known yet
_trials: set[int] = set()  # numbers of the processes that this one has started and not ended


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends; nothing happens where the system knows no such."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def start(make: Callable[[], ForkServerProcess]) -> ForkServerProcess:
    """Start the process that `make` describes, anew if a trial has killed the server meanwhile.

    Raises
    ------
    OSError, EOFError
        If the server cannot be had, or fails every time.
    """
    for attempt in range(_ATTEMPTS):
        if attempt:  # a server that is being killed refuses connections until the system has seen its end
            time.sleep(_PAUSE * 2**attempt)
        with _starting:
            process = make()
            _wake_server()
            try:
                process.start()
            except (EOFError, ConnectionError):
                if attempt == _ATTEMPTS - 1:
                    raise
                continue
            _trials.add(process.pid or 0)
            return process
    raise AssertionError("unreachable")


def end(process: ForkServerProcess) -> None:
    """Kill a process that `start` made, its group, and every process that it or its children left behind."""
    pid = process.pid or 0
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:  # it has not made its session yet, or all is over
        if process.exitcode is None:
            _kill(pid)
    deadline = time.monotonic() + _PATIENCE
    while process.exitcode is None and time.monotonic() < deadline:
        _wake_server()  # it tells the exit code
        process.join(1)
    with contextlib.suppress(ValueError):  # it hangs in the kernel, as on a lost network drive, and cannot be killed
        process.close()
    with _starting:
        _trials.discard(pid)
        ancestor = server()
        if ancestor is not None:
            end_all(ancestor, spared=_trials)


def end_all(ancestor: int, spared: Collection[int] = ()) -> None:
    """Kill the descendants of `ancestor` outside its own session, those of the `spared` children excepted.

    Descendants in its session are not trials': every trial makes a session of its own before it runs foreign code.
    """
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if ancestor == os.getpid():
            _reap()
        left = [pid for pid in children(ancestor) if pid not in spared and _is_stray(pid, ancestor)]
        if not left:
            return
        for pid in left:
            for each in (pid, *descendants(pid)):
                _kill(each)
        time.sleep(_PAUSE)


def children(pid: int) -> list[int]:
    """Numbers of the processes whose parent is `pid`; empty where it is gone."""
    if not _LISTED:
        return _children_by_search(pid)
    found: list[int] = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it ended
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                found += map(int, (task / "children").read_bytes().split())
    return found


def _children_by_search(pid: int) -> list[int]:
    import psutil

    with contextlib.suppress(psutil.Error):
        return [each.pid for each in psutil.Process(pid).children()]
    return []


def descendants(pid: int) -> list[int]:
    """Numbers of the processes that descend from `pid`, parents first."""
    found = children(pid)
    for each in found:  # it grows meanwhile
        found += children(each)
    return found


def _is_stray(pid: int, ancestor: int) -> bool:
    try:
        return os.getsid(pid) != os.getsid(ancestor) and not _is_dead(pid)
    except ProcessLookupError:
        return False


def _is_dead(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] in (b"Z", b"X")
    except (FileNotFoundError, ProcessLookupError):
        return os.path.exists("/proc/self/stat")  # else it is not known here


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def server() -> int | None:
    """Number of the living process that trials are copies of."""
    number = vars(forkserver._forkserver)["_forkserver_pid"]
    return number if isinstance(number, int) and not _is_dead(number) else None


def _wake_server() -> None:
    """Undo a SIGSTOP: a trial knows the server as its parent, and may have sent it one."""
    number = server()
    if number is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGCONT)
