# SPDX-License-Identifier: Apache-2.0
"""``mibench scores``: the scores of a run as a table, by estimator, task or level of MI, in any view."""

from __future__ import annotations

import dataclasses
import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pandas as pd
from rich.console import Console

from mibench import estimators, tasks
from mibench.cli_tables import Format, render
from mibench.contracts import InputError, Row, UnknownName
from mibench.harness import score, store
from mibench.harness.score.oracle import method
from mibench.names import split_top, suggest
from mibench.registry import Registry
from mibench.tables import plain

__all__ = ["NOTHING", "Asked", "chosen", "scores"]

NOTHING = 3  # exit code: nothing was compared
_BY = {
    "accuracy": ("estimator", "task", "level"),
    "ranks": ("estimator",),
    "consistency": ("estimator", "task", "level"),
    "sample-complexity": ("task",),
}
_WITH_TOLERANCE = ("consistency", "sample-complexity")
_PLAIN = 250  # columns where there is no terminal to fit into


@dataclass(frozen=True)
class Asked:
    """The options of ``mibench scores``, as click read them."""

    what: str = "accuracy"
    by: str | None = None
    view: str = "raw"
    tasks: str = "all"
    estimators: str = "all"
    ns: str | None = None
    tolerance: float | None = None
    how: Format = "table"

    def checked(self) -> Asked:
        """With the defaults that depend on other options.

        Raises
        ------
        InputError
            For options that do not go together.
        """
        allowed = _BY[self.what]
        if self.by is not None and self.by not in allowed:
            raise InputError(f"--what {self.what} has no table --by {self.by}: there is --by {' or '.join(allowed)}")
        if self.tolerance is not None and self.what not in _WITH_TOLERANCE:
            raise InputError(
                f"--tolerance says nothing about --what {self.what}: it is for --what {' and '.join(_WITH_TOLERANCE)}"
            )
        tolerance = score.TOLERANCE if self.tolerance is None else self.tolerance
        return dataclasses.replace(self, by=self.by or allowed[0], tolerance=tolerance)


def scores(folder: Path, asked: Asked) -> int:
    """Print the table that was asked for; 0, or `NOTHING` where no trial has an answer to it."""
    asked = asked.checked()
    rows = chosen(store.load(folder).rows, asked)
    table, facts, empty = _table(rows, asked)
    known: dict[str, Any] = {"folder": str(folder), "what": asked.what, "by": asked.by, "view": asked.view}
    known["unit"] = table.attrs.get("unit", score.UNITS[asked.view])
    if asked.what in _WITH_TOLERANCE:
        known["tolerance"] = asked.tolerance
    if not empty or asked.how in ("csv", "json") or len(table):
        out = Console(highlight=False)
        out = out if out.is_terminal else Console(highlight=False, width=_PLAIN)
        render(table, asked.how, known | facts, out)
    if asked.how in ("table", "markdown"):
        for line in _sentences(facts):
            click.echo(line)
    if empty:
        click.echo(f"mibench: {empty}", err=True)
        return NOTHING
    return 0


def chosen(rows: Sequence[Row], asked: Asked) -> list[Row]:
    """The rows of the tasks, estimators and sample sizes that were asked for.

    Raises
    ------
    UnknownName, InputError
        If part of a selection is of no row.
    """
    kept_tasks = _select(asked.tasks, [row.task for row in rows], tasks.registry)
    kept_estimators = _select(asked.estimators, [row.estimator for row in rows], estimators.registry)
    sizes = _sizes(asked.ns, {row.n for row in rows})
    return [row for row in rows if row.task in kept_tasks and row.estimator in kept_estimators and row.n in sizes]


def _select(selection: str, names: Sequence[str], registry: Registry) -> set[str]:
    """Those of `names` that a comma list of names, shell patterns, methods and tags chooses."""
    found = list(dict.fromkeys(names))
    if not found or selection.strip() == "all":
        return set(found)
    kept: set[str] = set()
    for part in split_top(selection, ","):
        pattern = part.replace("[", "[[]")  # brackets hold parameters, not alternatives
        of_part = {
            name
            for name in found
            if part in ("all", name, method(name)) or fnmatch.fnmatchcase(name, pattern) or part in registry.tags(name)
        }
        if not of_part:
            choices = sorted({*found, *map(method, found)})
            raise UnknownName(f"this run has no {registry.kind}, pattern or tag {part!r}{suggest(part, choices)}")
        kept |= of_part
    if not kept:
        raise InputError(f"no {registry.kind} was asked for: give names, patterns or tags, such as 'all'")
    return kept


def _sizes(selection: str | None, there: set[int]) -> set[int]:
    if selection is None:
        return there
    sizes = set()
    for part in split_top(selection, ","):
        if not part.isdecimal() or int(part) not in there:
            known = ", ".join(map(str, sorted(there)))
            raise InputError(f"--n-samples {selection!r}: no trial of this run has n = {part}; there are: {known}")
        sizes.add(int(part))
    if not sizes:
        raise InputError(f"--n-samples {selection!r} names no size: give numbers, such as 500,5000")
    return sizes


def _table(rows: list[Row], asked: Asked) -> tuple[pd.DataFrame, dict[str, Any], str]:
    """The table, what else there is to say, and why it says nothing where it does."""
    tolerance = score.TOLERANCE if asked.tolerance is None else asked.tolerance
    if asked.what == "consistency":
        table = score.consistency(rows, tolerance, asked.view, str(asked.by))
        if table.empty:
            return table, {}, "no row of a self-consistency check: add --consistency all to the command of the run"
        return table, {}, "" if table["cells"].any() else "no check was answered: see the reasons above"
    answered = any(row.status == "ok" and not row.check for row in rows)
    none = "" if answered else "no trial ended ok, so there is nothing to score: `mibench status` says why"
    if asked.what == "sample-complexity":
        return score.sample_complexity(rows, tolerance, asked.view), {}, none
    if asked.what == "ranks":
        table, difference = score.ranking(rows, asked.view)
        ranked = table["rank"].notna().any()
        facts = {"critical_difference": plain(dataclasses.asdict(difference))}
        return table, facts, "" if ranked else none or f"nothing was ranked. {table.attrs['caption']}"
    make = {"estimator": score.leaderboard, "task": score.by_task, "level": score.by_level}[str(asked.by)]
    return make(rows, asked.view), {}, none


def _sentences(facts: dict[str, Any]) -> list[str]:
    """The critical difference in words."""
    found = facts.get("critical_difference")
    if not found or found["distance"] is None:
        return []
    test = "Friedman" if len(found["names"]) > 2 else "Wilcoxon"
    lines = [
        f"Average ranks over {found['blocks']} tasks; that all are equal: p = {found['p_value']:.2g} ({test}). "
        f"Those more than {found['distance']:.3f} apart differ (Nemenyi, {100 * found['alpha']:g} %)."
    ]
    return lines + [f"  cannot be told apart: {', '.join(group)}" for group in found["groups"]]
