# SPDX-License-Identifier: Apache-2.0
"""What click does not have: paths and amounts that say what is wrong, and a group that says errors in a line."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import click

from mibench.contracts import MibenchError

__all__ = ["FILE", "FOLDER", "GIBIBYTES", "SECONDS", "Group", "PathText"]

_YEAR = 31_536_000  # seconds; longer waits overflow the clocks of some systems
_MOST_MEMORY = 2**20  # GiB


class PathText(click.Path):
    """A path that says something: an empty text would stand for the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("'' is no path: give one, or '.' for the current folder", param, ctx)
        return super().convert(value, param, ctx)


class _Amount(click.FloatRange):
    """A number of some unit, above 0; NaN and infinity are none."""

    def __init__(self, unit: str, most: int) -> None:
        super().__init__(0, most, min_open=True)
        self.name = unit
        self._most = most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not 0 < number <= self._most:  # NaN is neither
            self.fail(f"{value!r} is not a number of {self.name} above 0 and at most {self._most}", param, ctx)
        return number


class Group(click.Group):
    """Turns errors that mibench raises on purpose into one line and exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except MibenchError as error:
            click.echo(f"mibench: {error}", err=True)
            sys.exit(2)
        except BrokenPipeError:  # `mibench ls | head`
            sys.stderr.close()
            sys.exit(0)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            from mibench.names import suggest

            if args[0].startswith("-"):
                raise
            raise click.UsageError(f"no verb {args[0]!r}{suggest(args[0], self.list_commands(ctx))}", ctx) from None


FOLDER = PathText(path_type=Path, file_okay=False)
FILE = PathText(path_type=Path, dir_okay=False)
SECONDS = _Amount("seconds", _YEAR)
GIBIBYTES = _Amount("GiB", _MOST_MEMORY)
