# SPDX-License-Identifier: Apache-2.0
"""The compiled engine for convolutional networks does what torch's convolutions and autograd do, whole and in parts."""

from __future__ import annotations

import copy

import numba
import numpy as np
import pytest
import torch

from mibench.networks.conv_disturb import drawn, units_read
from mibench.networks.conv_engine import Convolved
from mibench.networks.convolutional import Convolutional
from mibench.networks.convolutional_reference import ConvolvedByTorch
from mibench.networks.initial import initial
from mibench.networks.quantisers import start_ranges
from mibench.networks.spec import Training
from mibench.networks.state import Rows, State
from mibench.numerics.lanes import LANES

SMALL = {"channels": (2, 4), "dense": (5,), "classes": 3, "side": 10}
ADAM = {"learning_rate": 0.01, "batch": 35}
SGD = {"optimiser": "sgd", "learning_rate": 0.01, "momentum": 0.9, "batch": 35}


@pytest.fixture(autouse=True)
def _one_thread():
    """Tensors of the reference are not worth sharing out."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _start(network, dtype=np.float64, runs=1, rows=90, trained=70, seed=0):
    """Runs before any step, and their rows; biases are not 0, which would have sums lie on kinks exactly."""
    rng = np.random.default_rng(seed)
    parameters = np.stack([initial(network, "torch_default", rng) for _ in range(runs)]).astype(dtype)
    none = np.zeros_like(parameters)
    keys = rng.integers(0, 2**64, (runs, 2), dtype=np.uint64)
    state = State(0, 0, parameters, none, none.copy(), start_ranges(network, parameters), keys)
    inputs = rng.normal(size=(rows, network.widths[0])).astype(dtype)
    train = np.stack([rng.permutation(rows)[:trained] for _ in range(runs)])
    labels = (inputs[train].argmax(2) + rng.integers(0, 2, (runs, trained))) % network.classes
    return state, Rows(inputs, train, labels)


def _compare(network, training, epochs, *, tolerance=1e-9, **sizes):
    state, rows = _start(network, **sizes)
    expected = copy.deepcopy(state)
    found = Convolved().advance(network, training, state, rows, epochs)
    wanted = ConvolvedByTorch("cpu").advance(network, training, expected, rows, epochs)
    assert (state.epoch, state.steps) == (expected.epoch, expected.steps)
    for name in ("parameters", "first", "second", "ranges"):
        assert getattr(state, name) == pytest.approx(getattr(expected, name), abs=tolerance), name
    assert found[0] == pytest.approx(wanted[0], abs=1e-6)
    assert found[1] == pytest.approx(wanted[1], abs=1e-6)
    return found


KINDS = {
    "plain": {},
    "relu": {"activation": "relu"},
    "odd": {"channels": (3, 1), "dense": (), "side": 11},
    "one block": {"channels": (2,), "dense": (4, 3)},
    "noise": {"noise": 0.3},
    "noise of more than the value": {"noise": 1.5, "dense": (4, 7)},
    "added noise": {"noise": 0.3, "noise_kind": "additive", "dropout": 0.2},
    "dropout": {"dropout": 0.3, "side": 13},
    "rounding": {"bits": 4, "activation": "relu"},
    "rounding and dropout": {"bits": 6, "dropout": 0.2, "channels": (3, 2), "side": 12},
}


@pytest.mark.parametrize("optimiser", [ADAM, SGD], ids=["adam", "sgd"])
@pytest.mark.parametrize("kind", KINDS)
def test_twelve_steps_of_every_kind(kind, optimiser):
    network = Convolutional(**SMALL | KINDS[kind])
    _compare(network, Training(**optimiser), 6, runs=2)


def _butakov(**changes):
    return Convolutional(**{"noise": 1e-3, "dropout": 0.1, **changes})


def _lorenzen(**changes):
    return Convolutional(**{"channels": (2, 2), "dense": (20,), "activation": "relu", "bits": 8, **changes})


@pytest.mark.parametrize("batch", [48, 61, None])
@pytest.mark.parametrize("network", [_butakov(), _lorenzen()], ids=["butakov", "lorenzen"])
def test_the_published_networks_on_batches_of_many_tiles(network, batch):
    training = Training(batch=batch, learning_rate=1e-3, shuffle=batch != 61)
    _compare(network, training, 2, rows=200, trained=130)


def test_one_step_is_one_gradient():
    """After a step of plain descent at rate 1 the parameters differ by the gradient itself."""
    network = _butakov(noise=0.2)
    (state, rows), before = _start(network), _start(network)[0].parameters
    expected = copy.deepcopy(state)
    training = Training(batch=None, optimiser="sgd", learning_rate=1.0)
    Convolved().advance(network, training, state, rows, 1)
    ConvolvedByTorch("cpu").advance(network, training, expected, rows, 1)
    assert np.abs(state.parameters - before).max() > 1e-3
    assert state.parameters - before == pytest.approx(expected.parameters - before, abs=1e-13)


@pytest.mark.parametrize("activation", ["relu", "leaky-relu"])
def test_of_equal_sums_the_first_is_pooled(activation):
    """Images of one colour, and of few: nearly all pools are of equal sums, whose gradient must have one place."""
    network = Convolutional(**SMALL, activation=activation)
    state, rows = _start(network)
    rows.inputs[:] = np.where(rows.inputs > 2, 1.0, 0.0)
    rows.inputs[:30] = 0.5
    expected = copy.deepcopy(state)
    Convolved().advance(network, Training(**ADAM), state, rows, 4)
    ConvolvedByTorch("cpu").advance(network, Training(**ADAM), expected, rows, 4)
    assert state.parameters == pytest.approx(expected.parameters, abs=1e-9)


@pytest.mark.parametrize("kind", ["noise", "dropout", "rounding"])
def test_a_run_is_the_same_alone_in_parts_and_on_one_thread(kind):
    network, training = Convolutional(**SMALL | KINDS[kind]), Training(batch=20)
    state, rows = _start(network, dtype=np.float32, runs=3)
    alone = State(0, 0, *(getattr(state, n)[1:2].copy() for n in ("parameters", "first", "second", "ranges", "keys")))
    Convolved().advance(network, training, state, rows, 5)
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        for epochs in (2, 1, 2):
            Convolved().advance(network, training, alone, Rows(rows.inputs, rows.train[1:2], rows.labels[1:2]), epochs)
    finally:
        numba.set_num_threads(threads)
    for name in ("parameters", "first", "second", "ranges"):
        assert np.array_equal(getattr(alone, name)[0], getattr(state, name)[1]), name


@pytest.mark.parametrize("network", [_butakov(), _lorenzen()], ids=["butakov", "lorenzen"])
def test_float32_is_float64_to_its_rounding(network):
    """Of plain descent: Adam's first steps have the size of its rate whatever the gradient's, rounding errors too."""
    training = Training(batch=35, optimiser="sgd", learning_rate=0.05)
    (single, rows), (double, _) = _start(network, np.float32), _start(network)
    double.parameters = single.parameters.astype(np.float64)
    rows64 = Rows(rows.inputs.astype(np.float64), rows.train, rows.labels)
    losses = [Convolved().advance(network, training, *each, 5)[0] for each in ((single, rows), (double, rows64))]
    assert single.parameters.dtype == np.float32
    assert single.parameters == pytest.approx(double.parameters, abs=1e-5 if network.bits is None else 1e-3)
    assert losses[0] == pytest.approx(losses[1], abs=1e-5 if network.bits is None else 1e-3)


def test_noise_and_dropout_are_of_the_key_and_change_by_step_and_epoch():
    network = Convolutional(**SMALL, noise=0.5, dropout=0.3)
    shapes = [(2 * LANES + 3, *units_read(network, layer)) for layer in (1, 2, 3, 4)]
    assert shapes == [(35, 1, 10, 10), (35, 2, 4, 4), (35, 4), (35, 5)]
    found = [drawn(network, np.uint64(7), *at, 2, 35, np.float64) for at in ((0, 0), (0, 1), (1, 0))]
    assert all(kept.shape == noise.shape == shapes[1] for kept, noise in found)
    assert drawn(network, np.uint64(7), 0, 0, 3, 35, np.float64)[0] is None  # nothing is dropped of what a unit reads
    assert not np.array_equal(found[0][1], found[1][1])
    assert not np.array_equal(found[0][0], found[2][0])
    fewer = drawn(network, np.uint64(7), 0, 0, 2, 20, np.float64)
    assert np.array_equal(fewer[1], found[0][1][:20])
    assert set(np.unique(found[0][0])) == {0.0, 1 / 0.7}


def test_it_learns():
    network = Convolutional(channels=(2, 4), dense=(8,), classes=2, side=10)
    state, rows = _start(network, np.float32, runs=2, trained=80)
    rows.inputs[:, :50] += rows.inputs[:, :1]
    rows = Rows(rows.inputs, rows.train, (rows.inputs[rows.train][:, :, :50].mean(2) > 0).astype(np.int64))
    loss, accuracy = Convolved().advance(network, Training(batch=16, learning_rate=0.01), state, rows, 60)
    assert loss[:, -1].max() < 0.1
    assert accuracy[:, -1].min() > 0.95
