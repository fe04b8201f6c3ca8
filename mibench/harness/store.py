# SPDX-License-Identifier: Apache-2.0
"""The run folder: who may write to it, and how it is read back."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mibench.contracts import Row
from mibench.files import write_whole
from mibench.harness import journal
from mibench.harness.journal import FolderError

__all__ = ["FolderError", "Run", "check_target", "claim", "load", "owner", "write_manifest"]

JOURNAL = "journal.jsonl"
MANIFEST = "manifest.json"
_LOCK = ".lock"


@dataclass(frozen=True)
class Run:
    """A run as it stands on disk: the latest row of every trial, and what was asked and where it ran."""

    folder: Path
    manifest: dict[str, Any]
    rows: list[Row]


def load(folder: Path | str) -> Run:
    """Read a run folder; nothing in it is changed, and a run in progress may be read.

    Raises
    ------
    FolderError
        If it is no run folder, or one of a foreign schema.
    """
    folder = Path(folder)
    if not (folder / MANIFEST).is_file() and not (folder / JOURNAL).is_file():
        what = "has no manifest.json and no journal.jsonl" if folder.is_dir() else "does not exist"
        raise FolderError(f"{folder} is no run folder: it {what}; give the --out of a `mibench run`")
    rows, _ = journal.read(folder / JOURNAL)
    return Run(folder, read_manifest(folder), journal.latest(rows))


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest, or an empty mapping where there is none yet.

    Raises
    ------
    FolderError
        If it is damaged or of another schema.
    """
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise FolderError(f"cannot read {path}: {error}; restore it or choose another --out") from error
    found = manifest.get("schema") if isinstance(manifest, dict) else None
    if found not in journal.READABLE:
        raise FolderError(
            f"{folder} holds a run of schema {found}; this version of mibench reads schemas up to {journal.SCHEMA}: "
            "read it with the version that wrote it, or choose another --out"
        )
    return dict(manifest)


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Replace the manifest; a reader sees the old one or the new one, never half of one.

    Raises
    ------
    FolderError
        If the folder cannot be written.
    """
    text = json.dumps(manifest, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    try:
        write_whole(folder / MANIFEST, text.encode())
    except OSError as error:
        raise FolderError(
            f"cannot write {folder / MANIFEST}: {error.strerror}; free some space, make the folder writable or choose "
            "another --out"
        ) from error


def check_target(folder: Path) -> None:
    """Refuse to mix a run with other files: a run lives in a folder that is new, empty, or a run's already.

    Raises
    ------
    FolderError
        If the folder holds something, and neither a manifest nor a journal.
    """
    try:
        held = set(os.listdir(folder)) - {_LOCK}  # a run that was killed at once leaves its lock alone
    except OSError:  # not there yet, or of no use: `claim` says which
        return
    if held and not held & {MANIFEST, JOURNAL}:
        raise FolderError(
            f"{folder} is not empty and holds no run (such as {min(held)}): choose an empty or a new folder with --out"
        )


@contextlib.contextmanager
def claim(folder: Path) -> Iterator[None]:
    """Create the folder and hold it for one writer; the system lets go of it when the process ends, however it ends.

    Raises
    ------
    FolderError
        If another run holds it, it cannot be made, or it holds files that are not a run's.
    """
    check_target(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise FolderError(
            f"cannot make the run folder {folder}: {error.strerror}; choose a writable one with --out"
        ) from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise FolderError(
                f"another run (process {os.pread(lock, 100, 0).decode(errors='replace').strip() or 'unknown'}) is "
                f"writing to {folder}: wait for it, stop it, or choose another --out"
            ) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        yield
        os.ftruncate(lock, 0)
    finally:
        os.close(lock)


def owner(folder: Path) -> str | None:
    """The process that is writing to the folder now, or None."""
    try:
        lock = os.open(folder / _LOCK, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return None
    except OSError:
        return os.pread(lock, 100, 0).decode(errors="replace").strip() or "unknown"
    finally:
        os.close(lock)
