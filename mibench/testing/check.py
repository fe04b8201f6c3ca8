# SPDX-License-Identifier: Apache-2.0
"""The list of checks: small named functions, one property each."""

from __future__ import annotations

import inspect
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any
from unittest import SkipTest

from mibench.contracts import InputError
from mibench.names import suggest
from mibench.testing.outcome import CheckFailed, Finding

__all__ = ["Check", "checks_of", "choose", "estimator_check", "run_check", "task_check"]

_ROOMS = {
    "estimator": ("form", "estimator_form", "estimator_answer", "estimator_accuracy", "estimator_input", "refusals"),
    "task": ("form", "task_form", "task_sample", "task_rows", "task_truth"),
}
_found: dict[str, dict[str, Check]] = {"estimator": {}, "task": {}}


@dataclass(frozen=True)
class Check:
    """One property of the contract.

    Attributes
    ----------
    name : str
        As reports, ``expected_failures`` and ``--expect-failure`` spell it.
    kind : {"estimator", "task"}
        What it is asked of.
    ask : callable
        Takes the subject; returns, or raises `CheckFailed` or `unittest.SkipTest`.
    """

    name: str
    kind: str
    ask: Callable[[Any], None]

    @property
    def summary(self) -> str:
        """What must hold, in one line."""
        return (inspect.getdoc(self.ask) or "").partition("\n")[0]


def _add(kind: str, ask: Callable[[Any], None]) -> None:
    name = ask.__name__.replace("_", "-")
    assert name not in _found[kind], name
    _found[kind][name] = Check(name, kind, ask)


def estimator_check(ask: Callable[[Any], None]) -> Callable[[Any], None]:
    """Put a function on the list of what every estimator must pass; its name is the check's."""
    _add("estimator", ask)
    return ask


def task_check(ask: Callable[[Any], None]) -> Callable[[Any], None]:
    """Put a function on the list of what every task must pass; its name is the check's."""
    _add("task", ask)
    return ask


@cache
def checks_of(kind: str) -> dict[str, Check]:
    """Every check of ``estimator`` or ``task`` by name, cheap ones first."""
    for module in _ROOMS[kind]:
        import_module(f"mibench.testing.{module}")
    return _found[kind]


def choose(kind: str, names: Sequence[str] | None) -> list[Check]:
    """The checks called `names`, or all.

    Raises
    ------
    InputError
        For a name that is no check, with suggestions.
    """
    known = checks_of(kind)
    for name in names or ():
        if name not in known:
            raise InputError(f"{name!r} is no check of {kind}s{suggest(name, list(known))}")
    return [each for each in known.values() if names is None or each.name in names]


def run_check(check: Check, subject: Any) -> Finding:
    """Ask one check of one subject; whatever the subject raises is a finding."""
    began = time.perf_counter()
    outcome, why = "ok", ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `quiet` alone asks about warnings
        try:
            check.ask(subject)
        except SkipTest as reason:
            outcome, why = "skipped", str(reason)
        except CheckFailed as failure:
            outcome, why = "failed", str(failure)
        except (Exception, SystemExit) as error:
            outcome, why = "failed", f"{type(error).__name__}: {error} ({_place(error)})"
    return Finding(subject.label, check.kind, check.name, outcome, why, time.perf_counter() - began)  # type: ignore[arg-type]


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else "no frame"
