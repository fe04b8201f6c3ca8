# SPDX-License-Identifier: Apache-2.0
"""``mibench scores``: what it prints for a run whose numbers are known, and what it refuses."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mibench.cli import main
from mibench.contracts import Row
from mibench.harness import journal

Scores = Callable[..., Result]
TASKS = [f"blobs[mi={mi}]" for mi in (1, 2, 3, 4)] + [f"gaussian[mi={mi}]" for mi in (1, 2, 3, 4)]
BIAS = {"ksg[k=1]": 0.3, "ksg[k=5]": 0.1, "kde": 0.5, "ae[latent_dim=2]+wkl": -0.2}


def rows_of() -> list[Row]:
    """Four estimators on eight tasks at two sizes: a constant error, halved at the larger size; kde fails on one."""
    rows = []
    for task in TASKS:
        truth = float(task[-2])
        for n in (500, 5000):
            for name, bias in BIAS.items():
                fails = name == "kde" and task == "blobs[mi=4]"
                estimate = None if fails else truth + bias * (1.0 if n == 500 else 0.5)
                shared = {"n": n, "repetition": 0, "truth": truth, "seconds": 2.0, "peak_mb": 50.0, "seed": 0}
                rows.append(
                    Row(
                        f"{task} {n} {name}",
                        task,
                        name,
                        status="timeout" if fails else "ok",
                        estimate=estimate,
                        interval=None if estimate is None else (estimate - 0.12, estimate + 0.12),
                        **shared,  # type: ignore[arg-type]
                    )
                )
                if name == "kde" and estimate is not None:
                    for check, answer in (("symmetry", estimate + 0.25), ("shuffled", 0.05)):
                        rows.append(
                            Row(f"{task} {n} {check}", task, name, status="ok", estimate=answer, check=check, **shared)  # type: ignore[arg-type]
                        )
    return rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("run")
    (found / "journal.jsonl").write_text("".join(map(journal.to_line, rows_of())))
    return found


@pytest.fixture(scope="module")
def scores(folder: Path) -> Scores:
    return lambda *options: CliRunner().invoke(main, ["scores", str(folder), *options])


def lines(result: Result) -> list[dict[str, str]]:
    assert result.exit_code == 0, result.output
    return list(csv.DictReader(io.StringIO(result.stdout)))


def test_the_leaderboard(scores: Scores) -> None:
    found = {line["estimator"]: line for line in lines(scores("--format", "csv"))}
    assert list(found) == ["ksg[k=5]", "ae[latent_dim=2]+wkl", "ksg[k=1]", "kde"]
    ksg = found["ksg[k=1]"]
    assert (ksg["planned"], ksg["ok"], ksg["failures"]) == ("16", "16", "")
    assert float(ksg["mae"]) == pytest.approx(0.225)
    assert float(ksg["interval_coverage"]) == 0.0
    assert float(found["ksg[k=5]"]["interval_coverage"]) == 1.0
    assert float(ksg["relative"]) == pytest.approx(0.225 * (1 + 1 / 2 + 1 / 3 + 1 / 4) / 4)
    assert float(found["ae[latent_dim=2]+wkl"]["bias"]) == pytest.approx(-0.15)
    assert (found["kde"]["ok"], found["kde"]["failures"]) == ("14", "timeout 2")
    assert [line["rank"] for line in found.values()] == ["1", "2", "3", "4"]


def test_for_people(scores: Scores) -> None:
    said = scores().stdout
    assert "intervals hold" in said
    assert "100 % of 16" in said
    assert "MAE, common: over the 14 of 16 cells that all 4 estimators" in said
    assert "timeout 2" in said
    marked = scores("--format", "markdown").stdout.splitlines()
    assert marked[0].startswith("| rank | estimator | ok | MAE, common | 95 % | MAE | relative | bias |")
    assert marked[2].startswith("| 1 | ksg[k=5] | 16/16 | 0.0750 | ")
    assert len({line.count("|") for line in marked[:6]}) == 1


def test_a_narrow_terminal_is_told_what_it_misses(scores: Scores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mibench.cli_scores._PLAIN", 80)
    said = scores().stdout
    assert "Left out for want of width: " in said
    assert "RMSE" in said.partition("Left out")[2]
    assert "ae[latent_dim=2]+wkl" in said
    table = said.partition("MAE, common: ")[0]
    assert max(map(len, table.splitlines())) <= 80


def test_a_size_filters(scores: Scores) -> None:
    found = {line["estimator"]: line for line in lines(scores("--n-samples", "5000", "--format", "csv"))}
    assert found["ksg[k=1]"]["planned"] == "8"
    assert float(found["ksg[k=1]"]["mae"]) == pytest.approx(0.15)
    assert float(found["ksg[k=1]"]["worst"]) == pytest.approx(0.15)
    result = scores("--n-samples", "5000,700")
    assert result.exit_code == 2
    assert "no trial of this run has n = 700; there are: 500, 5000" in result.stderr


@pytest.mark.parametrize(
    ("options", "tasks", "estimators"),
    [
        (["--estimators", "ksg"], 8, {"ksg[k=1]", "ksg[k=5]"}),
        (["--estimators", "ksg[k=1],kde"], 8, {"ksg[k=1]", "kde"}),
        (["--estimators", "ae*"], 8, {"ae[latent_dim=2]+wkl"}),
        (["--estimators", "knn"], 8, {"ksg[k=1]", "ksg[k=5]", "ae[latent_dim=2]+wkl"}),
        (["--tasks", "images"], 4, set(BIAS)),
        (["--tasks", "gaussian,blobs[mi=3]"], 5, set(BIAS)),
        (["--tasks", "*[mi=1]"], 2, set(BIAS)),
    ],
)
def test_names_families_patterns_and_tags(scores: Scores, options: list[str], tasks: int, estimators: set[str]) -> None:
    found = lines(scores("--by", "task", "--n-samples", "500", "--format", "csv", *options))
    assert len({line["task"] for line in found}) == tasks
    assert {line["estimator"] for line in found} == estimators


def test_a_name_of_no_row_is_refused(scores: Scores) -> None:
    result = scores("--estimators", "ksgg")
    assert result.exit_code == 2
    assert "this run has no estimator, pattern or tag 'ksgg'; did you mean ksg" in result.stderr
    assert scores("--tasks", ",").exit_code == 2


def test_by_task_and_by_level(scores: Scores) -> None:
    task = lines(scores("--by", "task", "--format", "csv"))
    assert len(task) == 8 * 2 * 4
    (line,) = [each for each in task if (each["task"], each["n"], each["estimator"]) == (TASKS[0], "500", "ksg[k=1]")]
    assert (float(line["truth"]), float(line["estimate"]), float(line["mae"])) == pytest.approx((1.0, 1.3, 0.3))
    level = lines(scores("--by", "level", "--format", "csv"))
    assert len(level) == 4 * 2 * 4
    (line,) = [e for e in level if (float(e["level"]), e["n"], e["estimator"]) == (4.0, "5000", "kde")]
    assert (line["tasks"], line["ok"], line["planned"], line["failures"]) == ("2", "1", "2", "timeout 1")
    assert "MI" in scores("--by", "level").stdout


def test_views(scores: Scores) -> None:
    def mae(view: str) -> dict[str, float]:
        return {line["estimator"]: float(line["mae"]) for line in lines(scores("--view", view, "--format", "csv"))}

    assert mae("bits")["ksg[k=1]"] == pytest.approx(0.225 / math.log(2))
    assert mae("clipped") == pytest.approx(mae("raw"))
    tuned = mae("oracle-tuned")
    assert {name: tuned.pop(name) for name in ["ksg (oracle-tuned)"]} == pytest.approx({"ksg (oracle-tuned)": 0.075})
    assert tuned == pytest.approx(mae("raw")), "the fixed settings stand beside it"
    assert "Errors in bits" in scores("--view", "bits").stdout


def test_ranks(scores: Scores) -> None:
    said = scores("--what", "ranks").stdout
    assert "Average ranks over 7 tasks" in said
    found = json.loads(scores("--what", "ranks", "--format", "json").stdout)
    assert [row["estimator"] for row in found["rows"]] == ["ksg[k=5]", "ae[latent_dim=2]+wkl", "ksg[k=1]", "kde"]
    assert [row["average_rank"] for row in found["rows"]] == [1.0, 2.0, 3.0, 4.0]
    difference = found["critical_difference"]
    assert difference["blocks"] == 7, "the task that kde did not answer is not common"
    assert difference["distance"] == pytest.approx(2.569 * math.sqrt(4 * 5 / 42), abs=2e-3)
    assert difference["p_value"] == pytest.approx(1.1e-4, rel=0.05)  # 7 tasks of one order: chi2 of 21, 3 degrees
    assert difference["groups"] == [
        ["ksg[k=5]", "ae[latent_dim=2]+wkl"],
        ["ae[latent_dim=2]+wkl", "ksg[k=1]"],
        ["ksg[k=1]", "kde"],
    ]
    assert "cannot be told apart: ksg[k=1], kde" in said


def test_too_few_for_ranks_is_nothing_compared(scores: Scores) -> None:
    result = scores("--what", "ranks", "--tasks", "blobs")
    assert result.exit_code == 3
    assert "nothing was ranked" in result.stderr
    assert "need 6 common tasks" in result.stderr


def test_self_consistency(scores: Scores) -> None:
    found = {line["check"]: line for line in lines(scores("--what", "consistency", "--format", "csv"))}
    assert float(found["symmetry"]["deviation"]) == pytest.approx(0.25)
    assert (found["symmetry"]["cells"], found["symmetry"]["violated"]) == ("14", "1.0")
    assert (float(found["shuffled"]["worst"]), found["shuffled"]["violated"]) == (pytest.approx(0.05), "0.0")
    wide = scores("--what", "consistency", "--tolerance", "0.3", "--format", "json")
    assert json.loads(wide.stdout)["tolerance"] == 0.3
    assert [row["violated"] for row in json.loads(wide.stdout)["rows"]] == [0.0, 0.0]
    by_task = lines(scores("--what", "consistency", "--by", "task", "--format", "csv"))
    assert len(by_task) == 2 * 14
    nothing = scores("--what", "consistency", "--estimators", "ksg")
    assert nothing.exit_code == 3
    assert "add --consistency all to the command of the run" in nothing.stderr


def test_sample_complexity(scores: Scores) -> None:
    found = lines(scores("--what", "sample-complexity", "--tasks", "blobs[mi=1]", "--format", "csv"))
    assert {line["estimator"]: line["n_needed"] for line in found} == {
        "ksg[k=1]": "",
        "ksg[k=5]": "500",
        "kde": "",
        "ae[latent_dim=2]+wkl": "5000",
    }
    said = scores("--what", "sample-complexity", "--tolerance", "0.16", "--tasks", "blobs[mi=1]").stdout
    assert "more than 5000" in said
    assert said.count("more than") == 1, "0.15 is within now"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--what", "ranks", "--by", "task"], "--what ranks has no table --by task: there is --by estimator"),
        (["--what", "sample-complexity", "--by", "level"], "there is --by task"),
        (["--tolerance", "0.2"], "--tolerance says nothing about --what accuracy"),
        (["--what", "consistency", "--tolerance", "-1"], "give a finite number above 0"),
        (["--what", "consistency", "--tolerance", "nan"], "give a finite number above 0"),
        (["--what", "ranks", "--view", "oracle-tuned"], "not ranked"),
        (["--what", "consistency", "--view", "oracle-tuned"], "does not ask for the truth"),
        (["--view", "bit"], "bits"),
        (["--n-samples", ","], "names no size"),
    ],
)
def test_what_does_not_go_together(scores: Scores, options: list[str], message: str) -> None:
    result = scores(*options)
    assert result.exit_code == 2
    assert message in result.stderr


def test_json_says_what_was_asked(scores: Scores, folder: Path) -> None:
    found = json.loads(scores("--view", "bits", "--by", "level", "--format", "json").stdout)
    rows = found.pop("rows")
    assert found == {
        "folder": str(folder),
        "what": "accuracy",
        "by": "level",
        "view": "bits",
        "unit": "bits",
        "caption": "",
    }
    assert rows[0]["level"] == pytest.approx(1 / math.log(2), abs=1e-3)
    failed = [row for row in rows if row["failures"] == "timeout 1"]
    assert len(failed) == 2


def test_a_run_without_an_answer(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").write_text(journal.to_line(Row("k", "t", "e", 10, 0, "crashed")))
    for what in ("accuracy", "ranks", "sample-complexity", "consistency"):
        result = CliRunner().invoke(main, ["scores", str(tmp_path), "--what", what])
        assert result.exit_code == 3, what
        assert result.stderr.startswith("mibench: ")
    assert "crashed 1" in CliRunner().invoke(main, ["scores", str(tmp_path)]).stdout


def test_no_run(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["scores", str(tmp_path)])
    assert result.exit_code == 2
    assert "is no run folder" in result.stderr


def test_hostile_names_stay_in_their_cell(tmp_path: Path) -> None:
    name = "a|b\n<script>\x1b[31m"
    rows = [Row(f"{i}", f"t{i}", name, 10, 0, "ok", estimate=1.0, truth=1.0) for i in range(2)]
    (tmp_path / "journal.jsonl").write_text("".join(map(journal.to_line, rows)))
    marked = CliRunner().invoke(main, ["scores", str(tmp_path), "--format", "markdown"]).stdout.splitlines()
    assert "| a\\|b &lt;script&gt;[31m |" in marked[2]
    table = CliRunner().invoke(main, ["scores", str(tmp_path)]).stdout
    assert "\x1b" not in table
    assert "a|b <script>[31m" in table
