# SPDX-License-Identifier: Apache-2.0
"""Names and messages of others are text and nothing else: nothing runs, is asked for, or is out of place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mibench import reports
from mibench.contracts import Row
from mibench.harness.store import Run

TASK = "blobs[size=16,mi=2]"
RUN = "window.taken = 1; alert(1)"
HOSTILE = (
    f"<script>{RUN}</script>",
    f"</script><script>{RUN}</script>",
    f'"><img src=x onerror="{RUN}"><svg onload="{RUN}">',
    f"' autofocus onfocus='{RUN}",
    "<!-- <script>",
    "]]>-->*/`${taken = 1}`",
    "</style><style>body { display: none }</style>",
    "</bdi></td></table></main><iframe src=https://example.org></iframe>",
    "{{ 7 * 7 }}{% raw %}",
    "\u202eetar thgir\u2066",
    "\u05d0\u05d1\u05d2 (right to left)",
    "line\u2028paragraph\u2029\x85end",
    "nul \x00 bell \x07",
    "javascript:alert(1)",
    "__proto__",
    "constructor",
    "&lt;b&gt; &amp; &#x3c;",
    "W" * 10_000,
    "words " * 2000,
)


def rows() -> Iterator[Row]:
    for i, text in enumerate(HOSTILE):
        for repetition in (0, 1):
            yield Row(f"e{i}{repetition}", TASK, text, 500, repetition, "ok", 1.9 + i / 10, interval=(1, 3),
                      truth=2.0, seconds=1.0)  # fmt: skip
        yield Row(f"t{i}", text, "ksg", 500, 0, "ok", 1.9, truth=2.0, seconds=1.0)
        yield Row(f"m{i}", TASK, "kl", 500, i, "error", truth=2.0, error=text, seconds=1.0)


@pytest.fixture(scope="module")
def report(save_run: Callable[..., Run], tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = save_run(tmp_path_factory.mktemp("hostile") / "<b>run", list(rows()), command=HOSTILE[1])
    return reports.write(run)["report.html"]


def is_inert(opened: Any) -> None:
    page = opened.page
    assert opened.messages == opened.dialogs == opened.strangers == []
    assert page.evaluate("window.taken") is None
    assert page.locator("iframe, img[onerror], [onload], [onfocus], main script, table style").count() == 0
    assert page.evaluate("Object.keys(Object.prototype).length") == 0
    assert page.locator("footer, main > section").count() >= 9
    assert page.evaluate("getComputedStyle(document.body).display") != "none"


def test_everything_is_shown_as_it_is_written(view: Callable[..., Any], report: Path) -> None:
    opened = view(report, viewport={"width": 800, "height": 900})
    page = opened.page
    is_inert(opened)
    shown = set(opened.column("estimator"))
    clean = {" ".join(text.split()).replace("\x00", "\ufffd") for text in HOSTILE}
    assert {" ".join(text.split()) for text in shown} >= {
        text for text in clean if "\ufffd" not in text and "\x85" not in text
    }
    assert page.evaluate("document.documentElement.scrollWidth") <= 800
    tall = page.locator("#board tbody tr").evaluate_all("all => Math.max(...all.map(row => row.offsetHeight))")
    assert tall < 400
    # no name turns the direction of what stands beside it
    assert page.locator("#board tbody tr > *").first.evaluate("cell => getComputedStyle(cell).direction") == "ltr"


def test_every_control_meets_the_names_without_harm(view: Callable[..., Any], report: Path) -> None:
    opened = view(report, viewport={"width": 400, "height": 900})
    page, expect = opened.page, opened.expect
    for asked in ({"by": "task"}, {"by": "level", "view": "bits"}, {"name": HOSTILE[0]}, {"search": HOSTILE[2]}):
        opened.ask(**asked)
        is_inert(opened)
    opened.ask(by="task", task=HOSTILE[1])
    expect(page.locator("#said")).to_contain_text("Scored on 1 of")
    page.get_by_role("button", name="Reset").click()
    expect(page).to_have_url(re.compile("#leaderboard$"))
    page.locator("details.facet summary", has_text="Task").click()
    page.locator("input[name=task]").first.check()
    expect(page).to_have_url(re.compile("task="))
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    page.get_by_role("button", name="Columns").click()
    expect(page.locator(".dt-button-collection")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".dt-button-collection")).to_be_hidden()
    text = opened.saved()
    assert "taken" in text or page.locator("#board tbody tr").count() == 1
    is_inert(opened)


def test_the_page_of_two_such_runs_is_inert(
    view: Callable[..., Any], save_run: Callable[..., Run], tmp_path: Path
) -> None:
    base = save_run(tmp_path / "<script>base", list(rows()))
    head = save_run(tmp_path / "head'\"", [row for row in rows() if "e" in row.key])
    path = reports.write_comparison(base, head)["comparison.html"]
    opened = view(path, viewport={"width": 400, "height": 900})
    opened.page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
    assert opened.messages == opened.dialogs == opened.strangers == []
    assert opened.page.evaluate("window.taken") is None
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 400
    assert "<script>base" in opened.page.locator("h1").text_content()
