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
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from mibench.contracts import STATUSES, MibenchError, Row

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

SCHEMA = 2  # raise it when COLUMNS or their meaning changes; the manifest holds it
READABLE = (1, 2)
COLUMNS = tuple(field.name for field in dataclasses.fields(Row))
_SINCE_2 = ("check", "seed", "task_version", "estimator_version", "sample")  # a row of schema 1 has none of them
_SCHEMAS = (frozenset(COLUMNS), frozenset(COLUMNS) - frozenset(_SINCE_2))
_BEGINNING = b'{"key": "'  # of every row


class FolderError(MibenchError):
    """A run folder that cannot be read or written; the message names it and the next step."""


def _is_number(value: Any) -> bool:
    """Finite, or null where there is none: what `to_line` writes."""
    if isinstance(value, int):
        return not isinstance(value, bool) and value.bit_length() < 1024  # beyond that it is no float
    return value is None or (isinstance(value, float) and math.isfinite(value))


def _is_pair(value: Any) -> bool:
    return value is None or (isinstance(value, list) and len(value) == 2 and all(map(_is_number, value)))


def _is_numbers(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_number, value.values()))


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_known_count(value: Any) -> bool:
    return value is None or _is_count(value)


def _is_list(value: Any) -> bool:
    return value is None or (isinstance(value, list) and all(map(_is_number, value)))


_TEXTS = ("key", "task", "estimator", "check")
_NUMBERS = ("estimate", "std_error", "truth", "truth_std_error", "seconds", "peak_mb")
_HOLDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    **{name: (lambda value: isinstance(value, str), "text") for name in _TEXTS},
    **dict.fromkeys(("n", "repetition"), (_is_count, "a whole number from 0")),
    **dict.fromkeys(_NUMBERS, (_is_number, "a number or null")),
    **dict.fromkeys(("interval", "bounds"), (_is_pair, "a pair of numbers or null")),
    "diagnostics": (_is_numbers, "an object of numbers"),
    "error": (lambda value: value is None or isinstance(value, str), "text or null"),
    **dict.fromkeys(("seed", "task_version", "estimator_version"), (_is_known_count, "a whole number from 0 or null")),
    "sample": (_is_list, "a list of numbers or null"),
}


def to_line(row: Row) -> str:
    """One line of JSON, newline included, with exactly `COLUMNS` as keys."""
    values = {name: getattr(row, name) for name in COLUMNS}
    for name in ("interval", "bounds"):
        if values[name] is not None:
            values[name] = [_finite(end) for end in values[name]]
    for name in _NUMBERS:
        values[name] = _finite(values[name])
    values["diagnostics"] = {key: _finite(value) for key, value in row.diagnostics.items()}
    values["sample"] = None if row.sample is None else [_finite(value) for value in row.sample]
    return json.dumps(values, allow_nan=False) + "\n"


def from_line(line: str) -> Row:
    """Read a line back, of this schema or of an earlier one.

    Raises
    ------
    ValueError
        If the line is not JSON, or a value is not what its key holds.
    FolderError
        If it is JSON of another schema.
    """
    values = json.loads(line)
    if not isinstance(values, dict) or values.keys() not in _SCHEMAS:
        found = set(values) if isinstance(values, dict) else set()
        extra, missing = sorted(found - set(COLUMNS)), sorted(set(COLUMNS) - found)
        raise FolderError(f"a row of another schema (unknown keys {extra}, missing keys {missing})")
    if "check" not in values:
        values |= dict.fromkeys(_SINCE_2) | {"check": ""}
    if values["status"] not in STATUSES:
        raise FolderError(f"a row of another schema (status {values['status']!r}; there are {', '.join(STATUSES)})")
    for name, (fits, expected) in _HOLDS.items():
        if not fits(values[name]):
            raise ValueError(f"{name} is {values[name]!r:.80}, not {expected}")
    for name in ("interval", "bounds"):
        if values[name] is not None:
            low, high = values[name]
            values[name] = (-math.inf if low is None else low, math.inf if high is None else high)
    values["diagnostics"] = {k: math.nan if v is None else v for k, v in values["diagnostics"].items()}
    if values["sample"] is not None:
        values["sample"] = tuple(math.nan if value is None else value for value in values["sample"])
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
    """Whether a line is what a crash leaves of a row: its beginning, or zeros where it was to be."""
    rest = line.rstrip(b"\0\n")
    return rest[: len(_BEGINNING)] == _BEGINNING[: len(rest)] and not _is_json(line)


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return line.endswith(b"\n")


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
