# SPDX-License-Identifier: Apache-2.0
"""Two runs in one page: their leaderboards side by side, and every difference that is one of like with like."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from mibench.contracts import Row
from mibench.harness.compare import Comparison, compare
from mibench.harness.compare_findings import Claim
from mibench.harness.compare_pairs import BUCKETS, Outcome
from mibench.harness.score import leaderboard as score
from mibench.reports import leaderboard
from mibench.reports.board import Field, lines
from mibench.reports.document import document, number
from mibench.reports.sections import Sheet
from mibench.reports.words import NONE, digits, plural

if TYPE_CHECKING:
    from mibench.harness.store import Run

__all__ = ["SCRIPTS", "render"]

SCRIPTS = ("tables.js", "figures.js")
_SIDES = ("rank", "estimator", "coverage", "mae_common", "bias", "sd", "seconds", "failures")
_MOST = 1000  # lines of a table
_NAMED = 12  # trials that a reason names


def render(base: Run, head: Run, *, across_seeds: bool = False) -> str:
    """The page of two runs.

    Parameters
    ----------
    base, head : Run
        BASE is what HEAD is held against: a positive difference means that HEAD errs more.
    across_seeds : bool
        The runs have different root seeds, so different samples (`mibench.harness.compare.compare`).

    Raises
    ------
    InputError
        For `across_seeds` where the runs share a root seed.
    """
    rows = {"BASE": list(base.rows), "HEAD": list(head.rows)}
    found = compare(rows["BASE"], rows["HEAD"], across_seeds=across_seeds)
    whole = [claim for claim in found.claims if claim.task is None]
    parts = [claim for claim in found.claims if claim.task is not None]
    parts.sort(key=lambda claim: (-abs(claim.change.mean), claim.estimator, str(claim.task), claim.n or 0))
    return document(
        "comparison.html.j2",
        SCRIPTS,
        None,
        title=f"{_name(base)} and {_name(head)}",
        sides=[_side(label, run, rows[label]) for label, run in (("BASE", base), ("HEAD", head))],
        short=_short(found, whole),
        notes=found.notes,
        across_seeds=across_seeds,
        buckets=_buckets(found),
        whole=_claims(whole, tasks=False) if whole else None,
        parts=_claims(parts[:_MOST], tasks=True) if parts else None,
        hidden=max(0, len(parts) - _MOST),
        apart=_apart(found.outcomes),
        moved=_moved(found),
    )


def _name(run: Run) -> str:
    return run.folder.resolve().name


def _side(label: str, run: Run, rows: Sequence[Row]) -> dict[str, Any]:
    scores = score(rows)
    scores = scores[[key for key in _SIDES if key in scores] + ["ok", "planned"]]
    seeds = sorted({row.seed for row in rows if row.seed is not None})
    sheet = Sheet([column.heading for column in leaderboard.columns(scores)], lines(scores))
    versions = run.manifest.get("versions") or {}
    return {
        "label": label,
        "name": _name(run),
        "rows": len(rows),
        "seeds": ", ".join(map(str, seeds)) or "unknown",
        "version": str(versions.get("mibench") or "unknown"),
        "sheet": sheet,
        "caption": scores.attrs.get("caption", ""),
    }


def _short(found: Comparison, whole: Sequence[Claim]) -> str:
    """The page in a sentence or two."""
    if not found.compared:
        return "Nothing was compared: no trial was answered by both runs on one sample."
    worse = [claim.estimator for claim in whole if claim.change.verdict == "worse"]
    better = [claim.estimator for claim in whole if claim.change.verdict == "better"]
    said = [f"{found.compared} answers were compared."]
    said += [f"HEAD errs more: {', '.join(worse)}." if worse else "No estimator errs more in HEAD over all its cells."]
    said += [f"HEAD errs less: {', '.join(better)}."] if better else []
    apart = sum(each.bucket == "not comparable" for each in found.outcomes)
    said += [f"{plural(apart, 'trial')} of one name are not comparable, and were not compared."] if apart else []
    return " ".join(said)


def _buckets(found: Comparison) -> list[tuple[str, str, int, int]]:
    return [(name, BUCKETS[name], *counts) for name, counts in found.counts().items() if any(counts)]


def _claims(claims: Sequence[Claim], *, tasks: bool) -> Sheet:
    heads = ["estimator", *(["task", "n"] if tasks else []), "cells", "BASE, mean |error| (nats)"]
    heads += ["HEAD, mean |error| (nats)", "difference (nats)", "from (nats)", "to (nats)", "q", "verdict"]
    told = []
    for claim in claims:
        change = claim.change
        where = [_text(str(claim.task)), _number(f"{claim.n}", claim.n)] if tasks else []
        told.append(
            [
                _text(claim.estimator),
                *where,
                _number(str(change.cells), change.cells),
                *(_number(digits(value), value) for value in (claim.base, claim.head)),
                *(_signed(value) for value in (change.mean, change.low, change.high)),
                _number(digits(change.q), change.q),
                _text(change.verdict or "no difference seen"),
            ]
        )
    return Sheet(
        heads,
        told,
        "Difference: mean of |error| in HEAD less |error| in BASE over the same cells; above 0 HEAD errs more. From, "
        "to: 95 % bootstrap interval over cells. q: of a sign-flip test, corrected over all differences of this page. "
        f"A verdict needs a difference beyond {digits(claims[0].margin)} nats, an interval beyond 0 and a small q.",
    )


def _apart(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Trials that are not held against each other, by reason, with their names."""
    reasons: dict[str, list[Outcome]] = {}
    for each in outcomes:
        if each.bucket == "not comparable":
            reasons.setdefault(each.reason, []).append(each)
    return [
        {"reason": reason, "count": len(found), **_named(found)}
        for reason, found in sorted(reasons.items(), key=lambda item: -len(item[1]))
    ]


def _moved(found: Comparison) -> list[dict[str, Any]]:
    """Answers that only one run has."""
    told = []
    for bucket in ("lost", "gained", "only in base", "only in head"):
        trials = [each for each in found.outcomes if each.bucket == bucket]
        if trials:
            reason = f"{bucket}: {BUCKETS[bucket]}"
            told.append({"reason": reason, "count": len(trials), **_named(trials)})
    return told


def _named(found: Sequence[Outcome]) -> dict[str, Any]:
    names = Counter(f"{each.row.estimator} on {each.row.task}, n = {each.row.n}" for each in found)
    return {"names": list(names.items())[:_NAMED], "more": max(0, len(names) - _NAMED)}


def _text(text: str) -> Field:
    return Field(text, text, "text", False)


def _number(text: str, value: float | None) -> Field:
    missing = value is None or math.isnan(value) or pd.isna(value)
    return Field(
        NONE if missing else number(text), "" if value is None or missing else repr(float(value)), "number", False
    )


def _signed(value: float | None) -> Field:
    if value is None:
        return _number("", None)
    return _number(("+" if value > 0 else "") + digits(value), value)
