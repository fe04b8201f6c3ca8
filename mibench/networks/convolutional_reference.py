# SPDX-License-Identifier: Apache-2.0
"""Training of a convolutional network by torch's own convolutions, autograd and optimisers, one run after another.

It is what the compiled engine (`mibench.networks.conv_engine`) is tested against, and the engine for other devices; it
draws the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from mibench.networks.conv_disturb import drawn
from mibench.networks.convolutional import Convolutional
from mibench.networks.spec import Training
from mibench.networks.state import Rows, State
from mibench.numerics import streams
from mibench.numerics.device import pick

__all__ = ["ConvolvedByTorch", "layers_of", "values"]

_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "leaky-relu": functional.leaky_relu,
}
Between = Callable[[int, Tensor], Tensor]


def layers_of(network: Convolutional, parameters: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Weights and biases of each layer as views of a flat tensor, shape (P,)."""
    sizes = [size for shape in network.shapes for size in (int(np.prod(shape)), shape[0])]
    parts = torch.split(parameters, sizes)
    return [(parts[2 * i].view(shape), parts[2 * i + 1]) for i, shape in enumerate(network.shapes)]


def values(
    network: Convolutional,
    layers: list[tuple[Tensor, Tensor]],
    images: Tensor,
    disturbed: Between = lambda layer, x: x,
    rounded: Between = lambda layer, x: x,
) -> list[Tensor]:
    """Values of all layers, the last the logits.

    Parameters
    ----------
    network : Convolutional
    layers : list of (Tensor, Tensor)
        As `layers_of` gives them.
    images : Tensor, shape (n, side * side)
    disturbed : callable
        What layer 1 to L reads in place of x, of shape (n, channels, side, side) or (n, units).
    rounded : callable
        What becomes of the values of hidden layer 1 to L - 1.

    Returns
    -------
    list of Tensor, shapes (n, channels, side, side) and (n, units)
    """
    x = images.view(-1, 1, network.side, network.side)
    activate, found = _ACTIVATIONS[network.activation], []
    for number, (weights, bias) in enumerate(layers, start=1):
        if weights.dim() == 4:
            side = network.reads[number - 1]
            x = disturbed(number, x[:, :, :side, :side])
            x = activate(functional.max_pool2d(functional.conv2d(x, weights, bias), 2))
        else:
            x = functional.linear(disturbed(number, x.flatten(1)), weights, bias)
            x = activate(x) if number < len(layers) else x
        if number < len(layers):
            x = rounded(number, x)
        found.append(x)
    return found


