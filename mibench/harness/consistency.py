# SPDX-License-Identifier: Apache-2.0
"""What an estimate should obey whatever the truth is: samples transformed so that the answer is known to follow.

Each check makes one more sample from the trial's own; the same estimator with the same seed answers on both, and the
score compares the two answers (`mibench.harness.score_consistency`). What a check asks is a property of mutual
information itself (Cover and Thomas, Elements of Information Theory, 2nd ed., ch. 2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError, Sample
from mibench.names import split_top, suggest

__all__ = ["CHECKS", "Check", "choose", "transform", "truth"]

Array = NDArray[Any]
_SIDES = ("x", "y")


@dataclass(frozen=True)
class Check:
    """One property.

    Attributes
    ----------
    name : str
        As rows and commands name it.
    statement : str
        What should hold, in symbols.
    truth : callable
        The mutual information of the transformed sample from that of the sample; None where only a bound is known.
    """

    name: str
    statement: str
    truth: Callable[[float], float | None]


CHECKS: Mapping[str, Check] = {
    check.name: check
    for check in (
        Check("symmetry", "I(Y; X) = I(X; Y)", lambda mi: mi),
        Check("row-order", "the order of the pairs does not matter", lambda mi: mi),
        Check("bijection-x", "I(g(X); Y) = I(X; Y) for a bijection g", lambda mi: mi),
        Check("bijection-y", "I(X; g(Y)) = I(X; Y) for a bijection g", lambda mi: mi),
        Check("additivity", "I(X1,X2; Y1,Y2) = 2 I(X; Y) for two independent copies", lambda mi: 2 * mi),
        Check("data-processing", "I(X; f(Y)) <= I(X; Y)", lambda _: None),
        Check("shuffled", "I = 0 between pairs that are torn apart", lambda _: 0.0),
    )
}


def choose(selection: str | None) -> list[str]:
    """The checks that ``--consistency`` names: a comma list, ``all``, or none.

    Raises
    ------
    InputError
        For a name that is no check.
    """
    chosen: dict[str, None] = {}
    for part in split_top(selection or "", ","):
        if part != "all" and part not in CHECKS:
            raise InputError(f"no self-consistency check {part!r}{suggest(part, [*CHECKS, 'all'])}")
        chosen.update(dict.fromkeys(CHECKS if part == "all" else [part]))
    return list(chosen)


def truth(check: str, mi: float) -> float | None:
    """The mutual information (nats) of the transformed sample; None where only ``<=`` is known."""
    return CHECKS[check].truth(mi)


def transform(check: str, sample: Sample, *, second: Callable[[], Sample]) -> Sample:
    """The sample that `check` asks the estimator about.

    Parameters
    ----------
    check : str
        A name of `CHECKS`.
    sample : Sample
        The trial's own; it is left as it is. Declared side information follows the data, and what is no longer true of
        them (the noise after a bijection) is left out.
    second : callable
        Makes an independent sample of the same task and size.
    """
    return _TRANSFORMS[check](sample, second)


def _swapped(sample: Sample, _: Callable[[], Sample]) -> Sample:
    other = dict(zip(_SIDES, reversed(_SIDES), strict=True))
    side = {}
    for key, value in sample.side.items():
        head, underline, end = key.rpartition("_")
        side[f"{head}_{other[end]}" if underline and end in other else key] = value
    return Sample(sample.y, sample.x, side)


def _reordered(sample: Sample, _: Callable[[], Sample]) -> Sample:
    order = _order(len(sample.x))
    return Sample(sample.x[order], sample.y[order], {k: _taken(v, order) for k, v in sample.side.items()})


def _bent_x(sample: Sample, _: Callable[[], Sample]) -> Sample:
    return Sample(bend(sample.x), sample.y, _without(sample, "clean_x", "noise_std"))


def _bent_y(sample: Sample, _: Callable[[], Sample]) -> Sample:
    return Sample(sample.x, bend(sample.y), _without(sample, "clean_y", "noise_std"))


def _doubled(sample: Sample, second: Callable[[], Sample]) -> Sample:
    other = second()
    side = {}
    for key, value in sample.side.items():
        per_row = isinstance(value, np.ndarray) and value.ndim and len(value) == len(sample.x)
        side[key] = _beside(value, other.side[key]) if per_row else value
    return Sample(_beside(sample.x, other.x), _beside(sample.y, other.y), side)


def _processed(sample: Sample, _: Callable[[], Sample]) -> Sample:
    return Sample(sample.x, forget(sample.y), _without(sample, "clean_y", "latent_y"))


def _torn(sample: Sample, _: Callable[[], Sample]) -> Sample:
    order = _order(len(sample.x))
    side = {key: _taken(value, order) if key.endswith("_y") else value for key, value in sample.side.items()}
    return Sample(sample.x, sample.y[order], side)


_TRANSFORMS: Mapping[str, Callable[[Sample, Callable[[], Sample]], Sample]] = {
    "symmetry": _swapped,
    "row-order": _reordered,
    "bijection-x": _bent_x,
    "bijection-y": _bent_y,
    "additivity": _doubled,
    "data-processing": _processed,
    "shuffled": _torn,
}


def bend(values: Array) -> Array:
    """A bijection of the values: asinh of every coordinate in units of the data's spread; images are mirrored too.

    Whole numbers (an alphabet) are counted from the other end. asinh is strictly increasing and smooth, keeps tails
    light and every float apart that its input keeps apart by more than rounding.
    """
    values = np.asarray(values)
    if values.dtype.kind in "biu":
        return np.asarray(values.max() + values.min() - values if values.dtype.kind != "b" else ~values)
    bent = np.arcsinh(values / (values.std() or 1.0)).astype(values.dtype)
    return np.asarray(bent[..., ::-1] if values.ndim > 2 else bent)


def forget(values: Array) -> Array:
    """A function of the values that forgets: half of the coordinates, or of a single one its side of the median."""
    values = np.asarray(values)
    width = values.shape[-1] if values.ndim > 1 else 1
    if width > 1:
        return np.asarray(values[..., : (width + 1) // 2])
    if values.dtype.kind in "biu":
        return np.asarray(values // 2)
    return np.asarray(np.abs(values - np.median(values)))


def _order(n: int) -> Array:
    """A fixed order of n rows without a pattern, the same for every estimator."""
    return np.random.default_rng(n).permutation(n)


def _taken(value: Any, order: Array) -> Any:
    return value[order] if isinstance(value, np.ndarray) and value.ndim and len(value) == len(order) else value


def _beside(a: Array, b: Array) -> Array:
    return np.column_stack([a, b]) if a.ndim == 1 else np.concatenate([a, b], axis=-1)


def _without(sample: Sample, *names: str) -> dict[str, Any]:
    return {key: value for key, value in sample.side.items() if key not in names}
