# SPDX-License-Identifier: Apache-2.0
"""The page of a study in a real browser: what it shows are the numbers of the folder, and nothing leaves it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest

from mibench import reports
from mibench.studies.results import Plane, Results, save_analysis

BITS = 1 / np.log(2)
HOSTILE = "</script><script>window.taken = 1; alert(1)</script><img src=x onerror=alert(2)>"


def case(setting: str, verdict: str, **labels: str) -> dict[str, Any]:
    return {
        "setting": setting,
        "estimator": labels.pop("estimator", ""),
        "primary": labels.get("mode", "paper") == "paper",
        "labels": labels,
        "verdict": verdict,
        "statistic": 0.41,
        "unit": "bits",
        "interval": [0.31, 0.52],
        "detail": "It falls by 0.41 bits.",
    }


def claim(name: str, verdict: str, source: str, cases: list[dict[str, Any]]) -> Mapping[str, Any]:
    return {"id": name, "title": f"title of {name}", "statement": f"statement of {name}", "source": source,
            "rule": f"rule of {name}", "verdict": verdict, "cases": cases}  # fmt: skip


CLAIMS = (
    claim("L2", "holds", "Lorenzen, Igel, Nielsen (ICLR 2022), section 4.1",
          [case("first", verdict, mode=mode, init=init)
           for mode, init, verdict in (("paper", "glorot", "holds"), ("paper", "fan-in", "fails"),
                                       ("tfmot", "glorot", "undecided"), ("tfmot", "fan-in", "fails"))]),
    claim("R4", "fails", "Rasmussen (thesis), figure 5.3", [case("second", "fails", estimator="exact")]),
    claim("S3", "undecided", f"{HOSTILE}, figure 3",
          [case("second", "undecided"), case("first", "fails", mode="control")]),
    claim("S4", "undecided", "A paper", [{**case("variant", "undecided"), "missing": True, "detail": "not run: x"}]),
    claim("W1", "holds", "A paper", [case("first", "holds", init=f"init {place}", activation=f"function {row}")
                                     for place in range(20) for row in range(3)]),
)  # fmt: skip


@pytest.fixture(scope="module")
def planes(plane_of: Callable[..., Plane]) -> dict[str, list[Plane]]:
    return {
        "first": [plane_of("exact", seed=1), plane_of("bins[n=30]", seed=2, null=False)],
        "second": [plane_of("exact", runs=1), plane_of("sp[replicas=16]", runs=1, epochs=8)],
        "variant": [plane_of("exact", layers=9)],
        "ib-curve": [],
    }


@pytest.fixture(scope="module")
def report(
    save_study: Callable[..., Path], planes: dict[str, list[Plane]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    about = {
        "first": {"title": HOSTILE, "source": HOSTILE},
        "second": {"tags": ["szt"], "title": "the second"},
        "variant": {"variant_of": "first", "title": "a variant"},
        "ib-curve": {"tags": [], "title": "without training"},
    }
    failed = [("first", "plane-kde[variance=0.1]", HOSTILE)]
    folder = save_study(tmp_path_factory.mktemp("page") / "study", planes, about, CLAIMS, failed)
    betas = np.linspace(1.1, 5, 20)
    results = Results(folder)
    save_analysis(results.path("ib-curve", "analysis-ib-curve"), {"betas": betas, "i_x": betas / 8, "i_y": betas / 9})
    epochs = np.array([0, 10, 100, 299])
    arrays = {"epochs": epochs, **{key: np.ones((2, 4, 3)) for key in ("mean", "std", "row_std", "norm")}}
    arrays["std"][0, 0] = 0.0
    save_analysis(results.path("second", "analysis-snr"), arrays)
    layers = {
        key: np.ones((2, 3)) for key in ("i_x", "i_y", "curve_i_y", "beta", "null_beta", "residual", "null_residual")
    }
    save_analysis(results.path("second", "analysis-fixed-point"), layers)
    save_analysis(results.path("first", "analysis-clustering"), {"epochs": epochs})
    return reports.write_study(folder)["report.html"]


@pytest.fixture
def see(view: Callable[..., Any], report: Path) -> Callable[..., Any]:
    """The page at an address, once its setting is drawn."""

    def opened(fragment: str = "", **context: Any) -> Any:
        found = view(report, fragment, **({"viewport": {"width": 1300, "height": 900}} | context))
        found.page.wait_for_selector("#setting header")
        return found

    return opened


def at(setting: str, **asked: str) -> str:
    return "#setting=" + "&".join([quote(setting), *(f"{key}={quote(value)}" for key, value in asked.items())])


def is_quiet(opened: Any) -> None:
    assert opened.messages == opened.dialogs == opened.strangers == []


def dots(opened: Any) -> list[tuple[float, float]]:
    """Where the layers are at the slider's epoch."""
    found = opened.page.locator(".panels figure").first.locator("circle.now")
    return [
        tuple(each)
        for each in found.evaluate_all("all => all.map(c => [+c.getAttribute('cx'), +c.getAttribute('cy')])")
    ]


