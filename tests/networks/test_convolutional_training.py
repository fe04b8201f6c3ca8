# SPDX-License-Identifier: Apache-2.0
"""Trainings of convolutional networks: starts, files, refusals, and resumption to the bit after any kill."""

from __future__ import annotations

import hashlib
import json
import math
import signal
import subprocess
import sys
import time
from dataclasses import fields, replace

import numpy as np
import pytest
from scipy import stats

from mibench.contracts import InputError, canonical_json
from mibench.networks import archive, recording
from mibench.networks import train as train_module
from mibench.networks.conv_disturb import check_units
from mibench.networks.convolutional import Convolutional
from mibench.networks.initial import initial
from mibench.networks.spec import INITS, Network, Training
from mibench.networks.train import train
from mibench.networks.trajectory import Trajectory

NETWORK = Convolutional(channels=(2, 2), dense=(4,), classes=2, side=10, noise=0.1, dropout=0.2)
LARGE = Convolutional(channels=(1,), dense=(), classes=2, side=730)
ROUNDED = replace(NETWORK, noise=0.0, dropout=0.0, bits=4)
TRAINING = Training(epochs=12, batch=16, learning_rate=0.01, init="torch_default")
X = ((np.arange(64)[:, None] * (np.arange(100) + 3) >> 4) & 1).astype(np.uint8)
Y = (X[:, :50].sum(1) > 25).astype(np.uint8)


def _train(network=NETWORK, training=TRAINING, inputs=X, labels=Y, **options):
    return train(network, training, inputs, labels, **{"runs": 2, **options})


def _equal(a, b):
    for field in fields(Trajectory):
        mine, other = getattr(a, field.name), getattr(b, field.name)
        assert np.array_equal(mine, other) if isinstance(mine, np.ndarray) else mine == other, field.name


def test_shapes_and_a_run_is_the_same_whatever_their_number():
    few, many = _train(record=[0, 3, 12]), _train(runs=4, record=[0, 3, 12])
    assert few.parameters.shape == (2, 3, NETWORK.n_parameters)
    assert few.parameters.dtype == np.float32
    assert few.ranges is None
    assert np.array_equal(many.parameters[:2], few.parameters)
    assert len(np.unique(many.parameters[:, -1], axis=0)) == 4


@pytest.mark.parametrize("network", [NETWORK, ROUNDED], ids=["noise", "rounding"])
def test_both_engines_train_the_same(network):
    """On images of 0 and 1, and on levels, many pooled sums are equal: both take the first."""
    compiled, by_torch = (_train(network, engine=name, dtype="float64") for name in ("auto", "batched"))
    assert by_torch.parameters == pytest.approx(compiled.parameters, abs=1e-9)


@pytest.mark.parametrize("init", INITS)
def test_fans_of_a_convolution_are_what_a_sum_reads_and_its_filters(init):
    network = Convolutional(channels=(30, 40), dense=(50,), side=10)
    (_, _), (weights, biases), (dense, _), _ = network.layers(initial(network, init, 3))
    deviations = {"fan_in_tn": 270**-0.5, "fan_out_tn": 40**-0.5, "he2_fan_in_tn": 2 * 270**-0.5, "saxe": 40**-0.5}
    limits = {"glorot_uniform": math.sqrt(6 / (270 + 360)), "torch_default": 270**-0.5}
    assert weights.shape == (40, 30, 3, 3)
    if init in limits:
        expected = stats.uniform(-limits[init], 2 * limits[init])
        assert np.abs(dense).max() <= (math.sqrt(6 / 90) if init == "glorot_uniform" else 40**-0.5)
    else:
        expected = stats.truncnorm(-2, 2, scale=deviations[init])
    assert stats.kstest(weights.ravel(), expected.cdf).pvalue > 1e-4
    assert biases.any() == (init == "torch_default")


def test_a_trajectory_is_read_back_to_the_bit_and_says_what_it_is_of(tmp_path):
    for name, network in (("a.npz", NETWORK), ("b.npz", ROUNDED)):
        saved = _train(network)
        saved.save(tmp_path / name)
        found = Trajectory.load(tmp_path / name)
        _equal(saved, found)
        assert isinstance(found.network, Convolutional)


def test_a_file_of_a_fully_connected_network_is_what_it_was_before_there_were_others(tmp_path):
    """Nothing in it says so: such files are written and read as ever, and their digests hold."""
    found = train(Network(widths=(100, 3, 2)), TRAINING, X, Y, runs=1, record=[0, 12])
    found.save(tmp_path / "a.npz")
    header, arrays = archive.read(tmp_path / "a.npz", "trajectory")
    assert sorted(header) == ["dtype", "network", "seed", "training"]
    assert list(header["network"]) == ["activation", "bits", "mode", "noise", "output", "widths"]
    _equal(found, Trajectory.load(tmp_path / "a.npz"))
    archive.write(tmp_path / "b.npz", "trajectory", {**header, "architecture": "recurrent"}, arrays)
    with pytest.raises(InputError, match=r"b\.npz is no trajectory \(architecture 'recurrent'\)"):
        Trajectory.load(tmp_path / "b.npz")
    archive.write(tmp_path / "b.npz", "trajectory", {**header, "architecture": "convolutional"}, arrays)
    with pytest.raises(InputError, match=r"b\.npz is no trajectory"):
        Trajectory.load(tmp_path / "b.npz")


