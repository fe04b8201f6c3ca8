# SPDX-License-Identifier: Apache-2.0
"""Rows as one data frame, from which every score is made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mibench.contracts import Row

__all__ = ["CELL", "POSITIVE", "as_frame", "derive", "frame", "levels"]

CELL = ["task", "n", "repetition", "seed"]
POSITIVE = 1e-9  # nats; a truth above it is one that a relative error can be of
_SAME_LEVEL = 1e-3  # relative: truths that are nearer are one level of MI
_ROUNDING = 1e-9  # nats, of truths and bounds
_STANDARD_ERRORS = 3.0  # of a Monte Carlo truth, before it speaks against a bound
_COLUMNS = (
    *("task", "estimator", "n", "repetition", "seed", "status", "estimate", "truth", "truth_std_error"),
    *("interval", "bounds", "seconds", "peak_mb", "task_version"),
)
_OPEN = (None, None)


def frame(rows: Iterable[Row]) -> pd.DataFrame:
    """Rows as a data frame: one line per estimator and cell, in nats.

    A cell is one sample: a task, a sample size, a repetition and a root seed. An estimator has one line per cell: the
    last row, where a new version of the estimator answered again. Where rows of several versions of a task are mixed,
    the latest version alone counts: other versions are other samples. Rows of self-consistency checks are left out:
    what they answer is no accuracy.

    Parameters
    ----------
    rows : iterable of Row

    Returns
    -------
    pandas.DataFrame
        ``task, estimator, n, repetition, seed, status, estimate, truth, truth_std_error``; ``low, high``: the stated
        interval; ``lower, upper``: the bounds; ``seconds, peak_mb``; and what `derive` adds. A truth that a failed row
        lacks is taken from another row of its task. ``seed`` is -1 where it is unknown.
    """
    kept = [row for row in rows if not row.check]
    values = dict(zip(_COLUMNS, zip(*map(attrgetter(*_COLUMNS), kept), strict=True), strict=False)) if kept else {}
    column = {name: list(values.get(name, ())) for name in _COLUMNS}
    intervals, bounds = _pairs(column["interval"]), _pairs(column["bounds"])
    table = pd.DataFrame(
        {
            "task": column["task"],
            "estimator": column["estimator"],
            "n": np.array(column["n"], dtype=np.int64),
            "repetition": np.array(column["repetition"], dtype=np.int64),
            "seed": _seeds(column["seed"]),
            "status": column["status"],
            "estimate": np.array(column["estimate"], dtype=np.float64),
            "truth": np.array(column["truth"], dtype=np.float64),
            "truth_std_error": np.array(column["truth_std_error"], dtype=np.float64),
            "low": intervals[:, 0],
            "high": intervals[:, 1],
            "lower": bounds[:, 0],
            "upper": bounds[:, 1],
            "seconds": np.array(column["seconds"], dtype=np.float64),
            "peak_mb": np.array(column["peak_mb"], dtype=np.float64),
        }
    )
    version = pd.Series(np.array(column["task_version"], dtype=np.float64))
    newest = version.groupby(table["task"]).transform("max")
    table = table[~(version < newest)]  # an unknown version is neither older nor newer
    table = table.drop_duplicates([*CELL, "estimator"], keep="last").reset_index(drop=True)
    table["truth"] = table["truth"].fillna(table.groupby("task")["truth"].transform("first"))
    table.attrs |= {"view": "raw", "unit": "nats"}
    return derive(table)


def as_frame(rows: Iterable[Row] | pd.DataFrame) -> pd.DataFrame:
    """`rows` as `frame` makes them; a frame, or a part of one, is taken as it is."""
    return rows if isinstance(rows, pd.DataFrame) else frame(rows)


def derive(table: pd.DataFrame) -> pd.DataFrame:
    """`table` with the columns that follow from its others, anew.

    ``ok``; ``error`` = estimate - truth where ok; ``inside``: does the interval hold the truth; ``width`` of the
    interval; ``held``: do the bounds hold it, give or take three standard errors of a Monte Carlo truth (all three NaN
    where nothing is stated, or the trial was not ok); ``level``: the truth as a level of MI (`levels`).
    """
    ok = (table["status"] == "ok").to_numpy()
    estimate, truth, low, high, lower, upper = (
        table[name].to_numpy() for name in ("estimate", "truth", "low", "high", "lower", "upper")
    )
    slack = _ROUNDING + _STANDARD_ERRORS * np.nan_to_num(table["truth_std_error"].to_numpy())
    known = ok & ~np.isnan(truth)
    stated, bounded = known & ~np.isnan(low), known & ~np.isnan(lower)
    return table.assign(
        ok=ok,
        error=np.where(ok, estimate - truth, np.nan),
        inside=np.where(stated, (low <= truth) & (truth <= high), np.nan),
        width=np.where(stated, high - low, np.nan),
        held=np.where(bounded, (lower - slack <= truth) & (truth <= upper + slack), np.nan),
        level=levels(truth),
    )


def levels(truths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Truths as levels of MI: those within a thousandth of the least of them are one level.

    Parameters
    ----------
    truths : array, shape (n,)
        NaN where a truth is unknown.

    Returns
    -------
    array, shape (n,)
        The median of each level's different truths, to four significant digits; NaN where the truth is.
    """
    found, place = np.unique(truths, return_inverse=True)
    named = np.full(found.shape, np.nan)
    begin = 0
    for end in range(1, len(found) + 1):
        limit = found[begin] + _ROUNDING + _SAME_LEVEL * abs(found[begin])
        if end == len(found) or not found[end] <= limit:
            middle = float(np.median(found[begin:end]))
            named[begin:end] = 0.0 if abs(middle) <= _ROUNDING else float(f"{middle:.4g}")
            begin = end
    return np.asarray(named[place])


def _pairs(values: Sequence[tuple[float, float] | None]) -> NDArray[np.float64]:
    return np.array([_OPEN if value is None else value for value in values], dtype=np.float64).reshape(-1, 2)


def _seeds(values: Sequence[int | None]) -> list[int]:
    """Root seeds; rows of a journal that did not hold them are of the one seed that is known, or of none."""
    known = set(values) - {None}
    filler = known.pop() if len(known) == 1 else -1
    return [filler if value is None else value for value in values]  # type: ignore[misc]
