# SPDX-License-Identifier: Apache-2.0
"""The digits that come with scikit-learn: a small MNIST that is always there.

1797 images of 8 x 8 pixels, the test part of the optical digits of Alpaydin and Kaynak (1998, UCI repository). Enlarged
and split they stand in where networks want images of MNIST's size.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Digits", "Enlarged", "enlarged", "load"]

_SIDE, _SIDE_ENLARGED = 8, 28
_WHITE = 16
_TRAIN = 1437  # of 1797 images, four fifths
_SEED = 0
_TIE = 1e-9  # grey levels: more than rounding errors, so that halves are rounded up on every machine


class Digits(NamedTuple):
    """Images, uint8 from 0 to 16, shape (1797, 8, 8), and their labels, uint8 from 0 to 9, shape (1797,)."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]


def load() -> Digits:
    """The images and labels, new arrays each time."""
    from sklearn.datasets import load_digits

    bundle = load_digits()
    return Digits(bundle.images.astype(np.uint8), bundle.target.astype(np.uint8))


class Enlarged(NamedTuple):
    """Images, uint8 from 0 to 255, shape (1797, 28, 28), labels, uint8, shape (1797,), and the rows of either part."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    train: NDArray[np.int64]
    test: NDArray[np.int64]


def enlarged() -> Enlarged:
    """The images at MNIST's size and brightness, by linear interpolation, and a fixed split that keeps classes' shares.

    The split is that of `mibench.datasets.splits` with the seed 0: 1437 images to train on, 360 to test on. No two
    images become the same.
    """
    from scipy import ndimage

    from mibench.datasets import splits

    images, labels = load()
    grey = images * (255.0 / _WHITE)
    factor = _SIDE_ENLARGED / _SIDE
    smooth = ndimage.zoom(grey, (1, factor, factor), order=1, mode="nearest", grid_mode=True)
    train, test = splits.split(labels, _TRAIN / len(labels), rng=_SEED)
    return Enlarged(np.floor(smooth + 0.5 + _TIE).astype(np.uint8), labels, train, test)
