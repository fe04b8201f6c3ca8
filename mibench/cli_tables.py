# SPDX-License-Identifier: Apache-2.0
"""Tables of scores in the terminal, in Markdown, as CSV and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mibench.cli_text import one_line
from mibench.reports.words import NONE, digits, level, percent
from mibench.tables import plain, to_csv, to_markdown

__all__ = ["FORMATS", "Format", "render"]

Format = Literal["table", "csv", "json", "markdown"]
FORMATS: tuple[Format, ...] = ("table", "csv", "json", "markdown")
_GAP = 2
_NARROWEST = 40  # columns; below them a table is cut by the terminal, not by us

Line = Mapping[str, Any]


@dataclass(frozen=True)
class _Column:
    """A column for people: the score it stands for, its heading, how a line's value reads, and when it gives way."""

    key: str
    title: str
    read: Callable[[Line], str]
    left: bool = False
    spare: int = 0  # the highest goes first where the terminal is narrow; 0 stays


def render(table: pd.DataFrame, how: Format, facts: Mapping[str, Any], out: Console) -> None:
    """Print `table`.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `mibench.harness.score`; ``attrs["caption"]`` says what it is.
    how : str
        ``table``: for people, as wide as the terminal. ``markdown``: the same, whole. ``csv``: every column and digit.
        ``json``: `facts`, and the lines as ``rows``; what is missing or infinite is null.
    facts : mapping
        What was asked.
    out : rich.console.Console
        Where `table` goes; the other formats are plain text on its file.
    """
    if how == "csv":
        out.file.write(to_csv(table))
    elif how == "json":
        found = {**facts, "caption": table.attrs.get("caption", ""), "rows": table.to_dict("records")}
        out.file.write(json.dumps(plain(found), indent=1, allow_nan=False) + "\n")
    elif how == "markdown":
        out.file.write(_markdown(table))
    else:
        _print(table, out)


def _print(table: pd.DataFrame, out: Console) -> None:
    columns, cells = _cells(table)
    kept = _fitting(columns, cells, out.width)
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, _GAP, 0, 0))
    for place in kept:
        column = columns[place]
        shown.add_column(column.title, justify="left" if column.left else "right", no_wrap=column.key != "failures")
    for line in cells:
        shown.add_row(*(Text(line[place]) for place in kept))
    out.print(shown)
    if table.attrs.get("caption"):
        out.print(Text(table.attrs["caption"], style="dim"))
    if len(kept) < len(columns):
        missing = ", ".join(column.title for place, column in enumerate(columns) if place not in kept)
        out.print(Text(f"Left out for want of width: {missing}. --format csv has everything.", style="dim"))


def _fitting(columns: list[_Column], cells: list[list[str]], width: int) -> list[int]:
    """Places of the columns that fit into `width`, the dispensable ones left out first."""
    widths = [max(len(column.title), *(len(line[i]) for line in cells), 0) for i, column in enumerate(columns)]
    widths = [min(wide, 30) if columns[i].key == "failures" else wide for i, wide in enumerate(widths)]
    kept = list(range(len(columns)))
    while sum(widths[i] + _GAP for i in kept) > max(width, _NARROWEST):
        spare = [i for i in kept if columns[i].spare]
        if not spare:
            break
        kept.remove(max(spare, key=lambda i: columns[i].spare))
    return kept


def _cells(table: pd.DataFrame) -> tuple[list[_Column], list[list[str]]]:
    """The columns for people that `table` has something to say in, and their texts."""
    lines = table.to_dict("records")
    columns = [column for column in _COLUMNS if column.key in table]
    texts = [[one_line(column.read(line)) for column in columns] for line in lines]
    told = [i for i, column in enumerate(columns) if column.left or any(text[i] != NONE for text in texts)]
    return [columns[i] for i in told], [[text[i] for i in told] for text in texts]


