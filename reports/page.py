# SPDX-License-Identifier: Apache-2.0
"""The report as one HTML file that needs nothing else: no server, no network, no script to be read."""

from __future__ import annotations

import math
from base64 import b64encode
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib import resources
from typing import TYPE_CHECKING, Any

import jinja2
import pandas as pd
from markupsafe import Markup, escape

from mibench.contracts import Row
from mibench.reports import drawing_intervals, leaderboard, provenance
from mibench.reports.drawing_errors import CAP, matrix
from mibench.reports.failures import reasons
from mibench.reports.figures import Plate
from mibench.reports.gallery import pictures
from mibench.reports.results import cells
from mibench.reports.words import NONE, Method, digits, fixed, level, order, percent, plural

if TYPE_CHECKING:
    from mibench.harness.store import Run

__all__ = ["render"]

_GROUPS = {
    "direct": "on the data as they are",
    "neural": "variational bounds with a trained critic",
    "pca+": "after principal components",
    "ae+": "after an autoencoder",
    "oracle+": "on the true latents: what a perfect compressor would allow",
}


@dataclass(frozen=True)
class Field:
    """A cell of the leaderboard: what is read, what is sorted by (empty for none), whether it is the column's best."""

    text: str
    value: str
    kind: str
    best: bool


def render(run: Run, scores: pd.DataFrame, trials: pd.DataFrame, plates: Sequence[Plate]) -> str:
    """The page of `run`, from its scores, its trials and the figures to show."""
    templates = resources.files("mibench.reports") / "templates"
    style, script = ((templates / name).read_text("utf-8") for name in ("report.css", "report.js"))
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: (templates / name).read_text("utf-8")),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(num=_number, level=level, fixed=fixed, breaks=_breaks, percent=percent, plural=plural)
    names = sorted({row.task for row in run.rows}, key=lambda name: order(name, ""))
    means = cells(trials)
    return environment.get_template("report.html.j2").render(
        style=Markup(style),
        script=Markup(script),
        script_hash=b64encode(sha256(script.encode()).digest()).decode(),
        **_summary(run, scores),
        columns=leaderboard.columns(scores),
        lines=_lines(scores),
        caption=scores.attrs.get("caption", ""),
        groups=[(name, text) for name, text in _GROUPS.items() if name in set(map(_group, scores["estimator"]))],
        figures={
            section: [(plate, plate.drawing()) for plate in plates if plate.section == section]
            for section in ("truth", "cost", "intervals")
        },
        errors=matrix(means) if means["error"].notna().any() else None,
        cap=CAP,
        intervals=drawing_intervals.shares(trials).to_dict("records"),
        bounds=drawing_intervals.bounds(trials).to_dict("records"),
        reasons=reasons(run.rows),
        pictures=[(each, Markup(each.svg)) for each in pictures(names)],
        facts=list(provenance.facts(run.manifest)),
        digest=provenance.sha256(run.folder / "journal.jsonl"),
    )


def _summary(run: Run, scores: pd.DataFrame) -> dict[str, Any]:
    """What the head of the page says: how much was run, how it ended, when and where."""
    rows, manifest = run.rows, run.manifest
    statuses, leaders = Counter(row.status for row in rows), _leaders(scores)
    return {
        "title": run.folder.resolve().name,
        "ok": statuses["ok"],
        "ended": len(rows),
        "planned": max(int(manifest.get("planned") or 0), len(rows)),
        "failed": {status: count for status, count in statuses.most_common() if status != "ok"},
        "counts": _counts(rows),
        "sizes": sorted({row.n for row in rows}),
        "leaders": leaders,
        "tied": _tied(scores, [name for name, _ in leaders]),
        "command": manifest.get("command", ""),
        "when": _when(manifest),
        "where": _where(manifest.get("hardware") or {}),
        "version": (manifest.get("versions") or {}).get("mibench", ""),
    }


