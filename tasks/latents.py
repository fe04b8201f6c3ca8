# SPDX-License-Identifier: Apache-2.0
"""Jointly normal latents of a requested mutual information, and the checks that every task's parameters pass."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError
from mibench.numerics.checks import as_generator, check_count

if TYPE_CHECKING:
    pass

__all__ = ["CanonicalPair", "as_generator", "check_count", "check_mi", "haar_rotation"]

Spread = Literal["equal", "one"]

# Beyond this many nats in one pair of coordinates the part of y that x does not determine (exp(-nats) of it) comes near
# the rounding of the numbers, and the sample would no longer have the information that the truth states.
MOST_NATS_PER_PAIR = 12.0


def check_mi(value: Any, pairs: int | None = None) -> float:
    """`value` as nats of mutual information that `pairs` coordinate pairs can carry in floating point.

    Raises
    ------
    InputError
        For a value that is no finite number, is negative, or is more than the pairs can carry.
    """
    number = math.nan if isinstance(value, bool) or not isinstance(value, Real) else float(value)
    if not math.isfinite(number) or number < 0:
        raise InputError(f"mi is {value!r}: give the mutual information in nats, a finite number of at least 0")
    if pairs is not None and number > MOST_NATS_PER_PAIR * pairs:
        raise InputError(
            f"mi is {value!r} nats over {pairs} correlated pair(s): floating point can carry {MOST_NATS_PER_PAIR:g} "
            "nats in a pair; ask for less, or spread it over more dimensions"
        )
    return number


@lru_cache(maxsize=64)
def haar_rotation(dim: int, *seed: int) -> NDArray[np.float64]:
    """A random orthogonal matrix, shape (dim, dim), from the Haar measure; the same for the same seed. Read only."""
    q, r = np.linalg.qr(np.random.default_rng(seed).standard_normal((dim, dim)))
    q *= np.copysign(1.0, np.diagonal(r))  # without the signs Q is not Haar: Mezzadri, Notices AMS 54 (2007) 592
    q.setflags(write=False)
    return q


@dataclass(frozen=True)
class CanonicalPair:
    """Standard normal vectors xi and eta whose canonical correlations carry `mi` nats, each side then rotated.

    Attributes
    ----------
    mi : float
        I(xi; eta) in nats.
    dim_x, dim_y : int
        Dimensions of xi and of eta; ``min(dim_x, dim_y)`` pairs can be correlated.
    spread : {"equal", "one"}
        All pairs carry the same share, ``rho = sqrt(1 - exp(-2 mi / pairs))``, or the first carries everything.
    rotate : bool
        Rotate xi and eta by independent orthogonal matrices, fixed by `rotation_seed`: they are part of the
        distribution and not drawn anew for a sample.
    rotation_seed : int
        Seed of the rotations.
    """

    mi: float
    dim_x: int
    dim_y: int
    spread: Spread = "equal"
    rotate: bool = True
    rotation_seed: int = 0

    @property
    def correlated(self) -> int:
        """Number of correlated pairs."""
        return min(self.dim_x, self.dim_y) if self.spread == "equal" else 1

    @property
    def rotations(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Orthogonal matrices Q_x and Q_y: rows of samples are multiplied from the right."""
        if not self.rotate:
            return np.eye(self.dim_x), np.eye(self.dim_y)
        return haar_rotation(self.dim_x, self.rotation_seed, 0), haar_rotation(self.dim_y, self.rotation_seed, 1)

    @property
    def covariance(self) -> NDArray[np.float64]:
        """Covariance of (xi, eta), shape (dim_x + dim_y, dim_x + dim_y)."""
        cross = np.zeros((self.dim_x, self.dim_y))
        pairs = np.arange(self.correlated)
        cross[pairs, pairs] = math.sqrt(-math.expm1(-2 * self.mi / self.correlated))
        q_x, q_y = self.rotations
        cross = q_x.T @ cross @ q_y
        return np.block([[np.eye(self.dim_x), cross], [cross.T, np.eye(self.dim_y)]])

    def sample(self, n: int, rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Draw `n` independent rows: xi of shape (n, dim_x) and eta of shape (n, dim_y)."""
        normal = rng.standard_normal((n, self.dim_x + self.dim_y))
        xi, eta = normal[:, : self.dim_x], normal[:, self.dim_x :]
        rest = math.exp(-self.mi / self.correlated)  # sqrt(1 - rho^2), without cancellation
        k = self.correlated
        eta[:, :k] *= rest
        eta[:, :k] += math.sqrt(-math.expm1(-2 * self.mi / k)) * xi[:, :k]
        q_x, q_y = self.rotations
        return xi @ q_x, eta @ q_y
