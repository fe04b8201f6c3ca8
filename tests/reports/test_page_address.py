# SPDX-License-Identifier: Apache-2.0
"""The address of the page holds the view: shared, gone back to, reset, and read with care."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mibench import reports
from mibench.contracts import Row
from mibench.harness.store import Run

VIEW = "#leaderboard&task=blobs&n=500&group=direct&by=task&view=bits&search=k&sort=-mae&columns=estimator+task+n+mae"


def rows() -> Iterator[Row]:
    for place, task in enumerate(("blobs[size=16,mi=2]", "blobs[size=32,mi=2]", "gaussian[mi=2,dim_x=2]")):
        for n in (500, 2000):
            for i, name in enumerate(("ksg", "kl", "binning", "pca+ksg")):
                yield Row(
                    f"{task}{n}{name}", task, name, n, 0, "ok", 2.1 + 0.1 * i + 0.01 * place, truth=2.0, seconds=1.0
                )


@pytest.fixture(scope="module")
def report(save_run: Callable[..., Run], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return reports.write(save_run(tmp_path_factory.mktemp("address") / "a-run", list(rows())))["report.html"]


def test_a_shared_link_shows_the_same_view(view: Callable[..., Any], report: Path) -> None:
    opened = view(report, VIEW)
    page = opened.page
    opened.expect(page.locator("#leaderboard")).to_be_focused()
    heads = page.locator("#board thead th").all_text_contents()
    assert [head.partition(" ")[0] for head in heads] == ["estimator", "task", "n", "MAE"]
    assert "bits" in heads[-1]
    assert opened.column("estimator") == ["kl", "kl", "ksg", "ksg"]
    assert set(opened.column("n")) == {"500"}
    assert page.locator("#board .dt-search input").input_value() == "k"
    assert page.get_by_label("View").input_value() == "bits"
    assert page.get_by_label("One line per").input_value() == "task"
    assert page.locator("details.facet.on summary").all_text_contents() == [
        "Task 1 of 2",
        "n 1 of 2",
        "Estimators 1 of 2",
    ]
    assert page.url.endswith(VIEW)
    other = view(report, page.url[page.url.index("#") :])
    other.eventually(other.page.locator("#board table").inner_html, page.locator("#board table").inner_html())


def test_what_a_reader_does_is_in_the_address_and_back_undoes_it(view: Callable[..., Any], report: Path) -> None:
    opened = view(report)
    page, expect = opened.page, opened.expect
    said, by, search = page.locator("#said"), page.get_by_label("One line per"), page.locator("#board .dt-search input")
    start, trail = opened.column("estimator"), [page.url]

    def moved(to: str) -> None:
        expect(page).to_have_url(re.compile(to))
        trail.append(page.url)

    opened.head("MAE, common").click()
    moved("#leaderboard&sort=mae_common$")
    page.locator("details.facet summary", has_text="Task").click()
    page.locator("input[name=task][value=gaussian]").check()
    moved("task=gaussian")
    by.select_option("level")
    moved("by=level")
    page.get_by_role("button", name="Columns").click()
    page.locator(".dt-button-collection button", has_text="coverage").first.click()
    moved(r"columns=estimator\+n\+level")
    page.keyboard.press("Escape")
    search.fill("ks")
    expect(page).to_have_url(re.compile("search=ks"))
    opened.eventually(lambda: opened.column("estimator"), ["ksg", "pca+ksg"] * 2)

    page.go_back()  # the columns and the search that was typed after them
    expect(page).to_have_url(trail[3])
    expect(opened.head("coverage")).to_be_visible()
    page.go_back()
    expect(page).to_have_url(trail[2])
    assert "by=level" not in page.url
    expect(by).to_have_value("estimator")
    expect(said).to_contain_text("Scored on 2 of 6 cells")
    page.go_back()
    expect(page).to_have_url(trail[1])
    expect(said).to_contain_text("Scored on 6 of 6 cells")
    expect(opened.head("MAE, common")).to_have_attribute("aria-sort", "ascending")
    page.go_back()
    expect(page).to_have_url(trail[0])
    assert "#" not in page.url
    opened.eventually(lambda: opened.column("estimator"), start)
    page.go_forward()
    expect(page).to_have_url(trail[1])
    page.go_forward()
    expect(page).to_have_url(trail[2])
    expect(page.locator("input[name=task][value=gaussian]")).to_be_checked()


def test_reset_shows_all_again(view: Callable[..., Any], report: Path) -> None:
    opened = view(report, VIEW)
    plain = view(report)
    opened.page.get_by_role("button", name="Reset").click()
    opened.expect(opened.page).to_have_url(re.compile("#leaderboard$"))
    opened.eventually(opened.page.locator("#board table").inner_html, plain.page.locator("#board table").inner_html())
    opened.expect(opened.page.locator("#board .dt-search input")).to_have_value("")
    opened.page.go_back()
    opened.eventually(lambda: opened.column("estimator"), ["kl", "kl", "ksg", "ksg"])


def test_a_section_of_the_page_keeps_the_view(view: Callable[..., Any], report: Path) -> None:
    opened = view(report, "#leaderboard&task=blobs", reduced_motion="reduce")
    opened.page.get_by_role("link", name="Provenance").click()
    opened.expect(opened.page).to_have_url(re.compile("#provenance&task=blobs$"))
    opened.expect(opened.page.locator("#provenance")).to_be_in_viewport()
    opened.expect(opened.page.locator("#said")).to_contain_text("Scored on 4 of 6 cells")
    plain = view(report, "#errors")
    plain.expect(plain.page.locator("#errors")).to_be_focused()


def test_a_link_of_another_run_says_what_is_not_here(view: Callable[..., Any], report: Path) -> None:
    opened = view(report, "#leaderboard&task=fields&task=blobs&view=octal&sort=-nothing&x=1&columns=estimator+no")
    said = opened.page.locator("#unknown").text_content()
    for words in ("Task fields", "view octal", "column nothing", "x 1", "column no"):
        assert words in said
    assert opened.page.locator("details.facet.on summary").all_text_contents() == ["Task 1 of 2"]
    assert opened.page.locator("#board thead th").count() == 1
    assert opened.messages == []


@pytest.mark.parametrize("fragment", ["#%", "#%E0%A4%A", "#&&&=&=", "#<script>", "#leaderboard&name=%00%F0&search=(["])
def test_no_address_breaks_the_page(view: Callable[..., Any], report: Path, fragment: str) -> None:
    opened = view(report, fragment)
    assert opened.messages == []
    assert opened.page.locator("#board table.dataTable").count() == 1
