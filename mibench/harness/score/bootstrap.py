# SPDX-License-Identifier: Apache-2.0
"""Paired resampling of the common cells: whole tasks first, then the repetitions within each of their sizes.

Every draw is the same for all estimators, so their differences are those of one and the same resample. Resampling in
the order in which the data were made, tasks before repetitions, is that of Davison and Hinkley, Bootstrap Methods and
their Application (1997), section 3.8. With one repetition there is nothing to draw within a task: the spread over
repetitions is then seen only as part of the spread over tasks.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from mibench.harness.score.common import Common

__all__ = ["DRAWS", "FEWEST", "Resampled", "averages", "expanded", "interval", "resampled", "units"]

DRAWS = 2000
FEWEST = 6  # tasks, or repetitions of each of fewer tasks, from which intervals and ranks are given
_BLOCK = 4_000_000  # weights in memory at a time

Resampled = Literal["tasks", "repetitions", "nothing"]


def resampled(shared: Common) -> Resampled:
    """What is drawn: ``tasks`` (and repetitions within them) from `FEWEST` common tasks on; with fewer tasks, but
    `FEWEST` repetitions of each at each size, the tasks stay and their ``repetitions`` are drawn; else ``nothing``."""
    if not shared.errors.size:
        return "nothing"
    if len(np.unique(shared.tasks)) >= FEWEST:
        return "tasks"
    return "repetitions" if np.bincount(shared.strata).min() >= FEWEST else "nothing"


def units(shared: Common) -> int:
    """How many independent things are drawn from: tasks, or the fewest repetitions of a task and size."""
    if resampled(shared) == "tasks":
        return len(np.unique(shared.tasks))
    return int(np.bincount(shared.strata).min())


def averages(shared: Common, *, draws: int = DRAWS, seed: int = 0) -> NDArray[np.float64]:
    """Mean |error| of every estimator in every resample, shape (draws, names)."""
    rng = np.random.default_rng(seed)
    cells = len(shared.errors)
    whole = resampled(shared) == "tasks"
    size = np.bincount(shared.strata)[shared.strata]
    first = np.searchsorted(shared.strata, shared.strata)  # strata stand together, in rising order
    count = int(shared.tasks.max()) + 1
    means = np.empty((draws, shared.errors.shape[1]))
    block = max(1, min(draws, _BLOCK // cells))
    for begin in range(0, draws, block):
        end = min(draws, begin + block)
        times = np.zeros((end - begin, cells))
        for line in times:
            chosen = np.bincount(rng.integers(count, size=count), minlength=count) if whole else np.ones(count, int)
            copies = chosen[shared.tasks]
            if size.max() == 1:
                line[:] = copies
                continue
            where = np.repeat(np.arange(cells), copies)
            drawn = first[where] + (rng.random(len(where)) * size[where]).astype(np.int64)
            line[:] = np.bincount(drawn, minlength=cells)
        means[begin:end] = times @ shared.errors / times.sum(axis=1, keepdims=True)
    return means


def expanded(deviate: float, count: int) -> float:
    """A deviate of resamples of `count` things, as wide as so few of them must have it.

    sqrt(n / (n - 1)) t, where Student's t with n - 1 degrees of freedom has the tail of the normal `deviate`: resamples
    show neither the bias of the variance nor that it is estimated. Hesterberg, What teachers should know about the
    bootstrap, The American Statistician 69 (2015).
    """
    return -math.sqrt(count / (count - 1)) * float(special.stdtrit(count - 1, special.ndtr(-deviate)))


def interval(means: NDArray[np.float64], count: int, level: float = 0.95) -> NDArray[np.float64]:
    """Percentile intervals of `means`, expanded for the few things to draw from (`expanded`): shape (2, names)."""
    tail = float(special.ndtr(-expanded(float(special.ndtri((1 + level) / 2)), count)))
    return np.asarray(np.quantile(means, [tail, 1 - tail], axis=0))
