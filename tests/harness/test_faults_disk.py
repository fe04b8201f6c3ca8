# SPDX-License-Identifier: Apache-2.0
"""A disk that fills up and a folder that turns read-only while a run writes: a clear error, nothing lost, resumable."""

from __future__ import annotations

import ctypes
import errno
import os
import re
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mibench.contracts import MibenchError, Row
from mibench.harness import isolate, journal
from mibench.harness.isolate import IsolatedExecutor

if TYPE_CHECKING:
    from tests.harness.conftest import Runs

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits and mounts of Linux")

STEADY = Path(__file__).parent / "steady.py"
WHAT = ["--tasks", "pair", "--estimators", "quick,turned+first,turned+last", "--repetitions", "8", "--n-samples", "200"]
WHAT += ["--jobs", "2", "--threads", "1", "--plugin", str(STEADY)]
PLANNED = 24


def exact(folder: Path) -> dict[str, tuple[object, ...]]:
    rows, sound = journal.read(folder / "journal.jsonl")
    assert sound == (folder / "journal.jsonl").stat().st_size, "a torn line was left"
    assert len(rows) == len({row.key for row in rows}), "a trial ran twice"
    return {row.key: (row.status, row.estimate, row.std_error, row.interval, row.sample) for row in rows}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[object, ...]]:
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    command = [sys.executable, "-m", "mibench", "run", *WHAT, "--out", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=os.environ | {"OMP_NUM_THREADS": "1"})
    return exact(folder)


@pytest.mark.parametrize(
    ("size", "message", "rows"),
    [
        (1000, r"cannot write .*manifest\.json: File too large; free some space", range(1)),
        (9000, r"cannot write to .*: File too large\. The \d+ rows written so far are safe: free some", range(5, 20)),
    ],
)
def test_a_file_that_may_not_grow_stops_the_run_and_loses_nothing(
    runs: Runs, tmp_path: Path, undisturbed: dict[str, tuple[object, ...]], size: int, message: str, rows: range
) -> None:
    """What needs no privilege: a limit on the size of files, which the cache meets too."""
    folder = tmp_path / "run"
    limit: Callable[[], None] = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))  # noqa: E731
    code, said = runs.finish("run", *WHAT, "--out", folder, preexec=limit)
    assert code == 2, said
    assert re.search(message, said), said
    assert "Traceback" not in said
    found = exact(folder)
    assert len(found) in rows
    assert found.items() <= undisturbed.items(), "a cache that could not be written changed a result"
    assert not list(folder.glob(".*.part")), "half a file was left"
    code, said = runs.finish("run", *WHAT, "--out", folder)
    assert code == 0, said
    assert exact(folder) == undisturbed
    assert (folder / "report.html").is_file()


def namespace(script: str) -> list[str]:
    """Runs a shell script, with the command that follows as "$@", where it may mount."""
    own = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", *own, "--mount", "sh", "-c", script, "sh"]


def may_mount(folder: Path) -> bool:
    try:
        probe = [*namespace('mount -t tmpfs -o size=64k none "$1"'), str(folder)]
        return subprocess.run(probe, capture_output=True).returncode == 0
    except OSError:
        return False


@pytest.fixture
def disk() -> Iterator[Path]:
    """A folder to mount on, of a short path: names of sockets in it hold 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="disk-") as folder:
        yield Path(folder)


def test_a_full_disk_stops_the_run_and_loses_nothing(
    runs: Runs, tmp_path: Path, disk: Path, undisturbed: dict[str, tuple[object, ...]]
) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    if not may_mount(disk):
        pytest.skip("mounts need root or user namespaces")
    # a file system of four pages, which holds TMPDIR too; then, for the same command, one with room
    script = f"""mount -t tmpfs -o size=16k none {disk} && cd {disk} && mkdir tmp && export TMPDIR={disk}/tmp || exit 99
    "$@"; echo "code: $?"; cp run/journal.jsonl {kept}/full.jsonl; ls -A run
    mount -o remount,size=100m {disk} && "$@"; code=$?; cp run/journal.jsonl {kept}/journal.jsonl; exit $code"""
    code, said = runs.finish("run", *WHAT, "--out", disk / "run", prelude=namespace(script))
    first, _, second = said.partition("code: 2\n")
    assert "No space left on device. The" in first, said
    assert "rows written so far are safe: free some space" in first
    assert "Traceback" not in said
    assert ".part" not in second.partition("trials,")[0]
    rows, sound = journal.read(kept / "full.jsonl")
    assert sound == (kept / "full.jsonl").stat().st_size
    assert 0 < len(rows) < PLANNED
    assert code == 0, said
    assert exact(kept) == undisturbed


def without_override() -> None:
    """Bind root by the modes of files too."""
    if os.geteuid() == 0:
        assert ctypes.CDLL(None).prctl(24, 1, 0, 0, 0) == 0  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE


def test_a_folder_that_turns_read_only_keeps_its_rows_and_says_so(
    runs: Runs, until: Callable[..., None], tmp_path: Path
) -> None:
    folder, go = tmp_path / "run", tmp_path / "go"
    what = [
        "--tasks",
        "pair",
        "--estimators",
        "quick,waits,turned+first",
        "--n-samples",
        "100",
        "--plugin",
        str(STEADY),
    ]
    command = ["run", *what, "--jobs", "1", "--out", folder]
    process = runs.start(*command, preexec=without_override, WAITS_FOR=str(go))
    until(lambda: (folder / "journal.jsonl").exists() and len(journal.read(folder / "journal.jsonl")[0]) >= 1)
    folder.chmod(0o555)
    try:
        go.touch()
        said, _ = process.communicate(timeout=300)
        assert process.returncode == 2, said
        assert re.search(
            rf"cannot write {folder}/.*: Permission denied; free some space, make the folder writable", said
        )
        assert "Traceback" not in said
        rows = exact(folder)
        assert [row[0] for row in rows.values()] == ["ok"] * 3, (
            "an open journal is written still, a cache is not needed"
        )
        code, said = runs.finish(*command, preexec=without_override)
        assert code == 2
        assert f"cannot write {folder / 'manifest.json'}: Permission denied; free some space, make the folder" in said
        assert "Traceback" not in said
    finally:
        folder.chmod(0o755)
    code, said = runs.finish(*command)
    assert code == 0, said
    assert exact(folder) == rows


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
def test_a_journal_that_is_refused_a_row_goes_on_when_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    one, two = (Row(key, "pair", "quick", 10, 0, "ok") for key in "ab")
    with journal.Journal(tmp_path / "journal.jsonl") as book:
        book.append(one)
        with monkeypatch.context() as patched:
            patched.setattr(os, "pwrite", lambda *_: (_ for _ in ()).throw(OSError(code, os.strerror(code))))
            with pytest.raises(
                journal.FolderError, match=rf"{os.strerror(code)}\. The 1 rows .* the same command again"
            ):
                book.append(two)
        book.append(two)
    assert journal.read(tmp_path / "journal.jsonl")[0] == [one, two]


def test_no_room_for_the_sockets_of_processes_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(isolate.forkserver, "ensure_running", full)
    with pytest.raises(MibenchError, match=r"cannot start processes for trials: No space left on device.*TMPDIR"):
        IsolatedExecutor()
