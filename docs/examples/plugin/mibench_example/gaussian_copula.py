# SPDX-License-Identifier: Apache-2.0
"""Mutual information of the ranks, as if their copula were normal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import Estimate, InputError, Unsupported
from mibench.estimators.inputs import as_matrices, reject_discrete

__all__ = ["GaussianCopula"]


@dataclass(frozen=True)
class GaussianCopula:
    """Normal scores of every column, then the mutual information of a normal vector with their covariance.

    Increasing maps of single columns change nothing. For data whose copula is not normal it is the information of the
    normal copula nearest by, usually too little (Ince et al., Human Brain Mapping 38, 2017, 1541-1573).

    Parameters
    ----------
    correct : bool
        Subtract the bias that the determinants of a normal sample have (Misra, Singh, Demchuk 2005, eq. 2).
    """

    correct: bool = True

    version: ClassVar[int] = 1
    tags: ClassVar[frozenset[str]] = frozenset({"parametric", "rank"})

    def __post_init__(self) -> None:
        if not isinstance(self.correct, bool):
            raise InputError(f"gaussian-copula: correct is {self.correct!r}; give true or false")

    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Mapping[str, Any] | None = None) -> Estimate:
        """Estimate I(X;Y) in nats.

        Parameters
        ----------
        x, y : array_like, shape (n,) or (n, ...)
        rng, side
            Not used: the estimate is deterministic.

        Raises
        ------
        InputError
            For data no estimator could use.
        Unsupported
            For a side that looks discrete, no more samples than columns, or columns that determine each other.
        """
        x, y = as_matrices(x, y, min_samples=4)
        reject_discrete(x, y, "gaussian-copula")
        n, columns = len(x), x.shape[1] + y.shape[1]
        if n < columns + 2:
            raise Unsupported(
                f"gaussian-copula needs more samples than columns, at least {columns + 2} for {columns}, and was given "
                f"{n}; compress first, as in pca+gaussian-copula"
            )
        covariance = np.cov(np.hstack([_normal_scores(x), _normal_scores(y)]), rowvar=False)
        mi = 0.5 * (
            _log_det(covariance[: x.shape[1], : x.shape[1]])
            + _log_det(covariance[x.shape[1] :, x.shape[1] :])
            - _log_det(covariance)
        )
        bias = _bias(n, x.shape[1], y.shape[1]) if self.correct else 0.0
        return Estimate(mi - bias, diagnostics={"plug_in": mi, "bias": bias})


def _normal_scores(values: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.special import ndtri
    from scipy.stats import rankdata

    return np.asarray(ndtri((rankdata(values, axis=0) - 0.5) / len(values)))


def _log_det(covariance: NDArray[np.float64]) -> float:
    eigenvalues = np.linalg.eigvalsh(covariance)
    if not eigenvalues[0] > 1e-10 * eigenvalues[-1]:
        raise Unsupported(
            "gaussian-copula: the ranks of some columns determine each other, so that no finite information can be "
            "given; drop the columns that repeat others, or compress first, as in pca+gaussian-copula"
        )
    return float(np.log(eigenvalues).sum())


def _bias(n: int, dim_x: int, dim_y: int) -> float:
    """Expected excess of the plug-in for `n` normal samples, in nats."""
    from scipy.special import digamma

    def part(dim: int) -> float:
        return math.fsum(digamma((n - i) / 2) for i in range(1, dim + 1))

    return 0.5 * (part(dim_x) + part(dim_y) - part(dim_x + dim_y))
