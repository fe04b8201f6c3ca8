# SPDX-License-Identifier: Apache-2.0
"""The smaller tables of the page: errors by level of MI, samples needed, self-consistency, tuning by the truth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from mibench.contracts import Row
from mibench.harness.score import TOLERANCE, by_level, consistency, oracle_tuned, sample_complexity
from mibench.harness.score.oracle import method
from mibench.reports import leaderboard
from mibench.reports.board import Field, lines
from mibench.reports.document import number
from mibench.reports.words import NONE, digits, level, percent

__all__ = ["Sheet", "agreement", "levels", "needed", "tuned"]

_MOST = 40  # columns of a table, beyond which only the first are told


@dataclass(frozen=True)
class Sheet:
    """A table for people: headings, which of them are text, lines, and a sentence below."""

    heads: list[str]
    lines: list[list[Field]]
    note: str = ""


def levels(table: pd.DataFrame, names: Sequence[str]) -> Sheet | None:
    """Mean |error| of each of `names` at each level of MI and sample size; None where no truth is known."""
    found = by_level(table)
    found = found[found["level"].notna()]
    if found["mae"].isna().all():
        return None
    several = found["n"].nunique() > 1
    keys = sorted({(each.n, each.level) for each in found.itertuples()})
    cells = {(line["estimator"], line["n"], line["level"]): line for line in found.to_dict("records")}
    heads = [f"{level(mi)}, n = {n}" if several else level(mi) for n, mi in keys[:_MOST]]
    rows = [[_text(name), *(_error(cells.get((name, *key))) for key in keys[:_MOST])] for name in names]
    more = f" The first {_MOST} of {len(keys)} columns." if len(keys) > _MOST else ""
    return Sheet(["estimator", *heads], rows, "In brackets, how many cells ended ok where not all did." + more)


def needed(table: pd.DataFrame, names: Sequence[str]) -> Sheet | None:
    """At which sample size each estimator is within the tolerance; None where only one size was tried."""
    if table["n"].nunique() < 2:
        return None
    found = sample_complexity(table)
    rows = []
    for name in names:
        own = found[(found["estimator"] == name) & (found["sizes"] > 1)]
        reached = own["n_needed"].dropna().astype(float)
        share = len(reached) / len(own) if len(own) else math.nan
        numbers = [reached.min(), reached.median(), reached.max()] if len(reached) else [math.nan] * 3
        within = _field(f"{percent(share)} ({len(reached)}/{len(own)})", share)
        rows.append([_text(name), within, *map(_count, numbers)])
    heads = ["estimator", "tasks within", "least n", "median n", "largest n"]
    note = (
        f"Within: from this n on, the mean |error| over repetitions stays at most {TOLERANCE:g} nats and every trial "
        "ends ok. The sizes are of the tasks on which that was reached."
    )
    return Sheet(heads, rows, note)


def agreement(rows: Sequence[Row]) -> Sheet | None:
    """Deviations from self-consistency; None for a run without checks."""
    if not any(row.check for row in rows):
        return None
    found = consistency(rows)
    told = [
        [
            _text(line["estimator"]),
            _text(line["check"]),
            _field(f"{line['cells']}/{line['planned']}", line["cells"]),
            _field(number(digits(line["deviation"])), line["deviation"]),
            _field(number(digits(line["worst"])), line["worst"]),
            _field(percent(line["violated"]), line["violated"]),
            _text(line["failures"] or NONE),
        ]
        for line in found.to_dict("records")
    ]
    heads = ["estimator", "check", "cells", "deviation (nats)", "worst (nats)", "violated", "failures"]
    return Sheet(heads, told, found.attrs.get("caption", ""))


def tuned(table: pd.DataFrame) -> Sheet | None:
    """Methods of several settings, as they are and as the truth would tune them; None where there are none."""
    names = pd.Series(table["estimator"].unique(), dtype=object)
    methods = names.map(method)
    several = set(names[methods.map(methods.value_counts()) > 1])
    if not several:
        return None
    scores = oracle_tuned(table[table["estimator"].isin(several)])
    scores = scores.drop(columns=["rank", "rank_low", "rank_high", "mae_low", "mae_high"])
    return Sheet([column.heading for column in leaderboard.columns(scores)], lines(scores))


def _text(text: str) -> Field:
    return Field(text, text, "text", False)


def _field(text: str, value: float) -> Field:
    missing = value is None or pd.isna(value)
    return Field(NONE if missing else text, "" if missing else repr(float(value)), "number", False)


def _count(value: float) -> Field:
    return _field("" if math.isnan(value) else f"{value:.0f}", value)


def _error(line: dict[str, float] | None) -> Field:
    if line is None:
        return Field(NONE, "", "number", False)
    missing = "" if line["ok"] == line["planned"] else f" ({line['ok']}/{line['planned']})"
    return _field(digits(line["mae"]) + missing, line["mae"])