def slide(opened: Any, place: int) -> None:
    opened.page.locator("[name=place]").evaluate(
        "(slider, place) => { slider.value = place; slider.dispatchEvent(new Event('input', { bubbles: true })); }",
        place,
    )


def test_the_first_setting_is_shown_and_all_is_quiet(see: Callable[..., Any]) -> None:
    opened = see()
    page = opened.page
    is_quiet(opened)
    assert page.locator("#setting h3").text_content() == "first"
    assert page.locator("#setting figure svg").count() == 7  # plane, two curves, median run, accuracy, loss, maxima
    assert page.locator("#setting-list a[aria-current]").count() == 1
    assert "few runs and epochs" in page.locator(".warning").first.text_content()
    assert page.evaluate("document.documentElement.scrollWidth") <= 1300


def test_titles_are_text_and_nothing_else(see: Callable[..., Any]) -> None:
    opened = see()
    page = opened.page
    assert page.locator("#setting .source").text_content() == HOSTILE * 2
    assert HOSTILE in page.locator("#failures").text_content()
    assert page.evaluate("window.taken") is None
    assert page.locator("main script, main img").count() == 0
    is_quiet(opened)


def test_the_table_holds_the_values_of_the_folder(see: Callable[..., Any], planes: dict[str, list[Plane]]) -> None:
    opened = see(at("first"))
    mean = planes["first"][0].information.mean(axis=0)[-1] * BITS
    shown = [float(text) for text in opened.column("I(X;T)", ".values table")]
    np.testing.assert_allclose(shown, mean[:, 0], atol=6e-4)
    shown = [float(text) for text in opened.column("I(T;Y)", ".values table")]
    np.testing.assert_allclose(shown, mean[:, 1], atol=6e-4)
    opened.page.locator("[name=unit]").select_option("nats")
    opened.expect(opened.page.locator(".values thead")).to_contain_text("(nats)")
    shown = [float(text) for text in opened.column("I(X;T)", ".values table")]
    np.testing.assert_allclose(shown, mean[:, 0] / BITS, atol=6e-4)
    is_quiet(opened)


def test_the_slider_moves_the_layers_to_where_they_were(
    see: Callable[..., Any], planes: dict[str, list[Plane]]
) -> None:
    opened = see(at("first"))
    plane = planes["first"][0]
    last = dots(opened)
    slide(opened, 3)
    opened.expect(opened.page.locator(".controls output")).to_have_text(f"epoch {plane.epochs[3]}")
    opened.expect(opened.page).to_have_url(re.compile(f"epoch={plane.epochs[3]}"))
    early = dots(opened)
    assert len(early) == len(last) == plane.information.shape[2]
    assert all(before[1] > after[1] for before, after in zip(early, last, strict=True)), "I(T;Y) has risen"
    shown = [float(text) for text in opened.column("I(X;T)", ".values table")]
    np.testing.assert_allclose(shown, plane.information.mean(axis=0)[3, :, 0] * BITS, atol=6e-4)


