# SPDX-License-Identifier: Apache-2.0
"""How many coordinates a cloud of points needs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from mibench.contracts import InputError, Unsupported

__all__ = ["latent_dim", "two_nn"]


def two_nn(points: NDArray[Any]) -> float:
    """Intrinsic dimension by the ratio of the second to the first neighbour's distance.

    Parameters
    ----------
    points : array, shape (n, d)

    Returns
    -------
    float
        The maximum-likelihood estimate ``1 / mean ln(r2 / r1)`` of Facco et al. (Sci. Rep. 7, 12140, 2017), eq. 3's
        Pareto law. Points whose nearest neighbour is a copy say nothing and are left out.

    Raises
    ------
    InputError
        For fewer than 3 points.
    Unsupported
        If fewer than half of the points have a nearest neighbour at a positive distance.
    """
    if len(points) < 3:
        raise InputError(
            f"{len(points)} samples were given and the intrinsic dimension needs at least 3: give latent_dim"
        )
    distances = NearestNeighbors(n_neighbors=2).fit(points).kneighbors()[0]
    first, second = distances[distances[:, 0] > 0].T
    if 2 * len(first) < len(points) or not (second > first).any():
        raise Unsupported(
            f"the intrinsic dimension needs distinct points, and {len(points) - len(first)} of {len(points)} are "
            "copies of others: give latent_dim yourself"
        )
    return float(1.0 / np.log(second / first).mean())


def latent_dim(estimate: float, most: int) -> int:
    """Coordinates for a `two_nn` estimate, which errs downward at borders: fractions above 1/4 count as one."""
    return max(1, min(most, math.ceil(estimate - 0.25)))
