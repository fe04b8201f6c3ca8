# SPDX-License-Identifier: Apache-2.0
"""The page in a real browser: no request, no error, sorting by mouse and keyboard, nothing wider than a telephone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mibench import reports
from mibench.contracts import Row
from mibench.harness.store import Run

HOSTILE = '"><script>document.title = "taken"</script><img src="https://example.org/x.png" onerror="document.title=1">'
ERRORS = {"ksg": -0.2, "kl": 0.3, "wkl": -0.1, "mine": -1.5, "ae+ksg": -0.4, "pca+ksg": -0.9, "oracle+ksg": 0.01}
TASKS = {"blobs[size=16,mi=1]": 1.0, "blobs[size=16,mi=3]": 3.0, "gaussian[mi=2,dim_x=2]": 2.0}


def rows() -> Iterator[Row]:
    for task, truth in TASKS.items():
        for i, (name, error) in enumerate(ERRORS.items()):
            value = truth + error * truth / 2
            bounds = (value, value + 1.0) if name.startswith("pca") else None
            yield Row(f"{task}{name}", task, name, 2000, 0, "ok", value, None, (value - 0.3, value + 0.3), bounds,
                      truth, 0.0, 0.1 * 3**i, 100.0 + i)  # fmt: skip
        yield Row(f"{task}h", task, HOSTILE, 2000, 0, "ok", 1e6, truth=truth, seconds=1.0)
        yield Row(f"{task}b", task, "binning", 2000, 0, "unsupported", truth=truth, error=HOSTILE * 50, seconds=0.01)


class Opened:
    """A report in a browser, with what went wrong and what was asked of the network."""

    def __init__(self, browser: Any, path: Path, **context: Any) -> None:
        self.context = browser.new_context(**context)
        self.page = self.context.new_page()
        self.messages: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.messages.append(message.text))
        self.page.on("pageerror", lambda error: self.messages.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())

    def column(self, place: int) -> list[str]:
        """Texts of a column of the leaderboard, from the top."""
        found: list[str] = self.page.eval_on_selector_all(
            f"#leaderboard tbody tr > :nth-child({place})", "cells => cells.map(cell => cell.textContent.trim())"
        )
        return found


@pytest.fixture(scope="module")
def report(save_run: Callable[..., Run], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return reports.write(save_run(tmp_path_factory.mktemp("report") / "a-run", list(rows())))["report.html"]


@pytest.fixture
def view(browser: Any, report: Path) -> Iterator[Callable[..., Opened]]:
    made: list[Opened] = []

    def open_report(**context: Any) -> Opened:
        made.append(Opened(browser, report, **context))
        return made[-1]

    yield open_report
    for each in made:
        each.context.close()


def test_it_loads_without_error_or_network(view: Callable[..., Opened], report: Path) -> None:
    opened = view()
    opened.page.wait_for_load_state("networkidle")
    assert opened.messages == []
    assert opened.requests[0] == report.as_uri()
    assert all(url.startswith("data:") for url in opened.requests[1:])
    assert opened.page.title() == "mibench: a-run"  # no script of a name ran
    assert opened.page.locator("main section").count() == 8
    assert opened.page.locator("#truth svg").count() == 2
    assert opened.page.locator("#samples img").evaluate_all("all => all.every(one => one.naturalWidth > 0 && one.alt)")


def test_headings_sort_by_mouse_and_by_keyboard(view: Callable[..., Opened]) -> None:
    opened = view()
    place = opened.page.locator("#leaderboard thead th", has_text="bias").evaluate("head => head.cellIndex") + 1
    head = opened.page.locator(f"#leaderboard thead th:nth-child({place})")
    unsorted = opened.column(1)

    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    names = opened.column(1)
    assert names != unsorted
    assert names[:3] == ["mine", "pca+ksg", "ae+ksg"]
    assert names[-1] == "binning"  # it has no bias: last, whatever the direction

    opened.page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert opened.column(1)[1:4] == ["kl", "oracle+ksg", "wkl"]
    assert opened.column(1)[-1] == "binning"

    opened.page.keyboard.press("Shift+Tab")  # to the heading before
    opened.page.keyboard.press("Space")
    assert head.get_attribute("aria-sort") is None
    assert opened.page.locator("#leaderboard th[aria-sort]").count() == 1

    opened.page.locator("#leaderboard thead button").first.click()
    found = opened.column(1)
    assert found.index("ae+ksg") < found.index("kl") < found.index("wkl")


def test_without_scripts_it_is_a_plain_table(view: Callable[..., Opened]) -> None:
    opened = view(java_script_enabled=False)
    assert opened.page.locator("#leaderboard tbody tr").count() == len(ERRORS) + 2
    assert opened.page.locator("thead button").count() == 0


@pytest.mark.parametrize("width", [400, 800, 1600])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_never_wider_than_the_window(view: Callable[..., Opened], width: int, scheme: str) -> None:
    page = view(viewport={"width": width, "height": 900}, color_scheme=scheme).page
    for fold in page.locator("details").all():
        fold.evaluate("fold => { fold.open = true }")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 27)"
    assert dark == (scheme == "dark")
    ink = page.evaluate("getComputedStyle(document.querySelector('#truth svg text')).fill")
    assert (ink == "rgb(27, 30, 35)" or ink == "rgb(93, 101, 114)") == (scheme == "light")


def test_names_in_the_cost_figure_do_not_overlap(view: Callable[..., Opened]) -> None:
    boxes = view(viewport={"width": 1600, "height": 900}).page.locator("#cost svg text").evaluate_all(
        "all => all.map(one => { const box = one.getBoundingClientRect();"
        " return [one.textContent, box.left, box.top, box.right, box.bottom]; })"
    )  # fmt: skip
    named = [box for box in boxes if box[0].partition(" ")[0] in ERRORS]
    assert len(named) >= len(ERRORS) - 1
    for i, a in enumerate(named):
        for b in named[:i]:
            apart = a[3] <= b[1] or b[3] <= a[1] or a[4] - 3 <= b[2] or b[4] - 3 <= a[2]
            assert apart, f"{a[0]} meets {b[0]}"
