# SPDX-License-Identifier: Apache-2.0
"""Tests of planes by sample propagation: limits, a second implementation, cells that do not depend on each other."""

from __future__ import annotations

from dataclasses import replace
from math import log

import numpy as np
import pytest

from mibench.contracts import InputError, Unsupported
from mibench.networks.noisy import centres, layer_noise
from mibench.networks.noisy_information import nested_information
from mibench.networks.spec import Network, Training
from mibench.networks.train import train
from mibench.numerics.line_information import line_information
from mibench.studies import planes
from mibench.studies.planes.sp import SP, sample_information, sample_information_reference

SEED = np.random.SeedSequence(4)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    inputs = rng.integers(0, 2, (96, 6)).astype(np.float32)
    inputs[:, 0] += np.arange(96) / 96
    return inputs, (inputs.sum(axis=1) > 3.5).astype(np.int64)


@pytest.fixture(scope="module")
def trajectory(data):
    network = Network((6, 5, 3, 2), noise=0.1)
    training = Training(epochs=30, batch=32, learning_rate=0.01, init="torch_default")
    return train(network, training, *data, runs=2, seed=1, record=(0, 5, 30))


@pytest.fixture(scope="module")
def plane(trajectory, data):
    return SP(8).of_trajectory(trajectory, *data, runs=np.arange(2), points=np.arange(3), seed=SEED)


def test_shapes_ceilings_and_errors(plane):
    assert plane.information.shape == (2, 3, 3, 2)
    assert np.isfinite(plane.information).all()
    assert (plane.information >= 0).all()
    assert (plane.information[..., 0] <= log(96) + 1e-12).all()
    assert (plane.information[..., 1] <= log(2)).all()
    assert (plane.information[..., 1] <= plane.information[..., 0] + 4 * plane.std_error.sum(axis=-1)).all()
    assert np.isfinite(plane.std_error).all()
    assert (plane.std_error < 0.2).all()
    assert plane.null.shape == (2, 3, 3)
    assert plane.epochs.tolist() == [0, 5, 30]


def test_later_layers_know_less(plane):
    drops = -np.diff(plane.information[..., 0], axis=2)
    assert (drops > -4 * plane.std_error[..., 0].max()).all()


def test_a_cell_depends_on_no_other(plane, trajectory, data):
    one = SP(8).of_trajectory(trajectory, *data, runs=np.array([1]), points=np.array([2]), seed=SEED)
    assert np.array_equal(one.information[0, 0], plane.information[1, 2])
    other = SP(8).of_trajectory(
        trajectory, *data, runs=np.array([1]), points=np.array([2]), seed=np.random.SeedSequence(5)
    )
    assert not np.array_equal(one.information, other.information)


def test_it_agrees_with_nested_monte_carlo(trajectory, data):
    inputs, labels = data
    network, parameters = trajectory.network, trajectory.parameters[0, 2]
    rng = np.random.default_rng(3)
    for layer in (1, 2, 3):
        std = layer_noise(network, parameters, layer)
        draws = [
            sample_information(
                centres(network, parameters, inputs, layer, 1 if layer == 1 else 128, rng), labels, std, rng
            )
            for _ in range(12)
        ]

        def of(which, number, rng, layer=layer):
            return centres(network, parameters, inputs[which], layer, number, rng)

        exact = nested_information(of, labels, std, rng, deterministic=layer == 1, std_error=0.01)
        for name, truth in zip(("i_x", "i_y"), exact, strict=True):
            values = np.array([getattr(each, name) for each in draws])
            tolerance = 4 * np.hypot(values.std(ddof=1) / np.sqrt(12), truth.std_error) + 0.02
            assert abs(values.mean() - truth.mi) < tolerance, (layer, name)


