# SPDX-License-Identifier: Apache-2.0
"""Every row and every column of a run for other programs: CSV, JSON, Parquet, with all digits."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Iterable
from typing import Any

import pandas as pd

from mibench.contracts import NotInstalled, Row
from mibench.harness.lines import finite
from mibench.tables import to_csv

__all__ = ["COLUMNS", "FORMATS", "export", "frame"]

FORMATS = ("csv", "json", "parquet")
_PAIRS = ("interval", "bounds")
_WHOLE = ("n", "repetition", "seed", "task_version", "estimator_version")
_NUMBERS = ("estimate", "std_error", "truth", "truth_std_error", "seconds", "peak_mb")


def _names() -> list[str]:
    names: list[str] = []
    for field in dataclasses.fields(Row):
        names += [f"{field.name}_low", f"{field.name}_high"] if field.name in _PAIRS else [field.name]
    return names


COLUMNS = tuple(_names())


def frame(rows: Iterable[Row]) -> pd.DataFrame:
    """One line per row, `COLUMNS` as columns; diagnostics and sample as JSON text, missing values as missing."""
    lines = [_line(row) for row in rows]
    table = pd.DataFrame(
        {name: [line[name] for line in lines] for name in COLUMNS}, columns=list(COLUMNS), dtype=object
    )
    for name in COLUMNS:
        if name in _WHOLE:
            table[name] = table[name].astype("Int64")
        elif name in _NUMBERS or name.endswith(("_low", "_high")):
            table[name] = table[name].astype("float64")
        else:
            table[name] = table[name].map(_sound).astype("string")
    return table


def export(rows: Iterable[Row], how: str) -> bytes:
    """The file's content, in one of `FORMATS`.

    In CSV a text that a spreadsheet would compute is marked as one (`mibench.tables.to_csv`); JSON and Parquet keep it.

    Raises
    ------
    NotInstalled
        For Parquet without pyarrow.
    """
    if how == "json":
        return _json(rows)
    table = frame(rows)
    if how == "parquet":
        try:
            import pyarrow  # noqa: F401
        except ModuleNotFoundError as error:
            raise NotInstalled("--format parquet needs pyarrow: pip install 'mibench[parquet]'") from error
        file = io.BytesIO()
        table.to_parquet(file, index=False, engine="pyarrow")
        return file.getvalue()
    return to_csv(table).encode()


def _sound(text: str | None) -> str | None:
    """`text` with ``?`` for each half of a character, which UTF-8 cannot hold."""
    return text if text is None else text.encode(errors="replace").decode()


def _line(row: Row) -> dict[str, Any]:
    values: dict[str, Any] = {field.name: getattr(row, field.name) for field in dataclasses.fields(Row)}
    for name in _PAIRS:
        values[f"{name}_low"], values[f"{name}_high"] = values.pop(name) or (None, None)
    values["diagnostics"] = json.dumps({key: finite(value) for key, value in row.diagnostics.items()})
    values["sample"] = None if row.sample is None else json.dumps([finite(value) for value in row.sample])
    return values


def _json(rows: Iterable[Row]) -> bytes:
    """A list of objects; JSON has no infinity, so the open end of a bound is null, as missing ones are."""
    lines = []
    for row in rows:
        values = {key: finite(value) if isinstance(value, float) else value for key, value in _line(row).items()}
        values["diagnostics"] = {key: finite(value) for key, value in row.diagnostics.items()}
        values["sample"] = None if row.sample is None else [finite(value) for value in row.sample]
        lines.append(json.dumps(values, allow_nan=False))
    return ("[\n" + ",\n".join(lines) + "\n]\n").encode()
