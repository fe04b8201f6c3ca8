# SPDX-License-Identifier: Apache-2.0
"""Exact planes: what theory says, without a tolerance, and the null."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mibench.contracts import InputError, Unsupported
from mibench.datasets import ib12
from mibench.networks import convolutional_exact
from mibench.networks.convolutional import Convolutional
from mibench.networks.forward import evaluate
from mibench.networks.planes import plane
from mibench.networks.quantisers import start_ranges
from mibench.networks.spec import Network, Training
from mibench.networks.trajectory import Trajectory
from mibench.numerics.entropies import plug_in
from mibench.studies import planes

INPUTS, LABELS = ib12.patterns().astype(np.float32), ib12.labels().astype(np.int64)
SEED = np.random.SeedSequence(0)
EXACT = planes.get("exact")


def _trajectory(network, runs=2, points=3, scale=1.0, seed=0):
    rng = np.random.default_rng(seed)
    parameters = (scale * rng.normal(size=(runs, points, network.n_parameters))).astype(np.float32)
    ranges = None
    if network.mode == "tfmot":
        flat = parameters.reshape(-1, network.n_parameters)
        ranges = start_ranges(network, flat).reshape(runs, points, -1, 4)
    epochs, empty = np.array([0, 4, 9, 13, 20][:points]), np.zeros((runs, 20), np.float32)
    train = np.tile(np.arange(3000), (runs, 1))
    none = np.zeros(runs, np.int64)
    return Trajectory(network, Training(epochs=20), 0, "float32", epochs, parameters, ranges, empty, empty, train, none)


def _of(trajectory, runs=(0, 1), points=(0, 2), estimator=EXACT, **more):
    return estimator.of_trajectory(
        trajectory, INPUTS, LABELS, runs=np.array(runs), points=np.array(points), seed=SEED, **more
    )


@pytest.mark.parametrize(
    "network",
    [Network(bits=4), Network(activation="relu", bits=8, mode="tfmot"), Network(activation="relu")],
    ids=str,
)
def test_a_plane_is_that_of_its_networks(network):
    trajectory, told = _trajectory(network), []
    found = _of(trajectory, (1, 0), (0, 2), progress=told.append)
    assert found.epochs.tolist() == [0, 9]
    assert found.runs.tolist() == [1, 0]
    which = np.ix_([1, 0], [0, 2])
    ranges = None if trajectory.ranges is None else trajectory.ranges[which]
    assert np.array_equal(found.information, plane(network, trajectory.parameters[which], INPUTS, LABELS, ranges))
    assert told == sorted(told)
    assert told[-1] == 1.0


@pytest.mark.parametrize("bits", [2, 8])
def test_no_layer_gains(bits):
    found = _of(_trajectory(Network(activation="relu", bits=bits))).information
    assert (np.diff(found, axis=2) <= 0).all()
    assert (found[..., 1] >= 0).all()
    assert (found[..., 1] <= np.minimum(found[..., 0], plug_in(np.bincount(LABELS)) + 1e-15)).all()


def test_layers_and_trajectory_agree():
    network = Network(bits=4)
    trajectory = _trajectory(network)
    found = _of(trajectory, (1,), (2,))
    layers = [layer.values[layer.member] for layer in evaluate(network, trajectory.parameters[1, 2], INPUTS)]
    given = EXACT.of_layers(INPUTS, layers, LABELS, seed=SEED)
    assert [(each.i_x, each.i_y) for each in given] == [tuple(pair) for pair in found.information[0, 0]]
    assert found.null is not None
    assert [each.null for each in given] == pytest.approx(found.null[0, 0].tolist(), abs=1e-12)


def test_null_is_the_mean_over_permuted_labels():
    network = Network(bits=4)
    trajectory, rng = _trajectory(network, 1, 1), np.random.default_rng(1)
    found = _of(trajectory, (0,), (0,))
    permuted = [plane(network, trajectory.parameters[0, 0], INPUTS, rng.permutation(LABELS))[:, 1] for _ in range(60)]
    error = np.std(permuted, axis=0) / math.sqrt(60)
    assert found.null is not None
    assert (np.abs(np.mean(permuted, axis=0) - found.null[0, 0]) <= 5 * error + 1e-9).all()


def test_limits():
    """All rows distinct: the null is H(Y), so I(T;Y) says nothing. One value: nothing is known."""
    entropy = plug_in(np.bincount(LABELS))
    distinct, constant = EXACT.of_layers(INPUTS, [INPUTS, np.ones((4096, 3))], LABELS, seed=SEED)
    assert distinct.i_x == math.log(4096)
    assert distinct.i_y == pytest.approx(entropy, abs=1e-12)
    assert distinct.null == pytest.approx(entropy, abs=1e-11)
    assert (constant.i_x, constant.i_y) == (0.0, 0.0)
    assert constant.null == pytest.approx(0.0, abs=1e-12)
    network = Network()
    trajectory = _trajectory(network, 1, 1)
    for weights, _ in network.layers(trajectory.parameters[0, 0]):
        weights[:] = 0.0
    found = _of(trajectory, (0,), (0,))
    assert (found.information == 0.0).all()


def test_rows_to_the_bit():
    """0 has one sign; what differs in the last bit differs."""
    values = np.array([[0.0], [-0.0], [1.0], [np.nextafter(1.0, 2.0)]])
    found = EXACT.of_layers(np.arange(4)[:, None], [values], np.array([0, 0, 1, 1]), seed=SEED)[0]
    assert found.i_x == pytest.approx(1.5 * math.log(2))


def test_repeated_inputs():
    """X is not uniform on its values; a layer that splits equal inputs has noise, which is no information on X."""
    inputs, labels = np.array([[0], [0], [1], [2]]), np.array([0, 0, 1, 1])
    same, split = EXACT.of_layers(inputs, [inputs, np.arange(4)[:, None]], labels, seed=SEED)
    assert same.i_x == pytest.approx(1.5 * math.log(2))
    assert split.i_x == pytest.approx(1.5 * math.log(2))


def test_what_cannot_be_done():
    with pytest.raises(Unsupported, match=r"noise of 0.1 .* take compressed or, .* sp "):
        _of(_trajectory(Network(noise=0.1)))
    for layer, message in (
        (np.zeros(4096), "layer 1 has shape"),
        (np.full((4096, 2), np.nan), "NaN"),
        (np.full((4096, 2), "a"), "real numbers"),
    ):
        with pytest.raises(InputError, match=message):
            EXACT.of_layers(INPUTS, [layer], LABELS, seed=SEED)


def test_a_plane_of_convolutional_networks():
    network = Convolutional((2, 2), (4,), classes=3, side=11, bits=4, activation="relu")
    trajectory, rng = _trajectory(network, scale=0.5), np.random.default_rng(3)
    images, labels = rng.integers(0, 3, (150, 121)).astype(np.float32), rng.integers(0, 3, 150)
    runs, points = np.array([1, 0]), np.array([0, 2])
    found = EXACT.of_trajectory(trajectory, images, labels, runs=runs, points=points, seed=SEED)
    assert found.information.shape == (2, 2, 4, 2)
    assert np.array_equal(
        found.information, plane(network, trajectory.parameters[np.ix_(runs, points)], images, labels)
    )
    assert (np.diff(found.information, axis=2) <= 0).all()
    assert found.null is not None
    assert (found.null <= found.information[..., 0] + 1e-12).all()
    layers = convolutional_exact.evaluate(network, trajectory.parameters[0, 2], images)
    given = EXACT.of_layers(images, [layer.values[layer.member] for layer in layers], labels, seed=SEED)
    assert [(each.i_x, each.i_y) for each in given] == [tuple(pair) for pair in found.information[1, 1]]
    assert [each.null for each in given] == pytest.approx(found.null[1, 1].tolist(), abs=1e-12)
    noisy = _trajectory(Convolutional((2,), (), side=8, noise=0.1))
    with pytest.raises(Unsupported, match=r"noise of 0\.1"):
        EXACT.of_trajectory(noisy, images[:, :64], labels, runs=runs, points=points, seed=SEED)
