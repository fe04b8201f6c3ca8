# SPDX-License-Identifier: Apache-2.0
"""A plug-in file for runs that are killed: quick, exact to the bit, and with a compression that trials share."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from mibench import estimators
from mibench.contracts import Estimate, Sample, Truth
from mibench.estimators.compress.contract import Compression


@dataclass(frozen=True)
class Pair:
    """Two correlated normal variables."""

    mi: float = 1.0
    version: ClassVar[int] = 1
    tags: ClassVar[frozenset[str]] = frozenset()
    dim_x: ClassVar[int] = 1
    dim_y: ClassVar[int] = 1

    @property
    def truth(self) -> Truth:
        return Truth(self.mi)

    def sample(self, n: int, rng: Any = None) -> Sample:
        x, noise = np.random.default_rng(rng).normal(size=(2, n))
        share = np.exp(-2 * self.mi)
        return Sample(x, np.sqrt(1 - share) * x + np.sqrt(share) * noise)


@dataclass(frozen=True)
class Quick:
    """The answer for normal variables plus noise of its own, and what the global generators give."""

    version: ClassVar[int] = 1
    tags: ClassVar[frozenset[str]] = frozenset()

    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        x, y = np.ravel(x), np.ravel(y)
        noise = float(np.random.default_rng(rng).normal(scale=0.1))
        spread = float(np.random.rand())  # noqa: NPY002 - as third-party code draws
        here = -0.5 * np.log1p(-(np.corrcoef(x, y)[0, 1] ** 2)) + noise
        return Estimate(float(here), std_error=spread, interval=(here - spread, here + spread))


@dataclass(frozen=True)
class Unhurried(Quick):
    """The same, after a while."""

    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        time.sleep(0.3)
        return super().estimate(x, y, rng=rng, side=side)


@dataclass(frozen=True)
class Waits(Quick):
    """The same, once the file that WAITS_FOR names is there."""

    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        while not Path(os.environ["WAITS_FOR"]).exists():
            time.sleep(0.02)
        return super().estimate(x, y, rng=rng, side=side)


@dataclass(frozen=True)
class Turned:
    """Turns each side by an angle of chance, into codes that take a while to make and to store."""

    version: ClassVar[int] = 1
    shared: ClassVar[bool] = True

    def compress(self, x: Any, y: Any, *, rng: np.random.Generator, side: Mapping[str, Any]) -> Compression:
        time.sleep(0.1)
        padding = rng.normal(size=(len(x), 400))
        codes = [np.hstack([np.reshape(values, (len(values), -1)) * rng.normal(), padding]) for values in (x, y)]
        return Compression(codes[0], codes[1], diagnostics={"angle": float(rng.normal())})


@dataclass(frozen=True)
class First(Quick):
    """Of codes, what the first of each side says."""

    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        return super().estimate(x[:, 0], y[:, 0], rng=rng, side=side)


@dataclass(frozen=True)
class Last(Quick):
    """Of codes, what the first of x says of all of y."""

    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        return super().estimate(x[:, 0], y.sum(axis=1), rng=rng, side=side)


if "turned" not in estimators.compressors.names:
    estimators.compressors.add(
        metadata.EntryPoint("turned", f"{__name__}:Turned", estimators.compressors.group),
    )
