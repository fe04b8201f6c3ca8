# SPDX-License-Identifier: Apache-2.0
"""Tests of the controls whose truth is known, and of what they say of an estimate."""

from __future__ import annotations

from dataclasses import replace
from math import log

import numpy as np
import pytest
from scipy.special import entr, softmax

from mibench.contracts import InputError, Unsupported
from mibench.networks.convolutional import Convolutional
from mibench.networks.spec import Network, Training
from mibench.networks.trajectory import Trajectory
from mibench.numerics.gaussian_information import gaussian_mi
from mibench.studies.analyses import known_channel as channel_module
from mibench.studies.analyses.known_channel import bracketed, known_channel
from mibench.studies.analyses.known_images import _LEAK, Layer, known_images
from mibench.studies.analyses.label_bounds import lower_bound, posteriors, score_bound, table_bound
from mibench.studies.results import load_analysis, save_analysis
from mibench.studies.trust import PIPELINES, Pipeline, band, outside, pipeline_of
from mibench.tasks.images.rectangles import Rectangles
from mibench.tasks.labels import symmetric_channel
from mibench.tasks.latents import CanonicalPair

USUAL = Pipeline("ae", "pca", "layer", "wkl")
SEED = np.random.SeedSequence(5)


@pytest.fixture(scope="module")
def images():
    return known_images(scale="quick", seed=SEED)


def curve(truth, estimate, std_error):
    """Arrays of a control whose pipelines are all alike."""
    rows = [np.tile(each, (len(PIPELINES), 1)) for each in (estimate, std_error)]
    return {"truth": np.array(truth, float), "estimate": rows[0], "std_error": rows[1]}


# known images


def decoded(layer, values):
    """The inverse of a layer, by least squares: the certificate that nothing is lost."""
    for weights, bias in reversed(layer.weights):
        values = np.where(values > 0, values, values / _LEAK)
        values = np.linalg.lstsq(weights.T, (values - bias).T, rcond=None)[0].T
    return values


def test_a_layer_is_told_back_from_its_values():
    layer, z = Layer(), 3 * np.random.default_rng(0).standard_normal((2000, 4))
    values = layer(z)
    assert values.shape == (2000, 32)
    assert np.abs(decoded(layer, values) - z).max() < 1e-9
    assert ((values < 0).mean(axis=0) > 0.02).any()  # it bends


@pytest.mark.parametrize("mi", [0.0, 2.0, 8.0])
def test_truths_of_the_control(mi):
    assert gaussian_mi(CanonicalPair(mi, 4, 4).covariance, 4) == pytest.approx(mi, abs=1e-9)
    sample = Rectangles(size=28, mi=mi).sample(4000, np.random.default_rng(1))
    found = gaussian_mi(np.cov(np.hstack([sample.side["latent_x"], sample.side["latent_y"]]), rowvar=False), 4)
    assert found == pytest.approx(mi, abs=5 * np.sqrt(16 / 4000))
    same = Rectangles(size=28, mi=5.0).sample(4000, np.random.default_rng(1))
    assert np.array_equal(sample.x, same.x)  # what is compressed once for all levels


def test_known_images(images, tmp_path):
    truth, estimate, error = images["truth"], images["estimate"], images["std_error"]
    assert estimate.shape == error.shape == (len(PIPELINES), len(truth))
    assert (error > 0).all()
    save_analysis(tmp_path / "found.npz", images)  # refuses what is not finite
    assert np.array_equal(load_analysis(tmp_path / "found.npz")["estimate"], estimate)
    of = {pipeline: estimate[at] for at, pipeline in enumerate(PIPELINES)}
    oracle = Pipeline("oracle", "oracle", "latents", "wkl")
    assert of[oracle] == pytest.approx(truth, abs=0.5)
    for pipeline in PIPELINES:
        assert (np.diff(of[pipeline]) > 0).all(), pipeline
    for pipeline in (USUAL, Pipeline("pca", "pca", "image", "wkl")):
        assert (of[pipeline][truth > 0] < of[oracle][truth > 0] - 0.5).all()  # compression loses, and more where
        assert of[pipeline][-1] < truth[-1] - 1.5  # there is more to lose
    assert (of[Pipeline("pca", "pca", "image", "wkl")] < of[USUAL]).all()


# what an estimate says of the truth


