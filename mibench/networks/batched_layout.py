# SPDX-License-Identifier: Apache-2.0
"""The parameters of R runs as one flat tensor, and the optimisers' steps on it.

The tensor holds layer by layer the weights of all runs, then their biases: so a layer is one contiguous (R, units,
inputs), and that of all runs one (R * units, inputs). A step is a handful of operations on all R * P numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mibench.networks.spec import Network, Training
from mibench.networks.state import State

__all__ = ["Optimiser", "pack", "unpack", "views"]


def pack(network: Network, array: NDArray[Any], device: torch.device) -> Tensor:
    """The flat tensor, shape (R * P,), of an array of shape (R, P)."""
    parts = [part.ravel() for layer in network.layers(array) for part in layer]
    return torch.tensor(np.concatenate(parts), device=device)  # a copy: products depend on how memory is aligned


def unpack(network: Network, flat: Tensor, array: NDArray[Any]) -> None:
    """Write the flat tensor back into an array of shape (R, P)."""
    for into, parts in zip(network.layers(array), views(network, flat), strict=True):
        for target, part in zip(into, parts, strict=True):
            target[...] = part.cpu().numpy()


def views(network: Network, flat: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Per layer the weights, shape (R, units, inputs), and the biases, shape (R, units), within the flat tensor."""
    runs = flat.numel() // network.n_parameters
    sizes = [
        shape
        for inputs, units in zip(network.widths, network.widths[1:], strict=False)
        for shape in ((runs, units, inputs), (runs, units))
    ]
    parts = torch.split(flat, [int(np.prod(shape)) for shape in sizes])
    shaped = [part.view(shape) for part, shape in zip(parts, sizes, strict=True)]
    return list(zip(shaped[::2], shaped[1::2], strict=True))


class Optimiser:
    """Adam or SGD with momentum, as torch's own, and the orthonormal step, on the flat tensor."""

    def __init__(self, network: Network, training: Training, state: State, device: torch.device) -> None:
        self.network, self.training, self.steps = network, training, state.steps
        self.parameters = pack(network, state.parameters, device)
        self.layers = views(network, self.parameters)
        self.gradient = torch.empty_like(self.parameters)
        self.first = pack(network, state.first, device)
        self.second = pack(network, state.second, device)

    def step(self) -> None:
        """Move the parameters by what is in `gradient`, which is spoilt by it."""
        training, gradient = self.training, self.gradient
        self.steps += 1
        if training.optimiser == "adam":
            self.first.lerp_(gradient, 1 - training.beta1)
            self.second.mul_(training.beta2).addcmul_(gradient, gradient, value=1 - training.beta2)
            torch.sqrt(self.second, out=gradient)
            gradient.div_((1 - training.beta2**self.steps) ** 0.5).add_(training.epsilon)
            rate = training.learning_rate / (1 - training.beta1**self.steps)
            self.parameters.addcdiv_(self.first, gradient, value=-rate)
        elif training.momentum:
            self.first.mul_(training.momentum).add_(gradient)
            self.parameters.add_(self.first, alpha=-training.learning_rate)
        else:
            self.parameters.add_(gradient, alpha=-training.learning_rate)
        if training.orthonormal:
            for weights, _ in self.layers[:-1]:  # W <- W - a (W W^T W - W)
                cube = torch.bmm(torch.bmm(weights, weights.transpose(1, 2)), weights)
                weights.sub_(cube.sub_(weights), alpha=training.orthonormal)

    def write(self, state: State) -> None:
        """Into the state's own arrays."""
        unpack(self.network, self.parameters, state.parameters)
        unpack(self.network, self.first, state.first)
        unpack(self.network, self.second, state.second)
        state.steps = self.steps
