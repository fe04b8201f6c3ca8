# SPDX-License-Identifier: Apache-2.0
"""A claim is a checkable statement of a paper; a case is where it is checked; a finding is what came out there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from mibench.contracts import InputError
from mibench.studies.results import MissingResult, Results

__all__ = ["Case", "Claim", "Finding", "Verdict", "Wanted", "check", "combined"]

Verdict = Literal["holds", "fails", "undecided"]
Wanted = Literal["at least", "at most", ""]


@dataclass(frozen=True)
class Case:
    """Where a claim is checked.

    Parameters
    ----------
    setting : str
        Of the study; a check that compares settings reads the others by their names.
    estimator : str
        Of the plane, where the claim is about one.
    primary : bool
        Whether the claim's verdict rests on it; others only stand in its matrix.
    labels : mapping
        What tells the case from others in the matrix: ``mode``, ``init``, ``estimator``, ``activation``, ``layer``, ...
    """

    setting: str
    estimator: str = ""
    primary: bool = True
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """What came out in one case.

    Parameters
    ----------
    verdict : {"holds", "fails", "undecided"}
        ``undecided`` where the interval holds both, or a result is missing.
    statistic : float
        What the rule compares; NaN where it could not be computed.
    unit : str
        ``bits``, ``epochs``, ``share``, ``correlation``, ...
    interval : (low, high) or None
        95 %, of a bootstrap over runs where there are runs.
    detail : str
        One short sentence with the numbers that a reader wants.
    missing : bool
        Whether a result that it needs is not there.
    threshold : float, optional
        What the statistic is held against, where the rule is that it is `wanted`: ``at least`` or ``at most`` that.
    wanted : {"at least", "at most", ""}
    """

    verdict: Verdict
    statistic: float = float("nan")
    unit: str = ""
    interval: tuple[float, float] | None = None
    detail: str = ""
    missing: bool = False
    threshold: float | None = None
    wanted: Wanted = ""


@dataclass(frozen=True)
class Claim:
    """A statement of a source as a rule; what was changed after a first look at results, the rule tells.

    Parameters
    ----------
    id : str
        Such as ``L2``.
    title : str
        A few words.
    statement : str
        What the source says, in our words.
    source : str
        Paper, section, figure.
    rule : str
        The predicate, in words, with its thresholds.
    cases : tuple of Case
    check : callable
        ``check(results, case, rng) -> Finding``.
    """

    id: str
    title: str
    statement: str
    source: str
    rule: str
    cases: tuple[Case, ...]
    check: Callable[[Results, Case, np.random.Generator], Finding]


def check(claim: Claim, results: Results) -> list[tuple[Case, Finding]]:
    """Every case of a claim with its finding; where a result is missing the finding is undecided and says so."""
    found = []
    for number, case in enumerate(claim.cases):
        key = [results.seed, *claim.id.encode(), number]
        try:
            finding = claim.check(results, case, np.random.default_rng(np.random.SeedSequence(key)))
        except (MissingResult, InputError) as error:  # not there, or damaged
            finding = Finding("undecided", detail=f"not run: {error}", missing=True)
        found.append((case, finding))
    return found


def combined(findings: list[tuple[Case, Finding]]) -> Verdict:
    """The claim's verdict: of its primary cases, fails if one fails, holds if all hold, else undecided."""
    verdicts = {finding.verdict for case, finding in findings if case.primary}
    if "fails" in verdicts:
        return "fails"
    return "holds" if verdicts == {"holds"} else "undecided"
