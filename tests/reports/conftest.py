# SPDX-License-Identifier: Apache-2.0
"""Made-up runs, whose every number is known, and a browser to see their reports in."""

from __future__ import annotations

import functools
import json
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest

from mibench.contracts import Row
from mibench.harness.store import Run
from mibench.studies.results import Measures, Plane, Results

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


class Opened:
    """A page in a browser, with what went wrong, what was asked of the network, and what it tried to open."""

    def __init__(self, browser: Any, path: Path, fragment: str = "", **context: Any) -> None:
        self.context = browser.new_context(**context)
        self.page = self.context.new_page()
        self.messages: list[str] = []
        self.requests: list[str] = []
        self.dialogs: list[str] = []
        self.page.on("console", lambda message: self.messages.append(message.text))
        self.page.on("pageerror", lambda error: self.messages.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("dialog", self._dismiss)
        self.expect = pytest.importorskip("playwright.sync_api").expect  # of a page or a locator; it waits
        self.url = path.as_uri()
        self.page.goto(self.url + fragment)  # its scripts have run when this returns

    def _dismiss(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    @property
    def strangers(self) -> list[str]:
        """Requests for anything but the page itself and what it carries."""
        return [url for url in self.requests if not url.startswith(("data:", "blob:", self.url))]

    def ask(self, **asked: Any) -> None:
        """Go to the address of a view of the leaderboard: ``ask(task=["blobs"], sort="-mae")``."""
        several = {name: [found] if isinstance(found, str) else found for name, found in asked.items()}
        pairs = [(name, value) for name, found in several.items() for value in found]
        self.page.evaluate(
            """hash => new Promise((resolve, reject) => {
                addEventListener("popstate", () => resolve(), { once: true });  // after the page's own listener
                setTimeout(reject, 30_000, new Error(`no answer to ${hash}`));
                const before = location.href;
                location.hash = hash;
                if (location.href === before) resolve();
            })""",
            f"#leaderboard&{urlencode(pairs)}",
        )

    def eventually(self, read: Callable[[], Any], expected: Any, within: float = 30.0) -> None:
        """What is read becomes what is expected: clicks, keys and addresses are answered a moment later."""
        deadline = time.monotonic() + within
        while (found := read()) != expected and time.monotonic() < deadline:
            self.page.wait_for_timeout(5)
        assert found == expected

    def column(self, title: str, table: str = "#board table") -> list[str]:
        """Texts of a column, from the top."""
        found: list[str] = self.page.eval_on_selector(
            table,
            """(table, title) => {
                const heads = [...table.tHead.rows[0].cells];
                const place = heads.findIndex((head) => head.textContent.trim().startsWith(title));
                return [...table.tBodies[0].rows].map((row) => row.cells[place]?.textContent.trim());
            }""",
            title,
        )
        return found

    def head(self, title: str) -> Any:
        """The heading of a column of the leaderboard."""
        return self.page.locator("#board thead th").filter(has_text=re.compile(f"^{re.escape(title)}")).first

    def saved(self, button: str = "Download CSV") -> str:
        """The text of the file that a button of the leaderboard saves."""
        with self.page.expect_download() as download:
            self.page.get_by_role("button", name=button).first.click()
        return Path(download.value.path()).read_text("utf-8")


@pytest.fixture
def view(browser: Any) -> Iterator[Callable[..., Opened]]:
    """Open a page; it is closed after the test."""
    made: list[Opened] = []

    def open_page(path: Path, fragment: str = "", **context: Any) -> Opened:
        made.append(Opened(browser, path, fragment, **context))
        return made[-1]

    yield open_page
    for each in made:
        each.context.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium."""
    sync_api = pytest.importorskip("playwright.sync_api")
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(_BROWSERS)} is installed")
    sync_api.expect.set_options(timeout=30_000)
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


def made_plane(
    estimator: str, runs: int = 4, epochs: int = 30, layers: int = 3, seed: int = 0, *, null: bool = True
) -> Plane:
    """A plane that rises, falls back, and differs between runs; its later layers hold less."""
    rng = np.random.default_rng(seed)
    at = np.unique(np.geomspace(1, 10 * epochs, epochs).astype(np.int64)) - 1
    share = np.linspace(0, 1, len(at))[None, :, None]
    depth = np.linspace(1, 0.4, layers)[None, None]
    lift = 1 + 0.03 * rng.normal(size=(runs, 1, layers))
    i_x = depth * lift * (4 + 4 * share - 2 * np.maximum(0, share - 0.5))
    i_y = np.minimum(0.69, depth * lift * (0.1 + 0.55 * share))
    information = np.stack([i_x, i_y], axis=-1)
    return Plane(
        estimator,
        at,
        np.arange(runs),
        information,
        null=0.02 * i_x if null else None,
        std_error=np.full_like(information, 0.01) if estimator.startswith("sp") else None,
    )


@pytest.fixture(scope="session")
def save_study() -> Callable[..., Path]:
    """Write a study's folder: planes by setting, claims, and what failed."""

    def save(
        folder: Path,
        planes: Mapping[str, Sequence[Plane]],
        about: Mapping[str, Mapping[str, Any]] | None = None,
        claims: Sequence[Mapping[str, Any]] = (),
        failed: Sequence[tuple[str, str, str]] = (),
        scale: str = "quick",
    ) -> Path:
        told = {
            name: {
                "title": f"about {name}",
                "source": "A paper, figure 1",
                "runs": 4,
                "epochs": 300,
                "tags": ["lorenzen"],
                "widths": [12, 5, 4, 2],
                "activation": "tanh",
                "variant_of": "",
                **(about or {}).get(name, {}),
            }
            for name in planes
        }
        described = {
            "study": "ib-network",
            "scale": scale,
            "seed": 0,
            "settings": list(planes),
            "planes": {name: [plane.estimator for plane in found] for name, found in planes.items()},
            "about": told,
            "versions": {"mibench": "0.1.0"},
            "hardware": {"cpu": "A processor"},
            "started": "2026-01-02T03:04:05+00:00",
        }
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "study.json").write_text(json.dumps(described), "utf-8")
        lines = [{"setting": a, "product": b, "seconds": 1.0, "status": "failed", "error": c} for a, b, c in failed]
        (folder / "journal.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
        if claims:
            text = {"schema": 1, "study": "ib-network", "scale": scale, "seed": 0, "claims": list(claims)}
            (folder / "claims.json").write_text(json.dumps(text), "utf-8")
        results = Results(folder)
        for name, found in planes.items():
            results.path(name, "measures").parent.mkdir(parents=True, exist_ok=True)
            for plane in found:
                plane.save(results.path(name, f"plane-{plane.estimator}"))
            if found:
                made_measures(found[0]).save(results.path(name, "measures"))
        return folder

    return save


def made_measures(plane: Plane) -> Measures:
    """Losses and accuracies of a network that learns, at the epochs of a plane."""
    runs, epochs, layers, _ = plane.information.shape
    share = np.broadcast_to(np.linspace(0, 1, epochs)[None, :, None], (runs, epochs, 2))
    extremes = np.broadcast_to(np.array([-1.0, 1.0]), (runs, epochs, layers, 2))
    return Measures(plane.epochs, 0.7 - 0.6 * share, 0.5 + 0.4 * share, extremes * 1.0)


@pytest.fixture(scope="session")
def plane_of() -> Callable[..., Plane]:
    """`made_plane`, for tests."""
    return made_plane