def test_the_player_runs_to_the_end_and_stops(see: Callable[..., Any]) -> None:
    opened = see(at("second", estimator="sp[replicas=16]"))
    button, slider = opened.page.locator("button.play"), opened.page.locator("[name=place]")
    button.evaluate(  # it plays for half a second: what the button said meanwhile is noted in the page
        """button => {
            const word = () => button.textContent.split(" ").at(-1), said = (window.said = [word()]);
            const note = () => { if (word() !== said.at(-1)) said.push(word()); };
            new MutationObserver(note).observe(button, { childList: true });
        }"""
    )
    button.click()
    opened.eventually(lambda: opened.page.evaluate("window.said"), ["Play", "Pause", "Play"])
    opened.expect(slider).to_have_value(slider.get_attribute("max"))
    is_quiet(opened)


def test_a_pointer_tells_the_values(see: Callable[..., Any], planes: dict[str, list[Plane]]) -> None:
    opened = see(at("second", estimator="sp[replicas=16]", colour="layer"))
    opened.page.locator(".panels figure circle.now").first.hover()
    tip = opened.page.locator(".panels figure .tip").first
    opened.expect(tip).to_contain_text("T1, epoch")
    text = tip.text_content()
    plane = planes["second"][1]
    i_x, i_y = plane.information[0, -1, 0] * BITS
    assert text.startswith(f"T1, epoch {plane.epochs[-1]}, mean of 1 run\nI(X;T) {i_x:.3f} bits")
    assert f"I(T;Y) {i_y:.3f}" in text
    assert plane.null is not None
    assert f"null   {plane.null[0, -1, 0] * BITS:.3f}" in text
    assert f"standard error {0.01 * BITS:.4f}" in text


def test_two_estimators_are_drawn_together(see: Callable[..., Any], planes: dict[str, list[Plane]]) -> None:
    opened = see(at("first", over="bins[n=30]"))
    layers = planes["first"][0].information.shape[2]
    assert len(dots(opened)) == 2 * layers
    assert opened.page.locator(".panels figure").first.locator("path[style*=dasharray]").count() >= layers
    shown = [float(text) for text in opened.column("I(X;T), bins", ".values table")]
    np.testing.assert_allclose(shown, planes["first"][1].information.mean(axis=0)[-1, :, 0] * BITS, atol=6e-4)
    # the exact plane lies beneath, whichever is asked for first
    opened = see(at("first", estimator="bins[n=30]", over="exact"))
    paths = opened.page.locator(".panels figure").first.locator("g path").evaluate_all(
        "all => all.map(path => path.getAttribute('style').includes('dasharray:5'))"
    )  # fmt: skip
    assert paths.index(True) < paths.index(False)


def test_every_run_can_be_looked_at(see: Callable[..., Any], planes: dict[str, list[Plane]]) -> None:
    plane = planes["first"][0]
    opened = see(at("first", mode="runs"))
    runs, _, layers, _ = plane.information.shape
    assert len(dots(opened)) == runs * layers
    trails = opened.page.locator(".panels figure").first.locator("g path")
    opened.page.locator("[name=trails]").check()
    opened.eventually(lambda: trails.count() >= runs * layers, True)
    opened.page.locator("[name=mode]").select_option("run")
    for run in range(runs):
        opened.page.locator("[name=run]").select_option(str(run))
        opened.expect(opened.page.locator(".panels h4").first).to_have_text(re.compile(f", run {run}$"))
        shown = [float(text) for text in opened.column("I(X;T)", ".values table")]
        np.testing.assert_allclose(shown, plane.information[run, -1, :, 0] * BITS, atol=4e-3)
    is_quiet(opened)


def test_the_null_and_the_curve_are_drawn_where_they_are_known(see: Callable[..., Any]) -> None:
    opened = see(at("second"))
    figure = opened.page.locator(".panels figure").first
    null = figure.locator("path[style*='opacity:0.16']")
    assert null.count() == 1
    assert "IB curve" in figure.text_content()
    opened.page.locator("[name=nulls]").uncheck()
    opened.expect(null).to_have_count(0)
    opened = see(at("first", estimator="bins[n=30]"))
    assert opened.page.locator("[name=nulls]").count() == 0
    assert "IB curve" not in opened.page.locator(".panels figure").first.text_content()


