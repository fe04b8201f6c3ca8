# SPDX-License-Identifier: Apache-2.0
"""``mibench data``: which sets of images are here, and where others come from."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from mibench.cli_types import FOLDER, Group

__all__ = ["data"]

_INTERRUPTED = 130


@click.group(cls=Group)
def data() -> None:
    """Say which data sets are here, and fetch those that are not.

    \b
    mibench data list
    mibench data fetch mnist
    mibench data fetch fashion-mnist --to ~/data    # then: export MIBENCH_DATA=~/data
    """


@data.command("list")
@click.option("--data", "folder", type=FOLDER, help="Where to look first; then MIBENCH_DATA, then the user's cache.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def ls(folder: Path | None, as_json: bool) -> None:
    """List data sets: their images, where they are or how to get them, whether their contents are right."""
    from mibench.datasets import places, sets

    looked = [f"{root.folder} ({root.why})" for root in places.roots(folder)]
    lines = [_line(name, folder) for name in sets.NAMES]
    if as_json:
        click.echo(json.dumps({"sets": lines, "looked_in": looked}, indent=1))
        return
    for line in lines:
        size = f"{line['train']} + {line['test']}" if line["train"] else ""
        click.echo(f"{line['name']:14} {size:14} {line['where'] or 'not here'}: {line['contents']}")
    click.echo(f"\nImages to train on + to test on. Looked in {', '.join(looked)}.")
    click.echo("A folder of four IDX files named as MNIST's is a set too: give its path as the name.")


@data.command()
@click.argument("name")
@click.option("--to", type=FOLDER, help="Put the files into its folder NAME.  [default: MIBENCH_DATA, else the cache]")
@click.option(
    "--mirror", "mirrors", multiple=True, metavar="ADDRESS", help="Where else NAME's .gz files lie; first asked."
)
def fetch(name: str, to: Path | None, mirrors: tuple[str, ...]) -> None:
    """Fetch the files of a published data set.

    Files that are there and right are not fetched again, one that came in part goes on, and each is checked before it
    gets its name. Give the same command again to continue one that was stopped.
    """
    from mibench.cli_resources import sigterm_is_ctrl_c
    from mibench.datasets import fetch as fetching
    from mibench.datasets import places
    from mibench.datasets.published import PUBLISHED

    known = PUBLISHED[name].mirrors if name in PUBLISHED else ()
    try:
        with sigterm_is_ctrl_c(), _View() as view:
            folder = fetching.fetch(name, to, mirrors=[*mirrors, *known], tell=view.tell, progress=view.progress)
    except KeyboardInterrupt:
        click.echo("stopped; what has come is kept, and the same command goes on", err=True)
        sys.exit(_INTERRUPTED)
    click.echo(f"{name}: {folder}")
    if to is not None and not _is_found(name, folder):
        click.echo(f"to have it found, set {places.VARIABLE} to {to}, or give --data {to}")


def _line(name: str, folder: Path | None) -> dict[str, Any]:
    """What `ls` says of a set."""
    from mibench.contracts import InputError, NotInstalled
    from mibench.datasets import places, sets
    from mibench.datasets.published import PUBLISHED

    line: dict[str, Any] = {"name": name, "title": name, "train": None, "test": None, "where": None, "checked": False}
    try:
        found = sets.load(name, folder)
    except NotInstalled:
        how = f"mibench data fetch {name}"
        return {**line, "title": PUBLISHED[name].title, "contents": how}
    except InputError as error:
        where = str(places.find(PUBLISHED[name], folder))
        return {**line, "title": PUBLISHED[name].title, "where": where, "contents": str(error)}
    checked = name in PUBLISHED
    contents = "contents are right" if checked else "8 x 8, enlarged; not checked"
    sizes = {"train": len(found.train_images), "test": len(found.test_images)}
    return {**line, **sizes, "title": found.title, "where": found.source, "checked": checked, "contents": contents}


def _is_found(name: str, folder: Path) -> bool:
    from mibench.contracts import NotInstalled
    from mibench.datasets import places
    from mibench.datasets.published import PUBLISHED

    try:
        return places.find(PUBLISHED[name]).resolve() == folder.resolve()
    except NotInstalled:
        return False


class _View:
    """A line for what became of each file, and on a terminal a bar while it comes."""

    def __init__(self) -> None:
        self._bar: Any = None

    def __enter__(self) -> _View:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def tell(self, line: str) -> None:
        self._stop()
        click.echo(line)

    def progress(self, file: str, done: int, total: int | None) -> None:
        if not sys.stderr.isatty():
            return
        if self._bar is None:
            self._bar = _bar()
            self._bar.add_task(file, total=total)
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=done, total=total)

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(binary_units=True), TransferSpeedColumn()
    return Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False)