class ConvolvedByTorch:
    """Trains convolutional networks in torch, one run after another.

    Parameters
    ----------
    device : torch.device or str, optional
        By default the one that the environment variable ``MIBENCH_DEVICE`` names, else the CPU.

    Raises
    ------
    InputError
        Where the environment names a device that is not there.
    """

    def __init__(self, device: torch.device | str | None = None) -> None:
        self.device = pick("cpu") if device is None else torch.device(device)

    def advance(
        self, network: Convolutional, training: Training, state: State, rows: Rows, epochs: int
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """As `mibench.networks.state.Engine.advance`."""
        found = np.zeros((2, len(state.keys), epochs), dtype=np.float32)
        inputs = torch.from_numpy(rows.inputs).to(self.device)
        steps = state.steps
        for run in range(len(state.keys)):
            one = _Run(network, training, state, run, self.device)
            train = torch.from_numpy(rows.train[run]).to(self.device)
            labels = torch.from_numpy(rows.labels[run]).to(self.device)
            for epoch in range(epochs):
                found[:, run, epoch] = one.epoch(state.epoch + epoch, inputs, train, labels)
            steps = one.write(state)
        state.steps = steps
        state.epoch += epochs
        return found[0], found[1]


class _Run:
    def __init__(
        self, network: Convolutional, training: Training, state: State, run: int, device: torch.device
    ) -> None:
        self.network, self.training, self.run, self.device = network, training, run, device
        self.keys, self.steps = state.keys[run], state.steps
        self.flat = torch.tensor(state.parameters[run], device=device, requires_grad=True)
        self.optimiser = _optimiser(training, state, run, self.flat)
        self.ranges = torch.tensor(state.ranges[run], device=device)

    def epoch(self, epoch: int, inputs: Tensor, train: Tensor, labels: Tensor) -> tuple[float, float]:
        """Train for an epoch; loss and accuracy."""
        loss = torch.zeros((), dtype=torch.float64, device=self.device)
        right = torch.zeros_like(loss)
        so_far = torch.zeros_like(self.ranges)
        for step, at in enumerate(_batches(self.training, self.keys[0], epoch, len(train))):
            those = at.to(self.device)
            images, said = inputs.index_select(0, train[those]), labels[those]
            self.optimiser.zero_grad()
            disturbed, rounded = self._disturbed(epoch, step, len(those)), self._rounded(so_far, step == 0)
            logits = values(self.network, layers_of(self.network, self.flat), images, disturbed, rounded)[-1]
            each = functional.cross_entropy(logits, said, reduction="none")
            each.mean().backward()  # type: ignore[no-untyped-call]
            self.optimiser.step()
            self.steps += 1
            loss += each.detach().sum()
            right += (logits.max(1).indices == said).sum()
        self.ranges = so_far
        return float(loss) / len(train), float(right) / len(train)

    def write(self, state: State) -> int:
        """Into the state's own arrays; the steps done."""
        moments = self.optimiser.state[self.flat]
        state.parameters[self.run] = self.flat.detach().cpu().numpy()
        for into, names in ((state.first, ("exp_avg", "momentum_buffer")), (state.second, ("exp_avg_sq",))):
            for name in names:
                if moments.get(name) is not None:
                    into[self.run] = moments[name].cpu().numpy()
        state.ranges[self.run] = self.ranges.cpu().numpy()
        return self.steps

    def _disturbed(self, epoch: int, step: int, rows: int) -> Between:
        network, kind = self.network, self.flat.detach().cpu().numpy().dtype

        def disturb(layer: int, x: Tensor) -> Tensor:
            kept, noise = drawn(network, self.keys[1], epoch, step, layer, rows, kind)
            if kept is not None:
                x = x * torch.from_numpy(kept).to(self.device)
            if noise is not None:
                z = network.noise * torch.from_numpy(noise).to(self.device)
                x = x + (x * z if network.noise_kind == "multiplicative" else z)
            return x

        return disturb

    def _rounded(self, so_far: Tensor, first: bool) -> Between:
        """As the mode ``paper`` of `mibench.networks.quantisers`; the gradient passes straight through."""
        bits = self.network.bits

        def rounded(layer: int, x: Tensor) -> Tensor:
            if bits is None:
                return x
            low, high = x.detach().min(), x.detach().max()
            seen = so_far[layer - 1]
            seen[0] = low if first else torch.minimum(seen[0], low)
            seen[1] = high if first else torch.maximum(seen[1], high)
            used = self.ranges[layer - 1] if first else seen
            if used[1] > used[0]:
                low, high = used[0].clone(), used[1].clone()
            step = (high - low) / (2**bits - 1)
            if not step > 0:
                return x
            levels: Tensor = _Levels.apply(x, low, high, step)  # type: ignore[no-untyped-call]
            return levels

        return rounded


class _Levels(torch.autograd.Function):
    """Levels `step` apart from `low` to `high`, ties upwards, to the bit: equal patches must have equal sums."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, low: Tensor, high: Tensor, step: Tensor) -> Tensor:
        return torch.floor((x.clamp(low, high) - low) / step + 0.5) * step + low

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        return gradients[0], None, None, None


def _batches(training: Training, key: Any, epoch: int, n: int) -> Iterator[Tensor]:
    order = _order(key, epoch, n) if training.shuffle else np.arange(n)
    size = training.batch or n
    for at in range(0, n, size):
        yield torch.from_numpy(order[at : at + size])


@njit(cache=True)
def _order(key: Any, epoch: int, n: int) -> Any:
    return streams.order(key, epoch, n)


def _optimiser(training: Training, state: State, run: int, flat: Tensor) -> torch.optim.Optimizer:
    """Torch's own, with the state's moments in it."""
    first, second = (torch.tensor(moment[run], device=flat.device) for moment in (state.first, state.second))
    if training.optimiser == "adam":
        betas = (training.beta1, training.beta2)
        adam = torch.optim.Adam([flat], lr=training.learning_rate, betas=betas, eps=training.epsilon)
        adam.state[flat] = {"step": torch.tensor(float(state.steps)), "exp_avg": first, "exp_avg_sq": second}
        return adam
    sgd = torch.optim.SGD([flat], lr=training.learning_rate, momentum=training.momentum)
    if training.momentum:
        sgd.state[flat] = {"momentum_buffer": first}
    return sgd
