# SPDX-License-Identifier: Apache-2.0
"""Mutual information as h(X) + h(Y) - h(X,Y), each entropy from nearest-neighbour distances of whitened data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, gammaln

from mibench.contracts import Estimate, InputError, Unsupported
from mibench.estimators.inputs import as_matrices, reject_discrete, reject_repeats
from mibench.estimators.weights import entropy_weights
from mibench.numerics.neighbours import nearest_distances

if TYPE_CHECKING:
    from mibench.contracts import RandomLike

__all__ = ["KL", "WKL"]

_SINGULAR = 1e-12  # smallest eigenvalue of a correlation matrix, relative to the largest


@dataclass(frozen=True)
class KL:
    """Kozachenko and Leonenko's (1987) entropies with the k-th neighbour, Euclidean norm, after whitening.

    Parameters
    ----------
    k : int
        The neighbour whose distance measures the density.
    """

    k: int = 5

    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if isinstance(self.k, bool) or not isinstance(self.k, int) or self.k < 1:
            raise InputError(f"{self._name}: k is {self.k!r}; give a whole number of neighbours, 1 or more")

    @property
    def _name(self) -> str:
        return type(self).__name__.lower()

    def _weights(self, dim: int, n: int) -> NDArray[np.float64]:
        return np.eye(self.k)[-1]

    def estimate(self, x: Any, y: Any, *, rng: RandomLike = None, side: Mapping[str, Any] | None = None) -> Estimate:
        """Estimate I(X;Y) in nats, with the delta method's 95 % interval.

        Parameters
        ----------
        x, y : array_like, shape (n,) or (n, ...)
        rng : seed or generator
            Not used: the estimate is deterministic.

        Raises
        ------
        InputError
            For data no estimator could use, or too few samples.
        Unsupported
            For data without a density: discrete, repeated, or on a subspace.
        """
        x, y = as_matrices(x, y, min_samples=max(self.k + 2, 8))
        reject_discrete(x, y, self._name)
        reject_repeats(x, y, self._name)
        joint = np.hstack([x, y])
        sides = (x, "x"), (y, "y"), (joint, "(x, y)")
        terms = [self._terms(values, label) for values, label in sides]
        local = terms[0] + terms[1] - terms[2]
        mi, std_error = float(local.mean()), float(local.std(ddof=1) / np.sqrt(len(x)))
        interval = (mi - 1.959964 * std_error, mi + 1.959964 * std_error)
        return Estimate(mi, std_error, interval, diagnostics={"k": float(self.k)})

    def _terms(self, values: NDArray[np.float64], label: str) -> NDArray[np.float64]:
        """Minus the weighted log-density at each row, in nats: their mean is the entropy."""
        n, d = values.shape
        white, log_det = whiten(values, label, self._name)
        weights = self._weights(d, n)
        j = np.arange(1, len(weights) + 1)
        distances = nearest_distances(white, len(weights))
        log_volume = d / 2 * np.log(np.pi) - gammaln(d / 2 + 1)
        return (np.log(distances) * d - digamma(j) + log_volume + np.log(n - 1)) @ weights + log_det


@dataclass(frozen=True)
class WKL(KL):
    """The weighted Kozachenko-Leonenko estimator of Berrett, Samworth and Yuan (2019).

    Parameters
    ----------
    k : int
        Neighbours that share the weight.
    """

    k: int = 20

    def _weights(self, dim: int, n: int) -> NDArray[np.float64]:
        return entropy_weights(dim, self.k)


def whiten(values: NDArray[np.float64], label: str, method: str) -> tuple[NDArray[np.float64], float]:
    """Centre and multiply by Cov^{-1/2}; also return half the log-determinant of Cov.

    Raises
    ------
    Unsupported
        If the covariance is singular to working precision: there is no density in these coordinates.
    """
    n, d = values.shape
    advice = "there is no density to estimate: compress first, with pca+ or ae+"
    if n <= d:
        raise Unsupported(f"{method} needs more samples than dimensions, and {label} has {n} samples of {d} dimensions")
    centred = values - values.mean(0)
    spread = centred.std(0, ddof=1)
    if not (spread > 0).all():
        raise Unsupported(f"{method}: {int((spread == 0).sum())} of {d} columns of {label} are constant; {advice}")
    centred /= spread
    eigenvalues, axes = np.linalg.eigh(centred.T @ centred / (n - 1))
    if eigenvalues[0] < _SINGULAR * eigenvalues[-1]:
        rank = int((eigenvalues >= _SINGULAR * eigenvalues[-1]).sum())
        raise Unsupported(f"{method}: the covariance of {label} is singular (rank {rank} of {d}); {advice}")
    log_det = float(0.5 * np.log(eigenvalues).sum() + np.log(spread).sum())
    return centred @ axes / np.sqrt(eigenvalues), log_det
