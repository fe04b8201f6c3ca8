# SPDX-License-Identifier: Apache-2.0
"""Claims of Shwartz-Ziv and Tishby, and of Saxe et al. on gradients: a world where all hold, and one where each fails.

Worlds are made of curves through a few points on the axis of log epochs, the same for all runs but for some noise.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mibench.contracts import InputError
from mibench.studies.claims.contract import check, combined
from mibench.studies.claims.tishby import CLAIMS
from mibench.studies.claims.tishby_cases import BINS
from mibench.studies.claims.transitions import falls, log_ratio, step_at, transition
from mibench.studies.ib_settings import SETTINGS
from mibench.studies.results import MissingResult, Plane, Results, save_analysis
from mibench.studies.setting import Setting

END = 10000
EPOCHS = np.unique(np.r_[0, np.geomspace(1, END, 120).round(), 400, 9000]).astype(np.int64)
RUNS = 12
RELU = "bins[n=100,lo=0,edges=true]"
BY_ID = {claim.id: claim for claim in CLAIMS}

Points = Sequence[tuple[float, float]]
Curve = Points | float


def curve(points: Curve, epochs: Any = EPOCHS) -> Any:
    known = ((0, points),) if isinstance(points, float | int) else points
    return np.interp(np.log1p(epochs), np.log1p([at for at, _ in known]), [value for _, value in known])


def noisy(curves: Sequence[Curve], seed: int, sd: float) -> Any:
    """(RUNS, E, len(curves)): an offset of each run, and a little noise at each epoch."""
    rng = np.random.default_rng(seed)
    whole = np.stack([curve(each) for each in curves], axis=-1)
    return whole + sd * rng.normal(size=(RUNS, 1, len(curves))) + sd / 5 * rng.normal(size=(RUNS, *whole.shape))


class World:
    """What a study's folder is to hold, by setting: curves in bits, ratios of signal to noise, norms of weights."""

    def __init__(self) -> None:
        fall = [
            ((0, 11.0 - 1.5 * k), (350, 12.0 - 1.3 * k), (8000, 10.5 - 1.3 * k), (END, 10.5 - 1.3 * k))
            for k in range(1, 7)
        ]
        rise = [0.99, *(((0, 0.8 - 0.15 * k), (350, 0.95), (END, 0.97)) for k in range(1, 6))]
        ratio = [((0, 4.0), (200, 4.0), (600, 0.25), (END, 0.25))] * 6
        norm = [((0, 2.0), (END, 3.0))] * 6
        self.x: dict[str, list[Curve]] = {}
        self.y: dict[str, list[Curve]] = {}
        self.ratio: dict[str, list[Curve]] = {}
        self.norm: dict[str, list[Curve]] = {}
        self.spread = 0.02
        for name in ("szt-snapshots", "szt-snapshots-sgd", "rasmussen-tanh", "rasmussen-tanh-full"):
            self.x[name], self.y[name], self.ratio[name], self.norm[name] = [*fall], [*rise], [*ratio], [*norm]
        for name in ("rasmussen-relu", "rasmussen-relu-full"):
            self.x[name] = [((0, 9.0 - k), (END, 11.0 - k)) for k in range(5)] + [1.0]
            self.y[name], self.ratio[name], self.norm[name] = [*rise], [*ratio], [*norm]
        for percent, last in ((5, 0.5), (45, 0.82), (85, 0.97)):
            name = f"szt-fraction-{percent:02d}"
            self.x[name] = [*fall]
            self.y[name] = [((0, 0.1), (350, 0.8), (8000, last), (END, last))] * 6
        for depth in range(1, 7):
            name = f"szt-depth-{depth}"
            self.x[name] = [12.0, *(((0, 8.0), (100, 9.0), (100 + 6000 / 2**k, 6.0), (END, 6.0)) for k in range(depth))]
            known = ((0, 0.0), (END, 0.6)) if depth == 1 else ((0, 0.0), (END / 2.0**depth * 1.9, 0.95), (END, 0.96))
            self.y[name] = [0.99] * depth + [known]

    def write(self, folder: Path, claim: str = "") -> Results:
        """The folder of a study, with what a claim is about, or all."""
        about = {_family(case.setting) for case in BY_ID[claim].cases} if claim else {*map(_family, self.x)}
        for seed, (name, x) in enumerate(self.x.items()):
            if _family(name) not in about:
                continue
            place = folder / "settings" / name
            place.mkdir(parents=True)
            bits = np.stack([noisy(x, seed, self.spread), noisy(self.y[name], seed + 1000, 0.005)], axis=-1)
            null = np.full(bits.shape[:3], 0.001)
            estimator = RELU if "relu" in name else BINS
            Plane(estimator, EPOCHS, np.arange(RUNS), bits * math.log(2), null).save(place / f"plane-{estimator}.npz")
            if name in self.ratio:
                mean = 2.0 ** noisy([[(e, math.log2(r)) for e, r in each] for each in self.ratio[name]], seed, 0.05)
                std = np.ones_like(mean)
                norm = noisy(self.norm[name], seed, 0.01)
                arrays = {"epochs": EPOCHS, "runs": np.arange(RUNS), "mean": mean, "std": std, "norm": norm}
                save_analysis(place / "analysis-snr.npz", arrays | {"row_std": 16 * std, "batch": np.array([256])})
        study = {"study": "ib-network", "scale": "quick", "seed": 0, "settings": [*self.x], "planes": {}}
        (folder / "study.json").write_text(json.dumps(study))
        return Results(folder)


