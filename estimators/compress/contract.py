# SPDX-License-Identifier: Apache-2.0
"""What a compressor is, and what it returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Compression", "Compressor"]


@dataclass(frozen=True)
class Compression:
    """What a compressor made of a sample.

    Attributes
    ----------
    x, y : array, shape (n, d)
        The codes of each side.
    loss_bound : float or None
        Most information, in nats, that the compression of both sides can have lost, where that is known.
    diagnostics : mapping of str to float
        Kept dimensions, reconstruction error, ...
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    loss_bound: float | None = None
    diagnostics: Mapping[str, float] = field(default_factory=dict)


class Compressor(Protocol):
    """Maps each side of a sample to few dimensions. A frozen dataclass of hyper-parameters."""

    version: ClassVar[int]
    shared: ClassVar[bool]  # worth storing, so that every estimator on the sample uses one compression

    def compress(
        self, x: NDArray[Any], y: NDArray[Any], *, rng: np.random.Generator, side: Mapping[str, Any]
    ) -> Compression: ...
