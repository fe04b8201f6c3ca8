# SPDX-License-Identifier: Apache-2.0
"""Asking all checks of one thing, in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mibench.contracts import InputError
from mibench.testing.check import Check, checks_of, choose, run_check
from mibench.testing.outcome import CheckFailed, Finding, check_expectations, judge, skip
from mibench.testing.subject import Subject, subjects_of

__all__ = ["BoundCheck", "check_estimator", "check_task", "yield_checks"]


@dataclass(frozen=True)
class BoundCheck:
    """One check of one thing: call it. ``str`` names it, as in ``ksg[k=5]: row-order``."""

    check: Check
    subject: Subject

    @property
    def name(self) -> str:
        """The check's name."""
        return self.check.name

    def __str__(self) -> str:
        return f"{self.subject.label}: {self.check.name}"

    def find(self) -> Finding:
        """Run it; whatever happens is a finding."""
        return run_check(self.check, self.subject)

    def __call__(self) -> None:
        """Run it.

        Raises
        ------
        CheckFailed
            Where the contract does not hold.
        unittest.SkipTest
            Where the check does not apply.
        """
        finding = self.find()
        if finding.outcome == "skipped":
            skip(finding.why)
        if finding.outcome == "failed":
            raise CheckFailed(f"{self}: {finding.why}")


def yield_checks(thing: Any, *, kind: str | None = None, checks: Sequence[str] | None = None) -> Iterator[BoundCheck]:
    """The checks of a task or an estimator, each to be called.

    Parameters
    ----------
    thing : str, class or object
        A registered name such as ``"ksg[k=5]"``, a class that is built without arguments, or an object.
    kind : {"estimator", "task"}, optional
        Asked of a name that is registered as both; otherwise both are checked.
    checks : sequence of str, optional
        Names of the checks to make; all of them by default.

    Raises
    ------
    InputError, UnknownName
        For what is no task and no estimator, or a name that is no check.
    """
    for subject in subjects_of(thing, kind):
        for check in choose(subject.kind, checks):
            yield BoundCheck(check, subject)


def _check(
    thing: Any,
    kind: str,
    expected_failures: Mapping[str, str] | None,
    checks: Sequence[str] | None,
    on_fail: str,
    callback: Callable[[Finding], None] | None,
) -> list[Finding]:
    if on_fail not in ("raise", "report"):
        raise InputError(f"on_fail is {on_fail!r}: give 'raise' or 'report'")
    expected = check_expectations(expected_failures, checks_of(kind))
    findings = []
    for each in yield_checks(thing, kind=kind, checks=checks):
        findings.append(judge(each.find(), expected))
        if callback:
            callback(findings[-1])
    failed = [f"  {each.check}: {each.why}" for each in findings if each.outcome == "failed"]
    if failed and on_fail == "raise":
        raise CheckFailed(f"{findings[0].thing} fails {len(failed)} of {len(findings)} checks\n" + "\n".join(failed))
    return findings


def check_estimator(
    estimator: Any,
    *,
    expected_failures: Mapping[str, str] | None = None,
    checks: Sequence[str] | None = None,
    on_fail: Literal["raise", "report"] = "raise",
    callback: Callable[[Finding], None] | None = None,
) -> list[Finding]:
    """Check that an estimator keeps the contract of `mibench.Estimator`.

    Parameters
    ----------
    estimator : str, class or object
        A registered name, a class that is built without arguments, or an object.
    expected_failures : mapping of str to str, optional
        Name of a check that is known to fail -> why it cannot hold. One that passes is reported as a failure.
    checks : sequence of str, optional
        Names of the checks to make; all of them by default.
    on_fail : {"raise", "report"}
        Raise once every check was made, or leave it to the findings.
    callback : callable, optional
        Is given each finding as it is made.

    Returns
    -------
    list of Finding

    Raises
    ------
    CheckFailed
        With every failure, one a line.
    InputError, UnknownName
        For what is no estimator, a name that is no check, or a declared failure without a reason.
    """
    return _check(estimator, "estimator", expected_failures, checks, on_fail, callback)


def check_task(
    task: Any,
    *,
    expected_failures: Mapping[str, str] | None = None,
    checks: Sequence[str] | None = None,
    on_fail: Literal["raise", "report"] = "raise",
    callback: Callable[[Finding], None] | None = None,
) -> list[Finding]:
    """Check that a task keeps the contract of `mibench.Task`; parameters and results are those of `check_estimator`."""
    return _check(task, "task", expected_failures, checks, on_fail, callback)
