# SPDX-License-Identifier: Apache-2.0
"""Claims on networks of images: each holds in a study made as its source says, and fails in one that is not."""

from __future__ import annotations

from dataclasses import replace
from math import log, log2

import numpy as np
import pytest

from mibench.studies import bottleneck_settings, cnn_settings
from mibench.studies.claims import bottleneck, bottleneck_checks, butakov, butakov_checks
from mibench.studies.claims.bottleneck_cases import NETWORKS
from mibench.studies.claims.bottleneck_two import half_fallen
from mibench.studies.claims.butakov_cases import CENTRED, CNN, RANDOM, USUAL, planes
from mibench.studies.claims.contract import check, combined
from mibench.studies.claims.population import population
from mibench.studies.claims.registry import CLAIMS as EVERY
from mibench.studies.claims.rules import label_bits
from mibench.studies.results import MissingResult
from mibench.studies.setting import Setting
from mibench.studies.trust import PIPELINES
from mibench.studies.verdicts import verdicts

EXACT = {claim.id: claim for module in (bottleneck, bottleneck_checks) for claim in module.CLAIMS}
LOSSY = {claim.id: claim for module in (butakov, butakov_checks) for claim in module.CLAIMS}
MNIST = {"rows": 70_000, "held_out": 10_000, "label_nats": 2.3011356, "held_out_label_nats": 2.3008484}
RUNS = 12
EPOCHS = np.unique(np.concatenate([np.geomspace(1, 3001, 50).round().astype(int) - 1, np.arange(0, 3001, 100)]))
H = MNIST["label_nats"] / log(2)


def about(study: str, dataset: str = "mnist") -> dict:
    return {"study": study, "dataset": dataset, "data": MNIST}


def line(*values: float) -> np.ndarray:
    """Straight between values that are spread evenly over epochs."""
    return np.interp(EPOCHS, np.linspace(0, EPOCHS[-1], len(values)), values)


def humped(first: float, greatest: float, last: float) -> np.ndarray:
    """Rises to a third of the epochs, falls in the middle of them."""
    return np.interp(EPOCHS, [0, 1000, 1400, 1600, 3000], [first, greatest, greatest, last, last])


def differing(mean: float, by: float) -> np.ndarray:
    """A constant of each run, shape (R, 1)."""
    return mean + by * np.linspace(-1, 1, RUNS)[:, None]


def written(study, network, x, y, null=0.1, sd=0.02, accuracy=0.96, spread=0.001) -> None:
    """Both trainings of a network."""
    for setting in (network, f"{network}-fast"):
        share = np.full((study.runs, len(EPOCHS), len(x)), 0.1) * log(2)
        share[..., 0] = null * log(2)
        study.plane(setting, "exact", x, y, sd=sd, null=share)
        study.measures(setting, test=differing(accuracy, spread))


@pytest.fixture(scope="module")
def good(synthetic, tmp_path_factory):
    study = synthetic.Study(tmp_path_factory.mktemp("good"), RUNS, EPOCHS, about=about("mnist-bottleneck"))
    x = [16.05, line(15.7, 15.8), humped(11.4, 13.6, 12.9), humped(6.4, 11.1, 10.2), humped(6.2, 9.3, 5.5)]
    y = [3.316, line(3.14, 3.31), line(1.57, 3.22), line(0.56, 3.1), line(0.55, 3.03)]
    written(study, "bottleneck-2", x, y, null=3.3, accuracy=0.9, spread=0.03)
    more = [16.05, 16.0, *(curve + 0.5 for curve in x[2:])]
    written(study, "bottleneck-4", more, [y[0], line(3.16, 3.315), *(curve + 0.05 for curve in y[2:])])
    wider = [*x[:4], x[3] - 0.02, x[3] - 0.05, x[4]]
    written(study, "hourglass", wider, [*y[:4], y[3] - 0.005, y[3] - 0.01, y[4] - 0.02], accuracy=0.9)
    written(study, "4x10", [16.05, 16.04, 16.03, 16.02, humped(9, 11, 7)], [3.316, 3.315, 3.314, 3.313, line(1, 3.1)])
    written(study, "conv", [16.05, 16.04, 16.03, humped(9, 11, 7)], [3.316, 3.315, 3.314, line(3, 3.1)])
    return study.results


