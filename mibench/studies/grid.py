# SPDX-License-Identifier: Apache-2.0
"""Which of the recorded epochs dear computations look at."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.numerics.checks import check_count

__all__ = ["thinned"]


def thinned(epochs: NDArray[Any], points: int) -> NDArray[np.int64]:
    """Places of at most `points` of the epochs, the first and the last included, 1 + epoch in equal ratios.

    Parameters
    ----------
    epochs : ndarray of whole numbers, shape (E,)
        Increasing, from 0; at least one.
    points : int
        As many as there are, or more: all. Fewer come out where the epochs are not so dense.

    Raises
    ------
    InputError
        If `points` is below 1.
    """
    points = check_count("points", points, 1)
    if points >= len(epochs):
        return np.arange(len(epochs))
    at = np.log1p(np.asarray(epochs, np.float64))
    wanted = np.linspace(at[0], at[-1], points) if points > 1 else at[-1:]
    return np.unique(np.abs(at[:, None] - wanted).argmin(axis=0))
