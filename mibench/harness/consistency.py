# SPDX-License-Identifier: Apache-2.0
"""What an estimate should obey whatever the truth is: samples transformed so that the answer is known to follow.

Each check makes one more sample from the trial's own; the same estimator with the same seed answers on both, and the
score compares the two answers (`mibench.harness.score.consistency`). What a check asks is a property of mutual
information itself (Cover and Thomas, Elements of Information Theory, 2nd ed., ch. 2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError, Sample
from mibench.harness.maps import bend, forget, half
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

    Raises
    ------
    Unsupported
        If the check has nothing to ask of such data.
    """
    return _TRANSFORMS[check](_as_arrays(sample), lambda: _as_arrays(second()))


def _as_arrays(sample: Sample) -> Sample:
    return Sample(np.asarray(sample.x), np.asarray(sample.y), sample.side)


def _swapped(sample: Sample, _: Callable[[], Sample]) -> Sample:
    return Sample(sample.y, sample.x, {_other(key): value for key, value in sample.side.items()})


def _other(key: str) -> str:
    """``clean_y`` for ``clean_x``, ``y_is_discrete`` for ``x_is_discrete``; other keys speak of both sides."""
    words = key.split("_")
    for end in {0, len(words) - 1} if len(words) > 1 else ():
        words[end] = {"x": "y", "y": "x"}.get(words[end], words[end])
    return "_".join(words)


def _reordered(sample: Sample, _: Callable[[], Sample]) -> Sample:
    order = _order(len(sample.x))
    return Sample(sample.x[order], sample.y[order], {k: _taken(v, order) for k, v in sample.side.items()})


def _bent_x(sample: Sample, _: Callable[[], Sample]) -> Sample:
    return Sample(bend(sample.x), sample.y, _without(sample, "noise_std", "noise_std_x", "clean_x", "centres_x"))


def _bent_y(sample: Sample, _: Callable[[], Sample]) -> Sample:
    return Sample(sample.x, bend(sample.y), _without(sample, "noise_std", "noise_std_y", "clean_y", "centres_y"))


def _doubled(sample: Sample, second: Callable[[], Sample]) -> Sample:
    other = second()
    side = {}
    for key, value in sample.side.items():
        if key.startswith("alphabet_size"):
            side[key] = value**2
        elif not _per_row(value, len(sample.x)):
            side[key] = value
        elif key in other.side:
            side[key] = _beside(np.asarray(value), np.asarray(other.side[key]))
    return Sample(_beside(sample.x, other.x), _beside(sample.y, other.y), side)


def _processed(sample: Sample, _: Callable[[], Sample]) -> Sample:
    side, part = _without(sample, "clean_y", "centres_y", "latent_y"), half(sample.y)
    for key in ("clean_y", "centres_y") if part is not None else ():
        values = np.asarray(sample.side.get(key, ()))
        if sample.y.shape in (values.shape, (*values.shape[:1], *values.shape[2:])):
            side[key] = values[..., part]  # the noise of half of the coordinates is as it was
    return Sample(sample.x, forget(sample.y), side)


def _torn(sample: Sample, _: Callable[[], Sample]) -> Sample:
    order = _order(len(sample.x))
    away = np.empty_like(order)
    away[order] = np.roll(order, 1)  # one cycle through all rows: no pair stays together, as some do in a permutation
    kept = _without(sample, "centres_x", "centres_y")  # what a side is like given the other: no more
    side = {key: _taken(value, away) if key.endswith("_y") else value for key, value in kept.items()}
    return Sample(sample.x, sample.y[away], side)


_TRANSFORMS: Mapping[str, Callable[[Sample, Callable[[], Sample]], Sample]] = {
    "symmetry": _swapped,
    "row-order": _reordered,
    "bijection-x": _bent_x,
    "bijection-y": _bent_y,
    "additivity": _doubled,
    "data-processing": _processed,
    "shuffled": _torn,
}


def _order(n: int) -> Array:
    """A fixed order of n rows without a pattern, the same for every estimator."""
    return np.random.default_rng(n).permutation(n)


def _per_row(value: Any, n: int) -> bool:
    return not isinstance(value, (str, bytes)) and np.ndim(value) > 0 and len(value) == n


def _taken(value: Any, order: Array) -> Any:
    return np.asarray(value)[order] if _per_row(value, len(order)) else value


def _beside(a: Array, b: Array) -> Array:
    return np.column_stack([a, b]) if a.ndim == 1 else np.concatenate([a, b], axis=-1)


def _without(sample: Sample, *names: str) -> dict[str, Any]:
    return {key: value for key, value in sample.side.items() if key not in names}
