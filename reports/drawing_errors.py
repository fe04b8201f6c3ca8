# SPDX-License-Identifier: Apache-2.0
"""Errors of every estimator on every task: a matrix for the page's table and for a heat map."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from mibench.reports import drawing_heat
from mibench.reports.drawing_heat import Grid, Tile
from mibench.reports.words import digits, fixed, groups, level, plural

__all__ = ["CAP", "MOST", "Cell", "Matrix", "draw", "matrix"]

_WORDS = {"out_of_memory": "memory", "unsupported": "n/a", "not_installed": "absent"}
CAP = 1.0  # nats: errors beyond it get the full colour
MOST = 48  # columns; beyond, tasks are averaged: by shape, else by family and size, else by family
_MERGED = {"shape": ["series"], "family and size": ["family", "n"], "family": ["family"]}


@dataclass(frozen=True)
class Cell:
    """One estimator in one column: its error in nats, or, when none was ok, how it ended."""

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
    """Estimators down, tasks across.

    Attributes
    ----------
    heads : list of (str, int)
        The shapes, with how many columns each spans.
    levels : list of str
        What tells the columns of a head apart: the truth, or what was averaged.
    tasks : list of str
        The task of each column, in full.
    groups : dict
        Per kind of estimators, each with its cells; None where there was no trial.
    by : str
        What a column stands for: ``task``, or what tasks were averaged by.
    """

    heads: list[tuple[str, int]]
    levels: list[str]
    tasks: list[str]
    groups: dict[str, list[tuple[str, list[Cell | None]]]]
    by: str = "task"

    @property
    def label(self) -> str:
        """What `levels` are."""
        return "truth (nats)" if self.by == "task" else "tasks"


def matrix(cells: pd.DataFrame, most: int = MOST) -> Matrix:
    """The table of errors, tasks by shape and truth, estimators by group.

    A cell holds the mean of estimate - truth. Where there are more than `most` columns, tasks are averaged, and a cell
    holds the mean of |estimate - truth| with the sign of the mean error: errors of both signs do not cancel.
    """
    by = "task"
    if len(cells[["task", "n"]].drop_duplicates()) > most:
        by = next((name for name, keys in _MERGED.items() if len(cells[keys].drop_duplicates()) <= most), "family")
        cells = _merged(cells, _MERGED[by])
    columns = (
        cells.groupby(["series", "task", "n"], sort=False)["truth"]
        .mean()
        .reset_index()
        .assign(order=lambda table: table.groupby("series", sort=False).ngroup())
        .sort_values(["order", "truth"], kind="stable")
    )
    keys = list(zip(columns["task"], columns["n"], strict=True))
    found = {(line.task, line.n, line.estimator): _cell(line, by) for line in cells.itertuples()}
    kinds = groups(dict.fromkeys(cells["estimator"]))
    return Matrix(
        heads=list(Counter(columns["series"]).items()),
        levels=[level(truth) for truth in columns["truth"]] if by == "task" else [str(n) for n in columns["n"]],
        tasks=list(columns["task"]),
        groups={
            kind: [(each.name, [found.get((*key, each.name)) for key in keys]) for each in methods]
            for kind, methods in kinds.items()
        },
        by=by,
    )


def draw(cells: pd.DataFrame) -> Figure:
    """The matrix as a heat map with its numbers, or with a word where none ended ok."""
    table = matrix(cells)
    rows = [
        (kind, [(name, [_tile(cell) for cell in line]) for name, line in lines]) for kind, lines in table.groups.items()
    ]
    return drawing_heat.draw(Grid(table.heads, table.levels, rows, table.label, f"{level(CAP)} nat"))


def _tile(cell: Cell | None) -> Tile | None:
    if cell is None:
        return None
    return Tile(None, "" if cell.ok else cell.word) if cell.error is None else Tile(cell.strength, fixed(cell.error))


def _merged(cells: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Cells averaged over tasks with equal `keys`; ``n`` becomes the number of tasks and sizes averaged."""
    label = cells[keys[0]] if len(keys) == 1 else cells["family"] + ", n = " + cells["n"].astype(str)
    tasks = cells.groupby(label, sort=False)["task"].nunique()
    cells = cells.assign(series=label, task=label)
    grouped = cells.groupby(["series", "task", "estimator"], sort=False)
    found = grouped[["estimate", "truth", "error", "mae"]].mean()
    found["error"] = np.sign(found["error"]) * found["mae"]
    found[["ok", "planned"]] = grouped[["ok", "planned"]].sum()
    tally = cells.groupby(["series", "task", "estimator", "status"], sort=False).size().reset_index(name="count")
    most = tally.sort_values("count", ascending=False, kind="stable").drop_duplicates(["series", "estimator"])
    found["status"] = most.set_index(["series", "task", "estimator"])["status"]
    found = found.reset_index()
    return found.assign(n=found["series"].map(tasks))


def _cell(line: object, by: str) -> Cell:
    error = None if pd.isna(line.error) else float(line.error)  # type: ignore[attr-defined]
    estimate, truth = digits(line.estimate), level(line.truth)  # type: ignore[attr-defined]
    ok, planned, status = int(line.ok), int(line.planned), str(line.status)  # type: ignore[attr-defined]
    title = f"{line.estimator} on {line.task}: "  # type: ignore[attr-defined]
    if not ok:
        title += status.replace("_", " ")
    elif by == "task":
        title += f"estimate {estimate}, truth {truth} nats"
    else:
        title += f"mean |error| {digits(abs(error or 0.0))} nats over {plural(planned, 'trial')}"
    if planned > 1 or not ok:
        title += f" ({ok} of {planned} ok)"
    return Cell(error, status, ok, planned, title)
