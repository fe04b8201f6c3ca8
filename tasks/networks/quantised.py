# SPDX-License-Identifier: Apache-2.0
"""Layers of the trained, quantised networks that ship with the package."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, get_args

from mibench.contracts import InputError, Sample, Truth
from mibench.names import check_choice
from mibench.networks import frozen
from mibench.tasks.networks.layer import Form, NetworkLayer, Target, check_layer

if TYPE_CHECKING:
    from mibench.contracts import RandomLike

__all__ = ["QNN", "NoisyInputQNN"]


@dataclass(frozen=True)
class QNN:
    """Input or label against a layer of a 12-10-7-5-4-3-2 network whose activations are rounded to 2^bits levels.

    Trained as in Lorenzen, Igel and Nielsen (ICLR 2022): Adam at 1e-4, batches of 256, 8000 epochs; the weights ship
    with the package (`mibench.networks.freeze` makes them again). X is uniform on the 4096 patterns of the 12-bit set,
    so that the information, in nats, is counted.

    Parameters
    ----------
    activation : {"tanh", "relu"}
    bits : {2, 4, 8}
    layer : int
        1 to 5 are the hidden layers, 6 the softmax output.
    stage : {"init", "fitted", "compressed"}
        Before training; where the output layer knows most about the input; after the last epoch.
    target : {"input", "label"}
        What X is: the 12 bits, or their label.
    form : {"value", "code"}
        Y as activations, or as the integers of the quantiser.

    Notes
    -----
    Side information: ``x_is_discrete``, ``y_is_discrete``, ``alphabet_size_x``, ``alphabet_size_y``.

    Raises
    ------
    InputError
        For a parameter that is none of these.
    """

    activation: str = "tanh"
    bits: int = 8
    layer: int = 5
    stage: str = "compressed"
    target: Target = "input"
    form: Form = "value"

    version: ClassVar[int] = 1
    tags: ClassVar[frozenset[str]] = frozenset({"networks", "quantised"})

    def __post_init__(self) -> None:
        check_choice("activation", self.activation, frozen.ACTIVATIONS)
        check_choice("bits", self.bits, frozen.BITS)
        check_choice("stage", self.stage, frozen.STAGES)
        check_choice("target", self.target, get_args(Target))
        check_choice("form", self.form, get_args(Form))
        object.__setattr__(self, "layer", check_layer(self.layer, frozen.LAYERS))

    @property
    def _flip(self) -> float:
        return 0.0

    @cached_property
    def _task(self) -> NetworkLayer:
        network, parameters = frozen.quantised(self.activation, self.bits, self.stage)
        numbers = tuple(parameters.tolist())
        return NetworkLayer(network, numbers, self.layer, self.target, self.form, self._flip)

    @property
    def truth(self) -> Truth:
        """In nats, by enumeration of the 4096 patterns."""
        return self._task.truth

    @property
    def dim_x(self) -> int:
        """12 bits or one label."""
        return self._task.dim_x

    @property
    def dim_y(self) -> int:
        """Units of the layer."""
        return self._task.dim_y

    def sample(self, n: int, rng: RandomLike = None) -> Sample:
        """Draw `n` independent pairs: x of shape (n, 12), or (n,) for the label; y of shape (n, units)."""
        return self._task.sample(n, rng)


@dataclass(frozen=True)
class NoisyInputQNN(QNN):
    """As `QNN`, but the network reads the 12 bits through a channel that flips each with probability `flip`.

    X, and the label, are those of the pattern before the channel, so I(X;T) is less than H(T), and neither side is a
    function of the other. The joint law, 4096 patterns times the layer's codes, is enumerated; information in nats.

    Parameters
    ----------
    activation, bits, layer, stage, target, form
        See `QNN`.
    flip : float
        Above 0, at most 0.5.

    Notes
    -----
    Side information: ``x_is_discrete``, ``y_is_discrete``, ``alphabet_size_x``, ``alphabet_size_y``.

    Raises
    ------
    InputError
        For a parameter out of range.
    """

    flip: float = 0.05

    def __post_init__(self) -> None:
        super().__post_init__()
        number = isinstance(self.flip, int | float) and not isinstance(self.flip, bool)
        if not (number and 0 < self.flip <= 0.5):
            raise InputError(f"flip is {self.flip!r}: give the probability that a bit is flipped, above 0, up to 0.5")

    @property
    def _flip(self) -> float:
        return float(self.flip)
