# SPDX-License-Identifier: Apache-2.0
"""Standard error of a nearest-neighbour estimate from disjoint subsets (Holmes & Nemenman 2019, PRE 99, 022404).

Resampling with replacement repeats points, which nearest neighbours cannot stand; disjoint subsets do not.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

__all__ = ["subsampled_error", "t_interval"]

_SUBSETS = 20
_LARGEST = 1000  # rows in a subset: a variance falls as 1/n well before, and the subsets stay cheap beside the estimate


def subsampled_error(
    estimate: Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.float64]],
    n: int,
    fewest: int,
    rng: np.random.Generator,
) -> tuple[float, int, float] | None:
    """Standard error at n samples, assuming a variance B/n, with B from partitions into 10 and 20 disjoint subsets.

    Parameters
    ----------
    estimate : callable (order, offsets) -> array
        The estimate on each group of rows, ``order[offsets[g]:offsets[g + 1]]``.
    n : int
        Samples there are.
    fewest : int
        Smallest subset worth an estimate; fewer subsets are used where n is small.

    Returns
    -------
    (std_error, degrees_of_freedom, mean_small) or None
        The mean estimate on the smallest subsets shows how the estimate drifts with n; None if n is too small.
    """
    most = min(_SUBSETS, n // fewest)
    if most < 4:
        return None
    weighted, freedom, mean = 0.0, 0, 0.0
    for parts in (most // 2, most):
        size = min(n // parts, _LARGEST * _SUBSETS // 2 // parts)
        values = estimate(rng.permutation(n)[: size * parts], np.arange(parts + 1) * size)
        weighted += (parts - 1) * float(np.var(values, ddof=1)) * size  # (n_i - 1) B_i, their equation for B
        freedom += parts - 1
        mean = float(np.mean(values))
    return float(np.sqrt(weighted / freedom / n)), most - 1, mean


def t_interval(mi: float, std_error: float, freedom: int, level: float = 0.95) -> tuple[float, float]:
    """Symmetric Student interval; it covers sampling error, not the estimator's bias."""
    reach = float(student.ppf(0.5 + level / 2, freedom)) * std_error
    return mi - reach, mi + reach
