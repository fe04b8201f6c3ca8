# SPDX-License-Identifier: Apache-2.0
"""scikit-learn's mutual information of one feature and one target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from mibench.contracts import Estimate
from mibench.estimators.adapters.answers import PeerError, read
from mibench.estimators.adapters.asking import ask, check_flag, draw_seed, require
from mibench.estimators.adapters.data import as_columns, as_labels, check_kinds
from mibench.numerics.checks import check_count

if TYPE_CHECKING:
    from mibench.contracts import RandomLike

__all__ = ["ScikitLearn"]


@dataclass(frozen=True)
class ScikitLearn:
    """scikit-learn: `mutual_info_regression`, or `mutual_info_classif` where y is discrete; one number a side.

    Parameters
    ----------
    n_neighbors : int
        Its default, 3.
    discrete_x, discrete_y : bool
        Whether a side holds labels: of x its `discrete_features`, of y the choice of the function.

    Notes
    -----
    Kraskov et al. (2004), algorithm 1, for two continuous sides; Ross (2014) for one; the plug-in for none. It
    replaces a negative estimate by 0 (the diagnostic ``clips`` is 1): where the information is near 0 it looks better
    than the method is. Both sides are scaled to unit variance and get noise of 1e-10, seeded from `rng`.
    """

    n_neighbors: int = 3
    discrete_x: bool = False
    discrete_y: bool = False

    version: ClassVar[int] = 1
    tags: ClassVar[frozenset[str]] = frozenset({"peer"})

    def __post_init__(self) -> None:
        check_count("sklearn: n_neighbors", self.n_neighbors, 1)
        check_flag(self.discrete_x, "discrete_x", "sklearn")
        check_flag(self.discrete_y, "discrete_y", "sklearn")

    def load_packages(self) -> None:
        """Import scikit-learn: a cost of the process, not of the estimate."""
        require("sklearn.feature_selection", "scikit-learn")

    def estimate(self, x: Any, y: Any, *, rng: RandomLike = None, side: Mapping[str, Any] | None = None) -> Estimate:
        """Estimate I(X;Y) in nats.

        Parameters
        ----------
        x, y : array_like, shape (n,) or (n, 1)
        rng : seed or generator

        Raises
        ------
        InputError
            For data no estimator could use, or too few samples.
        Unsupported
            For a side of more than one number per sample, or of another kind than declared.
        """
        x, y = as_columns(x, y, "sklearn", min_samples=self.n_neighbors + 2)
        check_kinds(x, y, self.discrete_x, self.discrete_y, "sklearn")
        peer = require("sklearn.feature_selection", "scikit-learn")
        seed = draw_seed(rng)
        answer, warned = ask(
            "scikit-learn",
            peer.mutual_info_classif if self.discrete_y else peer.mutual_info_regression,
            (as_labels(x) if self.discrete_x else x).reshape(-1, 1),
            as_labels(y) if self.discrete_y else y,
            discrete_features=self.discrete_x,
            n_neighbors=self.n_neighbors,
            random_state=seed,
            seed=seed,
        )
        if getattr(answer, "shape", None) != (1,):
            raise PeerError(f"sklearn returned {answer!r}, not one number for the one feature it was given")
        return read(answer[0], "sklearn", "nats", {"clips": 1.0, "warnings": warned})
