# SPDX-License-Identifier: Apache-2.0
"""Rows become tables. Coverage comes first: an estimator that fails where it is hard must not look good for it.

A *cell* is one sample: a task, a sample size and a repetition. Every table counts every cell that any estimator of the
board met, so a missing answer is seen as missing.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mibench.contracts import STATUSES, Row

__all__ = ["COLUMNS", "FEWEST", "HALF", "by_task", "caption", "frame", "leaderboard"]

FEWEST = 6  # common cells from which ranks and intervals are given
HALF = 0.5  # estimators that completed at least this share of the board decide which cells are common
COLUMNS = (
    "rank",
    "estimator",
    "planned",
    "ok",
    "coverage",
    "mae_common",
    "mae_low",
    "mae_high",
    "mae",
    "bias",
    "sd",
    "rmse",
    "worst",
    "interval_coverage",
    "seconds",
    "peak_mb",
    "failures",
)
_CELL = ["task", "n", "repetition"]
_DRAWS = 2000


def frame(rows: Iterable[Row]) -> pd.DataFrame:
    """Rows as a data frame, with ``error`` = estimate - truth (nats) and ``inside``: does the interval hold the truth?

    An estimator has one row per cell: the last, where a new version of it or of the task answered again. Rows of
    self-consistency checks are left out: what they answer is no accuracy.
    """
    kept = list({(row.task, row.estimator, row.n, row.repetition): row for row in rows if not row.check}.values())
    table = pd.DataFrame(
        {
            "task": [row.task for row in kept],
            "estimator": [row.estimator for row in kept],
            "n": np.array([row.n for row in kept], dtype=np.int64),
            "repetition": np.array([row.repetition for row in kept], dtype=np.int64),
            "status": [row.status for row in kept],
            "estimate": _floats(row.estimate for row in kept),
            "truth": _floats(row.truth for row in kept),
            "low": _floats(row.interval[0] if row.interval else None for row in kept),
            "high": _floats(row.interval[1] if row.interval else None for row in kept),
            "seconds": _floats(row.seconds for row in kept),
            "peak_mb": _floats(row.peak_mb for row in kept),
        }
    )
    table["ok"] = table["status"] == "ok"
    table["error"] = np.where(table["ok"], table["estimate"] - table["truth"], np.nan)
    has_interval = table["ok"] & table["low"].notna()
    inside = (table["low"] <= table["truth"]) & (table["truth"] <= table["high"])
    table["inside"] = np.where(has_interval, inside.astype(float), np.nan)
    return table


def leaderboard(rows: Iterable[Row]) -> pd.DataFrame:
    """One line per estimator, the best first: by coverage, then by error on the common cells.

    Parameters
    ----------
    rows : iterable of Row
        The latest row of every trial.

    Returns
    -------
    pandas.DataFrame
        ``planned``: cells of the board; ``ok``: cells that ended ``ok``; ``coverage`` = ok / planned.
        ``mae_common``: mean |estimate - truth| over the common cells, those that every estimator with coverage of at
        least one half completed (one that fails often cannot empty the set; it has no ``mae_common`` itself unless it
        completed it). ``mae_low``, ``mae_high``: its 95 % interval from a bootstrap over common cells, the same draws
        for all. ``rank``: 1 + the estimators whose error is smaller in 97.5 % of the draws; the others are ties. Both
        need at least `FEWEST` common cells.
        ``mae``, ``bias``, ``rmse``, ``worst``: mean |error|, mean error, root mean square and largest |error| over the
        estimator's own ok cells. ``sd``: spread over repetitions (root mean of the variances within a task and size);
        without repetitions, of the error over cells. ``interval_coverage``: share of stated intervals that hold the
        truth. ``seconds``: mean over ok cells; ``peak_mb``: maximum. ``failures``: every other status with its count.
        ``attrs["caption"]`` says what the common cells are.
    """
    table = frame(rows)
    cells = len(table[_CELL].drop_duplicates())
    lines = [_line(str(name), group, cells) for name, group in table.groupby("estimator", sort=False)]
    board = pd.DataFrame(lines, columns=list(COLUMNS))
    errors = _common(table, board)
    _score_common(board, errors)
    board = board.sort_values(
        ["coverage", "mae_common", "mae", "estimator"], ascending=[False, True, True, True], na_position="last"
    ).reset_index(drop=True)
    board.attrs["caption"] = caption(errors.shape[0], cells, errors.shape[1])
    return board


def by_task(rows: Iterable[Row]) -> pd.DataFrame:
    """One line per task, sample size and estimator: truth, mean estimate, errors, cost, failures."""
    table = frame(rows)
    lines = []
    for (task, n), group in table.groupby(["task", "n"], sort=False):
        planned = len(group[_CELL].drop_duplicates())
        truth = group["truth"].dropna()
        for name, own in group.groupby("estimator", sort=False):
            line = _line(str(name), own, planned)
            line |= {
                "task": task,
                "n": n,
                "truth": truth.iloc[0] if len(truth) else np.nan,
                "estimate": own.loc[own["ok"], "estimate"].mean(),
            }
            if (own["ok"].sum()) < 2:
                line["sd"] = np.nan
            lines.append(line)
    columns = ["task", "n", "truth", "estimator", "estimate", "planned", "ok", "coverage", "mae", "bias", "sd"]
    columns += ["interval_coverage", "seconds", "peak_mb", "failures"]
    return pd.DataFrame(lines, columns=columns)


def caption(common: int, cells: int, estimators: int) -> str:
    """What the common cells of a leaderboard are, in one sentence."""
    if not common:
        return (
            f"No cell of {cells} was completed by every estimator with coverage of at least {HALF:.0%}: no common "
            "error, and no ranks."
        )
    ranks = "" if common >= FEWEST else f" Ranks and intervals need {FEWEST} of them."
    return (
        f"MAE, common: over the {common} of {cells} cells that all {estimators} estimators with coverage of at "
        f"least {HALF:.0%} completed.{ranks} Errors in nats; seconds: mean; peak memory: maximum."
    )


def _line(name: str, group: pd.DataFrame, cells: int) -> dict[str, object]:
    good = group[group["ok"]]
    error = good["error"]
    counts = group["status"].value_counts()
    return {
        "rank": pd.NA,
        "estimator": name,
        "planned": cells,
        "ok": len(good),
        "coverage": len(good) / cells,
        "mae": error.abs().mean(),
        "bias": error.mean(),
        "sd": _spread(good),
        "rmse": float(np.sqrt((error**2).mean())),
        "worst": error.abs().max(),
        "interval_coverage": good["inside"].mean(),
        "seconds": good["seconds"].mean(),
        "peak_mb": group["peak_mb"].max(),
        "failures": ", ".join(f"{status} {counts[status]}" for status in STATUSES[1:] if status in counts),
    }


def _spread(good: pd.DataFrame) -> float:
    within = good.groupby(["task", "n"])["error"].var(ddof=1).dropna()
    return float(np.sqrt(within.mean())) if len(within) else float(good["error"].std(ddof=1))


def _common(table: pd.DataFrame, board: pd.DataFrame) -> pd.DataFrame:
    """|error| on the common cells: a line per cell, a column per estimator that helped to decide them."""
    deciding = board.loc[board["coverage"] >= HALF, "estimator"]
    wide = table[table["ok"]].pivot_table(index=_CELL, columns="estimator", values="error", aggfunc="first").abs()
    return wide.reindex(columns=list(deciding)).dropna()


def _score_common(board: pd.DataFrame, errors: pd.DataFrame) -> None:
    """Fill ``mae_common``, its interval and the ranks in place."""
    averages = errors.mean() if len(errors) else pd.Series(dtype=float)
    board["mae_common"] = board["estimator"].map(averages).astype(float)
    board["mae_low"] = board["mae_high"] = np.nan
    board["rank"] = pd.array([pd.NA] * len(board), dtype="Int64")
    if len(errors) < FEWEST:  # resamples of so few cells say nothing of the spread over cells
        return
    means = _bootstrap(errors.to_numpy())
    low, high = np.quantile(means, [0.025, 0.975], axis=0)
    board["mae_low"] = board["estimator"].map(dict(zip(errors.columns, low, strict=True))).astype(float)
    board["mae_high"] = board["estimator"].map(dict(zip(errors.columns, high, strict=True))).astype(float)
    better = (means[:, :, None] < means[:, None, :]).mean(axis=0) >= 0.975
    ranks = dict(zip(errors.columns, 1 + better.sum(axis=0), strict=True))
    board["rank"] = pd.array([ranks.get(name, pd.NA) for name in board["estimator"]], dtype="Int64")


def _bootstrap(errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Column means of `errors`, shape (cells, estimators), over paired resamples of the cells: (draws, estimators)."""
    cells = len(errors)
    counts = np.random.default_rng(0).multinomial(cells, np.full(cells, 1 / cells), size=_DRAWS)
    return np.asarray(counts @ errors / cells)


def _floats(values: Iterable[float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
