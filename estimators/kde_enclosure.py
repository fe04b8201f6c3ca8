# SPDX-License-Identifier: Apache-2.0
"""From bounds of a sample's mixture to bounds of its population's information.

A mixture of n values has less entropy than the population's on average, so Kolchinsky and Tracey's lower term (a = 4)
of the sample, which is below the sample's information, is on average below the population's too. In their upper term
(a = 1) a row is left out of its own inner sum, which then has the population's expectation: -ln is convex, so the term
is on average above. Each end of the difference of two such terms, upper less lower and lower less upper, thus errs
outward on average, and is moved outward by 3.29 standard errors more, so that the ends hold in 99.9 % of the samples as
far as means of n terms are normal.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.estimators.kde_centres import Centres

__all__ = ["enclosure"]

_REACH = 3.290526731491926  # 99.95 % quantile of the normal distribution
_ALONE = 1e-9  # what is left of a sum below it is the rounding of what was taken off

Terms = NDArray[np.float64]


def enclosure(
    centres: Centres, own_wide: Terms, every_wide: Terms, own_narrow: Terms, every_narrow: Terms
) -> tuple[float, float]:
    """An enclosure of the information between noisy values and classes, in nats.

    Its upper end is no more than the entropy of the classes, bounded alike, and the logarithm of their declared number.
    It is infinite where none of these is known and a row has no other near it.

    Parameters
    ----------
    centres : Centres
    own_wide, every_wide, own_narrow, every_narrow : ndarray, shape (n,)
        ``ln sum_j w_j exp(-|c_i - c_j|^2 / (2 a s^2))`` at each row's first value, over the values of its class and
        over all, for a = 4 (wide) and a = 1 (narrow).
    """
    n, replicas, _ = centres.values.shape
    rows = np.bincount(centres.classes)[centres.classes]
    squares = ((centres.values - centres.values[:, :1]) ** 2).sum(axis=2)
    of_row = np.exp(-squares / (2.0 * centres.std**2)).sum(axis=1)
    among = _left_out(np.exp(every_narrow) * (n * replicas), of_row, replicas * (n - 1.0))
    within, within_least = np.zeros(n), np.zeros(n)
    if not centres.function:
        within = _left_out(np.exp(own_narrow) * (rows * replicas), 1.0, rows * replicas - 1.0)
        within_least = -own_wide
    entropy = _left_out(rows, 1.0, np.full(n, n - 1.0))
    least = max(_end(-every_wide - within, -1), 0.0)
    most = min(_end(among - within_least, 1), _end(entropy, 1), math.log(centres.alphabet))
    return least, max(most, least)


def _left_out(total: Any, own: Any, others: Any) -> Terms:
    """``-ln((total - own) / others)`` for each row; infinite where nothing is left."""
    rest = np.asarray(total - own, dtype=np.float64)
    near = rest > _ALONE
    found = np.full(len(rest), np.inf)
    found[near] = np.log(np.broadcast_to(others, rest.shape)[near]) - np.log(rest[near])
    return found


def _end(terms: Terms, sign: int) -> float:
    """The mean of the terms and 3.29 of its standard errors up or down; infinite where a term is."""
    if not np.isfinite(terms).all():
        return sign * math.inf
    return float(terms.mean() + sign * _REACH * terms.std(ddof=1) / math.sqrt(len(terms)))
