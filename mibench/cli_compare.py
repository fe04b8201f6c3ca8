# SPDX-License-Identifier: Apache-2.0
"""``mibench compare``: two runs, one verdict."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mibench.cli_text import many, one_line
from mibench.contracts import InputError, Row
from mibench.files import write_whole
from mibench.harness import gate, journal, store
from mibench.harness.compare import FAILED, FINE, INCOMPLETE, REGRESSION, Comparison, compare
from mibench.harness.compare_findings import Claim, Finding
from mibench.harness.compare_json import to_json
from mibench.harness.compare_pairs import BUCKETS

__all__ = ["run"]

_SHOWN = 3  # findings of a kind and an estimator, and trials of a reason, that are shown
_WIDTH = 110  # where nobody looks at a terminal
_LEGEND = """\
could see: the mean worsening that these cells would have shown four times of five; k cells: what a verdict
needs at least; any: the numbers of a deterministic estimator are held to a tolerance, one by one
"""


@dataclass(frozen=True)
class _Side:
    path: Path
    rows: list[Row]
    manifest: Mapping[str, Any]

    @property
    def facts(self) -> dict[str, Any]:
        seeds = sorted({row.seed for row in self.rows if row.seed is not None})
        versions = self.manifest.get("versions") or {}  # null where a merged run's parts differ
        return {"path": str(self.path), "rows": len(self.rows), "seeds": seeds, "mibench": versions.get("mibench")}

    def __str__(self) -> str:
        facts = self.facts
        seeds = f"seed {', '.join(map(str, facts['seeds']))}" if facts["seeds"] else "seed unknown"
        version = f", mibench {facts['mibench']}" if facts["mibench"] else ""
        return f"{self.path}: {many(len(self.rows), 'row')}, {seeds}{version}"


def run(base: Path, head: Path, *, rules: Path | None, across_seeds: bool, partial: bool, to: str | None) -> int:
    """Do what ``mibench compare`` was asked; the exit code."""
    sides = (_load(base), _load(head))
    if _journal(base).resolve() == _journal(head).resolve():
        raise InputError(f"BASE and HEAD are both {_journal(base)}: a run compared with itself shows nothing")
    judged = gate.load(rules) if rules else gate.Rules()
    found = compare(sides[0].rows, sides[1].rows, judged, across_seeds=across_seeds, partial=partial)
    if to is not None:
        text = json.dumps(to_json(found, sides[0].facts, sides[1].facts), indent=1, allow_nan=False) + "\n"
        if to == "-":
            click.echo(text, nl=False)
            return found.code
        _write(Path(to), text)
    _show(found, sides)
    return found.code


def _load(path: Path) -> _Side:
    if not path.is_file():
        run = store.load(path)
        return _Side(path, run.rows, run.manifest)
    return _Side(path, journal.latest(journal.read(path)[0]), {})


def _journal(path: Path) -> Path:
    return path if path.is_file() else path / store.JOURNAL


def _write(path: Path, text: str) -> None:
    try:
        write_whole(path, text.encode())
    except OSError as error:
        raise InputError(f"--json: cannot write {path}: {error.strerror}") from error


def _show(found: Comparison, sides: Sequence[_Side]) -> None:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH)
    console.print(Text(f"BASE {sides[0]}\nHEAD {sides[1]}"), soft_wrap=True)
    if found.across_seeds:
        console.print("Across seeds: every cell holds the errors on two different samples.")
    for side, name in zip(sides, ("BASE", "HEAD"), strict=True):
        writer = None if side.path.is_file() else store.owner(side.path)
        if writer:
            console.print(f"{name} is being written now, by process {writer}: this is what it holds so far")
    console.print(_buckets(found))
    if found.compared:
        console.print(_errors([claim for claim in found.claims if claim.task is None]))
        console.print(_LEGEND)
    for line in _lines(found):
        console.print(Text(line), soft_wrap=True)
    console.print(Text(_verdict(found), style="bold green" if found.code == FINE else "bold red"), soft_wrap=True)


def _buckets(found: Comparison) -> Table:
    table = Table("rows", "BASE", "HEAD", "which are", box=box.SIMPLE, pad_edge=False)
    for column in table.columns[1:3]:
        column.justify = "right"
    for bucket, (b, h) in found.counts().items():
        if b or h:
            table.add_row(bucket, str(b), str(h), BUCKETS[bucket])
    return table


def _errors(claims: Iterable[Claim]) -> Table:
    table = Table(box=box.SIMPLE, pad_edge=False, title="mean |error|, nats", title_justify="left")
    table.add_column("estimator", overflow="fold")
    for heading in ("cells", "BASE", "HEAD", "change", "95 %", "q", "could see", ""):
        table.add_column(heading, justify="right", no_wrap=True)
    for claim in claims:
        change = claim.change
        interval = "" if change.low is None else f"{change.low:+.3f}, {change.high:+.3f}"
        if claim.deterministic:
            visible = "any"
        else:
            visible = f"{change.visible:.3f}" if change.visible is not None else f"{change.needed} cells"
        table.add_row(
            Text(one_line(claim.estimator)),
            str(change.cells),
            f"{claim.base:.4f}",
            f"{claim.head:.4f}",
            f"{change.mean:+.4f}" if change.mean else "0",
            interval,
            f"{change.q:.2g}" if change.q < 1 else "1",
            visible,
            Text(change.verdict, style={"worse": "red", "better": "green"}.get(change.verdict, "")),
        )
    return table


def _lines(found: Comparison) -> Iterable[str]:
    groups: dict[tuple[str, str, bool], list[Finding]] = {}
    for finding in found.findings:
        groups.setdefault((finding.kind, finding.estimator, finding.regression), []).append(finding)
    for (kind, estimator, regression), findings in groups.items():
        mark = "FAIL" if regression else "note"
        for finding in findings[:_SHOWN]:
            yield f"{mark} {kind}: {one_line(estimator)}: {one_line(finding.text)}"
        if len(findings) > _SHOWN:
            yield f"     ... and {len(findings) - _SHOWN} more of {one_line(estimator)} {kind} (--json lists all)"
    reasons: dict[str, list[str]] = {}
    for each in found.outcomes:
        if each.bucket == "not comparable":
            reasons.setdefault(f"not comparable: {each.row.task}: {each.reason}", []).append(each.row.estimator)
    for each in found.failed:
        assert each.head is not None
        text = f"{each.head.status} in HEAD: {each.row.estimator}: {each.head.error}"
        reasons.setdefault(text, []).append(f"{each.row.task} n={each.row.n}")
    for each in found.unmatched:
        if each.bucket == "only in base" and not found.partial:
            reasons.setdefault(f"not in HEAD: {each.row.estimator}", []).append(f"{each.row.task} n={each.row.n}")
    for text, members in reasons.items():
        names = list(dict.fromkeys(members))
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        yield f"     {one_line(text)} ({one_line(', '.join(names[:_SHOWN]))}{more})"
    if found.undecided:
        yield f"note too few cells to judge the error of {', '.join(map(one_line, found.undecided))}"
    for note in found.notes:
        yield f"note {one_line(note)}"


def _verdict(found: Comparison) -> str:
    compared = f"{many(found.compared, 'pair')} of answers compared"
    if found.code == REGRESSION:
        names = sorted({one_line(finding.estimator) for finding in found.regressions})  # rows stand as trials ended
        return f"REGRESSION in {', '.join(names)} ({compared})"
    if found.code == FAILED:
        return f"FAILED: {many(len(found.failed), 'trial')} of HEAD failed ({compared}); --rerun failed tries again"
    if found.code == INCOMPLETE and not found.compared:
        return "NOTHING WAS COMPARED"
    if found.code == INCOMPLETE and not found.unmatched:
        return f"NOTHING COULD BE JUDGED: too few cells ({compared}); run both with more --repetitions or tasks"
    if found.code == INCOMPLETE:
        return (
            f"INCOMPLETE: {many(len(found.unmatched), 'answer')} of BASE met none of HEAD ({compared}); --partial if "
            "HEAD is meant to hold less"
        )
    left = f"; {many(len(found.undecided), 'estimator')} not judged for want of cells" if found.undecided else ""
    return f"fine: nothing got worse ({compared}{left})"
