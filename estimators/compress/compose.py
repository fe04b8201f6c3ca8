# SPDX-License-Identifier: Apache-2.0
"""``compressor+estimator``: compress each side, then estimate on the codes."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mibench.contracts import Estimate, Estimator, Unsupported
from mibench.estimators.compress.cache import shared
from mibench.estimators.compress.contract import Compression, Compressor
from mibench.estimators.inputs import as_pair
from mibench.numerics.checks import as_generator
from mibench.numerics.gaussian_information import gaussian_mi

if TYPE_CHECKING:
    from mibench.contracts import RandomLike

__all__ = ["Compressed"]

_REACH = 3.290526731491926  # 99.95 % quantile of the normal distribution


@dataclass(frozen=True)
class Compressed:
    """Estimate I(X;Y) as I(f(X);g(Y)), f and g being the compressor's maps (Butakov et al., ICLR 2024).

    By the data-processing inequality I(f(X);g(Y)) <= I(X;Y), with equality when f and g lose nothing that the sides
    share (Theorems 1 and 2, Corollaries 3 and 4: see docs/theory.md). What a finite-sample estimator returns may still
    lie above or below.

    Parameters
    ----------
    compressor : Compressor
    estimator : Estimator
        Any estimator, another composite included.

    Notes
    -----
    Where the compressor bounds its loss (`pca` with a known noise level), `Estimate.bounds` is a 99.9 % enclosure of
    I(X;Y): the estimate, less the bias that the estimator shows on normal data of the codes' covariance and size where
    that widens it, 3.29 standard errors of both either way, and upward the loss bound. It is as good as this account of
    the estimator's own error.
    """

    compressor: Compressor
    estimator: Estimator

    @property
    def version(self) -> int:
        """Both parts' versions in one number."""
        return 1000 * self.compressor.version + self.estimator.version

    def estimate(self, x: Any, y: Any, *, rng: RandomLike = None, side: Mapping[str, Any] | None = None) -> Estimate:
        """Compress both sides and estimate, in nats; see `mibench.estimate` for the arguments."""
        x, y = (v.reshape(len(v), -1) if v.ndim == 1 else v for v in as_pair(x, y))
        for_codes, for_estimate, for_bias = as_generator(rng).spawn(3)
        started = time.perf_counter()
        codes, cost = shared(self.compressor, x, y, for_codes, side or {})
        seconds = time.perf_counter() - started
        inner = self.estimator.estimate(codes.x, codes.y, rng=for_estimate)
        diagnostics = {
            **inner.diagnostics,
            **codes.diagnostics,
            "compress_seconds": cost.get("shared_seconds", seconds),
            **cost,
        }
        if codes.loss_bound is None:  # what bounds the information of the codes bounds that of the data from below only
            return replace(inner, bounds=None, diagnostics=diagnostics)
        bias = self._bias_on_normal_data(codes, for_bias)
        # the estimate and the bias, which one sample of the same size tells, each err by the standard error
        reach = _REACH * math.sqrt(2) * (inner.std_error or 0.0)
        bounds = (inner.mi - max(bias, 0.0) - reach, inner.mi - min(bias, 0.0) + reach + codes.loss_bound)
        return replace(inner, bounds=bounds, diagnostics={**diagnostics, "estimator_bias_on_normal": bias})

    def _bias_on_normal_data(self, codes: Compression, rng: np.random.Generator) -> float:
        """Error of the estimator on normal pairs with the covariance and the number of the codes, in nats."""
        dim = codes.x.shape[1]
        cov = np.cov(np.hstack([codes.x, codes.y]), rowvar=False)
        try:
            root = np.linalg.cholesky(cov)
        except np.linalg.LinAlgError:
            raise Unsupported(
                "the codes of x and y determine each other, so that no normal data are like them and no bounds can be "
                "given; leave noise_std out of side to estimate without bounds"
            ) from None
        pairs = rng.standard_normal((len(codes.x), len(cov))) @ root.T
        return float(self.estimator.estimate(pairs[:, :dim], pairs[:, dim:], rng=rng).mi - gaussian_mi(cov, dim))
