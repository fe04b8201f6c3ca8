# SPDX-License-Identifier: Apache-2.0
"""Tables of accuracy. Coverage comes first: an estimator that fails where it is hard must not look good for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pandas as pd

from mibench.contracts import Row
from mibench.harness.score import bootstrap
from mibench.harness.score.bootstrap import FEWEST
from mibench.harness.score.common import HALF, Common, common
from mibench.harness.score.ranks import Ranks, ranks
from mibench.harness.score.summary import STATISTICS, summarise
from mibench.harness.score.views import seen

__all__ = ["COLUMNS", "by_level", "by_task", "leaderboard", "oracle_tuned"]

_RANKS = ("rank", "rank_low", "rank_high")
_COMMON = ("mae_common", "mae_low", "mae_high")
COLUMNS = (*_RANKS, "estimator", "planned", "ok", "coverage", *_COMMON, *STATISTICS[3:])


def leaderboard(rows: Iterable[Row] | pd.DataFrame, view: str = "raw") -> pd.DataFrame:
    """One line per estimator, the best first: by coverage, then by error on the common cells.

    Parameters
    ----------
    rows : iterable of Row, or the frame of them
        The latest row of every trial.
    view : str
        ``raw``, ``clipped``, ``bits`` or ``oracle-tuned`` (`mibench.harness.score.seen`). The last has the lines of the
        raw view, and below them lines that no rank is given to; ``tuning`` tells them apart and ``choices`` says how
        often each setting was the best.

    Returns
    -------
    pandas.DataFrame
        ``planned``: cells of the board; ``ok``: cells that ended ``ok``; ``coverage`` = ok / planned.
        ``mae_common``: mean |estimate - truth| over the common cells, those that every estimator with coverage of at
        least one half completed (one that fails often cannot empty the set; it has no ``mae_common`` itself unless it
        completed it). ``mae_low``, ``mae_high``: its 95 % interval from a bootstrap over tasks, and over repetitions
        within them, the same draws for all (`mibench.harness.score.bootstrap`).
        ``rank``: 1 + the estimators whose ``mae_common`` is clearly smaller, so that equal ranks are ties;
        ``rank_low`` (the same), ``rank_high``: its interval; all intervals hold at once with 95 %, and ranks whose
        intervals overlap are ties too (`mibench.harness.score.ranks`). All of these need `FEWEST` common tasks, or
        `FEWEST` repetitions of each of fewer.
        ``mae``, ``bias``, ``rmse``, ``worst``: mean |error|, mean error, root mean square and largest |error| over the
        estimator's own ok cells; ``relative``: mean |error| / truth over those of positive truth.
        ``sd``: spread over repetitions (root mean of the variances within a task and size); on a board without
        repetitions, of the error over cells. ``intervals``: ok cells with a stated 95 % interval,
        ``interval_coverage``: the share of them that hold the truth, ``interval_width``: their mean width; ``bounds``
        and ``bounds_held``: the same of the stated bounds. ``seconds``: mean over ok cells; ``peak_mb``: maximum.
        ``failures``: every other status with its count. ``attrs``: ``caption``, which says what the common cells are
        and what was resampled; ``unit``; ``view``; ``resampled``.

    Raises
    ------
    InputError
        For a name that is no view.
    """
    table = seen(rows, view)
    board = summarise(table, ["estimator"])
    shared = common(table)
    found = ranks(shared)
    board["mae_common"] = board["estimator"].map(shared.averages).astype(float)
    _place(board, shared, found)
    columns, first = list(COLUMNS), []
    if "tuning" in table:
        board = board.merge(_tuning(table), on="estimator")
        columns[4:4], first = ["tuning", "choices"], ["tuning"]
    board = board.sort_values(
        [*first, "coverage", "mae_common", "mae", "estimator"],
        ascending=[*(True for _ in first), False, True, True, True],
        na_position="last",
    ).reset_index(drop=True)[columns]
    unit = table.attrs.get("unit", "nats")
    board.attrs = {
        "caption": _caption(shared, unit, view),
        "unit": unit,
        "view": view,
        "resampled": bootstrap.resampled(shared),
    }
    return board


def oracle_tuned(rows: Iterable[Row] | pd.DataFrame) -> pd.DataFrame:
    """`leaderboard` with every method's best setting per cell, chosen by the truth, below the fixed settings."""
    return leaderboard(rows, "oracle-tuned")