def test_the_band_of_a_straight_control_is_its_inverse():
    found = band(curve([0, 2, 4, 8], [-1, 0, 1, 3], [0, 0, 0, 0]), USUAL)
    low, high = found([[-0.75, 0.0], [0.5, 2.0]])
    assert low.tolist() == [[0.25, 2], [2.5, 5]]  # the value less the errors of the levels around it, or at a level
    assert high.tolist() == [[1.25, 2], [3.5, 7]]
    inverse = 2 * (np.array([[-0.75, 0.0], [0.5, 2.0]]) + 1)
    assert (low <= inverse).all()
    assert (inverse <= high).all()


def test_the_band_holds_the_truth_of_every_estimate_within_its_error():
    rng = np.random.default_rng(2)
    for _ in range(50):
        truth = np.arange(7.0)
        estimate = rng.normal() + np.cumsum(rng.uniform(0, 1, 7))
        error = rng.uniform(0.01, 0.4, 7)
        found = band(curve(truth, estimate, error), USUAL)
        low, high = found(estimate + rng.uniform(-1.95, 1.95, 7) * error)
        assert (low <= truth).all()
        assert (np.isnan(high) | (high >= truth)).all()
        between = (estimate[1:] + estimate[:-1]) / 2
        low, high = found(between)
        assert (low <= truth[:-1] + 0.5).all()
        assert (np.isnan(high) | (high >= truth[:-1] + 0.5)).all()


def test_beyond_the_control_nothing_is_said():
    found = band(curve([0, 1, 2, 3], [0.0, 0.9, 1.2, 1.2], [0.01] * 4), USUAL)
    low, high = found([-1.0, 0.0, 0.45, 1.2, 1.5, np.nan])
    assert np.isnan([low[0], high[0], low[4], high[4], low[5], high[5]]).all()  # no such estimate in the control
    assert low[1] == 0
    assert 0 < high[1] < 0.1
    assert low[2] < 0.5 < high[2] < 0.6
    assert 1.2 < low[3] < 2
    assert np.isnan(high[3])  # it saturates: greater truths look alike


def test_bands_refuse_what_is_not_theirs():
    arrays = curve([0, 1], [0, 1], [0, 0])
    with pytest.raises(InputError, match="the control has"):
        band(arrays, Pipeline("ae", "oracle", "layer", "wkl"))
    with pytest.raises(InputError, match="at least two"):
        band({**arrays, "std_error": arrays["std_error"][:3]}, USUAL)
    with pytest.raises(InputError, match="increasing"):
        band({**arrays, "truth": np.zeros(2)}, USUAL)


@pytest.mark.parametrize(
    ("name", "pipeline"),
    [
        ("compressed", USUAL),
        ("compressed[x=ae,layer=pca]", USUAL),
        ("compressed[x=pca,layer=pca,dim=4,estimator=ksg,k=5]", Pipeline("pca", "pca", "layer", "ksg")),
        ("compressed[layer=ae]", Pipeline("ae", "ae", "layer", "wkl")),
        ("compressed[dim=2]", None),
        ("compressed[k=3]", None),
        ("compressed[x=none]", None),
        ("compressed[more=1]", None),
        ("kde", None),
    ],
)
def test_the_control_of_a_plane(name, pipeline):
    assert pipeline_of(name) == pipeline


def test_how_far_outside():
    assert outside([1.0, 2.0, 3.5], 1.5, [2.5, 2.5, 3.0]).tolist() == [-0.5, 0.0, 0.5]


# what a classifier reads


def gaussian_classes(n, rng, classes=4, dim=6):
    centres = 1.5 * np.random.default_rng(9).standard_normal((classes, dim))
    labels = rng.integers(0, classes, n)
    values = centres[labels] + rng.standard_normal((n, dim))
    posterior = softmax(-0.5 * ((values[:, None] - centres) ** 2).sum(axis=2), axis=1)
    return values, labels, posterior


def truth_of(error, classes=4, n=200_000):
    """I(L;Y') of `gaussian_classes`, H(Y') - E H(Y'|L): by Monte Carlo, from the exact posterior."""
    posterior = gaussian_classes(n, np.random.default_rng(3), classes)[2]
    return log(classes) - entr(posterior @ symmetric_channel(error, classes)).sum(axis=1).mean()


