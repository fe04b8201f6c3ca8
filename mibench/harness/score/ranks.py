# SPDX-License-Identifier: Apache-2.0
"""Ranks with intervals, and ties where the intervals overlap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mibench.harness.score import bootstrap
from mibench.harness.score.common import Common

__all__ = ["Ranks", "rank_intervals", "ranks"]

_SAME = 1e-12  # relative: averages of errors that differ by less are equal up to rounding


@dataclass(frozen=True)
class Ranks:
    """Ranks of the estimators of a common set, in its order; all of shape (names,).

    Attributes
    ----------
    low, high : array of int
        The intervals of the ranks, of which all hold at once with 95 %. `low` is 1 + the estimators that are clearly
        better, and stands for the rank itself.
    mae_low, mae_high : array
        The 95 % interval of each mean |error|.
    """

    low: NDArray[np.int64]
    high: NDArray[np.int64]
    mae_low: NDArray[np.float64]
    mae_high: NDArray[np.float64]


def ranks(shared: Common, *, seed: int = 0) -> Ranks | None:
    """Ranks by mean |error| on the common cells; None where there is too little to resample (`bootstrap.resampled`)."""
    if bootstrap.resampled(shared) == "nothing":
        return None
    means, count = bootstrap.averages(shared, seed=seed), bootstrap.units(shared)
    low, high = rank_intervals(shared.errors.mean(axis=0), means, count)
    mae_low, mae_high = bootstrap.interval(means, count)
    return Ranks(low, high, mae_low, mae_high)


def rank_intervals(
    observed: NDArray[np.float64], means: NDArray[np.float64], count: int, level: float = 0.95
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The interval of each rank: from 1 + how many are clearly better to all but those that are clearly worse.

    Two differ clearly if their difference, in units of its bootstrap standard error, is beyond the `level` quantile of
    the largest of all such deviations in the resamples, so that all pairs are judged at once. The intervals are those
    of Klein, Wright and Wieczorek (A joint confidence region for an overall ranking of populations, JRSS C 69, 2020)
    with the bootstrap of Mogstad, Romano, Shaikh and Wilhelm (Inference for ranks, Review of Economic Studies 91,
    2024), who show that percentiles of resampled ranks are too short exactly where methods tie.

    "Clearly better" is transitive here, as standard errors of paired differences obey the triangle inequality and all
    pairs have one critical value. So whoever is clearly worse than another has a higher `low`: two of equal `low` are
    a true tie. "Tied" itself is not transitive, which the intervals show: those that overlap are ties.

    Parameters
    ----------
    observed : array, shape (names,)
        Lower is better.
    means : array, shape (draws, names)
        The same, in each paired resample.
    count : int
        Things the resamples were drawn from; the fewer, the larger the critical value (`bootstrap.expanded`).

    Returns
    -------
    low, high : array of int, shape (names,)
    """
    names = len(observed)
    nothing = _SAME * float(np.abs(observed).max())
    deviations = means - observed
    spread, largest = np.zeros((names, names)), np.zeros(len(means))
    for i in range(names - 1):  # one row of pairs at a time: all of them may not fit into memory
        gaps = deviations[:, i + 1 :] - deviations[:, [i]]
        spread[i, i + 1 :] = spread[i + 1 :, i] = gaps.std(axis=0, ddof=1)
        varies = spread[i, i + 1 :] > nothing
        if varies.any():
            largest = np.maximum(largest, (np.abs(gaps[:, varies]) / spread[i, i + 1 :][varies]).max(axis=1))
    critical = bootstrap.expanded(float(np.quantile(largest, level)), count)
    gap = observed[None, :] - observed[:, None]
    beyond = np.maximum(critical * spread, nothing)
    return 1 + (gap < -beyond).sum(axis=1), names - (gap > beyond).sum(axis=1)
