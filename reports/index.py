# SPDX-License-Identifier: Apache-2.0
"""One page that lists every run and study below a folder, with how far each is and where its report is."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mibench.contracts import InputError, MibenchError
from mibench.harness import store
from mibench.reports import study_claims
from mibench.reports.document import document
from mibench.reports.words import plural
from mibench.studies.results import Results

__all__ = ["Entry", "entries", "render"]

_STUDY = "study.json"
_DEPTH = 6  # folders within folders


@dataclass(frozen=True)
class Entry:
    """A run or a study; `broken` says why it cannot be read."""

    name: str
    kind: str
    what: str = ""
    scale: str = ""
    seed: str = ""
    state: str = ""
    date: str = ""
    report: str = ""
    broken: str = ""


def render(folder: Path) -> str:
    """The page of a folder of runs and studies."""
    found = entries(folder)
    return document(
        "index.html.j2",
        ("words.js", "index.js"),
        {},
        styles=("report.css", "study.css"),
        tables=False,
        title=folder.resolve().name,
        entries=found,
        counts=Counter(entry.kind for entry in found),
    )


def entries(folder: Path) -> list[Entry]:
    """Every run and study in a folder and below it, the newest first, those that cannot be read last.

    Raises
    ------
    InputError
        If there is no such folder.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder: give one that holds runs or studies")
    found = [_entry(folder, place) for place in _places(folder)]
    return sorted(found, key=lambda entry: (not entry.broken, entry.date, entry.name), reverse=True)


def _places(folder: Path) -> Iterator[Path]:
    """Folders of runs and studies; not what is inside of them, nor what links lead to."""
    for place, inner, files in os.walk(folder, onerror=None):
        path = Path(place)
        if {_STUDY, store.MANIFEST, store.JOURNAL} & set(files):
            inner.clear()
            yield path
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        if len(path.relative_to(folder).parts) >= _DEPTH:
            inner.clear()


def _entry(folder: Path, place: Path) -> Entry:
    name = place.relative_to(folder).as_posix()
    name = folder.resolve().name if name == "." else name
    kind = "study" if (place / _STUDY).exists() else "run"
    try:
        told = _study(place) if kind == "study" else _run(place)
    except (MibenchError, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        return Entry(name, kind, broken=str(error) or type(error).__name__)
    report = place / "report.html"
    link = quote(os.path.relpath(report, folder)) if report.is_file() else ""
    return Entry(name, kind, report=link, **told)


def _study(place: Path) -> dict[str, str]:
    results = Results(place)
    asked = results.about.get("settings", [])
    state = f"{len(results.settings)} of {plural(len(asked), 'setting')}"
    if failed := results.failures():
        state += f", {plural(len(failed), 'failure')}"
    claims = study_claims.read(place / "claims.json")
    if claims:
        state += "; claims: " + ", ".join(f"{count} {name}" for name, count in study_claims.tally(claims).items())
    return {
        "what": results.study,
        "scale": results.scale,
        "seed": str(results.seed),
        "state": state,
        "date": str(results.about.get("updated", results.about.get("started", "")))[:16].replace("T", " "),
    }


def _run(place: Path) -> dict[str, str]:
    run = store.load(place)
    manifest: dict[str, Any] = run.manifest
    ok = sum(row.status == "ok" for row in run.rows)
    planned = max(int(manifest.get("planned") or 0), len(run.rows))
    failed = len(run.rows) - ok
    state = f"{ok} of {plural(planned, 'trial')} ok" + (f", {failed} not" if failed else "")
    if len(run.rows) < planned:
        state += f", {planned - len(run.rows)} to do"
    estimators, tasks = len({row.estimator for row in run.rows}), len({row.task for row in run.rows})
    asked = manifest.get("selection")
    return {
        "what": f"{plural(estimators, 'estimator')} on {plural(tasks, 'task')}",
        "seed": str(asked.get("seed", "")) if isinstance(asked, dict) else "",
        "state": state,
        "date": str(manifest.get("updated", manifest.get("created", "")))[:16].replace("T", " "),
    }
