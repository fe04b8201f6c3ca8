# SPDX-License-Identifier: Apache-2.0
"""The 12 input bits, or the label, and a layer of a deterministic network: both finite, so the truth is counted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError, Sample, Truth
from mibench.datasets import ib12
from mibench.names import check_choice
from mibench.networks.channels import flip_information
from mibench.networks.forward import Layer, evaluate
from mibench.networks.information import layer_information
from mibench.networks.spec import Network
from mibench.numerics.checks import as_generator, check_count

if TYPE_CHECKING:
    from mibench.contracts import RandomLike

__all__ = ["Form", "NetworkLayer", "Target", "check_layer"]

Target = Literal["input", "label"]
Form = Literal["value", "code"]
_BITS = 12


@dataclass(frozen=True)
class NetworkLayer:
    """X, one of the 4096 equally likely 12-bit patterns or its label, and the layer that a network gives it.

    Parameters
    ----------
    network : Network
        Of 12 inputs, without noise.
    parameters : tuple of float, or array of shape (P,)
        Its weights and biases in one vector, as `Network.layers` reads them.
    layer : int
        1 is the first hidden layer, ``network.n_layers`` the output.
    target : {"input", "label"}
        What X is.
    form : {"value", "code"}
        Y as the layer's activations, or as the integers that the quantiser gives them: one is a function of the other.
    flip : float
        Before the network reads them, each bit of the pattern is flipped with this probability, independently; X and
        the label are those of the pattern as it was.
    ranges : tuple of tuples of float, or array, optional
        What the quantiser of the mode ``tfmot`` remembers, shape (L, 4); other modes need none.

    Raises
    ------
    InputError
        For a parameter out of range, or values that are not finite.

    Notes
    -----
    Both sides are discrete and a sample of them repeats: ``x_is_discrete``, ``y_is_discrete``, ``alphabet_size_x`` and
    ``alphabet_size_y`` say so. The quantiser's range is that of all 4096 patterns, flipped or not.
    """

    network: Network
    parameters: tuple[float, ...]
    layer: int
    target: Target = "input"
    form: Form = "value"
    flip: float = 0.0
    ranges: tuple[tuple[float, ...], ...] | None = None

    version: ClassVar[int] = 1
    tags: ClassVar[frozenset[str]] = frozenset({"networks", "quantised"})

    def __post_init__(self) -> None:
        if self.network.widths[0] != _BITS:
            raise InputError(f"the network has {self.network.widths[0]} inputs: give one of {_BITS}, a bit each")
        object.__setattr__(self, "layer", check_layer(self.layer, self.network.n_layers))
        check_choice("target", self.target, get_args(Target))
        check_choice("form", self.form, get_args(Form))
        number = isinstance(self.flip, int | float) and not isinstance(self.flip, bool)
        if not (number and 0 <= self.flip <= 0.5):
            raise InputError(f"flip is {self.flip!r}: give the probability that a bit is flipped, from 0 to 0.5")
        if self.network.noise:
            raise InputError(
                f"the network has noise {self.network.noise}: its layers are not enumerated; give one without"
            )
        if self.network.mode == "tfmot" and self.ranges is None:
            raise InputError("the network's mode is tfmot: give the ranges that its training remembered, shape (L, 4)")
        try:
            parameters = np.asarray(self.parameters, dtype=np.float32)
            ranges = np.asarray(() if self.ranges is None else self.ranges, dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise InputError(f"parameters or ranges are no arrays of numbers ({error})") from None
        self.network.layers(parameters)  # refuses another length
        if self.ranges is not None:
            if ranges.shape != (self.network.n_layers, 4):
                raise InputError(f"ranges have shape {ranges.shape}: give ({self.network.n_layers}, 4)")
            object.__setattr__(self, "ranges", tuple(map(tuple, ranges.tolist())))
        object.__setattr__(self, "parameters", tuple(parameters.tolist()))
        if not np.isfinite(parameters).all():
            raise InputError(f"{int((~np.isfinite(parameters)).sum())} of the network's parameters are not finite")

    @cached_property
    def _state(self) -> Layer:
        """The layer of every pattern."""
        ranges = None if self.ranges is None else np.asarray(self.ranges, dtype=np.float32)
        parameters = np.asarray(self.parameters, dtype=np.float32)
        return evaluate(self.network, parameters, ib12.patterns().astype(np.float32), ranges)[self.layer - 1]

    @property
    def _shown(self) -> NDArray[Any]:
        """What Y is for each code, shape (codes, units)."""
        return self._state.values.astype(np.float64) if self.form == "value" else self._state.codes

    @cached_property
    def truth(self) -> Truth:
        """In nats, by enumeration: of the codes, or, with flips, of the whole joint table."""
        labels = ib12.labels()
        if self.flip:
            found = flip_information(self._state.member, labels, self.flip)
        else:
            found = layer_information(self._state, labels)
        return Truth(float(found[0 if self.target == "input" else 1]), 0.0, "enumeration")

    @property
    def dim_x(self) -> int:
        """12 bits or one label."""
        return _BITS if self.target == "input" else 1

    @property
    def dim_y(self) -> int:
        """Units of the layer."""
        return self.network.widths[self.layer]

    def sample(self, n: int, rng: RandomLike = None) -> Sample:
        """Draw `n` independent pairs.

        x has shape (n, 12) in float64, or (n,) in int64 for the label; y has shape (n, units), float64 or int64.
        """
        generator = as_generator(rng)
        row = generator.integers(0, 1 << _BITS, check_count("n", n, 1))
        seen = row
        if self.flip:
            flips = generator.random((n, _BITS)) < self.flip
            seen = row ^ (flips @ (1 << np.arange(_BITS)[::-1]))
        x = ib12.patterns()[row].astype(np.float64) if self.target == "input" else ib12.labels()[row].astype(np.int64)
        side = {
            "x_is_discrete": True,
            "y_is_discrete": True,
            "alphabet_size_x": 1 << _BITS if self.target == "input" else 2,
            "alphabet_size_y": len(self._state.codes),
        }
        return Sample(x, self._shown[self._state.member[seen]], side)


def check_layer(value: Any, layers: int) -> int:
    """`value` as a layer's number, from 1 to `layers`.

    Raises
    ------
    InputError
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not 1 <= value <= layers:
        raise InputError(f"layer is {value!r}: give a number from 1, the first hidden layer, to {layers}, the output")
    return int(value)
