# SPDX-License-Identifier: Apache-2.0
"""The layers of a network of a trajectory, row by row, and what is known of them beside their values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import Unsupported
from mibench.networks.convolutional import Convolutional
from mibench.networks.convolutional_forward import activations
from mibench.networks.forward import evaluate
from mibench.networks.noisy import centres, layer_noise
from mibench.networks.trajectory import Trajectory

__all__ = ["Shown", "shown_layers"]

_REPLICAS = 16  # values of a noisy layer without its noise that are declared for each row


@dataclass(frozen=True)
class Shown:
    """A layer as an estimator sees it.

    Attributes
    ----------
    values : ndarray, shape (N, d)
    side : mapping
        Side information as `mibench.contracts.Sample` names it, the layer being y.
    side_of_input : mapping
        More of it, that is true where x is the input, and not where x is the label.
    """

    values: NDArray[Any]
    side: Mapping[str, Any] = field(default_factory=dict)
    side_of_input: Mapping[str, Any] = field(default_factory=dict)


def shown_layers(
    trajectory: Trajectory, run: int, point: int, inputs: NDArray[Any], rng: np.random.Generator
) -> Iterator[Shown]:
    """The layers of one network, the first one first.

    Rounded layers are discrete, with as many values as the set reaches. Of a noisy layer `values` are one draw for each
    row, with its noise-free value and, of the input, 16 draws of it (`mibench.networks.noisy`; the first layer: one).
    Of a convolutional network they are one draw, and nothing is declared.

    Raises
    ------
    Unsupported
        For a convolutional network with rounded layers.
    """
    network, parameters = trajectory.network, trajectory.parameters[run, point]
    if isinstance(network, Convolutional):
        if network.bits is not None:
            raise Unsupported("rounded layers of convolutional networks are counted, not sampled: take exact")
        for values in activations(network, parameters, inputs, rng):
            yield Shown(values.astype(np.float64))
        return
    if network.noise:
        for number in range(1, network.n_layers + 1):
            noise = layer_noise(network, parameters, number)
            clean = centres(network, parameters, inputs, number, 1, rng)[:, 0]
            drawn = clean + noise * rng.standard_normal(clean.shape)
            passes = centres(network, parameters, inputs, number, 1 if number == 1 else _REPLICAS, rng)
            yield Shown(drawn, {"noise_std_y": noise, "clean_y": clean}, {"centres_y": passes})
        return
    ranges = None if trajectory.ranges is None else trajectory.ranges[run, point]
    for layer in evaluate(network, parameters, inputs, ranges):
        side = {} if network.bits is None else {"y_is_discrete": True, "alphabet_size_y": len(layer.codes)}
        yield Shown(layer.values[layer.member].astype(np.float64), side)
