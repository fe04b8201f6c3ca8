# SPDX-License-Identifier: Apache-2.0
"""What a compressor looks at: few uncorrelated features of each sample, from which the sample can be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

__all__ = ["Features", "features", "principal_axes"]

_SHARE = 0.995  # of the variance that the kept features hold
_MOST = 64


@dataclass(frozen=True)
class Features:
    """Principal components of the prepared samples.

    Attributes
    ----------
    values : array, shape (n, k)
        Uncorrelated, by falling variance.
    """

    values: NDArray[np.float64]

    @property
    def emphasised(self) -> NDArray[np.float32]:
        """The features with their spreads drawn half-way together, mean square 1: detail counts, noise not fully."""
        spread = self.values.std(axis=0)
        scaled = self.values / np.sqrt(spread)
        return np.asarray(scaled / np.sqrt((scaled**2).mean()), dtype=np.float32)


def features(samples: NDArray[Any]) -> Features:
    """Features of images, shape (n, h, w) or (n, c, h, w), or of vectors, shape (n, d).

    Images are smoothed by a sixteenth of their height, so that distances grow with displacement instead of with its
    root; divided by their norm, whose logarithm becomes one more coordinate, so that small objects count as much as
    large ones. Vectors are standardised by column.
    """
    if samples.ndim == 2:
        prepared = samples.astype(np.float64)
        spread = prepared.std(axis=0)
        prepared = (prepared - prepared.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    else:
        blur = samples.shape[-2] / 16
        axes = (0,) * (samples.ndim - 2)
        smooth = gaussian_filter(samples.astype(np.float64), (*axes, blur, blur)).reshape(len(samples), -1)
        norm = np.linalg.norm(smooth, axis=1, keepdims=True)
        norm = np.maximum(norm, 1e-6 * norm.mean())  # a blank image has no direction
        prepared = np.hstack([smooth / norm, np.log(norm)])
        prepared -= prepared.mean(axis=0)
    axes_, variances = principal_axes(prepared)
    share = np.cumsum(variances) / variances.sum()
    kept = min(_MOST, int(np.searchsorted(share, _SHARE)) + 1)
    return Features(prepared @ axes_[:, :kept])


def principal_axes(centred: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Principal axes, shape (d, d), as columns, and variances, shape (d,), both by falling variance."""
    variances, axes = np.linalg.eigh(centred.T @ centred / len(centred))
    return axes[:, ::-1], np.maximum(variances[::-1], 0.0)
