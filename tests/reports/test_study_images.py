# SPDX-License-Identifier: Apache-2.0
"""Pages of the studies of images in a browser: layers on their own, the loss, controls, what two units have learnt."""

from __future__ import annotations

import importlib.util
import math
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest

from mibench import reports
from mibench.studies.results import Results
from mibench.studies.smoothing import smoothed
from mibench.studies.trust import band, pipeline_of

DIGITS = {
    "dataset": "digits",
    "data_title": "digits (scikit-learn's, 8 x 8 enlarged to 28 x 28)",
    "data": {"rows": 1797, "held_out": 360, "label_nats": 2.3, "held_out_label_nats": 2.3},
}


@pytest.fixture(scope="module")
def made() -> ModuleType:
    """The module ``made_mnist.py`` of this folder."""
    found = importlib.util.spec_from_file_location("made_mnist", Path(__file__).parent / "made_mnist.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def cnn(made: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Results:
    results = made.cnn(tmp_path_factory.mktemp("cnn") / "study", points=24)
    reports.write_study(results.folder)
    return results


@pytest.fixture(scope="module")
def bottleneck(made: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Results:
    results = made.bottleneck(tmp_path_factory.mktemp("bottleneck") / "study", points=24)
    reports.write_study(results.folder)
    return results


@pytest.fixture
def see(view: Callable[..., Any]) -> Callable[..., Any]:
    """The page of a folder at an address, once its setting is drawn."""

    def opened(results: Results, fragment: str = "", **context: Any) -> Any:
        size = {"viewport": {"width": 1300, "height": 900}}
        found = view(results.folder / "report.html", fragment, **(size | context))
        found.expect(found.page.locator("#setting header")).to_be_visible()
        return found

    return opened


def at(setting: str, **asked: str) -> str:
    return "#setting=" + "&".join([quote(setting), *(f"{key}={quote(value)}" for key, value in asked.items())])


def is_quiet(opened: Any) -> None:
    assert opened.messages == opened.dialogs == opened.strangers == []


def column(opened: Any, title: str) -> list[float]:
    return [float(text) for text in opened.column(title, ".values table")]


def panel(opened: Any, layer: int) -> Any:
    return opened.page.locator(".layers figure", has_text=f"Layer L{layer}")


def crosses(opened: Any, layer: int) -> np.ndarray:
    """Left, right, low, high and the middle of each cross in pixels."""
    paths = panel(opened, layer).locator("path.cross").evaluate_all("all => all.map(path => path.getAttribute('d'))")
    numbers = np.array([[float(part) for part in re.findall(r"[\d.]+", path)] for path in paths])
    left, y, right, x, low, high = numbers.T
    return np.stack([left, right, low, high, x, y], axis=-1)


def test_it_opens_in_nats_with_the_layers_that_the_source_draws_first(
    see: Callable[..., Any], cnn: Results, made: ModuleType
) -> None:
    opened = see(cnn)
    titles = opened.page.locator(".layers h4").all_text_contents()
    assert titles == ["Layer L3", "Layer L4", "Layer L5", "Training loss", "Layer L1", "Layer L2"]
    last = cnn.plane("cnn", made.COMPRESSED).information.mean(axis=0)[-1]
    np.testing.assert_allclose(column(opened, "I(X;L) (nats)"), last[:, 0], atol=6e-4)
    np.testing.assert_allclose(column(opened, "I(L;Y) (nats)"), last[:, 1], atol=6e-4)
    opened.page.locator("[name=unit]").select_option("bits")
    opened.expect(opened.page).to_have_url(re.compile("unit=bits"))
    np.testing.assert_allclose(column(opened, "I(X;L) (bits)"), last[:, 0] / math.log(2), atol=6e-4)
    assert "0 of 0" not in opened.page.locator("header").first.text_content()
    assert "70000 images, 10000 of them held out" in opened.page.locator("header").first.text_content()
    assert opened.page.locator(".warning").count() == 0
    assert "set that is not trained on of 10000 images" in opened.page.locator("#planes").text_content()
    is_quiet(opened)


def test_crosses_are_95_percent_intervals_and_the_path_is_the_smoothed_one(
    see: Callable[..., Any], cnn: Results, made: ModuleType
) -> None:
    opened = see(cnn, at("cnn"))
    plane = cnn.plane("cnn", made.COMPRESSED)
    mean, found = plane.information.mean(axis=0)[:, 3], crosses(opened, 4)
    assert len(found) == len(plane.epochs)
    for which, middle, ends in ((0, found[:, 4], found[:, [0, 1]]), (1, found[:, 5], found[:, [3, 2]])):
        scale, start = np.polyfit(mean[:, which], middle, 1)
        np.testing.assert_allclose(start + scale * mean[:, which], middle, atol=0.2)
        half = 1.96 * 0.03 / math.sqrt(len(plane.runs))
        np.testing.assert_allclose(np.abs(np.diff(ends, axis=1)), abs(2 * half * scale), atol=0.25)
        now = float(panel(opened, 4).locator("circle.now").get_attribute(("cx", "cy")[which]))
        np.testing.assert_allclose(now, start + scale * smoothed(mean[:, which])[-1], atol=0.3)
    assert panel(opened, 4).locator("path.smooth").count() == len(plane.epochs) - 1


def test_colour_is_how_fast_the_loss_falls(see: Callable[..., Any], cnn: Results, made: ModuleType) -> None:
    opened = see(cnn, at("cnn"))
    epochs = cnn.plane("cnn", made.COMPRESSED).epochs
    loss = cnn.trajectory("cnn").loss.mean(axis=0)[epochs[1:] - 1]
    change = np.diff(loss) / np.diff(epochs[1:])
    assert opened.page.locator("[name=colour]").input_value() == "loss"
    shades = panel(opened, 5).locator("path.cross").evaluate_all("all => all.map(path => path.style.stroke)")
    assert shades[2 + int(np.argmin(change))] == "rgb(14, 30, 110)", "the fastest fall"
    assert shades[-1] == "rgb(150, 155, 163)", "no change"
    losses = opened.page.locator(".layers figure", has_text="Training loss").locator("circle:not([class])")
    assert losses.evaluate_all("all => all.filter(one => one.style.fill === 'rgb(14, 30, 110)').length") == 1
    opened.page.locator("[name=colour]").select_option("epoch")
    opened.expect(opened.page.locator(".layers > .keys")).to_contain_text("epoch 0 to 300")
    again = panel(opened, 5).locator("path.cross").evaluate_all("all => all.map(path => path.style.stroke)")
    assert len(set(again)) > 15
    opened.page.locator("[name=estimator]").select_option("compressed[x=ae,layer=pca,estimator=kl]")
    opened.expect(opened.page.locator(".panels h4").first).to_contain_text("estimator=kl")
    is_quiet(opened)


def test_the_player_moves_layers_and_the_loss_together(see: Callable[..., Any], cnn: Results, made: ModuleType) -> None:
    opened = see(cnn, at("cnn"))
    epochs = cnn.plane("cnn", made.COMPRESSED).epochs
    marker = opened.page.locator(".layers figure", has_text="Training loss").locator("circle.now")
    before = float(marker.get_attribute("cx"))
    opened.page.locator("[name=place]").evaluate(
        "slider => { slider.value = 12; slider.dispatchEvent(new Event('input', { bubbles: true })); }"
    )
    opened.expect(opened.page.locator(".controls output")).to_have_text(f"epoch {epochs[12]}")
    opened.expect(panel(opened, 3).locator("path.cross")).to_have_count(13)
    assert float(marker.get_attribute("cx")) < before
    marker.hover()
    loss = cnn.trajectory("cnn").loss.mean(axis=0)[epochs[12] - 1]
    tip = opened.page.locator(".layers figure", has_text="Training loss").locator(".tip")
    opened.expect(tip).to_contain_text(f"epoch {epochs[12]}, mean of 3 runs\nloss {loss:.4f} nats")


def test_single_runs_have_crosses_of_their_own(see: Callable[..., Any], cnn: Results, made: ModuleType) -> None:
    plane = cnn.plane("cnn", made.COMPRESSED)
    opened = see(cnn, at("cnn", mode="run", run="1"))
    values, found = plane.information[1, :, 0], crosses(opened, 1)
    scale, start = np.polyfit(values[:, 0], found[:, 4], 1)
    np.testing.assert_allclose(start + scale * values[:, 0], found[:, 4], atol=0.5)
    np.testing.assert_allclose(found[:, 1] - found[:, 0], 2 * 1.96 * 0.03 * scale, atol=0.3)
    opened = see(cnn, at("cnn", mode="runs", over="compressed[x=ae,layer=pca,estimator=kl]"))
    assert panel(opened, 1).locator("circle.now").count() == 4, "three runs of one estimator, one of the other"
    is_quiet(opened)


def test_the_control_tells_what_the_truth_may_be(see: Callable[..., Any], cnn: Results, made: ModuleType) -> None:
    opened = see(cnn, at("cnn"))
    i_x = cnn.plane("cnn", made.COMPRESSED).information.mean(axis=0)[-1, :, 0]
    pipeline = pipeline_of(made.COMPRESSED)
    assert pipeline is not None
    low, high = band(made.known_images(), pipeline)(i_x)
    shown = opened.column("I(X;L) in truth", ".values table")
    np.testing.assert_allclose([[float(part) for part in text.split(" to ")] for text in shown],
                               np.stack([low, high], axis=-1), atol=2e-3)  # fmt: skip
    bars = opened.page.locator(".layers path.truth, .panels path.truth")
    assert bars.count() == 10, "each layer's, on its own and with the others"
    opened.expect(opened.page.locator(".layers .trust")).to_contain_text("no truth that was tried gives it")
    opened.page.locator("[name=trust]").uncheck()
    opened.expect(bars).to_have_count(0)
    opened.expect(opened.page).to_have_url(re.compile("trust=off"))


@pytest.mark.parametrize("width", [1300, 400])
def test_what_the_control_does_not_reach_is_said(
    see: Callable[..., Any], made: ModuleType, tmp_path: Path, width: int
) -> None:
    results = made.cnn(tmp_path / "study", runs=1, points=12)
    known = {name: values[..., :7] for name, values in made.known_images().items()}  # to 3 nats
    made.save_analysis(results.path("known-images", "analysis-known-images"), known)
    reports.write_study(results.folder)
    opened = see(results, at("cnn"), viewport={"width": width, "height": 900}, color_scheme="dark")
    shown = opened.column("I(X;L) in truth", ".values table")
    assert "beyond the control" in shown
    assert any(" to " in text for text in shown)
    assert opened.page.locator(".panels path.truth").count() == sum(text != "beyond the control" for text in shown)
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    is_quiet(opened)


def test_without_the_control_the_page_says_so(see: Callable[..., Any], made: ModuleType, tmp_path: Path) -> None:
    results = made.cnn(tmp_path / "study", runs=1, points=6)
    results.path("known-images", "analysis-known-images").unlink()
    reports.write_study(results.folder)
    opened = see(results, at("cnn"))
    opened.expect(opened.page.locator(".layers .trust")).to_contain_text("is not in this folder")
    assert opened.page.locator("[name=trust]").count() == 0
    is_quiet(opened)


def test_other_data_than_mnist_are_called_what_they_are(
    see: Callable[..., Any], made: ModuleType, tmp_path: Path
) -> None:
    results = made.bottleneck(tmp_path / "study", runs=1, points=6, **DIGITS)
    reports.write_study(results.folder)
    opened = see(results)
    assert "These are not MNIST but digits" in opened.page.locator(".warning").text_content()
    assert "Data: digits (scikit-learn's, 8 x 8" in opened.page.locator("header").first.text_content()
    assert "1797 images, 360 of them held out" in opened.page.locator("header").first.text_content()


def test_an_older_folder_that_tells_less_has_a_page(see: Callable[..., Any], made: ModuleType, tmp_path: Path) -> None:
    results = made.bottleneck(tmp_path / "study", runs=1, points=6, data=None, data_title="", dataset="mnist")
    results.path("bottleneck-2", "analysis-gallery").write_bytes(b"damaged")
    reports.write_study(results.folder)
    opened = see(results)
    assert "All values are of the whole set. I(T;Y)" in opened.page.locator("#planes").text_content()
    assert opened.page.locator("line.ceiling").count() == 0
    assert opened.page.locator("section.units").count() == 0
    assert "analysis-gallery" in opened.page.locator("#failures").text_content()
    is_quiet(opened)


def test_ceilings_are_those_of_the_data(see: Callable[..., Any], bottleneck: Results) -> None:
    opened = see(bottleneck)
    figure = opened.page.locator(".panels figure").first
    assert figure.locator("text", has_text=re.compile(r"^H\([XY]\)$")).all_text_contents() == ["H(X)", "H(Y)"]
    plane = bottleneck.plane("bottleneck-2", "exact").information.mean(axis=0)[-1]
    found = np.array(figure.locator("circle.now").evaluate_all("all => all.map(c => +c.getAttribute('cx'))"))
    scale, start = np.polyfit(plane[:, 0], found, 1)
    ceiling = float(figure.locator("line.ceiling").first.get_attribute("x1"))
    assert ceiling == pytest.approx(start + scale * math.log(70000), abs=0.5)
    is_quiet(opened)


def test_what_two_units_have_learnt_is_drawn_along_training(see: Callable[..., Any], bottleneck: Results) -> None:
    arrays = bottleneck.analysis("bottleneck-2", "gallery")
    epochs, labels = arrays["epochs"], arrays["labels"]
    opened = see(bottleneck)
    section = opened.page.locator("section.units")
    figure = section.locator("figure")
    assert section.locator("h4").first.text_content() == "What the two units of T4 have learnt"
    assert f"T4 at epoch {epochs[-1]}, 85 % right" in figure.locator("h4").text_content()
    drawn = figure.locator("path.dots").evaluate_all("all => all.map(p => p.getAttribute('d').split('M').length - 1)")
    assert sum(drawn) == len(labels)
    assert sorted(figure.locator("text.digit").all_text_contents()) == [str(digit) for digit in range(10)]
    assert section.locator(".strip button").count() == len(epochs)
    # a number stands at the middle of its class
    middles = np.array([np.median(arrays["values"][0, -1][labels == digit], axis=0) for digit in range(10)])
    placed = figure.locator("text.digit").evaluate_all(
        "all => all.map(text => [+text.textContent, +text.getAttribute('x'), +text.getAttribute('y')])"
    )
    _, x, y = np.array(sorted(placed)).T
    assert np.corrcoef(x, middles[:, 0])[0, 1] > 0.999
    assert np.corrcoef(y, middles[:, 1])[0, 1] < -0.999
    is_quiet(opened)


def test_the_strip_and_the_slider_move_each_other(see: Callable[..., Any], bottleneck: Results) -> None:
    epochs = bottleneck.analysis("bottleneck-2", "gallery")["epochs"]
    opened = see(bottleneck)
    buttons = opened.page.locator("section.units .strip button")
    buttons.nth(2).click()
    opened.expect(opened.page.locator(".controls output")).to_have_text(f"epoch {epochs[2]}")
    opened.expect(opened.page.locator("section.units figure h4")).to_contain_text(f"epoch {epochs[2]}")
    opened.expect(buttons.nth(2)).to_have_attribute("aria-current", "true")
    opened.expect(buttons.nth(2)).to_be_focused()
    opened.page.locator("[name=place]").evaluate(
        "slider => { slider.value = 1e6; slider.dispatchEvent(new Event('input', { bubbles: true })); }"
    )
    opened.expect(opened.page.locator("section.units .strip [aria-current]")).to_contain_text(f"epoch {epochs[-1]}")
    is_quiet(opened)


@pytest.mark.parametrize("context", [{"color_scheme": "dark"}, {"viewport": {"width": 400, "height": 800}}])
def test_classes_are_told_apart_without_colour(
    see: Callable[..., Any], bottleneck: Results, context: dict[str, Any]
) -> None:
    opened = see(bottleneck, **context)
    legend = opened.page.get_by_role("group", name="Each digit: shown or not")
    legend.get_by_role("button", name="7").click()
    opened.expect(legend.get_by_role("button", name="7")).to_have_attribute("aria-pressed", "false")
    opened.expect(legend.get_by_role("button", name="7")).to_be_focused()
    opened.expect(opened.page.locator("section.units text.digit")).to_have_count(9)
    run = opened.page.locator("[name=gallery-run]")
    run.select_option("1")
    opened.expect(opened.page.locator("section.units text.digit")).to_have_count(9)
    opened.expect(run).to_have_value("1")
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= opened.page.viewport_size["width"]
    is_quiet(opened)
