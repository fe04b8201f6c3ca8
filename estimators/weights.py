# SPDX-License-Identifier: Apache-2.0
"""Weights of the neighbours in Berrett, Samworth & Yuan (2019, Ann. Statist. 47, 288-318), bounded in every dimension.

The log-density estimate from the j-th of n neighbours has bias terms proportional to
n^(-2l/d) Gamma(j + 2l/d) / Gamma(j), l = 1, 2, ..., and the authors choose weights on j = 1..k that cancel those with
l <= d/4, the ones above the sampling error n^(-1/2). Solved exactly, the conditions are nearly collinear in high
dimension: the weights grow into the thousands, or miss their own sum. Here the terms are penalised, not forbidden.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, polygamma

__all__ = ["entropy_weights", "neighbour_covariance"]


def neighbour_covariance(k: int) -> NDArray[np.float64]:
    """Covariance of the log-volumes up to neighbours 1..k of one point, psi'(max(i, j)), for a flat density."""
    j = np.arange(1, k + 1)
    return np.asarray(polygamma(1, np.maximum.outer(j, j)), dtype=np.float64)


def entropy_weights(dim: int, n: int, k: int) -> NDArray[np.float64]:
    """Weights on neighbours 1..k, shape (k,), whose sum is 1.

    They minimise the sampling variance plus the squares of the leading bias terms at unit smoothness,

        w' S w / n  +  sum_l (n^(-2l/d) sum_j w_j Gamma(j + 2l/d) / Gamma(j))^2,   S_ij = psi'(max(i, j)),

    over l = 1..max(4, floor(d/4)). A term outweighs the variance just when l < d/4, so the conditions of the paper hold
    in the limit; at finite n, the minimum is at most its value for any other weights, which bounds them.
    """
    j = np.arange(1, k + 1)
    penalty = neighbour_covariance(k) / n
    for order in range(1, max(4, dim // 4) + 1):
        power = 2 * order / dim
        term = np.exp(gammaln(j + power) - gammaln(j) - power * np.log(n))
        penalty += np.outer(term, term)
    weights = np.linalg.solve(penalty, np.ones(k))
    return np.asarray(weights / weights.sum(), dtype=np.float64)
