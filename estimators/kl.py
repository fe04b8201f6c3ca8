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
from mibench.estimators.intervals import normal_interval
from mibench.estimators.weights import entropy_weights
from mibench.numerics.neighbours import nearest_distances

if TYPE_CHECKING:
    from mibench.contracts import RandomLike

__all__ = ["KL", "WKL", "whiten"]

_SINGULAR = 1e-12  # smallest eigenvalue of a correlation matrix, relative to the largest
_COINCIDENCES = 0.01  # share of equal values that rounding to float32 may explain


@dataclass(frozen=True)
class KL:
    """Kozachenko and Leonenko's (1987) entropies with the k-th neighbour, Euclidean norm, after whitening.

    Each of x, y and (x, y) is multiplied by the inverse root of its covariance, and half the log-determinant added
    back: no invertible affine map of a side changes the estimate.

    Parameters
    ----------
    k : int
        The neighbour whose distance measures the density.

    Notes
    -----
    The interval is the delta method's: the spread of log f(x, y) - log f(x) - log f(y) over the sample, each density as
    estimated. It covers sampling error; the bias, which grows with dimension, is not in it.
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
        weights = np.zeros(self.k)
        weights[-1] = 1.0
        return weights

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
            For data without a density in these coordinates: discrete, repeated, or on a subspace or a curved sheet.
        """
        x, y = as_matrices(x, y, min_samples=max(self.k + 2, 8))
        reject_discrete(x, y, self._name)
        reject_repeats(x, y, self._name)
        entropy_x, size_x = self._entropy(x, "x")
        entropy_y, size_y = self._entropy(y, "y")
        entropy_xy, size_xy = self._entropy(np.hstack([x, y]), "(x, y)")
        local = entropy_x + entropy_y - entropy_xy
        mi, std_error = float(local.mean()), float(local.std(ddof=1) / np.sqrt(len(x)))
        diagnostics = {"k": float(self.k), "weights_x": size_x, "weights_y": size_y, "weights_joint": size_xy}
        return Estimate(mi, std_error, normal_interval(mi, std_error), diagnostics=diagnostics)

    def _entropy(self, values: NDArray[np.float64], label: str) -> tuple[NDArray[np.float64], float]:
        """Minus the weighted log-density at each row, in nats, whose mean is the entropy; and the sum of |weights|."""
        n, d = values.shape
        white, log_det = whiten(values, label, self._name)
        weights = self._weights(d, n)
        distances = nearest_distances(white, len(weights))
        distances = self._without_repeats(distances, label)
        if label != "(x, y)":
            self._reject_sheet(distances, d, label)
        j = np.arange(1, len(weights) + 1)
        log_ball = d / 2 * np.log(np.pi) - gammaln(d / 2 + 1)
        terms = d * np.log(distances) - digamma(j)
        return terms @ weights + log_ball + np.log(n - 1) + log_det, float(np.abs(weights).sum())

    def _without_repeats(self, distances: NDArray[np.float64], label: str) -> NDArray[np.float64]:
        """Refuse repeated values; the odd coincidence of rounding counts as lying at the next distance."""
        zero = distances == 0
        repeats, n = int(zero[:, 0].sum()), len(distances)
        if repeats > n * _COINCIDENCES or zero[:, -1].any():
            raise Unsupported(
                f"{self._name} takes logarithms of neighbour distances, and {repeats} of {n} samples of {label} equal "
                "others: part of it is discrete; use ksg, or binning"
            )
        if repeats:
            following = np.where(zero, np.inf, distances).min(axis=1, keepdims=True)
            distances = np.where(zero, following, distances)
        return distances

    def _reject_sheet(self, distances: NDArray[np.float64], d: int, label: str) -> None:
        """Refuse data on a curved sheet, by the maximum-likelihood dimension of Levina & Bickel (2004)."""
        if d < 3 or distances.shape[1] < 2:
            return
        growth = np.log(distances[:, -1:] / distances[:, :-1])
        found = 1 / growth.mean()
        if found < d / 3:
            raise Unsupported(
                f"{self._name}: {label} has {d} dimensions but its neighbours spread as in {found:.1f}, on a curved "
                "sheet without a density; compress first, with pca+ or ae+"
            )


@dataclass(frozen=True)
class WKL(KL):
    """The weighted Kozachenko-Leonenko estimator of Berrett, Samworth and Yuan (2019), whitened, Euclidean norm.

    Parameters
    ----------
    k : int
        Neighbours that share the weight, as `mibench.estimators.weights` says; an entropy in d dimensions takes at most
        5 d of them, since there is little bias to balance in low dimension.

    Notes
    -----
    Each entropy is a weighted mean of the Kozachenko-Leonenko entropies of neighbours 1..k, with weights that balance
    their leading bias terms against the variance. Affine maps of a side change nothing, and the interval is the delta
    method's, both as in `KL`.
    """

    k: int = 30

    def _weights(self, dim: int, n: int) -> NDArray[np.float64]:
        return entropy_weights(dim, n, min(self.k, 5 * dim))


def whiten(values: NDArray[np.float64], label: str, method: str) -> tuple[NDArray[np.float64], float]:
    """Centre and multiply by the inverse root of the covariance; also half the covariance's log-determinant.

    Raises
    ------
    Unsupported
        If the covariance is singular to working precision: there is no density in these coordinates.
    """
    n, d = values.shape
    advice = "there is no density to estimate; compress first, with pca+ or ae+"
    if n <= d:
        raise Unsupported(f"{method}: {label} has {d} dimensions and only {n} samples, so {advice}")
    centred = values - values.mean(axis=0)
    spread = centred.std(axis=0, ddof=1)
    if not (spread > 0).all():
        raise Unsupported(f"{method}: {int((spread == 0).sum())} of {d} columns of {label} are constant, so {advice}")
    centred /= spread
    eigenvalues, axes = np.linalg.eigh(centred.T @ centred / (n - 1))
    rank = int((eigenvalues > _SINGULAR * eigenvalues[-1]).sum())
    if rank < d:
        raise Unsupported(f"{method}: the covariance of {label} is singular (rank {rank} of {d}), so {advice}")
    log_det = float(0.5 * np.log(eigenvalues).sum() + np.log(spread).sum())
    return centred @ axes / np.sqrt(eigenvalues), log_det
