# SPDX-License-Identifier: Apache-2.0
"""Tests of the analyses beside noisy networks: clustering, the single neuron, the risk of the plug-in."""

from __future__ import annotations

from dataclasses import replace
from math import log

import numpy as np
import pytest

from mibench.contracts import Unsupported
from mibench.networks.spec import Network, Training
from mibench.networks.train import train
from mibench.numerics.line_information import line_information, line_information_reference
from mibench.numerics.mixtures import Mixture
from mibench.studies.analyses.clustering import WIDTHS, binned_entropy, clustering, mean_distances
from mibench.studies.analyses.neuron import NOISES, WEIGHTS, neuron
from mibench.studies.analyses.sp_distances import uniform_distance
from mibench.studies.analyses.sp_risk import expected_entropy_of_counts, sp_risk
from mibench.studies.analyses.sp_sources import KINDS, Source, entropy_error, weighted_variation

# I(X;T) in bits of the neuron, by weights (columns) and noise: by an independent quadrature
TABLE = {
    0.01: [2.000, 2.000, 2.000, 2.000, 1.854, 1.521, 1.500, 1.405, 0.840, 0.811],
    0.05: [1.822, 1.975, 1.944, 1.681, 1.526, 1.475, 1.118, 0.870, 0.812, 0.811],
    0.1: [1.151, 1.653, 1.688, 1.528, 1.429, 1.219, 0.909, 0.827, 0.812, 0.811],
    0.2: [0.529, 0.990, 1.180, 1.220, 1.118, 0.956, 0.838, 0.815, 0.811, 0.811],
}


@pytest.fixture(scope="module")
def risk():
    return sp_risk(scale="quick", seed=np.random.SeedSequence(0))


@pytest.fixture(scope="module")
def trained_neuron():
    return neuron(scale="quick", seed=np.random.SeedSequence(0))


@pytest.fixture(scope="module")
def noisy():
    rng = np.random.default_rng(0)
    inputs = rng.integers(0, 2, (128, 6)).astype(np.float32)
    labels = (inputs.sum(axis=1) > 3).astype(np.int64)
    network = Network((6, 4, 3, 2), noise=0.05)
    training = Training(epochs=200, batch=32, learning_rate=0.02, init="torch_default")
    return train(network, training, inputs, labels, runs=2, seed=1, record=(0, 3, 20, 100, 200)), inputs, labels


def test_clustering_is_that_of_a_trained_network(noisy):
    found = clustering(*noisy, scale="quick", seed=np.random.SeedSequence(1))
    epochs, layers = len(found["epochs"]), 2
    assert found["epochs"][0] == 0
    assert found["epochs"][-1] == 200
    assert found["within"].shape == found["saturated"].shape == (2, epochs, layers)
    assert found["entropy_noisy"].shape == (2, epochs, layers, len(WIDTHS))
    assert all(np.isfinite(each).all() for each in found.values())
    assert (found["between"][:, -1] > found["within"][:, -1]).all()  # classes are told apart
    assert (found["saturated"][:, -1, -1] > found["saturated"][:, 0, -1]).all()
    for name in ("entropy_noisy", "entropy_clean"):
        assert (found[name] >= 0).all()
        assert (found[name] <= log(128) + 1e-12).all()
        assert (found[name][..., 2] <= found[name][..., 0] + 1e-9).all()  # bins of 2 are unions of bins of 1
        assert (found[name][..., 4] <= found[name][..., 3] + 1e-9).all()  # and so are bins of 10
    again = clustering(*noisy, scale="quick", seed=np.random.SeedSequence(1))
    assert all(np.array_equal(found[name], again[name]) for name in found)


def test_clustering_needs_noise(noisy):
    trajectory, inputs, labels = noisy
    plain = replace(trajectory, network=replace(trajectory.network, noise=0.0))
    with pytest.raises(Unsupported, match="has none"):
        clustering(plain, inputs, labels, scale="quick", seed=np.random.SeedSequence(1))


def test_distances_within_and_between():
    values = np.repeat([[0.0, 0.0], [3.0, 4.0]], 40, axis=0)
    labels = np.repeat([0, 1], 40)
    assert mean_distances(values, labels, np.random.default_rng(0)) == (0.0, 5.0)
    assert mean_distances(values, 0 * labels, np.random.default_rng(0))[1] == 0.0


def test_entropy_of_bins():
    assert binned_entropy(np.array([[0.1], [0.9], [1.1], [-0.1]]), 1.0) == pytest.approx(1.5 * log(2))
    assert binned_entropy(np.arange(8.0)[:, None], 1.0) == pytest.approx(log(8))


def test_line_information_equals_adaptive_quadrature():
    rng = np.random.default_rng(1)
    for _ in range(6):
        values, groups, std = rng.normal(size=5), rng.integers(0, 3, 5), 10 ** rng.uniform(-2, 0.5)
        assert line_information(values, groups, std) == pytest.approx(
            line_information_reference(values, groups, std), abs=1e-9
        )


