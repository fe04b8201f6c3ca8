# SPDX-License-Identifier: Apache-2.0
"""How many samples an estimator needs before it can be believed."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pandas as pd

from mibench.contracts import InputError, Row
from mibench.harness.score.table import CELL
from mibench.harness.score.views import seen

__all__ = ["TOLERANCE", "check_tolerance", "sample_complexity"]

TOLERANCE = 0.1  # in the unit of the view
_ROUNDING = 1e-9  # relative


def sample_complexity(
    rows: Iterable[Row] | pd.DataFrame, tolerance: float = TOLERANCE, view: str = "raw"
) -> pd.DataFrame:
    """The smallest sample size from which on an estimator stays within a tolerance of the truth.

    At this size and at every larger one that was tried, the mean of |estimate - truth| over repetitions is at most
    `tolerance`, and every repetition ended ok: a cell that failed, or was not run, is not within.

    Parameters
    ----------
    rows : iterable of Row, or the frame of them
    tolerance : float
        In nats; in bits where the view is.
    view : str
        As `seen` reads it.

    Returns
    -------
    pandas.DataFrame
        One line per task and estimator: ``task, estimator, truth, tolerance``; ``n_needed``, missing where even the
        largest size was not enough; ``tried``: that largest size (the answer is then "more than `tried`");
        ``sizes``: how many sizes were tried on the task.

    Raises
    ------
    InputError
        If the tolerance is not a finite number above 0.
    """
    check_tolerance(tolerance)
    table = seen(rows, view)
    planned = table.drop_duplicates(CELL).groupby(["task", "n"]).size().rename("planned").reset_index()
    ok = table[table["ok"]].assign(absolute=table["error"].abs())
    found = ok.groupby(["task", "estimator", "n"])["absolute"].agg(["mean", "count"]).reset_index()
    lines = table[["task", "estimator"]].drop_duplicates()
    truths = table.groupby("task")["truth"].first().rename("truth").reset_index()
    grid = lines.merge(planned, on="task").merge(found, on=["task", "estimator", "n"], how="left")
    within = (grid["count"] == grid["planned"]) & (grid["mean"] <= tolerance * (1 + _ROUNDING))
    grid["short"] = grid["n"].where(~within, -1)  # sizes that are not enough
    worst = grid.groupby(["task", "estimator"])["short"].transform("max")
    grid["needed"] = grid["n"].where(grid["n"] > worst).astype("Int64")
    by_line = grid.groupby(["task", "estimator"])
    answers = by_line.agg(n_needed=("needed", "min"), tried=("n", "max"), sizes=("n", "count")).reset_index()
    answers = lines.merge(truths, on="task").merge(answers, on=["task", "estimator"])
    answers["tolerance"] = float(tolerance)
    answers = answers[["task", "estimator", "truth", "tolerance", "n_needed", "tried", "sizes"]].astype(
        {"n_needed": "Int64", "tried": np.int64, "sizes": np.int64}
    )
    answers.attrs |= {
        "view": view,
        "unit": table.attrs.get("unit", "nats"),
        "caption": f"n_needed: the smallest n at which, and at every larger n tried, the mean |error| over repetitions "
        f"is at most {tolerance:g} {table.attrs.get('unit', 'nats')}; a trial that did not end ok is not within.",
    }
    return answers


def check_tolerance(tolerance: float) -> None:
    """Refuse a tolerance that is none.

    Raises
    ------
    InputError
        If it is not a finite number above 0.
    """
    if not 0 < tolerance < math.inf:
        raise InputError(f"the tolerance is {tolerance}: give a finite number above 0, such as {TOLERANCE}")
