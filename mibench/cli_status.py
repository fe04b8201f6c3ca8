# SPDX-License-Identifier: Apache-2.0
"""``mibench status`` and ``mibench report``: a run folder as it stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from mibench.cli_text import many, one_line
from mibench.contracts import STATUSES, Row
from mibench.harness import journal, store
from mibench.harness.run import FAILURES
from mibench.reports.failures import reasons

__all__ = ["comparison", "report", "status"]

_SHOWN = 4  # names of a list that are shown


def status(folder: Path) -> None:
    """Print how many trials are done by status, whether the run is going on, and every failure with its reason."""
    if is_study(folder):
        from mibench import cli_study

        cli_study.status(folder)
        return
    run = store.load(folder)
    asked = run.manifest.get("selection", {})
    planned = run.manifest.get("planned")
    of = f" of {planned}" if planned is not None else ""
    latest = [row for row in run.rows if _asked(row, asked)]
    click.echo(f"{folder}: {len(latest)}{of} trials done" + (f" for: {run.manifest['command']}" if asked else ""))
    if len(latest) < len(run.rows):
        click.echo(f"and {many(len(run.rows) - len(latest), 'trial')} of earlier commands")
    writer = store.owner(folder)
    if writer:
        click.echo(f"running now, in process {writer}")
    elif planned is not None and len(latest) < planned:
        click.echo("not running: give the same command again to go on")
    tally = journal.counts(run.rows)
    for each in STATUSES:
        if tally[each]:
            click.echo(f"  {each:14} {tally[each]:6}")
    found = reasons(run.rows)
    if found:
        click.echo("\nnot ok, by reason:")
    for reason in found:
        click.echo(f"  {reason.status} {_few(reason.estimators, ', ')}: {one_line(reason.message)}")
        click.echo(f"      on {_few([f'{row.task} n={row.n}' for row in reason.rows], '; ')}")
    if any(row.status in FAILURES for row in run.rows):
        click.echo("\n--rerun failed tries the failures again (unsupported is an answer, not a failure)")


def report(folder: Path, figures: Path | None, formats: Sequence[str]) -> None:
    """Write the reports of a run folder anew; with `figures`, every figure as a file of its own."""
    from mibench import cli_study, reports

    if is_study(folder):
        cli_study.finish(folder, figures, formats)
        return
    if folder.is_dir() and not is_run(folder):
        if figures is not None:
            raise store.FolderError(f"{folder} is neither a run nor a study: --figures are of one of them")
        click.echo(str(reports.write_index(folder)))
        return
    run = store.load(folder)
    if not run.rows:
        raise store.FolderError(f"{folder} holds no finished trial yet: there is nothing to report")
    written = reports.write(run, figures=figures, formats=formats) if figures else reports.write(run)
    for path in written.values():
        click.echo(str(path))


def comparison(base: Path, head: Path, out: Path | None, across_seeds: bool) -> None:
    """Write the page that compares two run folders."""
    from mibench import reports

    first, second = store.load(base), store.load(head)
    for run in (first, second):
        if not run.rows:
            raise store.FolderError(f"{run.folder} holds no finished trial yet: there is nothing to compare")
    for path in reports.write_comparison(first, second, out, across_seeds=across_seeds).values():
        click.echo(str(path))


def is_study(folder: Path) -> bool:
    """Whether a folder is a study's."""
    return (folder / "study.json").is_file()


def is_run(folder: Path) -> bool:
    """Whether a folder is a run's."""
    return any((folder / name).exists() for name in (store.MANIFEST, store.JOURNAL))


def _few(names: Iterable[str], separator: str) -> str:
    """The first of `names`, each once, and how many more there are."""
    different = list(dict.fromkeys(names))
    more = [f"and {len(different) - _SHOWN} more"] if len(different) > _SHOWN else []
    return separator.join([*different[:_SHOWN], *more])


def _asked(row: Row, selection: dict[str, object]) -> bool:
    """Whether a row is of the folder's latest command; without a manifest, every row is."""
    if not selection:
        return True
    tasks, estimators, sizes = (selection.get(key, []) for key in ("tasks", "estimators", "n"))
    repetitions, checks = selection.get("repetitions", 0), selection.get("consistency", [])
    return (
        isinstance(tasks, list)
        and isinstance(estimators, list)
        and isinstance(sizes, list)
        and isinstance(repetitions, int)
        and isinstance(checks, list)
        and row.task in tasks
        and row.estimator in estimators
        and row.n in sizes
        and row.repetition < repetitions
        and row.check in ("", *checks)
    )
