# SPDX-License-Identifier: Apache-2.0
"""Measures of trajectories: against NumPy, and against what training itself reports."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import log_softmax

from mibench.contracts import InputError
from mibench.datasets import ib12
from mibench.networks import convolutional_exact
from mibench.networks.convolutional import Convolutional
from mibench.networks.convolutional_forward import activations
from mibench.networks.forward import evaluate
from mibench.networks.quantisers import zero_grid
from mibench.networks.spec import Network, Training
from mibench.networks.train import train
from mibench.networks.trajectory import Trajectory
from mibench.studies.measures import measures
from mibench.studies.results import Measures

INPUTS, LABELS = ib12.patterns().astype(np.float32), ib12.labels().astype(np.int64)


@pytest.fixture(scope="module")
def trained():
    """Trajectories of short trainings by network, each made once."""
    kept = {}

    def of(network, **more):
        key = (network, *sorted(more.items()))
        if key not in kept:
            training = Training(**{"epochs": 6, "learning_rate": 0.003} | more)
            kept[key] = train(network, training, INPUTS, LABELS, runs=2, seed=0, record=(0, 1, 4, 6))
        return kept[key]

    return of


def _logits(network, parameters, ranges):
    """What the loss reads, shape (N, units), from the values of the last hidden layer."""
    layer = evaluate(network, parameters, INPUTS, ranges)[-2]
    weights, bias = network.layers(parameters)[-1]
    averaged = network.mode in ("tfmot", "instant")
    if averaged:
        grid = zero_grid(*ranges[-1, 2:], network.bits)
        weights = (grid.low + grid.codes(weights) * grid.step).astype(np.float32)
    z = np.tile(bias, (len(layer.values), 1))
    for i in range(weights.shape[1]):
        z += layer.values[:, i : i + 1] * weights[:, i]
    if averaged:
        span = ranges[-1, :2] if network.mode == "tfmot" else (z.min(), z.max())
        grid = zero_grid(*span, network.bits)
        z = (grid.low + grid.codes(z) * grid.step).astype(np.float32)
    return z[layer.member].astype(np.float64)


NETWORKS = [
    Network(),
    Network(activation="relu", bits=4),
    Network(activation="relu", bits=8, mode="tfmot"),
    Network(activation="relu", bits=8, mode="instant"),
    Network((12, 8, 4, 1), "tanh", "sigmoid"),
    Network((12, 8, 3), "elu"),
]


@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_the_numpy_way(trained, network):
    trajectory = trained(network)
    found = measures(trajectory, INPUTS, LABELS)
    assert found.epochs.tolist() == [0, 1, 4, 6]
    for run, point in np.ndindex(2, 4):
        ranges = None if trajectory.ranges is None else trajectory.ranges[run, point].astype(np.float64)
        parameters = trajectory.parameters[run, point]
        z = _logits(network, parameters, ranges)
        if network.output == "sigmoid":
            z = np.hstack([np.zeros_like(z), z])
        loss, right = -log_softmax(z, axis=1)[np.arange(4096), LABELS], z.argmax(1) == LABELS
        own = np.isin(np.arange(4096), trajectory.train[run])
        assert found.loss[run, point] == pytest.approx([loss[own].mean(), loss[~own].mean()], rel=1e-12)
        assert found.accuracy[run, point].tolist() == [right[own].mean(), right[~own].mean()]
        layers = evaluate(network, parameters, INPUTS, ranges)
        assert found.extremes[run, point].tolist() == [[layer.values.min(), layer.values.max()] for layer in layers]


@pytest.mark.parametrize("network", NETWORKS[:5], ids=str)
def test_training_says_about_the_same(trained, network):
    """Its means over the steps of an epoch lie between what is measured before and after, or near."""
    trajectory = trained(network)
    found = measures(trajectory, INPUTS, LABELS)
    for told, name, near in ((trajectory.loss, "loss", 0.02), (trajectory.accuracy, "accuracy", 0.03)):
        for epoch, before, after in ((1, 0, 1), (6, 2, 3)):
            ends = getattr(found, name)[:, [before, after], 0]
            assert (told[:, epoch - 1] > ends.min(axis=1) - near).all()
            assert (told[:, epoch - 1] < ends.max(axis=1) + near).all()


def test_a_step_of_no_size_says_the_same(trained):
    """Without learning, training's own loss is the loss at its start."""
    for network in (NETWORKS[0], NETWORKS[4]):
        trajectory = trained(network, optimiser="sgd", learning_rate=1e-30, batch=None)
        found = measures(trajectory, INPUTS, LABELS)
        assert found.loss[:, 0, 0] == pytest.approx(trajectory.loss[:, 0], rel=1e-5)
        assert found.accuracy[:, 0, 0] == pytest.approx(trajectory.accuracy[:, 0], abs=1e-7)


