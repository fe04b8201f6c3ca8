# SPDX-License-Identifier: Apache-2.0
"""Values on held-out data that were not picked by their own luck.

The held-out part is cut into two halves. Along one training the critic is valued on both halves at regular steps; each
half reports the checkpoint that the *other* half likes best, and the two reports are averaged. Every held-out sample
serves in choosing and in reporting, none in both at once (the best of many noisy values is biased upwards), and it
costs nothing beside a single training.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mibench.estimators.neural.bounds import Bound, Value
from mibench.estimators.neural.critic import Critic

__all__ = ["Choice", "Split", "blocks", "mi", "split", "standardise", "value"]

Indices = NDArray[np.intp]

_MOST_HELD = 8192  # the value's error is then below a hundredth of a nat: more is better spent in training
_REPEATS = 4
_CLIP = 50.0  # deviations
_PROGRESS = 1e-3  # nats


@dataclass(frozen=True)
class Split:
    """Indices of the training samples and of the two held-out halves."""

    train: Indices
    halves: tuple[Indices, Indices]


def split(n: int, share: float, rng: np.random.Generator) -> Split:
    """A random split of n samples, `share` of them (at most 8192) held out."""
    order = rng.permutation(n)
    half = min(round(share * n), _MOST_HELD) // 2
    return Split(order[2 * half :], (order[:half], order[half : 2 * half]))


def standardise(values: NDArray[Any], train: Indices) -> NDArray[np.float32]:
    """Each coordinate less its mean, over its deviation, both of the training samples; shape as given.

    A pixel's deviation counts as at least a twentieth of the largest one: amplified further, the rim of an image would
    let a few samples rule it.
    """
    seen = values[train].astype(np.float64)
    mean, spread = seen.mean(0), seen.std(0)
    if values.ndim > 2:
        spread = np.maximum(spread, 0.05 * spread.max())
    spread = np.where(spread > 0.0, spread, 1.0)
    return np.asarray(np.clip((values - mean) / spread, -_CLIP, _CLIP), dtype=np.float32)


def blocks(m: int, size: int, rng: np.random.Generator) -> list[Indices]:
    """Indices of samples valued together: all m if they fit, else blocks of `size` from four random partitions."""
    if size >= m:
        return [np.arange(m)]
    count = m // size
    return [part for _ in range(_REPEATS) for part in np.split(rng.permutation(m)[: count * size], count)]


@torch.no_grad()
def mi(bound: Bound, critic: Critic, x: Tensor, y: Tensor, parts: list[Indices]) -> float:
    """The bound on (x, y), shapes (m, ...), averaged over `parts`; the critic in float32, all else in float64."""
    a, b = critic.of_x(x), critic.of_y(y)
    return math.fsum(bound.mi(critic.scores(a[part], b[part]).double()) for part in parts) / len(parts)


@torch.no_grad()
def value(bound: Bound, critic: Critic, x: Tensor, y: Tensor, parts: list[Indices]) -> Value:
    """The same with its error."""
    a, b = critic.of_x(x), critic.of_y(y)
    found = []
    influence, times = np.zeros(len(x)), np.zeros(len(x))
    for part in parts:
        found.append(bound.value(critic.scores(a[part], b[part]).double()))
        influence[part] += found[-1].influence.cpu().numpy()
        times[part] += 1
    used = times > 0
    return Value(
        mi=math.fsum(each.mi for each in found) / len(found),
        influence=torch.from_numpy(influence[used] / times[used]),
        remainder=math.fsum(each.remainder for each in found) / len(found) ** 2,
    )


class Choice:
    """Which checkpoint each half likes best, and the weights of those two.

    A checkpoint counts as better for `stale` only beyond a thousandth of a nat: drift below that is no progress.
    """

    def __init__(self) -> None:
        self.checks = 0
        self.steps = [0, 0]
        self.weights: list[list[Tensor]] = [[], []]
        self._best = [-math.inf, -math.inf]
        self._level = [-math.inf, -math.inf]
        self._last = 0

    def look(self, step: int, told: tuple[float, float], weights: list[Tensor]) -> None:
        """Show both halves' values, in nats, of the checkpoint with these weights."""
        self.checks += 1
        for half in (0, 1):
            if told[half] > self._best[half]:
                self._best[half], self.steps[half] = told[half], step
                self.weights[half] = [weight.clone() for weight in weights]
            if told[half] > self._level[half] + _PROGRESS:
                self._level[half], self._last = told[half], self.checks

    @property
    def stale(self) -> int:
        """Looks since a half last saw progress."""
        return self.checks - self._last
