# SPDX-License-Identifier: Apache-2.0
"""Trials of the fakes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mibench.contracts import Trial
from mibench.harness import plan
from mibench.harness.plugins import load_plugin

FAKES = Path(__file__).parent / "fakes.py"


@pytest.fixture
def fakes(restored: None) -> Path:
    """The plug-in file of fakes, registered for the length of a test."""
    load_plugin(FAKES)
    return FAKES


@pytest.fixture
def trial(fakes: Path) -> Callable[..., Trial]:
    """One trial by names."""

    def make(estimator: str, task: str = "toy", n: int = 100, seed: int = 0) -> Trial:
        (only,) = plan.make(task, estimator, ns=[n], seed=seed).trials
        return only

    return make
