# SPDX-License-Identifier: Apache-2.0
"""What happens first and last inside a trial's process, before anything heavy is imported."""

from __future__ import annotations

import contextlib
import faulthandler
import fcntl
import multiprocessing
import os
import pickle
import resource
import signal
import sys
from collections.abc import Callable
from multiprocessing import forkserver, reduction, util
from multiprocessing.connection import Connection
from typing import Any

from mibench.harness import strays

__all__ = ["MOST_ANSWER", "Descriptor", "lift_limit", "serve"]

MOST_ANSWER = 2**20  # bytes of a pickled answer: a row takes a thousand, and the parent holds every row


class Descriptor:
    """An open file that travels to the process that is being started."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __reduce__(self) -> tuple[Callable[[Any], Descriptor], tuple[Any]]:
        return _arrived, (reduction.DupFd(self.number),)


def _arrived(duplicate: Any) -> Descriptor:
    return Descriptor(duplicate.detach())


def serve(
    answer: Connection[Any, Any],
    log: Descriptor,
    memory: int | None,
    call: bytes,
) -> None:
    """Make the pickled call, send ``(True, value)`` or ``(False, text)``, and wait for the parent to end it all."""
    os.setsid()
    _die_with_parent()
    strays.adopt_orphans()
    _let_go_of_server()
    _redirect(log.number)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    if memory is not None:
        _limit(memory)
    me = os.getpid()
    message: tuple[bool, Any]
    try:
        fn, args, kwargs = pickle.loads(call)  # noqa: S301 - the parent's own
        message = True, fn(*args, **kwargs)
    except BaseException as error:
        lift_limit()
        message = False, _said(error)
    if os.getpid() != me:  # a child that the call forked, and that came back from it too: the answer is not its to give
        os._exit(0)
    answer.send_bytes(_packed(message))
    # remove named semaphores and the like, as a process that ends by itself would
    util._run_finalizers()  # type: ignore[attr-defined]
    answer.send_bytes(b"")
    answer.poll(30)  # the parent now kills the whole session while this process still holds its number


def lift_limit() -> None:
    """Make room to tell of an error where memory ran out; the parent's watch remains."""
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))


def _packed(message: tuple[bool, Any]) -> bytes:
    try:
        packed = pickle.dumps(message)
    except BaseException as error:  # an answer that cannot be pickled
        lift_limit()
        return pickle.dumps((False, _said(error)))
    if len(packed) <= MOST_ANSWER:
        return packed
    return pickle.dumps((False, f"an answer of {len(packed) / 2**20:.1f} MiB: at most {MOST_ANSWER / 2**20:g} MiB"))


def _said(error: BaseException) -> str:
    with contextlib.suppress(BaseException):  # its text may be a method that fails
        return f"{type(error).__name__}: {error}"[: MOST_ANSWER // 8]
    return type(error).__name__


def _let_go_of_server() -> None:
    """Close a descriptor that would keep the server, which ends the orphans, from seeing that the run is over."""
    held = vars(forkserver._forkserver)
    with contextlib.suppress(OSError, TypeError, KeyError):
        os.close(held["_forkserver_alive_fd"])
        held["_forkserver_alive_fd"] = None


def _die_with_parent() -> None:
    """Have the kernel kill this session when the parent ends, even by SIGKILL and even inside an endless C loop.

    The parent holds the write end of a pipe; its end closes that pipe, and the kernel then signals the session.
    """
    parent = multiprocessing.parent_process()
    if parent is None or not hasattr(fcntl, "F_SETSIG"):
        return
    pipe = parent.sentinel
    fcntl.fcntl(pipe, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(pipe, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)
    if multiprocessing.connection.wait([pipe], 0):  # it ended before the request was in place
        os.killpg(0, signal.SIGKILL)


def _redirect(target: int) -> None:
    """Send what the trial prints to a file: the terminal belongs to the live view."""
    for stream in filter(None, (sys.stdout, sys.stderr)):  # there is none where the run was started without
        stream.flush()
    fcntl.fcntl(target, fcntl.F_SETFL, fcntl.fcntl(target, fcntl.F_GETFL) | os.O_APPEND)  # the parent cuts it
    os.dup2(target, 1)
    os.dup2(target, 2)
    if target > 2:
        os.close(target)
    faulthandler.enable(file=2)  # a segmentation fault leaves its Python frames there


def _limit(memory: int) -> None:
    """Refuse private writable memory beyond `memory` more than what is mapped now.

    RLIMIT_AS would also count reserved address space, of which torch and CUDA hold far more than they use.
    """
    try:
        with open("/proc/self/status") as status:
            mapped = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmData:"))
    except (OSError, StopIteration):  # no /proc: the parent's watch remains
        return
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    wanted = memory + mapped
    resource.setrlimit(resource.RLIMIT_DATA, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
