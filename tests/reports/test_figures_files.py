# SPDX-License-Identifier: Apache-2.0
"""Figures as SVG and as files: one drawing a plate, named for those who cannot see, in colours that all can see."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib import image
from numpy.typing import NDArray

from mibench import reports
from mibench.contracts import Row
from mibench.harness.score import leaderboard
from mibench.harness.store import Run
from mibench.reports.figures import Plate, plates
from mibench.reports.gallery import pictures
from mibench.reports.results import cells, trials
from mibench.reports.style import PALETTE, VARIABLES

SVG = "{http://www.w3.org/2000/svg}"
TAGS = {"svg", "title", "desc", "g", "defs", "clipPath", "path", "rect", "use", "image", "text"}
HOSTILE = '"><script>alert(1)</script>\u202e\x07 $x_1$ #426fcf 日本 id="x" style="fill:red"'
NAMES = ("ksg", "mine", "oracle+ksg", HOSTILE, "k" * 5000)


def rows() -> list[Row]:
    """Every kind of figure has something to show."""
    made = []
    for j, name in enumerate(NAMES):
        for i, (task, mi, n) in enumerate(itertools.product(("blobs", "fields"), (1, 3, 6), (250, 1000))):
            value = mi * (1 - 0.1 * j) + 0.01 * i
            more = {"truth": float(mi), "seconds": 0.1 * 2**j, "interval": (value - 0.3, value + 0.3)}
            full = f"{task}[size=8,mi={mi}]"
            made.append(Row(f"{j} {i}", full, name, n, 0, "ok", value, None, **more))  # type: ignore[arg-type]
            made.append(
                Row(f"{j} {i} c", full, name, n, 0, "ok", value + 0.1 * j, None, check="symmetry", truth=float(mi))
            )
    return made


@pytest.fixture(scope="module")
def svgs(found: list[Plate]) -> dict[str, str]:
    return {plate.name: plate.drawing().svg for plate in found}


@pytest.fixture(scope="module")
def found() -> list[Plate]:
    table = trials(rows())
    samples = [picture.plate for picture in pictures(["blobs[size=8,mi=1]", "gaussian[mi=1]"]) if picture.plate]
    return [*plates(cells(table), table, leaderboard(rows()), rows()), *samples]


def test_every_kind_of_figure_is_there(found: list[Plate]) -> None:
    assert [plate.name for plate in found] == [
        "ranks", "critical-difference", "truth-1-blobs", "truth-2-fields", "errors", "cost", "sizes", "intervals",
        "consistency", "sample-1-blobs-size-8-mi-1", "sample-2-gaussian-mi-1",
    ]  # fmt: skip


def test_a_figure_is_one_drawing_with_a_name_a_description_and_ids_of_its_own(
    found: list[Plate], svgs: dict[str, str]
) -> None:
    ids: set[str] = set()
    for plate in found:
        svg = svgs[plate.name]
        root = ElementTree.fromstring(svg)  # well-formed XML, whatever the names hold
        assert root.tag == f"{SVG}svg"
        assert len(root.findall(f".//{SVG}svg")) == 0
        assert root.get("role") == "img"
        title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
        assert title is not None
        assert description is not None
        assert (title.text, title.get("id")) == (plate.title, root.get("aria-labelledby"))
        assert (description.text, description.get("id")) == (plate.alt, root.get("aria-describedby"))
        own = [each.get("id") for each in root.iter() if each.get("id")]
        assert len(own) == len(set(own))
        assert not ids & set(own)
        ids |= set(own)  # type: ignore[arg-type]
        used = re.findall(r'(?:url\(#|href="#)([^")]*)', svg)
        assert set(used) <= set(own)
        assert {each.tag.removeprefix(SVG) for each in root.iter()} <= TAGS
        assert not [name for each in root.iter() for name in each.attrib if name.startswith("on")]


def test_every_colour_follows_the_page_with_a_fallback(svgs: dict[str, str]) -> None:
    for name, svg in svgs.items():
        bare = {
            colour
            for style in re.findall(r'<[^>]* style="([^"]*)"', svg)
            for colour in re.findall(r"#[0-9a-f]{6}", re.sub(r"var\(--[\w-]+,#[0-9a-f]{6}\)", "", style))
        }
        assert not bare, f"{name} has {bare}"


def test_names_stay_what_they_are_but_for_what_would_break_a_figure(svgs: dict[str, str]) -> None:
    texts = [each.text for svg in svgs.values() for each in ElementTree.fromstring(svg).iter(f"{SVG}text")]
    assert max(len(text or "") for text in texts) < 60
    assert any("…" in (text or "") for text in texts)
    assert not any("var(" in (text or "") or "\u202e" in (text or "") for text in texts)


def test_exported_figures_are_of_every_plate_and_look_like_something(
    save_run: Callable[..., Run], tmp_path: Path
) -> None:
    some = [row for row in rows() if row.estimator in NAMES[:2] and row.task.startswith("blobs[size=8,mi=1")]
    written = reports.write(save_run(tmp_path / "run", some), figures=tmp_path / "f", formats=["png", "svg"])
    names = {path.stem for path in (tmp_path / "f").iterdir()}
    assert names == {
        "truth-1-blobs", "errors", "cost", "sizes", "intervals", "consistency",
        "sample-1-blobs-size-8-mi-1",
    }  # fmt: skip
    for name in names:
        pixels = image.imread(written[f"{name}.png"])
        assert min(pixels.shape[:2]) > 100
        assert 0.01 < pixels[..., :3].std() < 0.5
        svg = written[f"{name}.svg"].read_text("utf-8")
        assert "var(" not in svg
        assert svg.startswith("<?xml")
        assert ElementTree.fromstring(svg).get("style", "").startswith("font-family")


# Machado, Oliveira and Fernandes, A physiologically-based model of color vision deficiency, 2009; in full
EYES = {
    "normal": np.eye(3),
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritan": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
# Ottosson, A perceptual color space for image processing, 2020
CONES = np.array([[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566], [0.0883024619, 0.2817188376, 0.6299787005]])  # fmt: skip  # noqa: E501
LAB = np.array([[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099], [0.0259040371, 0.7827717662, -0.8086757660]])  # fmt: skip  # noqa: E501


def linear(colour: str) -> NDArray[np.float64]:
    values = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    dark, light = sorted(float(linear(each) @ [0.2126, 0.7152, 0.0722]) for each in (one, other))
    return (light + 0.05) / (dark + 0.05)


def apart(one: str, other: str, eye: str) -> float:
    a, b = (LAB @ np.cbrt(CONES @ np.clip(EYES[eye] @ linear(each), 0, 1)) for each in (one, other))
    return float(np.linalg.norm(a - b))


def schemes() -> dict[str, dict[str, str]]:
    """The colours that the page gives each variable, on light paper, on dark paper and in print."""
    style = (resources.files("mibench.reports") / "templates" / "report.css").read_text("utf-8")
    roots = re.findall(r":root \{(.*?)\}", style, flags=re.DOTALL)
    values = [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", root)) for root in roots]
    return dict(zip(("light", "dark", "print"), values, strict=True))


def test_the_page_has_every_variable_and_on_white_the_colours_of_files() -> None:
    found = schemes()
    for colour, variable in VARIABLES.items():
        assert found["light"][variable] == colour
        assert variable in found["dark"]
        assert variable in found["print"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("eye", EYES)
def test_curves_can_be_told_apart_by_every_eye(scheme: str, eye: str) -> None:
    colours = [schemes()[scheme][f"series-{i}"] for i in range(len(PALETTE))]
    for one, other in itertools.combinations(colours, 2):
        assert apart(one, other, eye) > 0.1, f"{one} and {other}"
    assert apart(schemes()[scheme]["below"], schemes()[scheme]["above"], eye) > 0.15


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_curves_and_words_stand_out_from_the_paper(scheme: str) -> None:
    values = schemes()[scheme]
    assert all(contrast(values[f"series-{i}"], values["paper"]) > 3 for i in range(len(PALETTE)))
    assert min(contrast(values["below"], values["paper"]), contrast(values["above"], values["paper"])) > 3
    assert min(contrast(values[name], values["paper"]) for name in ("ink", "muted")) > 4.5
