# SPDX-License-Identifier: Apache-2.0
"""Two runs side by side: every row of both lands in exactly one bucket, and only like is paired with like."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from mibench.contracts import MibenchError, Row
from mibench.harness.fingerprint import same
from mibench.names import parse, split_top

__all__ = ["BUCKETS", "Bucket", "Outcome", "pair"]

Bucket = Literal[
    "compared", "lost", "gained", "neither", "not comparable", "only in base", "only in head", "superseded", "check"
]
BUCKETS: dict[Bucket, str] = {
    "compared": "answered by both, on one sample",
    "lost": "BASE answered, HEAD does not",
    "gained": "HEAD answers, BASE did not",
    "neither": "no answer on either side",
    "not comparable": "another task version, truth or sample under one name",
    "only in base": "HEAD has no such trial",
    "only in head": "BASE has no such trial",
    "superseded": "an earlier version's row, answered again later in the same run",
    "check": "self-consistency checks, which are not scored for accuracy",
}
_TRUTH = 1e-6  # relative: a truth moves by rounding between machines, and by no more


@dataclass(frozen=True)
class Outcome:
    """What became of one trial of BASE, of HEAD, or of both.

    Attributes
    ----------
    bucket : str
        A key of `BUCKETS`.
    base, head : Row or None
        At least one of them.
    reason : str
        Why it is not comparable.
    """

    bucket: Bucket
    base: Row | None = None
    head: Row | None = None
    reason: str = ""

    @property
    def row(self) -> Row:
        """BASE's row where there is one: by its names the outcome is filed."""
        row = self.base or self.head
        assert row is not None
        return row

    @property
    def worse(self) -> float:
        """|error of HEAD| - |error of BASE| in nats; for outcomes that were compared."""
        return self.error("head") - self.error("base")

    def error(self, side: Literal["base", "head"]) -> float:
        """|estimate - truth| of one side in nats; NaN where it has none."""
        row = self.base if side == "base" else self.head
        if row is None or row.estimate is None or row.truth is None:
            return math.nan
        return abs(row.estimate - row.truth)

    @property
    def declared(self) -> bool:
        """Whether HEAD declares another version of the estimator: its answers were meant to change."""
        versions = {row.estimator_version for row in (self.base, self.head) if row is not None} - {None}
        return len(versions) > 1


def pair(base: Iterable[Row], head: Iterable[Row], *, across_seeds: bool = False) -> list[Outcome]:
    """File every row of two runs.

    Parameters
    ----------
    base, head : iterable of Row
        The latest row of every key, in the order written.
    across_seeds : bool
        The runs have different root seeds and so different samples: the repetitions of one task, size and estimator
        are matched in order, and fingerprints are not asked.

    Returns
    -------
    list of Outcome
        Each row of either side stands in exactly one of them.

    Notes
    -----
    Rows are paired by key, then by what they are: task, estimator (names with their parameters, in any order and
    spelling of numbers), n, repetition and root seed. The estimator's version may differ, which is what a comparison is
    for. A row of schema 1 knows neither versions nor sample, and is paired by its key alone.
    """
    outcomes: list[Outcome] = []
    left = _current(base, lambda row, bucket: outcomes.append(Outcome(bucket, base=row)))
    right = _current(head, lambda row, bucket: outcomes.append(Outcome(bucket, head=row)))
    if across_seeds:
        matched = _match(left, right, _ordinals(left), _ordinals(right))
    else:
        keys = _match(left, right, [row.key for row in left], [row.key for row in right])
        left, right = _without(left, [b for b, _ in keys]), _without(right, [h for _, h in keys])
        named = _match(left, right, [_identity(row) for row in left], [_identity(row) for row in right])
        matched = keys + named
        left, right = _without(left, [b for b, _ in named]), _without(right, [h for _, h in named])
        matched += _old(left, right)
    outcomes += [_outcome(b, h, across_seeds) for b, h in matched]
    outcomes += [Outcome("only in base", base=row) for row in _without(left, [b for b, _ in matched])]
    outcomes += [Outcome("only in head", head=row) for row in _without(right, [h for _, h in matched])]
    return outcomes