@pytest.fixture(scope="module")
def bad(synthetic, tmp_path_factory):
    study = synthetic.Study(tmp_path_factory.mktemp("bad"), RUNS, EPOCHS, about=about("mnist-bottleneck"))
    x = [12, 12, line(12, 13), line(12, 13), line(13, 14)]
    written(study, "bottleneck-2", x, [line(2.5, 2.4)] * 5, sd=2.0, accuracy=0.7)
    written(study, "bottleneck-4", [15.0, *(line(8, 7) for _ in range(4))], [1.5] * 5, accuracy=0.6, spread=0.03)
    deep = [12, 12, 12, 12, line(10, 9), 9, 3]
    written(study, "hourglass", deep, [2.0, 2.0, 2.0, 2.0, line(1.0, 1.5), 0.5, 3.5], accuracy=0.97)
    for network, layers in (("4x10", 5), ("conv", 4)):
        written(study, network, [line(12, 14)] * layers, [3.4] * layers, accuracy=0.6, spread=0.03)
    return study.results


APART = {"C1c", "C5", "C8"}  # of chance; of two planes


@pytest.mark.parametrize("name", [*EXACT])
def test_a_claim_on_exact_planes_holds_where_the_study_is_as_its_source_says(good, name):
    found = check(EXACT[name], good)
    assert combined(found) == "holds", [finding for case, finding in found if case.primary]
    assert not any(finding.missing for _, finding in found)


@pytest.mark.parametrize("name", [name for name in EXACT if name not in APART])
def test_a_claim_on_exact_planes_fails_where_the_study_is_otherwise(bad, name):
    found = check(EXACT[name], bad)
    assert combined(found) == "fails", [finding for case, finding in found if case.primary]


def test_tests_for_phases_find_some_in_two_runs_of_images_that_differ_much(synthetic, tmp_path):
    study = synthetic.Study(tmp_path, 2, EPOCHS, sd=5.0, about=about("mnist-bottleneck"))
    study.plane("bottleneck-2", "exact", [9, 8, 7, 6, 5], [0.9] * 5)
    assert combined(check(EXACT["C1c"], study.results)) == "fails"


@pytest.mark.parametrize(("mean", "spread", "verdict"), [(0.9, 0.01, "holds"), (0.93, 0.05, "undecided")])
def test_an_accuracy_near_the_edge_is_undecided(synthetic, tmp_path, mean, spread, verdict):
    study = synthetic.Study(tmp_path, RUNS, EPOCHS, about=about("mnist-bottleneck"))
    study.measures("bottleneck-2", test=differing(mean, spread))
    assert combined(check(EXACT["L10"], study.results)) == verdict


def test_where_half_of_a_fall_is_is_told():
    curves = np.stack([humped(6, 11, 10), line(1, 2), line(2, 1)])
    found = EPOCHS[half_fallen(curves, EPOCHS)]
    assert abs(found[0] - 1500) <= 100
    assert found[1] == 3000
    assert abs(found[2] - 1500) <= 200


@pytest.mark.parametrize(("shift", "verdict"), [(0, "holds"), (-1200, "fails"), (-750, "undecided")])
def test_when_the_two_units_compress_is_told(synthetic, tmp_path, shift, verdict):
    study = synthetic.Study(tmp_path, RUNS, EPOCHS, about=about("mnist-bottleneck"))
    apart = np.linspace(-300, 300, RUNS) if verdict == "undecided" else np.zeros(RUNS)
    falls = [np.interp(EPOCHS, np.array([1400, 1600]) + shift + each, [1.0, 0.0]) for each in apart]
    curve = np.stack(falls) + np.interp(EPOCHS, [0, 100], [0.0, 10.0])
    study.plane("bottleneck-2", "exact", [16, 15.5, curve, curve, 5], [3] * 5)
    assert combined(check(EXACT["L12c"], study.results)) == verdict


# the convolutional classifier

RECORDED = np.unique(np.geomspace(1, 301, 80).round().astype(int)) - 1
CNN_RUNS = 6
EVERY_PLANE = [(case.setting, case.estimator) for case in planes()]


