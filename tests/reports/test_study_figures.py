# SPDX-License-Identifier: Apache-2.0
"""Figures of planes: of a user's own plane, and of every kind of setting of a study."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mibench import reports
from mibench.contracts import InputError
from mibench.reports.plane_figures import draw_plane
from mibench.reports.plane_plates import plates
from mibench.studies.results import Plane, Results, save_analysis

BITS = 1 / np.log(2)


def test_a_users_plane_shows_its_mean_in_bits(plane_of: Callable[..., Plane]) -> None:
    plane = plane_of("exact")
    figure = draw_plane(plane, layer_names=["conv", "dense", "out"], beneath=plane_of("bins[n=30]", seed=3))
    axes = figure.axes[0]
    mean = plane.information.mean(axis=0) * BITS
    paths = [line.get_xydata() for line in axes.lines]
    for layer in range(3):
        assert any(path.shape == mean[:, layer].shape and np.allclose(path, mean[:, layer]) for path in paths)
    assert {text.get_text() for text in axes.texts} == {"conv", "dense", "out"}
    assert axes.get_xlabel() == "I(X;T) (bits)"


def test_nats_and_what_is_missing(plane_of: Callable[..., Plane]) -> None:
    plane = plane_of("sp[replicas=4]", null=False)
    gone = plane.information.copy()
    gone[:, :, 1] = np.nan
    figure = draw_plane(replace(plane, information=gone), unit="nats", title="mine")
    assert figure.axes[0].get_ylabel() == "I(T;Y) (nats)"
    assert {text.get_text() for text in figure.axes[0].texts} == {"T1", "T3"}
    draw_plane(replace(plane, information=np.full_like(gone, np.nan)))


def test_names_and_units_are_checked(plane_of: Callable[..., Plane]) -> None:
    with pytest.raises(InputError, match="2 layer_names for 3 layers"):
        draw_plane(plane_of("exact"), layer_names=["a", "b"])
    with pytest.raises(InputError, match="unit is 'ells'"):
        draw_plane(plane_of("exact"), unit="ells")  # type: ignore[arg-type]


def test_every_source_has_its_layout(
    save_study: Callable[..., Path], plane_of: Callable[..., Plane], tmp_path: Path
) -> None:
    planes = {
        "lorenzen-8bit-tanh": [plane_of("exact")],
        "rasmussen-relu": [plane_of("bins[n=100,lo=0]"), plane_of("adaptive[n=30]", epochs=9)],
        "goldfeld-noisy": [plane_of("sp[replicas=16]", runs=1)],
        "szt-snapshots": [plane_of("bins[n=30]")],
        "szt-fraction-05": [plane_of("bins[n=30]")],
        "szt-fraction-85": [plane_of("bins[n=30]", seed=4)],
        "../odd name": [],
        "ib-curve": [],
    }
    about = {name: {"tags": [name.split("-")[0]]} for name in planes}
    folder = save_study(tmp_path / "study", planes, about)
    betas = np.linspace(1.1, 3, 9)
    save_analysis(
        Results(folder).path("ib-curve", "analysis-ib-curve"), {"betas": betas, "i_x": betas, "i_y": betas / 2}
    )
    found = {plate.name: plate for plate in plates(Results(folder))}
    assert set(found) >= {
        "lorenzen-8bit-tanh-exact", "lorenzen-8bit-tanh-median", "lorenzen-8bit-tanh-measures",
        "rasmussen-relu-planes", "goldfeld-noisy-information", "szt-snapshots-snapshots", "szt-fractions",
        "ib-curve-layers", "ib-curve-analysis-1",
    }  # fmt: skip
    assert all("/" not in name for name in found)
    panels = {name: len(plate.draw().axes) for name, plate in found.items()}
    assert panels["lorenzen-8bit-tanh-exact"] == 4, "the plane, its colours, two curves"
    assert panels["rasmussen-relu-planes"] == 3
    assert panels["szt-snapshots-snapshots"] == 5


def test_figures_are_files(save_study: Callable[..., Path], plane_of: Callable[..., Plane], tmp_path: Path) -> None:
    folder = save_study(tmp_path / "study", {"one": [plane_of("exact")]})
    written = reports.write_study(folder, figures=tmp_path / "figures", formats=("pdf", "svg"))
    assert list(written)[:3] == ["report.html", "one-exact.pdf", "one-exact.svg"]
    assert written["one-exact.pdf"].read_bytes().startswith(b"%PDF")
    assert "<svg" in written["one-exact.svg"].read_text("utf-8")


def test_a_format_that_is_not_known_is_refused_before_anything_is_written(
    save_study: Callable[..., Path], tmp_path: Path
) -> None:
    folder = save_study(tmp_path / "study", {})
    with pytest.raises(InputError, match="no figures as 'gif'"):
        reports.write_study(folder, formats=("gif",))
    assert not (folder / "report.html").exists()
