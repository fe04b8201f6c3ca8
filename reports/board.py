# SPDX-License-Identifier: Apache-2.0
"""The leaderboard in the page: the plain table that is there without scripts, and what the interactive one is given."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from mibench.reports import leaderboard
from mibench.reports.document import number
from mibench.reports.leaderboard import Column
from mibench.reports.packing import pack
from mibench.reports.words import NONE, Method

__all__ = ["Field", "given", "lines"]

_BOOTSTRAP = ("rank", "rank_low", "rank_high", "mae_low", "mae_high")
_MORE = (  # of tables with a line per task or level
    Column("task", "task", "", "what was estimated", "text", "none"),
    Column("n", "n", "", "samples of a trial", "count", "none"),
    Column("level", "MI", "nats", "level of the true mutual information", "level", "none"),
    Column("truth", "truth", "nats", "the true mutual information", "level", "none"),
    Column("estimate", "estimate", "nats", "mean over repetitions", "number", "none"),
)


@dataclass(frozen=True)
class Field:
    """A cell of a table: what is read, what is sorted by (empty for none), whether it is the column's best."""

    text: str
    value: str
    kind: str
    best: bool


def lines(scores: pd.DataFrame) -> list[list[Field]]:
    """The leaderboard for people, in the order of `scores`."""
    shown = leaderboard.columns(scores)
    best = {column.key: _best(column, scores) for column in shown}
    return [
        [_field(column, record, record["estimator"] in best[column.key]) for column in shown]
        for record in scores.to_dict("records")
    ]


def given(name: str, table: pd.DataFrame, scores: pd.DataFrame) -> dict[str, Any]:
    """What the scripts of the page are given: trials, columns, and the bootstrap's numbers, which they do not redo.

    Parameters
    ----------
    name : str
        Of the run; files that are saved begin with it.
    table : pandas.DataFrame
        Of `mibench.harness.score.frame`.
    scores : pandas.DataFrame
        The leaderboard, raw.
    """
    first, *rest = leaderboard.columns(scores)
    kept = [key for key in _BOOTSTRAP if key in scores]
    ranks = {
        record["estimator"]: {key: float(record[key]) for key in kept if not pd.isna(record[key])}
        for record in scores[["estimator", *kept]].to_dict("records")
    }
    return {
        "file": "".join(char if char.isascii() and char.isalnum() else "-" for char in name)[:60].strip("-") or "run",
        "trials": pack(table),
        "columns": [asdict(column) for column in (first, *_MORE, *rest)],
        "ranks": ranks,
    }


def _field(column: Column, record: Mapping[Any, Any], best: bool) -> Field:
    value, text = record[column.key], leaderboard.show(column, record)
    if column.kind == "text":
        return Field(text, text if text != NONE else "", column.kind, False)
    amount = math.nan if value is None or pd.isna(value) else float(value)
    if column.key == "coverage":
        text = f"{text} ({int(record['ok'])}/{int(record['planned'])})"
    return Field(number(text), "" if math.isnan(amount) else repr(amount), column.kind, best)


def _best(column: Column, scores: pd.DataFrame) -> set[str]:
    """Who stands in bold: the best of those that see only the data; nobody where a column tells no two apart."""
    if column.best == "none" or column.key == "coverage" or scores.empty:
        return set()
    fair = scores[[not Method.of(name).gifted for name in scores["estimator"]]]
    if column.key != "mae_common":  # the others are over an estimator's own cells: compare those that have them all
        fair = fair[fair["coverage"] >= fair["coverage"].max()]
    values = pd.to_numeric(fair[column.key])
    values = values.abs() if column.best == "zero" else values
    return set(fair.loc[values == values.min(), "estimator"]) if values.nunique() > 1 else set()
