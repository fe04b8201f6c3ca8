# SPDX-License-Identifier: Apache-2.0
"""Claims of Rasmussen's thesis: each holds in a study made as the thesis says, and fails in another."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from mibench.studies.claims import rasmussen
from mibench.studies.claims.contract import Finding, check, combined
from mibench.studies.claims.rasmussen_cases import ADAPTIVE, RELU_30, UNIFORM, most, two_groups
from mibench.studies.ib_settings import SETTINGS
from mibench.studies.results import Results
from mibench.studies.setting import Setting

CLAIMS = {claim.id: claim for claim in rasmussen.CLAIMS}
RUNS = 12
LARGE = (np.arange(RUNS) >= RUNS // 2)[:, None]  # the runs with large M


@pytest.fixture(scope="module")
def good(tmp_path_factory, synthetic: ModuleType) -> Results:
    made = synthetic.Study(tmp_path_factory.mktemp("good"), RUNS)
    curve, epochs = made.curve, made.epochs

    tanh_x = [12, 12, curve(11.5, 11.8, 11.0), curve(9, 10, 8), curve(7, 8, 5), curve(3, 4, 1.5)]
    fitting = [0.98, 0.98, *(curve(0.9 - 0.1 * each, 0.98 - 0.02 * each) for each in range(4))]
    made.plane("rasmussen-tanh", UNIFORM["tanh"], tanh_x, fitting)
    deeper = [12, 12, *(each - curve(0, 0, 0.5) for each in tanh_x[2:])]
    made.plane("rasmussen-tanh-full", UNIFORM["tanh"], deeper, fitting)
    some_fall = curve(0, 0, 0.2) * LARGE  # half of the runs compress
    at_once = [12 - some_fall] * 3 + [*(curve(top, top - 2, top - 2, top - 2.5, top - 3) for top in (11, 9, 7))]
    made.plane("rasmussen-tanh", ADAPTIVE["tanh"], at_once, fitting, sd=1.5)

    # large M: all starts further left, and T_4 above T_3
    relu_x = [curve(*ends) - curve(0.5, 0) * LARGE for ends in ((5, 9), (3, 8), (2.5, 7), (2, 6.5), (1.5, 6), (1, 2))]
    relu_y = [curve(*ends) for ends in ((0.4, 0.8), (0.3, 0.75), (0.2, 0.65), (0.1, 0.63), (0.05, 0.6), (0.02, 0.5))]
    relu_y[3] = relu_y[3] + curve(0, 0.3) * LARGE
    for variant in ("", "-full"):
        made.plane(f"rasmussen-relu{variant}", UNIFORM["relu"], relu_x, relu_y)
    made.plane("rasmussen-relu", RELU_30, [each - 0.5 for each in relu_x], relu_y)
    level = [11.0, 10.0, 9.0, 8.0, 7.0, 4.0]
    falling_y = [curve(0.6 - 0.05 * each, 0.95 - 0.02 * each) for each in range(6)]
    made.plane("rasmussen-relu", ADAPTIVE["relu"], [each - some_fall for each in level], falling_y, sd=1.5)

    made.plane("rasmussen-elu", UNIFORM["elu"], [8, 7, 6, 7, 5, 3], [0.3] * 6)
    swapped = [12 - some_fall] * 3 + [curve(11, 9, 9, 10, 10.3) - each for each in range(3)]
    made.plane("rasmussen-elu", ADAPTIVE["elu"], swapped, falling_y, sd=1.5)
    made.plane("rasmussen-relu6", UNIFORM["relu6"], relu_x, relu_y)
    last_two = [*(each - some_fall for each in level[:3]), curve(8, 8.5, 7.5), curve(7, 7.5, 6.5), 4.0]
    made.plane("rasmussen-relu6", ADAPTIVE["relu6"], last_two, falling_y, sd=1.5)

    for name, layers in (("constant", 5), ("wide-5", 5), ("wide-6", 6)):
        compressing = [curve(11, 11.3, 10) - each for each in range(layers)]
        made.plane(f"rasmussen-{name}", ADAPTIVE["relu"], compressing, falling_y[:layers])
        made.plane(f"rasmussen-{name}", UNIFORM["relu"], relu_x[:layers], relu_y[:layers])

    greatest = np.geomspace(5, 50, RUNS)[:, None]
    maxima = [*(share * greatest for share in (0.5, 0.6, 0.7, 0.8, 1.0)), 1.0]
    for activation, test in (("tanh", 0.97), ("relu", 0.94)):
        for variant, soon in (("", 50), ("-full", 500)):
            train, others = (np.where(epochs >= soon, end, 0.7) for end in (0.98, test))
            made.measures(f"rasmussen-{activation}{variant}", train=train, test=others, maxima=maxima)
    return made.results


@pytest.fixture(scope="module")
def bad(tmp_path_factory, synthetic: ModuleType) -> Results:
    made = synthetic.Study(tmp_path_factory.mktemp("bad"), RUNS)
    curve, epochs = made.curve, made.epochs

    flat_y = [0.9, 0.85, 0.8, 0.75, 0.7, 0.65]
    made.plane("rasmussen-tanh", UNIFORM["tanh"], [curve(9, 9.05, 9.0) - each for each in range(6)], flat_y)
    rising = [curve(9, 11) - each for each in range(6)]
    made.plane("rasmussen-tanh-full", UNIFORM["tanh"], rising, flat_y)
    made.plane("rasmussen-tanh", ADAPTIVE["tanh"], [*rising[:4], rising[4] + 2, rising[5]], flat_y)

    falling = [curve(11, 10) - each + 0.5 * LARGE for each in range(6)]
    small_violates = [*flat_y[:3], np.where(LARGE, 0.3, 0.83) + curve(0, 0), 0.2, 0.1]
    for variant in ("", "-full"):
        made.plane(f"rasmussen-relu{variant}", UNIFORM["relu"], falling, small_violates)
    made.plane("rasmussen-relu", RELU_30, [each + 0.5 for each in falling], flat_y)
    changing = [curve(8, 11) - each for each in range(6)]
    above = [*changing[:3], changing[3] + 2, *changing[4:]]
    made.plane("rasmussen-relu", ADAPTIVE["relu"], above, [0.5, 0.4, 0.3, 0.35, 0.2, 0.1])

    made.plane("rasmussen-elu", UNIFORM["elu"], [12.0, 11.5, 11.0, 10.5, 10.0, 9.5], flat_y)
    made.plane("rasmussen-elu", ADAPTIVE["elu"], above, [0.5, 0.4, 0.3, 0.2, 0.15, 0.1])
    made.plane("rasmussen-relu6", UNIFORM["relu6"], [each - 4 for each in falling], flat_y)
    level = [*(curve(6, 9) - each for each in range(3)), 8.0, 5.0, 4.0]
    made.plane("rasmussen-relu6", ADAPTIVE["relu6"], level, flat_y)

    for name, layers in (("constant", 5), ("wide-5", 5), ("wide-6", 6)):
        for estimator in (ADAPTIVE["relu"], UNIFORM["relu"]):
            made.plane(f"rasmussen-{name}", estimator, rising[:layers], flat_y[:layers])

    greatest = np.linspace(5, 6, RUNS)[:, None]
    maxima = [*(share * greatest for share in (1.0, 0.8, 0.7, 0.6, 0.5)), 1.0]
    for activation, test in (("tanh", 0.6), ("relu", 0.65)):
        for variant, low in (("", 5000), ("-full", 50)):
            path = np.where((epochs >= low) & (epochs < 8000), 0.95, test)
            made.measures(f"rasmussen-{activation}{variant}", train=path, test=path, maxima=maxima)
    return made.results


@pytest.mark.parametrize("name", [*CLAIMS])
def test_a_claim_holds_where_the_study_is_as_the_thesis_says(good, name):
    found = check(CLAIMS[name], good)
    assert combined(found) == "holds", [finding for case, finding in found if case.primary]


@pytest.mark.parametrize("name", [*CLAIMS])
def test_a_claim_fails_where_the_study_is_otherwise(bad, name):
    found = check(CLAIMS[name], bad)
    assert combined(found) == "fails", [finding for case, finding in found if case.primary]


def test_ids_are_unique_and_cases_name_settings_and_planes_of_the_study():
    assert len(CLAIMS) == len(rasmussen.CLAIMS)
    for claim in CLAIMS.values():
        assert any(case.primary for case in claim.cases)
        for case in claim.cases:
            setting = SETTINGS[case.setting]
            assert isinstance(setting, Setting)
            assert case.estimator in {"", *(wanted.estimator for wanted in setting.planes)}, (claim.id, case)
            assert case.labels["activation"] == setting.network.activation
            assert case.labels["batch"] == ("full" if setting.training.batch is None else str(setting.training.batch))
            assert float(case.labels["rate"]) == setting.training.learning_rate
        keys = [(case.setting, case.estimator, *sorted(case.labels.items())) for case in claim.cases]
        assert len(set(keys)) == len(keys), claim.id


def test_findings_are_reproducible(good):
    for name in ("R2", "R9b", "R16a"):
        assert check(CLAIMS[name], good) == check(CLAIMS[name], good)


def test_without_results_every_claim_is_undecided(tmp_path, synthetic):
    results = synthetic.Study(tmp_path).results
    for claim in CLAIMS.values():
        found = check(claim, results)
        assert combined(found) == "undecided"
        assert all(finding.missing for _, finding in found)


@pytest.mark.parametrize("runs", [1, 3])
def test_few_runs_make_no_errors(tmp_path, synthetic, runs):
    made = synthetic.Study(tmp_path, runs, epochs=[0, 1, 10, 100, 400], scale="quick")
    for name, setting in SETTINGS.items():
        if name.startswith("rasmussen"):
            layers = setting.network.n_layers
            for wanted in setting.planes:
                x, y = np.arange(layers, 0, -1.0), np.linspace(0.9, 0.1, layers)
                made.plane(name, wanted.estimator, x, y)
            made.measures(name, train=0.8, test=0.8, maxima=[1.0] * layers)
    results = made.results
    for claim in CLAIMS.values():
        for case, finding in check(claim, results):
            assert not finding.missing
            if runs == 1 and case.primary and finding.verdict == "holds":
                assert finding.interval is None or not np.isnan(finding.interval).any()


def test_more_than_half_must_hold():
    holds, fails, open_ = (Finding(verdict) for verdict in ("holds", "fails", "undecided"))
    assert most({"T_1": holds, "T_2": holds, "T_3": fails}).verdict == "holds"
    assert most({"T_1": holds, "T_2": fails}).verdict == "fails"
    assert most({"T_1": holds, "T_2": open_}).verdict == "undecided"
    assert most({"T_1": fails, "T_2": open_}).verdict == "fails"


def test_the_interval_of_a_difference_between_groups_is_that_of_theory():
    rng = np.random.default_rng(4)
    first, second = rng.normal(1.0, 1.0, 400), rng.normal(0.0, 2.0, 100)
    statistic, (low, high) = two_groups(first, second, rng, lambda means: means)
    assert statistic == first.mean() - second.mean()
    half = 1.96 * np.sqrt(first.var() / 400 + second.var() / 100)
    assert (high - low) / 2 == pytest.approx(half, rel=0.1)
