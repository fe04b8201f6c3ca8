# SPDX-License-Identifier: Apache-2.0
"""Ranks as normal quantiles."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata

__all__ = ["normal_scores"]


def normal_scores(values: NDArray[Any]) -> NDArray[np.float64]:
    """Each column's normal scores, ``Phi^-1((rank - 1/2) / n)``: a monotone map, so no information is lost.

    Parameters
    ----------
    values : array, shape (n, ...)
        Equal values share their mean rank.

    Returns
    -------
    array, shape (n, d)
    """
    flat = values.reshape(len(values), -1)
    return np.asarray(ndtri((rankdata(flat, axis=0) - 0.5) / len(flat)))
