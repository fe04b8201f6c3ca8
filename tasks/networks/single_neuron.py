# SPDX-License-Identifier: Apache-2.0
"""One noisy tanh neuron: as its weight grows, information is first gained and then lost to clustering."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError, Sample, Truth
from mibench.names import check_choice
from mibench.numerics.checks import as_generator, check_count
from mibench.numerics.line_information import line_information_reference

if TYPE_CHECKING:
    from mibench.contracts import RandomLike

__all__ = ["SingleNeuron"]

Target = Literal["input", "label"]

_INPUTS = np.array([-3.0, -1.0, 1.0, 3.0])
_BOUNDARY = 2.0  # between the classes {-3, -1, 1} and {3}, and where the neuron is 0
_LABELS = (_INPUTS > _BOUNDARY).astype(np.int64)
_LEAST, _MOST = 1e-6, 1e6


@dataclass(frozen=True)
class SingleNeuron:
    """``T = tanh(w (X - 2)) + s Z``: X uniform on {-3, -1, 1, 3}, or its class, and a neuron with normal noise.

    As w grows, the three inputs of one class merge into the cluster at -1: I(X;T) rises towards ln 4 while the noise
    is small beside the steps, and falls to the entropy of the classes, 0.5623 nat (Goldfeld et al., Estimating
    Information Flow in Deep Neural Networks, ICML 2019).

    Parameters
    ----------
    weight : float
        w; the bias is -2 w, so that the neuron is 0 between the classes.
    noise : float
        s, the standard deviation of the noise, from 1e-6 to 1e6.
    target : {"input", "label"}
        What X is: the four values, float64 of shape (n, 1), or their class, int64 of shape (n,): 1 for 3, else 0.

    Notes
    -----
    Side information: ``noise_std_y``, ``clean_y``, ``x_is_discrete``, ``alphabet_size_x``, and ``centres_y``, shape
    (n, 1, 1), of the input only: the class does not determine the neuron's value.

    The truth, in nats, is by adaptive quadrature.

    Raises
    ------
    InputError
        For a parameter out of range.
    """

    weight: float = 1.0
    noise: float = 0.1
    target: Target = "input"

    version: ClassVar[int] = 1
    tags: ClassVar[frozenset[str]] = frozenset({"networks", "noisy"})
    dim_x: ClassVar[int] = 1
    dim_y: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if not _is_number(self.weight):
            raise InputError(f"weight is {self.weight!r}: give a finite number")
        if not _is_number(self.noise) or not _LEAST <= self.noise <= _MOST:
            raise InputError(f"noise is {self.noise!r}: give a standard deviation from {_LEAST:g} to {_MOST:g}")
        check_choice("target", self.target, get_args(Target))
        object.__setattr__(self, "weight", float(self.weight))
        object.__setattr__(self, "noise", float(self.noise))

    @property
    def _values(self) -> NDArray[np.float64]:
        """The neuron without noise, for each input."""
        values: NDArray[np.float64] = np.tanh(self.weight * (_INPUTS - _BOUNDARY))
        return values

    @cached_property
    def truth(self) -> Truth:
        """``sum_g p_g int p_g(t) ln(p_g(t) / p(t)) dt`` over inputs or classes g, by adaptive quadrature."""
        groups = _LABELS if self.target == "label" else np.arange(4)
        return Truth(line_information_reference(self._values, groups, self.noise), 0.0, "quadrature")

    def sample(self, n: int, rng: RandomLike = None) -> Sample:
        """Draw `n` independent pairs; y has shape (n, 1), float64."""
        generator = as_generator(rng)
        which = generator.integers(0, 4, check_count("n", n, 1))
        clean = self._values[which][:, None]
        y = clean + self.noise * generator.standard_normal((n, 1))
        side: dict[str, Any] = {"noise_std_y": self.noise, "clean_y": clean, "x_is_discrete": True}
        if self.target == "label":
            return Sample(_LABELS[which], y, {**side, "alphabet_size_x": 2})
        return Sample(_INPUTS[which][:, None], y, {**side, "alphabet_size_x": 4, "centres_y": clean[:, :, None].copy()})


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
