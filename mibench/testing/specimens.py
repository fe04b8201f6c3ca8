# SPDX-License-Identifier: Apache-2.0
"""Sound data that estimators are asked about: normal pairs, symbols, images; their truth is known in closed form."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["SPECIMENS", "Specimen", "images", "pairs", "symbols"]

_SYMBOLS = 8


@dataclass(frozen=True)
class Specimen:
    """Paired data, what may be known beside them, and their mutual information in nats."""

    kind: str
    x: NDArray[Any]
    y: NDArray[Any]
    mi: float
    side: Mapping[str, Any] = field(default_factory=dict)


def pairs(n: int, mi: float = 1.0, seed: int = 0, dim: int = 1) -> Specimen:
    """Normal pairs, shape (n, dim) a side, with their latents as side information."""
    from mibench.tasks.gaussian import Gaussian

    sample = Gaussian(mi, dim).sample(n, seed)
    return Specimen("pairs", sample.x, sample.y, mi, {key: value.copy() for key, value in sample.side.items()})


def symbols(n: int, mi: float = 1.0, seed: int = 0) -> Specimen:
    """A symmetric channel on 8 symbols, integers of shape (n,): ``I = ln 8 - H(e) - e ln 7``, solved for e."""
    from scipy.optimize import brentq

    most = 1 - 1 / _SYMBOLS
    error = most if mi == 0 else brentq(lambda e: _channel(e) - mi, 1e-12, most)
    rng = np.random.default_rng(seed)
    x = rng.integers(0, _SYMBOLS, n)
    moved = rng.random(n) < error
    y = np.where(moved, (x + rng.integers(1, _SYMBOLS, n)) % _SYMBOLS, x)
    return Specimen("symbols", x, y, mi)


def _channel(error: float) -> float:
    rest = 1 - error
    return math.log(_SYMBOLS) + rest * math.log(rest) + error * math.log(error / (_SYMBOLS - 1))


def images(n: int, mi: float = 1.0, seed: int = 0) -> Specimen:
    """Smooth fields in white noise, shape (n, 8, 8), with their side information."""
    from mibench.tasks.images.fields import Fields

    sample = Fields(size=8, mi=mi).sample(n, seed)
    return Specimen("images", sample.x, sample.y, mi, sample.side)


SPECIMENS: dict[str, Callable[..., Specimen]] = {"pairs": pairs, "symbols": symbols, "images": images}