def test_settings_of_fully_connected_trainings_keep_their_digests(tmp_path):
    """The digest is that of before there were convolutional networks."""
    train(Network(), Training(epochs=3), X[:, :12], Y, runs=1, record=[3], folder=tmp_path)
    setting = json.loads((tmp_path / "setting.json").read_text())
    assert setting["network"]["widths"] == [12, 10, 7, 5, 4, 3, 2]
    text = canonical_json({name: setting[name] for name in ("network", "training", "version", "engine")})
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "94046c8a1761929d"


def test_a_run_that_diverges_is_refused():
    with pytest.raises(InputError, match=r"run \d diverged by epoch \d+: .* learning_rate is 1e\+30: give a smaller"):
        _train(training=replace(TRAINING, optimiser="sgd", learning_rate=1e30))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"inputs": X[:, :99]}, r"inputs have shape \(64, 99\).*\(rows, 100\)"),
        ({"inputs": X.reshape(64, 10, 10)}, "images as one line each"),
        ({"inputs": np.where(X == 1, np.nan, 0.0)}, r"inputs have \d+ values that are not finite"),
        ({"labels": Y * 2}, "labels go from 0 to 2: give classes from 0 to 1"),
        ({"training": replace(TRAINING, orthonormal=0.1)}, "orthonormal is 0.1 and the network convolutional"),
        ({"engine": "wide"}, "the engine 'wide' trains fully connected networks"),
        ({"engine": "fast"}, "no engine 'fast'"),
    ],
)
def test_refusals(changes, message):
    with pytest.raises(InputError, match=message):
        _train(**changes)


class Stop(Exception):
    """In place of a kill."""


def _stopped(folder, after, **options):
    """Train until `after` epochs are done, and stop dead."""

    def progress(done, _total):
        if done >= after:
            raise Stop

    with pytest.raises(Stop):
        _train(folder=folder, progress=progress, **options)


@pytest.mark.parametrize("network", [NETWORK, ROUNDED], ids=["noise", "rounding"])
def test_stopped_and_begun_again_it_ends_in_the_same_bits(tmp_path, monkeypatch, network):
    monkeypatch.setattr(train_module, "_SECONDS", 0.0)
    options = {"network": network, "record": recording.every(2, 12), "training": replace(TRAINING, prefit=3, epochs=9)}
    whole = _train(**options)
    for after in (1, 6):
        _stopped(tmp_path / "a", after, **options)
    _equal(whole, _train(folder=tmp_path / "a", **options))
    _equal(whole, _train(folder=tmp_path / "a", **options))  # finished: nothing is left to do
    with pytest.raises(InputError, match=r"holds another training \(network\.dropout is"):
        _train(folder=tmp_path / "a", **{**options, "network": replace(network, dropout=0.5)})


LONG = {"training": replace(TRAINING, epochs=2000), "runs": 2, "record": recording.every(10, 2000)}
ALONE = """
import sys
import numpy as np
from mibench.networks import recording, train as module
from mibench.networks.convolutional import Convolutional
from mibench.networks.spec import Training
module._SECONDS = 0.0
x = ((np.arange(64)[:, None] * (np.arange(100) + 3) >> 4) & 1).astype(np.uint8)
network = Convolutional(channels=(2, 2), dense=(4,), classes=2, side=10, noise=0.1, dropout=0.2)
training = Training(epochs=2000, batch=16, learning_rate=0.01, init="torch_default")
record = recording.every(10, 2000)
module.train(network, training, x, x[:, :50].sum(1) > 25, runs=2, record=record, folder=sys.argv[1])
"""


def test_killed_at_any_moment_it_ends_in_the_same_bits(tmp_path):
    whole, folder = _train(**LONG), tmp_path / "a"
    for parts in (1, 30):  # at least so many before each kill
        child = subprocess.Popen([sys.executable, "-c", ALONE, str(folder)])
        deadline = time.monotonic() + 120
        while len(list(folder.glob("part-*.npz"))) < parts and child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        child.kill()
        assert child.wait() == -signal.SIGKILL
    assert 30 <= len(list(folder.glob("part-*.npz"))) < 200
    _equal(whole, _train(folder=folder, **LONG))
    assert not list(folder.glob(".*"))


@pytest.mark.parametrize(("noise", "dropout", "most"), [(0.1, 0.0, 512), (0.1, 0.1, 512), (0.0, 0.1, 724)])
def test_no_layer_reads_more_units_than_there_are_numbers_for(noise, dropout, most):
    network = replace(LARGE, noise=noise, dropout=dropout)
    check_units(LARGE)
    check_units(replace(network, side=most))
    told = rf"layer 1 reads \(1, 730, 730\), 532900 units, .* at most {2**18 if noise else 2**19}"
    with pytest.raises(InputError, match=told):
        check_units(network)
    with pytest.raises(InputError, match="give smaller images"):
        train(network, Training(epochs=1, batch=1), np.zeros((2, 730**2), "f4"), [0, 1], runs=1, engine="batched")
