# SPDX-License-Identifier: Apache-2.0
"""Values on held-out data that were not picked by their own luck.

The held-out part is cut into two halves. Along one training the critic is valued on both halves at regular steps; each
half reports the checkpoint that the *other* half likes best, and the two reports are averaged. Every held-out sample
serves in choosing and in reporting, none in both at once (the best of many noisy values is biased upwards), and it
costs nothing beside a single training.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mibench.estimators.neural.bounds import Bound, Value
from mibench.estimators.neural.critic import Critic

__all__ = ["Checks", "Split", "blocks", "split", "standardise", "value"]

_MOST_HELD = 8192  # the value's error is then below a hundredth of a nat: more is better spent in training
_REPEATS = 4
_CLIP = 50.0


@dataclass(frozen=True)
class Split:
    """Indices of the training samples and of the two held-out halves."""

    train: NDArray[np.intp]
    halves: tuple[NDArray[np.intp], NDArray[np.intp]]


def split(n: int, share: float, rng: np.random.Generator) -> Split:
    """A random split of n samples, `share` of them (at most 8192) held out."""
    order = rng.permutation(n)
    half = min(round(share * n), _MOST_HELD) // 2
    return Split(order[2 * half :], (order[:half], order[half : 2 * half]))


def standardise(values: NDArray[Any], train: NDArray[np.intp]) -> NDArray[np.float32]:
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


def blocks(m: int, size: int, rng: np.random.Generator) -> list[NDArray[np.intp]]:
    """Indices of samples valued together: all m if they fit, else blocks of `size` from four random partitions."""
    if size >= m:
        return [np.arange(m)]
    count = m // size
    return [part for _ in range(_REPEATS) for part in np.split(rng.permutation(m)[: count * size], count)]


@torch.no_grad()
def value(bound: Bound, critic: Critic, x: torch.Tensor, y: torch.Tensor, parts: list[NDArray[np.intp]]) -> Value:
    """The bound on (x, y), shapes (m, ...), averaged over `parts`; scores in float32, all else in float64."""
    a, b = critic.of_x(x), critic.of_y(y)
    found = []
    influence, times = np.zeros(len(x)), np.zeros(len(x))
    for part in parts:
        rows = torch.from_numpy(part).to(a.device)
        found.append(bound.value(critic.scores(a[rows], b[rows]).cpu().double()))
        influence[part] += found[-1].influence.numpy()
        times[part] += 1
    used = times > 0
    return Value(
        mi=math.fsum(each.mi for each in found) / len(found),
        influence=torch.from_numpy(influence[used] / times[used]),
        remainder=math.fsum(each.remainder for each in found) / len(found) ** 2,
    )


@dataclass
class Checks:
    """What the two halves said at each checkpoint; ``best[h]`` is the one that half h likes best."""

    steps: list[int] = field(default_factory=list)
    values: list[tuple[Value, Value]] = field(default_factory=list)
    best: list[int] = field(default_factory=lambda: [0, 0])

    def add(self, step: int, pair: tuple[Value, Value]) -> bool:
        """Record a checkpoint; true if a half likes it better than all before."""
        self.steps.append(step)
        self.values.append(pair)
        better = [half for half in (0, 1) if pair[half].mi > self.values[self.best[half]][half].mi]
        for half in better:
            self.best[half] = len(self.steps) - 1
        return bool(better)

    @property
    def stale(self) -> int:
        """Checkpoints since a half last found a better one."""
        return len(self.steps) - 1 - max(self.best)

    def report(self) -> tuple[float, float]:
        """The reported value and its standard error, in nats: each half at the other's choice."""
        told = [self.values[self.best[1 - half]][half] for half in (0, 1)]
        return (told[0].mi + told[1].mi) / 2, math.sqrt(told[0].variance + told[1].variance) / 2
