# SPDX-License-Identifier: Apache-2.0
"""Mutual information of jointly normal data, from the log-determinants of its sample covariance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from scipy import linalg
from scipy.special import digamma, polygamma

from mibench.contracts import Estimate
from mibench.estimators.elliptic import elliptic
from mibench.estimators.intervals import normal_interval

if TYPE_CHECKING:
    from mibench.contracts import RandomLike

__all__ = ["Gaussian"]


@dataclass(frozen=True)
class Gaussian:
    """The normal plug-in, exactly unbiased when (x, y) is jointly normal.

    With S the sample covariance, the plug-in is ``(ln|S_x| + ln|S_y| - ln|S_xy|) / 2``. For normal data |S| is a
    product of independent chi-squared variables, so ``E ln|S| = ln|Sigma| + sum_{i<=d} psi((n - i) / 2) + const``
    (Goodman 1963; Misra, Singh, Demchuk 2005, eq. 2) and the bias is known without knowing Sigma: it is subtracted.

    For other data the value is the mutual information of the normal vector with the same covariance, which is
    neither an upper nor a lower bound of I(X;Y) in general.

    Notes
    -----
    `std_error`: the influence function of the functional is the pointwise mutual information, a quadratic form whose
    variance is the sum of the squared canonical correlations, hence ``sum rho_i^2 / n``. Where x and y are independent
    that vanishes and the variance is exactly the trigamma sum of Wilks' lambda; the two terms are added. The 95 %
    interval is ``mi -+ 1.96 std_error``. In simulations it covers 93 to 95 %; more where x and y are independent, and
    down to 87 % where n I(X;Y) is of order 4, because the estimate is skewed there.
    """

    version: ClassVar[int] = 1

    def estimate(self, x: Any, y: Any, *, rng: RandomLike = None, side: Mapping[str, Any] | None = None) -> Estimate:
        """Estimate I(X;Y) in nats.

        Parameters
        ----------
        x, y : array_like, shape (n,) or (n, ...)
            Constant columns are left out.
        rng, side
            Not used: the estimate is deterministic.

        Raises
        ------
        InputError
            For data no estimator could use.
        Unsupported
            For no more samples than dimensions, or a singular covariance (noise-free images, y a function of x).
        """
        data = elliptic(x, y, "gaussian")
        n, dim_x, dim_y = len(data.x), data.x.shape[1], data.y.shape[1]
        bias = plug_in_bias(n, dim_x, dim_y)
        # canonical correlations are the singular values of Q_x^T Q_y = R_xy R_y^{-1}
        cross = linalg.solve_triangular(data.side_y.r, data.joint.r[:dim_x, dim_x:].T, trans="T", check_finite=False)
        pillai = float(np.square(cross).sum())
        mi, std_error = data.plug_in - bias, math.sqrt(sampling_variance(n, dim_x, dim_y, pillai))
        return Estimate(
            mi,
            std_error,
            normal_interval(mi, std_error),
            diagnostics={"plug_in": data.plug_in, "bias": bias, "squared_correlations": pillai},
        )


def plug_in_bias(n: int, dim_x: int, dim_y: int) -> float:
    """Expected excess of the plug-in over I(X;Y) for n jointly normal samples, in nats: free of the covariance."""
    return 0.5 * float(_digammas(n, dim_x) + _digammas(n, dim_y) - _digammas(n, dim_x + dim_y))


def sampling_variance(n: int, dim_x: int, dim_y: int, pillai: float) -> float:
    """Estimated variance of the estimate for normal data; `pillai` is the sum of squared sample canonical correlations.

    Sample correlations are too large by chance; the sum is lowered by its excess at independence, as in adjusted R^2.
    """
    adjusted = max(0.0, pillai - (dim_x - pillai) * (dim_y - pillai) / (n - 1))
    i = np.arange(1, dim_y + 1)
    independent = 0.25 * float((polygamma(1, (n - dim_x - i) / 2) - polygamma(1, (n - i) / 2)).sum())
    return adjusted / (n - 1) + independent


def _digammas(n: int, dim: int) -> float:
    return float(digamma((n - np.arange(1, dim + 1)) / 2).sum())
