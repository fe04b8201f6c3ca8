# SPDX-License-Identifier: Apache-2.0
"""Train one autoencoder, from coordinates that already unroll the data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import ndtri
from torch import Tensor, nn

from mibench.estimators.compress.networks import initialise

__all__ = ["Schedule", "Trained", "train"]

_START = 0.3  # share of the steps over which the pull to the start coordinates fades
_NORMALITY = 0.1  # weight of the pull of the codes to a standard normal
_DIRECTIONS = 16
_HELD_OUT = 0.1
_CHUNK = 4096  # samples evaluated at once


@dataclass(frozen=True)
class Schedule:
    """How long and how fast: optimiser steps, samples in a batch, peak learning rate, noise on the codes."""

    steps: int
    batch: int
    learning_rate: float
    noise: float


@dataclass(frozen=True)
class Trained:
    """Codes of every sample, shape (n, d), and the share of variance left unexplained, held out and in training."""

    codes: NDArray[np.float64]
    held_out_loss: float
    train_loss: float


def train(
    encoder: nn.Module,
    decoder: nn.Module,
    inputs: Tensor,
    start: NDArray[np.float64],
    schedule: Schedule,
    seed: int,
) -> Trained:
    """Minimise the reconstruction error of noisy codes, by Adam with a one-cycle rate.

    Two terms shape the codes: a pull to `start`, which fades and leaves the topology right, and the distance of random
    projections of a batch's codes from normal quantiles (sliced Wasserstein; Kolouri et al., ICLR 2019), which stays.

    Parameters
    ----------
    encoder, decoder : torch.nn.Module
        Modified in place; initialised here.
    inputs : Tensor, shape (n, ...)
        Mean square 1.
    start : array, shape (n, d)
        Coordinates of unit variance to start from.
    schedule : Schedule
    seed : int
        Of every draw.

    Returns
    -------
    Trained
    """
    device = inputs.device
    generator = torch.Generator().manual_seed(seed)
    initialise(encoder, generator)
    initialise(decoder, generator)
    encoder.to(device)
    decoder.to(device)
    start_codes = torch.tensor(start, dtype=torch.float32, device=device)
    order = torch.randperm(len(inputs), generator=generator)
    n_held = int(_HELD_OUT * len(inputs))
    held_out, rest = order[:n_held], order[n_held:]
    batch = min(schedule.batch, len(rest))
    quantiles = torch.tensor(ndtri((np.arange(batch) + 0.5) / batch), dtype=torch.float32, device=device)[:, None]
    parameters = [*encoder.parameters(), *decoder.parameters()]
    optimiser = torch.optim.Adam(parameters, lr=schedule.learning_rate, fused=device.type in ("cpu", "cuda"))
    rate = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, schedule.learning_rate, total_steps=schedule.steps, pct_start=0.1
    )
    rows = _batches(rest, batch, generator)
    for step in range(schedule.steps):
        chosen = next(rows)
        target = inputs[chosen]
        codes = encoder(target)
        noise = torch.randn(codes.shape, generator=generator).to(device)
        loss = (decoder(codes + schedule.noise * noise) - target).square().mean()
        directions = torch.randn((codes.shape[1], _DIRECTIONS), generator=generator).to(device)
        projected = (codes @ (directions / directions.norm(dim=0))).sort(dim=0).values
        loss = loss + _NORMALITY * (projected - quantiles).square().mean()
        pull = 1.0 - step / (_START * schedule.steps)
        if pull > 0:
            loss = loss + pull * (codes - start_codes[chosen]).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        rate.step()
    encoder.eval()
    decoder.eval()
    with torch.inference_mode():
        parts = [inputs[first : first + _CHUNK] for first in range(0, len(inputs), _CHUNK)]
        coded = [encoder(part) for part in parts]
        errors = torch.cat(
            [(decoder(code) - part).square().flatten(1).mean(1) for code, part in zip(coded, parts, strict=True)]
        )
        codes = torch.cat(coded)
    variance = float((inputs - inputs.mean(0)).square().mean())
    return Trained(
        codes.cpu().double().numpy(), float(errors[held_out].mean()) / variance, float(errors[rest].mean()) / variance
    )


def _batches(rows: Tensor, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    while True:
        shuffled = rows[torch.randperm(len(rows), generator=generator)]
        for first in range(0, len(rows) - size + 1, size):
            yield shuffled[first : first + size]
