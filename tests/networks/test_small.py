# SPDX-License-Identifier: Apache-2.0
"""The compiled engine does what plain autograd does, alone and beside others, whole and in parts."""

from __future__ import annotations

import copy

import numba
import numpy as np
import pytest
import torch

from mibench.networks.initial import initial
from mibench.networks.quantisers import start_ranges
from mibench.networks.small import Small
from mibench.networks.spec import ACTIVATIONS, Network, Training
from mibench.networks.state import Rows, State

ROWS, TRAINED = 90, 70
ROUNDINGS = [("float32-exact", None), ("paper", 4), ("tfmot", 4), ("instant", 4), ("paper", 20)]
ADAM = {"learning_rate": 0.01}
SGD = {"optimiser": "sgd", "learning_rate": 0.05, "momentum": 0.9}


@pytest.fixture(autouse=True)
def _one_thread():
    """Tensors of the reference are not worth sharing out."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _start(network, dtype=np.float64, runs=2, rows=ROWS, trained=TRAINED, seed=0):
    """Runs before any step, and their rows; biases are not 0, which would have sums lie on kinks exactly."""
    rng = np.random.default_rng(seed)
    parameters = np.stack([initial(network, "torch_default", rng) for _ in range(runs)]).astype(dtype)
    none = np.zeros_like(parameters)
    keys = rng.integers(0, 2**64, (runs, 2), dtype=np.uint64)
    state = State(0, 0, parameters, none, none.copy(), start_ranges(network, parameters), keys)
    inputs = rng.normal(size=(rows, network.widths[0])).astype(dtype)
    train = np.stack([rng.permutation(rows)[:trained] for _ in range(runs)])
    labels = (inputs[train].argmax(2) + rng.integers(0, 2, (runs, trained))) % max(network.widths[-1], 2)
    return state, Rows(inputs, train, labels)


def _compare(reference, network, training, epochs, *, tolerance=1e-9, **sizes):
    state, rows = _start(network, **sizes)
    expected = copy.deepcopy(state)
    found = Small().advance(network, training, state, rows, epochs)
    wanted = reference.advance(network, training, expected, rows, epochs)
    assert (state.epoch, state.steps) == (expected.epoch, expected.steps)
    for name in ("parameters", "first", "second", "ranges"):
        assert getattr(state, name) == pytest.approx(getattr(expected, name), abs=tolerance), name
    assert found[0] == pytest.approx(wanted[0], abs=1e-6)
    assert found[1] == pytest.approx(wanted[1], abs=1e-6)
    return found


@pytest.mark.parametrize(("mode", "bits"), ROUNDINGS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_forty_steps_of_every_kind(reference, activation, mode, bits):
    optimiser = (ADAM, SGD)[(ACTIVATIONS.index(activation) + ROUNDINGS.index((mode, bits))) % 2]
    network = Network(widths=(4, 5, 3), activation=activation, bits=bits, mode=mode)
    found = _compare(reference, network, Training(batch=35, **optimiser), 20, runs=1)
    assert found[0][0, -1] < found[0][0, 0]


@pytest.mark.parametrize("optimiser", [ADAM, SGD], ids=["adam", "sgd"])
@pytest.mark.parametrize(("activation", "mode", "bits"), [("tanh", "paper", 8), ("relu", "tfmot", 8)])
def test_two_hundred_steps(reference, activation, mode, bits, optimiser):
    """For every other kind the two engines are compared over as many, in the tests of the torch engine."""
    network = Network(widths=(4, 5, 3), activation=activation, bits=bits, mode=mode)
    _compare(reference, network, Training(batch=35, **optimiser), 100, runs=1)


@pytest.mark.parametrize("batch", [64, 300, None])
@pytest.mark.parametrize(
    ("activation", "options"),
    [
        ("tanh", {}),
        ("relu", {"bits": 8}),
        ("tanh", {"bits": 8, "mode": "tfmot"}),
        ("relu", {"bits": 20, "mode": "instant"}),
    ],
)
def test_the_published_network_on_batches_of_many_tiles(reference, activation, options, batch):
    network = Network(activation=activation, **options)
    training = Training(batch=batch, learning_rate=1e-3, orthonormal=0.01, shuffle=batch != 300)
    _compare(reference, network, training, 2, runs=1, rows=800, trained=700)


@pytest.mark.parametrize("widths", [(3, 1), (2, 9, 1), (1, 1, 1, 1)])
@pytest.mark.parametrize(("mode", "bits"), [("float32-exact", None), ("tfmot", 3), ("paper", 1)])
def test_a_sigmoid(reference, widths, mode, bits):
    network = Network(widths=widths, output="sigmoid", bits=bits, mode=mode)
    _compare(reference, network, Training(batch=16, **ADAM), 5)


@pytest.mark.parametrize("batch", [20, 600, None])
def test_noise(reference, batch):
    network = Network(widths=(4, 6, 3, 5), noise=0.3)
    _compare(reference, network, Training(batch=batch, **ADAM), 4, rows=700, trained=650)


def test_ten_classes_and_a_wide_layer(reference):
    _compare(reference, Network(widths=(17, 33, 10), activation="elu"), Training(batch=50, **ADAM), 4)


def test_a_constant_layer_is_one_level_and_stays_finite(reference):
    for mode in ("paper", "tfmot", "instant"):
        network = Network(widths=(4, 5, 3), activation="relu", bits=4, mode=mode)
        state, rows = _start(network)
        state.parameters[:, :25] = -10.0 * np.abs(state.parameters[:, :25])  # of the hidden layer: dead for inputs > 0
        rows = Rows(np.abs(rows.inputs), rows.train, rows.labels)
        state.ranges[:] = start_ranges(network, state.parameters)
        expected = copy.deepcopy(state)
        Small().advance(network, Training(batch=35), state, rows, 3)
        reference.advance(network, Training(batch=35), expected, rows, 3)
        assert state.parameters == pytest.approx(expected.parameters, abs=1e-9)


@pytest.mark.parametrize(
    ("mode", "bits", "noise"), [("float32-exact", None, 0.1), ("paper", 4, 0.0), ("tfmot", 4, 0.0)]
)
def test_a_run_is_the_same_alone_in_parts_and_on_one_thread(mode, bits, noise):
    network = Network(widths=(4, 5, 3), activation="relu", bits=bits, mode=mode, noise=noise)
    training = Training(batch=20)
    state, rows = _start(network, dtype=np.float32, runs=3)
    alone = State(0, 0, *(getattr(state, n)[1:2].copy() for n in ("parameters", "first", "second", "ranges", "keys")))
    Small().advance(network, training, state, rows, 5)
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        for epochs in (2, 1, 2):
            Small().advance(network, training, alone, Rows(rows.inputs, rows.train[1:2], rows.labels[1:2]), epochs)
    finally:
        numba.set_num_threads(threads)
    for name in ("parameters", "first", "second", "ranges"):
        assert np.array_equal(getattr(alone, name)[0], getattr(state, name)[1]), name


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("optimiser", [ADAM, SGD], ids=["adam", "sgd"])
def test_float32_is_float64_to_its_rounding(activation, optimiser):
    """Over 20 steps, rounding errors of 1e-7 per step and what they grow to stay far below a step of 1e-2."""
    network, training = Network(activation=activation), Training(batch=35, **optimiser)
    (single, rows), (double, rows64) = _start(network, np.float32), _start(network)
    double.parameters = single.parameters.astype(np.float64)
    rows64 = Rows(rows.inputs.astype(np.float64), rows.train, rows.labels)
    losses = [Small().advance(network, training, *each, 10)[0] for each in ((single, rows), (double, rows64))]
    assert single.parameters.dtype == np.float32
    assert single.parameters == pytest.approx(double.parameters, abs=2e-3 if optimiser is ADAM else 2e-5)
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)


@pytest.mark.parametrize("bits", [8, 20])
def test_rounding_in_float32_is_that_of_float64_but_for_ties(bits):
    """In float32 a sum can end up on the other side of a tie: one level off, for few of the values."""
    network, training = Network(bits=bits), Training(batch=64)
    (single, rows), (double, rows64) = _start(network, np.float32), _start(network)
    double.parameters = single.parameters.astype(np.float64)
    rows64 = Rows(rows.inputs.astype(np.float64), rows.train, rows.labels)
    losses = [Small().advance(network, training, *each, 3)[0] for each in ((single, rows), (double, rows64))]
    assert single.parameters == pytest.approx(double.parameters, abs=1e-3)
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)


def test_it_learns():
    network = Network(widths=(6, 8, 2))
    state, rows = _start(network, np.float32, trained=60)
    rows = Rows(rows.inputs, rows.train, (rows.inputs[rows.train].sum(2) > 0).astype(np.int64))
    loss, accuracy = Small().advance(network, Training(batch=16, learning_rate=0.01), state, rows, 100)
    assert loss[:, -1].max() < 0.1
    assert accuracy[:, -1].min() > 0.95