def test_analyses_are_charts(see: Callable[..., Any]) -> None:
    opened = see(at("second"))
    assert "signal to noise" in opened.page.locator(".small").text_content()
    assert "Layers and the IB curve" in opened.page.locator(".small").text_content()
    assert "analysis clustering cannot be drawn" in opened.page.locator("#failures").text_content()
    opened = see(at("ib-curve"))
    assert opened.page.locator("#setting figure svg").count() == 3
    assert opened.page.locator(".controls").count() == 0
    is_quiet(opened)


def test_settings_are_found_by_words(see: Callable[..., Any]) -> None:
    opened = see()
    page, expect = opened.page, opened.expect
    shown = page.locator("#setting-list a:visible")
    assert page.locator("#setting-list details a").count() == 1, "a variant stands under what it varies"
    page.locator("#setting-search").fill("variant")
    expect(shown).to_have_text([re.compile("^first"), "variant" + "a variant"])
    page.locator("#setting-search").fill("nothing of this kind")
    expect(shown).to_have_count(0)
    expect(page.locator("#setting-none")).to_be_visible()
    page.locator("#setting-search").fill("second")
    expect(shown).to_have_count(1)
    shown.first.click()
    expect(page.locator("#setting h3")).to_have_text("second")
    is_quiet(opened)


def test_claims_are_filtered_and_opened(see: Callable[..., Any]) -> None:
    opened = see()
    page, expect = opened.page, opened.expect
    shown = page.locator(".claim:visible")
    assert shown.count() == 5
    page.locator("[name=verdict][value=holds]").uncheck()
    expect(shown).to_have_count(3)
    page.locator("[name=paper]").select_option("Rasmussen")
    expect(shown).to_have_count(1)
    expect(page.locator("#claim-count")).to_have_text("1 of 5 claims")
    page.locator("[name=verdict][value=holds]").check()
    page.locator("[name=paper]").select_option("")
    expect(shown).to_have_count(5)
    page.locator("[name=words]").fill("statement of l2")
    expect(shown).to_have_count(1)
    shown.first.locator("summary").first.click()
    matrix = page.locator(".claim[data-id=L2] table.matrix")
    assert [re.sub("^init", "", text) for text in matrix.locator("thead th").all_text_contents()] == [
        "mode",
        "glorot",
        "fan-in",
    ]
    assert matrix.locator("tbody tr").first.locator("a.case").evaluate_all("all => all.map(a => a.classList[1])") == [
        "holds",
        "fails",
    ]
    assert "Rule of L2" in page.locator(".claim[data-id=L2]").text_content()
    matrix.locator("a.case").first.click()
    expect(page).to_have_url(re.compile("setting=first"))
    expect(page.locator("#setting")).not_to_have_attribute("aria-busy", "true")
    is_quiet(opened)


def test_a_setting_leads_to_its_claims(see: Callable[..., Any]) -> None:
    opened = see(at("second"))
    opened.page.get_by_role("link", name="R4 fails").click()
    opened.page.locator(".claim[data-id=R4][open]").wait_for()
    assert "setting=second" in opened.page.evaluate("location.hash")


def test_chips_tell_the_verdicts_of_claims_that_a_setting_decides(see: Callable[..., Any]) -> None:
    chips = see(at("first")).page.locator("#setting [aria-label^=Claims] a")
    assert chips.all_text_contents() == ["L2 holds", "W1 holds"], "a control decides nothing"
    assert "glorot holds: 0.410 [0.310, 0.520] bits" in chips.first.get_attribute("title")
    chips = see(at("variant")).page.locator("#setting [aria-label^=Claims] a")
    assert chips.all_text_contents() == ["S4 not run"]
    assert chips.first.get_attribute("class") == "undecided"


def test_an_address_leads_to_a_claim(see: Callable[..., Any]) -> None:
    opened = see("#claim=W1")
    line = opened.page.locator(".claim[data-id=W1]")
    opened.page.locator(".claim[data-id=W1][open]").wait_for()
    opened.eventually(lambda: line.evaluate("line => line.getBoundingClientRect().top") < 900, True)
    opened.page.locator("[name=words]").fill("nothing of this kind")
    opened.expect(opened.page.locator(".claim:visible")).to_have_count(0)
    opened.page.evaluate("() => { location.hash = '#claim=R4'; }")
    opened.page.locator(".claim[data-id=R4][open]").wait_for()
    is_quiet(see("#claim=nothing"))


