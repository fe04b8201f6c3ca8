# SPDX-License-Identifier: Apache-2.0
"""Images of one anti-aliased rectangle (4 latents): the hard case. Butakov et al., ICLR 2024, Sec. 5."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy.special import ndtr

from mibench.contracts import InputError
from mibench.numerics import raster
from mibench.tasks.images.latent_images import LatentImages

__all__ = ["Rectangles"]

LEAST_SIDE = 2.0  # pixels


@dataclass(frozen=True)
class Rectangles(LatentImages):
    """One rectangle with sides of at least 2 pixels; a pixel's value is the area of it that is covered.

    With ``U = Phi(xi)`` and ``m = 2 / size``, the columns' edges are ``left = (1-m)(1 - sqrt(1-U1))`` and
    ``right = left + m + U2 (1 - left - m)``, times `size`; xi3 and xi4 give the rows' edges likewise. The pairs of
    edges are uniform over those that the least side allows.

    Injective for any size from 3: a side of 2 pixels covers at least one whole pixel of its axis, so the brightest row
    is the exact profile of the columns, and the pixels next to the fully covered ones tell the edges. The edges tell
    the latents because ``1-U1 > 0``. Both edges are computed from ``1-U = Phi(-xi)``, which keeps its digits where U
    rounds to 1; the second as ``right = 1 - (1-m) sqrt(1-U1) (1-U2)``, which cannot leave the image.
    """

    latent_dim: ClassVar[int] = 4
    least_size: ClassVar[int] = 3

    def parameters(self, latents: Any) -> NDArray[np.float64]:
        """Edges left, right, top, bottom in pixels, shape (n, 4)."""
        first, second, third, fourth = ndtr(-self._columns(latents, "latents", 4)).T
        room = 1 - LEAST_SIDE / self.size
        edges = []
        for start, length in ((first, second), (third, fourth)):
            rest = np.sqrt(start)
            edges += [room * (1 - rest), 1 - room * rest * length]
        return self.size * np.stack(edges, axis=1)

    def render(self, parameters: Any, dtype: DTypeLike = np.float32) -> NDArray[Any]:
        """Images of the edges, shape (n, size, size).

        Raises
        ------
        InputError
            For edges outside the image or sides shorter than 2 pixels: such pictures are not decodable.
        """
        edges = self._columns(parameters, "parameters", 4)
        sides = edges[:, 1::2] - edges[:, ::2]
        slack = 1e-9 * self.size  # rounding of the edges
        if len(edges) and not (edges.min() >= -slack and edges.max() <= self.size + slack and sides.min() >= 2 - slack):
            raise InputError(
                f"edges run from {edges.min():g} to {edges.max():g}, the shortest side is {sides.min():g}: "
                f"give left, right, top, bottom between 0 and {self.size}, with sides of at least 2 pixels"
            )
        return raster.rectangles(edges, self.size, dtype)

    def decode(self, images: Any) -> NDArray[np.float64]:
        """Edges left, right, top, bottom in pixels, shape (n, 4)."""
        image = self._pixels(images)
        return np.concatenate([_edges(image.max(axis=1)), _edges(image.max(axis=2))], axis=1)


def _edges(profile: NDArray[np.float64]) -> NDArray[np.float64]:
    """First and last edge of an interval, shape (n, 2), from the length of it in each pixel, shape (n, size)."""
    k, size = np.arange(len(profile)), profile.shape[1]
    padded = np.pad(profile, ((0, 0), (1, 1)))
    first = padded.argmax(axis=1)  # the first fully covered pixel, counted from 1
    last = size + 1 - padded[:, ::-1].argmax(axis=1)
    return np.stack([first - 1 - padded[k, first - 1], last + padded[k, last + 1]], axis=1)
