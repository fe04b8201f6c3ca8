# SPDX-License-Identifier: Apache-2.0
"""``compressor+estimator``: compress each side, then estimate on the codes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import Estimate, Estimator
from mibench.estimators.compress.cache import shared
from mibench.estimators.inputs import as_generator, as_pair
from mibench.numerics.gaussian_information import gaussian_mi

if TYPE_CHECKING:
    from mibench.contracts import RandomLike

__all__ = ["Codes", "Compressed", "Compressor"]


@dataclass(frozen=True)
class Codes:
    """What a compressor made of a sample.

    Attributes
    ----------
    x, y : array, shape (n, d)
        The codes of each side.
    loss_bound : float or None
        Most information, in nats, that the compression of both sides can have lost, where that is known.
    diagnostics : mapping of str to float
        Kept dimensions, reconstruction error, ...
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    loss_bound: float | None = None
    diagnostics: Mapping[str, float] = field(default_factory=dict)


class Compressor(Protocol):
    """Maps each side of a sample to few dimensions. A frozen dataclass of hyper-parameters."""

    version: ClassVar[int]
    shared: ClassVar[bool]  # worth storing, so that every estimator on the sample uses one compression

    def compress(
        self, x: NDArray[Any], y: NDArray[Any], *, rng: np.random.Generator, side: Mapping[str, Any]
    ) -> Codes: ...


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
    Where the compressor bounds its loss (`pca` with a known noise level), `Estimate.bounds` encloses I(X;Y) from the
    estimator's interval, widened by the bias that the estimator shows on normal data of the codes' covariance and
    size, to that plus the loss bound. The enclosure is as good as this account of the estimator's own error.
    """

    compressor: Compressor
    estimator: Estimator

    @property
    def version(self) -> int:
        """Both parts' versions in one number."""
        return 1000 * self.compressor.version + self.estimator.version

    def estimate(self, x: Any, y: Any, *, rng: RandomLike = None, side: Mapping[str, Any] | None = None) -> Estimate:
        """Compress both sides and estimate, in nats; see `mibench.estimate` for the arguments."""
        x, y = as_pair(x, y, min_samples=2)
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
        result = replace(inner, diagnostics=diagnostics)
        if codes.loss_bound is None:
            return result
        low, high = inner.interval or (inner.mi, inner.mi)
        bias = self._bias_on_normal_data(codes, for_bias)
        bounds = (low - max(bias, 0.0), high - min(bias, 0.0) + codes.loss_bound)
        return replace(result, bounds=bounds, diagnostics={**diagnostics, "estimator_bias_on_normal": bias})

    def _bias_on_normal_data(self, codes: Codes, rng: np.random.Generator) -> float:
        """Error of the estimator on normal pairs with the covariance and the number of the codes, in nats."""
        dim = codes.x.shape[1]
        cov = np.cov(np.hstack([codes.x, codes.y]), rowvar=False)
        pairs = rng.standard_normal((len(codes.x), len(cov))) @ np.linalg.cholesky(cov).T
        return float(self.estimator.estimate(pairs[:, :dim], pairs[:, dim:], rng=rng).mi - gaussian_mi(cov, dim))
