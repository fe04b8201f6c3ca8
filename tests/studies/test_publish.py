# SPDX-License-Identifier: Apache-2.0
"""What is kept of a study beside the code says what its claims.json says."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from mibench.contracts import InputError
from mibench.studies.publish import publish, renewed, short_table, verdict_tables

_DOCS = Path(__file__).parents[2] / "docs" / "studies"
_PAGES = {"ib-network": "ib-network", "mnist-bottleneck": "mnist", "mnist-cnn": "mnist"}
_KEPT = [study for study in _PAGES if (_DOCS / study / "claims.json").exists()]


@pytest.mark.parametrize("study", _KEPT)
def test_the_page_in_the_docs_is_made_of_the_verdicts_beside_it(study: str) -> None:
    page = (_DOCS / f"{_PAGES[study]}.md").read_text("utf-8")
    found = json.loads((_DOCS / study / "claims.json").read_text("utf-8"))
    assert (found["scale"], found["study"]) == ("paper", study)
    assert renewed(page, verdict_tables(found), study) == page
    readme = (_DOCS.parents[1] / "README.md").read_text("utf-8")
    assert renewed(readme, short_table(found), study) == readme
    assert all(claim["id"] in short_table(found) for claim in found["claims"])


def test_verdicts_can_be_checked_from_what_is_kept() -> None:
    found = json.loads((_DOCS / "ib-network" / "claims.json").read_text("utf-8"))
    cases = [case for claim in found["claims"] for case in claim["cases"] if case["threshold"] is not None]
    assert len(cases) > 500
    for case in cases:
        sign = {"at least": 1, "at most": -1}[case["wanted"]]
        if case["verdict"] == "holds":
            assert sign * case["statistic"] >= sign * case["threshold"], case


def test_the_kept_planes_are_within_their_ceilings() -> None:
    with (_DOCS / "ib-network" / "planes.csv").open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert len({line["setting"] for line in lines}) > 50
    exact = [line for line in lines if line["estimator"] == "exact"]
    assert exact
    for line in exact:
        assert 0 <= float(line["i_y"]) <= min(float(line["i_x"]), 0.99916) + 1e-3
        assert float(line["i_x"]) <= 12.0


def test_a_page_without_marks_is_refused() -> None:
    with pytest.raises(InputError, match="no <!-- verdicts -->"):
        renewed("# nothing", "table")


def _claims(study: str) -> dict[str, Any]:
    case = {"primary": True, "verdict": "holds", "detail": "It rises by 1 nat", "setting": "cnn"}
    told = {"source": "A paper", "statement": "it rises", "verdict": "holds", "cases": [case]}
    return {"study": study, "scale": "paper", "seed": 0, "claims": [told | {"id": "B4"}, told | {"id": "X1"}]}


def _folder(path: Path, study: str, dataset: str) -> Path:
    path.mkdir()
    told = {"study": study, "scale": "paper", "seed": 0, "dataset": dataset, "data_title": dataset, "settings": []}
    (path / "study.json").write_text(json.dumps(told), "utf-8")
    (path / "claims.json").write_text(json.dumps(_claims(study)), "utf-8")
    return path


def test_studies_of_one_page_leave_each_others_tables_alone(tmp_path: Path) -> None:
    docs, readme = tmp_path / "docs", tmp_path / "README.md"
    docs.mkdir()
    marks = "<!-- verdicts mnist-{} -->\nold\n<!-- end -->\n"
    plain = "<!-- verdicts -->\nkept\n<!-- end -->\n"
    for page in (docs / "mnist.md", readme):
        page.write_text(f"# MNIST\n{plain}{marks.format('cnn')}prose\n{marks.format('bottleneck')}", "utf-8")
    written = publish(_folder(tmp_path / "a", "mnist-cnn", "mnist"), docs, readme)
    assert written == [docs / "mnist-cnn" / "claims.json", docs / "mnist-cnn" / "planes.csv", docs / "mnist.md", readme]
    for page, table in ((docs / "mnist.md", verdict_tables), (readme, short_table)):
        text = page.read_text("utf-8")
        assert table(_claims("mnist-cnn")) in text
        assert text.startswith(f"# MNIST\n{plain}<!-- verdicts mnist-cnn -->\n\n")
        assert text.endswith(f"<!-- end -->\nprose\n{marks.format('bottleneck')}")
    assert "| Butakov et al. (B) | B4 |  |  |" in readme.read_text("utf-8")
    assert "| others | X1 |  |  |" in readme.read_text("utf-8")


def test_other_data_are_not_published_under_the_name_of_mnist(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "a", "mnist-bottleneck", "digits")
    with pytest.raises(InputError, match="is of digits, and what is claimed in mnist-bottleneck is about mnist"):
        publish(folder, tmp_path, tmp_path / "README.md")


def test_a_page_without_the_marks_of_the_study_is_refused() -> None:
    with pytest.raises(InputError, match="no <!-- verdicts mnist-cnn -->"):
        renewed("<!-- verdicts -->\n<!-- end -->", "table", "mnist-cnn")
