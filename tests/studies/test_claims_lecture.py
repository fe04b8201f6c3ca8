# SPDX-License-Identifier: Apache-2.0
"""Claims of the lecture on results that are made up: each where it must hold and where it must fail."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mibench.studies.analyses.finite_samples import finite_samples
from mibench.studies.analyses.ib_curve import ib_curve
from mibench.studies.claims.contract import Finding, check
from mibench.studies.claims.lecture import CLAIMS
from mibench.studies.ib_settings import SETTINGS
from mibench.studies.results import Results, save_analysis

Arrays = Mapping[str, NDArray[Any]]
RUNS = 12
BIT = np.log(2)
BY_ID = {claim.id: claim for claim in CLAIMS}


@pytest.fixture
def findings(tmp_path: Path) -> Callable[[str, str, str, Arrays], list[Finding]]:
    def found(claim: str, setting: str, analysis: str, arrays: Arrays) -> list[Finding]:
        (tmp_path / "study.json").write_text(
            json.dumps({"study": "ib-network", "scale": "quick", "seed": 0, "settings": [setting], "planes": {}})
        )
        results = Results(tmp_path)
        path = results.path(setting, f"analysis-{analysis}")
        path.parent.mkdir(parents=True, exist_ok=True)
        save_analysis(path, arrays)
        return [finding for _, finding in check(BY_ID[claim], results)]

    return found


def layers(betas: list[float], distances: list[float], shares: list[float]) -> Arrays:
    rng = np.random.default_rng(0)

    def runs(values: list[float]) -> NDArray[Any]:
        return np.array(values) * np.exp(rng.normal(scale=0.02, size=(RUNS, len(values))))

    beta = np.minimum(runs(betas), 1e6)
    return {
        "beta": beta,
        "infinite": np.array(betas) * np.ones((RUNS, 1)) >= 1e6,
        "distance": runs(distances) * BIT,
        "residual": runs(shares),
        "null_residual": np.ones((RUNS, len(shares))),
    }


GOOD = layers([2e6, 2e6, 50.0, 5.0, 1.1], [0.0, 0.001, 0.002, 0.01, 0.012], [0.5] * 5)


@pytest.mark.parametrize(
    ("claim", "bad"),
    [
        ("S10", layers([2e6, 2e6, 5.0, 50.0, 1.1], [0.0] * 5, [0.5] * 5)),
        ("S10b", layers([1.0] * 5, [0.0, 0.001, 0.002, 0.01, 0.05], [0.5] * 5)),
        ("S10c", layers([1.0] * 5, [0.0] * 5, [1.0, 0.5, 0.5, 0.5, 0.5])),
    ],
)
def test_claims_of_layers(claim: str, bad: Arrays, findings: Any) -> None:
    assert [each.verdict for each in findings(claim, "szt-snapshots", "fixed-point", GOOD)] == ["holds"]
    assert [each.verdict for each in findings(claim, "szt-snapshots", "fixed-point", bad)] == ["fails"]


def autoencoders(ends: list[float], apart: float) -> Arrays:
    rng = np.random.default_rng(1)
    noise = np.exp(rng.normal(scale=0.1, size=(4, RUNS, 2)))
    return {
        "lambda": np.array([1.0, 10.0, 100.0, 1000.0]),
        "divergence": np.array(ends)[:, None, None] * noise,
        "apart": apart * noise,
    }


def test_claims_of_autoencoders(findings: Any) -> None:
    good = autoencoders([1.0, 0.5, 0.001, 0.0001], apart=8.0)
    assert [each.verdict for each in findings("S11", "infovae", "infovae", good)] == ["fails", "holds", "holds"]
    assert [each.verdict for each in findings("S11b", "infovae", "infovae", good)] == ["holds"]
    bad = autoencoders([0.1, 0.1, 0.1, 0.1], apart=1.5)
    assert [each.verdict for each in findings("S11", "infovae", "infovae", bad)] == ["fails"] * 3
    assert [each.verdict for each in findings("S11b", "infovae", "infovae", bad)] == ["fails"]


def test_claims_of_the_curve(findings: Any) -> None:
    arrays = ib_curve(scale="quick", seed=np.random.SeedSequence(0))
    for claim in ("IB1", "IB2"):
        assert [each.verdict for each in findings(claim, "ib-curve", "ib-curve", arrays)] == ["holds"]
    bent = arrays | {"i_x": arrays["i_x"] + 0.01 * np.linspace(0, 1, len(arrays["betas"])) ** 2}
    for claim in ("IB1", "IB2"):
        assert [each.verdict for each in findings(claim, "ib-curve", "ib-curve", bent)] == ["fails"]


def test_claims_of_finite_samples(findings: Any) -> None:
    arrays = finite_samples(scale="quick", seed=np.random.SeedSequence(0))
    expected = {"IB3": ["holds"], "IB4": ["holds", "fails"], "IB5": ["holds"]}
    for claim, verdicts in expected.items():
        assert [each.verdict for each in findings(claim, "finite-samples", "finite-samples", arrays)] == verdicts
    bad = arrays | {
        "worst": 2 * arrays["bound"],
        "slopes": 0.5 * arrays["slopes"],
        "best_rate": arrays["best_rate"][::-1],
    }
    for claim in expected:
        verdicts = [each.verdict for each in findings(claim, "finite-samples", "finite-samples", bad)]
        assert set(verdicts) == {"fails"}


def test_what_is_not_there_is_undecided(tmp_path: Path) -> None:
    (tmp_path / "study.json").write_text('{"study": "ib-network", "scale": "quick", "seed": 0, "settings": []}')
    for claim in CLAIMS:
        assert all(finding.missing for _, finding in check(claim, Results(tmp_path)))


def test_claims_are_of_settings_that_there_are() -> None:
    for claim in CLAIMS:
        assert {case.setting for case in claim.cases} <= set(SETTINGS)
        assert any(case.primary for case in claim.cases)
    assert len(BY_ID) == len(CLAIMS)
