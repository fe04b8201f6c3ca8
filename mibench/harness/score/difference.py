# SPDX-License-Identifier: Apache-2.0
"""The numbers of a critical-difference diagram (Demsar, Statistical comparisons of classifiers over multiple data sets,
JMLR 7, 2006)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from mibench.contracts import Row
from mibench.harness.score.bootstrap import FEWEST
from mibench.harness.score.common import common
from mibench.harness.score.table import as_frame

__all__ = ["CriticalDifference", "critical_difference", "nemenyi"]

_DIGITS = 12  # of errors, before they are ranked: equal up to rounding is a tie


@dataclass(frozen=True)
class CriticalDifference:
    """Average ranks over tasks, and how far apart they must be.

    Attributes
    ----------
    names : tuple of str
        The estimators of the common complete set, by average rank, the best first.
    ranks : tuple of float
        Average rank over the blocks; 1 is best, tied errors share their ranks.
    distance : float
        Two average ranks that are further apart differ, at `alpha`, by Nemenyi's test; NaN with fewer than two
        estimators or six blocks.
    blocks : int
        Tasks: the mean |error| over the common cells of a task is ranked once.
    p_value : float
        That all estimators are equal: Friedman's test, Wilcoxon's for two estimators; NaN where `distance` is.
    groups : tuple of tuple of str
        The largest sets of neighbours that do not differ, as the diagram's bars join them.
    alpha : float
    """

    names: tuple[str, ...]
    ranks: tuple[float, ...]
    distance: float
    blocks: int
    p_value: float
    groups: tuple[tuple[str, ...], ...]
    alpha: float = 0.05


def critical_difference(rows: Iterable[Row] | pd.DataFrame, *, alpha: float = 0.05) -> CriticalDifference:
    """Average ranks of the estimators over tasks and Nemenyi's critical difference, on the common complete set.

    Parameters
    ----------
    rows : iterable of Row, or the frame of them
    alpha : float
        Level of the test.
    """
    shared = common(as_frame(rows))
    blocks = len(np.unique(shared.tasks))
    count = len(shared.names) if blocks else 0
    if not count:
        return CriticalDifference((), (), math.nan, 0, math.nan, (), alpha)
    sizes = np.bincount(shared.tasks)[:, None]
    means = np.zeros((blocks, count))
    np.add.at(means, shared.tasks, shared.errors)
    means = np.round(means / sizes, _DIGITS)
    averages = stats.rankdata(means, axis=1).mean(axis=0)
    best = np.argsort(averages, kind="stable")
    names = tuple(shared.names[i] for i in best)
    averages = averages[best]
    enough = count > 1 and blocks >= FEWEST
    distance = nemenyi(count, blocks, alpha) if enough else math.nan
    p_value = _p_value(means) if enough else math.nan
    groups = _groups(names, averages, distance) if enough else ()
    return CriticalDifference(names, tuple(averages.tolist()), distance, blocks, p_value, groups, alpha)


def nemenyi(count: int, blocks: int, alpha: float = 0.05) -> float:
    """The critical difference of average ranks of `count` methods over `blocks`: q sqrt(k (k + 1) / (6 N)).

    q is the studentised range over sqrt(2), for infinite degrees of freedom; 2.728 for five methods.
    """
    q = float(stats.studentized_range.ppf(1 - alpha, count, math.inf)) / math.sqrt(2)
    return q * math.sqrt(count * (count + 1) / (6 * blocks))


def _p_value(means: NDArray[np.float64]) -> float:
    if (means == means[:, :1]).all():  # no rank differs anywhere
        return 1.0
    if means.shape[1] == 2:
        return float(stats.wilcoxon(means[:, 0], means[:, 1]).pvalue)
    return float(stats.friedmanchisquare(*means.T).pvalue)


def _groups(names: tuple[str, ...], averages: NDArray[np.float64], distance: float) -> tuple[tuple[str, ...], ...]:
    """Runs of neighbours within `distance` of each other that no longer run holds."""
    groups: list[tuple[str, ...]] = []
    reached = 0
    for begin in range(len(names)):
        end = int(np.searchsorted(averages, averages[begin] + distance, side="right"))
        if end > reached and end - begin > 1:
            groups.append(names[begin:end])
        reached = max(reached, end)
    return tuple(groups)
