# SPDX-License-Identifier: Apache-2.0
"""The critic f(x, y): an encoder for each side and a joint head that scores every x of a batch against every y."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from mibench.contracts import InputError

__all__ = ["Critic", "Kind", "encoder"]

Kind = Literal["auto", "conv", "mlp"]
_META = "meta"  # no storage yet: torch's own initialisation, which draws from the global generator, does nothing
_SLOPE = 0.1  # of the leaky rectifiers
_MAP = 8  # pixels, about, of a side of the first feature map: overlapping patches keep large images cheap
_MIN_SIDE = 8  # pixels; smaller images are vectors


class Critic(nn.Module):
    """f(x, y) = 4 <g(x), h(y)> / sqrt(width) + a(x) + b(y) + sum_k u_k phi(p_k(x) + q_k(y)).

    The sum is a two-layer network on the concatenated embeddings; the inner product stands beside it. Embeddings are
    computed once per sample, so the m (m - 1) unpaired scores of a batch come nearly free beside its m pairs. f = 0
    before training, where every bound is 0. The factor 4 lets f grow to the range of a large log-ratio sooner.

    Parameters
    ----------
    x_shape, y_shape : tuple of int
        Shape of one sample: (d,), (h, w) or (channels, h, w).
    kind : {"auto", "conv", "mlp"}
        Encoders: convolutional for images and dense for vectors ("auto"), or one of them for both sides.
    hidden, channels, width, units : int
        Dense layers' width, the first convolution's channels, the inner product's dimension, the joint units.
    generator : torch.Generator
        Draws the initial weights, on the CPU.
    """

    def __init__(
        self,
        x_shape: tuple[int, ...],
        y_shape: tuple[int, ...],
        kind: Kind,
        *,
        hidden: int,
        channels: int,
        width: int,
        units: int,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.width = width
        outputs = width + 1 + units
        self.of_x = encoder(x_shape, kind, hidden, channels, outputs, generator)
        self.of_y = encoder(y_shape, kind, hidden, channels, outputs, generator)
        self.weights = nn.Parameter(torch.zeros(units))
        with torch.no_grad():
            for side, silent in ((self.of_x, slice(width, width + 1)), (self.of_y, slice(width + 1))):
                last = side[-1]
                assert isinstance(last, nn.Linear)
                last.weight[silent] = 0.0
                last.bias[silent] = 0.0

    def scores(self, x: Tensor, y: Tensor) -> Tensor:
        """Scores of every embedded x against every embedded y, shape (len(x), len(y))."""
        w = self.width
        paired = x[:, :w] @ y[:, :w].T * (4.0 / math.sqrt(w)) + x[:, w : w + 1] + y[:, w : w + 1].T
        joint = nn.functional.leaky_relu(x[:, None, w + 1 :] + y[None, :, w + 1 :], _SLOPE)
        return paired + joint @ self.weights

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Scores of every x against every y of a batch, shape (len(x), len(y))."""
        return self.scores(self.of_x(x), self.of_y(y))


def encoder(
    shape: tuple[int, ...], kind: Kind, hidden: int, channels: int, outputs: int, generator: torch.Generator
) -> nn.Sequential:
    """A network from one side's samples to their embedding: convolutional for images, dense otherwise.

    Weights and biases are uniform within 1 / sqrt(fan-in), drawn from `generator`.

    Raises
    ------
    InputError
        If convolutions are demanded of a side that is no image of at least 8 x 8 pixels.
    """
    image = len(shape) in (2, 3) and min(shape[-2:]) >= _MIN_SIDE
    if kind == "conv" and not image:
        raise InputError(
            f"critic='conv' needs images of shape (n, h, w) or (n, channels, h, w) with sides of {_MIN_SIDE} pixels or "
            f"more, and one sample has shape {shape}; use critic='mlp' or 'auto'"
        )
    layers: list[nn.Module]
    if image and kind != "mlp":
        depth = 1 if len(shape) == 2 else shape[0]
        steps = [max(2, round(side / _MAP)) for side in shape[-2:]]
        pads = [(step + 1) // 2 for step in steps]
        height, width = ((side + 2 * pad) // step // 2 for side, step, pad in zip(shape[-2:], steps, pads, strict=True))
        layers = [
            nn.Unflatten(1, (1, shape[0])) if len(shape) == 2 else nn.Identity(),
            nn.Conv2d(
                depth, channels, (2 * steps[0], 2 * steps[1]), (steps[0], steps[1]), (pads[0], pads[1]), device=_META
            ),
            nn.LeakyReLU(_SLOPE),
            nn.Conv2d(channels, 2 * channels, 3, stride=2, padding=1, device=_META),
            nn.LeakyReLU(_SLOPE),
            nn.Flatten(),
            nn.Linear(2 * channels * height * width, hidden, device=_META),
        ]
    else:
        layers = [
            nn.Flatten(),
            nn.Linear(math.prod(shape), hidden, device=_META),
            nn.LeakyReLU(_SLOPE),
            nn.Linear(hidden, hidden, device=_META),
        ]
    layers += [nn.LeakyReLU(_SLOPE), nn.Linear(hidden, outputs, device=_META)]
    network = nn.Sequential(*layers).to_empty(device="cpu")
    with torch.no_grad():
        for layer in network:
            if isinstance(layer, nn.Linear | nn.Conv2d):
                limit = 1.0 / math.sqrt(layer.weight[0].numel())
                for values in layer.parameters():
                    values.uniform_(-limit, limit, generator=generator)
    return network