def _when(manifest: Mapping[str, Any]) -> str:
    begun, last = str(manifest.get("created", "")), str(manifest.get("updated", ""))
    days = list(dict.fromkeys(time[:16].replace("T", " ") for time in (begun, last) if time))
    return f"{' to '.join(days)} UTC" if days else ""


def _where(hardware: Mapping[str, Any]) -> str:
    """Processor, cores, memory and accelerators in a few words."""
    parts = [str(hardware.get("cpu") or "")]
    parts += [plural(int(hardware["cores"]), "core")] if hardware.get("cores") else []
    parts += [f"{digits(float(hardware['memory_gib']))} GiB"] if hardware.get("memory_gib") else []
    return ", ".join([part for part in parts if part] + [str(each) for each in hardware.get("gpus") or []])


def _counts(rows: Sequence[Row]) -> dict[str, int]:
    return {
        "task": len({row.task for row in rows}),
        "estimator": len({row.estimator for row in rows}),
        "repetition": len({row.repetition for row in rows}),
    }


def _leaders(scores: pd.DataFrame) -> list[tuple[str, str]]:
    """Up to three estimators of best coverage with the smallest error; those given the true latents do not count."""
    if scores.empty or not scores["mae"].notna().any():
        return []
    key = "mae_common" if "mae_common" in scores and scores["mae_common"].notna().any() else "mae"
    fair = scores[[not Method.of(name).gifted for name in scores["estimator"]]]
    fair = fair[(fair["coverage"] >= fair["coverage"].max()) & fair[key].notna()].sort_values(key, kind="stable")
    return [(line["estimator"], digits(line[key])) for line in fair.head(3).to_dict("records")]


def _tied(scores: pd.DataFrame, names: Sequence[str]) -> bool:
    """Whether the ranks of these estimators are equal: the data do not tell them apart."""
    ranks = scores.loc[scores["estimator"].isin(names), "rank"] if "rank" in scores else pd.Series(dtype="Int64")
    return len(names) > 1 and bool(ranks.notna().all()) and ranks.nunique() == 1


def _lines(scores: pd.DataFrame) -> list[list[Field]]:
    shown = leaderboard.columns(scores)
    best = {column.key: _best(column, scores) for column in shown}
    return [
        [_field(column, record, record["estimator"] in best[column.key]) for column in shown]
        for record in scores.to_dict("records")
    ]


def _field(column: leaderboard.Column, record: Mapping[Any, Any], best: bool) -> Field:
    value, text = record[column.key], leaderboard.show(column, record)
    if column.kind == "text":
        return Field(text, text if text != NONE else "", column.kind, False)
    number = math.nan if value is None or pd.isna(value) else float(value)
    if column.key == "coverage":
        text = f"{text} ({int(record['ok'])}/{int(record['planned'])})"
    return Field(_number(text), "" if math.isnan(number) else repr(number), column.kind, best)


def _best(column: leaderboard.Column, scores: pd.DataFrame) -> set[str]:
    """Who stands in bold: the best of those that see only the data; nobody where a column tells no two apart."""
    if column.best == "none" or column.key == "coverage" or scores.empty:
        return set()
    fair = scores[[not Method.of(name).gifted for name in scores["estimator"]]]
    if column.key != "mae_common":  # the others are over an estimator's own cells: compare those that have them all
        fair = fair[fair["coverage"] >= fair["coverage"].max()]
    values = pd.to_numeric(fair[column.key])
    values = values.abs() if column.best == "zero" else values
    return set(fair.loc[values == values.min(), "estimator"]) if values.nunique() > 1 else set()


def _group(name: str) -> str:
    return Method.of(name).group


def _number(value: float | str | None) -> str:
    """A number as people read it, with a true minus sign."""
    text = value if isinstance(value, str) else digits(value)
    return text.replace("-", "\N{MINUS SIGN}")


def _breaks(name: str) -> Markup:
    """A task's name that may break before its parameters and between them."""
    return Markup(escape(name).replace("[", Markup("<wbr>[")).replace(",", Markup(",<wbr>")))