def _current(rows: Iterable[Row], put_aside: Callable[[Row, Bucket], None]) -> list[Row]:
    """The last accuracy row of every cell and estimator, as the leaderboard takes them."""
    kept: dict[Hashable, Row] = {}
    for row in rows:
        if row.check:
            put_aside(row, "check")
            continue
        older = kept.pop(_identity(row), None)
        if older is not None:
            put_aside(older, "superseded")
        kept[_identity(row)] = row
    return list(kept.values())


def _match(
    base: Sequence[Row], head: Sequence[Row], base_names: Sequence[Hashable], head_names: Sequence[Hashable]
) -> list[tuple[Row, Row]]:
    index = dict(zip(head_names, head, strict=True))
    return [(row, index[name]) for name, row in zip(base_names, base, strict=True) if name in index]


def _old(base: Sequence[Row], head: Sequence[Row]) -> list[tuple[Row, Row]]:
    """Rows of one cell of which one has no seed (schema 1): found, to say why they are not compared."""
    index: dict[Hashable, list[Row]] = {}
    for row in head:
        index.setdefault(_identity(row)[:-1], []).append(row)
    found = []
    for row in base:
        others = index.get(_identity(row)[:-1], [])
        other = next((each for each in others if row.seed is None or each.seed is None), None)
        if other is not None:
            others.remove(other)
            found.append((row, other))
    return found


def _without(rows: Sequence[Row], taken: Iterable[Row]) -> list[Row]:
    gone = {id(row) for row in taken}
    return [row for row in rows if id(row) not in gone]


def _ordinals(rows: Sequence[Row]) -> list[Hashable]:
    """Names of rows by task, estimator, n and the place among the repetitions of all seeds."""
    names: list[Hashable] = [None] * len(rows)
    groups: dict[Hashable, list[int]] = {}
    for place, row in enumerate(rows):
        groups.setdefault(_identity(row)[:3], []).append(place)
    for name, places in groups.items():
        ordered = sorted(places, key=lambda i: (-1 if rows[i].seed is None else rows[i].seed, rows[i].repetition))
        for ordinal, place in enumerate(ordered):
            names[place] = (name, ordinal)
    return names


def _identity(row: Row) -> tuple[Hashable, ...]:
    return (_name(row.task), _name(row.estimator), row.n, row.repetition, row.seed)


def _name(text: str) -> Hashable:
    """A name for which parameters' order and spelling make no difference."""
    try:
        stages = [parse(stage) for stage in split_top(text, "+")]
    except MibenchError:
        return text
    return tuple((stage.name, tuple(sorted(stage.params.items(), key=lambda item: item[0]))) for stage in stages)


def _outcome(base: Row, head: Row, across_seeds: bool) -> Outcome:
    obstacle = _obstacle(base, head, across_seeds)
    if obstacle:
        return Outcome("not comparable", base, head, obstacle)
    answered = (base.status == "ok", head.status == "ok")
    bucket: Bucket = "neither"
    if answered == (True, True):
        bucket = "compared"
    elif answered == (True, False):
        bucket = "lost"
    elif answered == (False, True):
        bucket = "gained"
    return Outcome(bucket, base, head)


def _obstacle(base: Row, head: Row, across_seeds: bool) -> str:
    """Why two rows of one name are not of one task on one sample; empty where they are."""
    if (base.seed is None or head.seed is None) and (across_seeds or base.key != head.key):
        return "a row of schema 1 holds no versions and no sample, and the keys differ: run it again"
    if None not in (base.task_version, head.task_version) and base.task_version != head.task_version:
        return f"version {base.task_version} of the task in BASE, {head.task_version} in HEAD"
    if not across_seeds and same(base.sample, head.sample) is False:
        return "another sample from the same seed: the generator changed without a new version of the task"
    if base.status == "ok" and head.status == "ok":
        if base.truth is None or head.truth is None:
            return "no truth to measure the error by"
        slack = 3 * math.hypot(base.truth_std_error or 0.0, head.truth_std_error or 0.0)
        if abs(base.truth - head.truth) > slack + _TRUTH * max(1.0, abs(base.truth)):
            return f"the truth is {base.truth:g} nats in BASE, {head.truth:g} in HEAD"
    return ""