def test_it_agrees_with_densities_written_out():
    rng = np.random.default_rng(7)
    labels = rng.integers(0, 3, 12)
    propagated = rng.normal(size=(12, 1, 2)) + 0.2 * rng.normal(size=(12, 4, 2))
    i_x, i_y = sample_information_reference(propagated, labels, 0.4, rng, 1500)
    found = [sample_information(propagated, labels, 0.4, rng) for _ in range(800)]
    assert np.mean([each.i_x for each in found]) == pytest.approx(i_x, abs=0.04)
    assert np.mean([each.i_y for each in found]) == pytest.approx(i_y, abs=0.04)


def test_the_standard_error_is_that_of_repeated_draws():
    rng = np.random.default_rng(8)
    values = rng.normal(size=(400, 1, 2))
    labels = (values[:, 0, 0] > 0).astype(np.int64)
    found = [sample_information(values, labels, 0.5, rng) for _ in range(80)]
    for which, name in enumerate(("i_x", "i_y")):
        spread = np.std([getattr(each, name) for each in found], ddof=1)
        told = np.mean([each.std_error[which] for each in found])
        assert told == pytest.approx(spread, rel=0.3)


def test_it_agrees_with_quadrature():
    values = np.array([-1.0, -0.9, 0.3, 1.0])
    rng = np.random.default_rng(9)
    propagated = np.repeat(values, 500)[:, None, None]  # 500 inputs of each value: what is known of x is the value
    labels = np.repeat([0, 0, 1, 1], 500)
    found = [sample_information(propagated, labels, 0.5, rng) for _ in range(10)]
    truth = line_information(values, np.arange(4), 0.5), line_information(values, np.array([0, 0, 1, 1]), 0.5)
    assert np.mean([each.i_x for each in found]) == pytest.approx(truth[0], abs=0.02)
    assert np.mean([each.i_y for each in found]) == pytest.approx(truth[1], abs=0.02)


def test_isolated_inputs_are_told_apart_exactly_and_equal_ones_not_at_all():
    rng = np.random.default_rng(0)
    labels = np.arange(50) % 2
    far = sample_information(np.arange(50.0)[:, None, None], labels, 0.001, rng)
    assert far.i_x == pytest.approx(log(50), abs=1e-9)
    assert far.i_y == pytest.approx(log(2), abs=1e-9)
    assert far.null == pytest.approx(log(2), abs=1e-9)  # what is alone tells any label
    same = sample_information(np.zeros((50, 4, 2)), labels, 1.0, rng)
    assert same.i_x == pytest.approx(0, abs=1e-9)
    assert same.i_y == pytest.approx(0, abs=1e-9)
    assert same.std_error == pytest.approx((0, 0), abs=1e-9)


def test_few_replicas_give_too_much(trajectory, data):
    inputs, labels = data
    network, parameters = trajectory.network, trajectory.parameters[0, 2]
    std, rng = layer_noise(network, parameters, 3), np.random.default_rng(2)
    means = [
        np.mean(
            [
                sample_information(centres(network, parameters, inputs, 3, r, rng), labels, std, rng).i_x
                for _ in range(20)
            ]
        )
        for r in (2, 8, 64)
    ]
    assert means[0] > means[1] > means[2] - 0.02


def test_networks_without_noise_are_refused(trajectory, data):
    plain = replace(trajectory, network=replace(trajectory.network, noise=0.0))
    with pytest.raises(Unsupported, match=r"noise.*'exact'"):
        SP().of_trajectory(plain, *data, runs=np.arange(1), points=np.arange(1), seed=SEED)


def test_activations_alone_are_refused(data):
    with pytest.raises(Unsupported, match="noisy-plugin"):
        SP().of_layers(data[0], [data[0]], data[1], seed=SEED)


def test_parameters_are_checked_and_the_name_is_known():
    with pytest.raises(InputError, match="at least 2"):
        SP(1)
    assert planes.get("sp[replicas=4]") == SP(4)


def test_progress_ends_at_one(trajectory, data):
    told = []
    SP(2).of_trajectory(trajectory, *data, runs=np.arange(1), points=np.arange(2), seed=SEED, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
