# SPDX-License-Identifier: Apache-2.0
"""``mibench merge`` and ``mibench export``: runs that leave the machine they were made on."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from mibench.cli_text import many
from mibench.contracts import InputError
from mibench.files import write_whole
from mibench.harness import store

__all__ = ["export", "merge"]

_SHOWN = 8  # conflicts that are listed


def merge(out: Path, folders: Sequence[Path], conflicts: str) -> None:
    """Join the runs in `folders` into a new one at `out`."""
    from mibench.harness import merge as joining

    same = {folder.resolve() for folder in folders}
    if len(same) < len(folders):
        raise InputError("a folder is given twice: give every part once")
    runs = [store.load(folder) for folder in folders]
    merged = joining.join(runs, shlex.join(["mibench", *sys.argv[1:]]))
    for each in merged.conflicts[:_SHOWN]:
        row = each.kept
        click.echo(
            f"{row.estimator} on {row.task} n={row.n} repetition {row.repetition}: {each.other.estimate!r} in "
            f"{each.folder} and {row.estimate!r} later",
            err=True,
        )
    if len(merged.conflicts) > _SHOWN:
        click.echo(f"... and {len(merged.conflicts) - _SHOWN} more", err=True)
    if merged.conflicts and conflicts == "refuse":
        raise store.FolderError(
            f"{many(len(merged.conflicts), 'trial')} with two different estimates: nothing was written. Other hardware "
            "or library versions round differently: --conflicts last keeps both rows and counts the later"
        )
    joining.write(merged, out)
    keys = len({row.key for row in merged.rows})
    click.echo(f"{out}: {many(keys, 'trial')} of {many(len(runs), 'run')}")
    if merged.repeated:
        click.echo(f"{many(merged.repeated, 'row')} stood in more than one of them: all are in the journal, one counts")
    missing = merged.manifest["planned"] - keys
    if missing:
        click.echo(f"{many(missing, 'planned trial')} not done yet in the parts")
    click.echo(f"`mibench report {out}` writes its report")


def export(folder: Path, how: str, out: str) -> None:
    """Write every row of a run to a file or to standard output."""
    from mibench.harness import export as exporting

    if out == "-" and how == "parquet" and sys.stdout.isatty():
        raise InputError("Parquet is not for a terminal: give --out FILE.parquet")
    data = exporting.export(store.load(folder).rows, how)
    if out == "-":
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        return
    try:
        write_whole(Path(out), data)
    except OSError as error:
        raise store.FolderError(f"cannot write {out}: {error.strerror}") from error
    click.echo(out, err=True)
