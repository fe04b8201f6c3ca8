# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mibench.contracts import STATUSES, Row
from mibench.harness import journal
from mibench.harness.journal import COLUMNS, FolderError, Journal, counts, from_line, latest, read, to_line

GOLDEN = Path(__file__).parent / "golden"
numbers = st.floats(allow_nan=False, allow_infinity=False)
maybe = st.none() | numbers
ends = st.none() | st.tuples(numbers | st.just(float("-inf")), numbers | st.just(float("inf")))
rows = st.builds(
    Row,
    key=st.text(),
    task=st.text(),
    estimator=st.text(),
    n=st.integers(0, 10**9),
    repetition=st.integers(0, 100),
    status=st.sampled_from(STATUSES),
    estimate=maybe,
    std_error=maybe,
    interval=ends,
    bounds=ends,
    truth=maybe,
    truth_std_error=maybe,
    seconds=maybe,
    peak_mb=maybe,
    diagnostics=st.dictionaries(st.text(), numbers, max_size=3),
    error=st.none() | st.text(st.characters(codec=None)),
    check=st.text(),
    seed=st.none() | st.integers(0, 2**63),
    task_version=st.none() | st.integers(0, 99),
    estimator_version=st.none() | st.integers(0, 99),
    sample=st.none() | st.tuples(numbers, numbers, numbers, numbers),
)


def make(key: str = "k", **changes: object) -> Row:
    return replace(Row(key, "toy", "fine", 100, 0, "ok", estimate=1.0), **changes)


def plain(row: Row) -> dict[str, object]:
    """The values of a line without their checksum, as one who writes lines by hand has them."""
    values = json.loads(to_line(row))
    assert len(values.pop("crc32")) == 8
    return dict(values)


@given(rows)
def test_a_row_reads_back_as_it_was(row: Row) -> None:
    line = to_line(row)
    assert line.count("\n") == 1
    assert line.endswith("\n")
    assert tuple(json.loads(line)) == (*COLUMNS, "crc32")
    assert from_line(line.encode().decode()) == row


