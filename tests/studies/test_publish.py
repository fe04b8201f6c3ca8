# SPDX-License-Identifier: Apache-2.0
"""What is kept of a study beside the code says what its claims.json says."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from mibench.contracts import InputError
from mibench.studies.publish import renewed, short_table, verdict_tables

_DOCS = Path(__file__).parents[2] / "docs" / "studies"


def test_the_page_in_the_docs_is_made_of_the_verdicts_beside_it() -> None:
    page = (_DOCS / "ib-network.md").read_text("utf-8")
    found = json.loads((_DOCS / "ib-network" / "claims.json").read_text("utf-8"))
    assert found["scale"] == "paper"
    assert renewed(page, verdict_tables(found)) == page
    readme = (_DOCS.parents[1] / "README.md").read_text("utf-8")
    assert renewed(readme, short_table(found)) == readme
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
