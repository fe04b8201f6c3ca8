# SPDX-License-Identifier: Apache-2.0
"""How an estimator is called and what comes back."""

from __future__ import annotations

import inspect
import math
import numbers
import pickle
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from mibench.contracts import Estimate
from mibench.testing.check import estimator_check
from mibench.testing.outcome import fail
from mibench.testing.subject import EstimatorSubject, number

__all__: list[str] = []


@estimator_check
def signature(subject: EstimatorSubject) -> None:
    """``estimate(x, y, *, rng=None, side=None)``."""
    parameters = inspect.signature(subject.thing.estimate).parameters
    if list(parameters)[:2] != ["x", "y"]:
        fail(f"estimate takes {', '.join(parameters)}: write estimate(self, x, y, *, rng=None, side=None)")
    for name, each in parameters.items():
        if name in ("rng", "side") and (each.default is not None or each.kind is each.POSITIONAL_ONLY):
            fail(f"estimate's {name} must be a keyword that is None by default")
    missing = {"rng", "side"} - set(parameters)
    if missing and not any(each.kind is each.VAR_KEYWORD for each in parameters.values()):
        fail(f"estimate takes no {' and no '.join(sorted(missing))}: write them as keywords, None by default")


@estimator_check
def answers(subject: EstimatorSubject) -> None:
    """An `Estimate` with a finite number of nats, on normal pairs, else on symbols, else on images."""
    answer = subject.answer
    number(answer)
    if not isinstance(answer.mi, (float, int)):  # float32 would lose digits, an array would not be a number
        fail(f"Estimate.mi is of type {type(answer.mi).__name__}: give a float")


@estimator_check
def intervals(subject: EstimatorSubject) -> None:
    """`std_error` at least 0, `interval` ordered and around `mi`, `bounds` ordered, `level` a probability."""
    subject.specimen  # noqa: B018 - skips where there is no estimate
    found: Estimate = subject.answer
    error = found.std_error
    if error is not None and not 0 <= error < math.inf:
        fail(f"std_error is {error}: give a finite number of at least 0, or None")
    for name, pair in (("interval", found.interval), ("bounds", found.bounds)):
        if pair is None:
            continue
        low, high = pair
        if not low <= high:
            fail(f"{name} is ({low}, {high}): give (low, high), or None where there is none")
        if name == "interval" and not low - 1e-12 <= found.mi <= high + 1e-12:
            fail(f"interval ({low:g}, {high:g}) leaves out the estimate, {found.mi:g}")
    if not 0 < found.level < 1:
        fail(f"level is {found.level}: give the interval's confidence level, such as 0.95")


@estimator_check
def diagnostics(subject: EstimatorSubject) -> None:
    """A mapping of texts to numbers, none of them NaN."""
    subject.specimen  # noqa: B018
    found = subject.answer.diagnostics
    if not isinstance(found, Mapping):
        fail(f"diagnostics is of type {type(found).__name__}: give a mapping from a text to a float")
    for key, value in found.items():
        if not isinstance(key, str) or not isinstance(value, numbers.Real) or math.isnan(value):
            fail(f"diagnostics has {key!r}: {value!r}: give texts as keys and numbers, not NaN, as values")


@estimator_check
def pickling(subject: EstimatorSubject) -> None:
    """A pickled copy gives the same estimate: every trial runs in a process of its own."""
    specimen = subject.specimen
    copy = pickle.loads(pickle.dumps(subject.quick))  # noqa: S301 - its own
    first, second = subject.answer.mi, subject.mi(specimen.x, specimen.y, thing=copy)
    if first != second:
        fail(f"a pickled copy gives {second!r} for {first!r}: keep nothing that a pickle leaves out")


@estimator_check
def side_information(subject: EstimatorSubject) -> None:
    """`side` may be left out or hold more than is asked for, and is not changed; without what it needs, Unsupported."""
    specimen = subject.specimen
    side = {**specimen.side, "something_else": np.arange(3.0)}
    subject.mi(specimen.x, specimen.y, side=MappingProxyType(side))
    nothing: tuple[Any, ...] = ({}, None)
    for less in nothing:
        try:
            number(subject.quick.estimate(specimen.x, specimen.y, rng=0, side=less))
        except Exception as error:
            _only_unsupported(error, less)


def _only_unsupported(error: Exception, side: Any) -> None:
    from mibench.contracts import Unsupported

    if not isinstance(error, Unsupported):
        fail(f"side={side} raises {type(error).__name__} ({error}): raise Unsupported, naming what is missing")
