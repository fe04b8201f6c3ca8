# SPDX-License-Identifier: Apache-2.0
"""Training by the hundred: each run its own, restarts, refusals, and resumption to the bit after any kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mibench.contracts import InputError
from mibench.datasets import splits
from mibench.networks import recording
from mibench.networks import train as train_module
from mibench.networks.initial import initial
from mibench.networks.small import Small
from mibench.networks.spec import Network, Training
from mibench.networks.starts import start
from mibench.networks.train import train
from mibench.networks.trajectory import Trajectory

NETWORK = Network(widths=(6, 4, 2))
TRAINING = Training(epochs=12, batch=16, learning_rate=0.01)
X = ((np.arange(64)[:, None] >> np.arange(6)) & 1).astype(np.uint8)
Y = (X.sum(1) > 2).astype(np.uint8)


def _train(network=NETWORK, training=TRAINING, inputs=X, labels=Y, **options):
    return train(network, training, inputs, labels, **{"runs": 2, **options})


def _equal(a, b):
    for field in fields(Trajectory):
        mine, other = getattr(a, field.name), getattr(b, field.name)
        assert np.array_equal(mine, other) if isinstance(mine, np.ndarray) else mine == other, field.name


def test_shapes_types_and_the_start():
    found = _train(record=[0, 3, 12])
    assert found.parameters.shape == (2, 3, NETWORK.n_parameters)
    assert found.parameters.dtype == np.float32
    assert found.ranges is None
    assert found.loss.shape == found.accuracy.shape == (2, 12)
    assert found.epochs.tolist() == [0, 3, 12]
    assert found.restarts.tolist() == [0, 0]
    begun = start(NETWORK, TRAINING, X.astype(np.float32), Y.astype(np.int64), 0, [(0, 0), (1, 0)])
    assert np.array_equal(found.parameters[:, 0], begun.state.parameters)
    assert np.array_equal(found.train, begun.rows.train)
    assert found.loss[:, -1].max() < found.loss[:, 0].min()


def test_what_is_recorded_does_not_change_what_is_trained():
    for record in (None, [12], recording.every(5, 12)):
        assert np.array_equal(_train(record=record).parameters[:, -1], _train(record=[1, 12]).parameters[:, -1])


def test_a_run_is_the_same_whatever_the_number_of_runs():
    many, few = _train(runs=5), _train(runs=2)
    assert np.array_equal(many.parameters[:2], few.parameters)
    assert np.array_equal(many.loss[:2], few.loss)
    assert len(np.unique(many.parameters[:, 0], axis=0)) == 5
    assert not np.array_equal(few.parameters, _train(seed=1).parameters)


def test_optimisers_and_batches_start_alike():
    one, other = _train(), _train(training=replace(TRAINING, optimiser="sgd", batch=None))
    assert np.array_equal(one.parameters[:, 0], other.parameters[:, 0])
    assert np.array_equal(one.train, other.train)
    assert not np.array_equal(one.parameters[:, -1], other.parameters[:, -1])


def test_ranges_are_recorded_where_they_hold_after_training():
    found = _train(Network(widths=(6, 4, 2), activation="relu", bits=4, mode="tfmot"), record=[0, 12])
    assert found.ranges.shape == (2, 2, 2, 4)
    assert (found.ranges[:, 0, :, :2] == [-6, 6]).all()
    assert (found.ranges[:, 1, :, 0] > -6).all()


def test_float64():
    assert _train(dtype="float64").parameters.dtype == np.float64
    assert _train(dtype="float64").parameters == pytest.approx(_train().parameters, abs=1e-3)


def test_both_engines_train_the_same():
    small, batched = (_train(engine=name, dtype="float64") for name in ("small", "batched"))
    assert batched.parameters == pytest.approx(small.parameters, abs=1e-9)


@pytest.mark.parametrize("split", ["stratified", "random", "first"])
def test_splits(split):
    found = _train(training=replace(TRAINING, fraction=0.5, split=split))
    assert found.train.shape == (2, 32)
    assert np.array_equal(found.train[0], found.train[1]) == (split == "first")
    assert len(np.unique(found.train[0])) == 32
    if split == "first":
        assert np.array_equal(found.train[0], splits.first(64, 0.5)[0])
    if split == "stratified":
        assert abs(Y[found.train].sum(1) - Y.sum() / 2).max() <= 1


def test_one_split_and_one_order_for_all():
    fixed = _train(training=replace(TRAINING, fixed_split=True))
    assert np.array_equal(fixed.train[0], fixed.train[1])
    begun = start(NETWORK, replace(TRAINING, shared_order=True), X.astype("f4"), Y.astype(int), 0, [(0, 0), (1, 3)])
    assert begun.state.keys[0, 0] == begun.state.keys[1, 0]
    assert begun.state.keys[0, 1] != begun.state.keys[1, 1]
    assert np.array_equal(*begun.rows.train)
    assert _train(training=replace(TRAINING, fraction=1.0)).train.shape == (2, 64)


def test_labels_true_random_and_shuffled_at_first():
    labels = Y.astype(np.int64)

    def begun(**changes):
        return start(NETWORK, replace(TRAINING, **changes), X.astype("f4"), labels, 0, [(0, 0), (1, 0)])

    true, random, prefit = begun(), begun(labels="random"), begun(prefit=3)
    assert np.array_equal(true.rows.labels, labels[true.rows.train])
    assert np.array_equal(true.prefit.labels, true.rows.labels)
    assert 0.3 < (random.rows.labels == true.rows.labels).mean() < 0.7
    assert np.array_equal(prefit.rows.labels, true.rows.labels)
    assert not np.array_equal(prefit.prefit.labels, true.rows.labels)
    assert np.array_equal(prefit.prefit.labels.sum(1), true.rows.labels.sum(1))


def test_prefit_is_a_training_on_other_labels_that_goes_on():
    class Spy(Small):
        seen = ()

        def advance(self, network, training, state, rows, epochs):
            self.seen += ((state.epoch, epochs, state.steps, rows.labels.copy()),)
            return super().advance(network, training, state, rows, epochs)

    spy = Spy()
    found = _train(training=replace(TRAINING, prefit=5), record=[0, 17], engine=spy)
    assert [seen[:3] for seen in spy.seen] == [(0, 5, 0), (5, 12, 20)]
    assert not np.array_equal(spy.seen[0][3], spy.seen[1][3])
    assert found.loss.shape == (2, 17)


RESTARTING = replace(TRAINING, epochs=60, restart_below=0.8, restart_from=40)


def test_runs_below_are_begun_again_and_others_left_alone():
    plain = _train(training=replace(RESTARTING, restart_below=None), runs=8)
    found = _train(training=RESTARTING, runs=8)
    below = (plain.accuracy[:, 39:] < 0.8).any(axis=1)
    assert 0 < below.sum() < 8
    assert np.array_equal(found.restarts > 0, below)
    assert np.array_equal(found.parameters[~below], plain.parameters[~below])
    assert (found.accuracy[:, 39:] >= 0.8).all()
    again = int(np.flatnonzero(below)[0])
    begun = start(NETWORK, RESTARTING, X.astype("f4"), Y.astype(int), 0, [(again, int(found.restarts[again]))])
    assert np.array_equal(found.parameters[again, 0], begun.state.parameters[0])
    assert np.array_equal(found.train[again], begun.rows.train[0])
    assert np.array_equal(_train(training=RESTARTING, runs=8, record=[60]).parameters[:, 0], found.parameters[:, -1])


def test_the_end_is_asked_where_the_training_ends_before_restart_from():
    short = replace(TRAINING, epochs=5, restart_from=1000)
    plain = _train(training=short, runs=8).accuracy[:, -1]
    least = float(np.median(plain)) + 1e-3
    assert least < 0.9
    found = _train(training=replace(short, restart_below=least), runs=8)
    assert np.array_equal(found.restarts > 0, plain < least)
    assert (found.accuracy[:, -1] >= least).all()


def test_restarts_come_to_an_end(monkeypatch):
    monkeypatch.setattr(train_module, "_ATTEMPTS", 3)
    with pytest.raises(InputError, match=r"run 0 stayed below a training accuracy of 0.99 in 3 attempts: .* --seed"):
        _train(training=replace(TRAINING, epochs=2, restart_below=0.99))


def test_a_run_that_diverges_is_refused():
    with pytest.raises(InputError, match=r"run \d diverged by epoch \d+: .* learning_rate is 1e\+30: give a smaller"):
        _train(Network(widths=(6, 4, 2), activation="relu"), replace(TRAINING, optimiser="sgd", learning_rate=1e30))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"inputs": X[:, :5]}, r"inputs have shape \(64, 5\).*\(rows, 6\)"),
        ({"inputs": X.reshape(64, 2, 3)}, "images as one line each"),
        ({"inputs": X[:1], "labels": Y[:1]}, "at least two rows"),
        ({"inputs": np.where(X == 1, np.nan, 0.0)}, "inputs have 192 values that are not finite"),
        ({"inputs": X.astype(str)}, "inputs have shape"),
        ({"labels": Y[:-1]}, r"labels have shape \(63,\).*each of 64 rows"),
        ({"labels": Y.astype(float)}, "are of float64: give a whole number"),
        ({"labels": Y * 2}, "labels go from 0 to 2: give classes from 0 to 1"),
        ({"labels": Y.astype(int) - 1}, "labels go from -1 to 0"),
        ({"runs": 0}, "runs is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"record": [3, 3]}, r"record is \(3, 3\): give increasing epochs from 0 to 12"),
        ({"record": [13]}, "record is"),
        ({"record": []}, "record is"),
        ({"dtype": "float16"}, "dtype is 'float16'"),
        ({"engine": "fast"}, "no engine 'fast'"),
        ({"training": replace(TRAINING, fraction=0.001)}, "fraction"),
        ({"network": Network(widths=(6, 2, 1), output="sigmoid"), "labels": Y + 1}, "labels go from 1 to 2"),
    ],
)
def test_refusals(changes, message):
    with pytest.raises(InputError, match=message):
        _train(**changes)


@given(st.integers(0, 20_000), st.integers(2, 500))
def test_epochs_to_record(epochs, points):
    for found in (recording.log_spaced(epochs, points), recording.every(points, epochs), recording.usual(epochs)):
        assert recording.checked(found, epochs) == found
        assert (found[0], found[-1]) == (0, epochs)
    assert len(recording.log_spaced(epochs, points)) <= points + 1
    assert len(recording.usual(epochs)) <= 470


def test_progress_is_told():
    told = []
    _train(progress=lambda done, total: told.append((done, total)), record=[0, 4, 12])
    assert told == [(4, 12), (12, 12)]


def test_a_training_of_no_epochs():
    found = _train(training=replace(TRAINING, epochs=0), record=[0])
    assert found.parameters.shape == (2, 1, NETWORK.n_parameters)
    assert found.loss.shape == (2, 0)
    assert initial(NETWORK, "glorot_uniform", 0).shape == found.parameters.shape[2:]


class Stop(Exception):
    """In place of a kill."""


def _stopped(folder, after, **options):
    """Train until `after` epochs are done, and stop dead."""

    def progress(done, _total):
        if done >= after:
            raise Stop

    with pytest.raises(Stop):
        _train(folder=folder, progress=progress, **options)


OPTIONS = {"training": replace(RESTARTING, prefit=3), "runs": 8, "record": recording.every(4, 63)}
NOISY = {"network": Network(widths=(6, 4, 2), noise=0.1), "record": recording.every(5, 12)}
ROUNDED = {
    "network": Network(widths=(6, 4, 2), activation="relu", bits=4, mode="tfmot"),
    "record": recording.every(2, 12),
}


@pytest.mark.parametrize("options", [OPTIONS, NOISY, ROUNDED], ids=["restarts", "noise", "rounding"])
def test_stopped_and_begun_again_it_ends_in_the_same_bits(tmp_path, monkeypatch, options):
    monkeypatch.setattr(train_module, "_SECONDS", 0.0)
    whole = _train(**options)
    for after in (1, 6, 45):
        if after < whole.training.total_epochs:
            _stopped(tmp_path / "a", after, **options)
    _equal(whole, _train(folder=tmp_path / "a", **options))
    _equal(whole, _train(folder=tmp_path / "a", **options))  # finished: nothing is left to do
    _equal(whole, _train(folder=tmp_path / "b", **options))


LONG = {"training": replace(TRAINING, epochs=3000), "runs": 3, "record": recording.every(10, 3000)}
ALONE = """
import sys
import numpy as np
from mibench.networks import recording, train as module
from mibench.networks.spec import Network, Training
module._SECONDS = 0.0
x = ((np.arange(64)[:, None] >> np.arange(6)) & 1).astype(np.uint8)
training = Training(epochs=3000, batch=16, learning_rate=0.01)
record = recording.every(10, 3000)
module.train(Network((6, 4, 2)), training, x, x.sum(1) > 2, runs=3, record=record, folder=sys.argv[1])
"""


def test_killed_at_any_moment_it_ends_in_the_same_bits(tmp_path):
    whole, folder = _train(**LONG), tmp_path / "a"
    for parts in (1, 40, 90):  # at least so many before each kill
        child = subprocess.Popen([sys.executable, "-c", ALONE, str(folder)])
        deadline = time.monotonic() + 300
        while len(list(folder.glob("part-*.npz"))) < parts and child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        child.kill()
        assert child.wait() == -signal.SIGKILL
    assert 90 <= len(list(folder.glob("part-*.npz"))) < 300
    _equal(whole, _train(folder=folder, **LONG))
    assert not list(folder.glob(".*"))


def test_a_damaged_part_is_named_and_trained_again(tmp_path, monkeypatch):
    monkeypatch.setattr(train_module, "_SECONDS", 0.0)
    _stopped(tmp_path, 10, record=recording.every(2, 12))
    parts = sorted(tmp_path.glob("part-*.npz"))
    assert len(parts) == 5
    for damage in (lambda data: data[:-7], lambda data: data[:900] + b"\0" + data[901:], lambda data: b""):
        parts[2].write_bytes(damage(parts[2].read_bytes()))
        with pytest.warns(RuntimeWarning, match=r"part-000002\.npz .* it and what follows is trained again"):
            _equal(_train(record=recording.every(2, 12)), _train(folder=tmp_path, record=recording.every(2, 12)))


def test_a_folder_of_something_else_is_refused(tmp_path):
    _train(folder=tmp_path / "a")
    for changes, message in (
        ({"seed": 1}, "seed is 0, not 1"),
        ({"training": replace(TRAINING, batch=8)}, "training.batch is 16, not 8"),
        ({"labels": 1 - Y}, "labels is"),
        ({"runs": 3}, "runs is 2, not 3"),
    ):
        with pytest.raises(InputError, match=rf"folder .* holds another training \({message}"):
            _train(folder=tmp_path / "a", **changes)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "thesis.tex").write_text("")
    with pytest.raises(InputError, match=r"holds 'thesis\.tex' and no training"):
        _train(folder=tmp_path / "b")
    assert [each.name for each in (tmp_path / "b").iterdir()] == ["thesis.tex"]  # it is left as it was
    with pytest.raises(InputError, match="cannot be used"):
        _train(folder=tmp_path / "b" / "thesis.tex")
    (tmp_path / "a" / "setting.json").write_text(json.dumps([1])[:2])
    with pytest.raises(InputError, match=r"setting\.json is damaged"):
        _train(folder=tmp_path / "a")


def test_a_part_of_another_training_is_not_taken(tmp_path):
    _train(folder=tmp_path / "a")
    _train(folder=tmp_path / "b", seed=1)
    os.replace(tmp_path / "a" / "part-000000.npz", tmp_path / "b" / "part-000000.npz")
    with pytest.warns(RuntimeWarning, match="belongs to another training"):
        _equal(_train(seed=1), _train(folder=tmp_path / "b", seed=1))


def test_a_folder_in_use_is_refused(tmp_path):
    def progress(_done, _total):
        _train(folder=tmp_path)

    with pytest.raises(InputError, match="another process trains in"):
        _train(folder=tmp_path, progress=progress)
