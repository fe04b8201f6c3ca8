# SPDX-License-Identifier: Apache-2.0
"""The engine for wide inputs agrees with the other two, and leaves out what moves nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mibench.contracts import InputError
from mibench.networks.spec import Network, Training
from mibench.networks.train import train
from mibench.networks.trajectory import Trajectory
from mibench.networks.wide import Wide

NETWORK = Network((40, 6, 4, 3), "relu", bits=6)
TRAINING = Training(
    epochs=3, batch=70, learning_rate=1e-3, init="fan_out_tn", fraction=0.9, split="first", shared_order=True
)


@pytest.fixture(scope="module")
def data() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    rng = np.random.default_rng(3)
    x = rng.integers(0, 256, (200, 40)).astype(np.float32) / 255
    x[:, [0, 17]] = 0.0
    return x, rng.integers(0, 3, 200)


def trained(
    data: tuple[NDArray[np.float32], NDArray[np.int64]],
    engine: str,
    network: Network = NETWORK,
    training: Training = TRAINING,
    dtype: str = "float64",
    folder: Path | None = None,
) -> Trajectory:
    record = range(training.epochs + 1)
    return train(network, training, *data, runs=3, record=record, engine=engine, dtype=dtype, folder=folder)


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
@pytest.mark.parametrize("bits", [6, None])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_it_trains_as_the_engine_of_torch_does(data, optimiser: str, bits: int | None, activation: str) -> None:  # type: ignore[no-untyped-def]
    network = Network(NETWORK.widths, activation, bits=bits)  # type: ignore[arg-type]
    training = replace(TRAINING, optimiser=optimiser, momentum=0.5 if optimiser == "sgd" else 0.0)
    ours, other = (trained(data, engine, network, training) for engine in ("wide", "batched"))
    np.testing.assert_allclose(ours.parameters, other.parameters, rtol=0, atol=1e-12)
    np.testing.assert_allclose(ours.loss, other.loss, rtol=1e-6)
    np.testing.assert_array_equal(ours.accuracy, other.accuracy)
    assert np.abs(ours.parameters[:, -1] - ours.parameters[:, 0]).max() > 1e-4


def test_it_trains_as_the_compiled_engine_does_in_tiles_and_what_is_left_of_them(data) -> None:  # type: ignore[no-untyped-def]
    many = np.tile(data[0], (4, 1)), np.tile(data[1], 4)
    for batch in (None, 300, 256):
        training = replace(TRAINING, batch=batch)
        ours, other = (trained(many, engine, training=training) for engine in ("wide", "small"))
        np.testing.assert_allclose(ours.parameters, other.parameters, rtol=0, atol=1e-12)


def test_weights_of_inputs_that_are_always_0_never_move(data) -> None:  # type: ignore[no-untyped-def]
    found = trained(data, "wide")
    weights = found.network.layers(found.parameters)[0][0]
    still = (weights == weights[:, :1]).all(axis=(0, 1, 2))
    np.testing.assert_array_equal(np.flatnonzero(still), [0, 17])


def test_stopped_and_begun_again_it_ends_in_the_same_bits(data, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    class Stopping(Wide):
        left = 2

        def advance(self, *args, **options):  # type: ignore[no-untyped-def]
            if not self.left:
                raise KeyboardInterrupt
            self.left -= 1
            return super().advance(*args, **options)

    Stopping.__name__ = "Wide"  # a training's folder knows its engine by name
    whole = trained(data, "wide", dtype="float32")
    with pytest.raises(KeyboardInterrupt):
        trained(data, Stopping(), dtype="float32", folder=tmp_path / "parts")  # type: ignore[arg-type]
    again = trained(data, "wide", dtype="float32", folder=tmp_path / "parts")
    np.testing.assert_array_equal(again.parameters, whole.parameters)
    np.testing.assert_array_equal(again.loss, whole.loss)


@pytest.mark.parametrize(
    ("network", "training"),
    [
        (NETWORK, replace(TRAINING, shared_order=False)),
        (replace(NETWORK, mode="tfmot"), TRAINING),
        (replace(NETWORK, bits=None, mode="float32-exact", noise=0.1), TRAINING),
        (NETWORK, replace(TRAINING, orthonormal=0.1)),
    ],
)
def test_what_it_cannot_train_it_says(data, network: Network, training: Training) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=r"shared_order.*give engine='batched'"):
        trained(data, "wide", network, training)
