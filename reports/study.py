# SPDX-License-Identifier: Apache-2.0
"""The page of a study: verdicts on claims, and the information planes of every setting, in one file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from mibench.contracts import MibenchError
from mibench.reports import provenance, study_about, study_claims, study_data
from mibench.reports.document import document
from mibench.reports.study_analyses import ib_curve
from mibench.reports.study_gallery import COLOURS
from mibench.studies.results import Results

__all__ = ["SCRIPTS", "grouped", "render"]

SCRIPTS = (
    "words.js", "figures.js", "planes_data.js", "planes_chart.js", "planes_limits.js", "planes_plane.js",
    "planes_layers.js", "planes_panels.js", "planes_gallery.js", "planes_controls.js", "planes_page.js", "claims.js",
)  # fmt: skip
_STYLES = ("report.css", "study.css")
_GROUPS = {  # by tag, the first that fits
    "lorenzen": "Lorenzen, Igel, Nielsen",
    "rasmussen": "Rasmussen",
    "goldfeld": "Goldfeld et al.",
    "szt": "Shwartz-Ziv, Tishby",
    "butakov": "Butakov et al.",
    "control": "Negative controls",
}
_KNOWN, _OTHERS = "Controls whose truth is known", "Computed without training"


def render(results: Results, budget: int = study_data.BUDGET) -> str:
    """The page of a study's folder."""
    problems: list[tuple[str, str]] = []
    try:
        claims = study_claims.read(results.folder / "claims.json")
    except MibenchError as error:
        claims, problems = [], [("claims", str(error))]
    packed = study_data.settings(results, budget)
    told = study_about.about(results)
    about = {name: dict(results.about.get("about", {}).get(name, {})) for name in results.settings}
    versions = results.about.get("versions") or {}
    failures = [
        *((each["setting"], each["product"], str(each.get("error", ""))) for each in results.failures()),
        *((name, "", why) for name, why in packed.problems),
    ]
    return document(
        "study.html.j2",
        SCRIPTS,
        {
            "study": results.study,
            "settings": list(packed.texts),
            "curve": ib_curve(results),
            "claims": _by_setting(claims),
            "failed": sorted({setting for setting, _, _ in failures}),
            "unit": told.unit,
            "letter": told.letter,
            "first": told.first,
            "ceilings": told.ceilings,
            "classes": COLOURS,
            "class": told.label,
        },
        styles=_STYLES,
        tables=False,
        title=f"{results.study}, {results.scale} scale",
        study=results.study,
        scale=results.scale,
        seed=results.seed,
        told=told,
        started=str(results.about.get("started", ""))[:10],
        version=versions.get("mibench", ""),
        claims=claims,
        papers=list(dict.fromkeys(claim.paper for claim in claims)),
        marks=study_claims.MARKS,
        tally=study_claims.tally(claims),
        groups=grouped(about),
        about=about,
        planes=sum(len(results.planes(name)) for name in results.settings),
        packed=packed,
        payloads=[(name, Markup(text)) for name, text in packed.texts.items()],
        failures=failures,
        problems=problems,
        facts=list(
            provenance.facts({key: results.about[key] for key in ("versions", "hardware") if key in results.about})
        ),
    )


def grouped(about: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, list[tuple[str, list[str]]]]]:
    """Settings by source; under each, those that vary it."""
    variants: dict[str, list[str]] = {}
    for name, told in about.items():
        if told.get("variant_of") in about:
            variants.setdefault(str(told["variant_of"]), []).append(name)
    found: dict[str, list[tuple[str, list[str]]]] = {}
    for name, told in about.items():
        if told.get("variant_of") not in about:
            found.setdefault(_group(told), []).append((name, variants.get(name, [])))
    order = [*_GROUPS.values(), _KNOWN, _OTHERS]
    return sorted(found.items(), key=lambda item: order.index(item[0]))


def _group(told: Mapping[str, Any]) -> str:
    tags = told.get("tags", [])
    if "control" in tags and "runs" not in told:
        return _KNOWN
    return next((title for tag, title in _GROUPS.items() if tag in tags), _OTHERS)


def _by_setting(claims: Sequence[study_claims.ClaimLine]) -> dict[str, list[dict[str, Any]]]:
    """The claims that each setting helps to decide: their verdicts, and what its own cases found."""
    found: dict[str, list[dict[str, Any]]] = {}
    for claim in claims:
        own: dict[str, list[str]] = {}
        for case in claim.cases:
            if case.primary:
                labels = (value for key, value in case.labels.items() if key != "estimator")
                said = " ".join(filter(None, (case.estimator, *labels, case.word)))
                own.setdefault(case.setting, []).append(": ".join(filter(None, (said, case.number or case.detail))))
        for setting, lines in own.items():
            told = {"id": claim.id, "title": claim.title, "verdict": claim.verdict, "word": claim.word, "here": lines}
            found.setdefault(setting, []).append(told)
    return found
