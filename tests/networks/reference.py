# SPDX-License-Identifier: Apache-2.0
"""The training that every engine must reproduce, one run at a time, by torch's autograd and optimisers in float64.

Written to be read. What it fixes, where a description of the training could be read in two ways:

- An epoch's rows come in the order ``streams`` gives for (key of orders, epoch); epochs count from 0 and `state.epoch`
  is the number already done. Without `shuffle`: as they stand.
- ``paper``: hidden values are rounded to 2^bits levels on the range of the epoch's batches so far, this one included,
  in the first batch on that of the whole last epoch, and where there is none, or it is one point, on the tensor's own.
  What lies outside is clipped; the gradient is 1 everywhere. Neither weights nor logits are rounded.
- ``tfmot`` and ``instant``: the grid contains 0 (`FakeQuant`), the gradient is 0 outside of the grid, by more than a
  thousandth of a step: rounding must not decide about the greatest value itself. Layers of tanh are rounded on the
  tensor's own range, their weights are not rounded. The others, and the output, which is rounded before the softmax or
  sigmoid, round their weights on the weights' own range and their values on a range which is, for ``instant``, the
  tensor's own, for ``tfmot`` a moving average with decay 0.999 over the steps, this one included.
- Noise is added to hidden values after the activation: that of the epoch, the step within it, and the layer from 1.
- Loss and accuracy of an epoch are means over its rows; the class is the first greatest logit, or 1 above 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mibench.networks.spec import Network, Training
from mibench.networks.state import Rows, State
from mibench.numerics import streams

ACTIVATIONS: dict[str, Any] = {
    "tanh": torch.tanh,
    "relu": functional.relu,
    "elu": functional.elu,
    "relu6": functional.relu6,
    "leaky-relu": functional.leaky_relu,
    "softsign": functional.softsign,
    "linear": lambda z: z,
}


def advance(network: Network, training: Training, state: State, rows: Rows, epochs: int) -> tuple[Any, Any]:
    """As `mibench.networks.state.Engine.advance`."""
    loss = np.zeros((len(state.keys), epochs), dtype=np.float32)
    accuracy = np.zeros_like(loss)
    steps = state.steps
    for run in range(len(state.keys)):
        steps = _advance_run(network, training, state, rows, run, loss[run], accuracy[run])
    state.steps = steps
    state.epoch += epochs
    return loss, accuracy


def _advance_run(
    network: Network, training: Training, state: State, rows: Rows, run: int, loss: Any, accuracy: Any
) -> int:
    inputs = torch.from_numpy(rows.inputs.astype(np.float64)[rows.train[run]])
    labels = torch.from_numpy(rows.labels[run])
    layers = [
        (torch.tensor(w, requires_grad=True), torch.tensor(b, requires_grad=True))
        for w, b in network.layers(state.parameters[run].astype(np.float64))
    ]
    optimiser = _optimiser(network, training, state, run, layers)
    ranges = torch.tensor(state.ranges[run], dtype=torch.float64)
    order_key, key = state.keys[run]
    step, hidden = state.steps, range(network.n_layers - 1)
    for epoch in range(len(loss)):
        epoch_range = torch.zeros_like(ranges)  # of this epoch's batches so far, for "paper"
        for at, batch in enumerate(_batches(training, order_key, state.epoch + epoch, len(labels))):
            noise = [_noise(network, key, state.epoch + epoch, at, layer, len(batch)) for layer in hidden]
            z = _forward(network, layers, inputs[batch], noise, ranges, epoch_range, at == 0)
            if network.output == "softmax":
                each = functional.cross_entropy(z, labels[batch], reduction="none")
                right = z.argmax(1) == labels[batch]
            else:
                each = functional.binary_cross_entropy_with_logits(z[:, 0], labels[batch].double(), reduction="none")
                right = (z[:, 0] > 0).long() == labels[batch]
            optimiser.zero_grad()
            each.mean().backward()
            optimiser.step()
            with torch.no_grad():
                for w, _ in layers[:-1]:
                    w -= training.orthonormal * (w @ w.T @ w - w)
            loss[epoch] += each.sum().item() / len(labels)
            accuracy[epoch] += right.sum().item() / len(labels)
            step += 1
        if network.mode == "paper":
            ranges = epoch_range
    _write_back(state, run, network, training, layers, optimiser, ranges)
    return step


def _batches(training: Training, key: Any, epoch: int, n: int) -> Iterator[Any]:
    order = streams.order(key, epoch, n) if training.shuffle else np.arange(n)
    size = n if training.batch is None else training.batch
    for at in range(0, n, size):
        yield torch.from_numpy(np.asarray(order[at : at + size], dtype=np.int64))


def _forward(
    network: Network,
    layers: list[tuple[Tensor, Tensor]],
    x: Tensor,
    noise: list[Tensor],
    ranges: Tensor,
    epoch_range: Tensor,
    first: bool,
) -> Tensor:
    """Logits of a batch; moves on the ranges."""
    for layer, (w, b) in enumerate(layers):
        hidden = layer < len(layers) - 1
        bounded = hidden and network.activation == "tanh"
        rounding = network.mode in ("tfmot", "instant")
        if rounding and not bounded:
            ranges[layer, 2], ranges[layer, 3] = w.min().detach(), w.max().detach()
            w = FakeQuant.apply(w, w.min().detach(), w.max().detach(), network.bits)
        x = x @ w.T + b
        if hidden:
            x = ACTIVATIONS[network.activation](x)
            x = x + noise[layer]
        low, high = x.min().detach(), x.max().detach()
        if rounding:
            if network.mode == "tfmot" and not bounded:
                ranges[layer, 0] += 0.001 * (min(low, torch.zeros_like(low)) - ranges[layer, 0])
                ranges[layer, 1] += 0.001 * (max(high, torch.zeros_like(high)) - ranges[layer, 1])
                low, high = ranges[layer, 0].clone(), ranges[layer, 1].clone()
            x = FakeQuant.apply(x, low, high, network.bits)
        elif network.mode == "paper" and hidden:
            epoch_range[layer, 0] = low if first else min(low, epoch_range[layer, 0])
            epoch_range[layer, 1] = high if first else max(high, epoch_range[layer, 1])
            used = (ranges if first else epoch_range)[layer, :2]
            x = Levels.apply(x, *(used if used[1] > used[0] else (low, high)), network.bits)
    return x


class Levels(torch.autograd.Function):
    """2^bits levels from `low` to `high`, ties upwards; the gradient passes straight through."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, low: Tensor, high: Tensor, bits: int) -> Tensor:
        step = (high - low) / (2**bits - 1)
        if step == 0:
            return x.clone()
        return torch.floor((x.clamp(low, high) - low) / step + 0.5) * step + low

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        return gradients[0], None, None, None


