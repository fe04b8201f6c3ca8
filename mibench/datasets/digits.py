# SPDX-License-Identifier: Apache-2.0
"""The digits that come with scikit-learn: a small MNIST that is always there.

1797 images of 8 x 8 pixels, the test part of the optical digits of Alpaydin and Kaynak (1998, UCI repository).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Digits", "load"]


class Digits(NamedTuple):
    """Images, uint8 from 0 to 16, shape (1797, 8, 8), and their labels, uint8 from 0 to 9, shape (1797,)."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]


def load() -> Digits:
    """The images and labels, new arrays each time."""
    from sklearn.datasets import load_digits

    bundle = load_digits()
    return Digits(bundle.images.astype(np.uint8), bundle.target.astype(np.uint8))
