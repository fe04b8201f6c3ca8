# SPDX-License-Identifier: Apache-2.0
"""A study from its settings to its products: what is there already is left alone, what fails does not stop the rest."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError, MibenchError, canonical_json
from mibench.networks.train import train
from mibench.networks.trajectory import Trajectory
from mibench.studies import analyses, planes
from mibench.studies.catalogue import Study, select
from mibench.studies.data import Data
from mibench.studies.folder import describe, held, note
from mibench.studies.grid import thinned
from mibench.studies.jobs import Job, jobs
from mibench.studies.measures import measures
from mibench.studies.results import Measures, Plane, Results, load_analysis, save_analysis
from mibench.studies.setting import Scale, Setting, Wanted

__all__ = ["Observer", "Outcome", "check_estimators", "run"]

_PARTS = "training"  # where a training stores what it has done, beside the trajectory to be


class Observer(Protocol):
    """Told how far a study is."""

    def plan(self, missing: Sequence[Job], before: int) -> None:
        """What will be done, in order, and how many products are there already."""
        ...

    def begin(self, job: Job) -> None:
        """A job begins."""
        ...

    def progress(self, job: Job, share: float) -> None:
        """A share of it is done, 0 to 1."""
        ...

    def end(self, job: Job, seconds: float, error: str) -> None:
        """It ended, with an error unless that is empty."""
        ...


@dataclass(frozen=True)
class Outcome:
    """What a run came to: products done now and before, and setting, product and reason of those that failed."""

    done: int
    before: int
    failed: tuple[tuple[str, str, str], ...]


def check_estimators(names: Sequence[str] | None) -> None:
    """Raise `UnknownName` or `InputError` where one of the planes asked for cannot be drawn by that name."""
    for name in names or ():
        if name != "own":
            planes.get(name)


def run(
    study: Study,
    names: Sequence[str],
    *,
    scale: Scale,
    folder: Path,
    dataset: str | None = None,
    data_folder: Path | None = None,
    seed: int = 0,
    estimators: Sequence[str] | None = None,
    observer: Observer,
) -> Outcome:
    """Compute what is missing of some settings.

    Parameters
    ----------
    study : Study
    names : sequence of str
        Of its settings; patterns and tags too.
    scale : {"quick", "paper"}
    folder : Path
        New, or of the same study, scale and seed: then only what it lacks, or has damaged or at other epochs than are
        wanted now, is computed, to the bits that one uninterrupted run would have given.
    dataset, data_folder : str, Path, optional
        Of a study of images, as for `mibench.studies.catalogue.Study.data`.
    seed : int
        Root of everything.
    estimators : sequence of str, optional
        Planes to compute, in place of each setting's own; ``own`` stands for those.
    observer : Observer

    Raises
    ------
    InputError, UnknownName, NotInstalled
        For a folder of something else or in use, an unknown setting or estimator, data that are not there; a setting
        that fails does not raise.
    OSError
        If the folder cannot be written.
    """
    check_estimators(estimators)
    chosen = select(study.settings, ",".join(names))
    data = study.data(dataset, data_folder)
    found = {name: jobs(study.settings[name], scale, estimators, data) for name in chosen}
    todo = [job for each in found.values() for job in each]
    with held(folder):
        describe(folder, study, scale, seed, found, data)
        results = Results(folder)
        missing = _missing(results, todo)
        _clear(results, list(found))
        worker = _Worker(results, data, scale, seed)
        failed: list[tuple[str, str, str]] = []
        observer.plan(missing, len(todo) - len(missing))
        for job in missing:
            observer.begin(job)
            began = time.monotonic()
            error = worker.do(job, observer)
            seconds = time.monotonic() - began
            note(folder, job, seconds, error)
            if error:
                failed.append((job.setting.name, job.product, error))
            observer.end(job, seconds, error)
    return Outcome(len(missing) - len(failed), len(todo) - len(missing), tuple(failed))


class _Worker:
    """Does jobs; keeps the trajectory that the next ones need."""

    def __init__(self, results: Results, data: Data, scale: Scale, seed: int) -> None:
        self._results, self._inputs, self._labels = results, data.inputs, data.labels
        self._scale, self._seed = scale, seed
        self._trajectory: tuple[str, Trajectory] | None = None

    def do(self, job: Job, observer: Observer) -> str:
        """Compute and store a product; why not, or an empty text."""
        path = self._results.path(job.setting.name, job.product)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._compute(job, path, lambda share: observer.progress(job, share))
        except (OSError, KeyboardInterrupt):  # a full disk is not the setting's fault, and hits the next one too
            raise
        except MibenchError as error:
            return str(error)
        except (Exception, SystemExit) as error:  # whatever a plug-in's estimator raises, the others are computed
            return f"{type(error).__name__}: {error}"
        return ""

    def _compute(self, job: Job, path: Path, progress: Any) -> None:
        kind, _, name = job.product.partition("-")
        setting = job.setting
        seed = _derived(self._seed, setting.name, job.product)
        if not isinstance(setting, Setting):
            compute = analyses.load(analyses.COMPUTATIONS[name])
            save_analysis(path, compute(scale=self._scale, seed=seed, progress=progress))
        elif kind == "trajectory":
            self._train(setting, path, progress)
        elif kind == "measures":
            trajectory = self._of(setting)
            points = thinned(trajectory.epochs, setting.measured or len(trajectory.epochs))
            measures(trajectory, self._inputs, self._labels, points=points, progress=progress).save(path)
        elif kind == "analysis":
            analyse = analyses.load(analyses.ANALYSES[name])
            found = analyse(
                self._of(setting), self._inputs, self._labels, scale=self._scale, seed=seed, progress=progress
            )
            save_analysis(path, found)
        else:
            self._plane(job, path, seed, progress)

    def _plane(self, job: Job, path: Path, seed: np.random.SeedSequence, progress: Any) -> None:
        wanted, setting = job.wanted, job.setting
        assert wanted is not None
        assert isinstance(setting, Setting)
        trajectory = self._of(setting)
        runs, points = _cells(wanted, trajectory.n_runs, trajectory.epochs)
        plane = planes.get(wanted.estimator).of_trajectory(
            trajectory,
            self._inputs,
            self._labels,
            runs=runs,
            points=points,
            seed=seed,
            progress=progress,
        )
        if np.isnan(plane.information).all():
            raise InputError(f"no layer has an answer: {'; '.join(plane.reasons)}")
        replace(plane, estimator=wanted.estimator).save(path)

    def _train(self, setting: Setting, path: Path, progress: Any) -> None:
        parts = path.parent / _PARTS
        trajectory = train(
            setting.network,
            setting.training,
            self._inputs,
            self._labels,
            runs=setting.runs,
            seed=self._seed,
            record=setting.record,
            folder=parts,
            dtype=setting.dtype,
            progress=lambda done, total: progress(done / max(total, 1)),
        )
        trajectory.save(path)
        shutil.rmtree(parts)
        self._trajectory = (setting.name, trajectory)

    def _of(self, setting: Setting) -> Trajectory:
        if self._trajectory is None or self._trajectory[0] != setting.name:
            self._trajectory = None  # before the next one is read
            found = self._results.trajectory(setting.name)
            same = (found.network, found.training, found.seed, found.n_runs, tuple(found.epochs), found.dtype)
            if same != (setting.network, setting.training, self._seed, setting.runs, setting.record, setting.dtype):
                raise InputError(
                    f"{self._results.path(setting.name, 'trajectory')} is of another training than {setting.name} is "
                    "now: choose another --out, or delete the setting's folder"
                )
            self._trajectory = (setting.name, found)
        return self._trajectory[1]


def _cells(wanted: Wanted, runs: int, epochs: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The runs of a plane, and places of its epochs among the recorded ones."""
    return np.arange(min(wanted.runs or runs, runs)), thinned(epochs, wanted.points or len(epochs))


