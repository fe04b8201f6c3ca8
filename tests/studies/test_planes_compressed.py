# SPDX-License-Identifier: Apache-2.0
"""Planes of compressed inputs and layers: known information, invariances, the bound of what is lost, refusals."""

from __future__ import annotations

import math
import re
from collections import OrderedDict
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import digamma
from scipy.stats import norm

from mibench.contracts import InputError, Unsupported
from mibench.estimators.kl import KL, WKL
from mibench.estimators.ksg import KSG
from mibench.networks.convolutional import Convolutional
from mibench.networks.convolutional_forward import activations
from mibench.networks.initial import initial
from mibench.networks.spec import Network, Training
from mibench.networks.trajectory import Trajectory
from mibench.numerics.gaussian_information import corollary4_bound, gaussian_mi, sharper_bound
from mibench.studies import planes
from mibench.studies.planes import compressed_coders, compressed_inputs
from mibench.studies.planes.compressed import Compressed
from mibench.studies.planes.compressed_information import Codes, Method, information, label_information
from mibench.studies.planes.compressed_layers import seen_layers
from mibench.studies.planes.compressed_linear import linear_loss_bound, principal
from mibench.studies.results import Plane

SEED = np.random.SeedSequence(0)
ESTIMATORS = ("wkl", "kl", "ksg")


def linear_layer(seed: int, noise: float, n: int = 4000) -> tuple[Any, Any, float]:
    """x of four numbers, a layer Ax + noise of four, and what they tell of each other."""
    rng = np.random.default_rng(seed)
    weights = rng.standard_normal((4, 4))
    x = rng.standard_normal((n, 4))
    layer = x @ weights.T + noise * rng.standard_normal((n, 4))
    cross = np.block([[np.eye(4), weights.T], [weights, weights @ weights.T + noise**2 * np.eye(4)]])
    return x, layer, gaussian_mi(cross, 4)


