# SPDX-License-Identifier: Apache-2.0
"""Standard error of a nearest-neighbour estimate from disjoint subsets (Holmes & Nemenman 2019, PRE 99, 022404).

Resampling with replacement repeats points, which nearest neighbours cannot stand; disjoint subsets do not.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["subsampled_error"]

_PARTS = (
    8  # more parts know their variance better, but theirs, not that of n samples: n Var is smaller in small samples
)
_LARGEST = 2500  # rows in a part: n Var no longer changes, and the parts stay cheap beside the estimate


def subsampled_error(
    estimate: Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.float64]],
    n: int,
    fewest: int,
    rng: np.random.Generator,
) -> tuple[float, int, float] | None:
    """Standard error at n samples from the spread over 8 disjoint parts, assuming a variance B / n.

    Parameters
    ----------
    estimate : callable (order, offsets) -> array
        The estimate on each group of rows, ``order[offsets[g]:offsets[g + 1]]``.
    n : int
        Samples there are.
    fewest : int
        Rows in the smallest part worth an estimate; there are fewer parts where n is small.

    Returns
    -------
    (std_error, degrees_of_freedom, mean) or None
        The mean estimate on the parts shows how the estimate drifts with n. None if n is too small for 4 parts.
    """
    parts = min(_PARTS, n // fewest)
    if parts < 4:
        return None
    size = min(n // parts, _LARGEST)
    values = estimate(rng.permutation(n)[: parts * size], np.arange(parts + 1) * size)
    return float(np.sqrt(size * np.var(values, ddof=1) / n)), parts - 1, float(np.mean(values))
