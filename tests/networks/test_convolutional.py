# SPDX-License-Identifier: Apache-2.0
"""The compiled engine for convolutional networks does what torch's convolutions and autograd do."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from mibench.networks.conv_engine import Convolved
from mibench.networks.convolutional import Convolutional
from mibench.networks.convolutional_reference import ConvolvedByTorch
from mibench.networks.initial import initial
from mibench.networks.quantisers import start_ranges
from mibench.networks.spec import Training
from mibench.networks.state import Rows, State

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