def by_task(rows: Iterable[Row] | pd.DataFrame, view: str = "raw") -> pd.DataFrame:
    """One line per task, sample size and estimator: truth, mean estimate, and the statistics of `leaderboard`."""
    table = seen(rows, view)
    lines = summarise(table, ["task", "n", "estimator"])
    lines["truth"] = lines["task"].map(table.groupby("task")["truth"].first()).astype(float)
    return _told(lines, table, ["task", "n", "truth", "estimator", "estimate"])


def by_level(rows: Iterable[Row] | pd.DataFrame, view: str = "raw") -> pd.DataFrame:
    """One line per level of MI, sample size and estimator, over all tasks of that level (``tasks`` counts them)."""
    table = seen(rows, view)
    lines = summarise(table, ["level", "n", "estimator"])
    counts = table.groupby(["level", "n"], dropna=False)["task"].nunique().rename("tasks").reset_index()
    lines = lines.merge(counts, on=["level", "n"], how="left").sort_values(["level", "n"], kind="stable")
    return _told(lines.reset_index(drop=True), table, ["level", "n", "tasks", "estimator"])


def _told(lines: pd.DataFrame, table: pd.DataFrame, first: list[str]) -> pd.DataFrame:
    if "tuning" in table:
        lines = lines.merge(_tuning(table), on="estimator")
        first = [*first, "tuning", "choices"]
    lines = lines[[*first, *STATISTICS]]
    lines.attrs = {name: table.attrs[name] for name in ("unit", "view") if name in table.attrs}
    return lines


def _place(board: pd.DataFrame, shared: Common, found: Ranks | None) -> None:
    """Ranks and intervals of those that have them, in place."""
    for column, name in (("rank", "low"), ("rank_low", "low"), ("rank_high", "high")):
        values = dict(zip(shared.names, getattr(found, name).tolist(), strict=True)) if found else {}
        board[column] = pd.array([values.get(each, pd.NA) for each in board["estimator"]], dtype="Int64")
    for column in ("mae_low", "mae_high"):
        values = dict(zip(shared.names, getattr(found, column).tolist(), strict=True)) if found else {}
        board[column] = board["estimator"].map(values).astype(float)


def _tuning(table: pd.DataFrame) -> pd.DataFrame:
    """``tuning`` of every estimator and, of those tuned by the truth, how often each setting was the best."""
    tuning = table.drop_duplicates("estimator")[["estimator", "tuning"]]
    tuned = table[(table["tuning"] == "oracle") & table["ok"]]
    chosen = {
        name: ", ".join(f"{choice} {count}" for choice, count in Counter(group).most_common())
        for name, group in tuned.groupby("estimator")["choice"]
    }
    return tuning.assign(choices=[chosen.get(name, "") for name in tuning["estimator"]])


def _caption(shared: Common, unit: str, view: str) -> str:
    """What the common cells of a leaderboard are, and what its intervals are over, in a few sentences."""
    count = len(shared.errors)
    if not count:
        said = (
            f"No cell of {shared.cells} was completed by every estimator with coverage of at least {HALF:.0%}: no "
            "common error, and no ranks."
        )
    else:
        said = (
            f"MAE, common: over the {count} of {shared.cells} cells that all {len(shared.names)} estimators with "
            f"coverage of at least {HALF:.0%} completed."
        )
        said += {
            "tasks": " Ranks and intervals: 95 %, over tasks and the repetitions within them.",
            "repetitions": " Ranks and intervals: 95 %, over repetitions, for these tasks alone.",
            "nothing": f" Ranks and intervals need {FEWEST} common tasks, or {FEWEST} repetitions of each.",
        }[bootstrap.resampled(shared)]
    said += f" Errors in {unit}; seconds: mean; peak memory: maximum."
    if view == "clipped":
        said += " Estimates, intervals and bounds below 0 are shown as 0."
    if view == "oracle-tuned":
        said += " Lines tuned by the oracle chose their settings by the truth: no user can, and they have no rank."
    return said
