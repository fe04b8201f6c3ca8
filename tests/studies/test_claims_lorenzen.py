# SPDX-License-Identifier: Apache-2.0
"""Claims of Lorenzen et al., theory and controls: each holds in a study made as its source says, fails in another."""

from __future__ import annotations

import json
from math import log

import numpy as np
import pytest

from mibench.datasets import ib12
from mibench.networks.planes import plane as exact_plane
from mibench.networks.spec import Network, Training
from mibench.networks.train import train
from mibench.studies.claims import controls, lorenzen, theory
from mibench.studies.claims.contract import check, combined
from mibench.studies.claims.rules import label_bits
from mibench.studies.ib_settings import SETTINGS
from mibench.studies.results import Measures, Plane, Results

CLAIMS = {claim.id: claim for module in (lorenzen, theory, controls) for claim in module.CLAIMS}
RUNS = 12
EPOCHS = np.unique(np.geomspace(1, 8001, 70).round().astype(np.int64)) - 1
AT = np.log1p(EPOCHS) / np.log1p(EPOCHS[-1])
PREFIT = EPOCHS <= 1000
H = label_bits()


def curve(*values: float) -> np.ndarray:
    """Straight between values that are spread evenly over log epochs."""
    return np.interp(AT, np.linspace(0, 1, len(values)), values)


def in_prefit(first: float, last: float, end: float) -> np.ndarray:
    return np.interp(EPOCHS, [0, 1000, 8000], [first, last, end])


