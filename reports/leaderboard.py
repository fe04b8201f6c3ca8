# SPDX-License-Identifier: Apache-2.0
"""The leaderboard as CSV (every digit, for machines) and as Markdown (three digits, for people)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from mibench.reports.words import NONE, digits, percent

__all__ = ["COLUMNS", "Column", "columns", "csv", "markdown", "show"]


@dataclass(frozen=True)
class Column:
    """One column of the leaderboard: its key in the scores, its heading, and what it means."""

    key: str
    title: str
    unit: str
    meaning: str
    kind: Literal["text", "share", "number", "count", "interval"] = "number"
    best: Literal["low", "high", "zero", "none"] = "low"

    @property
    def heading(self) -> str:
        return f"{self.title} ({self.unit})" if self.unit else self.title


COLUMNS = (
    Column("estimator", "estimator", "", "the method; a+b compresses with a and estimates with b", "text", "none"),
    Column(
        "rank",
        "rank",
        "",
        "1 + how many have a smaller error in 97.5 % of paired resamples; equal ranks are ties",
        "count",
        "none",
    ),
    Column("coverage", "coverage", "", "share of the planned trials that ended ok", "share", "high"),
    Column("mae_common", "MAE, common", "nats", "mean |estimate - truth| on the common cells"),
    Column("mae_low", "95 % interval", "nats", "of MAE, common, by a paired bootstrap over cells", "interval", "none"),
    Column("mae", "MAE", "nats", "mean |estimate - truth| on the estimator's own ok trials"),
    Column("bias", "bias", "nats", "mean of estimate - truth; below 0 it underestimates", best="zero"),
    Column("sd", "sd", "nats", "standard deviation of the estimate over repetitions"),
    Column("rmse", "RMSE", "nats", "root of the mean squared error"),
    Column("worst", "worst", "nats", "largest |estimate - truth|"),
    Column(
        "interval_coverage",
        "interval coverage",
        "",
        "share of the stated intervals that hold the truth",
        "share",
        "none",
    ),
    Column("seconds", "time", "s", "mean wall-clock seconds of a trial"),
    Column("peak_mb", "peak memory", "MiB", "largest resident memory of a trial"),
    Column("failures", "failures", "", "how the other trials ended", "text", "none"),
)


def columns(scores: pd.DataFrame) -> list[Column]:
    """Those columns that `scores` has."""
    return [column for column in COLUMNS if column.key in scores]


def show(column: Column, record: Mapping[str, Any]) -> str:
    """A cell of an estimator's `record` as people read it."""
    value = record[column.key]
    if column.kind == "text":
        return str(value) if isinstance(value, str) and value else NONE
    number = math.nan if value is None or pd.isna(value) else float(value)
    if column.kind == "interval":
        return NONE if math.isnan(number) else f"{digits(number)} to {digits(record['mae_high'])}"
    if column.kind == "count":
        return NONE if math.isnan(number) else f"{number:.0f}"
    return percent(number) if column.kind == "share" else digits(number)


def csv(scores: pd.DataFrame) -> str:
    """`scores` as they are: one line per estimator, numbers that read back exactly, empty where there is none."""
    return str(scores.to_csv(index=False, lineterminator="\n"))


def markdown(scores: pd.DataFrame) -> str:
    """A table in Markdown, best first, with its units and what they mean."""
    shown = columns(scores)
    lines = [
        "| " + " | ".join(column.heading for column in shown) + " |",
        "|" + "|".join(":--" if column.kind == "text" else "--:" for column in shown) + "|",
    ]
    for record in scores.to_dict("records"):
        lines.append("| " + " | ".join(_cell(show(column, record)) for column in shown) + " |")
    notes = [f"- {column.title}: {column.meaning}" for column in shown]
    caption = [scores.attrs["caption"], ""] if scores.attrs.get("caption") else []
    return "\n".join([*lines, "", *caption, *notes, ""])


def _cell(text: str) -> str:
    """`text` inert in a Markdown table: no new column, line or tag."""
    text = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("|", "\\|")
