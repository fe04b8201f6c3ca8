# SPDX-License-Identifier: Apache-2.0
"""Train a critic on one part of a sample and value its bound on the rest."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mibench.estimators.neural.bounds import Bound
from mibench.estimators.neural.critic import Critic
from mibench.estimators.neural.heldout import Choice, Split, blocks, mi, value

__all__ = ["Outcome", "Schedule", "train"]

_WARM_UP = 50  # steps
_GRADIENT_NORM = 1.0


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to train; the fields mean what they mean in the estimators."""

    batch: int
    max_steps: int
    lr: float
    weight_decay: float
    average: float
    check: int
    patience: int
    block: int

    def rate(self, step: int) -> float:
        """Learning rate at a step: a linear warm-up, then half a cosine down to zero."""
        return self.lr * min(1.0, step / _WARM_UP) * 0.5 * (1.0 + math.cos(math.pi * step / self.max_steps))


@dataclass(frozen=True)
class Outcome:
    """The bound on held-out data, nats, and what happened on the way."""

    mi: float
    std_error: float
    diagnostics: dict[str, float]


def train(
    critic: Critic,
    bound: Bound,
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    parts: Split,
    schedule: Schedule,
    rng: np.random.Generator,
    device: torch.device,
) -> Outcome:
    """Maximise `bound` over the critic's weights on ``parts.train`` and report it on ``parts.halves``.

    What is valued are exponential averages of the weights over steps: they vary less than the last step's weights, and
    a decaying rate is then less needed.
    """
    start = time.perf_counter()
    critic = critic.to(device)
    xs, ys = torch.from_numpy(x).to(device), torch.from_numpy(y).to(device)
    weights = list(critic.parameters())
    averages = [weight.detach().clone() for weight in weights]
    optimiser = torch.optim.AdamW(weights, lr=schedule.lr, weight_decay=schedule.weight_decay, fused=True)
    held = [torch.from_numpy(half).to(device) for half in parts.halves]
    sides = [(xs[rows], ys[rows]) for rows in held]
    plans = [blocks(len(rows), schedule.block, rng) for rows in held]
    choice = Choice()
    batch = min(schedule.batch, len(parts.train))
    queue = np.empty(0, np.intp)
    for step in range(schedule.max_steps + 1):
        if step:
            if len(queue) < batch:
                queue = rng.permutation(parts.train)
            rows, queue = torch.from_numpy(queue[:batch]).to(device), queue[batch:]
            for group in optimiser.param_groups:
                group["lr"] = schedule.rate(step)
            _climb(critic, bound, xs[rows], ys[rows], optimiser, weights)
            _blend(averages, weights, 1.0 - min(schedule.average, step / (step + 10)))
        if step % schedule.check == 0 or step == schedule.max_steps:
            with _worn(weights, averages):
                first, second = (mi(bound, critic, *side, plan) for side, plan in zip(sides, plans, strict=True))
            choice.look(step, (first, second), averages)
            if choice.stale >= schedule.patience:
                break
    told, seen = [], torch.from_numpy(parts.train[: len(held[0])]).to(device)
    for half in (0, 1):
        with _worn(weights, choice.weights[1 - half]):
            told.append(value(bound, critic, *sides[half], plans[half]))
    with _worn(weights, choice.weights[0]):
        on_train = mi(bound, critic, xs[seen], ys[seen], plans[0])
    reported = (told[0].mi + told[1].mi) / 2
    return Outcome(
        reported,
        math.sqrt(told[0].variance + told[1].variance) / 2,
        {
            "steps": float(step),
            "best_step": sum(choice.steps) / 2,
            "stopped_early": float(step < schedule.max_steps),
            "held_out": float(sum(map(len, held))),
            "held_out_value": reported,
            "train_value": on_train,
            "parameters": float(sum(weight.numel() for weight in weights)),
            "seconds": time.perf_counter() - start,
        },
    )


def _climb(
    critic: Critic,
    bound: Bound,
    x: torch.Tensor,
    y: torch.Tensor,
    optimiser: torch.optim.Optimizer,
    weights: list[nn.Parameter],
) -> None:
    """One step uphill on a batch."""
    scores = critic(x, y)
    optimiser.zero_grad()
    scores.backward(-bound.ascent(scores.detach()))
    nn.utils.clip_grad_norm_(weights, _GRADIENT_NORM)
    optimiser.step()


@torch.no_grad()
def _blend(averages: list[torch.Tensor], weights: list[nn.Parameter], share: float) -> None:
    for average, weight in zip(averages, weights, strict=True):
        average.lerp_(weight, share)


@contextmanager
def _worn(weights: list[nn.Parameter], others: list[torch.Tensor]) -> Iterator[None]:
    """The critic with other weights for a while."""
    own = [weight.data for weight in weights]
    for weight, other in zip(weights, others, strict=True):
        weight.data = other
    try:
        yield
    finally:
        for weight, mine in zip(weights, own, strict=True):
            weight.data = mine
