# SPDX-License-Identifier: Apache-2.0
"""What a comparison has to say of each estimator: errors and numbers that moved, answers lost and gained, time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from mibench.harness.compare_claims import Change
from mibench.harness.compare_pairs import Outcome
from mibench.harness.gate import Limits

__all__ = ["Claim", "Finding", "Kind", "answers", "moved_error", "moved_numbers"]

Kind = Literal["worse", "changed", "jumped", "lost", "slower", "declared", "better", "gained"]


@dataclass(frozen=True)
class Claim:
    """A mean change of error, of one estimator over all its cells (task None) or on one task and size."""

    estimator: str
    task: str | None
    n: int | None
    base: float  # mean |error| in nats
    head: float
    margin: float
    deterministic: bool
    change: Change


@dataclass(frozen=True)
class Finding:
    """Something that a reader should know; `regression` says whether it fails the gate."""

    kind: Kind
    estimator: str
    task: str | None
    n: int | None
    repetition: int | None
    what: str  # the number that moved: estimate, interval, bounds, mean |error|, seconds, status
    base: str | float | tuple[float, ...] | None
    head: str | float | tuple[float, ...] | None
    text: str
    regression: bool


def moved_error(claim: Claim) -> Iterator[Finding]:
    change = claim.change
    if not change.verdict or change.low is None or change.high is None:
        return
    where = f"on {claim.task} n={claim.n}" if claim.task else "over all its cells"
    text = (
        f"mean |error| {where} {claim.base:.4f} -> {claim.head:.4f} nats: {change.mean:+.4f} "
        f"[{change.low:+.4f}, {change.high:+.4f}] in {change.cells} cells, q = {change.q:.2g}"
    )
    kind: Kind = "worse" if change.verdict == "worse" else "better"
    yield Finding(
        kind, claim.estimator, claim.task, claim.n, None, "mean |error|", claim.base, claim.head, text, kind == "worse"
    )


def moved_numbers(outcome: Outcome, limits: Limits) -> Iterator[Finding]:
    """Numbers of one sample that moved farther than the rules allow."""
    base, head = outcome.base, outcome.head
    if outcome.bucket != "compared" or base is None or head is None:
        return
    kind: Kind = "changed" if limits.deterministic else "jumped"
    allowed = limits.tolerance if limits.deterministic else limits.jump
    if allowed is None:
        return
    names = ("estimate", "interval", "bounds") if limits.deterministic else ("estimate",)
    for name in names:
        before, after = _ends(getattr(base, name)), _ends(getattr(head, name))
        moved = _distance(before, after)
        if moved <= allowed:
            continue
        text = f"{name} {_show(before)} -> {_show(after)} on {base.task} n={base.n} repetition {base.repetition}"
        text += f" (may move by {allowed:g})"
        if outcome.declared:
            text += f"; declared by version {base.estimator_version} -> {head.estimator_version}"
        yield Finding(
            "declared" if outcome.declared else kind,
            base.estimator,
            base.task,
            base.n,
            base.repetition,
            name,
            before if len(before) > 1 else next(iter(before), None),
            after if len(after) > 1 else next(iter(after), None),
            text,
            not outcome.declared,
        )


def answers(name: str, own: Sequence[Outcome], limits: Limits) -> Iterator[Finding]:
    """Answers of one estimator that were lost or gained, and their time."""
    lost = [each for each in own if each.bucket == "lost"]
    compared = [each for each in own if each.bucket == "compared"]
    too_many = bool(lost) and len(compared) / (len(lost) + len(compared)) < limits.coverage
    for each in own:
        if each.bucket not in ("lost", "gained") or each.base is None or each.head is None:
            continue
        where = f"on {each.row.task} n={each.row.n} repetition {each.row.repetition}"
        text = f"{each.base.status} -> {each.head.status} {where}"
        text += f": {each.head.error}" if each.head.error else ""
        yield Finding(
            "lost" if each.bucket == "lost" else "gained",
            name,
            each.row.task,
            each.row.n,
            each.row.repetition,
            "status",
            each.base.status,
            each.head.status,
            text,
            each.bucket == "lost" and too_many,
        )
    before, after = (_seconds(compared, side) for side in ("base", "head"))
    if limits.seconds_ratio is not None and before > 0 and after / before > limits.seconds_ratio:
        text = f"{before:.3g} s -> {after:.3g} s over {len(compared)} cells (may be {limits.seconds_ratio:g} times)"
        yield Finding("slower", name, None, None, None, "seconds", before, after, text, True)


def _seconds(compared: Sequence[Outcome], side: str) -> float:
    return sum(getattr(each, side).seconds or 0.0 for each in compared)


def _ends(value: float | tuple[float, float] | None) -> tuple[float, ...]:
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


def _distance(before: tuple[float, ...], after: tuple[float, ...]) -> float:
    """The farthest that a number moved; infinite where there is one on one side only."""
    if len(before) != len(after):
        return math.inf
    return max((0.0 if a == b else abs(a - b) for a, b in zip(before, after, strict=True)), default=0.0)


def _show(values: tuple[float, ...]) -> str:
    numbers = ", ".join(f"{value:.7g}" for value in values)
    return f"[{numbers}]" if len(values) > 1 else numbers or "none"
