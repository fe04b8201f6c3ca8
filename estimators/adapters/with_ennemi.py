# SPDX-License-Identifier: Apache-2.0
"""ennemi: mutual information of two columns."""

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

__all__ = ["Ennemi"]


@dataclass(frozen=True)
class Ennemi:
    """ennemi: `estimate_mi` of one number a side.

    Parameters
    ----------
    k : int
        Neighbours; its default, 3.
    discrete_x, discrete_y : bool
        Whether a side holds labels.
    preprocess : bool
        Its scaling to unit variance and noise of 1e-10, from a seed of its own.

    Notes
    -----
    Kraskov et al. (2004), algorithm 1; Ross (2014) for one discrete side; the plug-in for two. It takes y first, and
    the columns of its x for separate variables; here the order is ours and more than one column is refused.
    """

    k: int = 3
    discrete_x: bool = False
    discrete_y: bool = False
    preprocess: bool = True

    version: ClassVar[int] = 1
    tags: ClassVar[frozenset[str]] = frozenset({"peer"})

    def __post_init__(self) -> None:
        check_count("ennemi: k", self.k, 1)
        for name in ("discrete_x", "discrete_y", "preprocess"):
            check_flag(getattr(self, name), name, "ennemi")

    def load_packages(self) -> None:
        """Import ennemi: a cost of the process, not of the estimate."""
        require("ennemi", "ennemi")

    def estimate(self, x: Any, y: Any, *, rng: RandomLike = None, side: Mapping[str, Any] | None = None) -> Estimate:
        """Estimate I(X;Y) in nats.

        Parameters
        ----------
        x, y : array_like, shape (n,) or (n, 1)
        rng : seed or generator
            It has no use for one.

        Raises
        ------
        InputError
            For data no estimator could use, or too few samples.
        Unsupported
            For a side of more than one number per sample, or of another kind than declared.
        NotInstalled
            Without ennemi.
        """
        x, y = as_columns(x, y, "ennemi", min_samples=self.k + 2)
        check_kinds(x, y, self.discrete_x, self.discrete_y, "ennemi")
        peer = require("ennemi", "ennemi")
        answer, warned = ask(
            "ennemi",
            peer.estimate_mi,
            as_labels(y) if self.discrete_y else y,
            as_labels(x) if self.discrete_x else x,
            k=self.k,
            discrete_x=self.discrete_x,
            discrete_y=self.discrete_y,
            preprocess=self.preprocess,
            max_threads=1,
            seed=draw_seed(rng),
        )
        if getattr(answer, "shape", None) != (1, 1):
            raise PeerError(f"ennemi returned {answer!r}, not one number for one lag and one column")
        return read(answer[0, 0], "ennemi", "nats", {"warnings": warned})
