# SPDX-License-Identifier: Apache-2.0
"""Images that are an injective picture of normal latents, so that I(images) = I(latents) (``docs/theory.md``).

latents xi -> ``parameters`` -> ``render`` -> image, and back by ``decode``: the certificate that nothing is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mibench.contracts import InputError, Sample
from mibench.tasks.images.square import SquareImages
from mibench.tasks.latents import CanonicalPair, as_generator, check_count, check_mi

if TYPE_CHECKING:
    from mibench.contracts import RandomLike

__all__ = ["LatentImages"]


@dataclass(frozen=True)
class LatentImages(SquareImages):
    """Pairs of images, each drawn from a few normal latents; a family says how (Butakov et al., ICLR 2024, Sec. 5).

    The latents xi and eta are standard normal, carry the information in equal shares on `latent_dim` correlated
    pairs, ``rho = sqrt(1 - exp(-2 mi / latent_dim))``, and are rotated by independent Haar rotations.

    Parameters
    ----------
    size : int
        Pixels along each axis.
    mi : float
        I(X;Y) in nats.
    rotation_seed : int
        Fixes the rotations of the latents: the task is one distribution, the same for every sample.

    Raises
    ------
    InputError
        For a parameter out of range.
    """

    size: int = 16
    mi: float = 3.0
    rotation_seed: int = 0

    version: ClassVar[int] = 1
    tags: ClassVar[frozenset[str]] = frozenset({"images"})
    latent_dim: ClassVar[int]
    least_size: ClassVar[int]

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", check_count("size", self.size, self.least_size))
        object.__setattr__(self, "mi", check_mi(self.mi, self.latent_dim))
        object.__setattr__(self, "rotation_seed", check_count("rotation_seed", self.rotation_seed, 0))

    def parameters(self, latents: Any) -> NDArray[np.float64]:
        """What is drawn, from latents of shape (n, latent_dim): an injective map."""
        raise NotImplementedError

    def render(self, parameters: Any, dtype: DTypeLike = np.float32) -> NDArray[Any]:
        """Images, shape (n, size, size), of what `parameters` returned: an injective map."""
        raise NotImplementedError

    def decode(self, images: Any) -> NDArray[np.float64]:
        """The parameters of images, shape (n, size, size), of this task: the inverse of `render`."""
        raise NotImplementedError

    def sample(self, n: int, rng: RandomLike = None) -> Sample:
        """Draw `n` independent pairs: x and y of shape (n, size, size), float32.

        ``side`` holds the normal latents, ``latent_x`` and ``latent_y`` of shape (n, latent_dim).
        """
        latents = CanonicalPair(self.mi, self.latent_dim, self.latent_dim, rotation_seed=self.rotation_seed)
        xi, eta = latents.sample(check_count("n", n, 1), as_generator(rng))
        return Sample(
            self.render(self.parameters(xi)), self.render(self.parameters(eta)), {"latent_x": xi, "latent_y": eta}
        )

    def _columns(self, values: Any, what: str, width: int) -> NDArray[np.float64]:
        """`values` as float64 of shape (n, width)."""
        array = np.asarray(values, dtype=np.float64)
        if array.ndim != 2 or array.shape[1] != width or not np.isfinite(array).all():
            raise InputError(f"{what} have shape {array.shape}: {type(self).__name__} needs finite ones, (n, {width})")
        return array

    def _pixels(self, images: Any) -> NDArray[np.float64]:
        """`images` as float64 of shape (n, size, size)."""
        array = np.asarray(images, dtype=np.float64)
        if array.shape[1:] != (self.size, self.size) or not np.isfinite(array).all():
            raise InputError(
                f"images have shape {array.shape}: give finite ones of shape (n, {self.size}, {self.size})"
            )
        return array
