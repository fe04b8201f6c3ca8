# SPDX-License-Identifier: Apache-2.0
"""What a network under study is and how it is trained; every parameter of it stands in one flat vector.

The vector holds, layer by layer, the weights W (units, inputs) row by row and then the biases b (units,). Layers are
counted as in the literature: T_1 is the first hidden layer, T_L the output; the input is no layer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError
from mibench.names import check_choice

__all__ = ["ACTIVATIONS", "INITS", "MODES", "Network", "Training"]

Activation = Literal["tanh", "relu", "elu", "relu6", "leaky-relu", "softsign", "linear"]
Output = Literal["softmax", "sigmoid"]
Mode = Literal["paper", "tfmot", "instant", "float32-exact"]
Init = Literal["fan_in_tn", "fan_out_tn", "glorot_uniform", "torch_default", "he2_fan_in_tn", "saxe"]
Optimiser = Literal["adam", "sgd"]
Split = Literal["stratified", "random", "first"]
Labels = Literal["true", "random"]

ACTIVATIONS: tuple[Activation, ...] = get_args(Activation)
MODES: tuple[Mode, ...] = get_args(Mode)
INITS: tuple[Init, ...] = get_args(Init)


@dataclass(frozen=True)
class Network:
    """A fully connected network.

    Parameters
    ----------
    widths : tuple of int
        Units of the input, of each hidden layer and of the output.
    activation : str
        Of every hidden layer: tanh, relu, elu (alpha 1), relu6, leaky-relu (slope 0.01), softsign or linear.
    output : {"softmax", "sigmoid"}
        ``softmax`` over ``widths[-1]`` classes, or one ``sigmoid`` unit; the loss is the cross-entropy.
    bits : int, optional
        Each layer's values are rounded to 2^bits levels in the forward pass, gradients pass straight through.
    mode : {"paper", "tfmot", "instant", "float32-exact"}
        How they are rounded (`mibench.networks.quantisers`); ``float32-exact``, the only one without `bits`, rounds
        nothing: its codes are the distinct float32 rows.
    noise : float
        Standard deviation of the normal noise that every hidden unit adds to its value, in training and after
        (Goldfeld et al., ICML 2019). Not together with `bits`.

    Raises
    ------
    InputError
        For a parameter out of range.
    """

    widths: tuple[int, ...] = (12, 10, 7, 5, 4, 3, 2)
    activation: Activation = "tanh"
    output: Output = "softmax"
    bits: int | None = None
    mode: Mode = None  # type: ignore[assignment]  # becomes "paper" with bits, "float32-exact" without
    noise: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.widths, tuple | list):
            raise InputError(f"widths is {self.widths!r}: give a tuple of whole numbers, the input's first")
        if len(self.widths) < 2 or not all(_is_count(width) for width in self.widths):
            raise InputError(
                f"widths is {self.widths!r}: give whole numbers of at least 1, the input's first, 2 or more"
            )
        object.__setattr__(self, "widths", tuple(int(width) for width in self.widths))
        usual = "float32-exact" if self.bits is None else "paper"
        object.__setattr__(self, "mode", usual if self.mode is None else self.mode)
        for name, allowed in (("activation", ACTIVATIONS), ("output", get_args(Output)), ("mode", MODES)):
            check_choice(name, getattr(self, name), allowed)
        if self.output == "sigmoid" and self.widths[-1] != 1:
            raise InputError(f"a sigmoid output has 1 unit, and widths ends in {self.widths[-1]}: end it in 1")
        if self.output == "softmax" and self.widths[-1] < 2:
            raise InputError("a softmax output has at least 2 units, and widths ends in 1: give output='sigmoid'")
        if self.bits is not None and not (_is_count(self.bits) and self.bits <= 32):
            raise InputError(f"bits is {self.bits!r}: give a whole number from 1 to 32, or none for no quantiser")
        if (self.bits is None) != (self.mode == "float32-exact"):
            raise InputError(
                f"bits is {self.bits} and mode is {self.mode!r}: 'float32-exact' goes without bits, others with them"
            )
        object.__setattr__(self, "bits", None if self.bits is None else int(self.bits))
        if not _is_number(self.noise) or self.noise < 0:
            raise InputError(f"noise is {self.noise!r}: give a standard deviation, a finite number of at least 0")
        if self.noise and self.bits is not None:
            raise InputError("noise and bits are both given: noisy layers are not quantised; leave one of them out")

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Of each layer's weights: (units, inputs)."""
        return tuple((units, inputs) for inputs, units in zip(self.widths, self.widths[1:], strict=False))

    @property
    def n_layers(self) -> int:
        """L, the output included."""
        return len(self.widths) - 1

    @property
    def n_parameters(self) -> int:
        """P, the length of the flat vector: 294 for the default widths."""
        return sum((inputs + 1) * units for inputs, units in zip(self.widths, self.widths[1:], strict=False))

    def layers(self, parameters: NDArray[Any]) -> list[tuple[NDArray[Any], NDArray[Any]]]:
        """Views of flat parameters, shape (..., P): per layer W, shape (..., units, inputs), and b, (..., units).

        Raises
        ------
        InputError
            If the last axis is not P long.
        """
        if parameters.shape[-1:] != (self.n_parameters,):
            raise InputError(
                f"parameters have shape {parameters.shape}: give (..., {self.n_parameters}) for widths {self.widths}"
            )
        found, at = [], 0
        for inputs, units in zip(self.widths, self.widths[1:], strict=False):
            weights = parameters[..., at : at + units * inputs].reshape(*parameters.shape[:-1], units, inputs)
            at += units * inputs
            found.append((weights, parameters[..., at : at + units]))
            at += units
        return found

    def flat(self, layers: list[tuple[NDArray[Any], NDArray[Any]]]) -> NDArray[Any]:
        """The inverse of `layers`, for arrays without leading axes."""
        return np.concatenate([part.ravel() for layer in layers for part in layer])


