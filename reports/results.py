# SPDX-License-Identifier: Apache-2.0
"""A run's rows as the two tables that figures are drawn from: one line a trial, one line a cell."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from mibench.contracts import Row
from mibench.harness.score.table import as_frame
from mibench.reports.words import family, order, series

__all__ = ["cells", "trials"]

_NUMBERS = ("estimate", "truth", "error", "low", "high", "lower", "upper", "seconds")
_KEYS = ["family", "series", "task", "n", "estimator"]


def trials(rows: Iterable[Row] | pd.DataFrame) -> pd.DataFrame:
    """One line per estimator and sample, in nats and seconds, as `mibench.harness.score.frame` reads them.

    Parameters
    ----------
    rows : iterable of Row, or the frame of them

    Returns
    -------
    pandas.DataFrame
        The columns of the frame, with ``family`` and ``series`` of the task. An estimate is NaN unless it is finite and
        its trial ended ``ok``, and so are the interval and the bounds of a trial that did not. Lines stand in the
        registry's order, not in the journal's. With several sample sizes in a run, `series` names them too.
    """
    table = as_frame(rows).copy()
    wild = ~np.isfinite(table["estimate"]) | ~table["ok"]
    table.loc[wild, ["estimate", "error"]] = np.nan
    table.loc[~table["ok"], ["low", "high", "lower", "upper"]] = np.nan
    table.loc[~np.isfinite(table["truth"]), ["truth", "error"]] = np.nan
    pairs = table[["task", "estimator"]].drop_duplicates()
    ranks = sorted(pairs.itertuples(index=False, name=None), key=lambda pair: order(*pair))
    place = pd.MultiIndex.from_tuples(ranks, names=["task", "estimator"])
    table["place"] = place.get_indexer(pd.MultiIndex.from_frame(table[["task", "estimator"]])) if len(table) else 0
    table = table.sort_values(["place", "n", "repetition"], kind="stable", ignore_index=True).drop(columns="place")
    names = {task: (family(task), series(task)) for task in table["task"].unique()}
    table["family"] = table["task"].map(lambda task: names[task][0])
    table["series"] = table["task"].map(lambda task: names[task][1])
    if table["n"].nunique() > 1:
        table["series"] += ", n = " + table["n"].astype(str)
    return table


def cells(table: pd.DataFrame) -> pd.DataFrame:
    """Means over repetitions of `trials`: one line per (task, n, estimator).

    Returns
    -------
    pandas.DataFrame
        ``family, series, task, n, estimator``; means of the numbers of `trials`; ``mae``: mean |error|; ``status``:
        the most frequent; ``ok``: how many have an estimate; ``planned``: how many there are.
    """
    if table.empty:
        return pd.DataFrame(columns=[*_KEYS, *_NUMBERS, "mae", "status", "ok", "planned"])
    grouped = table.assign(mae=table["error"].abs()).groupby(_KEYS, sort=False)
    means = grouped[[*_NUMBERS, "mae"]].mean()
    tally = table.groupby([*_KEYS, "status"], sort=False).size().reset_index(name="count")
    most = tally.sort_values("count", ascending=False, kind="stable").drop_duplicates(_KEYS).set_index(_KEYS)
    means["status"] = most["status"]
    means["ok"] = grouped["estimate"].count()
    means["planned"] = grouped.size()
    return means.reset_index()
