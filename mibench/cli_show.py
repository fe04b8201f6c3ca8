# SPDX-License-Identifier: Apache-2.0
"""``mibench ls`` and ``mibench show``: what there is, and what one thing is."""

from __future__ import annotations

import dataclasses
import inspect
import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from mibench import estimators, tasks
from mibench.contracts import InputError, MibenchError, Task, UnknownName
from mibench.harness.stages import check_stages
from mibench.names import parse, split_top, suggest
from mibench.registry import Registry

__all__ = ["ls", "show"]


def ls(kind: str, as_json: bool, plugins: Sequence[Path] = ()) -> None:
    """Print every name of a kind with its tags and summary, and the plug-ins that cannot be used."""
    _load(plugins)
    registry = tasks.registry if kind == "tasks" else estimators.registry
    board = tasks.board() if kind == "tasks" else estimators.board()
    found = _abouts(registry, [*board, *registry.names])
    heads = _abouts(estimators.compressors, estimators.compressors.names) if kind == "estimators" else []
    broken = [*registry.broken, *(estimators.compressors.broken if kind == "estimators" else [])]
    if as_json:
        click.echo(json.dumps({kind: found, "broken": [dataclasses.asdict(each) for each in broken]}, indent=1))
        return
    width = max(len(each["name"]) for each in found)
    tags_width = max(len(", ".join(each["tags"])) for each in found)
    for each in found:
        click.echo(f"{each['name']:{width}}  {', '.join(each['tags']):{tags_width}}  {each['summary']}".rstrip())
    if heads:
        said = ", ".join(f"{each['name']} ({each['summary']})" for each in heads)
        click.echo(f"\nbefore any estimator, joined by +: {said}")
    for plugin in broken:
        click.echo(f"plug-in left out: {plugin}", err=True)


def show(name: str, sheet: Path | None, plugins: Sequence[Path]) -> None:
    """Print what a task or an estimator is, its parameters, and how its answer is known."""
    _load(plugins)
    if sheet is not None:
        _check_sheet(sheet)
    heads = [parse(stage).name for stage in split_top(name, "+")] or [""]
    if "+" not in name and heads[0] in {*estimators.compressors.names} - {*tasks.registry.names}:
        if sheet is not None:
            raise InputError(f"--sheet: {name} is a compressor, and only tasks have samples to draw")
        _show_compressor(name)
        return
    check_stages(name)
    as_task = heads[0] in tasks.registry.names and len(heads) == 1
    as_estimator = heads[-1] in estimators.registry.names
    if not as_task and not as_estimator:
        for registry in (tasks.registry, estimators.registry):  # a broken plug-in says so itself
            if any(each.name == heads[-1] for each in registry.broken):
                registry.entry(heads[-1])
        for kind, runs, registry, board in (
            ("task", f"--tasks {name}", tasks.registry, tasks.board()),
            ("estimator", f"--estimators {name} --tasks ...", estimators.registry, estimators.board()),
        ):
            tagged = [each for each in board if name in registry.tags(each)]
            if tagged:
                raise UnknownName(
                    f"{name!r} is a tag of {len(tagged)} {kind}s, such as {tagged[0]}: `mibench show {tagged[0]}` "
                    f"explains one, `mibench ls {kind}s` lists them, `mibench run {runs}` runs them"
                )
        known = [*tasks.registry.names, *estimators.board()]
        raise UnknownName(f"no task or estimator named {name!r}{suggest(name, known)}")
    both = as_task and as_estimator
    if as_task and not (both and _belongs_to_estimator(name)):
        _show_task(name, sheet)
    if as_estimator and not (both and _belongs_to_task(name)):
        if sheet is not None and not both:
            raise InputError(f"--sheet: {name} is an estimator, and only tasks have samples to draw")
        if both:
            click.echo("")
        _show_estimator(name)


def _load(plugins: Sequence[Path]) -> None:
    if plugins:
        from mibench.harness.plugins import load_plugin

        for file in plugins:
            load_plugin(file)


def _belongs_to_task(name: str) -> bool:
    return _has_parameters(tasks.registry, name) and not _has_parameters(estimators.registry, name)


def _belongs_to_estimator(name: str) -> bool:
    return _has_parameters(estimators.registry, name) and not _has_parameters(tasks.registry, name)


