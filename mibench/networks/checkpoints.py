# SPDX-License-Identifier: Apache-2.0
"""A training in a folder: it may be killed at any moment, goes on from the last file, and ends in the same bits.

``setting.json`` says what is trained. ``part-000000.npz`` and those after it each hold the points recorded since the
part before, and the engine's state at their end; they are archives (`mibench.networks.archive`), whole or not there.
"""

from __future__ import annotations

import fcntl
import json
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from mibench.contracts import InputError, canonical_json, digest
from mibench.files import open_above, sync_folder, write_whole
from mibench.networks import archive

__all__ = ["Checkpoints"]

_KIND = "training"
_SETTING, _LOCK = "setting.json", "lock"
_UNFINISHED = ".part"  # what `write_whole` leaves if it is killed

Arrays = Mapping[str, NDArray[Any]]


class Checkpoints:
    """The folder of one training, which no other process may use at the same time.

    Raises
    ------
    InputError
        If the folder cannot be made, holds another training or is in use.
    """

    def __init__(self, folder: str | Path, setting: Mapping[str, Any]) -> None:
        self._folder, self._digest = Path(folder), digest(setting)
        self._next = 0
        self._lock = -1
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._refuse_others()
            self._lock = open_above(self._folder / _LOCK, os.O_CREAT | os.O_RDWR)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._claim(setting)
        except BlockingIOError as error:
            self.close()
            raise InputError(
                f"another process trains in {self._folder}: wait for it, or give another folder"
            ) from error
        except OSError as error:
            self.close()
            raise InputError(f"folder {self._folder} cannot be used ({error}): give one that can be written") from error
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Checkpoints:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the folder to others."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def parts(self) -> list[tuple[dict[str, Any], dict[str, NDArray[Any]]]]:
        """What was written, in order; a part that is damaged is named in a warning, and is to be done again."""
        found = []
        while (path := self._path(self._next)).exists():
            try:
                header, arrays = archive.read(path, _KIND)
                if header.get("setting") != self._digest:
                    raise InputError(f"{path} belongs to another training")
            except InputError as error:
                warnings.warn(f"{error}; it and what follows is trained again", RuntimeWarning, stacklevel=3)
                break
            found.append((header, arrays))
            self._next += 1
        for path in [*self._folder.glob("part-*.npz"), *self._folder.glob(f".*{_UNFINISHED}")]:
            if path.suffix == _UNFINISHED or path.name >= self._path(self._next).name:
                path.unlink()
        return found

    def add(self, header: Mapping[str, Any], arrays: Arrays) -> None:
        """Write the next part.

        Raises
        ------
        OSError
            If it cannot be written; those before are as they were.
        """
        archive.write(self._path(self._next), _KIND, {"setting": self._digest, **header}, arrays)
        sync_folder(self._folder)
        self._next += 1

    def _path(self, number: int) -> Path:
        return self._folder / f"part-{number:06d}.npz"

    def _refuse_others(self) -> None:
        """Leave a folder of somebody else as it was."""
        names = sorted(entry.name for entry in self._folder.iterdir() if entry.suffix != _UNFINISHED)
        others = [name for name in names if name != _LOCK]
        if others and _SETTING not in names:
            raise InputError(f"folder {self._folder} holds {others[0]!r} and no training: give a new or empty one")

    def _claim(self, setting: Mapping[str, Any]) -> None:
        """Have the folder say what is trained in it, or see that it is this."""
        path = self._folder / _SETTING
        if not path.exists():
            write_whole(path, canonical_json(setting).encode())
            return
        try:
            found = dict(json.loads(path.read_bytes()))
        except (ValueError, TypeError) as error:
            raise InputError(f"{path} is damaged ({error}): give another folder, or remove this one") from error
        if canonical_json(found) != canonical_json(setting):
            was, wanted = _leaves(found), _leaves(_plain(setting))
            differ = [name for name in sorted({*was, *wanted}) if was.get(name) != wanted.get(name)]
            shown = "; ".join(f"{name} is {_short(was.get(name))}, not {_short(wanted.get(name))}" for name in differ)
            raise InputError(f"folder {self._folder} holds another training ({shown}): give another folder")


def _plain(value: Any) -> Any:
    return json.loads(canonical_json(value))


def _short(value: Any) -> str:
    text = canonical_json(value)
    return text if len(text) < 60 else text[:57] + "..."


def _leaves(value: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Nested settings under dotted names: what differs is then named itself."""
    found: dict[str, Any] = {}
    for key, each in value.items():
        found |= _leaves(each, f"{above}{key}.") if isinstance(each, Mapping) else {f"{above}{key}": each}
    return found
