# SPDX-License-Identifier: Apache-2.0
"""Made-up runs, whose every number is known, and a browser to see their reports in."""

from __future__ import annotations

import functools
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from mibench.contracts import Row
from mibench.harness.store import Run

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


MANIFEST: dict[str, Any] = {
    "schema": 1,
    "created": "2026-01-02T03:04:05+00:00",
    "updated": "2026-01-02T03:24:05+00:00",
    "command": "mibench run --tasks images --estimators all",
    "planned": 276,
    "selection": {"tasks": ["blobs[size=16,mi=1]"], "seed": 0},
    "versions": {"mibench": "0.1.0", "python": "3.11.2"},
    "git": None,
    "hardware": {"cpu": "A processor", "cores": 2, "memory_gib": 24.0, "gpus": []},
    "blas": [{"internal_api": "openblas", "num_threads": 1}],
    "history": [],
}


@pytest.fixture(scope="session")
def save_run() -> Callable[..., Run]:
    """Write rows to a folder as a run, and give it back."""

    def save(folder: Path, rows: Sequence[Row], **manifest: Any) -> Run:
        folder.mkdir(exist_ok=True)
        lines = [json.dumps(asdict(each)) + "\n" for each in rows]
        (folder / "journal.jsonl").write_text("".join(lines), encoding="utf-8")
        return Run(folder, {**MANIFEST, "planned": len(rows), **manifest}, list(rows))

    return save


@pytest.fixture
def make_run(save_run: Callable[..., Run], tmp_path: Path) -> Callable[..., Run]:
    """A run with the given rows in a folder of its own."""
    return functools.partial(save_run, tmp_path / "a-run")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium."""
    sync_api = pytest.importorskip("playwright.sync_api")
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(_BROWSERS)} is installed")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()
