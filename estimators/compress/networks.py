# SPDX-License-Identifier: Apache-2.0
"""The autoencoder's two halves: dense on features, convolutional on images."""

from __future__ import annotations

import itertools
import math

import torch
from torch import nn

__all__ = ["conv_pair", "dense_pair", "initialise"]

_CHANNELS = (16, 32, 32)


def dense_pair(features: int, latent: int, hidden: int) -> tuple[nn.Module, nn.Module]:
    """Two hidden layers each way, SiLU: features -> latent and latent -> features; `initialise` gives them weights."""
    with torch.device("meta"):  # no weights yet: drawing them would move the global generator
        pair = _perceptron(features, hidden, latent), _perceptron(latent, hidden, features)
    return pair[0].to_empty(device="cpu"), pair[1].to_empty(device="cpu")


def _perceptron(first: int, hidden: int, last: int) -> nn.Module:
    return nn.Sequential(
        nn.Linear(first, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, last)
    )


def conv_pair(shape: tuple[int, int, int], latent: int, hidden: int) -> tuple[nn.Module, nn.Module]:
    """Three strided 3x3 convolutions and a dense layer each way, for images of `shape` (channels, height, width).

    `initialise` gives them weights.
    """
    with torch.device("meta"):  # as above
        pair = _convolutions(shape, latent, hidden)
    return pair[0].to_empty(device="cpu"), pair[1].to_empty(device="cpu")


def _convolutions(shape: tuple[int, int, int], latent: int, hidden: int) -> tuple[nn.Module, nn.Module]:
    channels, height, width = shape
    sizes = [(height, width)]
    for _ in _CHANNELS:
        sizes.append((math.ceil(sizes[-1][0] / 2), math.ceil(sizes[-1][1] / 2)))
    widths = (channels, *_CHANNELS)
    flat = _CHANNELS[-1] * sizes[-1][0] * sizes[-1][1]
    down: list[nn.Module] = []
    for before, after in itertools.pairwise(widths):
        down += [nn.Conv2d(before, after, 3, stride=2, padding=1), nn.SiLU()]
    up: list[nn.Module] = []
    for level in reversed(range(len(_CHANNELS))):
        (tall, wide), (short, narrow) = sizes[level], sizes[level + 1]
        extra = (tall - (2 * short - 1), wide - (2 * narrow - 1))
        up += [nn.SiLU(), nn.ConvTranspose2d(widths[level + 1], widths[level], 3, 2, 1, output_padding=extra)]
    encoder = nn.Sequential(*down, nn.Flatten(), nn.Linear(flat, hidden), nn.SiLU(), nn.Linear(hidden, latent))
    decoder = nn.Sequential(
        nn.Linear(latent, hidden), nn.SiLU(), nn.Linear(hidden, flat), nn.Unflatten(1, (_CHANNELS[-1], *sizes[-1])), *up
    )
    return encoder, decoder


def initialise(module: nn.Module, generator: torch.Generator) -> None:
    """PyTorch's default initialisation, drawn from `generator` and never from the global one."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_uniform_(layer.weight, a=math.sqrt(5), generator=generator)
            bound = 1 / math.sqrt(nn.init._calculate_fan_in_and_fan_out(layer.weight)[0])
            assert layer.bias is not None
            nn.init.uniform_(layer.bias, -bound, bound, generator=generator)