def test_guesses_that_are_right_tell_what_the_channel_lets_through():
    labels = np.repeat(np.arange(5), 400)
    for error in (0.0, 0.3):
        channel = symmetric_channel(error, 5)
        exact = log(5) - entr(channel[0]).sum()
        found = table_bound(labels, labels, channel)
        assert found.value == pytest.approx(exact, abs=2e-3)
        assert found.std_error < 1e-3
    sure = np.eye(5)[labels]
    assert lower_bound(sure, labels, symmetric_channel(0.0, 5)).value == pytest.approx(log(5), abs=2e-3)


def test_the_jackknife_of_a_table_is_that_over_rows():
    rng = np.random.default_rng(4)
    guesses, labels = rng.integers(0, 3, (2, 40))
    channel = symmetric_channel(0.2, 3)

    def plain(keep):
        joint = np.zeros((3, 3))
        np.add.at(joint, (guesses[keep], labels[keep]), 1 / keep.sum())
        joint = joint @ channel
        return entr(joint.sum(axis=0)).sum() + entr(joint.sum(axis=1)).sum() - entr(joint).sum()

    every = np.ones(40, bool)
    without = np.array([plain(np.arange(40) != i) for i in range(40)])
    found = table_bound(guesses, labels, channel)
    assert found.value == pytest.approx(40 * plain(every) - 39 * without.mean(), abs=1e-12)
    assert found.std_error == pytest.approx(np.sqrt(39 / 40 * ((without - without.mean()) ** 2).sum()), abs=1e-12)


def test_guesses_that_know_nothing_tell_nothing():
    rng = np.random.default_rng(5)
    channel = symmetric_channel(0.0, 10)
    found = [table_bound(*rng.integers(0, 10, (2, 2000)), channel).value for _ in range(40)]
    assert abs(np.mean(found)) < 0.003  # the plug-in's mean is 81 / 4000
    labels = rng.integers(0, 10, 2000)
    assert lower_bound(np.full((2000, 10), 0.1), labels, channel).value < 0.005


@pytest.mark.parametrize("error", [0.0, 0.3])
def test_scores_of_the_exact_posterior_are_the_information(error):
    channel = symmetric_channel(error, 4)
    _, labels, posterior = gaussian_classes(20_000, np.random.default_rng(6))
    flatter = posterior**0.3 / (posterior**0.3).sum(axis=1, keepdims=True)
    exact, flat = score_bound(posterior, labels, channel), score_bound(flatter, labels, channel)
    assert exact.value == pytest.approx(truth_of(error), abs=4 * exact.std_error + 0.01)  # the uniform part costs
    assert flat.value < exact.value


def test_classifiers_do_not_see_the_rows_they_are_asked_about():
    rng = np.random.default_rng(7)
    values, labels = rng.standard_normal((600, 30)), rng.integers(0, 3, 600)
    found = posteriors(values, labels, 4, rng)
    assert found.sum(axis=1) == pytest.approx(np.ones(600))
    assert not found[:, 3].any()
    assert (found.argmax(axis=1) == labels).mean() < 0.45
    assert posteriors(np.ones((600, 2)), labels, 3, rng) == pytest.approx(np.full((600, 3), 1 / 3), abs=0.1)


@pytest.mark.parametrize("error", [0.0, 0.3])
def test_labels_that_are_all_the_same_are_not_told_of(error):
    rng = np.random.default_rng(8)
    values, labels = rng.standard_normal((300, 5)), np.full(300, 2)
    found = posteriors(values, labels, 4, rng)
    assert np.array_equal(found, np.eye(4)[labels])
    bound = lower_bound(found, labels, symmetric_channel(error, 4))
    assert (bound.value, bound.std_error) == pytest.approx((0, 0), abs=1e-12)
    single = np.zeros(300, np.int64)
    assert lower_bound(posteriors(values, single, 1, rng), single, np.ones((1, 1))) == (0, 0)


def test_a_half_without_a_label_does_not_stop_the_other():
    rng = np.random.default_rng(9)
    labels = np.zeros(40, np.int64)
    labels[17] = 1
    found = posteriors(rng.standard_normal((40, 2)), labels, 2, rng)
    assert found.sum(axis=1) == pytest.approx(np.ones(40))
    assert lower_bound(found, labels, symmetric_channel(0.0, 2)).value < 0.15


# labels behind a channel