def _missing(results: Results, todo: Sequence[Job]) -> list[Job]:
    """What is not there, or damaged; trajectories, which are large, are looked at where something is made of them."""
    lacking = {(job.setting.name, job.product) for job in todo if not _is_there(results, job)}
    needed = {name for name, _ in lacking}
    for job in todo:
        name = job.setting.name
        if job.product == "trajectory" and name in needed and (name, job.product) not in lacking:
            try:
                results.trajectory(name)
            except InputError:
                lacking.add((name, job.product))
    return [job for job in todo if (job.setting.name, job.product) in lacking]


def _is_there(results: Results, job: Job) -> bool:
    """Whether a product is there, whole but for trajectories; a plane also of the runs and epochs wanted now."""
    setting, wanted = job.setting, job.wanted
    if not results.has(setting.name, job.product):
        return False
    kind, path = job.product.partition("-")[0], results.path(setting.name, job.product)
    try:
        if kind == "measures":
            Measures.load(path)
        if kind == "analysis":
            load_analysis(path)
        if wanted is None or not isinstance(setting, Setting):
            return True
        plane = Plane.load(path)
    except InputError:
        return False
    epochs = np.array(setting.record)
    runs, points = _cells(wanted, setting.runs, epochs)
    return np.array_equal(plane.runs, runs) and np.array_equal(plane.epochs, epochs[points])


def _clear(results: Results, names: Sequence[str]) -> None:
    """Remove parts of trainings that were stored whole by a process that was killed before it could."""
    for name in names:
        path = results.path(name, "trajectory")
        if path.is_file():
            shutil.rmtree(path.parent / _PARTS, ignore_errors=True)


def _derived(seed: int, *names: str) -> np.random.SeedSequence:
    """A seed of its own for each product, whatever others there are."""
    words = np.frombuffer(sha256(canonical_json(names).encode()).digest(), "<u4")
    return np.random.SeedSequence(entropy=seed, spawn_key=[int(word) for word in words])
