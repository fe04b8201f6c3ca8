# SPDX-License-Identifier: Apache-2.0
"""What a peer returned becomes an `Estimate` in nats, or an error that shows what it was."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Real
from typing import Any

from mibench.contracts import Estimate, InputError, MibenchError
from mibench.names import suggest

__all__ = ["UNITS", "PeerError", "TimedOut", "check_unit", "read", "shorten"]

UNITS: Mapping[str, float] = {"nats": 1.0, "bits": math.log(2), "hartleys": math.log(10)}  # in nats


class PeerError(MibenchError):
    """An estimator of others did not give a number that can be used; the message names it and what it gave."""


class TimedOut(PeerError, TimeoutError):
    """A command did not end within its time."""


def check_unit(unit: Any, who: str) -> None:
    """Refuse what is no unit.

    Raises
    ------
    InputError
        With the units there are.
    """
    if not isinstance(unit, str) or unit not in UNITS:
        hint = suggest(unit, list(UNITS)) if isinstance(unit, str) else ""
        raise InputError(f"{who}: unit is {unit!r}; give one of {', '.join(UNITS)}{hint}")


def read(answer: Any, who: str, unit: str, diagnostics: Mapping[str, float] | None = None) -> Estimate:
    """The estimate that an answer states: a real number, or a pair (number, standard error), in `unit`.

    Parameters
    ----------
    answer : float or (float, float)
        What the peer returned. Arrays are refused even with one element, unless they have no axis.
    who : str
        The peer's name, for messages.
    unit : {"nats", "bits", "hartleys"}
        Of the answer.
    diagnostics : mapping, optional
        What the estimate carries besides.

    Returns
    -------
    Estimate
        In nats, raw.

    Raises
    ------
    PeerError
        For anything else: None, text, an array, NaN, infinity, a negative standard error.
    """
    error = None
    if isinstance(answer, tuple) and len(answer) == 2:
        answer, error = answer
        error = _number(error, who, "a standard error")
        if error < 0:
            raise PeerError(f"{who} returned the standard error {error:g}, which is below 0")
    mi = _number(answer, who, f"mutual information in {unit}")
    scale = UNITS[unit]
    return Estimate(mi * scale, None if error is None else error * scale, diagnostics=dict(diagnostics or {}))


def _number(value: Any, who: str, meaning: str) -> float:
    given = value
    if getattr(value, "shape", None) == () and hasattr(value, "item"):  # a scalar of NumPy, torch or JAX
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, Real):
        raise PeerError(f"{who} returned {_describe(given)}, not a number ({meaning})")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise PeerError(f"{who} returned {number}, not a finite number ({meaning})")
    return number


def _describe(value: Any) -> str:
    if value is None:
        return "None (no `return`?)"
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple):
        return f"{type(value).__name__} of shape {tuple(shape)}"
    if isinstance(value, (tuple, list)):
        return f"{type(value).__name__} of length {len(value)}"
    return f"{type(value).__name__} {shorten(repr(value))}"


def shorten(text: str, most: int = 200) -> str:
    """`text` on one line, its end kept where it is long: errors stand last."""
    line = " ".join("".join(char if char.isprintable() or char.isspace() else "?" for char in text).split())
    return line if len(line) <= most else f"... {line[-most:]}"
