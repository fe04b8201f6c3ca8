# SPDX-License-Identifier: Apache-2.0
"""Functions to put on the board: the information of jointly normal vectors."""

import numpy as np


def canonical(x, y, shrink=0.0):
    """Nats, from the singular values of the whitened cross-covariance; x and y are (n, d)."""
    d = x.shape[1]
    c = np.cov(x, y, rowvar=False) + shrink * np.eye(d + y.shape[1])
    logdet = [np.linalg.slogdet(block)[1] for block in (c[:d, :d], c[d:, d:], c)]
    return 0.5 * (logdet[0] + logdet[1] - logdet[2])


def bootstrapped(x, y, random_state=0, resamples=20):
    """Bits, and their standard error by the bootstrap."""
    rng = np.random.default_rng(random_state)
    draws = [rng.integers(0, len(x), len(x)) for _ in range(resamples)]
    again = [canonical(x[rows], y[rows]) for rows in draws]
    return canonical(x, y) / np.log(2), np.std(again, ddof=1) / np.log(2)
