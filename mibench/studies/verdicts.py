# SPDX-License-Identifier: Apache-2.0
"""Every claim checked on a study's results: the content of ``claims.json``."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from mibench.files import write_whole
from mibench.studies.claims.contract import Case, Claim, Finding, check, combined
from mibench.studies.results import Results

__all__ = ["deciding", "verdicts", "write_verdicts"]

_SCHEMA = 1


def verdicts(results: Results, claims: Mapping[str, Claim]) -> dict[str, Any]:
    """Each claim with its verdict, and each of its cases with its finding, as JSON can hold them.

    A claim none of whose primary cases has its results is left out: it is of settings that were not asked for.
    """
    found = [(claim, check(claim, results)) for claim in claims.values()]
    return {
        "schema": _SCHEMA,
        "study": results.study,
        "scale": results.scale,
        "seed": results.seed,
        "claims": [_told(claim, cases) for claim, cases in found if any(_is_of(*each) for each in cases)],
    }


def deciding(claim: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The primary cases of a claim of ``claims.json``, first those whose verdict is the claim's."""
    primary = [case for case in claim["cases"] if case["primary"]]
    return sorted(primary, key=lambda case: case["verdict"] != claim["verdict"])


def write_verdicts(results: Results, claims: Mapping[str, Claim]) -> dict[str, Any]:
    """Write ``claims.json`` into the study's folder, in one step; its content."""
    found = verdicts(results, claims)
    text = json.dumps(found, indent=1, allow_nan=False)
    write_whole(results.folder / "claims.json", text.encode())
    return found


def _is_of(case: Case, finding: Finding) -> bool:
    return case.primary and not finding.missing


def _told(claim: Claim, cases: list[tuple[Case, Finding]]) -> dict[str, Any]:
    return {
        "id": claim.id,
        "title": claim.title,
        "statement": claim.statement,
        "source": claim.source,
        "rule": claim.rule,
        "verdict": combined(cases),
        "cases": [
            {
                "setting": case.setting,
                "estimator": case.estimator,
                "primary": case.primary,
                "labels": dict(case.labels),
                "verdict": finding.verdict,
                "statistic": _number(finding.statistic),
                "unit": finding.unit,
                "interval": None if finding.interval is None else [_number(end) for end in finding.interval],
                "threshold": None if finding.threshold is None else _number(finding.threshold),
                "wanted": finding.wanted,
                "detail": finding.detail,
                "missing": finding.missing,
            }
            for case, finding in cases
        ],
    }


def _number(value: float) -> float | None:
    value = float(value)
    return value if math.isfinite(value) else None
