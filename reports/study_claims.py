# SPDX-License-Identifier: Apache-2.0
"""Claims with their verdicts as the page shows them: a line each, and the matrix of the cases it was checked in."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mibench.contracts import InputError
from mibench.reports.words import digits, plural

__all__ = ["MARKS", "CaseLine", "ClaimLine", "Matrix", "read", "tally"]

MARKS = {"holds": "✓", "fails": "✗", "undecided": "?"}
_NOT_RUN = "not run"
_COLUMNS = ("estimator", "init", "layer", "activation", "mode")  # which label becomes the columns of a matrix
_ROWS = ("activation", "mode", "init", "layer", "estimator")  # the order of the others


@dataclass(frozen=True)
class CaseLine:
    """A case as it is shown."""

    setting: str
    estimator: str
    primary: bool
    labels: Mapping[str, str]
    verdict: str
    number: str
    detail: str
    missing: bool = False

    @property
    def word(self) -> str:
        """The verdict in words: what was not run is not left undecided by its numbers."""
        return _NOT_RUN if self.missing else self.verdict


@dataclass(frozen=True)
class Matrix:
    """Cases by their labels: `heads` of the rows' labels, `columns`, and each row's labels and cells."""

    heads: tuple[str, ...]
    column: str
    columns: tuple[str, ...]
    rows: tuple[tuple[tuple[str, ...], tuple[tuple[CaseLine, ...], ...]], ...]


@dataclass(frozen=True)
class ClaimLine:
    """A claim as it is shown."""

    id: str
    title: str
    statement: str
    source: str
    paper: str
    rule: str
    verdict: str
    number: str
    cases: tuple[CaseLine, ...]
    matrix: Matrix | None

    @property
    def primary(self) -> int:
        """How many cases the verdict rests on."""
        return sum(case.primary for case in self.cases)

    @property
    def word(self) -> str:
        """The verdict in words: ``not run`` where all that it lacks are cases that were not run."""
        deciding = [case for case in self.cases if case.primary]
        lacking = any(case.missing for case in deciding)
        open_ = any(case.verdict == "undecided" and not case.missing for case in deciding)
        return _NOT_RUN if self.verdict == "undecided" and lacking and not open_ else self.verdict


def read(path: Path) -> list[ClaimLine]:
    """The claims of ``claims.json``; none where there is no such file.

    Raises
    ------
    InputError
        If it is damaged.
    """
    if not path.is_file():
        return []
    try:
        return [_claim(each) for each in json.loads(path.read_text("utf-8"))["claims"]]
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise InputError(f"{path} is damaged ({error}): delete it, and give the study's command again") from error


def tally(claims: Sequence[ClaimLine]) -> dict[str, int]:
    """How many claims hold, fail and are undecided."""
    found = Counter(claim.verdict for claim in claims)
    return {verdict: found[verdict] for verdict in MARKS}


def _claim(told: Mapping[str, Any]) -> ClaimLine:
    cases = tuple(_case(each) for each in told["cases"])
    primary = [case for case in cases if case.primary]
    source = str(told["source"])
    paper = source.split(",")[0].split(" (")[0].strip()
    verdict, rule = _verdict(told), str(told["rule"])
    return ClaimLine(
        str(told["id"]), str(told["title"]), str(told["statement"]), source, paper,
        f"{rule[:1].upper()}{rule[1:]}", verdict, _decided_by(verdict, primary), cases, _matrix(cases),
    )  # fmt: skip


def _decided_by(verdict: str, primary: Sequence[CaseLine]) -> str:
    """The number of the first case that gives the verdict; how many that decide give it, and how many are not there."""
    agreeing = [case for case in primary if case.verdict == verdict and not case.missing]
    told = [agreeing[0].number if agreeing else ""]
    if agreeing and len(primary) > 1:
        told.append(f"{verdict} in {len(agreeing)} of {plural(len(primary), 'case')}")
    if missing := sum(case.missing for case in primary):
        told.append(f"{missing} of {plural(len(primary), 'case')} not run")
    return "; ".join(filter(None, told))


def _verdict(told: Mapping[str, Any]) -> str:
    verdict = str(told["verdict"])
    return verdict if verdict in MARKS else "undecided"


def _case(told: Mapping[str, Any]) -> CaseLine:
    return CaseLine(
        str(told["setting"]),
        str(told.get("estimator", "")),
        bool(told["primary"]),
        {str(key): str(value) for key, value in dict(told["labels"]).items()},
        _verdict(told),
        _number(told.get("statistic"), told.get("interval"), str(told.get("unit", ""))) + _asked(told),
        str(told.get("detail", "")).removeprefix(f"{_NOT_RUN}: "),
        bool(told.get("missing", False)),
    )


def _number(statistic: Any, interval: Any, unit: str) -> str:
    if statistic is None:
        return ""
    ends = [float(end) for end in interval or () if end is not None]
    if len(ends) != 2:
        return f"{digits(float(statistic))} {unit}".replace("-", "\N{MINUS SIGN}").strip()
    value, low, high = map(_digits, (float(statistic), *ends))
    return f"{value} [{low}, {high}] {unit}".replace("-", "\N{MINUS SIGN}").strip()


def _asked(told: Mapping[str, Any]) -> str:
    """What the statistic is held against, where the rule is about a threshold."""
    if told.get("threshold") is None or told.get("statistic") is None or not told.get("wanted"):
        return ""
    return f"; {told['wanted']} {_digits(float(told['threshold']))}".replace("-", "\N{MINUS SIGN}")


def _digits(value: float) -> str:
    """Of a number with an interval: 11.95 of 12 bits is not 12.0, and what is far below its spread is 0."""
    if 10 <= abs(value) < 100:
        return f"{value:.2f}"
    return digits(round(value, 4)) if abs(value) < 1 else digits(value)


def _matrix(cases: Sequence[CaseLine]) -> Matrix | None:
    """A table of the cases, where their labels differ in at least two of them."""
    keys = list(dict.fromkeys(key for case in cases for key in case.labels))
    several = [key for key in keys if len({case.labels.get(key, "") for case in cases}) > 1]
    if not several or len(cases) < 3:
        return None
    column = next((key for key in _COLUMNS if key in several), several[0])
    others = sorted((key for key in several if key != column), key=lambda key: (*_ROWS, key).index(key))
    columns = tuple(dict.fromkeys(case.labels.get(column, "") for case in cases))
    found: dict[tuple[str, ...], dict[str, list[CaseLine]]] = {}
    for case in cases:
        row = found.setdefault(tuple(case.labels.get(key, "") for key in others), {})
        row.setdefault(case.labels.get(column, ""), []).append(case)
    rows = tuple((names, tuple(tuple(row.get(name, ())) for name in columns)) for names, row in found.items())
    return Matrix(tuple(others), column, columns, rows)