def _markdown(table: pd.DataFrame) -> str:
    columns, cells = _cells(table)
    text = to_markdown([column.title for column in columns], [column.left for column in columns], cells)
    caption = table.attrs.get("caption", "")
    return f"{text}\n{caption}\n" if caption else text


def _number(key: str) -> Callable[[Line], str]:
    return lambda line: digits(_float(line[key]))


def _float(value: Any) -> float:
    return math.nan if pd.isna(value) else float(value)


def _whole(key: str) -> Callable[[Line], str]:
    return lambda line: NONE if pd.isna(line[key]) else f"{int(line[key])}"


def _text(key: str) -> Callable[[Line], str]:
    return lambda line: str(line[key])


def _interval(low: str, high: str, read: Callable[[float], str] = digits) -> Callable[[Line], str]:
    return lambda line: NONE if pd.isna(line[low]) else f"{read(_float(line[low]))} to {read(_float(line[high]))}"


def _ranks(line: Line) -> str:
    if pd.isna(line["rank_low"]):
        return NONE
    low, high = int(line["rank_low"]), int(line["rank_high"])
    return str(low) if low == high else f"{low} to {high}"


def _share_of(share: str, count: str) -> Callable[[Line], str]:
    return lambda line: NONE if not line[count] else f"{percent(_float(line[share]))} of {line[count]}"


def _signed(key: str) -> Callable[[Line], str]:
    return lambda line: ("+" if _float(line[key]) > 0 else "") + digits(_float(line[key]))


def _needed(line: Line) -> str:
    return f"more than {line['tried']}" if pd.isna(line["n_needed"]) else str(line["n_needed"])


_COLUMNS = (
    _Column("rank_low", "rank", _ranks),
    _Column("task", "task", _text("task"), left=True),
    _Column("level", "MI", lambda line: level(_float(line["level"]))),
    _Column("n", "n", _whole("n")),
    _Column("tasks", "tasks", _whole("tasks"), spare=4),
    _Column("truth", "truth", lambda line: level(_float(line["truth"]))),
    _Column("estimator", "estimator", _text("estimator"), left=True),
    _Column("tuning", "tuning", _text("tuning"), left=True),
    _Column("check", "check", _text("check"), left=True),
    _Column("estimate", "estimate", _number("estimate"), spare=1),
    _Column("coverage", "ok", lambda line: f"{line['ok']}/{line['planned']}"),
    _Column("cells", "cells", lambda line: f"{line['cells']}/{line['planned']}"),
    _Column("mae_common", "MAE, common", _number("mae_common")),
    _Column("mae_low", "95 %", _interval("mae_low", "mae_high"), spare=5),
    _Column("average_rank", "average rank", _number("average_rank")),
    _Column("mae", "MAE", _number("mae")),
    _Column("relative", "relative", lambda line: percent(_float(line["relative"])), spare=6),
    _Column("bias", "bias", _signed("bias")),
    _Column("sd", "sd", _number("sd"), spare=2),
    _Column("rmse", "RMSE", _number("rmse"), spare=10),
    _Column("worst", "worst", _number("worst"), spare=7),
    _Column("interval_coverage", "intervals hold", _share_of("interval_coverage", "intervals"), spare=3),
    _Column("interval_width", "width", _number("interval_width"), spare=8),
    _Column("bounds_held", "bounds hold", _share_of("bounds_held", "bounds"), spare=9),
    _Column("deviation", "deviation", _number("deviation")),
    _Column("violated", "violated", lambda line: percent(_float(line["violated"]))),
    _Column("n_needed", "n needed", _needed),
    _Column("sizes", "sizes tried", _whole("sizes"), spare=1),
    _Column("seconds", "s", _number("seconds")),
    _Column("peak_mb", "MiB", lambda line: NONE if pd.isna(line["peak_mb"]) else f"{line['peak_mb']:.0f}", spare=2),
    _Column("choices", "settings taken", _text("choices"), left=True, spare=1),
    _Column("failures", "not ok", _text("failures"), left=True),
)
