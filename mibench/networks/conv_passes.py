# SPDX-License-Identifier: Apache-2.0
"""All layers of a convolutional network forth and back, tile by tile of 16 rows, in compiled code."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from mibench.networks import activations, conv_blocks
from mibench.networks.conv_blocks import Block
from mibench.networks.conv_disturb import disturb
from mibench.networks.small_lines import combine, dots
from mibench.networks.small_loss import softmax_loss
from mibench.networks.small_rounding import PAPER, grid_of, round_tile, spread_tile
from mibench.numerics.lanes import LANES

__all__ = ["backward", "forward", "gather", "pack_all", "unpack_all"]


@njit(cache=True)
def _block(table: Any, layer: int) -> Any:
    t = table[layer]
    return Block(t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7], t[8])


@njit(cache=True)
def gather(inputs: Any, train: Any, labels: Any, order: Any, begin: int, end: int, work: Any) -> None:
    """Rows `begin` to `end` of the epoch into tiles; what is behind the last repeats a tile's first row."""
    kind = work.seen.dtype.type
    for tile in range((end - begin + LANES - 1) // LANES):
        here = begin + tile * LANES
        x, said = work.seen[tile], work.labels[tile]
        for j in range(LANES):
            row = order[here + j if here + j < end else here]
            said[j] = kind(labels[row])
            source = inputs[train[row]]
            for i in range(source.size):
                x[i * LANES + j] = source[i]


@njit(cache=True)
def pack_all(plan: Any, table: Any, parameters: Any, work: Any) -> None:
    """Weights of the blocks as their kernels read them."""
    for layer in range(plan.blocks):
        conv_blocks.pack(_block(table, layer), parameters, work.packed)


@njit(cache=True)
def unpack_all(plan: Any, table: Any, work: Any) -> None:
    """The blocks' gradients of weights into the flat gradient."""
    for layer in range(plan.blocks):
        conv_blocks.unpack(_block(table, layer), work.packed_gradient, work.gradient)


@njit(cache=True)
def forward(
    plan: Any, table: Any, weights: Any, count: int, where: Any, ranges: Any, epoch_ranges: Any, work: Any
) -> None:
    """All layers of `count` rows; `where` is the noise's key, the epoch, the step and its row that these begin at."""
    layers, tiles = table.shape[0], (count + LANES - 1) // LANES
    where = (*where, count)
    leak = weights.dtype.type(plan.leak)
    disturbs = plan.noise > 0.0 or plan.drop > 0.0
    if disturbs:
        for tile in range(tiles):
            _disturb(plan, table, 0, tile, work.seen[tile], where, work)
    for layer in range(layers):
        block = _block(table, layer)
        begin, end = block.into * LANES, (block.into + block.outputs * block.made * block.made) * LANES
        low, high = np.inf, -np.inf
        for tile in range(tiles):
            x, out = work.seen[tile], work.values[tile]
            if layer < plan.blocks:
                _bias(block, weights, work.bias)
                conv_blocks.forward(block, x, work.packed, work.bias, leak, out, work.codes[tile])
            else:
                lines, made = x.reshape(-1, LANES), out.reshape(-1, LANES)
                bias = block.weights + block.outputs * block.inputs
                for unit in range(block.outputs):
                    at, own = block.weights + unit * block.inputs, weights[bias + unit]
                    combine(made, block.into + unit, lines, block.begin, block.inputs, weights, at, 1, own, LANES)
                if layer < layers - 1:
                    activations.activate_line(plan.activation, out[begin:end])
            if plan.most > 0.0:
                low, high = spread_tile(out[begin:end].reshape(1, -1), 0, 1, end - begin, low, high)
        if plan.most > 0.0 and layer < layers - 1:
            grid = _paper_grid(plan, low, high, where[2] == 0, ranges[layer], epoch_ranges[layer])
            for tile in range(tiles):
                x, out = work.values[tile][begin:end].reshape(1, -1), work.seen[tile][begin:end].reshape(1, -1)
                round_tile(x, out, 0, 1, end - begin, grid, plan.most)
        if disturbs and layer < layers - 1:
            for tile in range(tiles):
                source = work.seen[tile] if plan.most > 0.0 else work.values[tile]
                _disturb(plan, table, layer + 1, tile, source, where, work)


@njit(cache=True)
def _bias(block: Any, weights: Any, bias: Any) -> None:
    at = block.weights + block.outputs * block.inputs * 9
    for f in range(block.outputs):
        bias[f] = weights[at + f]
    bias[block.outputs] = 0.0


@njit(cache=True)
def _disturb(plan: Any, table: Any, layer: int, tile: int, source: Any, where: Any, work: Any) -> None:
    """What a layer reads of `source`."""
    block = _block(table, layer)
    blocky = layer < plan.blocks
    sizes = (block.begin, block.inputs, block.side if blocky else 1, 2 * _pooled(block.side) + 2 if blocky else 1)
    own = (where[0], where[1], where[2], layer + 1, where[3] + tile * LANES, min(where[4] - tile * LANES, LANES))
    drop = plan.drop if blocky else 0.0
    buffers = (work.numbers, work.kept, work.normals)
    disturb(sizes, drop, plan.noise, plan.additive, own, source, work.seen[tile], work.factors[tile], buffers)


@njit(cache=True)
def _pooled(side: int) -> int:
    return (side - 2) // 2


@njit(cache=True)
def _paper_grid(plan: Any, low: float, high: float, first_batch: bool, remembered: Any, so_far: Any) -> Any:
    """The grid of a layer whose values in this batch reach from `low` to `high`, as `mibench.networks.quantisers`."""
    so_far[0] = low if first_batch else min(low, np.float64(so_far[0]))
    so_far[1] = high if first_batch else max(high, np.float64(so_far[1]))
    use = remembered if first_batch else so_far
    if use[1] > use[0]:
        low, high = np.float64(use[0]), np.float64(use[1])
    return grid_of(PAPER, low, high, plan.most)


@njit(cache=True)
def backward(plan: Any, table: Any, weights: Any, tile: int, count: int, work: Any) -> Any:
    """Loss and right answers of a tile's `count` rows, and its share of the gradient of the summed loss."""
    layers = table.shape[0]
    seen, values, codes, delta = work.seen[tile], work.values[tile], work.codes[tile], work.delta
    x, slopes = seen.reshape(-1, LANES), delta.reshape(-1, LANES)
    last = _block(table, layers - 1)
    logits = values.reshape(-1, LANES)
    loss, right = softmax_loss(
        logits, last.into, last.outputs, work.labels[tile], slopes[last.into :], work.scratch, count, LANES
    )
    for layer in range(layers - 1, -1, -1):
        block = _block(table, layer)
        begin, end = block.into * LANES, (block.into + block.outputs * block.made * block.made) * LANES
        if layer < layers - 1:
            if work.factors.shape[1] > 0:
                _multiply(work.factors[tile][begin:end], delta[begin:end])
            activations.times_slope(plan.activation, values[begin:end], delta[begin:end])
        if layer < plan.blocks:
            conv_blocks.weight_gradient(block, seen, delta, codes, work.packed_gradient)
            _bias_gradient(block, delta, work.gradient)
            if layer > 0:
                delta[block.begin * LANES : begin].fill(0.0)
                conv_blocks.input_gradient(block, delta, codes, work.packed, delta)
        else:
            bias = block.weights + block.outputs * block.inputs
            for unit in range(block.outputs):
                at = block.weights + unit * block.inputs
                dots(slopes, block.into + unit, x, block.begin, block.inputs, work.gradient, at, bias + unit, LANES)
            for k in range(block.inputs):
                at, none = block.weights + k, weights.dtype.type(0.0)
                combine(
                    slopes, block.begin + k, slopes, block.into, block.outputs, weights, at, block.inputs, none, LANES
                )
    return loss, right


@njit(cache=True, fastmath={"contract"})
def _multiply(factors: Any, line: Any) -> None:
    for k in range(line.size):
        line[k] *= factors[k]


@njit(cache=True, fastmath={"contract", "reassoc", "nsz"})
def _bias_gradient(block: Any, delta: Any, gradient: Any) -> None:
    size = block.made * block.made * LANES
    at = block.weights + block.outputs * block.inputs * 9
    for f in range(block.outputs):
        total = delta.dtype.type(0.0)
        line = delta[block.into * LANES + f * size :][:size]
        for k in range(size):
            total += line[k]
        gradient[at + f] += total
