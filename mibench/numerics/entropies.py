# SPDX-License-Identifier: Apache-2.0
"""Entropy of a discrete variable from the counts of its symbols, in nats."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma

__all__ = ["CORRECTIONS", "chao_shen", "grassberger", "miller_madow", "plug_in"]


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


CORRECTIONS = {
    None: plug_in,
    "miller-madow": miller_madow,
    "grassberger": grassberger,
    "chao-shen": chao_shen,
}
