# SPDX-License-Identifier: Apache-2.0
"""Is HEAD worse than BASE? Rows paired, judged by rules, and one verdict that never passes for want of evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mibench.contracts import InputError, Row
from mibench.harness.compare_claims import judge
from mibench.harness.compare_findings import Claim, Finding, answers, moved_error, moved_numbers
from mibench.harness.compare_pairs import BUCKETS, Bucket, Outcome, pair
from mibench.harness.gate import Limits, Rules
from mibench.harness.run import FAILURES

__all__ = ["FAILED", "FINE", "INCOMPLETE", "REGRESSION", "Comparison", "compare"]

FINE, REGRESSION, INCOMPLETE, FAILED = 0, 1, 3, 4


@dataclass(frozen=True)
class Comparison:
    """Everything that two runs say of each other."""

    outcomes: tuple[Outcome, ...]
    claims: tuple[Claim, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    failed: tuple[Outcome, ...]
    unmatched: tuple[Outcome, ...]  # answers of BASE that nothing in HEAD was held against
    undecided: tuple[str, ...]  # estimators of which so few cells could have shown nothing
    across_seeds: bool
    partial: bool

    def counts(self) -> dict[Bucket, tuple[int, int]]:
        """Rows of BASE and of HEAD per bucket; together they are all the rows."""
        return {
            bucket: (
                sum(each.bucket == bucket and each.base is not None for each in self.outcomes),
                sum(each.bucket == bucket and each.head is not None for each in self.outcomes),
            )
            for bucket in BUCKETS
        }

    @property
    def compared(self) -> int:
        """Pairs of answers whose errors were compared."""
        return sum(each.bucket == "compared" for each in self.outcomes)

    @property
    def regressions(self) -> list[Finding]:
        """The findings that fail the gate."""
        return [finding for finding in self.findings if finding.regression]

    @property
    def code(self) -> int:
        """0 fine, 1 regression, 3 nothing (or not all of BASE) was compared or judged, 4 trials of HEAD failed.

        What is known to be worse comes first; then trials whose answer is missing because they failed, which running
        them again may mend; then what was never asked.
        """
        if self.regressions:
            return REGRESSION
        if self.failed:
            return FAILED
        judged = {each.row.estimator for each in self.outcomes if each.bucket == "compared"} - set(self.undecided)
        if not judged or (self.unmatched and not self.partial):
            return INCOMPLETE
        return FINE


def compare(
    base: Sequence[Row],
    head: Sequence[Row],
    rules: Rules | None = None,
    *,
    across_seeds: bool = False,
    partial: bool = False,
) -> Comparison:
    """Compare two runs.

    Parameters
    ----------
    base, head : sequence of Row
        The latest row of every key.
    rules : Rules, optional
        Margins and tolerances; the defaults of `mibench.harness.gate.Limits` without.
    across_seeds : bool
        HEAD was run with other root seeds: the errors on its own samples are held against those on BASE's. No number
        has to agree then, and differences carry the spread of two samples.
    partial : bool
        HEAD is meant to hold only a part of BASE: what it has no trial for is no fault.

    Raises
    ------
    InputError
        For `across_seeds` where the runs share a root seed.
    """
    rules = rules or Rules()
    seeds = [{row.seed for row in rows if row.seed is not None} for rows in (base, head)]
    if across_seeds and seeds[0] & seeds[1]:
        raise InputError(
            f"--across-seeds: both runs have trials with --seed {min(seeds[0] & seeds[1])}, whose samples are the same "
            "and can be paired: leave it out"
        )
    outcomes = pair(base, head, across_seeds=across_seeds)
    limits = {name: rules.of(name) for name in dict.fromkeys(each.row.estimator for each in outcomes)}
    claims = _claims([each for each in outcomes if each.bucket == "compared"], limits, rules.alpha, across_seeds)
    findings = [finding for claim in claims for finding in moved_error(claim)]
    if not across_seeds:
        findings += [finding for each in outcomes for finding in moved_numbers(each, limits[each.row.estimator])]
    by_name: dict[str, list[Outcome]] = {}
    for each in outcomes:
        by_name.setdefault(each.row.estimator, []).append(each)
    findings += [finding for name, own in by_name.items() for finding in answers(name, own, limits[name])]
    findings.sort(key=lambda finding: not finding.regression)
    lost = {id(each) for each in outcomes if each.bucket == "lost"}
    return Comparison(
        tuple(outcomes),
        tuple(claims),
        tuple(findings),
        tuple(_notes(outcomes, rules, limits, seeds, across_seeds)),
        tuple(each for each in outcomes if id(each) not in lost and _failed(each, limits)),
        tuple(_unmatched(outcomes, across_seeds)),
        tuple(_undecided(claims, limits, across_seeds)),
        across_seeds,
        partial,
    )


def _claims(compared: Sequence[Outcome], limits: dict[str, Limits], alpha: float, across_seeds: bool) -> list[Claim]:
    whole: dict[tuple[str, str | None, int | None], list[Outcome]] = {}
    parts: dict[tuple[str, str | None, int | None], list[Outcome]] = {}
    for each in compared:
        whole.setdefault((each.row.estimator, None, None), []).append(each)
        parts.setdefault((each.row.estimator, each.row.task, each.row.n), []).append(each)
    several = Counter(name for name, _, _ in parts)
    groups = whole | {key: group for key, group in parts.items() if several[key[0]] > 1}  # one task says nothing more
    differences: dict[Hashable, list[float]] = {}
    margins: dict[Hashable, float] = {}
    for key, group in groups.items():
        limit = limits[key[0]]
        rounding = limit.tolerance if limit.deterministic and not across_seeds else 0.0
        differences[key] = [0.0 if abs(each.worse) <= rounding else each.worse for each in group]
        margins[key] = limit.margin
    claims = []
    for (key, group), change in zip(groups.items(), judge(differences, margins, alpha, whole), strict=True):
        limit = limits[key[0]]
        errors = (
            float(np.mean([each.error("base") for each in group])),
            float(np.mean([each.error("head") for each in group])),
        )
        claims.append(Claim(*key, *errors, limit.margin, bool(limit.deterministic) and not across_seeds, change))
    return claims


def _failed(outcome: Outcome, limits: dict[str, Limits]) -> bool:
    head = outcome.head
    skipped = outcome.bucket in ("superseded", "check")
    return (
        head is not None and not skipped and head.status in FAILURES and not limits[outcome.row.estimator].allow_failed
    )


def _unmatched(outcomes: Sequence[Outcome], across_seeds: bool) -> Iterator[Outcome]:
    """Answers of BASE that were held against nothing; across seeds one repetition is as good as another."""
    met = {(each.row.task, each.row.estimator, each.row.n) for each in outcomes if each.bucket in ("compared", "lost")}
    for each in outcomes:
        answer = each.base is not None and each.base.status == "ok"
        known = across_seeds and (each.row.task, each.row.estimator, each.row.n) in met
        if each.bucket in ("only in base", "not comparable") and answer and not known:
            yield each


def _undecided(claims: Sequence[Claim], limits: dict[str, Limits], across_seeds: bool) -> Iterator[str]:
    for claim in claims:
        held = claim.deterministic or (limits[claim.estimator].jump is not None and not across_seeds)
        if claim.task is None and not held and claim.change.visible is None:
            yield claim.estimator


def _notes(
    outcomes: Sequence[Outcome], rules: Rules, limits: dict[str, Limits], seeds: list[set[int]], across_seeds: bool
) -> Iterator[str]:
    for rule in rules.idle(limits):
        yield f"the rule {rule} is about no estimator of these runs"
    if not across_seeds and all(seeds) and not seeds[0] & seeds[1]:
        yield (
            f"BASE has --seed {_list(seeds[0])} and HEAD {_list(seeds[1])}: their samples differ and cannot be paired; "
            "--across-seeds compares the errors on different samples"
        )
    if not any(each.bucket == "compared" for each in outcomes):
        yield "nothing was compared: no trial was answered by both runs on one sample"


def _list(numbers: set[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))
