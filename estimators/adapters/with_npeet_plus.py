# SPDX-License-Identifier: Apache-2.0
"""npeet_plus: neighbours for continuous, mixed and discrete sides."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from mibench.contracts import Estimate, InputError, Unsupported
from mibench.estimators.adapters.answers import read
from mibench.estimators.adapters.asking import ask, check_flag, draw_seed, require
from mibench.estimators.adapters.data import check_kinds
from mibench.estimators.inputs import as_matrices
from mibench.numerics.checks import check_count

if TYPE_CHECKING:
    from mibench.contracts import RandomLike

__all__ = ["NPEETPlus"]


@dataclass(frozen=True)
class NPEETPlus:
    """npeet_plus: `mi`, or `micd` and `midd` where one or both sides are discrete; any dimensions.

    Parameters
    ----------
    k : int
        Neighbours; its default, 3.
    alpha : float
        Of its correction for local non-uniformity (Gao, Ver Steeg & Galstyan 2015); 0, its default, is without.
        Continuous sides only.
    discrete_x, discrete_y : bool
        Whether a side holds labels.

    Notes
    -----
    It answers in bits by default and is asked in nats. Kraskov et al. (2004), algorithm 1, on the data as they are,
    with uniform noise of 1e-10 from NumPy's global generator, which starts from `rng` here. Its `micd`
    returns the absolute value of the estimate (the diagnostic ``clips`` is 1).
    """

    k: int = 3
    alpha: float = 0.0
    discrete_x: bool = False
    discrete_y: bool = False

    version: ClassVar[int] = 1
    tags: ClassVar[frozenset[str]] = frozenset({"peer"})

    def __post_init__(self) -> None:
        check_count("npeet_plus: k", self.k, 1)
        check_flag(self.discrete_x, "discrete_x", "npeet_plus")
        check_flag(self.discrete_y, "discrete_y", "npeet_plus")
        if isinstance(self.alpha, bool) or not isinstance(self.alpha, (int, float)) or not 0 <= self.alpha < 1:
            raise InputError(f"npeet_plus: alpha is {self.alpha!r}; give a number from 0 (no correction) to below 1")
        if self.alpha and (self.discrete_x or self.discrete_y):
            raise InputError("npeet_plus: alpha corrects continuous sides only: leave it 0 beside a discrete one")

    def load_packages(self) -> None:
        """Import npeet_plus: a cost of the process, not of the estimate."""
        require("npeet_plus", "npeet_plus")

    def estimate(self, x: Any, y: Any, *, rng: RandomLike = None, side: Mapping[str, Any] | None = None) -> Estimate:
        """Estimate I(X;Y) in nats.

        Parameters
        ----------
        x, y : array_like, shape (n,) or (n, ...)
        rng : seed or generator

        Raises
        ------
        InputError
            For data no estimator could use, or too few samples.
        Unsupported
            For a side of another kind than declared, or a correction by fewer neighbours than dimensions.
        NotInstalled
            Without npeet_plus.
        """
        x, y = as_matrices(x, y, min_samples=self.k + 2)
        check_kinds(x, y, self.discrete_x, self.discrete_y, "npeet_plus")
        dimensions = x.shape[1] + y.shape[1]
        if self.alpha and self.k < dimensions:
            raise Unsupported(
                f"npeet_plus: its correction (alpha = {self.alpha:g}) takes the volume of {self.k} neighbours, which "
                f"is 0 in {dimensions} dimensions: give k of at least {dimensions}, or alpha = 0"
            )
        peer = require("npeet_plus", "npeet_plus")
        if self.discrete_x and not self.discrete_y:  # `midc` of 0.2.0 ends in a TypeError; I(X;Y) = I(Y;X)
            x, y = y, x
        name = {0: "mi", 1: "micd", 2: "midd"}[self.discrete_x + self.discrete_y]
        settings: dict[str, float] = {"base": math.e}
        settings |= {"k": self.k} if name != "midd" else {}
        settings |= {"alpha": self.alpha} if name == "mi" else {}
        answer, warned = ask("npeet_plus", getattr(peer, name), x, y, seed=draw_seed(rng), **settings)
        clips = {"clips": 1.0} if name == "micd" else {}
        return read(answer, "npeet_plus", "nats", {**clips, "warnings": warned})
