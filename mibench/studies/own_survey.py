# SPDX-License-Identifier: Apache-2.0
"""What is known of layers before any information is estimated, and what it warns of.

Deterministic layers of floats that keep all inputs apart have I(X;T) = H(X) whatever they have learnt, and infinite for
continuous inputs (Goldfeld et al., ICML 2019); plug-in I(T;Y) is then H(Y) for any labels. Saturated units lose
inputs to rounding, which counts as compression.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from mibench.contracts import InputError
from mibench.numerics.rows import distinct_rows
from mibench.studies.own_inputs import Rows
from mibench.studies.own_layers import Watched
from mibench.studies.results import Plane

__all__ = ["Survey", "warnings_of"]

_APART = 0.99  # share of the distinct inputs that a layer tells apart, from which it is said to tell all
_BAND = 0.05  # of the null: I(T;Y) that is no further above it says nothing of the labels
_FULL = 0.10  # share of saturated activations, or of dead units, that is told
_SATURATED = {"Tanh": (-0.99, 0.99), "Sigmoid": (0.005, 0.995), "Hardtanh": (-1.0, 1.0), "ReLU6": (None, 6.0)}
_DEAD = ("ReLU", "ReLU6")


@dataclass
class Survey:
    """Layers at the checkpoints seen so far.

    Attributes
    ----------
    low, high : float
        Extremes over all of them.
    epochs : list of int
    distinct : list of list of int
        Of each checkpoint, each layer's distinct rows.
    saturated, dead : list of list of float
        Of each checkpoint and layer, the share of saturated activations and of units that are 0 for all inputs; 0
        where the layer's class has none.
    """

    watched: Watched
    low: float = math.inf
    high: float = -math.inf
    epochs: list[int] = field(default_factory=list)
    distinct: list[list[int]] = field(default_factory=list)
    saturated: list[list[float]] = field(default_factory=list)
    dead: list[list[float]] = field(default_factory=list)

    def add(self, epoch: int, where: str, layers: Sequence[NDArray[Any]]) -> None:
        """Look at the layers of a checkpoint.

        Raises
        ------
        InputError
            If one holds NaN or infinity, naming it and the checkpoint.
        """
        for name, values in zip(self.watched.names, layers, strict=True):
            if not np.isfinite(values).all():
                raise InputError(
                    f"layer {name!r} holds NaN or infinity at {where}: the training broke down before; leave this "
                    "checkpoint and those after it out"
                )
            self.low, self.high = min(self.low, float(values.min())), max(self.high, float(values.max()))
        kinds = self.watched.kinds
        self.epochs.append(epoch)
        self.distinct.append([len(distinct_rows(values)[0]) for values in layers])
        self.saturated.append([_saturated(*each) for each in zip(kinds, layers, strict=True)])
        self.dead.append(
            [
                float((values == 0).all(axis=0).mean()) if k in _DEAD else 0.0
                for k, values in zip(kinds, layers, strict=True)
            ]
        )


def warnings_of(survey: Survey, rows: Rows, planes: Mapping[str, Plane]) -> tuple[str, ...]:
    """What a reader of the planes should know, a sentence each."""
    found = [
        *_of_inputs(rows),
        *_of_modes(survey.watched),
        *_of_apart(survey, len(rows.distinct), rows.entropy),
        *_of_shares(survey),
    ]
    for name, plane in planes.items():
        found += _of_null(name, plane, survey)
        found += [f"{name} does not answer everything: {reason}" for reason in plane.reasons]
    return tuple(found)


def _saturated(kind: str, values: NDArray[Any]) -> float:
    if kind not in _SATURATED:
        return 0.0
    low, high = _SATURATED[kind]
    beyond = values >= high
    return float((beyond if low is None else beyond | (values <= low)).mean())


def _of_inputs(rows: Rows) -> Iterable[str]:
    n, distinct = len(rows.member), len(rows.distinct)
    if distinct < n:
        yield (
            f"x repeats: {n} rows, {distinct} of them distinct; repeats are taken for probability, and no I(X;T) of a "
            f"deterministic network exceeds H(X) = {rows.entropy:.3f} nat"
        )


def _of_modes(watched: Watched) -> Iterable[str]:
    modules = list(watched.model.modules())
    dropout = {type(m).__name__ for m in modules if isinstance(m, nn.modules.dropout._DropoutNd) and m.p > 0}
    norms = {type(m).__name__ for m in modules if isinstance(m, nn.modules.batchnorm._BatchNorm)}
    if dropout:
        yield (
            f"the network has {', '.join(sorted(dropout))} and is evaluated in eval mode, without it: the layers are "
            "those of the deterministic network, not of the one that is trained"
        )
    if norms:
        yield f"the network has {', '.join(sorted(norms))} and is evaluated in eval mode, with its running statistics"
    if watched.random:
        yield (
            f"two passes differ in {_layers(watched.random)}: the network draws random numbers in eval mode, "
            "and its information is that of one draw, which is no function of the input"
        )


def _of_apart(survey: Survey, distinct: int, entropy: float) -> Iterable[str]:
    apart = np.array(survey.distinct) >= _APART * distinct
    if apart.any() and distinct > 1:
        yield (
            f"(nearly) all {distinct} distinct inputs are told apart in {_where(survey, apart)}: counting rows gives "
            f"I(X;T) = H(X) = {entropy:.3f} nat whatever has been learnt, and it is infinite where inputs are "
            "continuous; read no fitting or compression out of it"
        )


def _of_shares(survey: Survey) -> Iterable[str]:
    for what, share, then in (
        (
            "activations at the ends of their range",
            survey.saturated,
            "floats that round to one value there merge inputs, which counts as compression",
        ),
        ("units that are 0 for every input", survey.dead, "they carry no information"),
    ):
        shares = np.array(share)
        for at in np.flatnonzero((shares >= _FULL).any(axis=0)):
            most = int(shares[:, at].argmax())
            yield (
                f"layer {survey.watched.names[at]} ({survey.watched.kinds[at]}) has up to {shares[most, at]:.0%} of "
                f"{what} (epoch {survey.epochs[most]}): {then}"
            )


def _of_null(name: str, plane: Plane, survey: Survey) -> Iterable[str]:
    if plane.null is None:
        return
    null, i_y = plane.null[0], plane.information[0, :, :, 1]
    within = (null > 0) & (i_y - null <= _BAND * null)
    if within.any():
        yield (
            f"{name}: I(T;Y) is within {_BAND:.0%} of what permuted labels give, and says nothing about the labels, in "
            f"{_where(survey, within)}"
        )


def _where(survey: Survey, found: NDArray[np.bool_]) -> str:
    """The layers for which `found`, shape (E, L), is anywhere true, and at how many checkpoints."""
    times, total = found.sum(axis=0), len(found)
    names = [survey.watched.names[at] for at in np.flatnonzero(times)]
    if total == 1:
        return _layers(names)
    counts = times[times > 0]
    if (counts == counts[0]).all():
        return (
            f"{_layers(names)} at {'every checkpoint' if counts[0] == total else f'{counts[0]} of {total} checkpoints'}"
        )
    counted = [f"{name} ({count})" for name, count in zip(names, counts, strict=True)]
    return f"{_layers(counted)}, so many of {total} checkpoints"


def _layers(names: Sequence[str]) -> str:
    return f"{'layer' if len(names) == 1 else 'layers'} {', '.join(names)}"
