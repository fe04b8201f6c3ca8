# SPDX-License-Identifier: Apache-2.0
"""Made-up runs, whose every number is known, and a browser to see their reports in."""

from __future__ import annotations

import functools
import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

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
        self.page.evaluate("hash => { location.hash = hash; }", f"#leaderboard&{urlencode(pairs)}")
        self.page.wait_for_timeout(30)

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
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()
