# SPDX-License-Identifier: Apache-2.0
"""Training by the hundred: all runs go from epoch to epoch in step, and leave a trajectory of parameters."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError
from mibench.networks import recording
from mibench.networks.checkpoints import Checkpoints
from mibench.networks.convolutional import AnyNetwork, Convolutional
from mibench.networks.quantisers import remembers
from mibench.networks.spec import Training
from mibench.networks.starts import Start, check_data, start
from mibench.networks.state import Engine, Rows, State
from mibench.networks.trajectory import Trajectory
from mibench.numerics.checks import check_count

__all__ = ["train"]

_VERSION = 1  # of what a setting and a seed lead to
_SMALL = 4096  # parameters up to which a network is one for the compiled engine
_STRIDE = 50  # epochs at most between looks at what came out
_SECONDS = 30.0  # between parts written to the folder
_ATTEMPTS = 100


def train(
    network: AnyNetwork,
    training: Training,
    inputs: Any,
    labels: Any,
    *,
    runs: int,
    seed: int = 0,
    record: Iterable[int] | None = None,
    folder: str | Path | None = None,
    engine: str | Engine = "auto",
    dtype: str = "float32",
    progress: Callable[[int, int], None] | None = None,
) -> Trajectory:
    """Train a network `runs` times from as many starts.

    Parameters
    ----------
    network : Network or Convolutional
    training : Training
    inputs : array, shape (N, network.widths[0])
        All rows, taken as they are, whole numbers too: scale images before.
    labels : array of int, shape (N,)
        Classes below ``network.widths[-1]``; 0 or 1 for a sigmoid.
    runs : int
        Run r is the same whatever their number.
    seed : int
        Root of all starts, orders and noises. Runs of equal number and seed start from the same weights and rows under
        any optimiser and batch.
    record : iterable of int, optional
        Increasing epochs at which parameters are kept, 0 for the start: `mibench.networks.recording` makes such, and
        its `usual` is the default.
    folder : str or Path, optional
        Where the training leaves parts as it goes. Begun again with the same arguments, it goes on from there and ends
        in the same bits as one that was never interrupted.
    engine : {"auto", "small", "wide", "batched"} or Engine
        The compiled one for small networks, that for wide inputs seen by all runs in one order, or torch's. Of a
        `Convolutional`, ``auto`` and ``small`` are its compiled one.
    dtype : {"float32", "float64"}
    progress : callable, optional
        Called with (epochs done, epochs in all).

    Returns
    -------
    Trajectory

    Raises
    ------
    InputError
        For arguments out of range, data that do not fit the network, a folder of another training, a run that diverged
        or was begun again too often.
    OSError
        If the folder cannot be written.
    """
    runs, seed = check_count("runs", runs, 1), check_count("seed", seed, 0)
    rows, said = check_data(network, inputs, labels, dtype)
    total = training.total_epochs
    epochs = recording.usual(total) if record is None else recording.checked(record, total)
    course = _Course(network, training, rows, said, seed, runs, epochs, _engine(engine, network, training))
    report = progress or (lambda _done, _all: None)
    if folder is None:
        for done in course.go():
            report(done, total)
        return course.trajectory()
    with Checkpoints(folder, course.setting()) as checkpoints:
        for header, arrays in checkpoints.parts():
            course.restore(header, arrays)
        written = time.monotonic()
        for done in course.go():
            if done == total or time.monotonic() - written >= _SECONDS:
                checkpoints.add(*course.part())
                written = time.monotonic()
            report(done, total)
    return course.trajectory()


def _engine(engine: str | Engine, network: AnyNetwork, training: Training) -> Engine:
    if isinstance(network, Convolutional):
        from mibench.networks.conv_disturb import check_units

        check_units(network)
    if not isinstance(engine, str):
        return engine
    if engine not in ("auto", "small", "wide", "batched"):
        raise InputError(f"no engine {engine!r}; there are: auto, small, wide, batched")
    if isinstance(network, Convolutional):
        return _convolutional_engine(engine)
    if engine == "small" or (engine == "auto" and network.n_parameters <= _SMALL):
        from mibench.networks.small import Small

        return Small()
    if engine != "batched":
        from mibench.networks.wide import Wide, fits

        if fits(network, training):
            return Wide()
        if engine == "wide":
            raise InputError(
                "the engine 'wide' trains runs of one order (shared_order) without noise, rounded weights or the "
                "orthonormal step: give engine='batched'"
            )
    from mibench.networks.batched import Batched

    return Batched()


def _convolutional_engine(engine: str) -> Engine:
    if engine == "wide":
        raise InputError("the engine 'wide' trains fully connected networks: give 'small', 'batched' or 'auto'")
    if engine == "batched":
        from mibench.networks.convolutional_reference import ConvolvedByTorch

        return ConvolvedByTorch()
    from mibench.networks.conv_engine import Convolved

    return Convolved()


class _Course:
    """All runs of a training, in step, and what is recorded of them."""

    def __init__(
        self,
        network: AnyNetwork,
        training: Training,
        inputs: NDArray[Any],
        labels: NDArray[np.int64],
        seed: int,
        runs: int,
        epochs: tuple[int, ...],
        engine: Engine,
    ) -> None:
        self.network, self.training, self.engine, self.seed = network, training, engine, seed
        self.inputs, self.labels, self.epochs = inputs, labels, epochs
        self.group = self._start([(run, 0) for run in range(runs)])
        points, kind = len(epochs), inputs.dtype
        self.parameters = np.zeros((runs, points, network.n_parameters), dtype=kind)
        self.ranges = np.zeros((runs, points, network.n_layers, 4), dtype=kind) if remembers(network) else None
        self.loss = np.zeros((runs, training.total_epochs), dtype=np.float32)
        self.accuracy = np.zeros_like(self.loss)
        self.restarts = np.zeros(runs, dtype=np.int64)
        self.kept = 0  # epochs whose results are in the parts written
        self.kept_points = 0
        self._record(self.group.state, range(runs))

    def go(self) -> Iterator[int]:
        """Train to the end, with a halt after each stride: the epochs done."""
        everyone = range(len(self.restarts))
        for stop in self._stops(self.group.state.epoch):
            self._advance(self.group, stop, everyone)
            for run in everyone:
                if self._is_below(run, stop):
                    self._again(run, stop)
            yield stop

    def trajectory(self) -> Trajectory:
        return Trajectory(
            network=self.network,
            training=self.training,
            seed=self.seed,
            dtype=str(self.inputs.dtype),
            epochs=np.asarray(self.epochs, dtype=np.int64),
            parameters=self.parameters,
            ranges=self.ranges,
            loss=self.loss,
            accuracy=self.accuracy,
            train=self.group.rows.train,
            restarts=self.restarts,
        )

    def setting(self) -> dict[str, Any]:
        """All that the result depends on."""
        return {
            "version": _VERSION,
            "network": asdict(self.network),
            "training": asdict(self.training),
            "seed": self.seed,
            "runs": len(self.restarts),
            "dtype": str(self.inputs.dtype),
            "engine": type(self.engine).__name__,
            "record": list(self.epochs),
            "inputs": hashlib.sha256(self.inputs.data).hexdigest(),
            "labels": hashlib.sha256(self.labels.data).hexdigest(),
        }

    def part(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """What came since the last part, and the state. All of it, if a run was begun again since."""
        state = self.group.state
        points = sum(epoch <= state.epoch for epoch in self.epochs)
        header = {
            "epoch": state.epoch,
            "steps": state.steps,
            "epochs": [self.kept, state.epoch],
            "points": [self.kept_points, points],
        }
        arrays = {
            "recorded": self.parameters[:, self.kept_points : points],
            "loss": self.loss[:, self.kept : state.epoch],
            "accuracy": self.accuracy[:, self.kept : state.epoch],
            "restarts": self.restarts,
            "parameters": state.parameters,
            "first": state.first,
            "second": state.second,
            "ranges": state.ranges,
        }
        if self.ranges is not None:
            arrays["recorded_ranges"] = self.ranges[:, self.kept_points : points]
        self.kept, self.kept_points = state.epoch, points
        return header, arrays

    def restore(self, header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        """Go to where a part was written, from where the one before it was."""
        points, epochs = slice(*header["points"]), slice(*header["epochs"])
        self.parameters[:, points], self.loss[:, epochs] = arrays["recorded"], arrays["loss"]
        self.accuracy[:, epochs] = arrays["accuracy"]
        if self.ranges is not None:
            self.ranges[:, points] = arrays["recorded_ranges"]
        if not np.array_equal(self.restarts, arrays["restarts"]):
            self.restarts = arrays["restarts"]
            self.group = self._start([(run, int(attempt)) for run, attempt in enumerate(self.restarts)])
        state = self.group.state
        state.epoch, state.steps = header["epoch"], header["steps"]
        for name in ("parameters", "first", "second", "ranges"):
            setattr(state, name, arrays[name])
        self.kept, self.kept_points = epochs.stop, points.stop

    def _start(self, runs: list[tuple[int, int]]) -> Start:
        return start(self.network, self.training, self.inputs, self.labels, self.seed, runs)

    def _stops(self, after: int) -> list[int]:
        total = self.training.total_epochs
        marks = {*self.epochs, *range(0, total, _STRIDE), self.training.prefit, total}
        return sorted(epoch for epoch in marks if epoch > after)

    def _advance(self, group: Start, stop: int, runs: Iterable[int]) -> None:
        """Train a group, of `runs`, to the epoch `stop`."""
        state, at = group.state, list(runs)
        begin = state.epoch
        rows: Rows = group.prefit if begin < self.training.prefit else group.rows
        with np.errstate(all="ignore"):  # a run that diverges is refused below, in words
            loss, accuracy = self.engine.advance(self.network, self.training, state, rows, stop - begin)
        self._check(state, loss, at, begin)
        self.loss[at, begin:stop], self.accuracy[at, begin:stop] = loss, accuracy
        self._record(state, at)

    def _record(self, state: State, runs: Iterable[int]) -> None:
        if state.epoch in self.epochs:
            point, at = self.epochs.index(state.epoch), list(runs)
            self.parameters[at, point] = state.parameters
            if self.ranges is not None:
                self.ranges[at, point] = state.ranges

    def _check(self, state: State, loss: NDArray[Any], runs: list[int], begin: int) -> None:
        bad = ~np.isfinite(loss)
        wrong = bad.any(axis=1) | ~np.isfinite(state.parameters).all(axis=1)
        if wrong.any():
            which = int(np.flatnonzero(wrong)[0])
            epoch = begin + (int(bad[which].argmax()) + 1 if bad[which].any() else loss.shape[1])
            raise InputError(
                f"run {runs[which]} diverged by epoch {epoch}: its loss or parameters are no longer finite; "
                f"learning_rate is {self.training.learning_rate:g}: give a smaller one, or smaller inputs"
            )

    def _is_below(self, run: int, stop: int) -> bool:
        """Whether a run, at an epoch, has to be begun again."""
        least, prefit = self.training.restart_below, self.training.prefit
        if least is None or stop <= prefit:
            return False
        seen = self.accuracy[run, max(prefit, prefit + self.training.restart_from - 1) : stop]
        at_end = stop == self.training.total_epochs and self.accuracy[run, stop - 1] < least
        return bool(at_end or (seen < least).any())

    def _again(self, run: int, stop: int) -> None:
        """Begin a run anew until one attempt gets as far as the others."""
        for attempt in range(int(self.restarts[run]) + 1, _ATTEMPTS + 1):
            self.restarts[run] = attempt
            group = self._start([(run, attempt)])
            self._record(group.state, [run])
            for halt in self._stops(0):
                self._advance(group, halt, [run])
                if self._is_below(run, halt):
                    break
                if halt == stop:
                    self._replace(run, group)
                    return
        raise InputError(
            f"run {run} stayed below a training accuracy of {self.training.restart_below} in {_ATTEMPTS} attempts: "
            "give a lower restart_below, more epochs or another learning_rate (to `mibench study`, whose settings have "
            "theirs, another --seed or, of quick scale, --scale paper), or see whether the images tell the labels apart"
        )

    def _replace(self, run: int, group: Start) -> None:
        for name in ("parameters", "first", "second", "ranges", "keys"):
            getattr(self.group.state, name)[run] = getattr(group.state, name)[0]
        for mine, new in ((self.group.rows, group.rows), (self.group.prefit, group.prefit)):
            mine.train[run], mine.labels[run] = new.train[0], new.labels[0]
        self.kept = self.kept_points = 0  # of this run, nothing that was written holds
