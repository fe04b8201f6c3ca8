# SPDX-License-Identifier: Apache-2.0
"""Entropy of a discrete variable from the counts of its symbols, in nats."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, digamma, gammaln, polygamma

__all__ = ["CORRECTIONS", "chao_shen", "grassberger", "miller_madow", "nsb", "plug_in"]

_NODES = 257  # of a pass over ln beta
_NEGLIGIBLE = 45.0  # nats below the largest: such weights are left out
_ENOUGH = 100  # nodes with more than negligible weight resolve a smooth peak to rounding
_LARGE = 1e3  # concentration from which the prior's density is taken from its series


def plug_in(counts: NDArray[np.int64]) -> float:
    """``-sum p ln p`` of the empirical frequencies; counts of shape (k,), all positive."""
    n = counts.sum()
    return float(np.log(n) - counts @ np.log(counts) / n)


def miller_madow(counts: NDArray[np.int64]) -> float:
    """Plug-in plus ``(k - 1) / (2 n)``, its bias to first order over the k symbols seen (Miller 1955)."""
    return plug_in(counts) + (len(counts) - 1) / (2.0 * float(counts.sum()))


def grassberger(counts: NDArray[np.int64]) -> float:
    """Grassberger (2003): ``ln n - sum c G(c) / n`` with ``G(c) = psi(c) + (-1)^c [psi((c+1)/2) - psi(c/2)] / 2``."""
    n = counts.sum()
    sign = np.where(counts % 2 == 0, 0.5, -0.5)
    g = digamma(counts) + sign * (digamma((counts + 1) / 2) - digamma(counts / 2))
    return float(np.log(n) - counts @ g / n)


def chao_shen(counts: NDArray[np.int64]) -> float:
    """Chao and Shen (2003): Horvitz-Thompson weights after shrinking by Good's coverage, ``1 - (singletons) / n``.

    Where every symbol is a singleton the coverage is 0 and the estimator undefined; one singleton fewer is assumed.
    """
    n = int(counts.sum())
    singletons = int((counts == 1).sum())
    p = (1.0 - min(singletons, n - 1) / n) * counts / n
    seen = -np.expm1(n * np.log1p(-p)) if len(counts) > 1 else np.ones(1)
    return float(-(p * np.log(p) / seen).sum())


def nsb(counts: NDArray[np.int64], alphabet: float) -> float:
    """Posterior mean of the entropy under the prior of Nemenman, Shafee and Bialek (2002).

    The prior mixes symmetric Dirichlet distributions of every concentration beta over `alphabet` symbols so that the
    entropy expected before the data, ``xi(beta) = psi(K beta + 1) - psi(beta + 1)``, is uniform on (0, ln K).

    Parameters
    ----------
    counts : ndarray of int64, shape (k,)
        Of the symbols seen, all positive.
    alphabet : float
        K, how many symbols there can be: at least k, finite.

    Notes
    -----
    The integral over beta is a trapezoidal sum over ln beta, on nodes that close in on the posterior; the integrand
    is smooth and falls off exponentially on both sides, so the sum converges faster than any power of the step.
    """
    if alphabet <= 1:
        return 0.0
    n, low = float(counts.sum()), -math.log(alphabet) - _NEGLIGIBLE
    high = math.log(n) + _NEGLIGIBLE
    values, times = np.unique(counts, return_counts=True)
    while True:
        log_beta = np.linspace(low, high, _NODES)
        beta = np.exp(log_beta)
        log_weight = log_beta + np.log(_prior(beta, alphabet)) + _log_evidence(beta, values, times, alphabet)
        log_weight -= log_weight.max()
        kept = np.flatnonzero(log_weight > -_NEGLIGIBLE)
        if len(kept) > _ENOUGH:
            break
        low, high = log_beta[max(kept[0] - 1, 0)], log_beta[min(kept[-1] + 1, _NODES - 1)]
    return float(np.average(_dirichlet_mean(beta, values, times, alphabet), weights=np.exp(log_weight)))


def _prior(beta: NDArray[np.float64], alphabet: float) -> NDArray[np.float64]:
    """``d xi / d beta = K psi_1(K beta + 1) - psi_1(beta + 1)``, by its series where the terms would cancel."""
    small = np.minimum(beta, _LARGE)
    exact = alphabet * polygamma(1, alphabet * small + 1.0) - polygamma(1, small + 1.0)
    large = np.maximum(beta, _LARGE)
    series = (1.0 - 1.0 / alphabet) / (2.0 * large**2) - (1.0 - 1.0 / alphabet**2) / (6.0 * large**3)
    return np.where(beta < _LARGE, exact, series)


def _log_evidence(
    beta: NDArray[np.float64], values: NDArray[np.int64], times: NDArray[np.int64], alphabet: float
) -> NDArray[np.float64]:
    """Log-probability of the samples, in their order, under a Dirichlet prior of each concentration in `beta`."""
    n = values @ times
    # a ratio of gamma functions by the beta function, which keeps its digits for large arguments
    rising = gammaln(values) - betaln(beta[:, None], values)
    log_evidence: NDArray[np.float64] = rising @ times - (gammaln(n) - betaln(alphabet * beta, n))
    return log_evidence


def _dirichlet_mean(
    beta: NDArray[np.float64], values: NDArray[np.int64], times: NDArray[np.int64], alphabet: float
) -> NDArray[np.float64]:
    """Posterior mean of the entropy for each concentration in `beta` (Wolpert and Wolf 1995)."""
    total = values @ times + alphabet * beta
    each = (values + beta[:, None]) / total[:, None] * digamma(values + beta[:, None] + 1.0)
    unseen = (alphabet - times.sum()) * beta / total * digamma(beta + 1.0)
    mean: NDArray[np.float64] = digamma(total + 1.0) - each @ times - unseen
    return mean


CORRECTIONS = {
    None: plug_in,
    "miller-madow": miller_madow,
    "grassberger": grassberger,
    "chao-shen": chao_shen,
}
