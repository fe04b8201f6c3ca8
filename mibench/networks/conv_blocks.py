# SPDX-License-Identifier: Apache-2.0
"""Blocks of a convolution, max pooling and an activation on 16 rows of a batch, forth and back, in compiled code.

Lines are laid out (channels, side, side); only what pooling uses is computed. Sums over channels and places stay in
registers (`mibench.networks.conv_lanes`), so that arithmetic, not memory, sets the pace.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from numba import njit

from mibench.networks.conv_lanes import (
    BLOCK,
    add_patch,
    add_totals,
    biases,
    patch_products,
    patch_spread,
    patch_sums,
    pool,
)
from mibench.numerics.lanes import LANES, zeros

__all__ = ["BLOCK", "Block", "forward", "input_gradient", "pack", "unpack", "weight_gradient"]


class Block(NamedTuple):
    """A block's sizes, and where it lies: lines in those of all layers, weights in the flat vector and packed."""

    inputs: int  # channels
    outputs: int
    side: int  # of what it reads, as it is stored
    made: int  # side of its values
    used: int  # side of those that are read on
    begin: int  # first line of what it reads
    into: int  # first line of its values
    weights: int  # place in the flat vector
    packed: int  # place of its packed weights
    bias: int  # place of its packed biases
    products: int  # first of a fully connected layer's lines of products


@njit(cache=True)
def pack(block: Any, parameters: Any, packed: Any) -> None:
    """Weights by pairs of filters, (pair, channel, tap, filter); zeros where the last filter has no second."""
    for f in range(block.outputs):
        for c in range(block.inputs):
            source = block.weights + (f * block.inputs + c) * 9
            target = block.packed + (f // 2 * block.inputs + c) * BLOCK + f % 2
            for tap in range(9):
                packed[target + 2 * tap] = parameters[source + tap]


@njit(cache=True)
def unpack(block: Any, packed: Any, gradient: Any) -> None:
    """The packed gradient of the weights into the flat one."""
    for f in range(block.outputs):
        for c in range(block.inputs):
            target = block.weights + (f * block.inputs + c) * 9
            source = block.packed + (f // 2 * block.inputs + c) * BLOCK + f % 2
            for tap in range(9):
                gradient[target + tap] += packed[source + 2 * tap]


@njit(cache=True)
def forward(block: Any, x: Any, packed: Any, bias: Any, leak: Any, out: Any, codes: Any) -> None:
    """Values of a block, and which of the 4 positions each has; `x`, `out` and `codes` are all layers' lines, flat."""
    row, plane, made = block.side * LANES, block.side * block.side * LANES, block.made * block.made * LANES
    for i in range(block.made):
        for j in range(block.made):
            at = block.begin * LANES + 2 * i * row + 2 * j * LANES
            target = (block.into + i * block.made + j) * LANES
            for pair in range((block.outputs + 1) // 2):
                sums = biases(bias, block.bias + 2 * pair)
                k = block.packed + pair * block.inputs * BLOCK
                for c in range(block.inputs):
                    sums = patch_sums(sums, x, at + c * plane, row, packed, k + c * BLOCK)
                pool(sums, leak, out, codes, target + 2 * pair * made, made)


@njit(cache=True)
def weight_gradient(block: Any, x: Any, delta: Any, codes: Any, packed: Any) -> None:
    """Add to the packed gradient that of the weights; `delta` is the gradient by the convolution's greatest sums."""
    row, plane, made = block.side * LANES, block.side * block.side * LANES, block.made * block.made * LANES
    for pair in range((block.outputs + 1) // 2):
        for c in range(block.inputs):
            sums = zeros(x, BLOCK)
            for i in range(block.used):
                at = block.begin * LANES + c * plane + 2 * i * row
                place = (block.into + i * block.made) * LANES + 2 * pair * made
                for j in range(block.used):
                    sums = patch_products(sums, x, at + 2 * j * LANES, row, delta, codes, place + j * LANES, made)
            add_totals(sums, packed, block.packed + (pair * block.inputs + c) * BLOCK)


@njit(cache=True)
def input_gradient(block: Any, delta: Any, codes: Any, packed: Any, below: Any) -> None:
    """Add to `below` the gradient by what the block reads; it may be the same array as `delta`."""
    row, plane, made = block.side * LANES, block.side * block.side * LANES, block.made * block.made * LANES
    for i in range(block.used):
        for j in range(block.used):
            at = block.begin * LANES + 2 * i * row + 2 * j * LANES
            place = (block.into + i * block.made + j) * LANES
            for c in range(block.inputs):
                sums = zeros(below, 16)
                for pair in range((block.outputs + 1) // 2):
                    k = block.packed + (pair * block.inputs + c) * BLOCK
                    sums = patch_spread(sums, delta, codes, place + 2 * pair * made, made, packed, k)
                add_patch(sums, below, at + c * plane, row)
