# SPDX-License-Identifier: Apache-2.0
"""The cells on which estimators are compared: those that every one that counts has completed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mibench.harness.score.table import CELL

__all__ = ["HALF", "Common", "common", "pivot"]

HALF = 0.5  # estimators that completed at least this share of the board decide which cells are common


@dataclass(frozen=True)
class Common:
    """The common complete set.

    Attributes
    ----------
    names : tuple of str
        Estimators that completed at least half of the board, and so decide what is common.
    errors : array, shape (cells, names)
        |estimate - truth|.
    tasks, strata : array of int, shape (cells,)
        The task, and the task and size, of each cell; cells of one stratum stand together, and strata of one task.
    cells : int
        Of the whole board.
    averages : mapping of str to float
        Mean |error| over the common cells, also of estimators that do not decide but completed them all.
    """

    names: tuple[str, ...]
    errors: NDArray[np.float64]
    tasks: NDArray[np.int64]
    strata: NDArray[np.int64]
    cells: int
    averages: dict[str, float]


def common(table: pd.DataFrame) -> Common:
    """The common complete set of a frame; lines tuned by the truth decide nothing."""
    cells = table.drop_duplicates(CELL).sort_values(CELL).reset_index(drop=True)
    names = list(dict.fromkeys(table["estimator"]))
    errors = pivot(table, cells, names)
    tuned = set(table.loc[table["tuning"] == "oracle", "estimator"]) if "tuning" in table else set()
    done = table.loc[table["ok"], "estimator"].value_counts()
    deciding = [name for name in names if name not in tuned and done.get(name, 0) >= HALF * len(cells)]
    places = [names.index(name) for name in deciding]
    complete = ~np.isnan(errors[:, places]).any(axis=1) if deciding else np.zeros(len(cells), dtype=bool)
    shared, errors = cells[complete], errors[complete]
    averages = dict(zip(names, errors.mean(axis=0).tolist(), strict=True)) if len(shared) else {}
    return Common(
        tuple(deciding),
        errors[:, places],
        _codes(shared, ["task"]),
        _codes(shared, ["task", "n"]),
        len(cells),
        {name: value for name, value in averages.items() if not np.isnan(value)},
    )


def pivot(table: pd.DataFrame, cells: pd.DataFrame, names: Sequence[str]) -> NDArray[np.float64]:
    """|error| by line of `cells` and name, NaN where there is no ok answer."""
    numbers = cells[CELL].assign(_cell=np.arange(len(cells)))
    ok = table.loc[table["ok"], [*CELL, "estimator", "error"]].merge(numbers, on=CELL, how="left")
    column = dict(zip(names, range(len(names)), strict=True))
    errors = np.full((len(cells), len(names)), np.nan)
    errors[ok["_cell"].to_numpy(), _columns(ok["estimator"], column)] = ok["error"].abs().to_numpy()
    return errors


def _columns(names: Iterable[str], column: dict[str, int]) -> NDArray[np.int64]:
    return np.array([column[name] for name in names], dtype=np.int64)


def _codes(cells: pd.DataFrame, by: list[str]) -> NDArray[np.int64]:
    return np.asarray(cells.groupby(by, sort=False).ngroup().to_numpy(), dtype=np.int64)