def classes(seed: int, n: int = 4000) -> tuple[Any, Any, float]:
    """Normal layers of three numbers, shifted along one by the class, and what they tell of it, by quadrature."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(3, n, p=[0.5, 0.3, 0.2])
    means = np.array([-1.5, 0.0, 2.5])
    layer = rng.standard_normal((n, 3))
    layer[:, 0] += means[labels]

    def minus_log(t: float) -> float:
        density = float(np.dot([0.5, 0.3, 0.2], norm.pdf(t - means)))
        return -density * math.log(density)

    entropy = quad(minus_log, -12, 13, points=list(means), limit=200)[0]
    return layer, labels, entropy - float(norm.entropy())


@pytest.mark.parametrize("estimator", ["wkl", "kl"])
@pytest.mark.parametrize("noise", [0.1, 1.0, 4.0])
def test_what_a_noisy_linear_layer_knows_of_its_input(estimator: str, noise: float) -> None:
    x, layer, truth = linear_layer(1, noise)
    how = Compressed(x="none", layer="none", estimator=estimator)
    (found,) = how.of_layers(x, [layer], np.arange(len(x)) % 2, seed=SEED)
    assert found.i_x == pytest.approx(truth, abs=0.15)
    assert found.reason == ""


def test_ksg_is_as_low_as_it_is_known_to_be() -> None:
    x, layer, truth = linear_layer(1, 1.0)
    (found,) = Compressed(x="none", layer="none", estimator="ksg").of_layers(
        x, [layer], np.arange(len(x)) % 2, seed=SEED
    )
    assert 0.6 * truth < found.i_x < truth


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_what_a_layer_knows_of_the_label(estimator: str) -> None:
    layer, labels, truth = classes(2)
    (found,) = Compressed(x="pca", estimator=estimator).of_layers(layer, [layer], labels, seed=SEED)
    assert found.i_y == pytest.approx(truth, abs=0.07)
    assert abs(found.null) < 0.05
    assert truth > 0.4


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_standard_errors_are_those_of_the_estimates(estimator: str) -> None:
    how, labels, found, errors = Method(estimator, 5), np.repeat([0, 1, 2], [200, 120, 80]), [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        values = rng.standard_normal((400, 3)) + np.array([-1.5, 0.0, 2.5])[labels][:, None] * [1, 0, 0]
        layer = Codes(values, "layer", how)
        x = Codes(values + 0.7 * rng.standard_normal(values.shape), "x", how)
        both = information(x, layer), label_information(layer, labels)
        found.append([each[0] for each in both])
        errors.append([each[1] for each in both])
    spread, claimed = np.std(found, axis=0, ddof=1), np.mean(errors, axis=0)
    assert (claimed > 0.75 * spread).all()
    assert (claimed < 1.4 * spread).all()


@pytest.mark.parametrize(("estimator", "registered"), [("wkl", WKL(5)), ("kl", KL(5)), ("ksg", KSG(5))])
def test_answers_are_those_of_the_registered_estimators(estimator: str, registered: Any) -> None:
    x, layer, _ = linear_layer(3, 0.5, 500)
    how = Method(estimator, 5)
    found = information(Codes(x, "x", how), Codes(layer, "layer", how))
    known = registered.estimate(x, layer)
    assert found[0] == pytest.approx(known.mi, abs=1e-10)
    if estimator != "ksg":
        assert found[1] >= known.std_error - 1e-10  # which takes what rows add for independent


def test_entropies_given_labels_are_those_of_their_rows() -> None:
    layer, labels, _ = classes(4, 500)
    how = Method("wkl", 5)
    parts = sum(
        np.mean(labels == y) * Codes(layer[labels == y], "part", how).local_entropy.mean() for y in np.unique(labels)
    )
    whole = Codes(layer, "layer", how)
    assert label_information(whole, labels)[0] == pytest.approx(whole.local_entropy.mean() - parts, abs=1e-12)


def test_counts_given_labels_are_ross() -> None:
    layer, labels, _ = classes(5, 200)
    layer = (layer - layer.mean(axis=0)) / layer.std(axis=0)
    away = np.abs(layer[:, None] - layer).max(axis=2)
    total = 0.0
    for i in range(200):
        own = np.sort(away[i, labels == labels[i]])  # itself first
        within = (away[i] < own[5]).sum()
        total += digamma(200) + digamma(5) - digamma((labels == labels[i]).sum()) - digamma(within)
    found = label_information(Codes(layer, "layer", Method("ksg", 5)), labels)[0]
    assert found == pytest.approx(total / 200, abs=1e-10)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_turning_a_layer_changes_nothing(estimator: str) -> None:
    rng = np.random.default_rng(6)
    x, labels = rng.standard_normal((800, 3)), rng.integers(0, 3, 800)
    layer = np.tanh(x @ rng.standard_normal((3, 12)) + labels[:, None]) + 0.1 * rng.standard_normal((800, 12))
    turn = np.linalg.qr(rng.standard_normal((12, 12)))[0]
    how = Compressed(x="pca", estimator=estimator)
    plain, turned = how.of_layers(x, [layer, layer @ turn + 3.0], labels, seed=SEED)
    assert plain.reason == turned.reason == ""
    assert turned.i_x == pytest.approx(plain.i_x, abs=1e-6)
    assert turned.i_y == pytest.approx(plain.i_y, abs=1e-6)


def test_directions_without_spread_are_left_out() -> None:
    """A softmax of two, units at rest and copies of units: what is left is what there is."""
    x, layer, _ = linear_layer(7, 0.5, 800)
    labels = np.arange(800) % 2
    one = layer[:, :1]
    shown = [one, np.hstack([one, 1 - one]), np.hstack([one, 0 * one, one, 0.1 + 0 * one]).astype(np.float32)]
    found = Compressed(x="pca").of_layers(x, shown, labels, seed=SEED)
    wide = np.hstack([layer[:, :2], np.full((800, 7), 0.3)]).astype(np.float32)
    found += Compressed(x="pca").of_layers(x, [layer[:, :2].astype(np.float32), wide], labels, seed=SEED)
    assert [each.reason for each in found] == [""] * 5
    assert found[1].i_x == pytest.approx(found[0].i_x, abs=1e-9)
    assert found[2].i_x == pytest.approx(found[0].i_x, abs=1e-3)
    assert found[4].i_x == pytest.approx(found[3].i_x, abs=1e-3)


def test_units_of_inputs_do_not_matter() -> None:
    x, layer, _ = linear_layer(8, 0.5, 800)
    labels = np.arange(800) % 2
    plain, scaled = (
        Compressed(x="pca").of_layers(x * unit, [layer * unit], labels, seed=SEED)[0]
        for unit in (np.ones(4), np.array([1.0, 1e-6, 1e6, 1.0]))
    )
    assert scaled.i_x == pytest.approx(plain.i_x, abs=1e-6)


SPECTRUM = np.array([4.0, 2.0, 1.0, 0.5, 0.2, 0.1, 0.05, 0.01])


@pytest.mark.parametrize(("noise", "kept"), [(0.3, 2), (1.0, 4), (0.1, 6)])
def test_the_bound_is_what_normal_layers_lose(noise: float, kept: int) -> None:
    rng = np.random.default_rng(9)
    turn = np.linalg.qr(rng.standard_normal((8, 8)))[0]
    clean = (rng.standard_normal((20_000, 8)) * np.sqrt(SPECTRUM)) @ turn.T
    seen = clean + noise * rng.standard_normal(clean.shape)
    found = principal(seen, kept, "layer")
    bound = linear_loss_bound(clean, found.scores, found.axes, noise)
    covariance = (turn * SPECTRUM) @ turn.T + noise**2 * np.eye(8)
    codes = found.axes.T @ covariance @ found.axes
    loss = 0.5 * (np.linalg.slogdet(covariance / noise**2)[1] - np.linalg.slogdet(codes / noise**2)[1])
    assert bound == pytest.approx(loss, rel=0.03)  # it is attained where Y determines X
    assert bound == pytest.approx(sharper_bound(SPECTRUM, noise, kept), rel=0.03)
    assert bound < corollary4_bound(SPECTRUM, noise, kept)


def test_the_bound_holds_for_layers_that_are_not_normal() -> None:
    """Two of three clean units are signs: I(L+Z; L) by quadrature, the third direction is dropped."""
    rng = np.random.default_rng(10)
    clean = rng.choice([-1.0, 1.0], (20_000, 3)) * np.array([3.0, 2.0, 0.4])
    noise = 0.5
    seen = clean + noise * rng.standard_normal(clean.shape)
    found = principal(seen, 2, "layer")
    bound = linear_loss_bound(clean, found.scores, found.axes, noise)

    def minus_log(t: float) -> float:
        density = 0.5 * (norm.pdf(t, 0.4, noise) + norm.pdf(t, -0.4, noise))
        return -float(density * np.log(density))

    loss = quad(minus_log, -5, 5)[0] - float(norm(scale=noise).entropy())
    assert loss < bound < 1.2 * loss


def convolutional(runs: int = 2, **more: Any) -> Trajectory:
    network = Convolutional(channels=(2,), dense=(3,), classes=4, side=8, **more)
    parameters = np.stack(
        [[initial(network, "torch_default", 10 * run + point) for point in range(3)] for run in range(runs)]
    )
    none = np.zeros((runs, 2), np.float32)
    train = np.tile(np.arange(300), (runs, 1))
    return Trajectory(
        network, Training(epochs=2), 0, "float32", np.arange(3), parameters, None, none, none, train, train[:, 0]
    )


@pytest.fixture(scope="module")
def images() -> tuple[Any, Any]:
    """Blots whose place and strength are those of their class, more or less."""
    rng = np.random.default_rng(11)
    labels = rng.integers(0, 3, 900)
    place = np.array([[2.0, 2.0], [5.0, 2.0], [3.0, 5.0]])[labels] + 0.5 * rng.standard_normal((900, 2))
    grid = np.stack(np.meshgrid(np.arange(8), np.arange(8), indexing="ij"), axis=-1)
    away = ((grid - place[:, None, None]) ** 2).sum(axis=-1)
    shown = (1 + 0.2 * rng.standard_normal((900, 1, 1))) * np.exp(-away / 3) + 0.05 * rng.standard_normal((900, 8, 8))
    return shown.reshape(900, 64).astype(np.float32), labels


def drawn(trajectory: Trajectory, images: Any, runs: Any, points: Any, name: str = "compressed[x=pca,dim=3]") -> Plane:
    return planes.get(name).of_trajectory(
        trajectory,
        *images,
        runs=np.array(runs),
        points=np.array(points),
        seed=np.random.SeedSequence(5, spawn_key=(7,)),
    )


NAMES = [f"compressed[x=pca,dim=3,estimator={each}]" for each in ESTIMATORS]


@pytest.mark.parametrize("name", NAMES)
def test_a_cell_depends_on_no_other(name: str, images: Any) -> None:
    path = convolutional(noise=0.01)
    shares: list[float] = []
    whole = planes.get(name).of_trajectory(
        path,
        *images,
        runs=np.arange(2),
        points=np.arange(3),
        seed=np.random.SeedSequence(5, spawn_key=(7,)),
        progress=shares.append,
    )
    assert shares == pytest.approx(np.arange(1, 19) / 18)
    assert planes.get(whole.estimator) == planes.get(name)
    assert whole.information.shape == (2, 3, 3, 2)
    assert np.isfinite(whole.information).all()
    assert whole.std_error is not None
    assert whole.null is not None
    assert (whole.null < 0.1).all()
    assert ((whole.information[..., 1] - whole.null)[:, :, 0] > 0.3).all()
    one = drawn(path, images, [1], [2], name)
    for each in ("information", "std_error", "null"):
        np.testing.assert_array_equal(getattr(one, each)[0, 0], getattr(whole, each)[1, 2])
    assert not np.array_equal(whole.information[0, 0], whole.information[0, 1])


def test_only_rows_that_were_not_trained_on_are_measured(images: Any) -> None:
    inputs, labels = images
    path = convolutional(noise=0.01)
    other = labels.copy()
    other[:300] = 0
    found = drawn(path, images, [0], [0])
    np.testing.assert_array_equal(drawn(path, (inputs, other), [0], [0]).information, found.information)
    with pytest.raises(Unsupported, match="not trained on, and there are none"):
        drawn(path, (inputs[:300], labels[:300]), [0], [0])


def test_a_fresh_draw_of_the_noise_at_every_epoch(images: Any) -> None:
    path = convolutional(noise=0.05)
    path.parameters[:, 1] = path.parameters[:, 0]
    found = drawn(path, images, [0], [0, 1]).information[0]
    assert (found[0] != found[1]).all()
    np.testing.assert_allclose(found[0], found[1], atol=0.4)


def test_additive_noise_is_in_the_plane_and_bounds_what_is_lost(images: Any, tmp_path: Any) -> None:
    path = convolutional(noise=0.1, noise_kind="additive")
    found = drawn(path, images, [0, 1], [0, 2])
    assert found.loss_bound is not None
    assert found.loss_bound.shape == (2, 2, 3)
    first = found.loss_bound[0, 1, 0]
    (clean, *_) = activations(path.network, path.parameters[0, 2], images[0][300:], 3)
    eigenvalues = np.linalg.eigvalsh(np.cov(clean.astype(np.float64), rowvar=False))
    assert first == pytest.approx(sharper_bound(eigenvalues, 0.1, 3), rel=0.05)
    assert first < corollary4_bound(eigenvalues, 0.1, 3)
    assert (found.loss_bound[..., 1] == 0).all()  # of three numbers, not compressed
    assert np.isnan(found.loss_bound[..., 2]).all()  # no noise after the output
    narrow = drawn(path, images, [0], [0], "compressed[x=pca,dim=2]")
    assert narrow.loss_bound is not None
    assert np.isnan(narrow.loss_bound[0, 0]).tolist() == [False, False, True]
    assert narrow.loss_bound[0, 0, 1] > 0
    narrow.save(tmp_path / "plane.npz")
    np.testing.assert_array_equal(Plane.load(tmp_path / "plane.npz").loss_bound, narrow.loss_bound)
    louder = replace(path, network=replace(path.network, noise=3.0))
    assert (drawn(louder, images, [0], [0]).information < found.information[:1, :1])[..., :2, :].all()


def test_no_bound_for_noise_in_proportion(images: Any) -> None:
    assert drawn(convolutional(noise=0.01), images, [0], [0], "compressed[x=pca,dim=2]").loss_bound is None


def test_centred_outputs_are_logits_less_their_mean(images: Any) -> None:
    path = convolutional(noise=0.01)
    seeds = (np.random.default_rng(4) for _ in range(2))
    usual, centred = (
        [*seen_layers(path, 0, 1, images[0], rng, centred=how)] for rng, how in zip(seeds, (False, True), strict=True)
    )
    for one, other in zip(usual[:-1], centred[:-1], strict=True):
        np.testing.assert_array_equal(one.values, other.values)
    output, logits = usual[-1].values, centred[-1].values
    np.testing.assert_allclose(np.exp(output).sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(logits.sum(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(np.diff(logits), np.diff(output), atol=1e-5)
    found = [drawn(path, images, [0], [1], f"compressed[x=pca,dim=2{more}]") for more in ("", ",output=centred")]
    np.testing.assert_array_equal(found[0].information[..., :2, :], found[1].information[..., :2, :])
    assert (found[0].information[..., 2, :] != found[1].information[..., 2, :]).all()


def test_all_numbers_of_a_log_softmax_have_no_density(images: Any) -> None:
    for how in ("dim=4", "layer=none,dim=3"):
        found = drawn(convolutional(noise=0.01), images, [0], [0], f"compressed[x=pca,{how}]")
        assert np.isnan(found.information[..., 2, :]).all()
        assert "layer 3 is a log-softmax of 4 numbers" in found.reasons[-1]


def test_centred_outputs_are_of_log_softmaxes(images: Any) -> None:
    base, network = convolutional(1), Network((64, 6, 2), noise=0.2)
    parameters = np.stack([[initial(network, "torch_default", point) for point in range(3)]])
    with pytest.raises(Unsupported, match="output=centred"):
        drawn(replace(base, network=network, parameters=parameters), images, [0], [0], "compressed[output=centred]")
    x, layer, _ = linear_layer(1, 1.0, 200)
    with pytest.raises(Unsupported, match="output=centred"):
        Compressed(output="centred").of_layers(x, [layer], np.arange(200) % 2, seed=SEED)


def test_layers_without_noise_are_refused(images: Any) -> None:
    with pytest.raises(Unsupported, match="this network has no noise"):
        drawn(convolutional(), images, [0], [0], "compressed[x=pca,dim=2]")


def test_networks_of_noisy_units(images: Any) -> None:
    network = Network((64, 6, 2), noise=0.2)
    parameters = np.stack([[initial(network, "torch_default", point) for point in range(3)]])
    base = convolutional(1)
    path = replace(base, network=network, parameters=parameters)
    labels = (images[1] == 0).astype(np.int64)
    found = drawn(path, (images[0], labels), [0], [0, 1])
    assert np.isfinite(found.information).all()
    assert found.loss_bound is not None
    assert (found.loss_bound[..., 0] > 0).all()
    assert (found.loss_bound[..., 1] == 0).all()  # the difference of two logits is one number
    with pytest.raises(Unsupported, match="rounded to 4 bits"):
        drawn(replace(path, network=Network((64, 6, 2), bits=4)), (images[0], labels), [0], [0])


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_repeated_rows_have_no_density(estimator: str) -> None:
    x, layer, _ = linear_layer(12, 0.5, 1000)
    labels = np.arange(1000) % 2
    some, few, rest = layer.copy(), layer.copy(), np.zeros_like(layer)
    some[:100] = layer[0]
    few[:3] = layer[0]
    how = Compressed(x="pca", estimator=estimator)
    kept, repeated, odd, constant, broken = how.of_layers(
        x, [layer, some, few, rest, np.where(layer > 4, np.inf, layer)], labels, seed=SEED
    )
    for each, why in (
        (repeated, "layer 2: 10% of 1000 rows"),
        (constant, "layer 4 is constant"),
        (broken, "not finite"),
    ):
        assert math.isnan(each.i_x)
        assert math.isnan(each.i_y)
        assert math.isnan(each.null)
        assert why in each.reason
    assert odd.reason == ""
    assert odd.i_x == pytest.approx(kept.i_x, abs=0.1)


def test_a_layer_that_determines_its_input_has_no_density_with_it() -> None:
    x, _, _ = linear_layer(13, 0.5, 500)
    for estimator in ESTIMATORS:
        (found,) = Compressed(x="pca", estimator=estimator).of_layers(x, [x * 2], np.arange(500) % 2, seed=SEED)
        assert math.isnan(found.i_x)
        assert not math.isnan(found.i_y)  # the label is another matter
        assert found.reason


def test_labels_of_too_few_rows() -> None:
    x, layer, _ = linear_layer(14, 0.5, 200)
    labels = np.zeros(200, dtype=np.int64)
    labels[:4] = 7
    for estimator in ESTIMATORS:
        (found,) = Compressed(x="pca", estimator=estimator).of_layers(x, [layer], labels, seed=SEED)
        assert "given label 7: 4 rows" in found.reason
        assert math.isfinite(found.i_x)
        assert math.isnan(found.i_y)
        assert math.isnan(found.null)


def test_few_rows_of_many_numbers_have_no_neighbours_that_say_anything() -> None:
    x, layer, _ = linear_layer(14, 0.5, 31)
    (found,) = Compressed(x="pca").of_layers(x, [layer], np.zeros(31, dtype=np.int64), seed=SEED)
    assert math.isnan(found.i_x)
    assert "31 rows, and wkl with k=5 needs 32 of 8 numbers" in found.reason
    assert math.isfinite(found.i_y)


@pytest.mark.parametrize("smallest", [20, 60, 70, 300])
def test_errors_of_a_rare_label_are_not_too_small(smallest: int) -> None:
    labels, found, errors = np.repeat([0, 1], [1000 - smallest, smallest]), [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        values = rng.standard_normal((1000, 4))
        values[:, 0] += 2 * labels
        value, error = label_information(Codes(values, "layer", Method("wkl", 5)), labels)
        found.append(value)
        errors.append(error)
    assert np.mean(errors) > (0.6 if smallest < 68 else 0.75) * np.std(found, ddof=1)  # of 68 four parts can be made


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Short trainings, none kept from before; how many there were."""
    trained: list[int] = []
    real = compressed_coders.train

    def counted(*about: Any) -> Any:
        trained.append(1)
        return real(*about)

    monkeypatch.setattr(compressed_coders, "train", counted)
    monkeypatch.setattr(compressed_coders, "_HIDDEN", 48)
    monkeypatch.setattr(compressed_coders, "_LEAST_STEPS", 80)
    monkeypatch.setattr(compressed_coders, "_EPOCHS", 1)
    monkeypatch.setattr(compressed_inputs, "_kept", OrderedDict())
    return trained


