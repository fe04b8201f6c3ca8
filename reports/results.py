# SPDX-License-Identifier: Apache-2.0
"""A run's rows as the two tables that figures are drawn from: one line a trial, one line a cell."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pandas as pd

from mibench.contracts import Row
from mibench.reports.words import family, order, series

__all__ = ["cells", "trials"]

_NUMBERS = ("estimate", "truth", "error", "low", "high", "lower", "upper", "seconds")


def trials(rows: Sequence[Row]) -> pd.DataFrame:
    """One line per row, in nats and seconds; rows of self-consistency checks are left out.

    Returns
    -------
    pandas.DataFrame
        Columns ``task, estimator, n, repetition, status, family, series, estimate, truth, error, low, high, lower,
        upper, seconds``. `estimate` is NaN unless the trial ended ``ok``; `low`, `high` are the stated interval,
        `lower`, `upper` the bounds. Lines stand in the registry's order, not in the journal's. With several
        sample sizes in a run, `series` names them too.
    """
    rows = [row for row in rows if not row.check]
    several = len({row.n for row in rows}) > 1
    ranks = {pair: order(*pair) for pair in {(row.task, row.estimator) for row in rows}}
    ordered = sorted(rows, key=lambda row: (ranks[row.task, row.estimator], row.n, row.repetition))
    table = pd.DataFrame([_line(row, several) for row in ordered], columns=_COLUMNS)
    return table.astype(dict.fromkeys(_NUMBERS, "float64"))


def cells(table: pd.DataFrame) -> pd.DataFrame:
    """Means over repetitions of `trials`: one line per (task, n, estimator), with `status` as text when none was ok."""
    keys = ["family", "series", "task", "n", "estimator"]
    if table.empty:
        return pd.DataFrame(columns=[*keys, "status", *_NUMBERS, "ok", "planned"])
    grouped = table.groupby(keys, sort=False)
    means = grouped[list(_NUMBERS)].mean()
    means["status"] = grouped["status"].agg(lambda found: Counter(found).most_common(1)[0][0])
    means["ok"] = grouped["estimate"].count()
    means["planned"] = grouped.size()
    return means.reset_index()


_COLUMNS = ("task", "estimator", "n", "repetition", "status", "family", "series", *_NUMBERS)


def _line(row: Row, several: bool) -> tuple[Any, ...]:
    ok = row.status == "ok"
    estimate = _finite(row.estimate) if ok else math.nan
    truth = _finite(row.truth)
    low, high = _pair(row.interval if ok else None)
    lower, upper = _pair(row.bounds if ok else None)
    label = series(row.task) + (f", n = {row.n}" if several else "")
    numbers = (estimate, truth, estimate - truth, low, high, lower, upper, _finite(row.seconds))
    return (row.task, row.estimator, row.n, row.repetition, row.status, family(row.task), label, *numbers)


def _finite(value: float | None) -> float:
    return float(value) if value is not None and math.isfinite(value) else math.nan


def _pair(interval: tuple[float, float] | None) -> tuple[float, float]:
    """Both ends, infinite ones too (a bound may be one-sided), or NaN where there is none."""
    return (math.nan, math.nan) if interval is None else (float(interval[0]), float(interval[1]))
