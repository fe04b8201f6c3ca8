# SPDX-License-Identifier: Apache-2.0
"""Layers of the trained noisy networks that ship with the package."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, get_args

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import Sample, Truth
from mibench.datasets import ib12
from mibench.names import check_choice
from mibench.networks import frozen
from mibench.networks.noisy import centres, layer_noise, layer_width
from mibench.networks.spec import Network
from mibench.numerics.checks import as_generator, check_count
from mibench.tasks.networks.layer import Target, check_layer

if TYPE_CHECKING:
    from mibench.contracts import RandomLike

__all__ = ["NoisyLayer"]

_BITS = 12


@dataclass(frozen=True)
class NoisyLayer:
    """Input or label against a layer of a 12-10-7-5-4-3-2 tanh network whose hidden units all add normal noise.

    Trained as in Goldfeld et al. (ICML 2019): Adam at 4e-4, batches of 256, 10,000 epochs, the noise in training too;
    the weights ship with the package (`mibench.networks.freeze` makes them again).

    Parameters
    ----------
    noise : {0.005, 0.01, 0.05, 0.1, 0.5}
        Standard deviation of the noise of each hidden unit.
    layer : int
        1 to 5: the hidden layers, noise included. 6: the difference of the two logits, of which the softmax is a
        function that loses nothing; it has no noise but that of the layers before it.
    target : {"input", "label"}
        What X is: the 12 bits, or their label.
    replicas : int
        Draws of the noise-free layer that ``centres_y`` offers for each row; layer 1 has one value and needs no more.

    Notes
    -----
    Side information: ``noise_std_y``, ``clean_y``, ``centres_y`` (of the input only: passes of the row's own pattern),
    ``x_is_discrete``, ``alphabet_size_x``.

    The truth, in nats, is a Monte Carlo computation that ships with the package, with its standard error; a second
    one, of other draws and another estimator of the same integral, stands beside it (docs/networks.md).

    Raises
    ------
    InputError
        For a parameter that is none of these.
    """

    noise: float = 0.1
    layer: int = 5
    target: Target = "input"
    replicas: int = 32

    version: ClassVar[int] = 1
    tags: ClassVar[frozenset[str]] = frozenset({"networks", "noisy"})

    def __post_init__(self) -> None:
        check_choice("noise", self.noise, frozen.NOISES)
        check_choice("target", self.target, get_args(Target))
        object.__setattr__(self, "layer", check_layer(self.layer, frozen.LAYERS))
        object.__setattr__(self, "replicas", check_count("replicas", self.replicas, 1))

    @cached_property
    def _frozen(self) -> tuple[Network, NDArray[Any]]:
        return frozen.noisy(self.noise)

    @cached_property
    def truth(self) -> Truth:
        """The stored value in nats, its standard error at most 0.005."""
        found = frozen.noisy_truth(self.noise, self.layer, self.target)
        return Truth(found.mi, found.std_error, "monte carlo")

    @property
    def dim_x(self) -> int:
        """12 bits or one label."""
        return _BITS if self.target == "input" else 1

    @property
    def dim_y(self) -> int:
        """Units of the layer; 1 for the output."""
        return layer_width(self._frozen[0], self.layer)

    def sample(self, n: int, rng: RandomLike = None) -> Sample:
        """Draw `n` independent pairs.

        x has shape (n, 12) in float64, or (n,) in int64 for the label; y has shape (n, units), float64.
        """
        generator = as_generator(rng)
        network, parameters = self._frozen
        row = generator.integers(0, 1 << _BITS, check_count("n", n, 1))
        inputs = ib12.patterns()[row].astype(np.float64)
        noise = layer_noise(network, parameters, self.layer)
        clean = centres(network, parameters, inputs, self.layer, 1, generator)[:, 0]
        y = clean + noise * generator.standard_normal(clean.shape)
        side = {"noise_std_y": noise, "clean_y": clean, "x_is_discrete": True}
        if self.target == "label":
            return Sample(ib12.labels()[row].astype(np.int64), y, {**side, "alphabet_size_x": 2})
        replicas = 1 if self.layer == 1 else self.replicas
        passes = centres(network, parameters, inputs, self.layer, replicas, generator)
        return Sample(inputs, y, {**side, "alphabet_size_x": 1 << _BITS, "centres_y": passes})
