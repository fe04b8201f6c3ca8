# SPDX-License-Identifier: Apache-2.0
"""The page in a real browser: no request, no error, by mouse and keyboard, nothing wider than a telephone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
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


@pytest.fixture(scope="module")
def report(save_run: Callable[..., Run], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return reports.write(save_run(tmp_path_factory.mktemp("report") / "a-run", list(rows())))["report.html"]


def test_it_loads_without_error_or_network(view: Callable[..., Any], report: Path) -> None:
    opened = view(report)
    opened.page.wait_for_load_state("networkidle")
    assert opened.messages == []
    assert opened.requests[0] == report.as_uri()
    assert opened.strangers == []
    assert opened.page.title() == "mibench: a-run"  # no script of a name ran
    assert opened.page.locator("#truth svg").count() == 2
    assert opened.page.locator("#samples figure").count() == 3
    assert opened.page.locator("#board table.dataTable").count() == 1


def test_the_policy_lets_nothing_in(report: Path) -> None:
    text = report.read_text("utf-8")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy[1].split(";"))
    assert rules["default-src"] == "'none'"
    assert all(re.fullmatch(r"'sha256-[A-Za-z0-9+/=]{44}'", source) for source in rules["script-src"].split())
    assert len(rules["script-src"].split()) == text.count('<script type="module">') == 2
    assert "http" not in policy[1]
    assert "eval" not in policy[1]


def test_a_script_that_is_added_does_not_run(view: Callable[..., Any], report: Path, tmp_path: Path) -> None:
    text = report.read_text("utf-8")
    changed = tmp_path / "changed.html"
    changed.write_text(text.replace("</main>", "</main><script>document.title = 'taken'</script>"), "utf-8")
    opened = view(changed)
    assert opened.page.title() == "mibench: a-run"
    opened.eventually(lambda: any("Content Security Policy" in message for message in opened.messages), True)


def test_headings_sort_by_mouse_and_by_keyboard(view: Callable[..., Any], report: Path) -> None:
    opened = view(report)
    expect = opened.expect
    unsorted = opened.column("estimator")
    head = opened.head("bias")

    head.click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    opened.eventually(lambda: opened.column("estimator")[:3], ["mine", "pca+ksg", "ae+ksg"])
    names = opened.column("estimator")
    assert names != unsorted
    assert names[-1] == "binning"  # it has no bias: last, whatever the direction

    head.locator("[role=button]").focus()
    opened.page.keyboard.press("Enter")
    expect(head).to_have_attribute("aria-sort", "descending")
    opened.eventually(lambda: opened.column("estimator")[1:4], ["kl", "oracle+ksg", "wkl"])
    assert opened.column("estimator")[-1] == "binning"

    opened.page.keyboard.press("Enter")
    expect(head).not_to_have_attribute("aria-sort", re.compile("ending"))
    opened.eventually(lambda: opened.column("estimator"), unsorted)

    opened.head("estimator").click()
    expect(opened.head("estimator")).to_have_attribute("aria-sort", "ascending")
    opened.eventually(lambda: opened.column("estimator") != unsorted, True)
    found = opened.column("estimator")
    assert found.index("ae+ksg") < found.index("kl") < found.index("wkl")


def test_small_tables_sort_too(view: Callable[..., Any], report: Path) -> None:
    opened = view(report)
    table = "#levels table"
    head = opened.page.locator(f"{table} thead th").nth(1)
    head.click()
    opened.expect(head).to_have_attribute("aria-sort", "ascending")
    found = opened.column("1", table)
    numbers = [float(text.split()[0]) for text in found if text != "–"]  # noqa: RUF001
    assert numbers == sorted(numbers)
    assert found[-1] == "–"  # noqa: RUF001


def test_without_scripts_it_is_a_plain_table(view: Callable[..., Any], report: Path) -> None:
    page = view(report, java_script_enabled=False).page
    assert page.locator("#board tbody tr").count() == len(ERRORS) + 2
    assert page.locator("button, input, select").filter(visible=True).count() == 0
    assert page.locator("#filters").is_hidden()


def test_every_control_is_reached_by_the_keyboard(view: Callable[..., Any], report: Path) -> None:
    opened = view(report, viewport={"width": 800, "height": 900})
    page = opened.page
    wanted = page.evaluate(
        """() => [...document.querySelectorAll(
            '#filters :is(select, input[type=search], summary, button), #board :is(button, input, th [role=button])'
        )].filter((each) => each.checkVisibility()).length"""
    )
    seen, unnamed, unseen = 0, [], []
    page.locator("nav a").last.focus()
    for _ in range(wanted + 5):
        page.evaluate("() => { window.left = document.activeElement; }")
        page.keyboard.press("Tab")
        opened.eventually(lambda: page.evaluate("document.activeElement !== window.left"), True)
        found = page.evaluate(
            """() => {
                const at = document.activeElement;
                const style = getComputedStyle(at);
                return {
                    inside: Boolean(at.closest("#filters, #board")),
                    control: at.matches("select, input, summary, button, [role=button]"),
                    name: at.ariaLabel || at.labels?.[0]?.textContent || at.textContent || at.title,
                    ring: style.outlineStyle !== "none" || style.boxShadow !== "none",
                    html: at.outerHTML.slice(0, 100),
                };
            }"""
        )
        if not found["inside"]:
            break
        seen += found["control"]
        unnamed += [] if found["name"] and found["name"].strip() else [found["html"]]
        unseen += [] if found["ring"] else [found["html"]]
    assert (seen, unnamed, unseen) == (wanted, [], [])


def test_a_filter_opens_closes_and_is_set_by_keys(view: Callable[..., Any], report: Path) -> None:
    opened = view(report)
    page, expect = opened.page, opened.expect
    summary = page.locator("details.facet summary", has_text="Task")
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.locator("details.facet[open]")).to_have_count(1)
    page.keyboard.press("Tab")
    expect(page.locator("input[name=task]").first).to_be_focused()
    page.keyboard.press("Space")
    expect(page).to_have_url(re.compile("task=blobs"))
    expect(summary).to_have_text("Task 1 of 2")
    page.keyboard.press("Escape")
    expect(page.locator("details.facet[open]")).to_have_count(0)
    expect(summary).to_be_focused()


def test_headings_landmarks_and_texts_for_who_cannot_see(view: Callable[..., Any], report: Path) -> None:
    page = view(report).page
    levels = page.eval_on_selector_all("h1, h2, h3", "all => all.map(one => Number(one.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert page.locator("main").count() == page.locator("header").count() == 1
    labels = page.locator("nav").evaluate_all("all => all.map(one => one.ariaLabel)")
    assert len(set(labels)) == len(labels)
    assert all(labels)
    assert page.get_by_role("img").evaluate_all(
        "all => all.length > 4 && all.every(one => one.alt || one.getAttribute('aria-labelledby').split(' ')"
        ".every(id => document.getElementById(id).textContent))"
    )
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("#board th[scope=row]").count() == len(ERRORS) + 2


@pytest.mark.parametrize("width", [400, 800, 1600])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_never_wider_than_the_window(
    view: Callable[..., Any], report: Path, width: int, scheme: str
) -> None:
    opened = view(report, viewport={"width": width, "height": 900}, color_scheme=scheme)
    page, collection = opened.page, opened.page.locator(".dt-button-collection")
    page.evaluate("for (const fold of document.querySelectorAll('details:not(.facet)')) fold.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name="Columns").click()
    opened.expect(collection).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.keyboard.press("Escape")
    opened.expect(collection).to_be_hidden()

    def beyond(fold: Any) -> float:
        box = fold.locator("fieldset").bounding_box()
        return max(0.0, -box["x"], box["x"] + box["width"] - width)

    for fold in page.locator("details.facet").all():
        fold.evaluate("fold => { fold.open = true }")
        opened.eventually(lambda fold=fold: beyond(fold), 0.0)  # it is moved once its fold is open
        fold.evaluate("fold => { fold.open = false }")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 27)"
    assert dark == (scheme == "dark")
    ink = page.evaluate("getComputedStyle(document.querySelector('#truth svg text')).fill")
    assert (ink == "rgb(27, 30, 35)" or ink == "rgb(93, 101, 114)") == (scheme == "light")


def test_names_in_the_cost_figure_do_not_overlap(view: Callable[..., Any], report: Path) -> None:
    boxes = view(report, viewport={"width": 1600, "height": 900}).page.locator("#cost svg text").evaluate_all(
        "all => all.map(one => { const box = one.getBoundingClientRect();"
        " return [one.textContent, box.left, box.top, box.right, box.bottom]; })"
    )  # fmt: skip
    named = [box for box in boxes if box[0].partition(" ")[0] in ERRORS]
    assert len(named) >= len(ERRORS) - 1
    for i, a in enumerate(named):
        for b in named[:i]:
            apart = a[3] <= b[1] or b[3] <= a[1] or a[4] - 3 <= b[2] or b[4] - 3 <= a[2]
            assert apart, f"{a[0]} meets {b[0]}"