def course(*values: float, at=(0, 30, 60, 120, 300)) -> np.ndarray:
    """Straight between values at these epochs, shape (E,)."""
    return np.interp(RECORDED, at, values)


def s_shaped(at: float, width: float) -> np.ndarray:
    """A loss that falls fastest at an epoch."""
    return 2.3 / (1 + np.exp((np.arange(300) + 0.5 - at) / width))


def classifier(synthetic, folder, x, y, **more):
    """A study of which every plane has the same courses of T_3 to T_5; T_1 and T_2 are given."""
    study = synthetic.Study(folder, more.pop("runs", CNN_RUNS), RECORDED, about=about("mnist-cnn"), **more)
    for setting, estimator in EVERY_PLANE:
        write(study, setting, estimator, x, y)
        study.losses(setting, s_shaped(30, 8))
    return study


def write(study, setting, estimator, x, y, error=0.02, null=0.0):
    whole = (study.runs, len(RECORDED), 5)
    noise = np.random.default_rng(7).normal(0, 0.005, (2, *whole))
    x, y = (
        [np.broadcast_to(curve, whole[:2]) + noise[axis, ..., layer] for layer, curve in enumerate(curves)]
        for axis, curves in enumerate((x, y))
    )
    study.plane(setting, estimator, x, y, std_error=np.full((*whole, 2), error), null=np.full(whole, null))


WAVES, LEARNS = course(2, 4, 3, 4.5, 3.5), course(0.5, 2.0, 1.7, 2.2, 2.6)
RISING, KNOWN = course(2, 2.5, 3, 4, 5), course(1.5, 1.5, 1.5, 1.5, 1.5)


TRUTH = np.arange(9.0)


def known(study, estimate, of_labels, error=0.02) -> None:
    """Controls of known truth: estimates of images, (P, K), and of labels through three channels, of every layer."""
    arrays = {"truth": TRUTH, "estimate": estimate, "std_error": np.full(estimate.shape, error)}
    study.analysis("known-images", "known-images", arrays)
    shape = (2, 5, 3)
    study.analysis(
        CNN,
        "known-channel",
        {
            "epochs": np.array([0, 300]),
            "layers": np.arange(1, 6),
            "channel_errors": np.array([0.6, 0.3, 0.0]),
            "truth_upper": np.array([0.6, 1.2, 2.3]),
            "bracket_lower": np.broadcast_to([0.4, 0.8, 1.4], shape),
            "bracket_lower_error": np.full(shape, 0.01),
            "codes_lower": np.broadcast_to([0.3, 0.55, 1.2], shape),
            "codes_lower_error": np.full(shape, 0.01),
            "estimate": np.broadcast_to(of_labels, shape),
            "std_error": np.full(shape, error),
            "estimate_missing": np.zeros(shape, bool),
        },
    )


@pytest.fixture(scope="module")
def as_said(synthetic, tmp_path_factory):
    study = classifier(synthetic, tmp_path_factory.mktemp("said"), [2.0, 2.0, *[WAVES] * 3], [0.3, 0.3, *[LEARNS] * 3])
    write(study, RANDOM, USUAL, [2.0] * 5, [0.05] * 5)
    known(study, np.tile(TRUTH, (len(PIPELINES), 1)), [0.5, 0.9, 1.5])
    return study.results


@pytest.fixture(scope="module")
def otherwise(synthetic, tmp_path_factory):
    study = classifier(synthetic, tmp_path_factory.mktemp("other"), [7.0, 6.0, *[RISING] * 3], [2.0, 2.0, *[KNOWN] * 3])
    write(study, RANDOM, USUAL, [2.0, 2.0, *[WAVES] * 3], [0.3, 0.3, *[LEARNS] * 3])
    known(study, np.tile(np.minimum(TRUTH, 8 - TRUTH), (len(PIPELINES), 1)), [0.5, 0.9, 2.5])
    return study.results


@pytest.mark.parametrize("name", [*LOSSY])
def test_a_claim_on_compressed_planes_holds_where_the_study_is_as_its_source_says(as_said, name):
    found = check(LOSSY[name], as_said)
    assert combined(found) == "holds", [finding for case, finding in found if case.primary]


