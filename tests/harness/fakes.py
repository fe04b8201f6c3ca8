# SPDX-License-Identifier: Apache-2.0
"""A plug-in file of estimators that misbehave in every way a trial must survive, and a task small enough for them."""

from __future__ import annotations

import ctypes
import mmap
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from mibench.contracts import Estimate, InputError, Sample, Truth, Unsupported


@dataclass(frozen=True)
class Toy:
    """Two correlated normal variables."""

    mi: float = 1.0
    version: ClassVar[int] = 1
    tags: ClassVar[frozenset[str]] = frozenset({"toys"})
    dim_x: ClassVar[int] = 1
    dim_y: ClassVar[int] = 1

    @property
    def truth(self) -> Truth:
        return Truth(self.mi)

    def sample(self, n: int, rng: Any = None) -> Sample:
        x, noise = np.random.default_rng(rng).normal(size=(2, n))
        share = np.exp(-2 * self.mi)
        return Sample(x, np.sqrt(1 - share) * x + np.sqrt(share) * noise)


class BrokenToy(Toy):
    """A task whose sampler fails."""

    name: ClassVar[str] = "broken-toy"

    def sample(self, n: int, rng: Any = None) -> Sample:
        raise RuntimeError("no sample today")


class GlobalToy(Toy):
    """A task that draws from the global generator and not from `rng`."""

    name: ClassVar[str] = "global-toy"

    def sample(self, n: int, rng: Any = None) -> Sample:
        return Sample(*np.random.normal(size=(2, n)))  # noqa: NPY002


@dataclass(frozen=True)
class _Fake:
    version: ClassVar[int] = 1
    tags: ClassVar[frozenset[str]] = frozenset({"fakes"})

    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        return Estimate(self.value(x, y, rng))

    def value(self, x: Any, y: Any, rng: Any) -> float:
        raise NotImplementedError


@dataclass(frozen=True)
class Fine(_Fake):
    """The answer for normal variables, plus a bias."""

    bias: float = 0.0
    tags: ClassVar[frozenset[str]] = frozenset({"fakes", "sound"})

    def __post_init__(self) -> None:
        if not np.isfinite(self.bias):
            raise InputError(f"bias is {self.bias}: give a finite number")

    def value(self, x: Any, y: Any, rng: Any) -> float:
        print("a method that prints")
        return float(-0.5 * np.log1p(-(np.corrcoef(x, y)[0, 1] ** 2))) + self.bias


class Draws(_Fake):
    """What the generators give: its own, and the global ones."""

    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        found = {"own": rng.random(), "numpy": np.random.rand(), "python": random.random(), "x": float(x[0])}  # noqa: NPY002
        return Estimate(0.0, diagnostics=found)


class DrawsToo(Draws):
    """Another estimator, and so of another seed."""

    name: ClassVar[str] = "draws-too"


class Slow(_Fake):
    """Takes half a second."""

    def value(self, x: Any, y: Any, rng: Any) -> float:
        time.sleep(0.5)
        return 1.0


class Hang(_Fake):
    """Never answers, and ignores SIGTERM."""

    def value(self, x: Any, y: Any, rng: Any) -> float:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            time.sleep(60)


class HangInC(_Fake):
    """Never answers, never lets go of the interpreter lock."""

    name: ClassVar[str] = "hang-in-c"

    def value(self, x: Any, y: Any, rng: Any) -> float:
        if "FAKES_PID" in os.environ:
            Path(os.environ["FAKES_PID"]).write_text(str(os.getpid()))
        while True:
            ctypes.PyDLL(None).sleep(60)


class Parent(_Fake):
    """Starts a child that sleeps, says its number, and hangs or returns."""

    name: ClassVar[str] = "parent"

    def value(self, x: Any, y: Any, rng: Any) -> float:
        child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(300)"])
        Path(os.environ["FAKES_PID"]).write_text(str(child.pid))
        if os.environ.get("FAKES_HANG"):
            time.sleep(300)
        return 1.0


class Segfault(_Fake):
    """Reads address 0."""

    def value(self, x: Any, y: Any, rng: Any) -> float:
        ctypes.string_at(0)
        return 1.0


class Exits(_Fake):
    """Leaves without a word."""

    def value(self, x: Any, y: Any, rng: Any) -> float:
        print("so long", flush=True)
        os._exit(3)


class Quits(_Fake):
    """Asks Python to leave."""

    def value(self, x: Any, y: Any, rng: Any) -> float:
        raise SystemExit("I quit")


class Killed(_Fake):
    """Is killed from outside, as by the system."""

    def value(self, x: Any, y: Any, rng: Any) -> float:
        os.kill(os.getpid(), signal.SIGKILL)
        return 1.0


class Greedy(_Fake):
    """Asks for 100 GiB at once."""

    def value(self, x: Any, y: Any, rng: Any) -> float:
        return float(np.ones(100 * 2**30 // 8)[0])


class GreedyShared(_Fake):
    """Fills shared memory, which no limit of the process counts."""

    name: ClassVar[str] = "greedy-shared"

    def value(self, x: Any, y: Any, rng: Any) -> float:
        held = []
        while True:
            held.append(mmap.mmap(-1, 32 * 2**20))
            held[-1].write(b"x" * (32 * 2**20))
            time.sleep(0.01)


class GreedyChild(_Fake):
    """Has a child fill the memory."""

    name: ClassVar[str] = "greedy-child"

    def value(self, x: Any, y: Any, rng: Any) -> float:
        subprocess.run([sys.executable, "-S", "-c", "import time; a = b'x' * (900 << 20); time.sleep(300)"], check=True)
        return 1.0


class Nan(_Fake):
    """Has no number."""

    def value(self, x: Any, y: Any, rng: Any) -> float:
        return float("nan")


class Infinite(_Fake):
    """Has too much of a number."""

    def value(self, x: Any, y: Any, rng: Any) -> float:
        return float("-inf")


class Raises(_Fake):
    """Has a bug."""

    def value(self, x: Any, y: Any, rng: Any) -> float:
        raise ZeroDivisionError("a bug")


class Refuses(_Fake):
    """Says it cannot."""

    def value(self, x: Any, y: Any, rng: Any) -> float:
        raise Unsupported("refuses whatever it is given")


class Lacks(_Fake):
    """Needs a package that is not there."""

    def value(self, x: Any, y: Any, rng: Any) -> float:
        import no_such_package  # type: ignore[import-not-found]

        return float(no_such_package.value)


class Bare(_Fake):
    """Returns a bare float."""

    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Any:
        return 1.0


class Odd(_Fake):
    """Returns intervals that are open or no numbers, and a diagnostic that is none."""

    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        nan, inf = float("nan"), float("inf")
        return Estimate(1.0, std_error=nan, interval=(nan, 2.0), bounds=(0.5, inf), diagnostics={"cap": inf, "k": 3})


class Shared(_Fake):
    """Found its compression already made."""

    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        return Estimate(1.0, diagnostics={"shared_seconds": 100.0, "shared_peak_mb": 1e6})
