# SPDX-License-Identifier: Apache-2.0
"""All claims together: ids, and the page that tells them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from mibench.studies.catalogue import STUDIES
from mibench.studies.claims import registry
from mibench.studies.claims.registry import CLAIMS, MODULES, gathered, page

PAGE = Path(__file__).parents[2] / "docs" / "claims.md"


def test_the_page_is_what_the_code_says():
    assert PAGE.read_text("utf-8") == page(), "python -m mibench.studies.claims.registry > docs/claims.md"


def test_every_claim_is_on_the_page_once():
    rows = [line.split("**")[1] for line in page().splitlines() if line.startswith("| **")]
    assert sorted(rows) == sorted(CLAIMS)
    assert len(rows) == len(set(rows))


def test_claims_are_in_the_order_of_their_ids():
    lorenzen = [*gathered(["lorenzen"])]
    assert lorenzen[:3] == ["L1", "L2", "L2b"]
    assert lorenzen.index("L9") < lorenzen.index("L14a") < lorenzen.index("L15")


def test_every_row_has_four_cells():
    for line in page().splitlines():
        if line.startswith("| **"):
            assert line.replace("\\|", "").count("|") == 5, line


def test_claims_are_complete_and_of_settings_of_one_study():
    for claim in CLAIMS.values():
        assert all((claim.title, claim.statement, claim.source, claim.rule)), claim.id
        assert any(case.primary for case in claim.cases), claim.id
        assert any({case.setting for case in claim.cases} <= {*study.settings} for study in STUDIES.values()), claim.id


def test_every_module_with_claims_is_gathered():
    folder = Path(registry.__file__).parent
    texts = {path.stem: path.read_text("utf-8") for path in folder.glob("*.py") if path.stem != "registry"}
    having = {name for name, text in texts.items() if "\nCLAIMS" in text}
    parts = {name for name in having if any(name in texts[each] for each in MODULES if each != name)}
    assert having - parts <= {*MODULES}, "name it in MODULES"


def test_two_claims_of_one_id_are_told(monkeypatch):
    claim = next(iter(CLAIMS.values()))
    modules = {f"mibench.studies.claims.{name}": SimpleNamespace(CLAIMS=(claim,)) for name in ("first", "second")}
    monkeypatch.setattr(registry.importlib, "import_module", modules.__getitem__)
    with pytest.raises(ValueError, match=rf"two claims are {claim.id}, in first and in second"):
        gathered(["first", "second"])
