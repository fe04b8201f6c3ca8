# SPDX-License-Identifier: Apache-2.0
"""Jointly normal vectors: the family every other latent is made from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError, Sample, Truth
from mibench.numerics.gaussian_information import gaussian_mi
from mibench.tasks.latents import CanonicalPair, Spread, as_generator, check_count, check_mi

if TYPE_CHECKING:
    from mibench.contracts import RandomLike

__all__ = ["CovarianceGaussian", "Gaussian"]


@dataclass(frozen=True)
class Gaussian:
    """Jointly normal vectors with standard normal marginals, from the total information and the dimensions.

    Parameters
    ----------
    mi : float
        I(X;Y) in nats.
    dim_x, dim_y : int
        Dimensions; `dim_y` is `dim_x` unless given.
    spread : {"equal", "one"}
        The information lies in equal shares on all ``min(dim_x, dim_y)`` canonical pairs, or all of it on one.
    rotate : bool
        Rotate each side by a Haar orthogonal matrix, so that no coordinate is special.
    rotation_seed : int
        Fixes the rotations: the task is one distribution, the same for every sample.

    Raises
    ------
    InputError
        For a parameter out of range.
    """

    mi: float = 2.0
    dim_x: int = 1
    dim_y: int = None  # type: ignore[assignment]  # becomes dim_x
    spread: Spread = "equal"
    rotate: bool = True
    rotation_seed: int = 0

    version: ClassVar[int] = 1
    tags: ClassVar[frozenset[str]] = frozenset({"gaussian"})

    def __post_init__(self) -> None:
        dim_y = self.dim_x if self.dim_y is None else self.dim_y
        if self.spread not in ("equal", "one"):
            raise InputError(f"spread is {self.spread!r}: give 'equal' (all pairs) or 'one' (a single pair)")
        if not isinstance(self.rotate, bool):
            raise InputError(f"rotate is {self.rotate!r}: give true or false")
        object.__setattr__(self, "dim_x", check_count("dim_x", self.dim_x, 1))
        object.__setattr__(self, "dim_y", check_count("dim_y", dim_y, 1))
        object.__setattr__(self, "rotation_seed", check_count("rotation_seed", self.rotation_seed, 0))
        pairs = min(self.dim_x, self.dim_y) if self.spread == "equal" else 1
        object.__setattr__(self, "mi", check_mi(self.mi, pairs))

    @staticmethod
    def from_covariance(covariance: Any, dim_x: int) -> CovarianceGaussian:
        """The task of a normal vector (X, Y) with this covariance; see `CovarianceGaussian`."""
        rows = np.asarray(covariance, dtype=np.float64)
        gaussian_mi(rows, dim_x)  # refuses what is no covariance, before the tuple hides its shape
        return CovarianceGaussian(tuple(tuple(float(v) for v in row) for row in rows), int(dim_x))

    @property
    def _latents(self) -> CanonicalPair:
        return CanonicalPair(self.mi, self.dim_x, self.dim_y, self.spread, self.rotate, self.rotation_seed)

    @property
    def covariance(self) -> NDArray[np.float64]:
        """Covariance of (X, Y), shape (dim_x + dim_y, dim_x + dim_y)."""
        return self._latents.covariance

    @property
    def truth(self) -> Truth:
        """The information asked for: the sum of ``-ln(1 - rho^2) / 2`` over the canonical pairs."""
        return Truth(self.mi)

    def sample(self, n: int, rng: RandomLike = None) -> Sample:
        """Draw `n` independent pairs: x of shape (n, dim_x), y of shape (n, dim_y), float64.

        The latents in ``side`` are the vectors themselves.
        """
        x, y = self._latents.sample(check_count("n", n, 1), as_generator(rng))
        return Sample(x, y, {"latent_x": x, "latent_y": y})


@dataclass(frozen=True)
class CovarianceGaussian:
    """A normal vector (X, Y) of mean 0 and any covariance; build it with `Gaussian.from_covariance`.

    Parameters
    ----------
    covariance : tuple of tuples of float
        Symmetric positive definite, X first.
    dim_x : int
        How many coordinates are X.

    Raises
    ------
    InputError
        If `covariance` is not symmetric positive definite or `dim_x` leaves a side empty.
    """

    covariance: tuple[tuple[float, ...], ...]
    dim_x: int

    version: ClassVar[int] = 1
    tags: ClassVar[frozenset[str]] = frozenset({"gaussian"})

    def __post_init__(self) -> None:
        _ = self.truth  # refuses what is no covariance

    @property
    def dim_y(self) -> int:
        """Dimension of Y."""
        return len(self.covariance) - self.dim_x

    @cached_property
    def truth(self) -> Truth:
        """Half of ``ln|Cov X| + ln|Cov Y| - ln|Cov (X,Y)|``."""
        return Truth(gaussian_mi(self.covariance, check_count("dim_x", self.dim_x, 1)))

    def sample(self, n: int, rng: RandomLike = None) -> Sample:
        """Draw `n` independent pairs: x of shape (n, dim_x), y of shape (n, dim_y), float64."""
        normal = as_generator(rng).standard_normal((check_count("n", n, 1), len(self.covariance)))
        joint = normal @ np.linalg.cholesky(np.array(self.covariance)).T
        x, y = joint[:, : self.dim_x].copy(), joint[:, self.dim_x :].copy()
        return Sample(x, y, {"latent_x": x, "latent_y": y})
