# SPDX-License-Identifier: Apache-2.0
"""Where the layers of a convolutional network lie in the compiled engine's buffers, and these buffers."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mibench.networks import activations
from mibench.networks.conv_blocks import BLOCK, Block
from mibench.networks.conv_dense import eights
from mibench.networks.convolutional import Convolutional
from mibench.networks.spec import Training
from mibench.numerics.lanes import LANES

__all__ = ["Plan", "Work", "layout", "plan_of", "work_for"]

_ALIGNED = 64  # bytes: a vector of 16 float32 in one line of the cache


class Plan(NamedTuple):
    """What of `Convolutional` and `Training` compiled code reads."""

    blocks: int
    activation: int
    leak: float  # what a negative value is multiplied by
    most: float  # the greatest code, 0 where nothing is rounded
    noise: float
    additive: bool
    drop: float
    batch: int
    shuffle: bool
    adam: bool
    rate: float
    beta1: float
    beta2: float
    epsilon: float
    momentum: float


def plan_of(network: Convolutional, training: Training) -> Plan:
    """The plan of a training."""
    leak = float(activations.slope(network.activation, np.array([-1.0]))[0])
    return Plan(
        blocks=len(network.channels),
        activation=activations.code(network.activation),
        leak=leak,
        most=0.0 if network.bits is None else 2.0**network.bits - 1.0,
        noise=float(network.noise),
        additive=network.noise_kind == "additive",
        drop=float(network.dropout),
        batch=training.batch or 0,
        shuffle=training.shuffle,
        adam=training.optimiser == "adam",
        rate=float(training.learning_rate),
        beta1=float(training.beta1),
        beta2=float(training.beta2),
        epsilon=float(training.epsilon),
        momentum=float(training.momentum),
    )


def layout(network: Convolutional) -> NDArray[np.int64]:
    """Each layer's `Block`, shape (L, fields); of a fully connected one the sides are 1.

    Without rounding, values that no pooling reads are not made.
    """
    rows, begin, weights, packed, bias, products = [], 0, 0, 0, 0, 0
    blocks = len(network.channels)
    stored = network.side  # side of the layer below, as it is stored
    into = eights(network.widths[0])
    for layer, shape in enumerate(network.shapes):
        outputs = shape[0]
        inputs = shape[1] if layer < blocks else network.widths[layer]
        made = used = 1
        if layer < blocks:
            made = network.sides[layer + 1]
            used = network.reads[layer + 1] if layer + 1 < blocks else made
            made = made if network.bits is not None else used
        rows.append(Block(inputs, outputs, stored, made, used, begin, into, weights, packed, bias, products))
        begin, stored = into, made
        into += eights((outputs + outputs % 2) * made * made)  # filters come in pairs, other lines by eights
        weights += math.prod(shape) + outputs
        bias += eights(outputs)
        if layer < blocks:
            packed += (outputs + 1) // 2 * inputs * BLOCK
        else:
            packed += eights(outputs) * inputs + eights(inputs) * outputs
            products += outputs * inputs
    return np.array(rows, dtype=np.int64)


class Work(NamedTuple):
    """Buffers of one run; a tile's are flat, in lines of 16."""

    values: Any  # (tiles, lines * 16)
    seen: Any  # the same of what the next layer reads; `values` itself where that is what it reads
    factors: Any  # the derivatives of what is seen, empty where `seen` is `values`
    codes: Any  # (tiles, lines * 16), of the pooled positions
    labels: Any  # (tiles, 16)
    delta: Any  # (lines * 16,)
    packed: Any  # weights as the kernels read them
    packed_gradient: Any  # of the blocks
    bias: Any  # of all layers, by eights
    products: Any  # (weights of fully connected layers * 16,)
    gradient: Any  # (P,)
    scratch: Any  # (3, 16)
    numbers: Any  # (12, 16), of `mibench.networks.conv_disturb`


def work_for(network: Convolutional, table: NDArray[np.int64], batch: int, dtype: Any) -> Work:
    """Buffers for batches of `batch` rows."""
    dense, last = (Block(*map(int, table[layer])) for layer in (len(network.channels), -1))
    rounds = network.bits is not None
    tiles = -(-batch // LANES) if rounds else 1
    size = (last.into + eights(last.outputs)) * LANES
    disturbed = bool(network.noise or network.dropout)
    values = _aligned((tiles, size), dtype)
    packed = last.packed + eights(last.outputs) * last.inputs + eights(last.inputs) * last.outputs
    return Work(
        values=values,
        seen=_aligned((tiles, size), dtype) if rounds or disturbed else values,
        factors=_aligned((tiles, size if disturbed else 0), dtype),
        codes=_aligned((tiles, size), np.uint8),
        labels=np.zeros((tiles, LANES), dtype=dtype),
        delta=_aligned((size,), dtype),
        packed=_aligned((packed,), dtype),
        packed_gradient=_aligned((dense.packed,), dtype),
        bias=_aligned((last.bias + eights(last.outputs),), dtype),
        products=_aligned(((last.products + last.outputs * last.inputs) * LANES,), dtype),
        gradient=np.zeros(network.n_parameters, dtype=dtype),
        scratch=_aligned((3, LANES), dtype),
        numbers=_aligned((12, LANES), np.uint32),
    )


def _aligned(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    size = math.prod(shape)
    room = np.zeros(size + _ALIGNED, dtype=dtype)
    begin = -room.ctypes.data % _ALIGNED // room.itemsize
    return room[begin : begin + size].reshape(shape)
