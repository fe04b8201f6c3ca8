# SPDX-License-Identifier: Apache-2.0
"""Layers rounded to 2^bits levels: the grids, and which mode puts which grid on what.

A grid is its least value, its step and its count of levels; a value's code is ``floor((v - low) / step + 1/2)`` after
clipping to the grid, so ties round up. Two kinds are used (Lorenzen, Igel and Nielsen, ICLR 2022, and the code of its
figures, TensorFlow's model optimisation toolkit):

- `level_grid`: 2^bits levels from the least to the greatest value; where these are equal, one level.
- `zero_grid`: TensorFlow's fake_quant, a range widened to contain 0 and shifted by less than a step so that one level
  is 0; a range of 0 alone is one level.

Modes (`rule` says it layer by layer):

- ``paper``: every hidden layer's values, and the output after its softmax, are on the `level_grid` of the layer's range
  over all rows. While training, that is the range of the epoch's batches so far, this one included; in an epoch's first
  batch that of the whole last epoch, in the very first its own. The loss reads the logits unrounded, so the output has
  no range to remember. The gradient passes as if nothing were rounded. Weights are not rounded.
- ``tfmot``: a tanh layer's values are on the `zero_grid` of the batch (of all rows, after training). Layers with other
  activations, and the output's logits, are on that of a moving average of ranges, which starts at (-6, 6) and takes
  0.001 of each step's; their weights are on the `zero_grid` of the weights of the last step. The toolkit has it so for
  relu; elu, relu6, leaky-relu, softsign and linear are taken to be like it. Gradients are 0 outside of a grid.
- ``instant``: as ``tfmot``, but the moving average is the batch's own range.

Biases are never rounded. The toolkit's 8-bit quantiser of the inputs changes neither {0, 1} nor k/255: it is left out.
Grids and codes are in float64, where 32 bits are exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mibench.networks.convolutional import AnyNetwork

__all__ = [
    "AVERAGE_START",
    "AVERAGE_STEP",
    "SLACK",
    "Grid",
    "Rule",
    "level_grid",
    "remembers",
    "rule",
    "start_ranges",
    "zero_grid",
]

AVERAGE_START = (-6.0, 6.0)
AVERAGE_STEP = 0.001
SLACK = 1e-3  # of a step: rounding must not decide whether the greatest value lies inside of its own grid


@dataclass(frozen=True)
class Grid:
    """`count` levels, `step` apart, from `low`."""

    low: float
    step: float
    count: int

    @property
    def high(self) -> float:
        return self.low + (self.count - 1) * self.step

    def codes(self, values: NDArray[Any]) -> NDArray[np.int64]:
        """The level of each value, 0 to ``count - 1``; any shape."""
        if self.count == 1:
            return np.zeros(values.shape, dtype=np.int64)
        clipped = np.clip(values.astype(np.float64), self.low, self.high)
        return np.minimum(np.floor((clipped - self.low) / self.step + 0.5).astype(np.int64), self.count - 1)

    def values(self, codes: NDArray[np.int64]) -> NDArray[np.float32]:
        """What codes stand for."""
        return (self.low + codes * self.step).astype(np.float32)

    def inside(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        """Where the gradient of ``tfmot`` and ``instant`` is 1."""
        slack = SLACK * self.step
        return np.asarray((values >= self.low - slack) & (values <= self.high + slack))


def level_grid(low: float, high: float, bits: int) -> Grid:
    """2^bits levels from `low` to `high`; one where they are equal."""
    step = (float(high) - float(low)) / (2**bits - 1)
    return Grid(float(low), step, 2**bits) if step > 0 else Grid(float(low), 0.0, 1)


def zero_grid(low: float, high: float, bits: int) -> Grid:
    """2^bits levels of which one is 0, from about min(`low`, 0) to about max(`high`, 0)."""
    low, high = min(float(low), 0.0), max(float(high), 0.0)
    most = 2**bits - 1
    step = (high - low) / most
    if not step > 0:
        return Grid(0.0, 0.0, 1)
    zero = min(max(math.floor(-low / step + 0.5), 0), most)
    return Grid(-zero * step, step, most + 1)


@dataclass(frozen=True)
class Rule:
    """How one layer is rounded.

    Attributes
    ----------
    values : {"hidden", "logits", "output"} or None
        What is: a hidden layer's values, the output before or after its softmax or sigmoid, or nothing.
    grid : {"levels", "zero"}
    range : {"own", "average", "epoch"}
        That of the tensor at hand; of a moving average; of the epoch. All but ``own`` are in `State.ranges`; only
        ``average`` also holds after training, when an ``epoch`` is all rows.
    weights : bool
        Whether the weights are on the `zero_grid` of the range that `State.ranges` remembers.
    """

    values: Literal["hidden", "logits", "output"] | None
    grid: Literal["levels", "zero"] = "levels"
    range: Literal["own", "average", "epoch"] = "own"
    weights: bool = False

    @property
    def levels_of(self) -> Any:
        """`level_grid` or `zero_grid`."""
        return level_grid if self.grid == "levels" else zero_grid


def rule(network: AnyNetwork, layer: int) -> Rule:
    """The rule of layer 1 to L of a network."""
    hidden = layer < network.n_layers
    if network.bits is None:
        return Rule(None)
    if network.mode == "paper":
        return Rule("hidden", "levels", "epoch") if hidden else Rule("output", "levels", "own")
    if hidden and network.activation == "tanh":
        return Rule("hidden", "zero", "own")
    return Rule("hidden" if hidden else "logits", "zero", "average" if network.mode == "tfmot" else "own", weights=True)


def remembers(network: AnyNetwork) -> bool:
    """Whether layers are rounded, after training, by ranges that training left in `State.ranges`."""
    rules = [rule(network, layer) for layer in range(1, network.n_layers + 1)]
    return any(found.weights or found.range == "average" for found in rules)


def start_ranges(network: AnyNetwork, parameters: NDArray[Any]) -> NDArray[Any]:
    """Ranges before any step, shape (R, L, 4), of flat parameters of shape (R, P)."""
    ranges = np.zeros((len(parameters), network.n_layers, 4), dtype=parameters.dtype)
    for layer, (weights, _) in enumerate(network.layers(parameters)):
        found = rule(network, layer + 1)
        if found.range == "average":
            ranges[:, layer, :2] = AVERAGE_START
        if found.weights:
            ranges[:, layer, 2] = weights.min(axis=(1, 2))
            ranges[:, layer, 3] = weights.max(axis=(1, 2))
    return ranges
