# SPDX-License-Identifier: Apache-2.0
"""``mibench study``: from a command to claims and a report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mibench.cli import main


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A quick study of a trained setting and a computed one, with a plane that was asked for."""
    out = tmp_path_factory.mktemp("studies") / "mine"
    arguments = ("--settings", "rasmussen-constant,ib-curve", "--estimators", "own,kde", "--out", out)
    done = invoke("study", "ib-network", *arguments)
    assert done.exit_code == 0, done.output
    assert "at quick scale no verdict means anything" in done.output
    return out


def test_the_list_has_every_setting() -> None:
    listed = invoke("study", "list")
    assert listed.exit_code == 0
    told = json.loads(invoke("study", "list", "--json").output)["studies"]["ib-network"]
    assert len(told) > 50
    for each in told:
        assert each["setting"] in listed.output
        assert each["source"]


def test_a_quick_study_writes_claims_and_a_report(study: Path) -> None:
    assert (study / "report.html").stat().st_size > 1000
    claims = json.loads((study / "claims.json").read_text())
    assert claims["scale"] == "quick"
    assert {claim["id"] for claim in claims["claims"]} >= {"R18"}
    assert all(claim["verdict"] in ("holds", "fails", "undecided") for claim in claims["claims"])
    planes = json.loads((study / "study.json").read_text())["planes"]["rasmussen-constant"]
    assert planes[-1] == "kde"


def test_status_and_report_know_it(study: Path) -> None:
    said = invoke("status", study)
    assert said.exit_code == 0
    assert "rasmussen-constant: trained, 3 of 3 planes" in said.output
    assert "ib-curve: computed" in said.output
    (study / "report.html").unlink()
    figures = study.parent / "figures"
    again = invoke("report", study, "--figures", figures, "--format", "svg")
    assert again.exit_code == 0, again.output
    assert (study / "report.html").is_file()
    assert list(figures.glob("*.svg"))
    index = invoke("report", study.parent)
    assert index.exit_code == 0, index.output
    assert "mine" in (study.parent / "index.html").read_text()


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    done = invoke("study", "ib-network", "--settings", "E2.1", "--dry-run", "--out", tmp_path / "none")
    assert done.exit_code == 0
    assert "lorenzen-8bit-tanh (3 runs x 400 epochs): trajectory, measures, plane-exact" in done.output
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--settings", "lorenzen-9bit"), "no setting, pattern or tag 'lorenzen-9bit'"),
        (("--settings", "E2.1", "--estimators", "bins[m=30]"), "has no parameter 'm'"),
        (("--settings", "E2.1", "--estimators", "ksgg"), "ksgg"),
        (("--settings", "E2.1", "--estimators", "ksgg", "--dry-run"), "ksgg"),
        (("--settings", "E2.1", "--estimators", ","), "no estimator was asked for"),
    ],
)
def test_what_is_unknown_is_named(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    done = invoke("study", "ib-network", *arguments, "--out", tmp_path / "none")
    assert done.exit_code == 2
    assert said in done.output
    assert not (tmp_path / "none").exists()


def test_a_run_and_a_study_do_not_share_a_folder(study: Path) -> None:
    done = invoke("run", "--tasks", "gaussian", "--estimators", "ksg", "--quick", "--out", study)
    assert done.exit_code == 2
    assert "holds a study, not a run" in done.output
