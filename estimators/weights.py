# SPDX-License-Identifier: Apache-2.0
"""Weights of Berrett, Samworth & Yuan (2019, Ann. Statist. 47, 288-318), kept bounded."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

__all__ = ["entropy_weights"]


def entropy_weights(dim: int, k: int, bound: float = 4.0) -> NDArray[np.float64]:
    """Weights on neighbours 1..k: they sum to 1 and cancel the leading bias terms Gamma(j + 2l/d) / Gamma(j).

    The minimum-norm solution is taken with as many terms l = 1..floor(d/4) as keep sum |w| within `bound`.
    """
    if dim < 4:
        return np.eye(k)[-1]
    j = np.arange(1, k + 1)
    for terms in range(dim // 4, -1, -1):
        rows = [np.exp(gammaln(j + 2 * order / dim) - gammaln(j)) for order in range(terms + 1)]
        system = np.array(rows) / np.array(rows).max(1, keepdims=True)
        weights = np.linalg.lstsq(system, np.eye(terms + 1)[0], rcond=None)[0]
        if np.abs(weights).sum() <= bound and abs(weights.sum() - 1) < 1e-9:
            return weights
    return np.full(k, 1 / k)
