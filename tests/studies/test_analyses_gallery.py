# SPDX-License-Identifier: Apache-2.0
"""What is shown of a layer of two units are the values that its plane counts, of rows it has not seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mibench.contracts import Unsupported
from mibench.networks.convolutional import Convolutional
from mibench.networks.forward import evaluate
from mibench.networks.spec import Network, Training
from mibench.networks.train import train
from mibench.networks.trajectory import Trajectory
from mibench.studies import analyses
from mibench.studies.analyses.gallery import gallery

SEED = np.random.SeedSequence(5)
NETWORK = Network((6, 4, 2, 4, 3), "relu", bits=6)
TRAINING = Training(epochs=30, batch=64, learning_rate=3e-3, fraction=0.75, split="first", init="fan_out_tn")


@pytest.fixture(scope="module")
def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=240)
    return (rng.normal(size=(240, 6)) + 2 * np.eye(6)[labels]).astype(np.float32), labels


@pytest.fixture(scope="module")
def trained(data: tuple[np.ndarray, np.ndarray]) -> Trajectory:
    return train(NETWORK, TRAINING, *data, runs=3, seed=1, record=range(31))


def test_values_are_those_that_the_plane_counts(trained: Trajectory, data: tuple[np.ndarray, np.ndarray]) -> None:
    assert analyses.load(analyses.ANALYSES["gallery"]) is gallery
    found = gallery(trained, *data, scale="paper", seed=SEED)
    assert found["layer"].tolist() == [2]
    assert found["values"].shape == (len(found["runs"]), len(found["epochs"]), 60, 2)
    assert found["epochs"][[0, -1]].tolist() == [0, 30]
    assert len(found["epochs"]) == 8
    for i, run in enumerate(found["runs"]):
        for j, epoch in enumerate(found["epochs"]):
            layer = evaluate(NETWORK, trained.parameters[run, epoch], data[0])[1]
            np.testing.assert_array_equal(found["values"][i, j], layer.values[layer.member][found["rows"]])
            assert len(np.unique(found["values"][i, j])) <= 2**6


def test_rows_are_held_out_and_runs_are_the_median_and_the_first(
    trained: Trajectory, data: tuple[np.ndarray, np.ndarray]
) -> None:
    last = np.array([0.9, 0.8, 0.7], np.float32)
    for order, runs in (((0, 1, 2), [1, 0]), ((1, 2, 0), [0]), ((2, 0, 1), [2, 0])):
        accuracy = np.broadcast_to(last[list(order)][:, None], trained.accuracy.shape)
        found = gallery(replace(trained, accuracy=accuracy), *data, scale="quick", seed=SEED)
        assert found["runs"].tolist() == runs
    assert found["held_out"].tolist() == [True]
    assert found["rows"].tolist() == list(range(180, 240))
    np.testing.assert_array_equal(found["labels"], data[1][180:])
    everything = np.tile(np.arange(240), (3, 1))
    found = gallery(replace(trained, train=everything), *data, scale="quick", seed=SEED)
    assert found["held_out"].tolist() == [False]
    assert len(found["rows"]) == 240


def test_what_has_no_two_units_is_refused(trained: Trajectory, data: tuple[np.ndarray, np.ndarray]) -> None:
    for network, why in (
        (Network((6, 4, 2), "relu", bits=6), r"two units, and widths are \(6, 4, 2\)"),
        (Network((6, 2, 3), "tanh", noise=0.1), "noise of 0.1"),
        (Convolutional((2,), (2,), side=8), "convolutional"),
    ):
        with pytest.raises(Unsupported, match=why):
            gallery(replace(trained, network=network), *data, scale="quick", seed=SEED)
