# SPDX-License-Identifier: Apache-2.0
"""What the page carries is what was measured, to the step it says, in the room it has."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mibench.reports import study
from mibench.reports.study_data import median_run, settings
from mibench.reports.study_packing import FINE, ROUGH, fitted, kept, known_mean, pack, unpack
from mibench.studies.results import Plane, Results


@pytest.mark.parametrize("steps", [FINE, ROUGH])
def test_numbers_come_back_to_half_a_step(steps: int) -> None:
    values = np.random.default_rng(0).normal(size=(5, 3, 40)).cumsum(axis=-1)
    values[1, 2, 5:9] = np.nan
    packed = pack(values, steps)
    back = unpack(packed)
    assert np.isnan(back).tolist() == np.isnan(values).tolist()
    assert np.nanmax(np.abs(back - values)) <= 0.5001 * packed["step"]
    assert packed["step"] == pytest.approx((np.nanmax(values) - np.nanmin(values)) / steps)


@pytest.mark.parametrize("values", [np.full((2, 3), np.nan), np.full((2, 3), 1.5), np.zeros((0, 4)), np.zeros((2, 1))])
def test_what_has_no_range_comes_back_as_it_is(values: np.ndarray) -> None:
    np.testing.assert_array_equal(unpack(pack(values)), values)


def test_epochs_are_kept_early_and_late() -> None:
    epochs = np.arange(0, 8001, 5)
    places = kept(epochs, 100)
    assert len(places) <= 100
    assert (places[0], places[-1]) == (0, 1600)
    assert (epochs[places] < 100).sum() > 10
    assert np.diff(epochs[places]).max() < 250
    assert kept(epochs[:7], 100).tolist() == list(range(7))
    assert len(kept(epochs, 3)) <= 3


def test_as_many_points_as_fit() -> None:
    assert fitted(lambda most: most, lambda found: 10 * found, 200, 5000) == (200, 200)
    _, points = fitted(lambda most: most, lambda found: 10 * found, 200, 1000)
    assert 80 <= points <= 100
    assert fitted(lambda most: most, lambda found: 10 * found, 200, 0)[1] == 3


def test_means_leave_out_what_is_missing() -> None:
    values = np.array([[1.0, np.nan, np.nan], [3.0, 5.0, np.nan]])
    np.testing.assert_array_equal(known_mean(values), [2.0, 5.0, np.nan])


def test_the_median_run_is_the_one_in_the_middle_by_deviation() -> None:
    offsets = np.array([-3.0, 0.1, 1.0, 2.0, -0.1])  # squared deviations from the mean, 0: 9, 0.01, 1, 4, 0.01
    information = offsets[:, None, None, None] + np.zeros((5, 4, 2, 2))
    assert median_run(Plane("exact", np.arange(4), np.arange(5), information)) == 2


def test_means_spreads_and_runs_of_a_setting_are_those_of_its_plane(
    save_study: Callable[..., Path], plane_of: Callable[..., Plane], tmp_path: Path
) -> None:
    plane = plane_of("exact")
    folder = save_study(tmp_path / "study", {"a": [plane]})
    told = json.loads(settings(Results(folder)).texts["a"])["planes"][0]
    of = np.moveaxis(plane.information, 1, -1)  # (R, L, 2, E)
    for which in (0, 1):
        np.testing.assert_allclose(unpack(told["mean"][which]), of[:, :, which].mean(axis=0), atol=2e-4)
        np.testing.assert_allclose(unpack(told["sd"][which]), of[:, :, which].std(axis=0), atol=2e-4)
        np.testing.assert_allclose(unpack(told["single"]["values"][which]), of[:, :, which], atol=2e-3)
    assert plane.null is not None
    np.testing.assert_allclose(unpack(told["null"]), np.moveaxis(plane.null.mean(axis=0), 0, -1), atol=1e-4)


def test_a_small_budget_thins_single_runs_first(
    save_study: Callable[..., Path], plane_of: Callable[..., Plane], tmp_path: Path
) -> None:
    noise = np.random.default_rng(1).normal(size=(20, 90, 5, 2))
    plane = plane_of("exact", runs=20, epochs=200, layers=5)
    plane = replace(plane, epochs=plane.epochs[:90], information=plane.information[:, :90] + 0.1 * noise,
                    null=None)  # fmt: skip
    folder = save_study(tmp_path / "study", {"a": [plane], "b": [plane]})
    whole, small = settings(Results(folder)), settings(Results(folder), 70_000)
    assert sum(map(len, small.texts.values())) <= 75_000
    assert small.run_points < 90 <= whole.run_points
    assert small.points == whole.points


def test_a_damaged_plane_is_told_and_costs_nothing_else(
    save_study: Callable[..., Path], plane_of: Callable[..., Plane], tmp_path: Path
) -> None:
    folder = save_study(tmp_path / "study", {"a": [plane_of("exact"), plane_of("bins[n=30]")]})
    Results(folder).path("a", "plane-exact").write_bytes(b"no plane")
    packed = settings(Results(folder))
    assert [plane["estimator"] for plane in json.loads(packed.texts["a"])["planes"]] == ["bins[n=30]"]
    assert [name for name, _ in packed.problems] == ["a"]


def test_a_study_of_full_size_is_one_file_of_at_most_15_mb(
    save_study: Callable[..., Path], plane_of: Callable[..., Plane], tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    epochs = np.unique(np.rint(np.geomspace(1, 8000, 700)).astype(np.int64))[-400:]
    information = plane_of("e", runs=50, epochs=900, layers=6).information[:, :400]
    information = information + 0.02 * rng.normal(size=information.shape)  # what cannot be made small
    plane = Plane("e0", epochs, np.arange(50), information, null=0.1 * information[..., 0])
    folder = save_study(tmp_path / "study", {"s0": [plane]})
    told = json.loads((folder / "study.json").read_text("utf-8"))
    names = [f"s{i}" for i in range(57)]
    told |= {"settings": names, "about": dict.fromkeys(names, told["about"]["s0"])}
    told["planes"] = {name: ["e0", *(f"e{k}" for k in range(1, 9) if name == "s0")] for name in names}
    first = folder / "settings" / "s0"
    for name, estimators in told["planes"].items():
        (first.parent / name).mkdir(exist_ok=True)
        for product in ("measures", *(f"plane-{each}" for each in estimators)):
            target = Results(folder).path(name, product)
            if not target.exists():
                os.link(first / ("measures.npz" if product == "measures" else "plane-e0.npz"), target)
    (folder / "study.json").write_text(json.dumps(told), "utf-8")
    page = study.render(Results(folder))
    shutil.rmtree(folder)
    assert 2_000_000 < len(page.encode()) <= 15_000_000