def _has_parameters(registry: Registry, name: str) -> bool:
    """Whether every parameter that `name` gives is one of the thing `registry` knows by that name."""
    spec = parse(name)
    return set(spec.params) <= set(inspect.signature(registry.factory(spec.name)).parameters)


def _show_task(name: str, sheet: Path | None) -> None:
    task = tasks.get(name)
    click.echo(f"task {name}\n")
    click.echo(f"{_doc(task)}\n")
    truth = task.truth
    error = f" +- {truth.std_error:g}" if truth.std_error else ""
    click.echo(f"truth       I(X;Y) = {truth.mi:g}{error} nats ({truth.mi / math.log(2):.4g} bits)")
    click.echo(f"known by    {truth.method}")
    click.echo(f"dimensions  x: {task.dim_x}, y: {task.dim_y}")
    click.echo(f"tags        {', '.join(sorted(_tags(task, name))) or 'none'}")
    _parameters(task)
    entry = tasks.registry.entry(parse(name).name)
    grid = entry.grid.get("default", {})
    if grid:
        chosen = "; ".join(f"{key} = {', '.join(map(str, values))}" for key, values in grid.items())
        click.echo(f"\n`mibench run --tasks {parse(name).name}` runs {chosen}")
    if sheet is not None:
        from mibench.reports import sheet as sheets

        click.echo(f"\nsample sheet: {sheets.write_sheet(name, sheet)}")


def _show_estimator(name: str) -> None:
    estimator = estimators.get(name)
    click.echo(f"estimator {name}")
    stages: list[Any] = [estimator]
    while hasattr(stages[-1], "compressor") and hasattr(stages[-1], "estimator"):
        last = stages.pop()
        stages += [last.compressor, last.estimator]
    for text, stage in zip(split_top(name, "+"), stages, strict=True):
        if len(stages) > 1:
            click.echo(f"\n-- {text}")
        click.echo(f"\n{_doc(stage)}")
        _parameters(stage)


def _show_compressor(name: str) -> None:
    compressor = estimators.compressors.build(name)
    click.echo(f"compressor {name}\n")
    click.echo(_doc(compressor))
    _parameters(compressor)
    click.echo(
        f"\n`mibench run --tasks ... --estimators '{name}+ksg'` estimates on its codes; so may any other estimator"
    )


def _check_sheet(sheet: Path) -> None:
    """Refuse what no sheet can be written to, before the task is drawn."""
    if sheet.suffix.lower() != ".png":
        raise InputError(f"--sheet {sheet}: a sheet is a PNG file: give a name that ends in .png")
    if not sheet.parent.is_dir():
        raise InputError(f"--sheet {sheet}: there is no folder {sheet.parent}: make it, or give another")


def _parameters(thing: Any) -> None:
    """Parameters with their values, and their defaults where those differ."""
    if not dataclasses.is_dataclass(thing):
        return
    fields = [field for field in dataclasses.fields(thing) if field.init]
    if not fields:
        click.echo("\nparameters: none")
        return
    click.echo("\nparameters")
    width = max(len(field.name) for field in fields)
    for field in fields:
        value = getattr(thing, field.name)
        note = ""
        if field.default is not dataclasses.MISSING and not _same(value, field.default):
            note = f"  (default {field.default!r})"
        click.echo(f"  {field.name:{width}} = {value!r}{note}")


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and repr(one) == repr(other)


def _doc(thing: Any) -> str:
    return inspect.getdoc(type(thing)) or "(no description)"


def _tags(task: Task, name: str) -> frozenset[str]:
    return frozenset(getattr(task, "tags", ())) | tasks.registry.entry(parse(name).name).tags


def _abouts(registry: Registry, names: Iterable[str]) -> list[dict[str, Any]]:
    """What is said of each of `names` that can be used, once."""
    abouts = [_about(registry, name) for name in dict.fromkeys(names)]
    return [each for each in abouts if each is not None]


def _about(registry: Registry, name: str) -> dict[str, Any] | None:
    """Name, tags and summary; of a composite, those of its last stage."""
    try:
        entry = registry.entry(name.rpartition("+")[2])
    except MibenchError:  # a plug-in that fails to import: `broken` says so
        return None
    summary = entry.summary
    if "+" in name:
        head = name.partition("+")[0]
        summary = f"{estimators.compressors.entry(head).summary}, then {name.rpartition('+')[2]}"
    return {"name": name, "tags": sorted(entry.tags), "summary": summary}
