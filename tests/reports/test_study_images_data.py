# SPDX-License-Identifier: Apache-2.0
"""What pages and figures of the studies of images are made of: losses, errors, controls, ceilings, two units."""

from __future__ import annotations

import importlib.util
import json
import math
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from mibench import reports
from mibench.reports.plane_layers import draw_layers
from mibench.reports.plane_plates import plates
from mibench.reports.study import grouped
from mibench.reports.study_about import about
from mibench.reports.study_analyses import charts
from mibench.reports.study_data import settings
from mibench.reports.study_loss import Losses, change
from mibench.reports.study_packing import unpack
from mibench.reports.study_trust import Trust
from mibench.studies.results import Plane, Results
from mibench.studies.smoothing import smoothed
from mibench.studies.trust import PIPELINES, Pipeline


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
    found: Results = made.cnn(tmp_path_factory.mktemp("cnn") / "study", points=40)
    return found


@pytest.fixture(scope="module")
def bottleneck(made: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Results:
    found: Results = made.bottleneck(tmp_path_factory.mktemp("bottleneck") / "study", points=20)
    return found


def test_the_loss_of_an_epoch_is_that_of_its_training(cnn: Results, made: ModuleType) -> None:
    plane = cnn.plane("cnn", made.COMPRESSED)
    found = Losses(cnn, "cnn").of(plane)
    assert found is not None
    assert np.isnan(found[:, 0]).all(), "epoch 0 is before any training"
    loss = cnn.trajectory("cnn").loss
    for place in (1, 7, len(plane.epochs) - 1):
        np.testing.assert_allclose(found[:, place], loss[:, plane.epochs[place] - 1])
    some = replace(plane, runs=plane.runs[1:2], information=plane.information[1:2])
    np.testing.assert_array_equal(Losses(cnn, "cnn").of(some), found[1:2])
    assert Losses(cnn, "known-images").of(plane) is None
    assert Losses(cnn, "cnn").of(replace(plane, runs=np.array([99]))) is None


def test_of_a_folder_without_a_trajectory_the_loss_is_that_of_the_measures(made: ModuleType, tmp_path: Path) -> None:
    results = made.cnn(tmp_path / "study", points=8)
    results.path("cnn", "trajectory").unlink()
    plane = results.plane("cnn", made.COMPRESSED)
    np.testing.assert_array_equal(Losses(results, "cnn").of(plane), results.measures("cnn").loss[..., 0])
    results.path("cnn", "measures").unlink()
    assert Losses(results, "cnn").of(plane) is None


def test_runs_that_were_begun_again_are_counted(made: ModuleType, tmp_path: Path) -> None:
    results = made.cnn(tmp_path / "study", points=8)
    path = results.path("cnn", "trajectory")
    replace(results.trajectory("cnn"), restarts=np.array([0, 4, 1])).save(path)
    found = {name: json.loads(text) for name, text in settings(results).texts.items()}
    assert found["cnn"]["restarted"] == 2
    assert not any("restarted" in found[name] for name in ("cnn-random-labels", "known-images"))
    path.write_bytes(path.read_bytes()[:-200])
    assert "restarted" not in json.loads(settings(results).texts["cnn"])


def test_changes_are_by_the_epoch() -> None:
    epochs, loss = np.array([0, 1, 3, 10]), np.array([np.nan, 2.0, 1.0, 2.4])
    np.testing.assert_allclose(change(epochs, loss), [np.nan, np.nan, -0.5, 0.2])


def test_the_page_carries_errors_and_smoothed_paths_of_the_mean_and_of_each_run(cnn: Results, made: ModuleType) -> None:
    plane = cnn.plane("cnn", made.COMPRESSED)
    told = json.loads(settings(cnn).texts["cnn"])["planes"][0]
    of = np.moveaxis(plane.information, 1, -1)  # (R, L, 2, E)
    for which in (0, 1):
        np.testing.assert_allclose(unpack(told["error"][which]), 0.03 / math.sqrt(3), atol=1e-6)
        np.testing.assert_allclose(unpack(told["smooth"][which]), smoothed(of.mean(axis=0)[:, which]), atol=1e-4)
        np.testing.assert_allclose(unpack(told["single"]["error"][which]), 0.03, atol=1e-6)
        np.testing.assert_allclose(unpack(told["single"]["smooth"][which]), smoothed(of[:, :, which]), atol=2e-3)
    loss = Losses(cnn, "cnn").of(plane)
    assert loss is not None
    np.testing.assert_allclose(unpack(told["change"])[0], change(plane.epochs, loss.mean(axis=0)), atol=1e-5)
    np.testing.assert_allclose(unpack(told["lossBound"]), 0.2, atol=1e-6)


def test_planes_of_patterns_carry_no_more_than_before(made: ModuleType, tmp_path: Path) -> None:
    results = made.cnn(tmp_path / "study", points=6)
    described = json.loads((results.folder / "study.json").read_text("utf-8"))
    (results.folder / "study.json").write_text(json.dumps(described | {"study": "ib-network"}), "utf-8")
    told = json.loads(settings(Results(results.folder)).texts["cnn"])["planes"][0]
    assert "error" in told
    assert not {"smooth", "loss", "trust", "trustNote"} & {*told, *told["single"]}


def test_the_truth_is_told_where_a_control_has_the_same_steps(cnn: Results, made: ModuleType, tmp_path: Path) -> None:
    found, said = Trust(cnn).of(made.COMPRESSED)
    assert found is not None
    assert "known-images" in said
    low, high = found(np.array([2.0]))
    too_little = 0.02 * PIPELINES.index(Pipeline("ae", "pca", "layer", "wkl"))
    assert low[0] <= 2.0 / (1 - too_little) <= high[0]
    assert Trust(cnn).of("compressed[x=none,layer=pca]")[0] is None
    assert "no control of these steps" in Trust(cnn).of("exact")[1]
    cnn_without = made.cnn(tmp_path / "study", points=6)
    cnn_without.path("known-images", "analysis-known-images").write_bytes(b"damaged")
    assert "not in this folder" in Trust(cnn_without).of(made.COMPRESSED)[1]


def test_what_a_page_says_is_of_its_study(cnn: Results, bottleneck: Results) -> None:
    first, second = about(cnn), about(bottleneck)
    assert (first.unit, first.letter, first.first) == ("nats", "L", (2, 3, 4))
    assert (second.unit, second.letter, second.first) == ("bits", "T", ())
    assert first.ceilings is not None
    assert second.ceilings is not None
    assert first.ceilings[0] == pytest.approx(math.log(10_000)), "planes of the images that are held out"
    assert second.ceilings[0] == pytest.approx(math.log(70_000))
    assert first.label == "digit"
    bottleneck.about["dataset"] = "fashion-mnist"
    try:
        other = about(bottleneck)
        assert other.label == "class"
        assert "not MNIST" in other.warning
    finally:
        bottleneck.about["dataset"] = "mnist"


def test_settings_stand_under_their_source() -> None:
    told = {
        "cnn": {"tags": ["butakov"], "runs": 4},
        "cnn-random-labels": {"tags": ["control"], "runs": 2, "variant_of": "cnn"},
        "alone": {"tags": ["control"], "runs": 2},
        "known-images": {"tags": ["control"]},
    }
    assert grouped(told) == [
        ("Butakov et al.", [("cnn", ["cnn-random-labels"])]),
        ("Negative controls", [("alone", [])]),
        ("Controls whose truth is known", [("known-images", [])]),
    ]


def test_figures_of_layers_are_laid_out_as_the_source_has_them(cnn: Results, made: ModuleType) -> None:
    found = {plate.name: plate for plate in plates(cnn)}
    name = "cnn-compressed-x-ae-layer-pca"
    assert set(found) >= {f"{name}-layers", f"{name}-first-layers", name, "cnn-median", "cnn-measures"}
    figure = found[f"{name}-layers"].draw()
    assert [axes.get_title(loc="left") for axes in figure.axes[:3]] == ["L3", "L4", "L5"]
    assert figure.axes[0].get_xlabel() == "I(X;L3) (nats)"
    assert len(figure.axes) == 5, "three planes, the loss, its colours"
    plane = cnn.plane("cnn", made.COMPRESSED)
    ends = smoothed(plane.information.mean(axis=0)[:, 2].T)[:, -1]
    np.testing.assert_allclose(figure.axes[0].collections[-1].get_offsets()[0], ends)
    crosses = np.array(figure.axes[0].collections[0].get_segments())
    np.testing.assert_allclose(np.ptp(crosses[..., 0], axis=1), 2 * 1.96 * 0.03 / math.sqrt(3))
    assert found[name].draw().axes[0].get_ylabel() == "I(L;Y) (nats)"


def test_layers_without_errors_or_losses_are_drawn_too(made: ModuleType) -> None:
    plane: Plane = made.plane_of(np.arange(12), 2, 12, "compressed")
    figure = draw_layers(replace(plane, std_error=None), None, [0, 4], unit="bits", letter="T")
    assert len(figure.axes) == 2
    assert figure.axes[1].get_xlabel() == "I(X;T5) (bits)"


def test_a_figure_of_two_units_has_a_row_for_each_run(bottleneck: Results) -> None:
    plate = next(plate for plate in plates(bottleneck) if plate.name == "bottleneck-2-gallery")
    figure, arrays = plate.draw(), bottleneck.analysis("bottleneck-2", "gallery")
    runs, points, rows, _ = arrays["values"].shape
    assert len(figure.axes) == runs * points
    assert {len(axes.collections[0].get_offsets()) for axes in figure.axes} == {rows}
    assert figure.axes[points].get_ylabel() == "run 2"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [str(digit) for digit in range(10)]


def test_controls_are_charts_of_estimates_beside_the_truth(cnn: Results, made: ModuleType) -> None:
    problems: list[tuple[str, str]] = []
    found = charts(cnn, "known-images", problems)
    assert [chart["title"] for chart in found][:2] == [
        "The numbers behind both, not compressed",
        "Image by an autoencoder, layer by principal components",
    ]
    assert sum(len(chart["series"]) - 1 for chart in found) == len(PIPELINES)
    truth, wkl = found[1]["series"][:2]
    assert truth["x"] == truth["y"]
    at = PIPELINES.index(Pipeline("ae", "pca", "layer", "wkl"))
    np.testing.assert_allclose(wkl["y"], made.known_images()["estimate"][at], atol=1e-4)
    np.testing.assert_allclose(np.subtract(wkl["high"], wkl["low"]), 2 * 1.96 * 0.02, atol=1e-4)
    found = charts(cnn, "cnn", problems)
    assert [chart["title"] for chart in found][4:] == [
        "L5 in epoch 300: estimate and bracket", "Outside of the bracket, epoch 300", "Furthest outside of the bracket",
    ]  # fmt: skip
    bracket, _, dots = found[0]["series"]
    assert all(
        low <= value <= high for low, value, high in zip(bracket["low"], dots["y"], bracket["high"], strict=True)
    )
    apart = {each["name"]: each["y"] for each in found[5]["series"]}
    assert apart["L1"] == [0, 0, 0]
    np.testing.assert_allclose(apart["L5"], 0.3)
    assert {each["name"]: each["y"] for each in found[6]["series"]}["L1"] == [0, 0], "one has no estimate"
    assert problems == []


def test_two_units_are_packed_with_their_accuracy(bottleneck: Results) -> None:
    told = json.loads(settings(bottleneck).texts["bottleneck-2"])["gallery"]
    arrays, measures = bottleneck.analysis("bottleneck-2", "gallery"), bottleneck.measures("bottleneck-2")
    np.testing.assert_allclose(unpack(told["values"]), np.moveaxis(arrays["values"], 2, -1), atol=1e-3)
    assert (told["layer"], told["runs"], told["heldOut"]) == (3, [0, 2], True)
    at = measures.epochs.tolist().index(told["epochs"][3])
    assert told["accuracy"][1][3] == pytest.approx(measures.accuracy[2, at, 1], abs=1e-4)


def test_a_study_of_full_size_is_one_file_of_at_most_15_mb(made: ModuleType, tmp_path: Path) -> None:
    results = made.cnn(tmp_path / "study", runs=8, points=200)
    page = reports.write_study(results.folder)["report.html"]
    assert page.stat().st_size <= 3_000_000