class FakeQuant(torch.autograd.Function):
    """TensorFlow's fake_quant: 2^bits levels of which one is 0; the gradient is 1 on the grid's range, 0 outside."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, low: Tensor, high: Tensor, bits: int) -> Tensor:
        low, high = torch.clamp(low, max=0.0), torch.clamp(high, min=0.0)
        if low == high:
            ctx.save_for_backward(x == 0)
            return torch.zeros_like(x)
        most = 2**bits - 1
        step = (high - low) / most
        zero = torch.clamp(torch.floor(-low / step + 0.5), 0, most)
        low, high = -zero * step, (most - zero) * step
        slack = step / 1000
        ctx.save_for_backward((x >= low - slack) & (x <= high + slack))
        return torch.floor((x.clamp(low, high) - low) / step + 0.5) * step + low

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        (inside,) = ctx.saved_tensors
        return gradients[0] * inside, None, None, None


def _optimiser(
    network: Network, training: Training, state: State, run: int, layers: list[tuple[Tensor, Tensor]]
) -> torch.optim.Optimizer:
    """Torch's own, with the state's moments in it."""
    parameters = [part for layer in layers for part in layer]
    optimiser: torch.optim.Optimizer
    if training.optimiser == "adam":
        betas = (training.beta1, training.beta2)
        optimiser = torch.optim.Adam(parameters, lr=training.learning_rate, betas=betas, eps=training.epsilon)
    else:
        optimiser = torch.optim.SGD(parameters, lr=training.learning_rate, momentum=training.momentum)
    moments = [
        [part for layer in network.layers(all_of[run].astype(np.float64)) for part in layer]
        for all_of in (state.first, state.second)
    ]
    for parameter, first, second in zip(parameters, *moments, strict=True):
        if training.optimiser == "adam":
            optimiser.state[parameter] = {
                "step": torch.tensor(float(state.steps)),
                "exp_avg": torch.tensor(first),
                "exp_avg_sq": torch.tensor(second),
            }
        elif training.momentum:
            optimiser.state[parameter] = {"momentum_buffer": torch.tensor(first)}
    return optimiser


def _write_back(
    state: State,
    run: int,
    network: Network,
    training: Training,
    layers: list[tuple[Tensor, Tensor]],
    optimiser: torch.optim.Optimizer,
    ranges: Tensor,
) -> None:
    def flat(name: str | None) -> Any:
        found = [(w, b) if name is None else (optimiser.state[w][name], optimiser.state[b][name]) for w, b in layers]
        return network.flat([(w.detach().numpy(), b.detach().numpy()) for w, b in found])

    state.parameters[run] = flat(None)
    if training.optimiser == "adam":
        state.first[run], state.second[run] = flat("exp_avg"), flat("exp_avg_sq")
    elif training.momentum:
        state.first[run] = flat("momentum_buffer")
    state.ranges[run] = ranges


def _noise(network: Network, key: Any, epoch: int, step: int, layer: int, rows: int) -> Tensor:
    normals = np.zeros((network.widths[layer + 1], rows))
    if network.noise:
        streams.normals(key, epoch, step, layer + 1, normals)
    return network.noise * torch.from_numpy(normals.T)
