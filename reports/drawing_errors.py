# SPDX-License-Identifier: Apache-2.0
"""Errors of every estimator on every task: a matrix for the page's table and a heat map for papers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from mibench.reports.style import framed
from mibench.reports.words import digits, fixed, groups, level, short

__all__ = ["CAP", "Cell", "Matrix", "draw", "matrix"]

_WORDS = {"out_of_memory": "memory", "unsupported": "n/a", "not_installed": "absent"}
CAP = 1.0  # nats: errors beyond it get the full colour


@dataclass(frozen=True)
class Cell:
    """One estimator on one task: its mean error in nats, or, when none was ok, how it ended."""

    error: float | None
    status: str
    ok: int
    planned: int
    title: str

    @property
    def word(self) -> str:
        """How it ended, short enough for a cell."""
        return _WORDS.get(self.status, self.status)

    @property
    def strength(self) -> float:
        """Signed share of the full colour, from -1 (underestimates) to 1."""
        return max(-1.0, min(1.0, (self.error or 0.0) / CAP))


@dataclass(frozen=True)
class Matrix:
    """Estimators down, tasks across; `heads` are the shapes with how many columns each spans, `levels` the truths."""

    heads: list[tuple[str, int]]
    levels: list[str]
    tasks: list[str]
    groups: dict[str, list[tuple[str, list[Cell | None]]]]


def matrix(cells: pd.DataFrame) -> Matrix:
    """The table of mean errors, tasks by shape and truth, estimators by group."""
    columns = (
        cells.groupby(["series", "task", "n"], sort=False)["truth"]
        .mean()
        .reset_index()
        .assign(order=lambda table: table.groupby("series", sort=False).ngroup())
        .sort_values(["order", "truth"], kind="stable")
    )
    keys = list(zip(columns["task"], columns["n"], strict=True))
    found = {(line.task, line.n, line.estimator): _cell(line) for line in cells.itertuples()}
    kinds = groups(dict.fromkeys(cells["estimator"]))
    return Matrix(
        heads=list(Counter(columns["series"]).items()),
        levels=[level(truth) for truth in columns["truth"]],
        tasks=list(columns["task"]),
        groups={
            kind: [(each.name, [found.get((*key, each.name)) for key in keys]) for each in methods]
            for kind, methods in kinds.items()
        },
    )


def draw(cells: pd.DataFrame) -> Figure:
    """The matrix as a heat map with its numbers; empty cells did not end ok."""
    import seaborn  # here, for it takes seconds to import and the page does without it

    table = matrix(cells)
    lines = {name: row for rows in table.groups.values() for name, row in rows}
    names = [series for series, width in table.heads for _ in range(width)]
    labels = [f"{short(name)} {mi}" for name, mi in zip(names, table.levels, strict=True)]
    errors = pd.DataFrame(
        [[cell.error if cell and cell.error is not None else float("nan") for cell in row] for row in lines.values()],
        index=list(lines),
    )
    notes = errors.map(lambda value: "" if pd.isna(value) else fixed(value))
    figure = framed(3.4 + 0.42 * len(labels), 2.6 + 0.24 * len(lines), left=2.2, right=0.2, top=0.2, bottom=2.4)
    axes = figure.subplots()
    seaborn.heatmap(
        errors,
        ax=axes,
        vmin=-CAP,
        vmax=CAP,
        cmap="PuOr_r",
        annot=notes,
        fmt="",
        annot_kws={"size": 6.5},
        linewidths=0.5,
        xticklabels=labels,
        yticklabels=[short(name) for name in lines],
        cbar_kws={"label": "mean error (nats)", "extend": "both", "aspect": 40},
    )
    axes.set_xticks([i + 0.5 for i in range(len(labels))], labels, rotation=90)
    axes.set_xlabel("task, truth (nats)")
    axes.grid(visible=False)
    return figure


def _cell(line: object) -> Cell:
    error = None if pd.isna(line.error) else float(line.error)  # type: ignore[attr-defined]
    estimate, truth = digits(line.estimate), level(line.truth)  # type: ignore[attr-defined]
    ok, planned, status = int(line.ok), int(line.planned), str(line.status)  # type: ignore[attr-defined]
    title = f"{line.estimator} on {line.task}: "  # type: ignore[attr-defined]
    title += f"estimate {estimate}, truth {truth} nats" if ok else status.replace("_", " ")
    if planned > 1 or not ok:
        title += f" ({ok} of {planned} ok)"
    return Cell(error, status, ok, planned, title)
