# SPDX-License-Identifier: Apache-2.0
"""Information through normal noise on the line, of a few equally likely values or of their groups, by quadrature."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

__all__ = ["line_information", "line_information_reference"]

_TAIL = 12.0  # noise beyond so many standard deviations has a probability below 1e-32
_STEP = 1 / 32
_NODES = np.arange(-_TAIL, _TAIL + _STEP / 2, _STEP)
_WEIGHTS = _STEP * np.exp(-0.5 * _NODES**2) / math.sqrt(2 * math.pi)


def line_information(values: NDArray[Any], groups: NDArray[Any], std: float) -> float:
    """``sum_g p_g int p_g(t) ln(p_g(t) / p(t)) dt`` in nats, t being a value plus normal noise.

    Parameters
    ----------
    values : ndarray of float64, shape (k,)
        Equally likely.
    groups : ndarray of int, shape (k,)
        What of a value is asked for; all different: which one it is.
    std : float
        Of the noise, positive.

    Notes
    -----
    By the trapezoidal rule over the noise of each value, which converges exponentially for such smooth integrands.
    """
    same = groups[:, None] == groups
    gaps = (values[:, None] - values) / std  # from value j to value i
    exponents = -0.5 * (gaps[:, None, :] + _NODES[:, None]) ** 2
    of_group = logsumexp(np.where(same[:, None, :], exponents, -np.inf), axis=2) - np.log(same.sum(axis=1))[:, None]
    of_all = logsumexp(exponents, axis=2) - math.log(len(values))
    return float(((of_group - of_all) @ _WEIGHTS).mean())


def line_information_reference(values: NDArray[Any], groups: NDArray[Any], std: float) -> float:
    """What `line_information` computes, by adaptive quadrature over the whole line."""
    from scipy.integrate import quad

    n, s = len(values), std
    members = [values[groups == group] for group in np.unique(groups)]

    def log_density(t: float, centres: NDArray[np.float64]) -> float:
        terms = -(((t - centres) / s) ** 2) / 2
        most = float(terms.max())
        return most + math.log(np.exp(terms - most).mean())

    def integrand(t: float) -> float:
        log_p, total = log_density(t, values), 0.0
        for group in members:
            log_g = log_density(t, group)
            total += len(group) / n * math.exp(log_g) * (log_g - log_p)
        return total

    steps = np.arange(-_TAIL, _TAIL + 1, 2.0)
    cuts = np.unique((values[:, None] + s * steps).ravel())  # every peak is seen, however narrow
    found = quad(integrand, cuts[0], cuts[-1], points=cuts[1:-1], limit=1000, epsabs=1e-11 * s, epsrel=1e-10)[0]
    return float(found) / (s * math.sqrt(2 * math.pi))
