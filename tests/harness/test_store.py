# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import errno
import json
import os
import time
from pathlib import Path

import pytest

from mibench.contracts import Row
from mibench.harness import provenance, store
from mibench.harness.journal import Journal, to_line
from mibench.harness.store import FolderError

ROW = Row("k", "toy", "fine", 100, 0, "ok", estimate=1.0)


def made(before: dict[str, object] | None = None, command: str = "mibench run") -> dict[str, object]:
    return provenance.manifest(before or {}, command=command, selection={"seed": 0}, limits={"jobs": 2}, planned=3)


def test_a_folder_reads_back(tmp_path: Path) -> None:
    manifest = made()
    store.write_manifest(tmp_path, manifest)
    with Journal(tmp_path / store.JOURNAL) as book:
        book.append(ROW)
    run = store.load(tmp_path)
    assert (run.folder, run.manifest, run.rows) == (tmp_path, manifest, [ROW])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["journal.jsonl", "manifest.json"]


@pytest.mark.parametrize("name", ["absent", "."])
def test_what_is_no_run_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(FolderError, match=r"is no run folder: it .*; give the --out"):
        store.load(tmp_path / name)


@pytest.mark.parametrize("text", ['{"schema": 3}', "{}", "[]", "{half"])
def test_a_foreign_manifest_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(FolderError, match="choose another --out"):
        store.load(tmp_path)


def test_the_manifest_says_where_the_numbers_come_from() -> None:
    manifest = made()
    assert manifest["schema"] == 2
    assert set(manifest) >= {"command", "versions", "hardware", "blas", "git", "selection", "limits", "planned"}
    versions, hardware = manifest["versions"], manifest["hardware"]
    assert isinstance(versions, dict)
    assert isinstance(hardware, dict)
    assert set(versions) >= {"mibench", "python", "numpy", "numba", "torch"}
    assert hardware["cores"] >= 1
    assert hardware["memory_gib"] > 0.1
    assert hardware["cpu"]
    json.dumps(manifest, allow_nan=False)


def test_the_manifest_keeps_every_command() -> None:
    first = made(command="mibench run --tasks a")
    second = made(first, command="mibench run --tasks b")
    assert second["command"] == "mibench run --tasks b"
    assert second["created"] == first["created"]
    history = second["history"]
    assert isinstance(history, list)
    assert [entry["command"] for entry in history] == ["mibench run --tasks a", "mibench run --tasks b"]


def test_a_manifest_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write_manifest(tmp_path, made(command="old"))

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FolderError, match=r"manifest\.json: No space left on device; free some space"):
        store.write_manifest(tmp_path, made(command="new"))
    assert store.load(tmp_path).manifest["command"] == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


def test_two_writers_on_one_folder_are_one_too_many(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "run"
    assert store.owner(folder) is None
    with store.claim(folder):
        assert store.owner(folder) == str(os.getpid())
        with pytest.raises(FolderError, match=rf"another run \(process {os.getpid()}\) is writing to .*run: wait"):
            store.claim(folder).__enter__()
    assert store.owner(folder) is None
    with store.claim(folder):
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderError, match=r"cannot make the run folder .*file/run: Not a directory; choose a writable"):
        store.claim(tmp_path / "file" / "run").__enter__()


def test_reading_changes_nothing(tmp_path: Path) -> None:
    torn = to_line(ROW) + '{"key": "torn'
    (tmp_path / store.JOURNAL).write_text(torn)
    run = store.load(tmp_path)
    assert run.rows == [ROW]
    assert run.manifest == {}
    assert (tmp_path / store.JOURNAL).read_text() == torn


def test_a_file_system_without_locks_is_said_to_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(store.fcntl, "flock", none)
    with pytest.raises(
        FolderError, match=r"cannot lock .*\.lock: No locks available; without locks two runs could mix"
    ):
        store.claim(tmp_path / "run").__enter__()


def test_a_lock_that_was_removed_and_made_anew_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who holds a file that nobody sees any more holds nothing: the lock is taken again, on the file that is there."""
    real, taken = store.fcntl.flock, []

    def slow(lock: int, how: int) -> None:
        real(lock, how)
        taken.append(lock)
        if len(taken) == 1:
            (tmp_path / ".lock").unlink()

    monkeypatch.setattr(store.fcntl, "flock", slow)
    with store.claim(tmp_path):
        assert len(taken) == 2
        assert store.owner(tmp_path) == str(os.getpid())


def test_a_full_disk_does_not_keep_the_lock_from_its_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    with store.claim(tmp_path / "run"):
        assert store.owner(tmp_path / "run") == "unknown"


def test_half_files_of_killed_runs_are_removed_and_those_being_written_are_not(tmp_path: Path) -> None:
    for name, age in ((".report.html-a.part", 3600), (".report.html-b.part", 0), ("mine.part", 3600)):
        (tmp_path / name).write_text("half")
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    (tmp_path / store.JOURNAL).touch()
    with store.claim(tmp_path):
        pass
    assert sorted(tmp_path.glob("*.part")) == [tmp_path / ".report.html-b.part", tmp_path / "mine.part"]