class Made:
    """Writes a study: curves of six layers in bits, to which runs add what differs between them."""

    def __init__(self, folder, sd: float, *, about_ceiling: bool, runs: int = RUNS) -> None:
        self.folder, self.sd, self.about_ceiling, self.runs = folder, sd, about_ceiling, runs
        self.rng = np.random.default_rng(5)
        settings = [*SETTINGS]
        about = {"study": "ib-network", "scale": "paper", "seed": 3, "settings": settings, "planes": {}}
        (folder / "study.json").write_text(json.dumps(about))
        self.results = Results(folder)

    def path(self, setting, product):
        path = self.results.path(setting, product)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def plane(self, setting, estimator, x, y, null=None, sd=None) -> None:
        """A run's layers move together, so that what is monotone in depth or in bins stays so."""
        steps = np.linspace(-1, 1, self.runs) * (self.sd if sd is None else sd)
        shift = np.random.default_rng([*setting.encode()]).permutation(steps)[:, None, None]
        found = []
        for curves, top, share in ((x, 12.0, 1.0), (y, H, 0.3)):
            mean = np.stack(np.broadcast_arrays(*curves, EPOCHS * 0.0)[:-1], axis=-1)[None]
            found.append(mean + share * shift * (top - mean if self.about_ceiling else mean))
        information = np.stack(found, axis=-1) * log(2)
        absent = None if null is None else information[..., 1] * np.array(null)
        plane = Plane(estimator, EPOCHS, np.arange(self.runs), information, absent)
        plane.save(self.path(setting, f"plane-{estimator}"))

    def accuracy(self, setting, values) -> None:
        noise = self.rng.permutation(np.linspace(-0.002, 0.002, self.runs))[:, None, None]
        accuracy = np.broadcast_to(np.asarray(values, float)[None, :, None], (self.runs, len(EPOCHS), 2)) + noise
        extremes = np.zeros((self.runs, len(EPOCHS), 6, 2))
        Measures(EPOCHS, accuracy * 0, accuracy, extremes).save(self.path(setting, "measures"))

    def bins(self, activation, x, y, more: dict[int, float]) -> None:
        for n, extra in more.items():
            curves = [np.minimum(each + extra, 12.0) for each in x]
            self.plane(f"lorenzen-float-{activation}", f"bins[n={n}]", curves, [each + extra / 50 for each in y])


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    made = Made(tmp_path_factory.mktemp("good"), 0.02, about_ceiling=True)
    tanh_x = [12.0, 12.0, 12.0, 11.97, curve(11.2, 10.9, 11.6, 10.0, 9.0), curve(4, 7, 5, 2)]
    tanh_y = [H, H, H, 0.995, curve(0.9, 0.93, 0.96, 0.95, 0.99), curve(0.1, 0.5, 0.95)]
    made.plane("lorenzen-8bit-tanh", "exact", tanh_x, tanh_y, null=(1, 1, 0.99, 0.9, 0.5, 0.05))
    relu_x = [
        curve(11.85, 11.87), curve(11.75, 11.8), curve(8.2, 11), curve(5.6, 10.5), curve(3.7, 8.4), curve(1.3, 5, 2),
    ]  # fmt: skip
    relu_y = [curve(start, end) for start, end in ((0.8, 0.99), (0.78, 0.98), (0.23, 0.95), (0.08, 0.9), (0.05, 0.85))]
    relu_y.append(curve(0.03, 0.8))
    made.plane("lorenzen-8bit-relu", "exact", relu_x, relu_y, null=(0.9, 0.8, 0.7, 0.6, 0.5, 0.1), sd=0.06)

    binned_x = [11.8, 11.7, curve(10, 11, 9), curve(8, 9, 7), curve(5, 7, 4), curve(2, 4, 1)]
    binned_y = [curve(0.8 - 0.1 * each, 0.9 - 0.01 * each) for each in range(6)]
    more = {30: 0.0, 32: 0.02, 64: 0.1, 100: 0.3, 128: 0.35, 256: 0.5}
    made.bins("tanh", binned_x, binned_y, more)
    lower = [each - 0.4 for each in relu_x]
    lower[2] = lower[3] - 0.2
    lower_y = [each - 0.02 for each in relu_y]
    lower_y[2] = lower_y[3] - 0.05
    made.bins("relu", lower, lower_y, {n: extra / 4 for n, extra in more.items()})
    made.plane("lorenzen-float-tanh", "exact", [12, 12, 12, 11.99, 11.98, 11.9], tanh_y)
    made.plane("lorenzen-float-relu", "exact", [11.95, 11.9, 11.8, 11.5, 11.2, 9.0], relu_y)
    made.plane("lorenzen-4bit-tanh", "exact", [each - 0.05 for each in binned_x], binned_y)
    made.plane("lorenzen-4bit-relu", "exact", [each - 0.3 for each in relu_x], relu_y)
    for activation in ("tanh", "relu"):
        for setting, value in (("8bit", 0.96), ("float", 0.965), ("4bit", 0.94)):
            made.accuracy(f"lorenzen-{setting}-{activation}", np.full(len(EPOCHS), value))
        made.accuracy(f"lorenzen-prefit-{activation}", np.where(PREFIT, 0.52, 0.95))
        gain = 0.01 if activation == "tanh" else 0.1
        x = [12, 12, 12, 11.95, in_prefit(9, 11, 9), in_prefit(3, 4, 2)]
        y = [in_prefit(start, start + gain, H) for start in (0.85, 0.8, 0.75, 0.7, 0.6)]
        made.plane(f"lorenzen-prefit-{activation}", "exact", x, [*y, in_prefit(0.02, 0.02, 0.9)], null=[0.3] * 6)
        made.plane(f"control-random-labels-{activation}", "exact", x, [0.5, 0.4, 0.3, 0.2, 0.1, 0.02], null=[0.9] * 6)
    made.plane("goldfeld-deterministic", "exact", [12, 12, 12, 12, 12, 11], tanh_y)
    return made.results


@pytest.fixture(scope="module")
def bad(tmp_path_factory):
    made = Made(tmp_path_factory.mktemp("bad"), 0.02, about_ceiling=False)
    flat_y = [0.9, 0.9, 0.9, 0.9, 0.8, 0.5]
    zigzag = [12.1, 11.5, 11.0, 10.0, 8.0, 9.0]
    for activation in ("tanh", "relu"):
        x = [*zigzag[:4], curve(8, 8, 5) if activation == "relu" else curve(8, 8.1), 9.0]
        sd = 0.005 if activation == "relu" else 0.02
        made.plane(f"lorenzen-8bit-{activation}", "exact", x, flat_y, null=[0.1] * 5 + [1.0], sd=sd)
        extra = 0.5 if activation == "tanh" else 1.5
        binned = [11.5, 11.0, 10.5, 10.0, *((curve(9, 9, 7), 6.5) if activation == "relu" else (9.0, 9.0))]
        more = {30: 0.0, 32: 0.1, 64: 0.0, 100: -0.5, 128: -1.0, 256: extra}
        made.bins(activation, binned, flat_y, more)
        made.plane(f"lorenzen-float-{activation}", "exact", [11, 10, 8, 6, 4, 3], flat_y)
        made.plane(f"lorenzen-4bit-{activation}", "exact", [12.2, 12.2, 12.1, 12.1, 12.1, 12.1], flat_y)
        made.accuracy(f"lorenzen-8bit-{activation}", np.full(len(EPOCHS), 0.96))
        made.accuracy(f"lorenzen-float-{activation}", np.full(len(EPOCHS), 0.9))
        made.accuracy(f"lorenzen-4bit-{activation}", np.full(len(EPOCHS), 0.99 if activation == "tanh" else 0.8))
        made.accuracy(f"lorenzen-prefit-{activation}", np.linspace(0.5, 0.99, len(EPOCHS)))
        gain = 0.1 if activation == "tanh" else 0.0
        y = [in_prefit(0.5, 0.5 + gain, 0.9) for _ in range(5)]
        falling = [in_prefit(11, 10, 9) for _ in range(6)]
        made.plane(f"lorenzen-prefit-{activation}", "exact", falling, [*y, in_prefit(0.1, 0.6, 0.9)])
        made.plane(f"control-random-labels-{activation}", "exact", falling, [curve(0.1, 0.9)] * 6)
    made.plane("goldfeld-deterministic", "exact", [11.0] * 6, flat_y)
    return made.results