def _family(setting: str) -> str:
    return "-".join(setting.split("-")[:2])


def verdict(results: Results, claim: str) -> str:
    """By the primary cases."""
    whole = BY_ID[claim]
    found = check(replace(whole, cases=tuple(case for case in whole.cases if case.primary)), results)
    assert not any(finding.missing for _, finding in found), found
    return combined(found)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return World().write(tmp_path_factory.mktemp("good"))


@pytest.mark.parametrize("claim", BY_ID)
def test_all_hold_in_the_good_world(good: Results, claim: str) -> None:
    assert verdict(good, claim) == "holds"


def set_layer(kind: str, setting: str, layer: int, to: Curve) -> Callable[[World], None]:
    def change(world: World) -> None:
        getattr(world, kind)[setting][layer - 1] = to

    return change


def set_all(kind: str, setting: str, to: Curve) -> Callable[[World], None]:
    def change(world: World) -> None:
        curves = getattr(world, kind)
        curves[setting] = [to] * len(curves[setting])

    return change


def together(world: World) -> None:
    """All layers in one place, runs apart."""
    world.x["szt-snapshots"], world.y["szt-snapshots"] = [8.0] * 6, [0.5] * 6
    world.spread = 1.0


LATE_PEAK = ((0, 4.0), (3000, 4.0), (9000, 0.25), (END, 0.25))
RISING = ((0, 0.3), (END, 0.6))
FAILING = {
    "S1a": set_layer("x", "szt-snapshots", 6, 9.0),
    "S1b": set_layer("y", "szt-snapshots", 5, 0.3),
    "S1c": set_layer("x", "szt-snapshots", 1, 12.0),
    "S1d": set_layer("x", "szt-snapshots", 6, ((0, 2.0), (END, 4.0))),
    "S2": together,
    "S3a": set_layer("y", "szt-fraction-05", 4, ((0, 0.1), (350, 0.8), (END, 0.9))),
    "S3b": set_layer("y", "szt-fraction-85", 2, ((0, 0.1), (350, 0.8), (END, 0.6))),
    "S3c": set_layer("y", "szt-fraction-45", 3, ((0, 0.1), (350, 0.8), (END, 0.2))),
    "S3d": set_layer("y", "szt-fraction-85", 2, ((0, 0.1), (350, 0.8), (END, 0.6))),
    "S4a": set_layer("ratio", "szt-snapshots", 3, ((0, 3.0), (END, 3.0))),
    "S4b": set_layer("ratio", "szt-snapshots", 6, LATE_PEAK),
    "S4c": set_layer("ratio", "szt-snapshots", 4, LATE_PEAK),
    "S4d": set_layer("x", "rasmussen-relu", 2, ((0, 8.0), (300, 10.0), (END, 8.0))),
    "S4e": set_layer("x", "rasmussen-tanh-full", 5, ((0, 3.0), (END, 5.0))),
    "S4f": set_layer("x", "szt-snapshots-sgd", 6, ((0, 2.0), (END, 4.0))),
    "S4g": set_layer("ratio", "rasmussen-relu-full", 2, RISING),
    "S5": set_layer("ratio", "szt-snapshots", 2, ((0, 4.0), (4000, 1.0), (END, 0.05))),
    "S5b": set_layer("ratio", "szt-snapshots", 2, ((0, 4.0), (4000, 1.0), (END, 0.05))),
    "S6": set_layer("norm", "szt-snapshots", 1, ((0, 2.0), (END, 1.9))),
    "S7a": set_layer("y", "szt-depth-4", 5, ((0, 0.0), (END, 0.95))),
    "S7b": set_layer("y", "szt-depth-1", 2, ((0, 0.0), (50, 0.95), (END, 0.96))),
    "S7c": set_layer("y", "szt-depth-1", 2, ((0, 0.0), (5000, 0.98), (END, 0.98))),
    "S8": set_layer("x", "szt-depth-3", 1, ((0, 11.0), (100, 12.0), (END, 10.0))),
    "S9": lambda world: world.x.update(
        {"szt-depth-6": [12.0, *(((0, 8.0), (100, 9.0), (100 + 50 * 2.0**k, 6.0), (END, 6.0)) for k in range(6))]}
    ),
}


def test_every_claim_has_a_world_where_it_fails() -> None:
    assert set(FAILING) == set(BY_ID)


@pytest.mark.parametrize("claim", FAILING)
def test_each_fails_where_its_world_is_otherwise(claim: str, tmp_path: Path) -> None:
    world = World()
    FAILING[claim](world)
    assert verdict(world.write(tmp_path, claim), claim) == "fails"


