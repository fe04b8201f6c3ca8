# SPDX-License-Identifier: Apache-2.0
"""A curved embedding in which the directions of large variance carry no information (Butakov et al., ICLR 2024)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from mibench.contracts import InputError, Sample, Truth
from mibench.tasks.latents import CanonicalPair, as_generator, check_count, check_mi

if TYPE_CHECKING:
    from mibench.contracts import RandomLike

__all__ = ["AntiPCA"]

DIM = 32


@dataclass(frozen=True)
class AntiPCA:
    """One informative uniform variable per side, hidden in 32 dimensions behind an uninformative one.

    X and Y are uniform on (-1, 1) with a Gaussian copula of `mi` nats; Z' and W' are uniform on (-1, 1), independent of
    everything. With ``a_k = X + k Z'``, coordinates 0 and 1 are a_0 = X and a_1, and coordinate k from 2 to 31 is
    ``max(a_k, 0.1 a_k k)``; likewise Y with W'. The variance of coordinate k grows like k^4 and is that of Z', so the
    leading principal components show Z' and not X. The map is injective: coordinates 0 and 1 give X and Z'.

    Parameters
    ----------
    mi : float
        I(X;Y) in nats, which the embedding keeps: ``I((X,Z');(Y,W')) = I(X;Y)``.

    Raises
    ------
    InputError
        For a parameter out of range.
    """

    mi: float = 2.0

    version: ClassVar[int] = 1
    tags: ClassVar[frozenset[str]] = frozenset({"embedding"})

    def __post_init__(self) -> None:
        object.__setattr__(self, "mi", check_mi(self.mi, 1))

    @property
    def truth(self) -> Truth:
        """The information of the copula, ``-ln(1 - rho^2) / 2``."""
        return Truth(self.mi)

    @property
    def dim_x(self) -> int:
        """Dimension of the embedding."""
        return DIM

    @property
    def dim_y(self) -> int:
        """Dimension of the embedding."""
        return DIM

    def sample(self, n: int, rng: RandomLike = None) -> Sample:
        """Draw `n` independent pairs: x and y of shape (n, 32), float64.

        ``side`` holds the uniform X and Y, ``latent_x`` and ``latent_y`` of shape (n, 1), without Z' and W'.
        """
        generator = as_generator(rng)
        normal = CanonicalPair(self.mi, 1, 1, rotate=False).sample(check_count("n", n, 1), generator)
        x, y = (erf(each / np.sqrt(2)) for each in normal)  # 2 Phi - 1
        z, w = generator.uniform(-1, 1, (2, n, 1))
        return Sample(self.embed(np.hstack([x, z])), self.embed(np.hstack([y, w])), {"latent_x": x, "latent_y": y})

    @staticmethod
    def embed(parameters: Any) -> NDArray[np.float64]:
        """The embedding, shape (n, 32), of (X, Z'), shape (n, 2)."""
        x, z = np.asarray(parameters, dtype=np.float64).T
        k = np.arange(DIM)
        a = x[:, None] + k * z[:, None]
        return np.asarray(np.where(k < 2, a, np.maximum(a, 0.1 * a * k)))

    @staticmethod
    def decode(embedded: Any) -> NDArray[np.float64]:
        """(X, Z'), shape (n, 2), of an embedding, shape (n, 32): the inverse of `embed`."""
        values = np.asarray(embedded, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] != DIM:
            raise InputError(f"embedded has shape {values.shape}: give (n, {DIM})")
        return np.stack([values[:, 0], values[:, 1] - values[:, 0]], axis=1)
