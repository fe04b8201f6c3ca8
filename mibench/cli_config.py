# SPDX-License-Identifier: Apache-2.0
"""``--config FILE``: one key per option of the verb; what the command line says wins."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from mibench.cli_types import FILE
from mibench.names import suggest

__all__ = ["option"]

Verb = TypeVar("Verb", bound=Callable[..., Any])


def option() -> Callable[[Verb], Verb]:
    """The option ``--config``, for a verb of click."""
    return click.option(
        "--config",
        type=FILE,
        is_eager=True,
        expose_value=False,
        callback=_read,
        metavar="FILE",
        help="A TOML file with one key per option, such as n-samples = [500, 5000]; the command line wins.",
    )


def _read(ctx: click.Context, param: click.Parameter, path: Path | None) -> None:
    """Make the file's values the defaults of the options."""
    if path is None:
        return
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise click.UsageError(f"cannot read {path}: {error.strerror}", ctx) from error
    except ValueError as error:  # no TOML, or no UTF-8
        raise click.UsageError(f"{path} is no TOML file: {error}", ctx) from error
    options = {
        each.opts[0].removeprefix("--"): each
        for each in ctx.command.params
        if isinstance(each, click.Option) and each is not param
    }
    values: dict[str, Any] = {}
    for key, value in given.items():
        if key not in options:
            raise click.UsageError(f"{path}: no option {key!r}{suggest(key, list(options))}", ctx)
        values[str(options[key].name)] = _value(ctx, f"{path}: {key}", options[key], value)
    ctx.default_map = {**(ctx.default_map or {}), **values}


def _value(ctx: click.Context, where: str, of: click.Option, value: Any) -> Any:
    """What click reads as the option's default; a list stands for a comma list, or for an option given again."""
    if isinstance(value, bool) != of.is_flag:
        raise click.UsageError(f"{where} is {value!r}: give {'true or false' if of.is_flag else 'a value'}", ctx)
    if isinstance(value, list):
        if any(isinstance(each, list | dict) for each in value):
            raise click.UsageError(f"{where} is {value!r}: give a list of values", ctx)
        return [str(each) for each in value] if of.multiple else ",".join(str(each) for each in value)
    if isinstance(value, dict):
        raise click.UsageError(f"{where} is a table: give a value", ctx)
    if of.is_flag:
        return value
    return [str(value)] if of.multiple else str(value)  # as on a command line, where 2.5 is no whole number
