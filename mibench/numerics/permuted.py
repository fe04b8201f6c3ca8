# SPDX-License-Identifier: Apache-2.0
"""The plug-in information that counts show where there is none: its exact mean over all pairings of the two sides.

When y is permuted, the cell of a symbol seen a times on one side and one seen b times on the other holds a
hypergeometric number m of the n samples, so the mean is (Vinh, Epps, Bailey, JMLR 2010)

    sum over pairs of symbols of  E[(m / n) ln(n m / (a b))].

Only the different values of a and b matter, and how often each occurs: at most sqrt(2 n) of either.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray
from scipy.special import gammaln, xlogy
from scipy.stats import hypergeom

__all__ = ["permuted_information", "permuted_information_reference", "permuted_shares"]

_FAR = 700.0  # smaller probabilities than e^-700 add nothing and leave the range of float64
_TAIL = 20.0  # twice it is the logarithm of what share of a cell's chances may be left out, by Hoeffding's inequality


@njit(cache=True, nogil=True)
def _cell(a: int, b: int, begin: int, end: int, log_factorial: Any) -> Any:
    """The term of symbols seen a and b times, from m = begin to end."""
    n = log_factorial.size - 1
    fixed = log_factorial[a] + log_factorial[b] - log_factorial[n]
    fixed += log_factorial[n - a] + log_factorial[n - b]
    log_share = np.log(n / (a * float(b)))
    cell = 0.0
    for m in range(max(begin, 1, a + b - n), min(end, a, b) + 1):
        ways = log_factorial[m] + log_factorial[a - m] + log_factorial[b - m]
        log_p = fixed - ways - log_factorial[n - a - b + m]
        if log_p > -_FAR:
            cell += np.exp(log_p) * m / n * (np.log(m) + log_share)
    return cell


@njit(cache=True, nogil=True)
def _mean(a: Any, times_a: Any, b: Any, times_b: Any, log_factorial: Any) -> Any:
    total = 0.0
    for i in range(a.size):
        for j in range(b.size):
            total += times_a[i] * times_b[j] * _cell(a[i], b[j], 0, a[i], log_factorial)
    return total


@njit(cache=True, parallel=True)
def _shares(b: Any, times_b: Any, log_factorial: Any, shares: Any) -> None:
    n = shares.size - 1
    for k in prange(n):
        a = n - k  # large ones take the longest
        for j in range(b.size):
            far = np.sqrt(_TAIL * min(a, b[j])) + 1.0
            usual = a * (b[j] / n)
            shares[a] += times_b[j] * _cell(a, b[j], int(usual - far), int(usual + far) + 1, log_factorial)


def permuted_information(counts_x: NDArray[np.int64], counts_y: NDArray[np.int64]) -> float:
    """Mean over all n! pairings of the plug-in information of two sides, in nats.

    Parameters
    ----------
    counts_x, counts_y : ndarray of int64, shapes (k_x,), (k_y,)
        How often each symbol of a side occurs, all positive, with equal sums n.
    """
    a, times_a = np.unique(counts_x, return_counts=True)
    b, times_b = np.unique(counts_y, return_counts=True)
    log_factorial = gammaln(np.arange(1.0, counts_x.sum() + 2.0))
    return float(_mean(a, times_a, b, times_b, log_factorial))


def permuted_shares(counts_y: NDArray[np.int64]) -> NDArray[np.float64]:
    """What a symbol of the other side adds to `permuted_information`, by how often it occurs, 0 to n.

    So ``permuted_shares(counts_y)[counts_x].sum()`` is the mean, for any side with counts of that sum, but for what
    occurs in one pairing out of 10^17.

    Parameters
    ----------
    counts_y : ndarray of int64, shape (k,)
        All positive.

    Returns
    -------
    ndarray, shape (n + 1,)
        In nats, not to be written to.
    """
    return _kept_shares(tuple(np.sort(counts_y).tolist()))


@lru_cache(maxsize=8)
def _kept_shares(counts: tuple[int, ...]) -> NDArray[np.float64]:
    b, times_b = np.unique(np.array(counts, dtype=np.int64), return_counts=True)
    n = sum(counts)
    shares = np.zeros(n + 1)
    _shares(b, times_b, gammaln(np.arange(1.0, n + 2.0)), shares)
    shares.flags.writeable = False
    return shares


def permuted_information_reference(counts_x: NDArray[np.int64], counts_y: NDArray[np.int64]) -> float:
    """What `permuted_information` computes, one pair of symbols at a time by SciPy's hypergeometric distribution."""
    n, total = int(counts_x.sum()), 0.0
    for a in counts_x:
        for b in counts_y:
            m = np.arange(1, min(a, b) + 1)
            total += float(hypergeom.pmf(m, n, a, b) @ xlogy(m / n, n * m / (float(a) * b)))
    return total