def test_ties_go_to_the_first_class(trained):
    trajectory = trained(Network())
    flat = replace(trajectory, parameters=np.zeros_like(trajectory.parameters))
    found = measures(flat, INPUTS, LABELS, points=np.array([0]))
    own = trajectory.train[0]
    assert found.accuracy[0, 0, 0] == (LABELS[own] == 0).mean()
    assert found.loss == pytest.approx(np.log(2.0))


def test_points_and_progress(trained):
    trajectory, told = trained(Network()), []
    some = measures(trajectory, INPUTS, LABELS, points=np.array([1, 3]), progress=told.append)
    every = measures(trajectory, INPUTS, LABELS)
    assert some.epochs.tolist() == [1, 6]
    for name in ("loss", "accuracy", "extremes"):
        assert np.array_equal(getattr(some, name), getattr(every, name)[:, [1, 3]])
    assert told[-1] == 1.0


def test_noise_is_left_out(trained):
    noisy = trained(Network(noise=0.2))
    silent = replace(noisy, network=Network())
    assert np.array_equal(measures(noisy, INPUTS, LABELS).loss, measures(silent, INPUTS, LABELS).loss)


def test_no_other_rows(trained, tmp_path):
    """Where all rows are trained on, there is no other loss, in the file neither."""
    found = measures(trained(Network(), fraction=1.0), INPUTS, LABELS)
    found.save(tmp_path / "measures.npz")
    for each in (found, Measures.load(tmp_path / "measures.npz")):
        assert np.isnan(each.loss[..., 1]).all()
        assert np.isnan(each.accuracy[..., 1]).all()
        assert np.isfinite(each.loss[..., 0]).all()


def test_labels_are_classes(trained):
    with pytest.raises(InputError, match="classes from 0 to 1"):
        measures(trained(Network()), INPUTS, LABELS + 1)


@pytest.mark.parametrize("bits", [None, 8])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_convolutional_networks(bits, dtype):
    """From the exact values of the layers; more rows than pass the network at once."""
    network = Convolutional((2, 3), (4,), classes=3, side=11, bits=bits, activation="relu")
    rng = np.random.default_rng(0)
    parameters = (0.5 * rng.normal(size=(2, 2, network.n_parameters))).astype(dtype)
    images, labels = rng.random((1100, 121)).astype(dtype), rng.integers(0, 3, 1100)
    none, train = np.zeros((2, 5), np.float32), np.stack([rng.permutation(1100)[:700] for _ in range(2)])
    trajectory = Trajectory(
        network, Training(epochs=5), 0, dtype, np.array([0, 5]), parameters, None, none, none, train, np.zeros(2, int)
    )
    found, told = measures(trajectory, images, labels), []
    for run, point in np.ndindex(2, 2):
        layers = convolutional_exact.evaluate(network, parameters[run, point], images)
        weights, bias = network.layers(parameters[run, point])[-1]
        z = (layers[-2].values @ weights.T + bias)[layers[-2].member].astype(np.float64)
        loss, right = -log_softmax(z, axis=1)[np.arange(1100), labels], z.argmax(1) == labels
        own = np.isin(np.arange(1100), train[run])
        assert found.loss[run, point] == pytest.approx([loss[own].mean(), loss[~own].mean()], rel=1e-5)
        assert found.accuracy[run, point].tolist() == [right[own].mean(), right[~own].mean()]
        assert found.extremes[run, point].tolist() == [[layer.values.min(), layer.values.max()] for layer in layers]
    some = measures(trajectory, images, labels, points=np.array([1]), progress=told.append)
    assert np.array_equal(some.loss, found.loss[:, 1:])
    assert told[-1] == 1.0


def test_convolutional_noise_is_left_out():
    network = Convolutional((2,), (3,), side=8, noise=0.5, dropout=0.2)
    parameters = np.random.default_rng(0).normal(size=(1, 1, network.n_parameters)).astype(np.float32)
    images, labels = np.random.default_rng(1).random((40, 64)).astype(np.float32), np.arange(40) % 10
    none, rows = np.zeros((1, 1), np.float32), np.arange(30)[None]
    one, zero = Training(epochs=1), np.zeros(1, np.int64)
    noisy = Trajectory(network, one, 0, "float32", zero, parameters, None, none, none, rows, zero)
    quiet = replace(noisy, network=Convolutional((2,), (3,), side=8))
    ours, other = measures(noisy, images, labels), measures(quiet, images, labels)
    assert np.array_equal(ours.loss, other.loss)
    logs = activations(quiet.network, parameters[0, 0], images)[-1]
    assert ours.loss[0, 0, 0] == pytest.approx(-logs[np.arange(30), labels[:30]].mean(), rel=1e-5)
