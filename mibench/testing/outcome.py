# SPDX-License-Identifier: Apache-2.0
"""How a check ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NoReturn
from unittest import SkipTest

from mibench.contracts import InputError
from mibench.names import suggest

__all__ = ["CheckFailed", "Finding", "Outcome", "check_expectations", "fail", "judge", "skip"]

Outcome = Literal["ok", "failed", "skipped", "expected"]


class CheckFailed(AssertionError):
    """The contract does not hold; the message says what was found, what was wanted and what to do."""


@dataclass(frozen=True)
class Finding:
    """How one check of one thing ended.

    Attributes
    ----------
    thing, kind : str
        What was checked, as it was named, and ``estimator`` or ``task``.
    check : str
        The check's name.
    outcome : {"ok", "failed", "skipped", "expected"}
        ``expected`` is a failure that was declared, with its reason.
    why : str
        Empty for ``ok``.
    seconds : float
        Wall clock.
    """

    thing: str
    kind: str
    check: str
    outcome: Outcome
    why: str = ""
    seconds: float = 0.0


def fail(message: str) -> NoReturn:
    """End a check as failed."""
    raise CheckFailed(message)


def skip(reason: str) -> NoReturn:
    """End a check that does not apply; pytest and unittest know the exception."""
    raise SkipTest(reason)


def check_expectations(expected: Any, known: Iterable[str]) -> dict[str, str]:
    """Declared failures, each the name of a check with a reason.

    Raises
    ------
    InputError
        For a name that is no check (with suggestions) or a reason that is empty or no text.
    """
    names = list(known)
    if expected is None:
        return {}
    if not isinstance(expected, Mapping):
        raise InputError(f"expected_failures is {expected!r}: give a mapping from a check's name to the reason")
    for name, reason in expected.items():
        if name not in names:
            raise InputError(f"expected_failures names {name!r}, which is no check{suggest(str(name), names)}")
        if not isinstance(reason, str) or not reason.strip():
            raise InputError(f"expected_failures[{name!r}] is {reason!r}: say why it cannot hold, in words")
    return dict(expected)


def judge(finding: Finding, expected: Mapping[str, str]) -> Finding:
    """`finding` in the light of the declared failures: a declared failure that passes is a failure of its own."""
    reason = expected.get(finding.check)
    if reason is None:
        return finding
    if finding.outcome == "failed":
        return replace(finding, outcome="expected", why=f"{reason} (it says: {finding.why})")
    if finding.outcome == "ok":
        stale = f"declared to fail ({reason}) and it passes: take it off the expected failures"
        return replace(finding, outcome="failed", why=stale)
    return finding
