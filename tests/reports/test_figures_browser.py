# SPDX-License-Identifier: Apache-2.0
"""Figures in a real browser: letters in their frame and large enough, keyboards reach, saved files stand alone."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib import image

from mibench import reports
from mibench.contracts import Row
from mibench.harness.store import Run

HOSTILE = '"><script>document.title = "taken"</script>\u202e\u05d0\u05d1 日本語'
NAMES = ("ksg", "kl", "mine", "ae[latent_dim=12]+ksg", "oracle+ksg", HOSTILE, "W" * 3000)
ALL_SVGS = "section:not(#samples) figure svg"


@pytest.fixture(scope="module")
def report(save_run: Callable[..., Run], tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = []
    for j, name in enumerate(NAMES):
        for i, (task, mi, n) in enumerate(itertools.product(("blobs[size=8,", f"{HOSTILE}["), (1, 3, 6), (250, 1000))):
            value, full = mi * (1 - 0.1 * j) + 0.01 * i, f"{task}mi={mi}]"
            common = {"truth": float(mi), "seconds": 0.1 * 2**j}
            rows.append(
                Row(f"{j} {i}", full, name, n, 0, "ok", value, None, (value - 0.3, value + 0.3), None, **common)
            )
            rows.append(Row(f"{j} {i} c", full, name, n, 0, "ok", value, check="symmetry", **common))
    return reports.write(save_run(tmp_path_factory.mktemp("figures") / "a-run", rows))["report.html"]


@pytest.fixture
def see(view: Callable[..., Any], report: Path) -> Callable[..., Any]:
    def opened(width: int, scheme: str = "light") -> Any:
        return view(report, viewport={"width": width, "height": 900}, color_scheme=scheme)

    return opened


@pytest.mark.parametrize("width", [400, 1600])
def test_every_letter_is_in_its_frame_and_large_enough(see: Callable[..., Any], width: int) -> None:
    page = see(width).page
    texts = page.locator(f"{ALL_SVGS} text").evaluate_all(
        """all => all.map(one => {
            const svg = one.ownerSVGElement, box = one.getBoundingClientRect(), frame = svg.getBoundingClientRect();
            const sides = [frame.left - box.left, frame.top - box.top, box.right - frame.right];
            const shape = one.getScreenCTM(), size = parseFloat(getComputedStyle(one).fontSize);
            const out = Math.max(...sides, box.bottom - frame.bottom), name = svg.getAttribute("aria-labelledby");
            return [one.textContent, out, Math.hypot(shape.a, shape.b) * size, name];
        })"""
    )
    assert len({each[3] for each in texts}) == 11
    outside = [each for each in texts if each[1] > 4]
    assert not outside
    assert min(each[2] for each in texts) > 8
    assert page.title() == "mibench: a-run"
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_figure_wider_than_the_window_is_scrolled_by_keyboard(see: Callable[..., Any]) -> None:
    opened = see(400)
    page = opened.page
    frame = page.locator("figure[data-name=cost] .scroll")
    frame.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    opened.eventually(lambda: frame.evaluate("frame => frame.scrollLeft") > 30, True)
    page.keyboard.press("Tab")
    opened.eventually(lambda: page.evaluate("document.activeElement.textContent")[:12], "Download SVG")


def test_figures_follow_the_scheme_of_the_reader(see: Callable[..., Any]) -> None:
    fills = {}
    for scheme in ("light", "dark"):
        page = see(1600, scheme).page
        fills[scheme] = page.locator("#cost svg text").first.evaluate("one => getComputedStyle(one).fill")
    assert fills["light"] != fills["dark"]


def test_a_saved_figure_stands_on_its_own(see: Callable[..., Any], tmp_path: Path) -> None:
    page = see(1600, "dark").page
    for name in ("cost", "errors", "sample-1-blobs-size-8-mi-1"):
        figure = page.locator(f"figure[data-name={name}]")
        with page.expect_download() as saved:
            figure.get_by_role("button", name="Download SVG").focus()
            page.keyboard.press("Enter")
        path = tmp_path / f"{name}.svg"
        saved.value.save_as(path)
        text = path.read_text("utf-8")
        assert "var(" not in text
        assert 'xmlns="http://www.w3.org/2000/svg"' in text
        alone = page.context.new_page()
        alone.goto(path.as_uri())
        assert alone.evaluate("document.documentElement.tagName") == "svg"
        assert alone.locator("text").count() == figure.locator("svg text").count()
        if alone.locator("text").count():
            ink = alone.locator("text").first.evaluate("one => getComputedStyle(one).fill")
            assert max(map(int, ink[4:-1].split(","))) < 130  # dark on white, though the reader's scheme is dark
        pixels = image.imread(io.BytesIO(alone.locator("svg").screenshot()))[..., :3]
        assert np.allclose(pixels[2, 2], 1) or name.startswith("sample")  # a strip of pictures has no margin
        assert pixels.std() > 0.03
        alone.close()
