# SPDX-License-Identifier: Apache-2.0
"""The torch engine does what plain autograd does, run by run, whatever is trained beside a run."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from mibench.networks.batched import Batched
from mibench.networks.initial import initial
from mibench.networks.quantisers import start_ranges
from mibench.networks.small import Small
from mibench.networks.spec import ACTIVATIONS, Network, Training
from mibench.networks.state import Rows, State

ROWS, TRAINED, RUNS = 90, 70, 3
ROUNDINGS = [("float32-exact", None), ("paper", 4), ("tfmot", 4), ("instant", 4)]
ADAM = {"learning_rate": 0.01}
SGD = {"optimiser": "sgd", "learning_rate": 0.05, "momentum": 0.9}


@pytest.fixture(autouse=True)
def _one_thread():
    """Tensors this small are not worth sharing out."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _start(network, training, dtype=np.float64, seed=0):
    """Three runs before any step, and their rows; biases are not 0."""
    rng = np.random.default_rng(seed)
    parameters = np.stack([initial(network, "torch_default", rng) for _ in range(RUNS)]).astype(dtype)
    keys = rng.integers(0, 2**64, (RUNS, 2), dtype=np.uint64)
    train = np.stack([rng.permutation(ROWS)[:TRAINED] for _ in range(RUNS)])
    if training.shared_order:
        keys[:, 0], train[:] = keys[0, 0], train[0]
    inputs = rng.normal(size=(ROWS, network.widths[0])).astype(dtype)
    classes = max(network.widths[-1], 2)
    labels = (inputs[train].argmax(2) + rng.integers(0, 2, (RUNS, TRAINED))) % classes
    none = np.zeros_like(parameters)
    state = State(0, 0, parameters, none, none.copy(), start_ranges(network, parameters), keys)
    return state, Rows(inputs, train, labels)


def _alone(state, rows, run):
    """A copy of one run as a state of its own."""
    those = slice(run, run + 1)
    arrays = ("parameters", "first", "second", "ranges", "keys")
    alone = State(state.epoch, state.steps, *(getattr(state, name)[those].copy() for name in arrays))
    return alone, Rows(rows.inputs, rows.train[those], rows.labels[those])


def _compare(reference, network, training, epochs, tolerance=1e-9):
    """Train three runs, and the second alone by the reference."""
    state, rows = _start(network, training)
    alone, its_rows = _alone(state, rows, 1)
    loss, accuracy = Batched("cpu").advance(network, training, state, rows, epochs)
    its_loss, its_accuracy = reference.advance(network, training, alone, its_rows, epochs)
    found, _ = _alone(state, rows, 1)
    for name in ("parameters", "first", "second", "ranges"):
        np.testing.assert_allclose(getattr(found, name), getattr(alone, name), rtol=0, atol=tolerance, err_msg=name)
    np.testing.assert_allclose(loss[1:2], its_loss, rtol=1e-5)
    np.testing.assert_allclose(accuracy[1:2], its_accuracy, rtol=1e-5)
    assert loss.dtype == accuracy.dtype == np.float32
    assert loss.shape == accuracy.shape == (RUNS, epochs)
    assert (state.epoch, state.steps) == (alone.epoch, alone.steps)
    return state


