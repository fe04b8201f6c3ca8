# SPDX-License-Identifier: Apache-2.0
"""Fixtures for every room."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

from mibench import estimators, tasks


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """Undo what a test does to the environment: a run in this process caps threads there, and numba reads it late."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


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
