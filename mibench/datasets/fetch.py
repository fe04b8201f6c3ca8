# SPDX-License-Identifier: Apache-2.0
"""Fetch the files of a published set: what is there and right stays, each file is whole and checked or not there."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from mibench.contracts import InputError, NotInstalled, UnknownName
from mibench.datasets import idx
from mibench.datasets.places import VARIABLE, absent, cache, file_of, find
from mibench.datasets.published import FILES, MOST_BYTES, PUBLISHED, Published, digest_like
from mibench.datasets.transfer import Refused, Stopped, transfer
from mibench.files import open_above, sync_folder
from mibench.names import suggest

__all__ = ["TIMEOUT", "fetch", "state"]

TIMEOUT = 30.0  # seconds
_TRIES = 5  # of one mirror, for one file, as long as each brings it further
_LOCK = ".fetch.lock"

State = Literal["absent", "right", "damaged", "other"]
Progress = Callable[[str, int, int | None], None]


def fetch(
    name: str,
    to: str | os.PathLike[str] | None = None,
    *,
    mirrors: Sequence[str] | None = None,
    timeout: float = TIMEOUT,
    tell: Callable[[str], None] = lambda line: None,
    progress: Progress = lambda file, done, total: None,
) -> Path:
    """Have the four files of a published set in a folder; the folder.

    Parameters
    ----------
    name : {"mnist", "fashion-mnist"}
    to : path or None
        The files go into its folder `name`, unless it holds them itself. None: the folder that ``MIBENCH_DATA`` names,
        else the user's cache, and nothing is fetched where `mibench.datasets.sets.load` finds right files already.
    mirrors : sequence of str or None
        Addresses under which ``FILE.gz`` lies, tried in this order; None: where the set is published.
    timeout : float
        Seconds to wait for a connection, and for each next byte.
    tell : callable
        Told in a line what became of each file.
    progress : callable
        Told a file's name, the bytes of it that are there, and of how many where that is known.

    Raises
    ------
    UnknownName, InputError
        If there is no such set to fetch; if the folder cannot be written, is being fetched into, or holds other data
        under the name of a file, which are not overwritten.
    NotInstalled
        If no mirror gives a file; the message says what to get from where, and where to put it. What has come is kept.
    """
    published = _published(name)
    if (there := _there(published, to or None)) is not None:
        tell(f"{published.title} is there, and its contents are right: {there}")
        return there
    folder = Path(to or os.environ.get(VARIABLE) or cache()) / name
    left = [_address(each) for each in mirrors] if mirrors is not None else list(published.mirrors)
    with _locked(folder):
        for file, digest in zip(FILES, published.digests, strict=True):
            if _keep(folder, file, digest, published.title):
                tell(f"{file}: is there, and its contents are right")
                continue
            mirror = _fetch(published, folder, file, digest, left, timeout, progress)
            left.sort(key=lambda each: each != mirror)  # one that is down is not waited for again
            said = f"fetched from {mirror}" if mirror else "had come before"
            tell(f"{file}.gz: {said}, and its contents are right")
    return folder


def state(path: Path, digest: str) -> State:
    """What a file is: absent, right (its contents have the digest), damaged gzip, or anything else."""
    if not os.path.lexists(path):
        return "absent"
    try:
        data = idx.contents(path, MOST_BYTES)
    except idx.DamagedGzip:
        return "damaged"
    except InputError:
        return "other"
    return "right" if digest_like(data, digest) == digest else "other"


def _published(name: str) -> Published:
    if name == "digits":
        raise InputError("digits come with scikit-learn: there is nothing to fetch")
    if name not in PUBLISHED:
        raise UnknownName(
            f"no data set {name!r} to fetch: there are {', '.join(PUBLISHED)}{suggest(name, [*PUBLISHED])}"
        )
    return PUBLISHED[name]


def _address(mirror: str) -> str:
    if not mirror.startswith(("http://", "https://")):
        raise InputError(f"mirror {mirror!r} is no address: give one that begins with https:// or http://")
    return mirror if mirror.endswith("/") else f"{mirror}/"


def _there(published: Published, to: str | os.PathLike[str] | None) -> Path | None:
    """The folder that already holds all files, right ones."""
    if to is None:
        try:
            places = [find(published)]
        except NotInstalled:
            return None
    else:
        places = [Path(to) / published.name, Path(to)]
    for place in places:
        pairs = zip(FILES, published.digests, strict=True)
        if not absent(place) and all(state(file_of(place, name), digest) == "right" for name, digest in pairs):
            return place
    return None


def _keep(folder: Path, file: str, digest: str, title: str) -> bool:
    """Whether a right file is there. Damaged gzip is taken for a beginning; all else that is there is left alone."""
    plain, packed = folder / file, folder / f"{file}.gz"
    for path in (plain, packed):
        found = state(path, digest)
        if found == "right":
            return True
        if found == "other" or (found == "damaged" and path == plain):
            raise InputError(
                f"{path} is not the file of {title}, and stays as it is: move it away, or fetch to another folder"
            )
        if found == "damaged":
            try:
                if _size(_part(folder, file)):
                    packed.unlink()
                else:
                    os.replace(packed, _part(folder, file))
            except OSError as error:
                raise _cannot_write(path, error) from error
    return False


def _fetch(
    published: Published, folder: Path, file: str, digest: str, mirrors: Sequence[str], timeout: float, seen: Progress
) -> str | None:
    """Fetch one file from the first mirror that gives it: which that is, or None if an earlier try had all of it."""
    part, packed = _part(folder, file), folder / f"{file}.gz"
    failures = []
    try:
        if state(part, digest) == "right":  # stopped before it was named
            _place(part, packed)
            return None
        for mirror in mirrors:
            try:
                _from(f"{mirror}{file}.gz", part, digest, timeout, lambda done, total: seen(file, done, total))
            except (Refused, Stopped) as error:
                failures.append(f"{mirror} {error}")
                continue
            _place(part, packed)
            return mirror
    except OSError as error:
        raise _cannot_write(folder, error) from error
    raise NotInstalled(
        f"{published.title} could not be fetched, {file}.gz failed: {'; '.join(failures) or 'no mirror was given'}. "
        f"Give the same command again to go on, or get {', '.join(f'{each}.gz' for each in FILES)} from "
        f"{' or '.join(published.mirrors)} on another machine and put them into {folder}"
    )


def _from(address: str, part: Path, digest: str, timeout: float, seen: Callable[[int, int | None], None]) -> None:
    """Fetch one file from one mirror into `part`, and check it."""
    for left in reversed(range(_TRIES)):
        before = _size(part)
        try:
            transfer(address, part, MOST_BYTES, timeout, seen)
        except Stopped:
            if not left or _size(part) == before:
                raise
            continue
        if state(part, digest) == "right":
            return
        part.unlink()
        if not before:  # all of it came from there, at one go
            break
    raise Refused("sends other contents than were published")


def _place(part: Path, packed: Path) -> None:
    """Name a checked file, for good."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(part, packed)
    sync_folder(packed.parent)


def _part(folder: Path, file: str) -> Path:
    """Where a packed file lies until all of it has come."""
    return folder / f".{file}.gz.part"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Make a folder, and keep it from others who fetch."""
    lock = -1
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = open_above(folder / _LOCK, os.O_CREAT | os.O_RDWR)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if lock >= 0:
            os.close(lock)
        if isinstance(error, BlockingIOError):
            raise InputError(f"another process fetches into {folder}: wait for it, or give another folder") from error
        raise _cannot_write(folder, error) from error
    try:
        yield
    finally:
        os.close(lock)


def _cannot_write(place: Path, error: OSError) -> InputError:
    return InputError(
        f"{place} cannot be written ({error.strerror or error}): make room or give another folder; what has come is "
        "kept, and the same command goes on"
    )
