# SPDX-License-Identifier: Apache-2.0
"""Ranks with intervals, and ties where the intervals overlap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mibench.harness.score import bootstrap
from mibench.harness.score.common import Common

__all__ = ["Ranks", "order", "rank_intervals", "ranks"]

_SAME = 1e-12  # relative: averages of errors that differ by less are equal up to rounding


@dataclass(frozen=True)
class Ranks:
    """Ranks of the estimators of a common set, in its order; all of shape (names,).

    Attributes
    ----------
    rank : array of int
        1 + the estimators whose whole rank interval lies before one's own. Two of equal rank always overlap.
    low, high : array of int
        The 95 % interval of the rank.
    mae_low, mae_high : array
        The 95 % interval of the mean |error|.
    """

    rank: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    mae_low: NDArray[np.float64]
    mae_high: NDArray[np.float64]


def ranks(shared: Common, *, seed: int = 0) -> Ranks | None:
    """Ranks by mean |error| on the common cells; None where there is too little to resample (`bootstrap.resampled`)."""
    if bootstrap.resampled(shared) == "nothing":
        return None
    means, count = bootstrap.weights(shared, seed=seed), bootstrap.units(shared)
    low, high = rank_intervals(shared.errors.mean(axis=0), means, bootstrap.stretch(count))
    mae_low, mae_high = bootstrap.interval(means, count)
    return Ranks(order(low, high), low, high, mae_low, mae_high)


def rank_intervals(
    observed: NDArray[np.float64], means: NDArray[np.float64], stretch: float = 1.0, level: float = 0.95
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The interval of each rank: from 1 + how many are clearly better to all but those that are clearly worse.

    One is clearly better than another if their difference is beyond `level` of the largest studentised differences
    that the resamples show, over all its rivals at once. The rank itself, resampled, would be no such interval: it is
    too short exactly where methods tie. Mogstad, Romano, Shaikh and Wilhelm, Inference for ranks, Review of
    Economic Studies 91 (2024), section 3; Klein, Wright and Wieczorek, JRSS C 69 (2020).

    Parameters
    ----------
    observed : array, shape (names,)
        Lower is better.
    means : array, shape (draws, names)
        The same, in each paired resample.
    stretch : float
        Factor of the critical difference (`bootstrap.stretch`).
    """
    count = len(observed)
    better, worse = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    nothing = _SAME * float(np.abs(observed).max())
    for i in range(count):
        gap = observed - observed[i]
        deviations = (means - means[:, [i]]) - gap
        spread = deviations.std(axis=0, ddof=1)
        varies = spread > nothing
        critical = 0.0
        if varies.any():
            largest = (np.abs(deviations[:, varies]) / spread[varies]).max(axis=1)
            critical = float(np.quantile(largest, level)) * stretch
        beyond = np.maximum(critical * spread, nothing)
        better[i], worse[i] = np.sum(gap < -beyond), np.sum(gap > beyond)
    return 1 + better, count - worse


def order(low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.int64]:
    """Ranks of intervals: 1 + how many intervals end before this one begins.

    "Ends before" is transitive where "overlaps" is not (an interval order: Fishburn, Journal of Mathematical
    Psychology 7, 1970): whoever ends before one of two equals ends before the other, so that equal ranks are true ties;
    overlapping neighbours of different rank are seen as such from their intervals.
    """
    return np.asarray(1 + (high[None, :] < low[:, None]).sum(axis=1), dtype=np.int64)
