# SPDX-License-Identifier: Apache-2.0
"""Images of one Gaussian bump: round (2 latents) or of any shape (5 latents). Butakov et al., ICLR 2024, Sec. 5."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy.special import ndtr

from mibench.numerics import raster
from mibench.tasks.images.latent_images import LatentImages

__all__ = ["Blobs", "Bumps"]


@dataclass(frozen=True)
class Blobs(LatentImages):
    """One round bump: ``exp(-10 ((u-a)^2 + (v-b)^2))`` at ``(a, b) = Phi(xi)``, u and v on ``linspace(0, 1, size)``.

    Injective for any size from 2: the logarithm of the ratio of the first and the last column is linear in a, that of
    the rows in b.
    """

    latent_dim: ClassVar[int] = 2
    least_size: ClassVar[int] = 2

    def parameters(self, latents: Any) -> NDArray[np.float64]:
        """Centres (a, b), shape (n, 2), in (0, 1): along the columns, along the rows."""
        return np.asarray(ndtr(self._columns(latents, "latents", 2)))

    def render(self, parameters: Any, dtype: DTypeLike = np.float32) -> NDArray[Any]:
        """Images of the centres, shape (n, size, size)."""
        return raster.blobs(self._columns(parameters, "parameters", 2), self.size, dtype)

    def decode(self, images: Any) -> NDArray[np.float64]:
        """Centres (a, b), shape (n, 2)."""
        image = self._pixels(images)
        k = np.arange(len(image))
        row, column = np.divmod(image.reshape(len(image), -1).argmax(axis=1), self.size)
        a = 0.5 + np.log(image[k, row, -1] / image[k, row, 0]) / (2 * raster.RATE)
        b = 0.5 + np.log(image[k, -1, column] / image[k, 0, column]) / (2 * raster.RATE)
        return np.stack([a, b], axis=1)


@dataclass(frozen=True)
class Bumps(LatentImages):
    """One bump of any place, widths and correlation: five parameters ``p = Phi(xi)``.

    A pixel is ``exp(-10 [(1+p2)^2 (u-p0)^2 + (1+p3)^2 (v-p1)^2 + (2 p4 - 1)(1+p2)(1+p3)(u-p0)(v-p1)])``, u and v on
    ``linspace(0, 1, size)``. Injective for any size from 4: the logarithm is a quadratic polynomial in (u, v), which
    nine pixels determine; its second derivatives give p2, p3 (positive roots) and p4, and then its gradient gives p0
    and p1, by a 2 x 2 system that is regular because the form is positive definite for every p in [0, 1]. Pixels far
    from a narrow bump underflow to 0 in float32; the nine pixels are taken around the brightest one, where none does.
    """

    latent_dim: ClassVar[int] = 5
    least_size: ClassVar[int] = 4

    def parameters(self, latents: Any) -> NDArray[np.float64]:
        """p0 (along the columns), p1 (along the rows), p2, p3, p4: shape (n, 5), in (0, 1)."""
        return np.asarray(ndtr(self._columns(latents, "latents", 5)))

    def render(self, parameters: Any, dtype: DTypeLike = np.float32) -> NDArray[Any]:
        """Images of the parameters, shape (n, size, size)."""
        p0, p1, p2, p3, p4 = self._columns(parameters, "parameters", 5).T
        form = (p0, p1, (1 + p2) ** 2, (1 + p3) ** 2, (2 * p4 - 1) * (1 + p2) * (1 + p3))
        return raster.bumps(np.stack(form, axis=1), self.size, dtype)

    def decode(self, images: Any) -> NDArray[np.float64]:
        """p0 to p4, shape (n, 5)."""
        image = self._pixels(images)
        step = max(1, self.size // 4)  # wide enough to see the curvature in float32, near enough not to underflow
        h = step / (self.size - 1)
        peak = np.divmod(image.reshape(len(image), -1).argmax(axis=1), self.size)
        row, column = (np.clip(each, step, self.size - 1 - step) for each in peak)
        k = np.arange(len(image))
        offsets = (-step, 0, step)
        log = np.array([[np.log(image[k, row + dj, column + di]) for di in offsets] for dj in offsets]) / -raster.RATE
        # Least squares of a quadratic polynomial on the 3 x 3 points log[row, column]; u runs along columns.
        along_u, along_v = log.mean(axis=0), log.mean(axis=1)
        a = (along_u[0] - 2 * along_u[1] + along_u[2]) / (2 * h * h)
        b = (along_v[0] - 2 * along_v[1] + along_v[2]) / (2 * h * h)
        c = (log[0, 0] - log[0, 2] - log[2, 0] + log[2, 2]) / (4 * h * h)
        slope_u, slope_v = (along_u[2] - along_u[0]) / (2 * h), (along_v[2] - along_v[0]) / (2 * h)
        regular = 4 * a * b - c * c
        p0 = column / (self.size - 1) - (2 * b * slope_u - c * slope_v) / regular
        p1 = row / (self.size - 1) - (2 * a * slope_v - c * slope_u) / regular
        return np.stack([p0, p1, np.sqrt(a) - 1, np.sqrt(b) - 1, (1 + c / np.sqrt(a * b)) / 2], axis=1)