def test_one_autoencoder_of_inputs_for_all_planes(quick: list[int], images: Any) -> None:
    path = convolutional(noise=0.01)
    how: dict[str, Any] = {"runs": np.array([0, 1]), "points": np.array([0])}
    first = Compressed(dim=3).of_trajectory(path, *images, seed=np.random.SeedSequence(5, spawn_key=(7,)), **how)
    second = Compressed(dim=3, estimator="kl").of_trajectory(
        path, *images, seed=np.random.SeedSequence(5, spawn_key=(8,)), **how
    )
    assert len(quick) == 1
    assert np.isfinite([first.information, second.information]).all()
    compressed_inputs._kept.clear()
    again = Compressed(dim=3).of_trajectory(path, *images, seed=np.random.SeedSequence(5, spawn_key=(7,)), **how)
    np.testing.assert_array_equal(again.information, first.information)
    Compressed(dim=3).of_trajectory(path, *images, seed=np.random.SeedSequence(6, spawn_key=(7,)), **how)
    assert len(quick) == 3  # another study


def test_an_autoencoder_of_inputs_follows_what_principal_components_cut(
    quick: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows along a bent line: one number tells where, its principal component folds it."""
    monkeypatch.setattr(compressed_coders, "_LEAST_STEPS", 400)
    rng = np.random.default_rng(15)
    along = rng.uniform(-2.8, 2.8, 1200)
    rows = np.stack([np.cos(along), np.sin(along), 0.2 * along], axis=1) + 0.02 * rng.standard_normal((1200, 3))
    layer = along[:, None] + 0.05 * rng.standard_normal((1200, 1))
    labels = (along > 0).astype(np.int64)
    ae, pca = (Compressed(x=x, dim=1).of_layers(rows, [layer], labels, seed=SEED)[0].i_x for x in ("ae", "pca"))
    assert ae > pca + 0.2


def test_an_autoencoder_of_inputs_needs_rows(images: Any) -> None:
    inputs, labels = images
    with pytest.raises(InputError, match="at least 100 rows, and there are 90: give x=pca"):
        Compressed().of_layers(inputs[:90], [inputs[:90]], labels[:90], seed=SEED)


def test_an_autoencoder_of_layers(monkeypatch: pytest.MonkeyPatch, images: Any) -> None:
    monkeypatch.setattr(compressed_coders, "_FIRST_STEPS", 60)
    monkeypatch.setattr(compressed_coders, "_STEPS", 20)
    path = convolutional(noise=0.05)
    name = "compressed[x=pca,dim=2,layer=ae]"
    found = drawn(path, images, [0, 1], [0, 1], name)
    assert np.isfinite(found.information).all()
    assert found.loss_bound is None
    np.testing.assert_array_equal(drawn(path, images, [1], [0, 1], name).information[0], found.information[1])
    np.testing.assert_array_equal(drawn(path, images, [0], [0], name).information[0, 0], found.information[0, 0])
    layer, labels, truth = classes(16, 2000)
    (seen,) = Compressed(x="pca", layer="ae", dim=2).of_layers(layer, [np.hstack([layer, layer**3])], labels, seed=SEED)
    assert 0.6 * truth < seen.i_y < truth + 0.1


def test_an_autoencoder_of_layers_goes_on_from_where_it_stood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compressed_coders, "_FIRST_STEPS", 150)
    monkeypatch.setattr(compressed_coders, "_STEPS", 20)
    rng = np.random.default_rng(17)
    rows = rng.standard_normal((500, 2)) @ rng.standard_normal((2, 9)) + 0.1 * rng.standard_normal((500, 9))
    coder = compressed_coders.LayerCoder(2, SEED)
    first, second = coder.codes(rows), coder.codes(rows)
    fresh = compressed_coders.LayerCoder(2, np.random.SeedSequence(1)).codes(rows)

    def explained(by: Any, of: Any) -> float:
        design = np.hstack([by, np.ones((500, 1))])
        return float(
            1
            - ((of - design @ np.linalg.lstsq(design, of, rcond=None)[0]) ** 2).sum() / (of - of.mean()).var() / of.size
        )

    assert np.abs(second - first).max() < np.abs(fresh - first).max()
    assert explained(second, first) > 0.9


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("compressed[x=vae]", "no x 'vae'"),
        ("compressed[layer=pcs]", "no layer 'pcs'; did you mean pca"),
        ("compressed[estimator=kde]", "no estimator 'kde'"),
        ("compressed[dim=0]", "dim is 0: give an integer of at least 1"),
        ("compressed[k=2.5]", "k is 2.5: give an integer of at least 1"),
        ("compressed[width=3]", "no parameter 'width'"),
    ],
)
def test_wrong_parameters(name: str, why: str) -> None:
    with pytest.raises(InputError, match=re.escape(why)):
        planes.get(name)


def test_names() -> None:
    assert planes.get("compressed[x=none,layer=none,k=3]") == Compressed("none", "none", k=3)
    assert planes.get("compressed") == Compressed("ae", "pca", 4, "wkl", 5)
