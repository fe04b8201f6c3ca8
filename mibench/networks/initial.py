# SPDX-License-Identifier: Apache-2.0
"""Weights before training: the initialisations that published information planes were drawn with.

Those of the published codes differ where their texts agree, and it matters (Rasmussen's thesis on information planes,
2020): ``fan_in_tn``, Shwartz-Ziv and Tishby 2017; ``fan_out_tn``, the thesis; ``saxe``, ``fan_out_tn`` but for the
output layer's ``glorot_uniform``, Saxe et al. 2018; ``glorot_uniform``, Lorenzen, Igel and Nielsen 2022 on the 12-bit
set; ``torch_default``, Goldfeld et al. 2019; ``he2_fan_in_tn``, Chelombiev et al. 2019 for relu-like activations.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mibench.names import check_choice
from mibench.networks.convolutional import AnyNetwork
from mibench.networks.spec import INITS
from mibench.numerics.checks import as_generator

if TYPE_CHECKING:
    from mibench.contracts import RandomLike

__all__ = ["initial"]


def initial(network: AnyNetwork, init: str, rng: RandomLike = None) -> NDArray[np.float32]:
    """Flat parameters of an untrained network.

    Parameters
    ----------
    network : Network or Convolutional
    init : str
        ``fan_in_tn``, ``fan_out_tn``, ``he2_fan_in_tn``: normal of standard deviation 1/sqrt(inputs), 1/sqrt(units),
        2/sqrt(inputs), drawn again until within two of them; ``glorot_uniform``: uniform to
        sqrt(6 / (inputs + units)); ``torch_default``: uniform to 1/sqrt(inputs), biases too; ``saxe``: ``fan_out_tn``,
        and ``glorot_uniform`` for the output. Other biases are 0. Inputs of a convolution are those of one sum, and
        its units the filters (``glorot_uniform``: times a filter's places, as Keras has it).
    rng : Generator, int or None

    Returns
    -------
    ndarray of float32, shape (network.n_parameters,)

    Raises
    ------
    InputError
        For an unknown `init`.
    """
    check_choice("init", init, INITS)
    generator = as_generator(rng)
    layers: list[tuple[NDArray[Any], NDArray[Any]]] = []
    for layer, shape in enumerate(network.shapes):
        units, inputs = shape[0], math.prod(shape[1:])
        name = init
        if init == "saxe":
            name = "glorot_uniform" if layer == network.n_layers - 1 else "fan_out_tn"
        biases = np.zeros(units)
        if name == "glorot_uniform":
            limit = math.sqrt(6.0 / (inputs + units * math.prod(shape[2:])))
            weights = generator.uniform(-limit, limit, shape)
        elif name == "torch_default":
            limit = 1.0 / math.sqrt(inputs)
            weights = generator.uniform(-limit, limit, shape)
            biases = generator.uniform(-limit, limit, units)
        else:
            deviation = {"fan_in_tn": inputs**-0.5, "fan_out_tn": units**-0.5, "he2_fan_in_tn": 2.0 * inputs**-0.5}
            weights = deviation[name] * _truncated(generator, shape)
        layers.append((weights, biases))
    return network.flat(layers).astype(np.float32)


def _truncated(generator: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Standard normals, those beyond 2 drawn again."""
    drawn = generator.standard_normal(shape)
    while (beyond := np.abs(drawn) > 2.0).any():
        drawn[beyond] = generator.standard_normal(int(beyond.sum()))
    return drawn
