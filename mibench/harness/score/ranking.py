# SPDX-License-Identifier: Apache-2.0
"""Who is better than whom, and who cannot be told apart: ranks by mean error and average ranks over tasks, together."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from mibench.contracts import InputError, Row
from mibench.harness.score.board import leaderboard
from mibench.harness.score.difference import CriticalDifference, critical_difference
from mibench.harness.score.views import seen

__all__ = ["ranking"]

_COLUMNS = ["rank", "rank_low", "rank_high", "estimator", "mae_common", "mae_low", "mae_high", "average_rank"]


def ranking(rows: Iterable[Row] | pd.DataFrame, view: str = "raw") -> tuple[pd.DataFrame, CriticalDifference]:
    """The estimators of the common complete set, by mean |error| on it.

    Parameters
    ----------
    rows : iterable of Row, or the frame of them
    view : str
        ``raw``, ``clipped`` or ``bits``.

    Returns
    -------
    pandas.DataFrame
        ``rank, rank_low, rank_high, estimator, mae_common, mae_low, mae_high`` as `leaderboard` defines them, and
        ``average_rank`` over tasks.
    CriticalDifference
        What average ranks must differ by.

    Raises
    ------
    InputError
        For a view that is none, or ``oracle-tuned``: who knows the truth takes part in no ranking.
    """
    if view == "oracle-tuned":
        raise InputError("what is tuned by the truth is not ranked: choose another view, or the table of accuracy")
    table = seen(rows, view)
    board, difference = leaderboard(table, view), critical_difference(table)
    averages = dict(zip(difference.names, difference.ranks, strict=True))
    board["average_rank"] = board["estimator"].map(averages).astype(np.float64)
    compared = board[board["estimator"].isin(averages)].sort_values(["mae_common", "estimator"])
    compared = compared[_COLUMNS].reset_index(drop=True)
    compared.attrs = dict(board.attrs)
    return compared, difference