@pytest.mark.parametrize("error", [0.0, 0.3, 0.6])
def test_the_bracket_holds_the_truth(error):
    rng, channel = np.random.default_rng(8), symmetric_channel(error, 4)
    values, labels, _ = gaussian_classes(2000, rng, dim=4)
    noisy = (labels + (rng.random(2000) < error) * rng.integers(1, 4, 2000)) % 4
    posterior = gaussian_classes(200_000, np.random.default_rng(3), dim=4)[2]
    truth = log(4) - entr(posterior @ channel).sum(axis=1).mean()
    found = bracketed(values, labels, [noisy], [channel], rng)
    upper = log(4) - entr(channel[0]).sum()
    low, its_error = found["bracket_lower"][0], found["bracket_lower_error"][0]
    assert low - 3 * its_error < truth < upper
    assert low > 0.75 * truth  # and it is no idle one
    assert found["codes_lower"][0] <= low
    assert not found["estimate_missing"][0]
    assert found["estimate"][0] == pytest.approx(truth, abs=4 * found["std_error"][0] + 0.1)


@pytest.fixture(scope="module")
def classified():
    """A network with weights at random, and with none, of 700 images of 3 classes."""
    rng = np.random.default_rng(10)
    network = Convolutional(channels=(4,), dense=(6,), classes=3, side=8, noise=1e-3)
    labels = rng.integers(0, 3, 700)
    shapes = rng.standard_normal((3, 64))
    inputs = (shapes[labels] + 0.7 * rng.standard_normal((700, 64))).astype(np.float32)
    weights = 0.4 * rng.standard_normal((1, 3, network.n_parameters)).astype(np.float32)
    weights[0, 1] = 0.0
    blank, none = np.zeros((1, 2), np.float32), np.zeros(1, np.int64)
    train = np.arange(0, 700, 7)[None]
    training = Training(epochs=2)
    trajectory = Trajectory(network, training, 0, "float32", np.arange(3), weights, None, blank, blank, train, none)
    return trajectory, inputs, labels


def test_known_channel(classified, monkeypatch):
    monkeypatch.setitem(channel_module._POINTS, "quick", 3)
    trajectory, inputs, labels = classified
    shares = []
    found = known_channel(*classified, scale="quick", seed=SEED, progress=shares.append)
    assert shares == pytest.approx(np.arange(1, 10) / 9)
    assert found["epochs"].tolist() == [0, 1, 2]
    assert found["layers"].tolist() == [1, 2, 3]
    errors, upper = found["channel_errors"], found["truth_upper"]
    held = np.setdiff1d(np.arange(700), trajectory.train[0])
    share = np.bincount(labels[held]) / len(held)
    for error, bound in zip(errors, upper, strict=True):
        after = share * (1 - error) + (1 - share) * error / 2
        given = entr([1 - error, error / 2, error / 2]).sum()
        assert bound == pytest.approx(entr(after).sum() - given, abs=1e-12)
    missing = found["estimate_missing"]
    assert missing.tolist() == [[[epoch == 1] * 3] * 3 for epoch in range(3)]  # layers without weights are constant
    assert (found["bracket_lower"][1] < 0.02).all()
    for name in ("bracket_lower", "codes_lower", "estimate", "std_error"):
        assert found[name].shape == (3, 3, 3)
        assert np.isfinite(found[name]).all()
    assert (found["bracket_lower"] >= found["codes_lower"]).all()
    assert (found["bracket_lower"] <= upper + 3 * found["bracket_lower_error"] + 1e-3).all()
    assert (found["bracket_lower"][::2, 0, 0] > 0.5 * upper[0]).all()  # a first layer at random keeps the class
    again = known_channel(trajectory, inputs, labels, scale="quick", seed=SEED)
    assert all(np.array_equal(found[name], again[name]) for name in found)


def test_known_channel_refuses(classified):
    trajectory, inputs, labels = classified
    with pytest.raises(Unsupported, match="convolutional"):
        known_channel(replace(trajectory, network=Network((64, 3))), inputs, labels, scale="quick", seed=SEED)
    rounded = replace(trajectory, network=replace(trajectory.network, noise=0.0, bits=4))
    with pytest.raises(Unsupported, match="not rounded"):
        known_channel(rounded, inputs, labels, scale="quick", seed=SEED)
    with pytest.raises(Unsupported, match="there are none"):
        known_channel(replace(trajectory, train=np.arange(700)[None]), inputs, labels, scale="quick", seed=SEED)