@pytest.mark.parametrize("name", [name for name in LOSSY if name not in APART])
def test_a_claim_on_compressed_planes_fails_where_the_study_is_otherwise(otherwise, name):
    found = check(LOSSY[name], otherwise)
    assert combined(found) == "fails", [finding for case, finding in found if case.primary]


def test_runs_that_learnt_are_cases_of_their_own(synthetic, tmp_path):
    study = synthetic.Study(tmp_path, RUNS, EPOCHS, about=about("mnist-bottleneck"))
    learnt = np.arange(RUNS) % 3 > 0
    two = np.where(learnt[:, None], humped(6.4, 11.1, 10.2), humped(2, 2, 4))
    study.plane("bottleneck-2", "exact", [16, 15.7, 12.9, two, 5.5], [3.3] * 5, sd=0.01)
    study.measures("bottleneck-2", test=np.where(learnt, 0.9, 0.6)[:, None])
    found = {
        case.labels.get("runs", "all"): finding
        for case, finding in check(EXACT["L12a"], study.results)
        if case.setting == "bottleneck-2"
    }
    assert found["all"].verdict != "holds"
    assert found["that learnt"].verdict == "holds"
    assert found["that learnt"].statistic == pytest.approx(0.9, abs=0.05)
    study.measures("bottleneck-2", test=np.where(np.arange(RUNS) > 0, 0.6, 0.9)[:, None])
    (none,) = (
        f
        for c, f in check(EXACT["L12a"], type(study.results)(tmp_path))
        if c.labels.get("runs") and c.setting == "bottleneck-2"
    )
    assert (none.verdict, none.missing) == ("undecided", False)
    assert f"1 of {RUNS} runs of bottleneck-2 have learnt" in none.detail


def one_plane(synthetic, folder, x, loss=None, **more):
    """A study of the usual plane alone, its T_3 to T_5 the same."""
    study = synthetic.Study(folder, CNN_RUNS, RECORDED, about=about("mnist-cnn"))
    write(study, CNN, USUAL, [2.0, 2.0, x, x, x], [0.3, 0.3, *[LEARNS] * 3], **more)
    study.losses(CNN, s_shaped(30, 8) if loss is None else loss)
    return study.results


def test_several_phases_of_some_runs_alone_are_undecided(synthetic, tmp_path):
    curves = np.stack([WAVES] * 4 + [course(2, 4, 3, 4, 5)] * 2)
    found = check(LOSSY["B4"], one_plane(synthetic, tmp_path, curves))
    primary = [finding for case, finding in found if case.primary]
    assert {finding.verdict for finding in primary} == {"undecided"}
    assert primary[0].statistic == pytest.approx(10 / 6)


def test_phases_within_their_standard_errors_are_none(synthetic, tmp_path):
    assert combined(check(LOSSY["B4"], one_plane(synthetic, tmp_path, WAVES, error=1.0))) == "fails"


@pytest.mark.parametrize(
    ("turning", "loss", "verdict"),
    [
        ([30] * 6, s_shaped(30, 8), "holds"),
        ([90] * 6, s_shaped(30, 8), "fails"),
        ([30, 30, 30, 90, 90, 90], s_shaped(30, 8), "undecided"),
        ([30] * 6, np.linspace(2.3, 0.1, 300), "undecided"),  # any time would do
    ],
)
def test_a_switch_must_come_with_the_fall_of_the_loss_and_not_by_chance(synthetic, tmp_path, turning, loss, verdict):
    curves = np.stack([course(2, 5, 3, at=(0, each, 300)) for each in turning])
    found = check(LOSSY["B5"], one_plane(synthetic, tmp_path, curves, loss))
    assert combined(found) == verdict, [finding for case, finding in found if case.primary]


def test_more_in_a_later_layer_within_the_error_is_no_violation(synthetic, tmp_path):
    results = one_plane(synthetic, tmp_path, WAVES, error=3.0)
    assert combined(check(LOSSY["B6"], results)) == "fails"


