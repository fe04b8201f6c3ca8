# SPDX-License-Identifier: Apache-2.0
"""Signal and noise of gradients: those of torch's autograd, batch by batch, and what is known of single cases."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from mibench.contracts import Unsupported
from mibench.datasets import ib12
from mibench.networks.spec import ACTIVATIONS, Network, Training
from mibench.networks.train import train
from mibench.networks.trajectory import Trajectory
from mibench.studies import analyses
from mibench.studies.analyses.gradient_snr import gradient_snr
from mibench.studies.analyses.gradients import factors, moments, moments_reference

SEED = np.random.SeedSequence(5)
X, Y = ib12.patterns().astype(np.float64), ib12.labels().astype(np.int64)
ACTIVATE: dict[str, Any] = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "elu": torch.nn.functional.elu,
    "relu6": torch.nn.functional.relu6,
    "leaky-relu": torch.nn.functional.leaky_relu,
    "softsign": torch.nn.functional.softsign,
    "linear": lambda z: z,
}


def gradients(network: Network, parameters: NDArray[Any], x: NDArray[Any], y: NDArray[Any]) -> list[NDArray[Any]]:
    """Of the mean loss by the weights of every layer, by torch."""
    layers = [
        (torch.tensor(w, dtype=torch.float64, requires_grad=True), torch.tensor(b, dtype=torch.float64))
        for w, b in network.layers(parameters)
    ]
    z = torch.tensor(x, dtype=torch.float64)
    for weights, bias in layers[:-1]:
        z = ACTIVATE[network.activation](z @ weights.T + bias)
    z = z @ layers[-1][0].T + layers[-1][1]
    if network.output == "sigmoid":
        loss = torch.nn.functional.binary_cross_entropy_with_logits(z[:, 0], torch.tensor(y, dtype=torch.float64))
    else:
        loss = torch.nn.functional.cross_entropy(z, torch.tensor(y))
    return [each.numpy() for each in torch.autograd.grad(loss, [weights for weights, _ in layers])]


def trajectory(
    network: Network, training: Training, parameters: NDArray[Any], rows: NDArray[np.int64] | None = None
) -> Trajectory:
    runs, points = parameters.shape[:2]
    none = np.zeros((runs, training.total_epochs), np.float32)
    train = np.tile(np.arange(700) if rows is None else rows, (runs, 1))
    zeros = np.zeros(runs, np.int64)
    epochs = np.arange(points)
    return Trajectory(network, training, 0, str(parameters.dtype), epochs, parameters, None, none, none, train, zeros)


def snr(of: Trajectory, seed: np.random.SeedSequence = SEED) -> dict[str, NDArray[Any]]:
    return gradient_snr(of, X, Y, scale="paper", seed=seed)


@pytest.mark.parametrize(
    ("activation", "output"), [*((each, "softmax") for each in ACTIVATIONS), ("tanh", "sigmoid"), ("relu", "sigmoid")]
)
def test_signal_and_noise_are_those_of_autograd(activation: Any, output: Any) -> None:
    network = Network((12, 7, 5, 2 if output == "softmax" else 1), activation, output)
    parameters = np.random.default_rng(1).normal(size=(1, 2, network.n_parameters))
    found = snr(trajectory(network, Training(batch=128, epochs=1, shuffle=False), parameters))
    batches = [np.arange(700)[at : at + 128] for at in range(0, 700, 128)]
    for point in range(2):
        per_batch = [gradients(network, parameters[0, point], X[b], Y[b]) for b in batches]
        whole = gradients(network, parameters[0, point], X[:700], Y[:700])
        for layer, (weights, _) in enumerate(network.layers(parameters[0, point])):
            each = np.array([found_at[layer] for found_at in per_batch])
            spread = ((each - whole[layer]) ** 2).sum(axis=(1, 2))
            std = np.sqrt(np.average(spread, weights=[len(b) for b in batches]))
            assert found["mean"][0, point, layer] == pytest.approx(np.linalg.norm(whole[layer]), rel=1e-10)
            assert found["std"][0, point, layer] == pytest.approx(std, rel=1e-10)
            assert found["norm"][0, point, layer] == pytest.approx(np.linalg.norm(weights), rel=1e-12)


def test_noise_over_rows_is_that_of_autograd() -> None:
    network = Network((12, 4, 3, 2), "tanh")
    parameters = np.random.default_rng(2).normal(size=(1, 1, network.n_parameters))
    found = snr(trajectory(network, Training(batch=32, epochs=1), parameters, np.arange(60, 160)))
    rows = [gradients(network, parameters[0, 0], X[[i]], Y[[i]]) for i in range(60, 160)]
    for layer in range(3):
        each = np.array([row[layer] for row in rows])
        assert found["row_std"][0, 0, layer] == pytest.approx(np.sqrt(each.var(axis=0).sum()), rel=1e-10)


@pytest.mark.parametrize(("n", "batch"), [(100, 10), (100, 30), (7, 7), (5, 1), (9, 4)])
def test_moments_are_those_of_every_row_s_gradient(n: int, batch: int) -> None:
    rng = np.random.default_rng(n)
    delta, given = rng.normal(size=(n, 3)), rng.normal(size=(n, 4))
    found, wanted = moments(delta, given, batch), moments_reference(delta, given, batch)
    assert (found.mean, found.std, found.row_std) == pytest.approx((wanted.mean, wanted.std, wanted.row_std), abs=1e-12)
    if batch == 1:
        assert found.std == pytest.approx(found.row_std, abs=1e-12)


def test_rows_in_random_order_have_the_root_of_the_batch_less_noise() -> None:
    network = Network((12, 6, 2), "tanh")
    parameters = np.random.default_rng(3).normal(size=(20, 1, network.n_parameters))
    found = snr(trajectory(network, Training(batch=64, epochs=1), parameters, np.arange(4096)))
    ratio = found["row_std"] ** 2 / found["std"] ** 2
    assert ratio.mean() == pytest.approx(64 * 4095 / (4096 - 64), rel=0.1)


def test_orders_come_from_the_seed_and_leave_the_signal_as_it_is() -> None:
    network = Network((12, 6, 2), "relu")
    of = trajectory(
        network, Training(batch=50, epochs=1), np.random.default_rng(4).normal(size=(2, 2, network.n_parameters))
    )
    first, again, other = snr(of), snr(of), snr(of, np.random.SeedSequence(6))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.array_equal(first["std"], other["std"])
    for name in ("mean", "row_std", "norm"):
        assert first[name] == pytest.approx(other[name], rel=1e-9)


def test_full_batches_are_taken_in_parts_of_256_and_short_ones_whole() -> None:
    network = Network((12, 6, 2), "tanh")
    parameters = np.random.default_rng(4).normal(size=(1, 1, network.n_parameters))
    full = trajectory(network, Training(batch=None, epochs=1), parameters)
    same = trajectory(network, Training(batch=256, epochs=1), parameters)
    assert snr(full)["batch"] == [256]
    assert np.array_equal(snr(full)["std"], snr(same)["std"])
    one = snr(trajectory(network, Training(batch=512, epochs=1), parameters, np.arange(205)))
    assert one["batch"] == [205]
    assert one["std"] == pytest.approx(0.0, abs=1e-12)


def test_a_dead_network_has_neither_signal_nor_noise_below_its_last_layer() -> None:
    network = Network((12, 4, 3, 2), "relu")
    parameters = -np.abs(np.random.default_rng(0).normal(size=(1, 1, network.n_parameters)))
    found = snr(trajectory(network, Training(epochs=1), parameters))
    for name in ("mean", "std", "row_std"):
        assert (found[name] == 0).all(), "the last hidden layer is 0, so nothing reaches any weight"
    assert all(np.isfinite(array).all() for array in found.values())


def test_a_trained_network_starts_with_more_signal_than_it_ends_with() -> None:
    network = Network((12, 5, 2), "tanh")
    training = Training(epochs=300, learning_rate=5e-3)
    of = train(network, training, X, Y, runs=3, seed=1)
    shares: list[float] = []
    found = gradient_snr(of, X, Y, scale="quick", seed=SEED, progress=shares.append)
    ratio = (found["mean"] / found["std"]).mean(axis=0)
    assert (ratio.max(axis=0) > 2 * ratio[-5:].mean(axis=0)).all()
    assert shares == pytest.approx([1 / 3, 2 / 3, 1.0])
    assert len(found["runs"]) == 3
    assert len(found["epochs"]) <= 50
    assert (found["epochs"][0], found["epochs"][-1]) == (0, 300)


def test_what_it_cannot_do_is_refused() -> None:
    for network, training in (
        (Network((12, 4, 2), bits=8), Training(epochs=1)),
        (Network((12, 4, 2), noise=0.1), Training(epochs=1)),
        (Network((12, 4, 2)), Training(epochs=1, labels="random")),
        (Network((12, 4, 2)), Training(epochs=1, prefit=1)),
    ):
        with pytest.raises(Unsupported):
            snr(trajectory(network, training, np.zeros((1, 1, network.n_parameters))))
    with pytest.raises(Unsupported):
        factors(Network((12, 4, 2), bits=8), np.zeros(62), X, Y)


def test_the_registry_names_it() -> None:
    assert analyses.load(analyses.ANALYSES["snr"]) is gradient_snr
