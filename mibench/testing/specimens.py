# SPDX-License-Identifier: Apache-2.0
"""Sound data that estimators are asked about: normal pairs, symbols, images; their truth is known in closed form."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["SPECIMENS", "Specimen", "images", "noisy", "pairs", "symbols"]

_SYMBOLS = 8
_REPLICAS = 64


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


def noisy(n: int, mi: float = 1.0, seed: int = 0) -> Specimen:
    """8 symbols, integers of shape (n,), and their values 0 to 7 in normal noise, shape (n, 1), all of it declared.

    The noise is solved for by quadrature. Without information the values are those of other symbols.
    """
    from scipy.optimize import brentq

    noise = 1.0 if mi == 0 else brentq(lambda s: _in_noise(s) - mi, 0.05, 50.0)
    rng = np.random.default_rng(seed)
    x = rng.integers(0, _SYMBOLS, n)
    centres = np.repeat(x[:, None, None], _REPLICAS, axis=1).astype(np.float64)
    if mi == 0:
        centres = rng.integers(0, _SYMBOLS, centres.shape).astype(np.float64)
    clean = x[:, None].astype(np.float64) if mi else rng.integers(0, _SYMBOLS, (n, 1)).astype(np.float64)
    side = {
        "noise_std_y": float(noise),
        "clean_y": clean,
        "centres_y": centres,
        "x_is_discrete": True,
        "alphabet_size_x": _SYMBOLS,
    }
    return Specimen("noisy", x, clean + noise * rng.standard_normal((n, 1)), mi, side)


def _in_noise(noise: float) -> float:
    """I of equally likely 0, ..., 7 and their sum with normal noise: ``h(sum) - h(noise)``, by the trapezoid rule."""
    t = np.linspace(-8 * noise, _SYMBOLS - 1 + 8 * noise, 4001)
    density = np.exp(-0.5 * ((t[:, None] - np.arange(_SYMBOLS)) / noise) ** 2).mean(axis=1)
    density /= noise * math.sqrt(2 * math.pi)
    entropy = -np.trapezoid(density * np.log(density), t)
    return float(entropy - 0.5 * math.log(2 * math.pi * math.e * noise**2))


SPECIMENS: dict[str, Callable[..., Specimen]] = {"pairs": pairs, "symbols": symbols, "images": images, "noisy": noisy}
