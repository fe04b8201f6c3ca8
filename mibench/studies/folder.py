# SPDX-License-Identifier: Apache-2.0
"""A study's folder while a run works in it: held for one process, described, and what was done noted line by line."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from mibench.contracts import InputError, canonical_json
from mibench.files import open_above, write_whole
from mibench.harness import provenance
from mibench.studies.catalogue import Study
from mibench.studies.data import Data
from mibench.studies.jobs import Job, planes_of
from mibench.studies.setting import Computed, Scale, Setting

__all__ = ["describe", "held", "note"]

_VERSION = 1  # of what a study's folder holds
_FILE, _JOURNAL, _LOCK = "study.json", "journal.jsonl", ".lock"


def describe(folder: Path, study: Study, scale: Scale, seed: int, found: dict[str, list[Job]], data: Data) -> None:
    """Say in the folder what is in it.

    Raises
    ------
    InputError
        If it holds something else, or what it says of itself is damaged.
    """
    path = folder / _FILE
    asked = {"study": study.name, "scale": scale, "seed": seed, "version": _VERSION}
    if data.name:
        asked |= {"dataset": data.name, "data_digest": data.digest}
    before: dict[str, Any] = {}
    if path.exists():
        try:
            before = dict(json.loads(path.read_bytes()))
        except (ValueError, TypeError) as error:
            raise InputError(f"{path} is damaged ({error}): choose another --out, or remove it") from error
        same_data = bool(data.name) and before.get("data_digest") == data.digest  # whatever path it was read from
        for key, value in asked.items():
            if before.get(key) != value and not (key == "dataset" and same_data):
                raise InputError(
                    f"{folder} holds a study of {key} {before.get(key)!r}, and {value!r} was asked for: choose another "
                    "--out"
                )
    elif others := sorted(entry.name for entry in folder.iterdir() if entry.name != _LOCK):
        raise InputError(f"{folder} holds {others[0]!r} and no study: choose a new or an empty --out")
    names = [name for name in study.settings if name in found or name in before.get("settings", [])]
    drawn = {**before.get("planes", {})}
    for name, estimators in planes_of(found).items():
        drawn[name] = _in_order(study.settings[name], [*drawn.get(name, []), *estimators])
    about = {**before.get("about", {})}
    for name, each in found.items():
        now_about = _about(each[0].setting)
        if about.get(name, now_about).get("digest", now_about["digest"]) != now_about["digest"]:
            raise InputError(
                f"{folder} holds {name} as it was in another version of mibench, which trained it otherwise: choose "
                f"another --out, or delete {folder / 'settings' / name} and the setting's entry in {_FILE}"
            )
        about[name] = now_about
    now = datetime.now(UTC).isoformat(timespec="seconds")
    text = asked | {
        "data_title": data.title,
        "data": data.facts,
        "settings": names,
        "planes": drawn,
        "about": about,
        "versions": provenance.versions(),
        "hardware": provenance.hardware(),
        "started": before.get("started", now),
        "updated": now,
    }
    write_whole(path, json.dumps(text, indent=1).encode())


def _in_order(setting: Setting | Computed, estimators: list[str]) -> list[str]:
    """Each once, first those that the source draws, whenever they were asked for: what shows one plane shows theirs."""
    own = [wanted.estimator for wanted in setting.planes] if isinstance(setting, Setting) else []
    return [*(name for name in own if name in estimators), *(n for n in dict.fromkeys(estimators) if n not in own)]


def _about(setting: Setting | Computed) -> dict[str, Any]:
    about: dict[str, Any] = {"title": setting.title, "source": setting.source, "tags": sorted(setting.tags)}
    trained: list[Any] = []
    if isinstance(setting, Setting):
        trained = [asdict(setting.network), asdict(setting.training), setting.runs, setting.record, setting.dtype]
        about |= {
            "runs": setting.runs,
            "epochs": setting.training.epochs,
            "prefit": setting.training.prefit,
            "widths": list(setting.network.widths),
            "activation": setting.network.activation,
            "variant_of": setting.variant_of,
        }
    return about | {"digest": sha256(canonical_json(trained).encode()).hexdigest()}


def note(folder: Path, job: Job, seconds: float, error: str) -> None:
    """Add a line to the journal, and end one before it that a crash has torn, so that only that one is lost."""
    line = {
        "setting": job.setting.name,
        "product": job.product,
        "seconds": round(seconds, 3),
        "status": "failed" if error else "ok",
        "error": error,
    }
    with (folder / _JOURNAL).open("a+b") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")
        file.write(json.dumps(line).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Make the folder and hold it for one process.

    Raises
    ------
    InputError
        If it cannot be made, or another process holds it.
    """
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