@pytest.mark.parametrize("optimiser", [ADAM, SGD], ids=["adam", "sgd"])
@pytest.mark.parametrize(("mode", "bits"), ROUNDINGS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_two_hundred_steps_of_every_kind(reference, activation, mode, bits, optimiser):
    network = Network((5, 4, 3), activation, bits=bits, mode=mode)
    state = _compare(reference, network, Training(batch=20, **optimiser), 50)
    assert state.steps == 200


@pytest.mark.parametrize(
    "options",
    [
        {"batch": None},
        {"batch": 23},
        {"batch": 500},
        {"batch": 1},
        {"shuffle": False},
        {"shared_order": True},
        {"orthonormal": 0.05},
        {"optimiser": "sgd", "learning_rate": 0.1},
        {"beta1": 0.5, "beta2": 0.9, "epsilon": 1e-3},
    ],
    ids=str,
)
@pytest.mark.parametrize(("mode", "bits"), [("float32-exact", None), ("paper", 8)])
def test_every_option_of_training(reference, options, mode, bits):
    training = Training(**{"batch": 20, "learning_rate": 0.01, **options})
    _compare(reference, Network((6, 5, 4, 3), bits=bits, mode=mode), training, 4)


@pytest.mark.parametrize("widths", [(6, 5, 1), (6, 1)])
@pytest.mark.parametrize(("mode", "bits"), ROUNDINGS)
def test_a_sigmoid(reference, widths, mode, bits):
    network = Network(widths, "relu", output="sigmoid", bits=bits, mode=mode)
    _compare(reference, network, Training(batch=20, **ADAM), 5)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_noise(reference, activation):
    network = Network((6, 5, 4, 3), activation, noise=0.3)
    _compare(reference, network, Training(batch=30, **ADAM), 5)


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize(("mode", "bits"), [("float32-exact", None), ("instant", 8)])
def test_many_inputs(reference, shared, mode, bits):
    network = Network((30, 5, 4, 3), "relu", bits=bits, mode=mode)
    _compare(reference, network, Training(batch=20, shared_order=shared, **ADAM), 5)


@pytest.mark.parametrize(("mode", "bits"), ROUNDINGS)
def test_dead_layers_stay_dead_and_finite(reference, mode, bits):
    network, training = Network((5, 4, 4, 3), "relu", bits=bits, mode=mode), Training(batch=20, **ADAM)
    state, rows = _start(network, training)
    network.layers(state.parameters)[1][0][...] = 0
    network.layers(state.parameters)[1][1][...] = -1
    alone, its_rows = _alone(state, rows, 2)
    Batched("cpu").advance(network, training, state, rows, 3)
    reference.advance(network, training, alone, its_rows, 3)
    np.testing.assert_allclose(state.parameters[2:], alone.parameters, rtol=0, atol=1e-12)
    assert (network.layers(state.parameters)[1][0] == 0).all()


@pytest.mark.parametrize(
    ("mode", "bits", "noise"), [(*rounding, 0.0) for rounding in ROUNDINGS] + [("float32-exact", None, 0.1)]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_going_on_is_as_if_never_stopped(mode, bits, noise, dtype):
    network, training = Network((6, 5, 4, 3), bits=bits, mode=mode, noise=noise), Training(batch=20, **ADAM)
    whole, rows = _start(network, training, dtype)
    parts, again = copy.deepcopy(whole), copy.deepcopy(whole)
    loss, accuracy = Batched("cpu").advance(network, training, whole, rows, 5)
    engine = Batched("cpu")
    of_parts = [engine.advance(network, training, parts, rows, epochs) for epochs in (2, 0, 3)]
    Batched("cpu").advance(network, training, again, rows, 5)
    for name in ("parameters", "first", "second", "ranges", "steps", "epoch", "keys"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(parts, name), err_msg=name)
        np.testing.assert_array_equal(getattr(whole, name), getattr(again, name), err_msg=name)
    np.testing.assert_array_equal(loss, np.hstack([part[0] for part in of_parts]))
    np.testing.assert_array_equal(accuracy, np.hstack([part[1] for part in of_parts]))
    assert whole.parameters.dtype == whole.first.dtype == whole.ranges.dtype == dtype


def test_float32_is_float64_to_its_rounding():
    """Forty steps of Adam amplify 6e-8 relative by far less than 1000."""
    network, training = Network((6, 5, 4, 3)), Training(batch=20, **ADAM)
    exact, rows = _start(network, training)
    state, short_rows = _start(network, training, np.float32)
    exact.parameters[:] = state.parameters
    Batched("cpu").advance(network, training, exact, rows, 10)
    Batched("cpu").advance(network, training, state, short_rows, 10)
    np.testing.assert_allclose(state.parameters, exact.parameters, rtol=0, atol=1e-4)


def test_it_learns():
    network, training = Network((6, 8, 3)), Training(batch=20, learning_rate=0.02)
    state, rows = _start(network, training, np.float32)
    loss, accuracy = Batched("cpu").advance(network, training, state, rows, 120)
    assert (loss[:, -1] < 0.7 * loss[:, 0]).all()
    assert (accuracy[:, -1] > accuracy[:, 0]).all()


@pytest.mark.parametrize("optimiser", [ADAM, SGD], ids=["adam", "sgd"])
@pytest.mark.parametrize(("mode", "bits"), ROUNDINGS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_both_engines_do_the_same(activation, mode, bits, optimiser):
    """Two hundred steps, in float64."""
    network = Network((6, 5, 4, 3), activation, bits=bits, mode=mode, noise=0.0 if bits else 0.1)
    training = Training(batch=20, **optimiser)
    state, rows = _start(network, training)
    other = copy.deepcopy(state)
    loss, accuracy = Batched("cpu").advance(network, training, state, rows, 50)
    its_loss, its_accuracy = Small().advance(network, training, other, rows, 50)
    for name in ("parameters", "first", "second", "ranges", "steps", "epoch"):
        np.testing.assert_allclose(getattr(state, name), getattr(other, name), rtol=0, atol=1e-9, err_msg=name)
    np.testing.assert_allclose(loss, its_loss, rtol=1e-6)
    np.testing.assert_allclose(accuracy, its_accuracy, rtol=1e-6)


@pytest.mark.parametrize(("mode", "bits"), ROUNDINGS)
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_both_engines_do_the_same_in_float32(activation, mode, bits):
    """A rounded value within 1e-7 of a tie may go either way, and takes its run along: the other runs agree.

    By SGD: Adam makes whole steps of gradients that are nothing but rounding, as where all of a layer's codes are one.
    """
    network, training = Network((6, 5, 4, 3), activation, bits=bits, mode=mode), Training(batch=20, **SGD)
    state, rows = _start(network, training, np.float32)
    before, other = state.parameters.copy(), copy.deepcopy(state)
    Batched("cpu").advance(network, training, state, rows, 5)
    Small().advance(network, training, other, rows, 5)
    assert np.abs(state.parameters - before).max() > 1e-2
    apart = np.abs(state.parameters - other.parameters).max(1)
    assert np.median(apart) < 1e-5
    if bits is None:
        assert apart.max() < 1e-5
