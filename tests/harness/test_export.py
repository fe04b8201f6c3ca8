# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import csv
import io
import json
import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from mibench.cli import main
from mibench.contracts import STATUSES, NotInstalled, Row
from mibench.harness import export
from mibench.harness.journal import to_line

FULL = Row(
    "k" * 64,
    "blobs[mi=3,size=32]",
    "ae[latent_dim=2]+wkl",
    5000,
    3,
    "ok",
    0.1 + 0.2,
    1 / 3,
    (-1e-300, 2 / 3),
    (0.5, math.inf),
    3.0,
    0.0,
    1.5,
    200.25,
    {"cap": math.nan, "k": 5.0},
    None,
    "symmetry",
    2**53 - 1,
    1,
    1001,
    (0.1, math.nan, 3.0, 4.0),
)
BARE = Row("b" * 64, "toy", "ksg", 10, 0, "unsupported", error='=HYPERLINK(1) says "no",\nand more')

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False)
ends = st.none() | st.tuples(st.floats(allow_nan=False), st.floats(allow_nan=False))
counts = st.none() | st.integers(0, 2**62)
rows = st.builds(
    Row,
    texts,
    texts,
    texts,
    st.integers(1, 2**40),
    st.integers(0, 9),
    st.sampled_from(STATUSES),
    numbers,
    numbers,
    ends,
    ends,
    numbers,
    numbers,
    numbers,
    numbers,
    st.dictionaries(texts, st.floats(allow_nan=False, allow_infinity=False), max_size=3),
    st.none() | texts,
    texts,
    counts,
    counts,
    counts,
    st.none() | st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 4),
)


def back(line: dict[str, Any]) -> Row:
    """A row from a line of a table."""
    values = {
        name: None if not isinstance(value, list | dict) and pd.isna(value) else value for name, value in line.items()
    }
    for name in ("interval", "bounds"):
        low, high = values.pop(f"{name}_low"), values.pop(f"{name}_high")
        values[name] = None if low is None else (low, high)
    for name in ("diagnostics", "sample"):
        if isinstance(values[name], str):
            values[name] = json.loads(values[name])
    values["sample"] = None if values["sample"] is None else tuple(values["sample"])
    return Row(**values)


@settings(deadline=None, max_examples=30)
@given(st.lists(rows, max_size=5))
def test_parquet_and_back_is_every_row(found: list[Row]) -> None:
    pytest.importorskip("pyarrow")
    table = pd.read_parquet(io.BytesIO(export.export(found, "parquet")))
    assert list(table.columns) == list(export.COLUMNS)
    assert [back(line) for line in table.to_dict("records")] == found


@settings(deadline=None, max_examples=30)
@given(st.lists(rows, max_size=5))
def test_json_and_back_is_every_row(found: list[Row]) -> None:
    lines = json.loads(export.export(found, "json"))
    assert all(list(line) != [] and set(line) == set(export.COLUMNS) for line in lines)
    finite = [each for each in found if not _open(each)]
    assert [back(line) for line, each in zip(lines, found, strict=True) if not _open(each)] == finite


def _open(row: Row) -> bool:
    return any(math.isinf(end) for pair in (row.interval, row.bounds) for end in pair or ())


@settings(deadline=None, max_examples=30)
@given(st.lists(rows, max_size=5))
def test_csv_and_back_is_every_number(found: list[Row]) -> None:
    table = csv.DictReader(io.StringIO(export.export(found, "csv").decode(), newline=""))
    for line, each in zip(table, found, strict=True):
        for name in ("estimate", "std_error", "truth", "seconds"):
            value = getattr(each, name)
            assert line[name] == "" if value is None else float(line[name]) == value
        for name in ("interval", "bounds"):
            low, high = line[f"{name}_low"], line[f"{name}_high"]
            assert getattr(each, name) == (None if low == "" else (float(low), float(high)))
        assert json.loads(line["diagnostics"]) == dict(each.diagnostics)


def test_known_rows() -> None:
    text = export.export([FULL, BARE], "csv").decode()
    header, full, rest = text.split("\n", 2)
    assert header == ",".join(export.COLUMNS)
    assert ",0.30000000000000004,0.3333333333333333,-1e-300,0.6666666666666666,0.5,inf,3.0,0.0,1.5,200.25," in full
    assert f",symmetry,{2**53 - 1},1,1001," in full
    assert '"\'=HYPERLINK(1) says ""no"",\nand more"' in rest, "a spreadsheet must not compute it"
    line, bare = json.loads(export.export([FULL, BARE], "json"))
    assert (line["diagnostics"], line["sample"]) == ({"cap": None, "k": 5.0}, [0.1, None, 3.0, 4.0])
    assert (line["bounds_low"], line["bounds_high"]) == (0.5, None)
    assert bare["error"] == BARE.error
    assert export.export([], "json") == b"[\n\n]\n"
    assert export.export([], "csv").decode() == header + "\n"


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"])
def test_no_text_of_a_csv_is_a_formula(first: str) -> None:
    hostile = replace(BARE, task=f"{first}1", estimator=f"{first}2", error=f"{first}3", check=f"{first}4")
    line = export.export([hostile], "csv").decode().partition("\n")[2]
    assert all(f"'{first}{i}" in line for i in range(1, 5))


def test_line_ends_within_a_text_end_no_line_and_half_a_character_stops_nothing() -> None:
    text = export.export([replace(BARE, error="10 %\r20 %\r\n\ud800")], "csv").decode()
    (line,) = csv.DictReader(io.StringIO(text, newline=""))
    assert (line["task"], line["error"]) == ("toy", "10 %\r20 %\r\n?")


def test_parquet_without_pyarrow_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(NotInstalled, match=r"pip install 'mibench\[parquet\]'"):
        export.export([FULL], "parquet")


def test_the_verb_writes_to_a_file_or_to_standard_output(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "journal.jsonl").write_text(to_line(FULL) + to_line(BARE))
    said = CliRunner().invoke(main, ["export", str(tmp_path / "run")])
    assert said.exit_code == 0, repr(said.exception)
    assert said.stdout.count("\n") == 4
    out = tmp_path / "table.json"
    said = CliRunner().invoke(main, ["export", str(tmp_path / "run"), "--format", "json", "--out", str(out)])
    assert said.exit_code == 0, said.output
    assert [line["n"] for line in json.loads(out.read_text())] == [5000, 10]
    said = CliRunner().invoke(main, ["export", str(tmp_path / "run"), "--out", str(tmp_path / "no" / "x.csv")])
    assert (said.exit_code, "cannot write" in said.output) == (2, True)