@pytest.mark.parametrize("width", [1300, 400])
def test_open_claims_do_not_widen_the_page(see: Callable[..., Any], width: int) -> None:
    opened = see(viewport={"width": width, "height": 900})
    page = opened.page
    page.locator("#claim-open").click()
    opened.expect(page.locator("#claim-open")).to_have_text("Close all")
    for details in page.locator(".claim details").all():
        details.evaluate("each => { each.open = true; }")
    matrix = page.locator(".claim[data-id=W1] .scroll")
    assert matrix.evaluate("each => each.scrollWidth > each.clientWidth"), "this one is wide"
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_link_to_a_setting_stays_in_the_address(see: Callable[..., Any]) -> None:
    opened = see(at("first"))
    opened.page.evaluate("hash => { location.hash = hash; }", at("second"))
    opened.expect(opened.page.locator("#setting h3")).to_have_text("second")
    assert "setting=second" in opened.page.evaluate("location.hash")


def test_one_run_has_no_spread(see: Callable[..., Any]) -> None:
    opened = see(at("second"))
    assert set(opened.column("sd over runs", ".values table")) == {"\N{EN DASH}"}
    assert "standard deviation" not in opened.page.locator(".panels").text_content()
    assert "\N{EN DASH}" not in see(at("first")).column("sd over runs", ".values table")


def test_only_what_failed_is_said_to_have_failed(
    save_study: Callable[..., Path], view: Callable[..., Any], tmp_path: Path
) -> None:
    folder = save_study(tmp_path / "none", {"waiting": [], "broken": []}, failed=[("broken", "plane-exact", "why")])
    for path in folder.glob("settings/*/measures.npz"):
        path.unlink()
    opened = view(reports.write_study(folder)["report.html"])
    opened.page.locator("#setting", has_text="Nothing of this setting has been computed yet.").wait_for()
    opened = view(folder / "report.html", at("broken"))
    opened.page.locator("#setting", has_text="what failed is listed below").wait_for()


@pytest.mark.parametrize("context", [{"color_scheme": "dark"}, {"viewport": {"width": 390, "height": 800}}])
def test_dark_paper_and_small_screens(see: Callable[..., Any], context: dict[str, Any]) -> None:
    opened = see(at("first", over="bins[n=30]"), **context)
    is_quiet(opened)
    width = opened.page.viewport_size["width"]
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


def test_an_address_of_nothing_shows_the_usual(see: Callable[..., Any]) -> None:
    opened = see("#setting=nothing&unit=ells&mode=none&run=x")
    assert opened.page.locator("#setting h3").text_content() == "first"
    opened = see(at("first", estimator="nothing", over="nothing", unit="ells", mode="run", run="99"))
    assert opened.page.locator("#setting figure svg").count() == 7
    assert opened.page.locator("[name=run]").input_value() == "0"
    assert ", run 0" in opened.page.locator(".panels h4").first.text_content()
    is_quiet(opened)


def test_a_drawing_is_saved_as_a_file_of_its_own(see: Callable[..., Any]) -> None:
    opened = see()
    with opened.page.expect_download() as download:
        opened.page.get_by_role("button", name=re.compile("SVG of Plane")).first.click()
    text = Path(download.value.path()).read_text("utf-8")
    assert text.startswith("<?xml")
    assert "var(--" not in text


def test_without_scripts_the_verdicts_are_there(view: Callable[..., Any], report: Path) -> None:
    opened = view(report, java_script_enabled=False)
    assert "title of L2" in opened.page.locator(".claims").text_content()
    assert "second" in opened.page.locator("#setting-list").text_content()


def test_a_folder_with_nothing_in_it_yet_has_a_page(
    save_study: Callable[..., Path], view: Callable[..., Any], tmp_path: Path
) -> None:
    path = reports.write_study(save_study(tmp_path / "empty", {}))["report.html"]
    opened = view(path)
    is_quiet(opened)
    assert "No claims" in opened.page.locator("#claims").text_content()
