# SPDX-License-Identifier: Apache-2.0
"""The command, verb by verb: what it prints, what it writes, and the code it ends with."""

from __future__ import annotations

import json
import os
import re
import shlex
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mibench.cli import main
from mibench.contracts import Row
from mibench.harness import store
from mibench.harness.journal import to_line

FAKES = Path(__file__).parent / "harness" / "fakes.py"
Call = Callable[..., Result]


@pytest.fixture
def mibench(restored: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Run the command inside an empty folder; an exception other than an exit is a failure of the test."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Result:
        result = CliRunner().invoke(main, list(arguments), prog_name="mibench")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert "Traceback" not in result.output
        return result

    return call


@pytest.fixture
def no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the report out where a test looks at rows: drawing it takes longer than they do."""
    from mibench import reports

    monkeypatch.setattr(reports, "write", lambda found: {})


def run(mibench: Call, *arguments: str, tasks: str = "toy") -> Result:
    common = ["--plugin", str(FAKES), "--tasks", tasks, "--n-samples", "50", "--jobs", "2", "--threads", "1"]
    return mibench("run", *common, *arguments)


def test_a_run_from_nothing_to_a_report_and_again(mibench: Call, tmp_path: Path) -> None:
    first = run(mibench, "--estimators", "fine,fine[bias=1]", "--repetitions", "2")
    assert first.exit_code == 0, first.output
    assert "4 trials, 4 to run, 2 at a time with 1 thread each" in first.output
    folder = tmp_path / "runs" / next(os.walk(tmp_path / "runs"))[1][0]
    assert folder.name.startswith("toy-fine-fine-bias-1-")
    assert folder.name.endswith("-n50-seed0")
    written = {path.name for path in folder.iterdir()}
    assert written >= {"manifest.json", "journal.jsonl", "leaderboard.csv", "leaderboard.md", "report.html"}
    assert ".mibench-cache" not in written
    assert "fine[bias=1]" in first.output
    assert f"report: {folder.relative_to(tmp_path) / 'report.html'}" in first.output
    again = run(mibench, "--estimators", "fine,fine[bias=1]", "--repetitions", "2")
    assert again.exit_code == 0
    assert "4 trials, 0 to run" in again.output
    assert "2/2" in again.output
    assert len(store.load(folder).rows) == 4


@pytest.mark.usefixtures("no_report")
def test_more_of_the_same_folder_adds_rows_and_keeps_the_history(mibench: Call, tmp_path: Path) -> None:
    out = ["--out", "here"]
    run(mibench, "--estimators", "fine", *out)
    run(mibench, "--estimators", "fine", "--repetitions", "2", *out)
    run(mibench, "--estimators", "odd", *out)
    found = store.load(tmp_path / "here")
    assert len(found.rows) == 3
    assert [entry["selection"]["repetitions"] for entry in found.manifest["history"]] == [1, 2, 1]
    said = mibench("status", "here").output
    assert "here: 1 of 1 trials done" in said
    assert "and 2 trials of earlier commands" in said


@pytest.mark.usefixtures("no_report")
def test_a_folder_holds_the_samples_of_one_root_seed(mibench: Call, tmp_path: Path) -> None:
    run(mibench, "--estimators", "fine,odd", "--out", "here")
    held = [tmp_path / "here" / name for name in ("manifest.json", "journal.jsonl")]
    before = [path.read_bytes() for path in held]
    for more in ([], ["--dry-run"]):
        other = run(mibench, "--estimators", "odd,shared", "--seed", "1", "--out", "here", *more)
        assert other.exit_code == 2
        assert "here holds a run with --seed 0, and --seed 1 draws other samples" in other.output
        assert "choose another --out, or give --seed 0" in other.output
    assert [path.read_bytes() for path in held] == before


@pytest.mark.usefixtures("no_report")
def test_files_of_the_user_in_the_run_folder_are_left_alone(mibench: Call, tmp_path: Path) -> None:
    assert run(mibench, "--estimators", "fine", "--out", ".").exit_code == 0
    for name in ("cache", ".mibench-cache"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.txt").write_text("precious")
    (tmp_path / ".mibench-cache" / "old.npz").write_text("")
    (tmp_path / ".mibench-cache" / ".torn.npz-x.part").write_text("")
    assert run(mibench, "--estimators", "fine,odd", "--out", ".").exit_code == 0
    assert (tmp_path / "cache" / "mine.txt").read_text() == "precious"
    assert [path.name for path in (tmp_path / ".mibench-cache").iterdir()] == ["mine.txt"]


@pytest.mark.usefixtures("no_report")
def test_the_command_in_the_manifest_can_be_given_to_a_shell_again(
    mibench: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["run", "--tasks", "toy[mi=1]", "--out", "my run"]
    monkeypatch.setattr("sys.argv", ["/somewhere/mibench", *arguments])
    run(mibench, "--estimators", "fine", "--out", "my run", tasks="toy[mi=1]")
    assert shlex.split(store.load(tmp_path / "my run").manifest["command"]) == ["mibench", *arguments]


@pytest.mark.usefixtures("no_report")
def test_failures_have_their_own_exit_code_and_are_tried_again_on_request(mibench: Call, tmp_path: Path) -> None:
    first = run(mibench, "--estimators", "fine,raises,refuses,exits", "--out", "here")
    assert first.exit_code == 4
    assert "2 trials failed: `mibench status here` says why" in first.output
    assert "4 of 4 trials done: 1 ok, 1 error, 1 crashed, 1 unsupported" in first.output
    again = run(mibench, "--estimators", "fine,raises,refuses,exits", "--out", "here", "--rerun", "failed")
    assert "4 trials, 2 to run" in again.output
    assert len(store.load(tmp_path / "here").rows) == 4
    said = mibench("status", "here")
    assert said.exit_code == 0
    assert "crashed exits: exited with code 3 and no answer; its last words: so long" in said.output
    assert "unsupported refuses: refuses whatever it is given\n      on toy n=50" in said.output
    assert run(mibench, "--estimators", "refuses,raises", "--out", "here", tasks="toy[mi=1],toy[mi=2]").exit_code == 4
    said = mibench("status", "here")
    assert "error raises: ZeroDivisionError: a bug\n      on toy n=50; toy[mi=2] n=50\n" in said.output
    assert "--rerun failed tries the failures again" in said.output


def test_status_keeps_a_reason_of_many_lines_on_one(mibench: Call, tmp_path: Path) -> None:
    row = Row("k", "toy", "fine", 50, 0, "error", error="ValueError: first\n  second\r\n\nthird")
    (tmp_path / "journal.jsonl").write_text(to_line(row))
    said = mibench("status", ".").output
    assert "  error fine: ValueError: first second third\n      on toy n=50\n" in said
    assert store.load(tmp_path).rows == [row], "the journal keeps it whole"


@pytest.mark.usefixtures("no_report")
def test_one_of_a_kind_is_said_in_the_singular(mibench: Call) -> None:
    planned = run(mibench, "--estimators", "raises", "--dry-run").output
    assert "1 task: toy\n1 estimator: raises\n" in planned
    assert "\n1 trial, 1 to run, 2 at a time with 1 thread each\n" in planned
    assert "\n1 trial failed: `mibench status" in run(mibench, "--estimators", "raises").output


@pytest.mark.usefixtures("no_report")
def test_an_honest_no_is_not_a_failure_but_nothing_was_compared(mibench: Call) -> None:
    assert run(mibench, "--estimators", "fine,refuses").exit_code == 0
    alone = run(mibench, "--estimators", "refuses")
    assert alone.exit_code == 3
    assert "no trial ended ok: nothing was compared" in alone.output
    failed = run(mibench, "--estimators", "refuses,raises")
    assert failed.exit_code == 4, "a failure is said even where nothing was compared"


@pytest.mark.usefixtures("no_report")
def test_fail_fast_stops_after_the_first_failure(mibench: Call, tmp_path: Path) -> None:
    result = run(mibench, "--estimators", "raises,fine,odd,shared", "--jobs", "1", "--fail-fast", "--out", "here")
    assert result.exit_code == 4
    assert "1 of 4 trials done" in result.output


def test_a_dry_run_says_all_and_writes_nothing(mibench: Call, tmp_path: Path) -> None:
    result = run(mibench, "--estimators", "fine,raises", "--dry-run", tasks="toy[mi=1],toy[mi=2]")
    assert result.exit_code == 0
    assert "2 tasks: toy[mi=1], toy[mi=2]" in result.output
    assert "4 trials, 4 to run" in result.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "trials", "n", "folder"),
    [
        (["--quick"], 2, 2000, "runs/blobs-gaussian-ksg-quick-seed0"),
        (["--scale", "paper"], 2 * 82, 5000, "runs/blobs-gaussian-ksg-paper-seed0"),
        (["--seed", "3"], 2 * 6, 5000, "runs/blobs-gaussian-ksg-seed3"),
        (["--n-samples", "100,200"], 2 * 12, "100, 200", "runs/blobs-gaussian-ksg-n100-200-seed0"),
    ],
)
def test_presets_sizes_and_the_default_folder(
    mibench: Call, arguments: list[str], trials: int, n: object, folder: str
) -> None:
    said = mibench("run", "--tasks", "blobs", "--estimators", "gaussian,ksg", "--dry-run", *arguments).output
    assert f"{trials} trials, {trials} to run" in said
    assert f"n: {n};" in said
    assert f"folder: {folder} (nothing" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tasks", "imags"], "no task, pattern or tag 'imags'; did you mean images"),
        (["--tasks", "gaussian[mo=1]"], "task 'gaussian' has no parameter 'mo'; did you mean mi?"),
        (["--tasks", "gaussian[mi=-1]"], "gaussian[mi=-1]: "),
        (["--tasks", "gaussian", "--estimators", "kgs"], "no estimator, pattern or tag 'kgs'; did you mean ksg?"),
        (["--tasks", "gaussian", "--n-samples", "50,many"], "'many' is not a whole number above 0"),
        (["--tasks", "gaussian", "--n-samples", "0"], "'0' is not a whole number above 0"),
        (["--tasks", ","], "no task was asked for"),
        (["--tasks", "gaussian", "--quick", "--scale", "paper"], "--quick and --scale paper ask for opposite things"),
        (["--tasks", "gaussian", "--jobs", "0"], "0 is not in the range x>=1"),
        (["--tasks", "gaussian", "--jobs", "100000"], "--jobs 100000: this machine has "),
        (["--tasks", "gaussian", "--out", ""], "'--out': '' is no path"),
        *(
            (["--tasks", "gaussian", option, value, *more], f"'{option}': '{value}' is not a number of {unit} above 0")
            for option, unit in (("--memory", "GiB"), ("--timeout", "seconds"))
            for value in ("nan", "inf", "0", "-1", "1e300", "much")
            for more in ([], ["--dry-run"])
        ),
        (["--tasks", "gaussian", "--rerun", "none"], "'none' is not one of 'missing', 'failed', 'all'"),
        (["--tasks", "gaussian", "--plugin", "absent.py"], "absent.py failed to import: FileNotFoundError"),
        (["--tasks", "gaussian", "--device", "gpu"], "device 'gpu' is no torch device"),
        ([], "Missing option '--tasks'"),
    ],
)
def test_wrong_usage_ends_with_2_and_one_line(
    mibench: Call, tmp_path: Path, arguments: list[str], message: str
) -> None:
    result = mibench("run", *arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_or_is_foreign_ends_with_2(mibench: Call, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    blocked = run(mibench, "--estimators", "fine", "--out", "file/run")
    assert blocked.exit_code == 2
    assert "cannot make the run folder file/run: Not a directory; choose a writable one with --out" in blocked.output
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "journal.jsonl").write_text('{"loss": 1}\n')
    foreign = run(mibench, "--estimators", "fine", "--out", "foreign")
    assert foreign.exit_code == 2
    assert "line 1: a row of another schema" in foreign.output
    assert (tmp_path / "foreign" / "journal.jsonl").read_text() == '{"loss": 1}\n'


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_a_folder_of_other_files_is_no_place_for_a_run(mibench: Call, tmp_path: Path, more: list[str]) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "me.jpg").write_text("precious")
    result = run(mibench, "--estimators", "fine", "--out", "photos", *more)
    assert result.exit_code == 2
    assert "photos is not empty and holds no run (such as me.jpg): choose an empty or a new folder" in result.output
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["me.jpg"]


@pytest.mark.usefixtures("no_report")
@pytest.mark.parametrize("held", [[], [".lock"]])
def test_an_empty_folder_takes_a_run(mibench: Call, tmp_path: Path, held: list[str]) -> None:
    (tmp_path / "here").mkdir()
    for name in held:
        (tmp_path / "here" / name).write_text("")
    assert run(mibench, "--estimators", "fine", "--out", "here").exit_code == 0


@pytest.mark.usefixtures("no_report")
def test_a_disk_that_fills_up_ends_with_2_and_keeps_what_it_had(
    mibench: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mibench.harness.journal import Journal

    real = os.fsync
    calls = []

    def fill_up(file: int) -> None:
        if (tmp_path / "here" / "journal.jsonl").exists() and os.fstat(file).st_ino == inode():
            calls.append(file)
            if len(calls) > 2:
                raise OSError(28, "No space left on device")
        real(file)

    def inode() -> int:
        return (tmp_path / "here" / "journal.jsonl").stat().st_ino

    monkeypatch.setattr(os, "fsync", fill_up)
    result = run(mibench, "--estimators", "fine,odd,shared,draws", "--jobs", "1", "--out", "here")
    assert result.exit_code == 2
    assert f"cannot write to {tmp_path / 'here'}: No space left" in result.output.replace("\n", "")
    assert "The 2 rows written so far are safe" in result.output
    monkeypatch.setattr(os, "fsync", real)
    assert len(Journal(tmp_path / "here" / "journal.jsonl").rows) == 2
    assert run(mibench, "--estimators", "fine,odd,shared,draws", "--jobs", "1", "--out", "here").exit_code == 0


@pytest.mark.usefixtures("no_report")
def test_a_torn_journal_is_said_and_mended(mibench: Call, tmp_path: Path) -> None:
    run(mibench, "--estimators", "fine,odd", "--out", "here", "--jobs", "1")
    path = tmp_path / "here" / "journal.jsonl"
    path.write_bytes(path.read_bytes()[:-10])
    result = run(mibench, "--estimators", "fine,odd", "--out", "here", "--jobs", "1")
    assert result.exit_code == 0
    assert "2 trials, 1 to run" in result.output
    assert "last line was torn by a crash and has been cut" in result.output


def test_ls_for_people_and_for_programs(mibench: Call) -> None:
    said = mibench("ls", "tasks").output
    assert "blobs " in said
    assert "images" in said
    found = json.loads(mibench("ls", "estimators", "--json").output)
    names = {each["name"]: each for each in found["estimators"]}
    assert names["ksg"]["tags"] == ["knn"]
    assert "an autoencoder" in names["ae+ksg"]["summary"]
    assert found["broken"] == []


def test_show_a_task_with_its_truth_and_a_sheet(mibench: Call, tmp_path: Path) -> None:
    result = mibench("show", "blobs[size=16,mi=2]", "--sheet", "sheet.png")
    assert result.exit_code == 0
    assert "truth       I(X;Y) = 2 nats (2.885 bits)" in result.output
    assert "known by    closed form" in result.output
    assert "size" in result.output
    assert "mi            = 2.0  (default" in result.output
    assert "`mibench run --tasks blobs` runs size = 16, 32; mi = 1, 3, 6" in result.output
    assert (tmp_path / "sheet.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("sheet", "message"),
    [
        ("b.xyz", "--sheet b.xyz: a sheet is a PNG file: give a name that ends in .png"),
        ("b", "--sheet b: a sheet is a PNG file"),
        ("new/b.png", "--sheet new/b.png: there is no folder new: make it, or give another"),
        ("", "'--sheet': '' is no path"),
    ],
)
def test_a_sheet_goes_to_a_png_file_in_a_folder_that_is_there(
    mibench: Call, tmp_path: Path, sheet: str, message: str
) -> None:
    result = mibench("show", "blobs[size=16,mi=2]", "--sheet", sheet)
    assert result.exit_code == 2
    assert message in result.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["pca", "ae[latent_dim=2]", "oracle"])
def test_show_a_compressor_and_how_to_use_it(mibench: Call, name: str) -> None:
    result = mibench("show", name)
    assert result.exit_code == 0
    assert result.output.startswith(f"compressor {name}\n")
    assert "parameters" in result.output
    assert f"`mibench run --tasks ... --estimators '{name}+ksg'`" in result.output


def test_show_an_estimator_with_its_paper_and_defaults(mibench: Call) -> None:
    said = mibench("show", "ksg[k=5]").output
    assert "Kraskov" in said
    assert "k         = 5  (default 3)" in said
    assert "task" not in said.splitlines()[0]


def test_a_name_of_both_kinds_shows_both_unless_a_parameter_decides(mibench: Call) -> None:
    both = mibench("show", "gaussian").output
    assert "task gaussian" in both
    assert "estimator gaussian" in both
    assert "estimator gaussian" not in mibench("show", "gaussian[mi=3]").output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "kgs"], "no task or estimator named 'kgs'; did you mean ksg?"),
        (["show", "ksg[kk=3]"], "estimator 'ksg' has no parameter 'kk'; did you mean k?"),
        (["show", "ksg", "--sheet", "a.png"], "only tasks have samples to draw"),
        (["show", "gaussian[mi='a']"], "is 'a'"),
        (["show", "ksg+pca"], "'ksg+pca' ends in pca, which is a compressor and no estimator"),
        (["show", "+ksg"], "'+ksg' has a '+' with nothing beside it"),
        (["show", "images"], "'images' is a tag of "),
        (["show", "neural"], "`mibench run --estimators neural --tasks ...` runs them"),
        (["show", "pca", "--sheet", "a.png"], "pca is a compressor, and only tasks have samples to draw"),
        (["show", "KSG"], "no task or estimator named 'KSG'; did you mean ksg"),
        (["status", "absent"], "absent is no run folder: it does not exist"),
        (["report", "absent"], "absent is no run folder: it does not exist"),
        (["rn"], "no verb 'rn'; did you mean run?"),
        (["ls", "things"], "'things' is not one of 'tasks', 'estimators'"),
    ],
)
def test_wrong_names_elsewhere_end_with_2_too(mibench: Call, arguments: list[str], message: str) -> None:
    result = mibench(*arguments)
    assert result.exit_code == 2
    assert message in result.output


def test_report_writes_anew_and_figures_on_request(mibench: Call, tmp_path: Path) -> None:
    run(mibench, "--estimators", "fine,fine[bias=1]", "--out", "here", tasks="toy[mi=1],toy[mi=2]")
    (tmp_path / "here" / "report.html").unlink()
    result = mibench("report", "here", "--figures", "figures", "--format", "png")
    assert result.exit_code == 0
    assert (tmp_path / "here" / "report.html").exists()
    figures = list((tmp_path / "figures").iterdir())
    assert figures
    assert {path.suffix for path in figures} == {".png"}


def test_a_report_that_fails_is_told_from_a_run_that_is_lost(
    mibench: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mibench import reports

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("no figure today")

    monkeypatch.setattr(reports, "write", fail)
    result = run(mibench, "--estimators", "fine", "--out", "here")
    assert result.exit_code == 2
    assert "the report could not be written (ZeroDivisionError: no figure today). Every row is safe" in result.output
    assert len(store.load(tmp_path / "here").rows) == 1


def test_doctor_finds_this_machine_fit(mibench: Call) -> None:
    result = mibench("doctor")
    assert result.exit_code == 0, result.output
    for word in ("numpy", "torch", "cores usable", "numba cache", "worker process", "ready"):
        assert word in result.output


def test_doctor_looks_at_every_package_that_mibench_needs() -> None:
    from mibench.cli_doctor import _NEEDED

    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]
    packages = {re.split("[<>=~!;[ ]", text)[0] for text in project["dependencies"]}
    assert set(_NEEDED) == packages - {"scikit-learn"} | {"sklearn"}


def test_help_names_every_verb_and_the_exit_codes(mibench: Call) -> None:
    said = mibench("--help").output
    for word in ("run", "ls", "show", "status", "report", "doctor", "Exit codes", "130 interrupted"):
        assert word in said
