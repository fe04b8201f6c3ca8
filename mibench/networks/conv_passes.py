# SPDX-License-Identifier: Apache-2.0
"""All layers of a convolutional network forth and back, tile by tile of 16 rows, in compiled code."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types

from mibench.networks import activations, conv_blocks, conv_dense
from mibench.networks.conv_blocks import Block
from mibench.networks.conv_disturb import disturb
from mibench.networks.small_loss import softmax_loss
from mibench.networks.small_rounding import PAPER, grid_of, round_tile
from mibench.numerics.lanes import LANES, Emit, emitted

__all__ = ["backward", "forward", "gather", "pack_all", "unpack_all"]


@njit(cache=True)
def _block(table: Any, layer: int) -> Any:
    t = table[layer]
    return Block(t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7], t[8], t[9], t[10])


@njit(cache=True)
def gather(inputs: Any, train: Any, labels: Any, order: Any, begin: int, end: int, work: Any) -> None:
    """Rows `begin` to `end` of the epoch into tiles; what is behind the last repeats a tile's first row."""
    kind, width = work.seen.dtype.type, inputs.shape[1]
    whole = width - width % LANES
    places = np.empty(LANES, dtype=np.int64)
    for tile in range((end - begin + LANES - 1) // LANES):
        here = begin + tile * LANES
        x, said = work.seen[tile], work.labels[tile]
        for j in range(LANES):
            row = order[here + j if here + j < end else here]
            said[j] = kind(labels[row])
            places[j] = train[row] * width
            for i in range(whole, width):
                x[i * LANES + j] = inputs[train[row], i]
        for i in range(0, whole, LANES):
            _turn(inputs, places, i, x, i * LANES)


@emitted
def _turn(typing_context: Any, rows: Any, places: Any, by: Any, out: Any, at: Any) -> Any:
    """16 numbers of each of 16 rows, `by` behind its place, as 16 lines."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit = Emit(context, builder, out.dtype)
        source, begins, target = emit.data(rows, args[0]), emit.data(places, args[1]), emit.data(out, args[3])
        found = []
        for j in range(LANES):
            place = builder.load(builder.gep(begins, [ir.Constant(args[2].type, j)]))
            found.append(emit.load(source, builder.add(place, args[2])))
        for i, line in enumerate(emit.turned(found)):
            emit.store(line, target, emit.shifted(args[4], i * LANES))
        return context.get_dummy_value()

    return types.void(rows, places, types.int64, out, types.int64), codegen


@njit(cache=True)
def pack_all(plan: Any, table: Any, parameters: Any, work: Any) -> None:
    """Weights and biases as the kernels read them, and zeros for their gradients."""
    for layer in range(table.shape[0]):
        block = _block(table, layer)
        taps = 9 if layer < plan.blocks else 1
        if layer < plan.blocks:
            conv_blocks.pack(block, parameters, work.packed)
        else:
            conv_dense.pack(block, parameters, work.packed)
        for unit in range(block.outputs):
            work.bias[block.bias + unit] = parameters[block.weights + block.outputs * block.inputs * taps + unit]
    for gradient in (work.gradient, work.packed_gradient, work.products):
        gradient.fill(0)


@njit(cache=True)
def unpack_all(plan: Any, table: Any, work: Any) -> None:
    """The kernels' gradients of weights into the flat gradient."""
    for layer in range(table.shape[0]):
        if layer < plan.blocks:
            conv_blocks.unpack(_block(table, layer), work.packed_gradient, work.gradient)
        else:
            conv_dense.unpack(_block(table, layer), work.products, work.gradient)


@njit(cache=True)
def forward(plan: Any, table: Any, count: int, where: Any, ranges: Any, epoch_ranges: Any, work: Any) -> None:
    """All layers of `count` rows; `where` is the noise's key, the epoch, the step and its row that these begin at."""
    layers, tiles = table.shape[0], (count + LANES - 1) // LANES
    leak = work.bias.dtype.type(plan.leak)
    disturbs = plan.noise > 0.0 or plan.drop > 0.0
    if disturbs:
        for tile in range(tiles):
            _disturb(plan, table, 0, tile, work.seen[tile], where, count, work)
    for layer in range(layers):
        block = _block(table, layer)
        begin, end = block.into * LANES, (block.into + block.outputs * block.made * block.made) * LANES
        low, high = np.inf, -np.inf
        for tile in range(tiles):
            x, out = work.seen[tile], work.values[tile]
            if layer < plan.blocks:
                conv_blocks.forward(block, x, work.packed, work.bias, leak, out, work.codes[tile])
            else:
                conv_dense.forward(block, x, work.packed, work.bias, out)
                if layer < layers - 1:
                    activations.activate_line(plan.activation, out[begin:end])
            if plan.most > 0.0:
                low, high = conv_dense.spread(out[begin:end], low, high)
        if plan.most > 0.0 and layer < layers - 1:
            grid = _paper_grid(plan, low, high, where[2] == 0, ranges[layer], epoch_ranges[layer])
            for tile in range(tiles):
                x, out = work.values[tile][begin:end].reshape(1, -1), work.seen[tile][begin:end].reshape(1, -1)
                round_tile(x, out, 0, 1, end - begin, grid, plan.most)
        if disturbs and layer < layers - 1:
            for tile in range(tiles):
                source = work.seen[tile] if plan.most > 0.0 else work.values[tile]
                _disturb(plan, table, layer + 1, tile, source, where, count, work)


@njit(cache=True)
def _disturb(plan: Any, table: Any, layer: int, tile: int, source: Any, where: Any, count: int, work: Any) -> None:
    """What a layer reads of `source`."""
    block = _block(table, layer)
    blocky = layer < plan.blocks
    sizes = (block.begin, block.inputs, block.side if blocky else 1, 2 * _pooled(block.side) + 2 if blocky else 1)
    own = (where[0], where[1], where[2], layer + 1, where[3] + tile * LANES)
    kind = (plan.drop if blocky else 0.0, plan.noise, plan.additive)
    left = min(count - tile * LANES, LANES)
    disturb(sizes, kind, own, left, source, work.seen[tile], work.factors[tile], work.numbers)


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
def backward(plan: Any, table: Any, tile: int, count: int, work: Any) -> Any:
    """Loss and right answers of a tile's `count` rows, and its share of the gradient of the summed loss."""
    layers = table.shape[0]
    seen, values, codes, delta = work.seen[tile], work.values[tile], work.codes[tile], work.delta
    last = _block(table, layers - 1)
    logits, slopes = values.reshape(-1, LANES), delta.reshape(-1, LANES)
    loss, right = softmax_loss(
        logits, last.into, last.outputs, work.labels[tile], slopes[last.into :], work.scratch, count, LANES
    )
    for layer in range(layers - 1, -1, -1):
        block = _block(table, layer)
        _settle(plan, block, layer, layers, values, work.factors[tile], delta, work.gradient)
        if layer < plan.blocks:
            conv_blocks.weight_gradient(block, seen, delta, codes, work.packed_gradient)
            if layer > 0:
                delta[block.begin * LANES : block.into * LANES].fill(0.0)
                conv_blocks.input_gradient(block, delta, codes, work.packed, delta)
        else:
            conv_dense.weight_gradient(block, seen, delta, work.products)
            conv_dense.input_gradient(block, delta, work.packed)
    return loss, right


@njit(cache=True, fastmath={"contract", "reassoc", "nsz"})
def _settle(
    plan: Any, block: Any, layer: int, layers: int, values: Any, factors: Any, delta: Any, gradient: Any
) -> None:
    """Of the gradient by what the next layer reads that by the layer's sums, and from it that of the biases."""
    real = delta.dtype.type
    one, leak, size = real(1.0), real(plan.leak), block.made * block.made * LANES
    biases = block.weights + block.outputs * block.inputs * (9 if layer < plan.blocks else 1)
    for unit in range(block.outputs):
        at, total = block.into * LANES + unit * size, real(0.0)
        line, value = delta[at : at + size], values[at : at + size]
        if layer < layers - 1 and factors.size > 0:
            factor = factors[at : at + size]
            for k in range(size):
                line[k] *= factor[k]
        if layer < layers - 1:
            for k in range(size):
                line[k] *= one if value[k] > real(0.0) else leak
        for k in range(size):
            total += line[k]
        gradient[biases + unit] += total
