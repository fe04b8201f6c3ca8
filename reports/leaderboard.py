# SPDX-License-Identifier: Apache-2.0
"""The leaderboard as CSV (every digit, for machines) and as Markdown (three digits, for people)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import pandas as pd

from mibench.reports.words import NONE, digits, percent
from mibench.tables import to_csv, to_markdown

__all__ = ["COLUMNS", "Column", "columns", "csv", "markdown", "show"]


@dataclass(frozen=True)
class Column:
    """One column of the leaderboard.

    Attributes
    ----------
    key : str
        In the scores.
    title, unit, meaning : str
        Heading, unit (``nats`` where the scores name no other unit of information), and what the numbers are.
    kind : str
        ``interval`` and ``ranks`` are shown with their other end, `end`.
    best : str
        Which numbers are the best.
    end : str
        Key of the upper end of an interval.
    shown : bool
        Whether the page shows it before a reader asks for it.
    """

    key: str
    title: str
    unit: str
    meaning: str
    kind: Literal["text", "share", "number", "count", "level", "interval", "ranks"] = "number"
    best: Literal["low", "high", "zero", "none"] = "low"
    end: str = ""
    shown: bool = True

    @property
    def heading(self) -> str:
        return f"{self.title} ({self.unit})" if self.unit else self.title


COLUMNS = (
    Column("estimator", "estimator", "", "the method; a+b compresses with a and estimates with b", "text", "none"),
    Column("tuning", "tuning", "", "oracle: the best setting of every cell was chosen by the truth", "text", "none"),
    Column(
        "rank",
        "rank",
        "",
        "1 + how many estimators are clearly better, all pairs judged at once at 95 %; equal ranks are ties",
        "count",
        "none",
    ),
    Column(
        "rank_low",
        "95 % of ranks",
        "",
        "interval of the rank by MAE, common, by a paired bootstrap over tasks and repetitions",
        "ranks",
        "none",
        end="rank_high",
    ),
    Column("coverage", "coverage", "", "share of the planned trials that ended ok", "share", "high"),
    Column("mae_common", "MAE, common", "nats", "mean |estimate - truth| on the common cells"),
    Column(
        "mae_low",
        "95 % interval",
        "nats",
        "of MAE, common, by the same bootstrap",
        "interval",
        "none",
        end="mae_high",
    ),
    Column("mae", "MAE", "nats", "mean |estimate - truth| on the estimator's own ok trials", shown=False),
    Column("bias", "bias", "nats", "mean of estimate - truth; below 0 it underestimates", best="zero"),
    Column("sd", "sd", "nats", "standard deviation of the estimate over repetitions"),
    Column("rmse", "RMSE", "nats", "root of the mean squared error", shown=False),
    Column("relative", "relative error", "", "mean |estimate - truth| / truth where the truth is not 0", "share"),
    Column("worst", "worst", "nats", "largest |estimate - truth|", shown=False),
    Column(
        "interval_coverage",
        "interval coverage",
        "",
        "share of the stated 95 % intervals that hold the truth",
        "share",
        "none",
    ),
    Column("interval_width", "interval width", "nats", "mean width of the stated intervals", best="none", shown=False),
    Column(
        "bounds_held", "bounds hold", "", "share of the stated bounds that hold the truth", "share", "none", shown=False
    ),
    Column("seconds", "time", "s", "mean wall-clock seconds of a trial"),
    Column("peak_mb", "peak memory", "MiB", "largest resident memory of a trial"),
    Column("failures", "failures", "", "how the other trials ended", "text", "none"),
)


def columns(scores: pd.DataFrame) -> list[Column]:
    """Those columns that `scores` has, in the unit of its view."""
    unit = scores.attrs.get("unit", "nats")
    found = [column for column in COLUMNS if column.key in scores]
    return [replace(column, unit=unit) if column.unit == "nats" else column for column in found]


def show(column: Column, record: Mapping[str, Any]) -> str:
    """A cell of an estimator's `record` as people read it."""
    value = record[column.key]
    if column.kind == "text":
        return str(value) if isinstance(value, str) and value else NONE
    number = math.nan if value is None or pd.isna(value) else float(value)
    if column.kind == "interval":
        return NONE if math.isnan(number) else f"{digits(number)} to {digits(record[column.end])}"
    if column.kind == "ranks":
        return NONE if math.isnan(number) else f"{number:.0f} to {record[column.end]:.0f}"
    if column.kind == "count":
        return NONE if math.isnan(number) else f"{number:.0f}"
    return percent(number) if column.kind == "share" else digits(number)


def csv(scores: pd.DataFrame) -> str:
    """`scores` as they are: one line per estimator, numbers that read back exactly, empty where there is none."""
    return to_csv(scores)


def markdown(scores: pd.DataFrame) -> str:
    """A table in Markdown, best first, with its units and what they mean."""
    shown = columns(scores)
    table = to_markdown(
        [column.heading for column in shown],
        [column.kind == "text" for column in shown],
        ([show(column, record) for column in shown] for record in scores.to_dict("records")),
    )
    notes = [f"- {column.title}: {column.meaning}" for column in shown]
    caption = [scores.attrs["caption"], ""] if scores.attrs.get("caption") else []
    return "\n".join([table, *caption, *notes, ""])