APART = {"T2.1", "C1"}  # of trajectories; of chance


@pytest.mark.parametrize("name", [*CLAIMS])
def test_a_claim_holds_where_the_study_is_as_its_source_says(good, name):
    found = check(CLAIMS[name], good)
    if name == "T2.1":
        assert all(finding.missing for _, finding in found)
        return
    assert combined(found) == "holds", [finding for case, finding in found if case.primary]


@pytest.mark.parametrize("name", [name for name in CLAIMS if name not in APART])
def test_a_claim_fails_where_the_study_is_otherwise(bad, name):
    found = check(CLAIMS[name], bad)
    assert combined(found) == "fails", [finding for case, finding in found if case.primary]


def test_ids_are_unique_and_cases_name_settings_and_planes_of_the_study():
    assert len(CLAIMS) == sum(len(module.CLAIMS) for module in (lorenzen, theory, controls))
    for claim in CLAIMS.values():
        assert any(case.primary for case in claim.cases)
        for case in claim.cases:
            setting = SETTINGS[case.setting]
            assert case.estimator in {"", *(wanted.estimator for wanted in setting.planes)}, (claim.id, case)
        assert len({(case.setting, case.estimator, *sorted(case.labels.items())) for case in claim.cases}) == len(
            claim.cases
        )


def test_findings_are_reproducible(good):
    assert check(CLAIMS["L2"], good) == check(CLAIMS["L2"], good)


def test_without_results_every_claim_is_undecided(tmp_path):
    (tmp_path / "study.json").write_text('{"study": "ib-network", "scale": "quick", "seed": 0}')
    results = Results(tmp_path)
    for claim in CLAIMS.values():
        found = check(claim, results)
        assert combined(found) == "undecided"
        assert all(finding.missing for _, finding in found)


@pytest.mark.parametrize("broken", [False, True])
def test_recounted_entropies_are_those_of_the_plane(tmp_path, broken):
    network = Network(activation="tanh", bits=8)
    inputs, labels = ib12.patterns().astype(np.float32), ib12.labels()
    training = Training(epochs=2, fixed_split=True)
    trajectory = train(network, training, inputs, labels, runs=2, seed=1, record=(0, 1, 2))
    made = Made(tmp_path, 0.0, about_ceiling=True)
    information = exact_plane(network, trajectory.parameters, inputs, labels, trajectory.ranges)
    information[0, -1, 2, 0] -= 1e-6 * broken
    for activation in ("tanh", "relu"):
        setting = f"lorenzen-8bit-{activation}"
        trajectory.save(made.path(setting, "trajectory"))
        Plane("exact", trajectory.epochs, np.arange(2), information).save(made.path(setting, "plane-exact"))
    assert combined(check(CLAIMS["T2.1"], made.results)) == ("fails" if broken else "holds")


def test_tests_for_phases_find_some_in_two_runs_that_differ_much(tmp_path):
    made = Made(tmp_path, 0.5, about_ceiling=False, runs=2)
    for activation in ("tanh", "relu"):
        made.plane(f"lorenzen-8bit-{activation}", "exact", [9, 8, 7, 6, 5, 4], [0.9] * 6)
    assert combined(check(CLAIMS["C1"], made.results)) == "fails"