def test_the_neurons_table(trained_neuron):
    bits = trained_neuron["table"] / log(2)
    for column, noise in enumerate(NOISES):
        assert bits[:, column] == pytest.approx(TABLE[noise], abs=6e-4)
    assert trained_neuron["table"].shape == (len(WEIGHTS), len(NOISES))
    assert (trained_neuron["table_label"] <= trained_neuron["table"] + 1e-12).all()


def test_a_trained_neuron_clusters(trained_neuron):
    information, spread = trained_neuron["information"], trained_neuron["spread"]
    assert trained_neuron["steps"][0] == 0
    assert information.max() > information[0] + 0.1
    assert information[-1] < information.max() - 0.4
    assert trained_neuron["correct"][-1] == 1
    assert trained_neuron["correct"][0] < 1
    assert spread[-1] < 0.1 < spread.max()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("std", [0.1, 0.5])
def test_sources_have_the_entropy_that_their_draws_have(kind, std):
    source, rng = Source(kind, std), np.random.default_rng(2)
    values = source.draw(200_000, 1, rng)
    assert np.abs(values).max() <= 1
    t = np.linspace(-1 - 10 * std, 1 + 10 * std, 20_001)
    assert np.trapezoid(np.exp(source.log_density(t)), t) == pytest.approx(1, abs=1e-9)
    surprise = -source.log_density(values + std * rng.standard_normal(values.shape))
    assert surprise.mean() == pytest.approx(source.entropy, abs=5 * surprise.std() / np.sqrt(len(values)))
    assert source.surprise(values).mean() == pytest.approx(
        source.entropy, abs=5 * surprise.std() / np.sqrt(len(values))
    )


def test_the_error_is_that_of_the_entropy_of_the_mixture():
    source, std = Source("gaussian", 0.3), 0.3
    found, _ = entropy_error(source, 1, 50, 100_000, np.random.default_rng(5))
    values = source.draw(50, 1, np.random.default_rng(5))  # the same draws
    t = np.linspace(-4, 4, 8001)
    log_r = Mixture(values, std).log_density(t[:, None])
    exact = -np.trapezoid(np.exp(log_r) * log_r, t) - source.entropy
    assert found == pytest.approx(exact, abs=0.003)


def test_smoothed_distances_lie_between_their_bounds():
    rng = np.random.default_rng(3)
    source = Source("uniform", 0.5)
    exact = np.mean([uniform_distance(64, 0.5, rng) for _ in range(60)])
    below, above = np.mean([weighted_variation(source, 1, 64, 4000, rng) for _ in range(60)], axis=0)
    assert below <= exact * 1.1
    assert exact <= above * 1.1
    plain = np.mean([uniform_distance(64, 0.0, rng) for _ in range(60)])
    # E|F_n - F| is about sqrt(2 F (1 - F) / (pi n)), whose integral is sqrt(2 / (pi n)) pi / 4
    assert plain == pytest.approx(np.sqrt(2 / (np.pi * 64)) * np.pi / 4, rel=0.15)
    assert exact < plain


def test_entropy_of_counts():
    rng = np.random.default_rng(4)
    counts = rng.multinomial(20, np.full(16, 1 / 16), size=20_000) / 20
    entropies = -np.where(counts > 0, counts * np.log(np.maximum(counts, 1e-300)), 0).sum(axis=1)
    assert expected_entropy_of_counts(16, 20) == pytest.approx(entropies.mean(), abs=0.005)
    assert expected_entropy_of_counts(2**40, 8) == pytest.approx(log(8), abs=1e-9)


def test_risks_keep_the_bound_and_the_plug_in_is_biased_down(risk):
    assert all(np.isfinite(each).all() for each in risk.values())
    assert (np.abs(risk["errors"]).mean(axis=-1) <= risk["bounds"]).all()
    dims = list(risk["dims"])
    assert (risk["biases"].mean(axis=-1)[:, dims.index(5) :] < 0).all()
    errors = np.abs(risk["errors"]).mean(axis=-1)
    assert (errors[..., -1] < errors[..., 0]).mean() > 0.9
    assert risk["lower_measured"].mean(axis=-1) == pytest.approx(risk["lower_exact"], abs=0.3)


def test_needed_samples_grow_with_d_and_fall_with_noise(risk):
    needed = risk["needed"]
    assert (needed[-1] > 4 * needed[0]).all()
    assert needed[-1, 0] > needed[-1, -1]


def test_gaps_of_entropies_are_below_distances(risk):
    slope = 2 / risk["pair_stds"][:, None] ** 2
    assert (risk["pair_gaps"] <= slope * risk["pair_clean"] + 1e-9).all()
    assert (risk["pair_distances"] <= risk["pair_clean"] + 1e-6).all()
