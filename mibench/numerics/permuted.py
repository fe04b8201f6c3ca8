# SPDX-License-Identifier: Apache-2.0
"""The plug-in information that counts show where there is none: its exact mean over all pairings of the two sides.

When y is permuted, the cell of a symbol seen a times on one side and one seen b times on the other holds a
hypergeometric number m of the n samples, so the mean is (Vinh, Epps, Bailey, JMLR 2010)

    sum over pairs of symbols of  E[(m / n) ln(n m / (a b))].

Only the different values of a and b matter, and how often each occurs: at most sqrt(2 n) of either.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.special import gammaln, xlogy
from scipy.stats import hypergeom

__all__ = ["permuted_information", "permuted_information_reference"]

_FAR = 700.0  # smaller probabilities than e^-700 add nothing and leave the range of float64


@njit(cache=True, nogil=True)
def _mean(a: Any, times_a: Any, b: Any, times_b: Any, log_factorial: Any) -> Any:
    n = log_factorial.size - 1
    total = 0.0
    for i in range(a.size):
        for j in range(b.size):
            fixed = log_factorial[a[i]] + log_factorial[b[j]] - log_factorial[n]
            fixed += log_factorial[n - a[i]] + log_factorial[n - b[j]]
            log_share = np.log(n / (a[i] * float(b[j])))
            cell = 0.0
            for m in range(max(1, a[i] + b[j] - n), min(a[i], b[j]) + 1):
                ways = log_factorial[m] + log_factorial[a[i] - m] + log_factorial[b[j] - m]
                log_p = fixed - ways - log_factorial[n - a[i] - b[j] + m]
                if log_p > -_FAR:
                    cell += np.exp(log_p) * m / n * (np.log(m) + log_share)
            total += times_a[i] * times_b[j] * cell
    return total


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


def permuted_information_reference(counts_x: NDArray[np.int64], counts_y: NDArray[np.int64]) -> float:
    """What `permuted_information` computes, one pair of symbols at a time by SciPy's hypergeometric distribution."""
    n, total = int(counts_x.sum()), 0.0
    for a in counts_x:
        for b in counts_y:
            m = np.arange(1, min(a, b) + 1)
            total += float(hypergeom.pmf(m, n, a, b) @ xlogy(m / n, n * m / (float(a) * b)))
    return total
