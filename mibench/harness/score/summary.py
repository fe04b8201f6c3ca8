# SPDX-License-Identifier: Apache-2.0
"""The statistics of a group of cells: one line per group, whatever the groups are."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mibench.contracts import STATUSES
from mibench.harness.score.table import CELL, POSITIVE

__all__ = ["STATISTICS", "summarise"]

STATISTICS = (
    "planned",
    "ok",
    "coverage",
    "mae",
    "bias",
    "sd",
    "rmse",
    "relative",
    "worst",
    "intervals",
    "interval_coverage",
    "interval_width",
    "bounds",
    "bounds_held",
    "seconds",
    "peak_mb",
    "failures",
)
_MEANS = {
    "mae": "_absolute",
    "bias": "error",
    "relative": "_relative",
    "interval_coverage": "inside",
    "bounds_held": "held",
    "seconds": "seconds",
    "estimate": "estimate",
    "_square": "_square",
}


def summarise(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """One line per group of `by` (which names ``estimator`` among others), in the order of their first rows.

    Parameters
    ----------
    table : pandas.DataFrame
        As `frame` makes it.
    by : list of str
        Columns.

    Returns
    -------
    pandas.DataFrame
        `by`, ``estimate`` (the mean) and `STATISTICS`. ``planned``: the cells that any estimator met in the group;
        ``failures``: how the cells without an ok answer ended, ``not run`` where there is no row.
        ``sd``: spread over repetitions, the root mean of the variances within a task and size; where nothing in the
        table is repeated, the spread of the error over cells.
    """
    ok = table[table["ok"]]
    error = ok["error"]
    ok = ok.assign(
        _absolute=error.abs(),
        _square=error**2,
        _relative=(error.abs() / ok["truth"]).where(ok["truth"] > POSITIVE),
    )
    groups = table.groupby(by, sort=False, dropna=False)
    good = ok.groupby(by, sort=False, dropna=False)
    lines = pd.DataFrame({"_rows": groups.size(), "peak_mb": groups["peak_mb"].max()})
    for name, column in _MEANS.items():
        lines[name] = good[column].mean()
    lines["ok"] = good.size().reindex(lines.index, fill_value=0)
    lines["worst"] = good["_absolute"].max()
    lines["rmse"] = np.sqrt(lines.pop("_square"))
    lines["intervals"] = good["inside"].count().reindex(lines.index, fill_value=0)
    lines["bounds"] = good["held"].count().reindex(lines.index, fill_value=0)
    lines["interval_width"] = _mean_width(ok, good, by)
    lines["sd"] = _spread(table, ok, by)
    lines["planned"] = _planned(table, by, lines.index)
    lines["coverage"] = lines["ok"] / lines["planned"]
    lines["failures"] = _failures(table, by, lines)
    return lines.reset_index()[[*by, "estimate", *STATISTICS]]


def _mean_width(ok: pd.DataFrame, good: pd.api.typing.DataFrameGroupBy, by: list[str]) -> pd.Series:
    """Mean width of the intervals; one that is open at an end makes it infinite."""
    finite = ok.assign(width=ok["width"].where(np.isfinite(ok["width"])))
    means = finite.groupby(by, sort=False, dropna=False)["width"].mean()
    return means.where(~(good["width"].max() == np.inf), np.inf)


def _spread(table: pd.DataFrame, ok: pd.DataFrame, by: list[str]) -> pd.Series:
    strata = list(dict.fromkeys([*by, "task", "n"]))
    repeated = len(table.drop_duplicates(CELL)) > len(table.drop_duplicates(["task", "n"]))
    if not repeated:
        return ok.groupby(by, sort=False, dropna=False)["error"].std(ddof=1)
    within = ok.groupby(strata, sort=False, dropna=False)["error"].var(ddof=1).rename("variance").reset_index()
    return np.sqrt(within.groupby(by, sort=False, dropna=False)["variance"].mean())


def _planned(table: pd.DataFrame, by: list[str], index: pd.Index) -> NDArray[np.int64]:
    """Cells of the group that any estimator met, for every line."""
    shared = [name for name in by if name != "estimator"]
    cells = table.drop_duplicates(CELL)
    if not shared:
        return np.full(len(index), len(cells), dtype=np.int64)
    counts = cells.groupby(shared, sort=False, dropna=False).size().rename("planned").reset_index()
    lines = index.to_frame(index=False)[shared].merge(counts, on=shared, how="left")
    return np.asarray(lines["planned"].to_numpy(), dtype=np.int64)


def _failures(table: pd.DataFrame, by: list[str], lines: pd.DataFrame) -> list[str]:
    failed = table[~table["ok"]]
    counts = failed.groupby([*by, "status"], sort=False, dropna=False).size().unstack(fill_value=0)
    counts = counts.reindex(columns=list(STATUSES[1:]), fill_value=0).reindex(lines.index, fill_value=0)
    counts["not run"] = lines["planned"] - lines["_rows"]
    texts = [""] * len(lines)
    for place in np.flatnonzero(counts.to_numpy().any(axis=1)):
        line = counts.iloc[place]
        texts[place] = ", ".join(f"{name} {count}" for name, count in line.items() if count)
    return texts