@pytest.mark.parametrize(("other", "verdict"), [(WAVES, "holds"), (WAVES + 1.0, "holds"), (RISING, "fails")])
def test_a_fall_that_other_coordinates_lack_is_told(synthetic, tmp_path, other, verdict):
    results = one_plane(synthetic, tmp_path, WAVES)
    study = synthetic.Study(tmp_path, CNN_RUNS, RECORDED, about=about("mnist-cnn"))
    write(study, CNN, CENTRED, [2.0, 2.0, WAVES, WAVES, other], [0.3, 0.3, *[LEARNS] * 3])
    ((_, found),) = check(LOSSY["C8"], results)
    assert found.verdict == verdict
    assert (found.statistic > 1) == (verdict == "fails")  # WAVES falls by a bit


def test_noise_at_few_epochs_has_switches(synthetic, tmp_path):
    few = np.unique(np.geomspace(1, 301, 12).round().astype(int)) - 1
    study = synthetic.Study(tmp_path, CNN_RUNS, few, about=about("mnist-cnn"))
    error = np.full((CNN_RUNS, len(few), 5, 2), 0.02)
    study.plane(CNN, USUAL, [2.0] * 5, [0.3] * 5, std_error=error)
    assert combined(check(LOSSY["C5"], study.results)) == "fails"


def test_a_plane_without_standard_errors_decides_nothing(synthetic, tmp_path):
    study = synthetic.Study(tmp_path, CNN_RUNS, RECORDED, about=about("mnist-cnn"))
    study.plane(CNN, USUAL, [WAVES] * 5, [LEARNS] * 5)
    for name in ("B4", "B6", "B6b", "C5"):
        found = [finding for case, finding in check(LOSSY[name], study.results) if case.primary]
        assert all(each.verdict == "undecided" and each.missing for each in found)


def test_epochs_without_an_answer_are_left_out(as_said, synthetic, tmp_path):
    study = synthetic.Study(tmp_path, CNN_RUNS, RECORDED, about=about("mnist-cnn"))
    plane = as_said.plane(CNN, USUAL)
    information, std_error = plane.information.copy(), plane.std_error.copy()
    information[0, 3], std_error[0, 3] = np.nan, np.nan
    some = replace(plane, information=information, std_error=std_error)
    study.losses(CNN, s_shaped(30, 8))
    names = [name for name in LOSSY if name.startswith("B")]
    for each, verdict in ((some, "holds"), (replace(some, information=information * np.nan), "undecided")):
        each.save(study.results.path(CNN, f"plane-{USUAL}"))
        found = {name: combined(check(LOSSY[name], study.results)) for name in names}
        assert found == dict.fromkeys(names, verdict)


@pytest.mark.parametrize(
    ("of_labels", "error", "verdicts_"),
    [
        ([0.5, 0.9, 1.5], 0.02, ("holds", "holds")),
        ([0.5, 0.6, 1.5], 0.02, ("fails", "holds")),  # between what is read from codes and from the layer
        ([0.5, 0.9, 2.44], 0.02, ("fails", "fails")),
        ([0.5, 0.9, 2.42], 0.02, ("undecided", "undecided")),
        ([0.5, 0.9, 1.5], 0.9, ("undecided", "undecided")),
    ],
)
def test_estimates_outside_of_bounds_by_more_than_their_error_are_told(
    synthetic, tmp_path, of_labels, error, verdicts_
):
    study = synthetic.Study(tmp_path, CNN_RUNS, RECORDED, about=about("mnist-cnn"))
    known(study, np.tile(TRUTH, (len(PIPELINES), 1)), of_labels, error)
    assert tuple(combined(check(LOSSY[name], study.results)) for name in ("C7", "C7b")) == verdicts_


@pytest.mark.parametrize(("far", "verdict"), [(0.7, "holds"), (0.8, "undecided"), (0.9, "fails")])
def test_an_estimate_may_be_off_by_a_tenth(synthetic, tmp_path, far, verdict):
    study = synthetic.Study(tmp_path, CNN_RUNS, RECORDED, about=about("mnist-cnn"))
    estimate = np.tile(TRUTH, (len(PIPELINES), 1))
    estimate[:, -1] -= far
    known(study, estimate, [0.5, 0.9, 1.5])
    found = check(LOSSY["C6"], study.results)
    assert combined(found) == verdict
    assert "8 nats" in found[0][1].detail
    assert combined(check(LOSSY["C6b"], study.results)) == "holds"


