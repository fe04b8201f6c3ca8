# SPDX-License-Identifier: Apache-2.0
"""Plug-ins that would harm the run: at import, in the parent; and through the journal's path, from a trial."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mibench.contracts import InputError, Row
from mibench.harness import journal, store
from mibench.harness.guard import undisturbed
from mibench.harness.journal import FolderError, Journal

if TYPE_CHECKING:
    from tests.harness.conftest import Runs

HERE = Path(__file__).parent
COMMON = ["--tasks", "pair", "--n-samples", "50", "--jobs", "1", "--threads", "1", "--plugin", str(HERE / "steady.py")]
BODY = "class Own:\n    def estimate(self, x, y, *, rng=None, side=None):\n        raise ValueError('own')\n"
linux = pytest.mark.skipif(sys.platform != "linux", reason="looks at open files in /proc")


DEFACED = {"append": "changed", "truncate": "changed", "remove": "removed", "replace": "replaced"}


def deface(journal: Path, how: str) -> None:
    """Do what hostile.py's `Defaces` does."""
    if how == "append":
        with journal.open("a") as file:
            file.write("what is this?")
    elif how == "truncate":
        journal.write_text("")
    elif how == "remove":
        journal.unlink()
    else:
        other = journal.with_name("other")
        other.write_text(journal.read_text() * 2)
        other.replace(journal)


@pytest.mark.parametrize("how", DEFACED)
def test_a_journal_that_another_process_changed_is_put_aside_and_written_anew(tmp_path: Path, how: str) -> None:
    path = tmp_path / "journal.jsonl"
    rows = [Row(key, "pair", "quick", 10, 0, "ok", estimate=1.0) for key in "abc"]
    with Journal(path) as book:
        book.append(rows[0])
        book.append(rows[1])
        deface(path, how)
        there = path.read_bytes() if path.exists() else None
        became = DEFACED[how]
        with pytest.raises(FolderError, match=rf"journal\.jsonl was {became} by another process .* The 3 rows so far"):
            book.append(rows[2])
    assert journal.read(path) == (rows, path.stat().st_size)
    aside = tmp_path / f"journal.jsonl.{became}"
    assert (aside.read_bytes() if aside.exists() else None) == there, "what it wrote is kept"
    with Journal(path) as book:
        book.append(Row("d", "pair", "quick", 10, 0, "ok"))
    assert [row.key for row in journal.read(path)[0]] == ["a", "b", "c", "d"]


