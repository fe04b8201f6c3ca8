# SPDX-License-Identifier: Apache-2.0
"""A study from its settings to its products: what is there already is left alone, what fails does not stop the rest."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError, MibenchError, canonical_json
from mibench.files import open_above, write_whole
from mibench.harness import provenance
from mibench.networks.train import train
from mibench.networks.trajectory import Trajectory
from mibench.studies import analyses, planes
from mibench.studies.catalogue import Study
from mibench.studies.grid import thinned
from mibench.studies.jobs import Job, jobs, planes_of
from mibench.studies.measures import measures
from mibench.studies.results import Results, save_analysis
from mibench.studies.setting import Scale, Setting

__all__ = ["Observer", "Outcome", "run"]

_VERSION = 1  # of what a study's folder holds
_FILE, _JOURNAL, _LOCK = "study.json", "journal.jsonl", ".lock"


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


def run(
    study: Study,
    names: Sequence[str],
    *,
    scale: Scale,
    folder: Path,
    seed: int = 0,
    estimators: Sequence[str] | None = None,
    observer: Observer,
) -> Outcome:
    """Compute what is missing of some settings.

    Parameters
    ----------
    study : Study
    names : sequence of str
        Of its settings.
    scale : {"quick", "paper"}
    folder : Path
        New, or of the same study, scale and seed: then only what it lacks is computed, to the bits that one
        uninterrupted run would have given.
    seed : int
        Root of everything.
    estimators : sequence of str, optional
        Planes to compute, in place of each setting's own; ``own`` stands for those.
    observer : Observer

    Raises
    ------
    InputError, UnknownName
        For a folder of something else or in use, or an unknown estimator; a setting that fails does not raise.
    OSError
        If the folder cannot be written.
    """
    for name in estimators or ():
        if name != "own":
            planes.get(name)
    found = {name: jobs(study.settings[name], scale, estimators) for name in names}
    todo = [job for each in found.values() for job in each]
    with _held(folder):
        _describe(folder, study, scale, seed, found)
        results = Results(folder)
        missing = [job for job in todo if not results.has(job.setting.name, job.product)]
        inputs, labels = study.data()
        worker = _Worker(results, inputs, labels, scale, seed)
        failed: list[tuple[str, str, str]] = []
        observer.plan(missing, len(todo) - len(missing))
        for job in missing:
            observer.begin(job)
            began = time.monotonic()
            error = worker.do(job, observer)
            seconds = time.monotonic() - began
            _note(folder, job, seconds, error)
            if error:
                failed.append((job.setting.name, job.product, error))
            observer.end(job, seconds, error)
    return Outcome(len(missing) - len(failed), len(todo) - len(missing), tuple(failed))


class _Worker:
    """Does jobs; keeps the trajectory that the next ones need."""

    def __init__(
        self, results: Results, inputs: NDArray[Any], labels: NDArray[np.int64], scale: Scale, seed: int
    ) -> None:
        self._results, self._inputs, self._labels, self._scale, self._seed = results, inputs, labels, scale, seed
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
        except Exception as error:  # whatever an estimator of a plug-in raises, the other products are computed
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
            measures(self._of(setting), self._inputs, self._labels, progress=progress).save(path)
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
        runs, points = trajectory.n_runs, len(trajectory.epochs)
        plane = planes.get(wanted.estimator).of_trajectory(
            trajectory,
            self._inputs,
            self._labels,
            runs=np.arange(min(wanted.runs or runs, runs)),
            points=thinned(trajectory.epochs, wanted.points or points),
            seed=seed,
            progress=progress,
        )
        if np.isnan(plane.information).all():
            raise InputError(f"no layer has an answer: {'; '.join(plane.reasons)}")
        replace(plane, estimator=wanted.estimator).save(path)

    def _train(self, setting: Setting, path: Path, progress: Any) -> None:
        parts = path.parent / "training"
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


def _derived(seed: int, *names: str) -> np.random.SeedSequence:
    """A seed of its own for each product, whatever others there are."""
    words = np.frombuffer(sha256(canonical_json(names).encode()).digest(), "<u4")
    return np.random.SeedSequence(entropy=seed, spawn_key=[int(word) for word in words])


def _describe(folder: Path, study: Study, scale: Scale, seed: int, found: dict[str, list[Job]]) -> None:
    """Say in the folder what is in it; refuse one that holds something else."""
    path = folder / _FILE
    asked = {"study": study.name, "scale": scale, "seed": seed, "version": _VERSION}
    before: dict[str, Any] = {}
    if path.exists():
        try:
            before = dict(json.loads(path.read_bytes()))
        except (ValueError, TypeError) as error:
            raise InputError(f"{path} is damaged ({error}): choose another --out, or remove it") from error
        for key, value in asked.items():
            if before.get(key) != value:
                raise InputError(
                    f"{folder} holds a study of {key} {before.get(key)!r}, and {value!r} was asked for: choose another "
                    "--out"
                )
    elif others := sorted(entry.name for entry in folder.iterdir() if entry.name != _LOCK):
        raise InputError(f"{folder} holds {others[0]!r} and no study: choose a new or an empty --out")
    names = [name for name in study.settings if name in found or name in before.get("settings", [])]
    drawn = {**before.get("planes", {})}
    for name, estimators in planes_of(found).items():
        drawn[name] = list(dict.fromkeys([*drawn.get(name, []), *estimators]))
    about = before.get("about", {}) | {name: _about(each[0].setting) for name, each in found.items()}
    now = datetime.now(UTC).isoformat(timespec="seconds")
    text = asked | {
        "settings": names,
        "planes": drawn,
        "about": about,
        "versions": provenance.versions(),
        "hardware": provenance.hardware(),
        "started": before.get("started", now),
        "updated": now,
    }
    write_whole(path, json.dumps(text, indent=1).encode())


def _about(setting: Any) -> dict[str, Any]:
    about = {"title": setting.title, "source": setting.source, "tags": sorted(setting.tags)}
    if isinstance(setting, Setting):
        about |= {
            "runs": setting.runs,
            "epochs": setting.training.epochs,
            "prefit": setting.training.prefit,
            "widths": list(setting.network.widths),
            "activation": setting.network.activation,
            "variant_of": setting.variant_of,
        }
    return about


def _note(folder: Path, job: Job, seconds: float, error: str) -> None:
    line = {
        "setting": job.setting.name,
        "product": job.product,
        "seconds": round(seconds, 3),
        "status": "failed" if error else "ok",
        "error": error,
    }
    with (folder / _JOURNAL).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
        file.flush()
        os.fsync(file.fileno())


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Make the folder and hold it for one process."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = open_above(folder / _LOCK, os.O_CREAT | os.O_RDWR)
    except OSError as error:
        raise InputError(f"cannot make the study's folder {folder}: {error.strerror}; choose another --out") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise InputError(f"another process works in {folder}: wait for it, or choose another --out") from error
    finally:
        os.close(lock)
