# SPDX-License-Identifier: Apache-2.0
"""Fixtures for every room."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator

import hypothesis
import psutil
import pytest

from mibench import estimators, tasks

# a loaded machine is no finding: examples may take what they take
# the same examples each time: what is bounded in probability must not fail a change that has nothing to do with it
hypothesis.settings.register_profile(
    "patient", deadline=None, derandomize=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("patient")


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """Undo what a test does to the environment: a run in this process caps threads there, and numba reads it late."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def gone() -> Callable[..., bool]:
    """Whether a process ends within a while: one that was killed takes a moment."""

    def ended(pid: int, within: float = 30.0) -> bool:
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            with contextlib.suppress(psutil.NoSuchProcess):
                if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                    time.sleep(0.02)
                    continue
            return True
        return False

    return ended


@pytest.fixture
def restored() -> Iterator[None]:
    """Undo what a test does to the registries and to the imported scratch plug-ins."""
    registries = (tasks.registry, estimators.registry, estimators.compressors)
    before = [(dict(each._plugins[0]), list(each._plugins[1])) for each in registries]
    modules = set(sys.modules)
    yield
    for registry, (found, broken) in zip(registries, before, strict=True):
        vars(registry)["_plugins"] = (found, broken)
    for name in set(sys.modules) - modules:
        if name.startswith("mibench_plugin_"):
            del sys.modules[name]
