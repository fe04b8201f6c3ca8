# SPDX-License-Identifier: Apache-2.0
"""The run folder: who may write to it, and how it is read back."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mibench.contracts import Row
from mibench.files import open_above, write_whole
from mibench.harness import journal
from mibench.harness.journal import FolderError

__all__ = ["FolderError", "Run", "check_target", "claim", "load", "owner", "write_manifest"]

JOURNAL = "journal.jsonl"
MANIFEST = "manifest.json"
_STUDY = "study.json"
_LOCK = ".lock"
_LOOKING = 0.5  # seconds that one who looks at the lock may hold it
_OLD = 600.0  # seconds after which a half-written file is nobody's


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
    if _STUDY in held:
        raise FolderError(f"{folder} holds a study, not a run: choose another --out")
    if held and not held & {MANIFEST, JOURNAL}:
        raise FolderError(
            f"{folder} is not empty and holds no run (such as {min(held)}): choose an empty or a new folder with --out"
        )


@contextlib.contextmanager
def claim(folder: Path) -> Iterator[None]:
    """Create the folder and hold it for one writer; the system lets go of it when the process ends, however it ends.

    On a network file system this holds between machines as far as its locks do; the journal notices a second writer
    that they did not stop.

    Raises
    ------
    FolderError
        If another run holds it, it cannot be made or locked, or it holds files that are not a run's.
    """
    check_target(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_make(folder, error) from error
    lock = _lock(folder)
    try:
        _sign(lock, f"{os.getpid()}\n")
        _remove_leftovers(folder)
        yield
        _sign(lock, "")
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
    except BlockingIOError:
        return _signed(lock)
    except OSError:  # no locks there
        return None
    finally:
        os.close(lock)


def _lock(folder: Path) -> int:
    """The descriptor of the lock, which is ours."""
    path = folder / _LOCK
    deadline = time.monotonic() + _LOOKING
    while True:
        try:
            lock = open_above(path, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise _cannot_make(folder, error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_there(lock, path):
                return lock
            os.close(lock)  # removed meanwhile: what we hold is nobody's lock
        except BlockingIOError:  # by a run, or for a moment by one who looks at it
            holder = _signed(lock)
            os.close(lock)
            if time.monotonic() > deadline:
                raise FolderError(
                    f"another run (process {holder}) is writing to {folder}: wait for it, stop it, or choose another "
                    "--out"
                ) from None
            time.sleep(_LOOKING / 10)
        except OSError as error:
            os.close(lock)
            raise FolderError(
                f"cannot lock {path}: {error.strerror}; without locks two runs could mix, so choose an --out on "
                "another file system"
            ) from error


def _is_there(lock: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(lock), path.stat())
    except FileNotFoundError:
        return False


def _sign(lock: int, text: str) -> None:
    with contextlib.suppress(OSError):  # a courtesy to who is refused: a full disk must not stop the run for it
        os.ftruncate(lock, 0)
        os.pwrite(lock, text.encode(), 0)


def _signed(lock: int) -> str:
    return os.pread(lock, 100, 0).decode(errors="replace").strip() or "unknown"


def _remove_leftovers(folder: Path) -> None:
    """Remove what runs that were killed had half written; what `mibench report` is writing now is younger."""
    for file in folder.glob(".*.part"):
        with contextlib.suppress(OSError):
            if time.time() - file.stat().st_mtime > _OLD:
                file.unlink()


def _cannot_make(folder: Path, error: OSError) -> FolderError:
    return FolderError(f"cannot make the run folder {folder}: {error.strerror}; choose a writable one with --out")