@linux
def test_a_journal_that_a_trial_defaces_is_saved_and_the_run_resumes(runs: Runs, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    command = ["run", *COMMON, "--plugin", HERE / "hostile.py", "--estimators", "quick,defaces,first", "--out", folder]
    code, said = runs.finish(*command)
    assert code == 2, said
    assert "journal.jsonl was changed by another process while this run was writing it" in said
    assert "Traceback" not in said
    rows = journal.read(folder / "journal.jsonl")[0]
    assert [row.estimator for row in rows] == ["quick", "defaces"], "a row was lost"
    assert (folder / "journal.jsonl.changed").read_text().endswith("what is this?")
    code, said = runs.finish(*command)
    assert code == 4, said
    again = journal.read(folder / "journal.jsonl")[0]
    assert again[:2] == rows
    assert [row.status for row in again] == ["ok", "ok", "error"]


@linux
def test_a_trial_holds_no_file_of_the_run(runs: Runs, tmp_path: Path) -> None:
    code, said = runs.finish(
        "run", *COMMON, "--plugin", HERE / "hostile.py", "--estimators", "peeks", "--out", tmp_path / "run"
    )
    assert code == 0, said
    (row,) = store.load(tmp_path / "run").rows
    assert row.diagnostics["open"] > 3, "it has files, and could see them"
    assert row.estimate == 0, "the journal or its lock is open in the trial"


def test_what_a_plugin_does_at_import_stays_with_its_own_trials(runs: Runs, tmp_path: Path) -> None:
    plugin, calm = tmp_path / "wild.py", tmp_path / "calm"
    plugin.write_text(
        "import os, random, signal, sys\nimport numpy as np\n"
        "os.chdir('/')\nos.umask(0o777)\nos.closerange(0, 100)\nos.environ['MIBENCH_DEVICE'] = 'nonsense'\n"
        "os.environ.pop('PATH', None)\nos.environ['PYTHONHASHSEED'] = 'nonsense'\nnp.seterr(all='raise')\n"
        "random.seed(1)\nnp.random.seed(1)\nsys.stdout = sys.stderr = None\n"
        "for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE):\n    signal.signal(number, signal.SIG_IGN)\n"
        + BODY
    )
    code, said = runs.finish("run", *COMMON, "--estimators", "quick,turned+first", "--out", calm)
    assert code == 0, said
    # its output goes to files that the plug-in closed: what it says is lost, what it does is not
    wild = ["--plugin", plugin, "--estimators", "quick,turned+first,own", "--out", "here"]
    code, _ = runs.finish("run", *COMMON, *wild, prelude=[*in_folder, str(tmp_path)])
    assert code == 4
    found = {row.estimator: row for row in store.load(tmp_path / "here").rows}
    assert found["own"].status == "crashed", "its own trial lost its files too"
    for row in store.load(calm).rows:
        other = found[row.estimator]
        assert (other.key, other.status, other.estimate, other.sample) == (row.key, "ok", row.estimate, row.sample)
    assert (tmp_path / "here" / "journal.jsonl").stat().st_mode & 0o777 == 0o644 & ~umask()
    assert (tmp_path / "here" / "report.html").exists()


in_folder = [
    sys.executable,
    "-c",
    "import os, sys; os.chdir(sys.argv[1]); os.execv(sys.argv[2], sys.argv[2:])",
]


def leaves_and_fails() -> None:
    with undisturbed("it"):
        os.chdir("/")
        raise ZeroDivisionError


def umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("import sys; sys.exit(0)", 2, r"wild\.py asked Python to leave \(exit code 0\): .*if __name__"),
        ("raise KeyError('x')", 2, r"wild\.py failed to import: KeyError: 'x'"),
        ("import os; os._exit(7)", 7, ""),
    ],
)
def test_a_plugin_that_ends_the_process_at_import_leaves_the_folder_alone(
    runs: Runs, tmp_path: Path, line: str, code: int, message: str
) -> None:
    plugin = tmp_path / "wild.py"
    plugin.write_text(f"{line}\n{BODY}")
    got, said = runs.finish("run", *COMMON, "--plugin", plugin, "--estimators", "quick,own", "--out", tmp_path / "run")
    assert got == code, said
    assert re.search(message, said), said
    assert "Traceback" not in said
    assert not (tmp_path / "run").exists()


def test_a_run_without_standard_files_keeps_its_journal_clean(runs: Runs, tmp_path: Path) -> None:
    """The journal must not get the number of a file that others print to."""

    def close() -> None:
        os.closerange(0, 3)

    folder = tmp_path / "run"
    code, _ = runs.finish("run", *COMMON, "--estimators", "quick,unhurried", "--out", folder, preexec=close)
    assert code == 0
    rows, sound = journal.read(folder / "journal.jsonl")
    assert sound == (folder / "journal.jsonl").stat().st_size
    assert [row.status for row in rows] == ["ok", "ok"]
    assert (folder / ".lock").read_bytes() == b""


def test_the_guard_puts_everything_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("A_VARIABLE", "before")
    handler: Callable[..., None] = lambda *_: None  # noqa: E731
    before = signal.signal(signal.SIGUSR1, handler)
    mask, streams, place = umask(), (sys.stdin, sys.stdout, sys.stderr), os.getcwd()
    try:
        with undisturbed("it"):
            os.chdir("/")
            os.environ["A_VARIABLE"] = "after"
            os.environ["ANOTHER"] = "new"
            os.umask(0o777)
            signal.signal(signal.SIGUSR1, signal.SIG_IGN)
            sys.stdout = sys.stderr = None  # type: ignore[assignment]
        assert (os.getcwd(), umask(), (sys.stdin, sys.stdout, sys.stderr)) == (place, mask, streams)
        assert os.environ["A_VARIABLE"] == "before"
        assert "ANOTHER" not in os.environ
        assert signal.getsignal(signal.SIGUSR1) is handler
        with (
            pytest.raises(InputError, match=r"it asked Python to leave \(exit code 'bye'\): put what is to run"),
            undisturbed("it"),
        ):
            sys.exit("bye")
        with pytest.raises(ZeroDivisionError):
            leaves_and_fails()
        assert os.getcwd() == place
    finally:
        signal.signal(signal.SIGUSR1, before)
