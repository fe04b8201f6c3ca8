# SPDX-License-Identifier: Apache-2.0
"""The journal: append-only JSON Lines, one row per trial, on disk before the next trial starts.

One writer (the parent), one `fsync` per row. A line torn by a crash is cut and its trial runs again. JSON has no NaN
and no infinity: an open end of an interval is null, a diagnostic that is not finite is null.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mibench.contracts import STATUSES, MibenchError, Row

__all__ = ["COLUMNS", "SCHEMA", "FolderError", "Journal", "counts", "from_line", "latest", "read", "to_line"]

SCHEMA = 1  # raise it when COLUMNS or their meaning changes; the manifest holds it
COLUMNS = tuple(field.name for field in dataclasses.fields(Row))


class FolderError(MibenchError):
    """A run folder that cannot be read or written; the message names it and the next step."""


def to_line(row: Row) -> str:
    """One line of JSON, newline included, with exactly `COLUMNS` as keys."""
    values = {name: getattr(row, name) for name in COLUMNS}
    for name in ("interval", "bounds"):
        if values[name] is not None:
            values[name] = [_finite(end) for end in values[name]]
    for name in ("estimate", "std_error", "truth", "truth_std_error", "seconds", "peak_mb"):
        values[name] = _finite(values[name])
    values["diagnostics"] = {key: _finite(value) for key, value in row.diagnostics.items()}
    return json.dumps(values, allow_nan=False) + "\n"


def from_line(line: str) -> Row:
    """Read a line back.

    Raises
    ------
    ValueError
        If the line is not JSON.
    FolderError
        If it is JSON of another schema.
    """
    values = json.loads(line)
    if not isinstance(values, dict) or set(values) != set(COLUMNS):
        found = set(values) if isinstance(values, dict) else set()
        extra, missing = sorted(found - set(COLUMNS)), sorted(set(COLUMNS) - found)
        raise FolderError(f"a row of another schema (unknown keys {extra}, missing keys {missing})")
    if values["status"] not in STATUSES:
        raise FolderError(f"a row of another schema (status {values['status']!r}; there are {', '.join(STATUSES)})")
    for name in ("interval", "bounds"):
        if values[name] is not None:
            low, high = values[name]
            values[name] = (-math.inf if low is None else low, math.inf if high is None else high)
    values["diagnostics"] = {k: math.nan if v is None else v for k, v in values["diagnostics"].items()}
    return Row(**values)


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
    lines = data.splitlines(keepends=True)
    for number, line in enumerate(lines, 1):
        if not line.endswith(b"\n"):
            break  # torn while it was written
        try:
            rows.append(from_line(line.decode()))
        except FolderError as error:
            raise FolderError(
                f"{path}, line {number}: {error}. This version of mibench reads schema {SCHEMA}: read the folder with "
                "the version that wrote it, or choose another --out"
            ) from None
        except ValueError as error:
            if number == len(lines):
                break
            raise FolderError(
                f"{path}, line {number} is damaged ({error}): remove that line (its trial will run again) or choose "
                "another --out"
            ) from None
        sound += len(line)
    return rows, sound


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
        self.path = path
        self.rows: dict[str, Row] = {row.key: row for row in rows}
        self.cut = 0  # bytes of a torn last line that were removed
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            self.cut = os.fstat(self._file).st_size - sound
            os.ftruncate(self._file, sound)
            os.lseek(self._file, 0, os.SEEK_END)
        except OSError as error:
            raise self._refusal(error) from error

    def append(self, row: Row) -> None:
        """Write `row`; when this returns, it is on disk.

        Raises
        ------
        FolderError
            If it could not be written (a full disk): what was there before is kept whole.
        """
        before = os.lseek(self._file, 0, os.SEEK_CUR)
        data = memoryview(to_line(row).encode())
        try:
            while data:
                data = data[os.write(self._file, data) :]
            os.fsync(self._file)
        except OSError as error:
            try:
                os.ftruncate(self._file, before)
                os.lseek(self._file, before, os.SEEK_SET)
            except OSError:
                pass  # the torn line is cut when the journal is next opened
            raise self._refusal(error) from error
        self.rows[row.key] = row

    def close(self) -> None:
        """Close the file; every row is on disk already."""
        os.close(self._file)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _refusal(self, error: OSError) -> FolderError:
        return FolderError(
            f"cannot write to {self.path.parent}: {error.strerror}. The {len(self.rows)} rows written so far are safe: "
            "free some space or make the folder writable, then give the same command again"
        )


def _finite(value: float | None) -> float | None:
    return value if value is None or math.isfinite(value) else None


def counts(rows: Iterable[Row]) -> Mapping[str, int]:
    """Rows per status, in the order of `STATUSES`."""
    tally: dict[str, Any] = dict.fromkeys(STATUSES, 0)
    for row in rows:
        tally[row.status] += 1
    return tally
