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

_SMALL = 16  # small subsets; half as many of twice the size stand beside them
_LARGEST = 1000  # rows in a subset: a variance falls as 1/n well before, and subsets stay cheap beside the estimate


def subsampled_error(
    estimate: Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.float64]],
    n: int,
    fewest: int,
    rng: np.random.Generator,
) -> tuple[float, int, float] | None:
    """Standard error at n samples, assuming a variance B / n, with B from disjoint subsets of two sizes.

    One half of a random order is cut into 8 subsets, the other into 16, so that their estimates are all independent.

    Parameters
    ----------
    estimate : callable (order, offsets) -> array
        The estimate on each group of rows, ``order[offsets[g]:offsets[g + 1]]``.
    n : int
        Samples there are.
    fewest : int
        Rows in the smallest subset worth an estimate; there are fewer subsets where n is small.

    Returns
    -------
    (std_error, degrees_of_freedom, mean_small) or None
        The mean estimate on the small subsets shows how the estimate drifts with n; None if n is too small.
    """
    small = min(_SMALL, n // (2 * fewest))
    if small < 4:
        return None
    size = min(n // (2 * small), _LARGEST // 2)
    large = small // 2
    sizes = np.array([2 * size] * large + [size] * small)
    values = estimate(rng.permutation(n)[: sizes.sum()], np.concatenate([[0], np.cumsum(sizes)]))
    freedom = large + small - 2
    scaled = [
        (len(part) - 1) * rows * np.var(part, ddof=1)
        for part, rows in ((values[:large], 2 * size), (values[large:], size))
    ]
    return float(np.sqrt(sum(scaled) / freedom / n)), freedom, float(values[large:].mean())


def t_interval(mi: float, std_error: float, freedom: int, level: float = 0.95) -> tuple[float, float]:
    """Symmetric Student interval; it covers sampling error, not the estimator's bias."""
    reach = float(student.ppf(0.5 + level / 2, freedom)) * std_error
    return mi - reach, mi + reach
