# SPDX-License-Identifier: Apache-2.0
"""Mutual information from nearest-neighbour counts (Kraskov, Stoegbauer & Grassberger 2004, PRE 69, 066138)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma

from mibench.contracts import Estimate, InputError, Unsupported
from mibench.estimators.inputs import as_pair, reject_discrete, reject_repeats
from mibench.estimators.intervals import t_interval
from mibench.estimators.subsampling import subsampled_error
from mibench.numerics.checks import as_generator
from mibench.numerics.neighbours import ksg_counts

if TYPE_CHECKING:
    from mibench.contracts import RandomLike

__all__ = ["KSG"]


_REPEATS = 0.05  # share of repeated pairs that shifts the estimate by less than its error
_ENOUGH = 50  # samples of which equal terms are no accident


@dataclass(frozen=True)
class KSG:
    """The estimator of Kraskov, Stoegbauer and Grassberger, equations (8) and (9), maximum norm.

    Parameters
    ----------
    k : int
        Neighbours; small k has less bias, large k less variance.
    algorithm : {1, 2}
        Equation (8), a cube in the joint space, or (9), a rectangle.
    scale : {"auto", "column", "side", "none"}
        What is brought to unit standard deviation first: each column, or a whole side at once. ``auto`` is ``column``
        for vectors and ``side`` for images, whose pixels share a unit (and whose darkest pixels are mostly rounding).
        The estimate is therefore free of the units of x and y.
    interval : bool
        Whether to spend a little more on a standard error and a 95 % interval, by disjoint subsets
        (Holmes & Nemenman 2019), or from the spread of the rows' own terms where that is larger. It covers sampling
        error, not bias.

    Notes
    -----
    Distances are compared strictly, as in the paper. Where several neighbours tie at the k-th distance (rounded data),
    the number of joint neighbours strictly inside it takes the place of k - 1; where that distance is 0 (repeated
    points), all three counts are of exact copies, the point included, as Gao et al. (2017) do for discrete points.
    Both depend neither on the order of the rows nor on chance.
    """

    k: int = 3
    algorithm: int = 1
    scale: Literal["auto", "column", "side", "none"] = "auto"
    interval: bool = True

    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if isinstance(self.k, bool) or not isinstance(self.k, int) or self.k < 1:
            raise InputError(f"ksg: k is {self.k!r}; give a whole number of neighbours, 1 or more")
        if self.algorithm not in (1, 2):
            raise InputError(f"ksg: algorithm is {self.algorithm!r}; give 1 or 2, as Kraskov et al. number them")
        if self.scale not in ("auto", "column", "side", "none"):
            raise InputError(f"ksg: scale is {self.scale!r}; give auto, column, side or none")
        if not isinstance(self.interval, bool):
            raise InputError(f"ksg: interval is {self.interval!r}; give true or false")

    def estimate(self, x: Any, y: Any, *, rng: RandomLike = None, side: Mapping[str, Any] | None = None) -> Estimate:
        """Estimate I(X;Y) in nats.

        Parameters
        ----------
        x, y : array_like, shape (n,) or (n, ...)
        rng : seed or generator
            Only the subsets behind `interval` depend on it.

        Raises
        ------
        InputError
            For data no estimator could use, or too few samples.
        Unsupported
            For a side that looks discrete, more than 5 % of repeated pairs, or sides that determine each other.
        """
        x, y = as_pair(x, y, min_samples=max(self.k + 2, 8))
        reject_discrete(x, y, "ksg")
        reject_repeats(x, y, "ksg", "takes a repeat for a neighbour", tolerated=_REPEATS)
        a, b = self._scaled(x), self._scaled(y)
        terms, radii = self._terms(a, b, None)
        if len(a) >= _ENOUGH and np.ptp(terms) == 0:
            raise Unsupported(
                "ksg: every neighbourhood is the same in x as in y, so one side determines the other and I(X;Y) is "
                "infinite; check that x and y are not the same column"
            )
        mi = float(terms.mean() + digamma(len(a)))
        diagnostics = {"k": float(self.k), "repeated": float((radii == 0).sum()), "radius": float(np.median(radii))}
        if not self.interval:
            return Estimate(mi, diagnostics=diagnostics)

        def on_subsets(order: NDArray[np.int64], offsets: NDArray[np.int64]) -> NDArray[np.float64]:
            sizes = np.diff(offsets)
            local = self._terms(a[order], b[order], offsets)[0]
            return np.asarray(np.add.reduceat(local, offsets[:-1]) / sizes + digamma(sizes))

        error = subsampled_error(on_subsets, len(a), max(20, 5 * self.k), as_generator(rng))
        if error is None:
            return Estimate(mi, diagnostics=diagnostics)
        spread, freedom, mean = error
        local = float(terms.std(ddof=1) / np.sqrt(len(a)))
        diagnostics |= {"subset_error": spread, "local_error": local, "subset_mean": mean}
        std_error = max(spread, local)
        return Estimate(mi, std_error, t_interval(mi, std_error, freedom), diagnostics=diagnostics)

    def _terms(
        self, x: NDArray[np.float64], y: NDArray[np.float64], offsets: NDArray[np.int64] | None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What each row adds: psi(k) - psi(n_x + 1) - psi(n_y + 1), or (9)'s psi(k) - 1/k - psi(n_x) - psi(n_y)."""
        counts, radii = ksg_counts(x, y, self.k, self.algorithm, offsets)
        table = digamma(np.arange(1, counts.max() + 1))
        terms = table[counts[:, 0] - 1] - table[counts[:, 1] - 1] - table[counts[:, 2] - 1]
        if self.algorithm == 2:
            terms -= np.where(radii > 0, 1 / counts[:, 0], 0.0)
        return terms, radii

    def _scaled(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Rows of shape (n, d), centred and scaled; columns that never change stay 0."""
        flat = values.reshape(len(values), -1).astype(np.float64)
        columns = self.scale == "column" or (self.scale == "auto" and values.ndim <= 2)
        flat -= flat.mean(axis=0)
        spread = np.sqrt(np.mean(flat**2, axis=0))
        if not columns:
            spread = np.full_like(spread, np.sqrt(np.mean(spread**2)) if self.scale != "none" else 1.0)
        return np.asarray(np.divide(flat, spread, out=flat, where=spread > 0))
