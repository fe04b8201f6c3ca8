# SPDX-License-Identifier: Apache-2.0
"""One row as one line of JSON, and back, with a checksum: a line that changed on its way is never taken for a row.

JSON has no NaN and no infinity: an open end of an interval is null, a diagnostic that is not finite is null.
"""

from __future__ import annotations

import dataclasses
import json
import math
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from mibench.contracts import STATUSES, MibenchError, Row

__all__ = ["COLUMNS", "READABLE", "SCHEMA", "FolderError", "finite", "from_line", "to_line"]

SCHEMA = 2  # raise it when COLUMNS or their meaning changes; the manifest holds it
READABLE = (1, 2)
COLUMNS = tuple(field.name for field in dataclasses.fields(Row))
_SINCE_2 = ("check", "seed", "task_version", "estimator_version", "sample")  # a row of schema 1 has none of them
_SCHEMAS = (frozenset(COLUMNS), frozenset(COLUMNS) - frozenset(_SINCE_2))
_SUM = "crc32"  # the last key of a line, over all that stands before it; journals of schema 1 have none


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
    """One line of JSON, newline included, with `COLUMNS` and the checksum of what stands before it as keys."""
    values = {name: getattr(row, name) for name in COLUMNS}
    for name in ("interval", "bounds"):
        if values[name] is not None:
            values[name] = [finite(end) for end in values[name]]
    for name in _NUMBERS:
        values[name] = finite(values[name])
    values["diagnostics"] = {key: finite(value) for key, value in row.diagnostics.items()}
    values["sample"] = None if row.sample is None else [finite(value) for value in row.sample]
    body = json.dumps(values, allow_nan=False)[:-1]
    return f'{body}, "{_SUM}": "{_checksum(body)}"}}\n'


def from_line(line: str) -> Row:
    """Read a line back, of this schema or of an earlier one.

    Raises
    ------
    ValueError
        If the line is not JSON, is not what was written, or a value is not what its key holds.
    FolderError
        If it is JSON of another schema.
    """
    values = json.loads(line)
    if isinstance(values, dict) and _SUM in values:
        body = line.rpartition(f', "{_SUM}": ')[0]
        if values.pop(_SUM) != _checksum(body):
            raise ValueError("its checksum is that of another text")
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


def _checksum(text: str) -> str:
    return f"{zlib.crc32(text.encode(errors='surrogatepass')):08x}"


def finite(value: float | None) -> float | None:
    """`value` as JSON can hold it: None where it is NaN or infinite."""
    return value if value is None or math.isfinite(value) else None