@pytest.mark.parametrize("claim", ["S3a", "S3b", "S4c", "S4e", "S4f", "S9"])
def test_claims_on_compression_fail_where_there_is_none(claim: str, tmp_path: Path) -> None:
    world = World()
    for setting in world.x:
        set_all("x", setting, ((0, 3.0), (END, 5.0)))(world)
    assert verdict(world.write(tmp_path, claim), claim) == "fails"


@pytest.mark.parametrize("claim", ["S7a", "S7b"])
def test_depths_that_all_take_as_long_do_not_shorten_training(claim: str, tmp_path: Path) -> None:
    world = World()
    for depth in range(1, 7):
        set_layer("y", f"szt-depth-{depth}", depth + 1, ((0, 0.0), (END, 0.3)))(world)
    assert verdict(world.write(tmp_path, claim), claim) == "fails"


def test_saxe_s_transition_fails_where_the_ratio_does_not_fall(tmp_path: Path) -> None:
    world = World()
    set_layer("ratio", "rasmussen-relu", 4, RISING)(world)
    assert verdict(world.write(tmp_path, "S4d"), "S4d") == "fails"


def test_a_late_fall_of_the_label_s_information_is_seen_since_half_of_the_fall(tmp_path: Path) -> None:
    world = World()
    set_layer("y", "szt-fraction-05", 4, ((0, 0.1), (350, 0.4), (2000, 0.8), (END, 0.5)))(world)
    results = world.write(tmp_path, "S3a")
    found = {case.labels["since"]: each for case, each in check(BY_ID["S3a"], results) if "I(T;Y)" not in case.labels}
    assert [found[since].verdict for since in sorted(found)] == ["holds", "fails"], "since half, since the peak"
    assert verdict(results, "S3d") == "holds"


def test_less_null_takes_away_what_any_labels_show(tmp_path: Path) -> None:
    world = World()
    set_layer("y", "szt-snapshots", 6, 0.9)(world)
    found = check(BY_ID["S1a"], world.write(tmp_path, "S1a"))
    (as_it_is,) = (finding for case, finding in found if case.primary)
    (less,) = (finding for case, finding in found if case.labels.get("I(T;Y)") == "less null")
    assert as_it_is.verdict == "fails"
    assert less.statistic == pytest.approx(as_it_is.statistic - 0.001 / math.log(2), abs=1e-3)


def test_nothing_to_look_at_is_undecided(tmp_path: Path) -> None:
    world = World()
    world.x = {}
    results = world.write(tmp_path)
    for claim in CLAIMS:
        assert all(finding.missing for _, finding in check(claim, results))


def test_cases_name_settings_planes_and_analyses_that_there_are() -> None:
    ids = [claim.id for claim in CLAIMS]
    assert len(set(ids)) == len(ids)
    for claim in CLAIMS:
        assert any(case.primary for case in claim.cases)
        for case in claim.cases:
            setting = SETTINGS[case.setting]
            assert isinstance(setting, Setting)
            planes = {plane.estimator for plane in setting.planes}
            assert case.estimator in planes if case.estimator else "snr" in setting.analyses


# Transitions


def test_a_transition_is_where_the_curve_falls() -> None:
    epochs = EPOCHS
    sharp = np.where(epochs < 300, 2.0, -2.0)[None]
    for rule in ("below 1", "step"):
        (at,) = transition(sharp, epochs, rule)
        assert 2**at - 1 == pytest.approx(300, rel=0.3)
    assert transition(sharp + 5, epochs, "below 1")[0] == pytest.approx(math.log2(1 + END)), "never: the last"
    assert transition(sharp - 5, epochs, "below 1")[0] < 3, "below from the first"
    assert transition(sharp + 5, epochs, "step") == pytest.approx(transition(sharp, epochs, "step"))
    assert transition(-sharp, epochs, "step")[0] >= math.log2(300)
    with pytest.raises(InputError, match="below 1"):
        transition(sharp, epochs, "somehow")


def test_a_rise_before_the_peak_is_no_part_of_a_step() -> None:
    hump = curve([(0, 0.0), (50, 3.0), (60, 3.0), (200, 0.0), (END, 0.0)])
    assert 2 ** transition(hump[None], EPOCHS, "peak")[0] - 1 == pytest.approx(55, abs=10)
    peak, step = (int(at[0]) for at in step_at(hump[None], EPOCHS))
    assert 45 <= EPOCHS[peak] <= 65
    assert 60 < EPOCHS[step] < 200
    values = hump + 0.05 * np.random.default_rng(0).normal(size=(10, len(EPOCHS)))
    assert falls(values, EPOCHS, np.random.default_rng(1), "step").verdict == "holds"
    flat = 3 * np.random.default_rng(2).normal(size=(40, len(EPOCHS)))
    assert falls(flat, EPOCHS, np.random.default_rng(1), "step").verdict == "fails", "noise has no transition"


def test_runs_without_gradients_are_left_out() -> None:
    mean = np.ones((3, 4, 2))
    arrays = {"mean": mean.copy(), "std": 2 * mean}
    arrays["mean"][1, 2, 0] = 0.0
    assert log_ratio(arrays) == pytest.approx(-np.ones((2, 4, 2)))
    with pytest.raises(MissingResult):
        log_ratio({"mean": 0 * mean, "std": mean})
