# SPDX-License-Identifier: Apache-2.0
"""What a small convolutional network under study is; as of `mibench.networks.spec.Network`, one flat vector holds it.

Blocks of a 3 x 3 convolution without padding, 2 x 2 max pooling and the activation come first, then fully connected
layers. A block is one layer, and its values are those after all three: T_1 is the first block, T_L the output.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError
from mibench.names import check_choice
from mibench.networks.spec import Network

__all__ = ["KERNEL", "AnyNetwork", "Convolutional"]

KERNEL = 3  # a side of every convolution
NoiseKind = Literal["multiplicative", "additive"]
Activation = Literal["relu", "leaky-relu"]


@dataclass(frozen=True)
class Convolutional:
    """A convolutional classifier of square images of one channel; the loss is the cross-entropy of its softmax.

    Parameters
    ----------
    channels : tuple of int
        Channels that each block puts out.
    dense : tuple of int
        Widths of the fully connected hidden layers.
    classes : int
    side : int
        Of the images, which are rows of side * side numbers.
    activation : {"relu", "leaky-relu"}
        Of every hidden layer; leaky-relu has the slope 0.01.
    bits : int, optional
        As of `Network`: each layer's values are rounded to 2^bits levels, in its mode ``paper``.
    noise : float
        What every layer reads, the image too, has independent normal noise of this standard deviation added to it, in
        training and after; of `noise_kind` ``multiplicative``, noise * |value|. Not together with `bits`.
    dropout : float
        Share of what every block reads that is set to 0 in training (the rest divided by one minus the share), before
        the noise.

    Raises
    ------
    InputError
        For a parameter out of range.

    Notes
    -----
    With the defaults, the network that Butakov et al. draw (code of 2023): blocks of 8, 16 and 32 channels, 32 units,
    10 classes; 7274 parameters. ``channels=(2, 2), dense=(20,), activation="relu", bits=8`` is the convolutional one of
    Lorenzen, Igel and Nielsen (ICLR 2022, appendix E).
    """

    channels: tuple[int, ...] = (8, 16, 32)
    dense: tuple[int, ...] = (32,)
    classes: int = 10
    side: int = 28
    activation: Activation = "leaky-relu"
    bits: int | None = None
    noise: float = 0.0
    noise_kind: NoiseKind = "multiplicative"
    dropout: float = 0.0

    def __post_init__(self) -> None:
        for name, least in (("channels", 1), ("dense", 0)):
            value = getattr(self, name)
            if not isinstance(value, tuple | list) or len(value) < least or not all(_is_count(each) for each in value):
                raise InputError(f"{name} is {value!r}: give a tuple of whole numbers of at least 1")
            object.__setattr__(self, name, tuple(int(each) for each in value))
        for name, least in (("classes", 2), ("side", 1)):
            if not _is_count(getattr(self, name), least):
                raise InputError(f"{name} is {getattr(self, name)!r}: give a whole number of at least {least}")
        check_choice("activation", self.activation, get_args(Activation))
        check_choice("noise_kind", self.noise_kind, get_args(NoiseKind))
        if self.bits is not None and not (_is_count(self.bits) and self.bits <= 16):
            raise InputError(f"bits is {self.bits!r}: give a whole number from 1 to 16, or none for no quantiser")
        for name, high in (("noise", math.inf), ("dropout", 1.0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < high:
                raise InputError(f"{name} is {value!r}: give a number from 0 to below {high:g}")
        if self.noise and self.bits is not None:
            raise InputError("noise and bits are both given: noisy layers are not quantised; leave one of them out")
        if self.sides[-1] < 1:
            raise InputError(
                f"images of side {self.side} are too small for {len(self.channels)} blocks: each takes 2 off and halves"
            )

    @property
    def sides(self) -> tuple[int, ...]:
        """Side of the image and of what each block puts out: (28, 13, 5, 1) by default."""
        found = [self.side]
        for _ in self.channels:
            found.append((found[-1] - KERNEL + 1) // 2)
        return tuple(found)

    @property
    def widths(self) -> tuple[int, ...]:
        """Numbers in the image and in each layer: (784, 1352, 400, 32, 32, 10) by default."""
        blocks = (channels * side * side for channels, side in zip(self.channels, self.sides[1:], strict=True))
        return (self.side * self.side, *blocks, *self.dense, self.classes)

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Of each layer's weights: (out, in, 3, 3) of a block, (units, inputs) of another layer."""
        blocks = zip(self.channels, (1, *self.channels), strict=False)
        widths = self.widths[len(self.channels) :]
        return (
            *((out, into, KERNEL, KERNEL) for out, into in blocks),
            *((units, inputs) for inputs, units in pairwise(widths)),
        )

    @property
    def reads(self) -> tuple[int, ...]:
        """Side of what each block reads: a last row and column that no pooling uses are left out. (28, 12, 4)."""
        return tuple(2 * side + KERNEL - 1 for side in self.sides[1:])

    @property
    def output(self) -> str:
        """As of `Network`: always softmax."""
        return "softmax"

    @property
    def mode(self) -> str:
        """As of `Network`."""
        return "float32-exact" if self.bits is None else "paper"

    @property
    def n_layers(self) -> int:
        """L, the output included."""
        return len(self.channels) + len(self.dense) + 1

    @property
    def n_parameters(self) -> int:
        """P, the length of the flat vector."""
        return sum(math.prod(shape) + shape[0] for shape in self.shapes)

    def layers(self, parameters: NDArray[Any]) -> list[tuple[NDArray[Any], NDArray[Any]]]:
        """Views of flat parameters, shape (..., P): per layer W, shape (..., *shape), and b, (..., units).

        Raises
        ------
        InputError
            If the last axis is not P long.
        """
        if parameters.shape[-1:] != (self.n_parameters,):
            raise InputError(f"parameters have shape {parameters.shape}: give (..., {self.n_parameters}) for {self}")
        found, at, leading = [], 0, parameters.shape[:-1]
        for shape in self.shapes:
            size = math.prod(shape)
            weights = parameters[..., at : at + size].reshape(*leading, *shape)
            at += size
            found.append((weights, parameters[..., at : at + shape[0]]))
            at += shape[0]
        return found

    def flat(self, layers: list[tuple[NDArray[Any], NDArray[Any]]]) -> NDArray[Any]:
        """The inverse of `layers`, for arrays without leading axes."""
        return np.concatenate([part.ravel() for layer in layers for part in layer])


AnyNetwork = Network | Convolutional


def _is_count(value: Any, least: int = 1) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and int(value) >= least
