# SPDX-License-Identifier: Apache-2.0
"""Images of smooth random fields in white noise: jointly normal, so the information of the noisy image is exact."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from mibench.contracts import InputError, Sample
from mibench.numerics.gaussian_information import corollary4_bound, sharper_bound
from mibench.tasks.images.square import SquareImages
from mibench.tasks.latents import as_generator, check_count, check_mi, haar_rotation

if TYPE_CHECKING:
    from mibench.contracts import RandomLike

__all__ = ["Fields", "smooth_basis"]


@lru_cache(maxsize=16)
def smooth_basis(size: int, dim: int, side: int) -> NDArray[np.float64]:
    """Orthonormal smooth images, shape (dim, size * size), flattened. Read only.

    The `dim` lowest two-dimensional cosine modes (DCT-II), mixed by an orthogonal matrix fixed by `side`.
    """
    frequency = np.arange(size)
    cosines = np.cos(np.pi * frequency[:, None] * (np.arange(size) + 0.5) / size)
    cosines /= np.linalg.norm(cosines, axis=1, keepdims=True)
    fv, fu = np.divmod(np.arange(size * size), size)
    lowest = np.lexsort((fu, fu**2 + fv**2))[:dim]
    modes = cosines[fv[lowest], :, None] * cosines[fu[lowest], None, :]
    basis = haar_rotation(dim, 2024, side) @ modes.reshape(dim, size * size)
    basis.setflags(write=False)
    return np.asarray(basis)


@dataclass(frozen=True)
class Fields(SquareImages):
    """``X = A xi + s Z`` and ``Y = B eta + s W`` with white noise Z, W of known level: the ground of Corollary 4.

    A and B hold `dim` orthonormal smooth images (other ones on each side), scaled to variances that fall
    geometrically; the clean images have an average variance of 1 per pixel. The coordinates (xi_i, eta_i) are standard
    normal pairs of one correlation rho, solved for so that the **noisy** images carry `mi` nats: the projections on the
    basis are a sufficient statistic, hence with ``g_i = lambda_i / (lambda_i + s^2)``

        I(X;Y) = - sum_i ln(1 - rho^2 g_i^2) / 2 .

    The basis images are the principal components of the clean and of the noisy images alike.

    Parameters
    ----------
    size : int
        Pixels along each axis.
    mi : float
        I(X;Y) of the noisy images, in nats.
    dim : int
        Number of smooth images per side, at most ``size ** 2``.
    noise_std : float
        Standard deviation s of the noise in a pixel.
    decay : float
        ``lambda_{i+1} / lambda_i``, below 1. The defaults put 94 % of the information on the first five components
        of a 16 x 16 image at 3 nats, with several of the discarded ones below the noise.

    Raises
    ------
    InputError
        For a parameter out of range, or more information than the noise lets through.
    """

    size: int = 16
    mi: float = 3.0
    dim: int = 10
    noise_std: float = 0.2
    decay: float = 0.2

    version: ClassVar[int] = 1
    tags: ClassVar[frozenset[str]] = frozenset({"images"})

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", check_count("size", self.size, 2))
        object.__setattr__(self, "dim", check_count("dim", self.dim, 1))
        object.__setattr__(self, "mi", check_mi(self.mi))
        if self.dim > self.size**2:
            raise InputError(f"dim is {self.dim}: {self.size} x {self.size} pixels have at most {self.size**2}")
        for name, value, most in (("noise_std", self.noise_std, math.inf), ("decay", self.decay, 1.0)):
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < most:
                raise InputError(f"{name} is {value!r}: give a number above 0 and below {most}")
            object.__setattr__(self, name, float(value))
        if self.mi >= self.capacity:
            raise InputError(
                f"mi is {self.mi}: noise_std={self.noise_std:g} lets less than {self.capacity:.3f} nats of {self.dim} "
                f"components of {self.size} x {self.size} pixels through; ask for less, or lower noise_std"
            )

    @property
    def component_variances(self) -> NDArray[np.float64]:
        """Variances lambda_i of the clean components, shape (dim,), falling."""
        falling = self.decay ** np.arange(self.dim)
        return np.asarray(self.size**2 * falling / falling.sum())

    @property
    def eigenvalues(self) -> NDArray[np.float64]:
        """Eigenvalues of the covariance of a clean image, shape (size * size,), falling: `dim` are not 0."""
        return np.concatenate([self.component_variances, np.zeros(self.size**2 - self.dim)])

    @cached_property
    def capacity(self) -> float:
        """I(X;Y) of the noisy images if xi were eta: what the noise lets through, in nats."""
        return self._information(0.0, self.dim)

    @cached_property
    def correlation(self) -> float:
        """Correlation rho of xi_i and eta_i for which the noisy images carry `mi`."""
        return math.sqrt(1 - self._rest)

    @cached_property
    def _rest(self) -> float:
        """``1 - rho^2``: the root of a falling function on (0, 1]; solving for it keeps the digits near rho = 1."""
        if self.mi == 0:
            return 1.0
        return float(brentq(lambda rest: self._information(rest, self.dim) - self.mi, 0.0, 1.0, xtol=1e-300))

    def _information(self, rest: float, components: int) -> float:
        variances = self.component_variances[:components]
        noise = self.noise_std**2
        gain = variances / (variances + noise)
        # 1 - rho^2 g^2 = (1 - g)(1 + g) + (1 - rho^2) g^2, without cancellation
        return 0.0 - 0.5 * float(np.log(noise / (variances + noise) * (1 + gain) + rest * gain**2).sum())

    @property
    def covariance(self) -> NDArray[np.float64]:
        """Covariance of the stacked noisy images (X, Y), flattened: shape (2 size^2, 2 size^2)."""
        a, b = (smooth_basis(self.size, self.dim, side) for side in (0, 1))
        spectrum = self.component_variances[:, None]
        cross = self.correlation * a.T @ (spectrum * b)
        joint = np.block([[a.T @ (spectrum * a), cross], [cross.T, b.T @ (spectrum * b)]])
        return np.asarray(joint + self.noise_std**2 * np.eye(len(joint)))

    def projected_mi(self, kept: int) -> float:
        """Exact I(EX;FY) when each side keeps its first `kept` principal components, in nats."""
        return self._information(self._rest, min(check_count("kept", kept, 0), self.dim))

    def loss_bounds(self, kept: int) -> tuple[float, float]:
        """Bounds on what one side loses when it keeps `kept` principal components: Corollary 4, and its sharper sum.

        When both sides are projected, the loss is at most twice the bound.
        """
        bounds = (corollary4_bound, sharper_bound)
        corollary, sharper = (bound(self.eigenvalues, self.noise_std, kept) for bound in bounds)
        return corollary, sharper

    def project(self, images: Any, side: Literal["x", "y"]) -> NDArray[np.float64]:
        """Coordinates of images on the basis of one side, shape (n, dim): a sufficient statistic of the noisy image.

        The rest of the image is noise, independent of everything, so ``I(project(X); project(Y)) = I(X;Y)`` exactly.
        """
        if side not in ("x", "y"):
            raise InputError(f"side is {side!r}: give 'x' or 'y'")
        flat = np.asarray(images).reshape(len(images), -1)
        return np.asarray(flat @ smooth_basis(self.size, self.dim, "xy".index(side)).T)

    def sample(self, n: int, rng: RandomLike = None) -> Sample:
        """Draw `n` independent pairs: noisy x and y of shape (n, size, size), float32.

        ``side`` holds ``noise_std``, the noise-free ``clean_x`` and ``clean_y``, and as ``latent_x`` and ``latent_y``,
        of shape (n, dim), what `project` returns for the noisy images. (xi and eta themselves would carry more
        information than the noisy images do.)
        """
        n, generator = check_count("n", n, 1), as_generator(rng)
        xi, independent = generator.standard_normal((2, n, self.dim))
        eta = self.correlation * xi + math.sqrt(self._rest) * independent
        clean_x, clean_y = self._clean(xi, 0), self._clean(eta, 1)
        x, y = (self._noisy(clean, generator) for clean in (clean_x, clean_y))
        side = {"noise_std": self.noise_std, "clean_x": clean_x, "clean_y": clean_y}
        side |= {"latent_x": self.project(x, "x"), "latent_y": self.project(y, "y")}
        return Sample(x, y, side)

    def _clean(self, standard: NDArray[np.float64], side: int) -> NDArray[np.float32]:
        scaled = (standard * np.sqrt(self.component_variances)).astype(np.float32)
        basis = smooth_basis(self.size, self.dim, side).astype(np.float32)
        return (scaled @ basis).reshape(-1, self.size, self.size)

    def _noisy(self, clean: NDArray[np.float32], generator: np.random.Generator) -> NDArray[np.float32]:
        noisy = generator.standard_normal(clean.shape, dtype=np.float32)
        noisy *= np.float32(self.noise_std)
        noisy += clean
        return noisy