@pytest.mark.parametrize(("error", "verdict"), [(0.02, "holds"), (1.0, "fails")])
def test_of_a_single_run_only_its_own_phases_are_judged(synthetic, tmp_path, error, verdict):
    study = synthetic.Study(tmp_path, 1, RECORDED, about=about("mnist-cnn"))
    write(study, CNN, USUAL, [2.0, 2.0, *[WAVES] * 3], [0.3, 0.3, *[LEARNS] * 3], error=error)
    study.losses(CNN, s_shaped(30, 8))
    found = {name: combined(check(LOSSY[name], study.results)) for name in LOSSY if name.startswith("B")}
    assert found == dict.fromkeys(found, "undecided") | {"B4": verdict}


def test_controls_of_another_version_are_not_there(synthetic, tmp_path):
    study = synthetic.Study(tmp_path, CNN_RUNS, RECORDED, about=about("mnist-cnn"))
    study.analysis("known-images", "known-images", {"truth": TRUTH})
    study.analysis(CNN, "known-channel", {"epochs": np.array([0])})
    for name in ("C6", "C6b", "C6c", "C7", "C7b"):
        found = check(LOSSY[name], study.results)
        assert all(finding.missing for _, finding in found)
        assert "another version" in found[0][1].detail


# what both share


def test_cases_name_settings_and_planes_of_the_study():
    settings = {**bottleneck_settings.SETTINGS, **cnn_settings.SETTINGS}
    for claim in (*EXACT.values(), *LOSSY.values()):
        assert any(case.primary for case in claim.cases)
        told = {(case.setting, case.estimator, *sorted(case.labels.items())) for case in claim.cases}
        assert len(told) == len(claim.cases)
        for case in claim.cases:
            setting = settings[case.setting]
            known = {wanted.estimator for wanted in setting.planes} if isinstance(setting, Setting) else set()
            assert case.estimator in {"", *known}, (claim.id, case)


@pytest.mark.parametrize("claims", [EXACT, LOSSY], ids=["exact", "lossy"])
def test_without_results_every_claim_is_left_out(synthetic, tmp_path, claims):
    study = synthetic.Study(tmp_path, about=about("mnist-cnn"))
    assert verdicts(study.results, claims)["claims"] == []


OF_ACCURACIES = {"L10", "L26", "L26b", "L27b", "L27c"}


@pytest.mark.parametrize(
    ("dataset", "told"), [("mnist", OF_ACCURACIES), ("digits", {"L27b", "L27c"})], ids=["mnist", "digits"]
)
def test_a_study_has_claims_on_what_is_there_and_only_of_mnist_those_on_its_numbers(synthetic, tmp_path, dataset, told):
    study = synthetic.Study(tmp_path, RUNS, EPOCHS, about=about("mnist-bottleneck", dataset))
    for network in NETWORKS:
        study.measures(network)
        study.measures(f"{network}-fast")
    assert {claim["id"] for claim in verdicts(study.results, EVERY)["claims"]} == told


def test_ceilings_are_those_of_the_data(synthetic, tmp_path):
    study = synthetic.Study(tmp_path / "images", about=about("mnist-cnn"))
    whole, held_out = population(study.results), population(study.results, held_out=True)
    assert (whole.rows, held_out.rows) == (70_000, 10_000)
    assert whole.row_bits == log2(70_000)
    assert (round(whole.label_bits, 5), round(held_out.label_bits, 5)) == (3.31984, 3.31942)
    twelve = synthetic.Study(tmp_path / "twelve").results
    assert population(twelve).rows == 4096
    assert population(twelve).label_bits == label_bits()
    with pytest.raises(MissingResult, match="does not say how many rows"):
        population(synthetic.Study(tmp_path / "silent", about={"study": "mnist-cnn"}).results)
    none = about("mnist-cnn") | {"data": MNIST | {"held_out": 0}}
    with pytest.raises(MissingResult, match="no rows are held out"):
        population(synthetic.Study(tmp_path / "none", about=none).results, held_out=True)
