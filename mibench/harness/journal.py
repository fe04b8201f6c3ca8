# SPDX-License-Identifier: Apache-2.0
"""The journal: append-only JSON Lines, one row per trial, on disk before the next trial starts.

One writer (the parent), one `fsync` per row. A line torn by a crash is cut and its trial runs again. Whatever else has
changed the file is noticed, before it can pass for a result.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mibench.contracts import STATUSES, Row
from mibench.files import open_above, sync_folder, write_whole
from mibench.harness.lines import COLUMNS, READABLE, SCHEMA, FolderError, from_line, to_line
from mibench.harness.packed import PackedRows

__all__ = [
    "COLUMNS",
    "READABLE",
    "SCHEMA",
    "FolderError",
    "Journal",
    "counts",
    "from_line",
    "latest",
    "read",
    "to_line",
]

_BEGINNING = b'{"key": "'  # of every row


def read(path: Path) -> tuple[list[Row], int]:
    """Every whole row of a journal, and the length in bytes of that sound part.

    Raises
    ------
    FolderError
        For a foreign schema, or a damaged line that is not the last one.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return [], 0
    except OSError as error:
        raise FolderError(f"cannot read {path}: {error.strerror}") from error
    rows: list[Row] = []
    sound = 0
    lines = data.split(b"\n")  # and at nothing else: a carriage return is damage, not the end of a row
    last = lines.pop()
    lines = [line + b"\n" for line in lines] + ([last] if last else [])
    for number, line in enumerate(lines, 1):
        if not line.endswith(b"\n") and _is_torn(line):
            break
        try:
            if not line.endswith(b"\n"):
                raise ValueError("it is no row, nor the beginning of one")
            rows.append(from_line(line.decode()))
        except FolderError as error:
            raise FolderError(
                f"{path}, line {number}: {error}. This version of mibench reads schemas up to {SCHEMA}: read the "
                "folder with the version that wrote it, or choose another --out"
            ) from None
        except (ValueError, RecursionError) as error:
            if number == len(lines) and _is_torn(line):
                break
            raise FolderError(
                f"{path}, line {number} is damaged ({error}): remove that line (its trial will run again) or choose "
                "another --out"
            ) from None
        sound += len(line)
    return rows, sound


def _is_torn(line: bytes) -> bool:
    """Whether a last line is what a crash leaves of a row: its beginning, or zeros where some of it was to be."""
    whole = line.endswith(b"\n") and b"\0" not in line
    rest = line.rstrip(b"\0\n")
    return not whole and rest[: len(_BEGINNING)] == _BEGINNING[: len(rest)]


def latest(rows: Iterable[Row]) -> list[Row]:
    """One row per key, the last written, in the order the keys first appeared."""
    return list({row.key: row for row in rows}.values())


class Journal:
    """The journal of a run, open for appending; `rows` maps keys to the latest row.

    Raises
    ------
    FolderError
        If the folder cannot be written, or the journal is not one of ours.
    """

    def __init__(self, path: Path) -> None:
        rows, sound = read(path)
        self.path = path.absolute()  # a plug-in may change the working directory
        self.rows = PackedRows()
        for row in rows:
            self.rows.keep(row)
        self.cut = 0  # bytes of a torn last line that were removed
        self._end = sound
        try:
            self._file = open_above(path, os.O_RDWR | os.O_CREAT)
            self.cut = os.fstat(self._file).st_size - sound
            os.ftruncate(self._file, sound)
            sync_folder(path.parent)  # its name must outlive a power cut, as its rows do
        except OSError as error:
            raise self._refusal(error) from error

    def append(self, row: Row) -> None:
        """Write `row`; when this returns, it is on disk.

        Raises
        ------
        FolderError
            If it could not be written (a full disk): what was there before is kept whole. If another process has
            changed the file: that file is put aside, and the rows, this one included, are written anew.
        """
        if changed := self._changed():
            self.rows.keep(row)
            self._save_from(changed)
        line = to_line(row)
        data = memoryview(line.encode())
        end = self._end
        try:
            while data:
                written = os.pwrite(self._file, data, end)
                data, end = data[written:], end + written
            os.fsync(self._file)
        except OSError as error:
            with contextlib.suppress(OSError):  # else the torn line is cut when the journal is next opened
                os.ftruncate(self._file, self._end)
            raise self._refusal(error) from error
        self._end = end
        self.rows.keep(row, line)

    def close(self) -> None:
        """Close the file; every row is on disk already."""
        os.close(self._file)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _changed(self) -> str:
        """What another process did to the file; empty if it is as it was left."""
        try:
            there, ours = self.path.stat(), os.fstat(self._file)
        except OSError:
            return "removed"
        if (there.st_dev, there.st_ino) != (ours.st_dev, ours.st_ino):
            return "replaced"
        return "" if ours.st_size == self._end else "changed"

    def _save_from(self, changed: str) -> None:
        """Put the file that another process changed aside, write every row anew, and say so."""
        aside = self.path.with_name(f"{self.path.name}.{changed}")
        try:
            kept = ""
            if changed != "removed":
                os.replace(self.path, aside)
                kept = f" What it holds now was put aside as {aside.name}."
            write_whole(self.path, "".join(map(to_line, self.rows.values())).encode())
        except OSError as error:
            raise FolderError(
                f"{self.path} was {changed} by another process, and its rows could not be written anew "
                f"({error.strerror}): see what became of the folder before you give the same command again"
            ) from error
        raise FolderError(
            f"{self.path} was {changed} by another process while this run was writing it.{kept} The {len(self.rows)} "
            "rows so far were written anew. Find what writes there (a trial or a plug-in? a run on another machine?), "
            "then give the same command again to go on"
        )

    def _refusal(self, error: OSError) -> FolderError:
        return FolderError(
            f"cannot write to {self.path.parent}: {error.strerror}. The {len(self.rows)} rows written so far are safe: "
            "free some space or make the folder writable, then give the same command again"
        )


def counts(rows: Iterable[Row]) -> Mapping[str, int]:
    """Rows per status, in the order of `STATUSES`."""
    tally: dict[str, Any] = dict.fromkeys(STATUSES, 0)
    for row in rows:
        tally[row.status] += 1
    return tally