def test_the_line_is_json_without_nan() -> None:
    row = make(std_error=float("nan"), diagnostics={"cap": float("inf")}, bounds=(0.0, float("inf")))
    values = json.loads(to_line(row), parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    assert values["std_error"] is None
    assert values["diagnostics"] == {"cap": None}
    assert values["bounds"] == [0.0, None]


def test_the_columns_are_those_that_readers_rely_on() -> None:
    wanted = "key task estimator n repetition status estimate std_error interval bounds truth truth_std_error seconds"
    since_2 = "check seed task_version estimator_version sample"
    assert list(COLUMNS) == [*wanted.split(), "peak_mb", "diagnostics", "error", *since_2.split()]


def test_today_reads_the_golden_journal_and_writes_it_the_same() -> None:
    path = GOLDEN / "journal-schema-2.jsonl"
    found, sound = read(path)
    assert sound == path.stat().st_size
    assert [row.check for row in found] == ["", "additivity", ""]
    assert found[0].sample == (0.125, -0.5, 0.25, 1.0)
    assert found[2].seed is None
    assert "".join(map(to_line, found)) == path.read_text()


def test_a_journal_of_schema_1_is_read_and_continued(tmp_path: Path) -> None:
    golden = GOLDEN / "journal-schema-1.jsonl"
    found, sound = read(golden)
    assert sound == golden.stat().st_size
    assert [row.status for row in found] == list(STATUSES)
    assert found[0].interval == (0.9, 1.1)
    assert found[0].bounds == (0.5, float("inf"))
    assert {(row.check, row.seed, row.task_version, row.sample) for row in found} == {("", None, None, None)}
    path = tmp_path / "journal.jsonl"
    path.write_bytes(golden.read_bytes())
    with Journal(path) as book:
        book.append(make("new", seed=3, check="symmetry"))
    assert read(path)[0] == [*found, make("new", seed=3, check="symmetry")]


def test_rows_are_on_disk_when_append_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal.jsonl"
    synced = []
    real = os.fsync
    with Journal(path) as book:
        monkeypatch.setattr(os, "fsync", lambda file: (synced.append(path.read_bytes().count(b"\n")), real(file)))
        book.append(make("a"))
        book.append(make("b"))
    assert synced == [1, 2]
    assert [row.key for row in read(path)[0]] == ["a", "b"]


def test_the_last_row_of_a_key_counts_in_the_first_ones_place(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as book:
        for key, status in (("a", "error"), ("b", "ok"), ("a", "ok")):
            book.append(make(key, status=status))
        assert book.rows["a"].status == "ok"
    assert [(row.key, row.status) for row in latest(read(path)[0])] == [("a", "ok"), ("b", "ok")]
    assert Journal(path).rows["a"].status == "ok"


@pytest.mark.parametrize("tear", [1, 17, len(to_line(make("b"))) - 1])
def test_a_torn_last_line_is_cut_when_writing_and_passed_over_when_reading(tmp_path: Path, tear: int) -> None:
    path = tmp_path / "journal.jsonl"
    whole = to_line(make("a"))
    path.write_text(whole + to_line(make("b"))[:tear])
    assert [row.key for row in read(path)[0]] == ["a"]
    assert path.stat().st_size == len(whole) + tear, "reading changes nothing"
    with Journal(path) as book:
        assert book.cut == tear
        assert list(book.rows) == ["a"]
        book.append(make("c"))
    assert [row.key for row in read(path)[0]] == ["a", "c"]


def test_a_last_line_of_zeros_is_cut_too(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(to_line(make("a")).encode() + b"\0" * 40 + b"\n")
    with Journal(path) as book:
        assert (list(book.rows), book.cut) == (["a"], 41)


def test_damage_in_the_middle_is_refused_by_line(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text(to_line(make("a")) + "{half\n" + to_line(make("b")))
    with pytest.raises(FolderError, match=r"journal\.jsonl, line 2 is damaged .* remove that line"):
        Journal(path)
    assert path.read_text().count("\n") == 3, "a journal that is refused is left as it was"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda values: values.pop("truth"), r"missing keys \['truth'\]"),
        (lambda values: values.update(loss=1), r"unknown keys \['loss'\]"),
        (lambda values: values.update(status="fine"), "status 'fine'"),
    ],
)
def test_a_foreign_schema_is_refused(tmp_path: Path, change: object, message: str) -> None:
    values = plain(make())
    change(values)  # type: ignore[operator]
    path = tmp_path / "journal.jsonl"
    path.write_text(json.dumps(values) + "\n")
    with pytest.raises(FolderError, match=rf"line 1: a row of another schema \(.*{message}.*choose another --out"):
        Journal(path)


@pytest.mark.parametrize("where", ["pwrite", "fsync"])
def test_a_full_disk_loses_nothing_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    path = tmp_path / "journal.jsonl"
    real = os.pwrite

    def half_then_full(file: int, data: bytes, place: int) -> int:
        if len(data) > 20:
            return real(file, bytes(data[:20]), place)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    book = Journal(path)
    book.append(make("a"))
    with monkeypatch.context() as patched:
        patched.setattr(os, where, half_then_full if where == "pwrite" else full)
        with pytest.raises(FolderError, match=r"cannot write to .*No space left.*The 1 rows .* are safe: free some"):
            book.append(make("b"))
    assert str(tmp_path) in _message(path, monkeypatch)
    assert path.read_text() == to_line(make("a"))
    assert "b" not in book.rows
    book.append(make("c"))  # space was made: the same journal goes on
    book.close()
    assert [row.key for row in read(path)[0]] == ["a", "c"]


def _message(path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    with monkeypatch.context() as patched:
        patched.setattr(os, "open", lambda *_: (_ for _ in ()).throw(OSError(errno.EROFS, os.strerror(errno.EROFS))))
        with pytest.raises(FolderError) as caught:
            Journal(path)
    return str(caught.value)


def test_counts_are_by_status() -> None:
    tally = counts([make("a"), make("b"), make("c", status="timeout")])
    assert (tally["ok"], tally["timeout"], tally["error"]) == (2, 1, 0)
    assert tuple(tally) == STATUSES
    assert journal.SCHEMA == 2


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("key", 1, "text"),
        ("task", None, "text"),
        ("estimator", ["ksg"], "text"),
        ("n", 50.0, "a whole number from 0"),
        ("repetition", True, "a whole number from 0"),
        ("estimate", "abc", "a number or null"),
        ("truth", 10**400, "a number or null"),
        ("seconds", float("nan"), "a number or null"),
        ("peak_mb", {}, "a number or null"),
        ("interval", 3, "a pair of numbers or null"),
        ("bounds", [1, 2, 3], "a pair of numbers or null"),
        ("diagnostics", [], "an object of numbers"),
        ("diagnostics", {"k": "three"}, "an object of numbers"),
        ("error", 7, "text or null"),
    ],
)
@pytest.mark.parametrize("after", ["", to_line(make("b"))])
def test_a_value_of_the_wrong_type_is_damage_that_names_it(
    tmp_path: Path, field: str, value: object, expected: str, after: str
) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text(to_line(make("a")) + json.dumps(plain(make("c")) | {field: value}) + "\n" + after)
    before = path.read_bytes()
    with pytest.raises(FolderError, match=rf"line 2 is damaged \({field} is .*, not {expected}\): remove that line"):
        Journal(path)
    assert path.read_bytes() == before


NOISE = bytes(range(255, -1, -1))


@pytest.mark.parametrize(
    "data",
    [
        NOISE,
        NOISE.replace(b"\n", b""),
        b"\x07\r" + to_line(make("a")).encode(),
        to_line(make("a")).encode() + b"\x9f\r\x80\x12" + to_line(make("b")).encode() + b"torn",
        to_line(make("a")).encode() + b"notes of mine",
        to_line(make("a")).encode() + b"notes of mine\n",
        b"[" * 100_000 + b"\n",
    ],
)
def test_what_no_crash_leaves_behind_is_refused_and_kept(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(data)
    with pytest.raises(FolderError, match=r"line [12] is damaged"):
        Journal(path)
    assert path.read_bytes() == data
