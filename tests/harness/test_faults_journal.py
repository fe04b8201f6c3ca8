# SPDX-License-Identifier: Apache-2.0
"""Whatever becomes of a journal's bytes, what is read are rows that were written, or an error that says where."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st

from mibench.cli import main
from mibench.contracts import Row
from mibench.harness import journal, store
from mibench.harness.journal import FolderError, Journal, read, to_line

if TYPE_CHECKING:
    from tests.harness.conftest import Runs

HERE = Path(__file__).parent
OLD = HERE / "golden" / "run-schema-1"


ROWS = [
    Row(
        "a" * 64,
        "pair[mi=1]",
        "quick",
        50,
        0,
        "ok",
        estimate=1.25,
        std_error=0.125,
        interval=(0.5, 2.0),
        bounds=(0.0, float("inf")),
        truth=1.0,
        seconds=0.5,
        peak_mb=100.0,
        diagnostics={"k": 3.0},
        seed=7,
        sample=(1.0, 2.0, 3.0, 4.0),
    ),
    Row("b" * 64, "pair", "x", 5, 1, "error", error='"<b>" \u2028 \u00e9 \\'),
    Row("c" * 64, "pair", "quick", 50, 2, "ok", estimate=-0.5, check="symmetry"),
]
LINES = [to_line(each).encode() for each in ROWS]
WHOLE = b"".join(LINES)
STARTS = [0, len(LINES[0]), len(LINES[0]) + len(LINES[1]), len(WHOLE)]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("journal") / "journal.jsonl"


def found(path: Path, data: bytes) -> list[Row] | None:
    """The rows of a file of `data`; None where it is refused, by a message that names the file and leaves it alone."""
    path.write_bytes(data)
    try:
        rows, sound = read(path)
    except FolderError:
        with pytest.raises(FolderError, match=rf"^{path}, line \d"):
            Journal(path)
        assert path.read_bytes() == data, "a journal that is refused must stay as it was"
        return None
    assert data[:sound].count(b"\n") == len(rows)
    return rows


def test_cut_anywhere_it_reads_to_the_last_whole_row(path: Path) -> None:
    for cut in range(len(WHOLE) + 1):
        whole = sum(start <= cut for start in STARTS[1:])
        assert found(path, WHOLE[:cut]) == ROWS[:whole]
        if cut % 100 == 0:
            with Journal(path) as book:
                assert list(book.rows) == [each.key for each in ROWS[:whole]]
                assert path.stat().st_size == STARTS[whole]


@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 7))
@example(WHOLE.index(b" ", STARTS[2]), 5)
def test_a_bit_that_flips_never_makes_another_row(path: Path, place: int, bit: int) -> None:
    data = bytearray(WHOLE)
    data[place] ^= 1 << bit
    rows = found(path, bytes(data))
    if rows is not None:  # the last row lost its end, or holds a zero, as after a crash
        assert rows == ROWS[:2]
        assert place == len(WHOLE) - 1 or (place >= STARTS[2] and data[place] == 0)


def reads(line: bytes) -> bool:
    try:
        journal.from_line(line.decode())
    except (ValueError, FolderError):
        return False
    return True


def test_every_bit_of_a_row_is_under_its_checksum() -> None:
    assert reads(LINES[0].rstrip())
    for place in range(len(LINES[0]) - 1):
        for bit in range(8):
            data = bytearray(LINES[0].rstrip())
            data[place] ^= 1 << bit
            if reads(bytes(data)):
                pytest.fail(f"bit {bit} of byte {place} is no matter: {bytes(data)!r}")


@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode), st.integers(0, 3))
def test_a_line_that_is_inserted_is_refused(path: Path, line: bytes, where: int) -> None:
    start = STARTS[where]
    rows = found(path, WHOLE[:start] + line + b"\n" + WHOLE[start:])
    if rows is not None:  # what a crash leaves: zeros at the very end
        assert rows == ROWS
        assert where == 3


@given(st.data())
def test_bytes_that_are_lost_zeroed_or_moved_never_make_another_row(path: Path, data: st.DataObject) -> None:
    begin = data.draw(st.integers(0, len(WHOLE)))
    end = data.draw(st.integers(begin, min(len(WHOLE), begin + 4096)))
    piece = WHOLE[begin:end]
    place = data.draw(st.integers(0, len(WHOLE) - len(piece)))
    rest = WHOLE[:begin] + WHOLE[end:]
    changed = data.draw(
        st.sampled_from([rest, WHOLE[:begin] + b"\0" * len(piece) + WHOLE[end:], rest[:place] + piece + rest[place:]])
    )
    rows = found(path, changed)
    assert rows is None or all(each in ROWS for each in rows)


def near(value: float | None) -> object:
    return value if value is None else pytest.approx(value, rel=1e-12)


def test_a_run_begun_under_schema_1_is_read_reported_and_continued(runs: Runs, tmp_path: Path) -> None:
    """The folder was written by the version before schema 2, and killed in the middle of its fifth row."""
    folder = tmp_path / "run"
    shutil.copytree(OLD, folder)
    old = store.load(folder)
    assert old.manifest["schema"] == 1
    assert [each.status for each in old.rows] == ["ok", "ok", "error", "ok"]
    assert {each.check for each in old.rows} == {""}
    result = CliRunner().invoke(main, ["status", str(folder)])
    assert result.exit_code == 0, result.output
    assert "IndexError" in result.output
    result = CliRunner().invoke(main, ["report", str(folder)])
    assert result.exit_code == 0, result.output
    assert (folder / "report.html").is_file()
    what = ["--tasks", "pair[mi=1],pair[mi=2]", "--estimators", "quick,turned+last,first", "--n-samples", "50"]
    command = ["run", *what, "--threads", "1", "--plugin", HERE / "steady.py", "--out", folder]
    code, said = runs.finish(*command)
    assert code == 4, said
    assert "6 trials, 2 to run" in said
    assert "the journal's last line was torn by a crash and has been cut" in said
    lines = (folder / "journal.jsonl").read_text().splitlines()
    assert lines[:4] == (OLD / "journal.jsonl").read_text().splitlines()[:4], "what was written stays as it is"
    now = store.load(folder)
    assert now.manifest["schema"] == journal.SCHEMA
    assert [entry["planned"] for entry in now.manifest["history"]] == [6, 6]
    assert now.rows[:4] == old.rows
    assert {each.estimator: each.status for each in now.rows[4:]} == {"quick": "ok", "first": "error"}
    assert ["crc32" in json.loads(line) for line in lines] == [False] * 4 + [True] * 2
    # the same trials have the same keys and the same answers under both
    code, said = runs.finish(*command, "--rerun", "all")
    again = {each.key: each for each in store.load(folder).rows}
    assert len(again) == 6
    for each in old.rows:
        assert (again[each.key].status, again[each.key].estimate) == (each.status, near(each.estimate))