@dataclass(frozen=True)
class Training:
    """How a network is trained; defaults are those of the published code for the 12-bit network.

    Parameters
    ----------
    epochs : int
        Passes over the training rows, after `prefit`.
    batch : int, optional
        Rows per step, the last batch of an epoch being what is left; None: all training rows.
    optimiser, learning_rate, beta1, beta2, epsilon, momentum
        ``adam`` (Kingma and Ba 2015: bias corrected, epsilon beside the corrected root), or ``sgd`` with `momentum`.
    init : str
        Initial weights: truncated normal at 2 sd with sd = 1/sqrt(fan-in) (``fan_in_tn``) or 1/sqrt(fan-out)
        (``fan_out_tn``), ``glorot_uniform``, ``torch_default`` (uniform to 1/sqrt(fan-in), biases too),
        ``he2_fan_in_tn`` (sd = 2/sqrt(fan-in)), ``saxe`` (fan-out, the output Glorot). Biases are 0 but for
        ``torch_default``.
    fraction, split, fixed_split
        Share of the rows that is trained on; ``stratified`` by label, ``random``, or the ``first`` rows; drawn for each
        run unless `fixed_split`.
    labels : {"true", "random"}
        ``random``: fresh uniform labels in place of the training labels.
    prefit : int
        Epochs on shuffled training labels before the others (the optimiser's state is kept), Lorenzen et al., App. D.
    restart_below, restart_from
        A run whose training accuracy over an epoch is below `restart_below` at the end, or at any epoch from
        `restart_from` on (after `prefit`), is done again from a new seed. None: never.
    orthonormal : float
        After each step ``W <- W - a (W W^T W - W)`` for all layers but the last (Goldfeld et al.).
    shared_order : bool
        All runs see the rows in one order, which makes the first layer of all runs one product; splits are then shared.
    shuffle : bool
        Rows in a new order in each epoch.

    Raises
    ------
    InputError
        For a parameter out of range.
    """

    epochs: int = 8000
    batch: int | None = 256
    optimiser: Optimiser = "adam"
    learning_rate: float = 4e-4
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-7
    momentum: float = 0.0
    init: Init = "glorot_uniform"
    fraction: float = 0.8
    split: Split = "stratified"
    fixed_split: bool = False
    labels: Labels = "true"
    prefit: int = 0
    restart_below: float | None = None
    restart_from: int = 1000
    orthonormal: float = 0.0
    shared_order: bool = False
    shuffle: bool = True

    def __post_init__(self) -> None:
        choices = {
            "optimiser": get_args(Optimiser),
            "init": INITS,
            "split": get_args(Split),
            "labels": get_args(Labels),
        }
        for name, allowed in choices.items():
            check_choice(name, getattr(self, name), allowed)
        for name, least in (("epochs", 0), ("prefit", 0), ("restart_from", 0), ("batch", 1)):
            value = getattr(self, name)
            if not (_is_count(value, least) or (name == "batch" and value is None)):
                raise InputError(f"{name} is {value!r}: give a whole number of at least {least}")
            object.__setattr__(self, name, None if value is None else int(value))
        ranges = {
            "learning_rate": (0.0, math.inf),
            "beta1": (0.0, 1.0),
            "beta2": (0.0, 1.0),
            "epsilon": (0.0, math.inf),
            "momentum": (0.0, 1.0),
            "orthonormal": (0.0, 1.0),
            "restart_below": (0.0, 1.0),
        }
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if not (value is None and name == "restart_below") and not (_is_number(value) and low <= value < high):
                raise InputError(f"{name} is {value!r}: give a number from {low:g} to below {high:g}")
        if not (_is_number(self.fraction) and 0 < self.fraction <= 1):
            raise InputError(f"fraction is {self.fraction!r}: give the share of rows to train on, above 0 and up to 1")
        for name in ("fixed_split", "shared_order", "shuffle"):
            if not isinstance(getattr(self, name), bool):
                raise InputError(f"{name} is {getattr(self, name)!r}: give true or false")

    @property
    def total_epochs(self) -> int:
        """`prefit` and `epochs` together; epoch 0 is the network before any step."""
        return self.prefit + self.epochs


def _is_count(value: Any, least: int = 1) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and int(value) >= least


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
