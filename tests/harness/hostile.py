# SPDX-License-Identifier: Apache-2.0
"""A plug-in file of estimators that do what no estimator should, to themselves, to the machine and to the run."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import locale
import os
import random
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from mibench.contracts import Estimate

SLEEP = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]


@dataclass(frozen=True)
class _Hostile:
    version: ClassVar[int] = 1
    tags: ClassVar[frozenset[str]] = frozenset({"hostile"})

    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Any:
        return Estimate(1.0 if (answer := self.act()) is None else answer)

    def act(self) -> Any:
        raise NotImplementedError


class Hoards(_Hostile):
    """Fills the memory in small pieces that nothing lets go of."""

    held: ClassVar[list[bytes]] = []

    def act(self) -> None:
        while True:
            self.held.append(os.urandom(3000))


class Segfaults(_Hostile):
    """Reads address 0."""

    def act(self) -> None:
        ctypes.string_at(0)


class Overflows(_Hostile):
    """Recurses until C has no stack left."""

    def act(self) -> None:
        sys.setrecursionlimit(2**30)

        def deeper() -> Any:
            return [*map(lambda _: deeper(), [0])]  # noqa: C417 - through C

        deeper()


class Recurses(_Hostile):
    """Recurses until Python stops it."""

    def act(self) -> None:
        self.act()


class Leaves(_Hostile):
    """Exits without a word."""

    def act(self) -> None:
        os._exit(0)


class Interrupts(_Hostile):
    """Raises what Ctrl-C raises."""

    def act(self) -> None:
        raise KeyboardInterrupt


class Wordless(_Hostile):
    """Raises an error that cannot say what it is."""

    def act(self) -> None:
        class Mute(Exception):
            def __str__(self) -> str:
                raise SystemExit(3)

        raise Mute


class Verbose(_Hostile):
    """Raises an error of fifty million letters."""

    def act(self) -> None:
        raise ValueError("x" * 50_000_000)


class Brood(_Hostile):
    """Leaves fifty children, daemons in sessions of their own among them; some make more while they live."""

    def act(self) -> None:
        for number in range(50):
            if number % 2:
                subprocess.Popen(SLEEP, start_new_session=number % 4 == 1)
            elif os.fork() == 0:
                if number % 4:
                    os.setsid()
                if os.fork() == 0:
                    for descriptor in range(3):
                        os.close(descriptor)
                    if number % 3 == 0 and os.fork() == 0:
                        os.setsid()
                    while True:
                        time.sleep(600)
                os._exit(0)


class BroodAndLeaves(Brood):
    """The same, and exits without a word: nobody is there to whom its children belong."""

    name: ClassVar[str] = "brood-and-leaves"

    def act(self) -> None:
        super().act()
        os._exit(0)


class BroodAndStays(Brood):
    """The same, and goes on for good."""

    name: ClassVar[str] = "brood-and-stays"

    def act(self) -> None:
        super().act()
        Path(os.environ["HOSTILE_DONE"]).touch()
        time.sleep(600)


class Twins(_Hostile):
    """Forks, and both come back with an answer."""

    def act(self) -> float:
        return 1.0 if os.fork() else 2.0


class Prints(_Hostile):
    """Prints a gigabyte, and then sees that it takes no more than a little room."""

    def act(self) -> None:
        line = b"y" * 2**20 + b"\n"
        for _ in range(1024):
            os.write(1, line)
        while os.fstat(1).st_size > 16 * 2**20:
            time.sleep(0.05)


class Meddles(_Hostile):
    """Changes all that a process shares with itself, and answers."""

    def act(self) -> None:
        os.chdir("/")
        random.seed(1)
        np.random.seed(1)  # noqa: NPY002
        np.seterr(all="raise")
        os.environ.clear()
        os.umask(0o777)
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_IGN)
        locale.setlocale(locale.LC_ALL, "C")
        sys.setswitchinterval(100)
        sys.stdout = sys.stderr = None
        os.nice(19)


class Closes(_Hostile):
    """Closes every file it has and goes on for good."""

    def act(self) -> None:
        os.closerange(0, 65536)
        time.sleep(600)


class Scribbles(_Hostile):
    """Writes into every file it has."""

    def act(self) -> None:
        for descriptor in map(int, os.listdir("/proc/self/fd")):
            try:
                if stat.S_ISSOCK(os.fstat(descriptor).st_mode) or stat.S_ISFIFO(os.fstat(descriptor).st_mode):
                    os.set_blocking(descriptor, False)
                os.write(descriptor, b"\x7f" * 100)
            except OSError:
                pass


class Stammers(_Hostile):
    """Begins an answer and stops itself."""

    def act(self) -> None:
        for descriptor in map(int, os.listdir("/proc/self/fd")):
            try:
                if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                    socket.socket(fileno=os.dup(descriptor)).send(b"\0\0\1")
            except OSError:
                pass
        os.kill(os.getpid(), signal.SIGSTOP)


class Parricide(_Hostile):
    """Kills the process it was made by."""

    def act(self) -> None:
        os.kill(os.getppid(), signal.SIGKILL)


class Freezes(_Hostile):
    """Stops the process it was made by."""

    def act(self) -> None:
        os.kill(os.getppid(), signal.SIGSTOP)


class Lingers(_Hostile):
    """Answers, but has threads and last wishes that never end."""

    def act(self) -> None:
        threading.Thread(target=time.sleep, args=(600,)).start()
        atexit.register(time.sleep, 600)


class Floods(_Hostile):
    """Answers with two million diagnostics."""

    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        return Estimate(1.0, diagnostics={str(i): float(i) for i in range(2_000_000)})


class Sly(_Hostile):
    """Answers with an object that leaves when it is asked for its number."""

    def act(self) -> Any:
        class Number(float):
            def __float__(self) -> float:
                raise SystemExit("I am no number")

        return Number(1.0)


class Defaces(_Hostile):
    """Finds the journal and writes into it; once."""

    def act(self) -> None:
        folder = Path(os.environ["MIBENCH_CACHE"]).parent
        if (folder / "defaced").exists():
            return
        (folder / "defaced").touch()
        with (folder / "journal.jsonl").open("a") as file:
            file.write("what is this?")


class Peeks(_Hostile):
    """Says which files of the run it has open."""

    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        folder = str(Path(os.environ["MIBENCH_CACHE"]).parent)
        found = []
        for descriptor in os.listdir("/proc/self/fd"):
            with contextlib.suppress(OSError):
                found.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        return Estimate(float(sum(name.startswith(folder) for name in found)), diagnostics={"open": float(len(found))})
