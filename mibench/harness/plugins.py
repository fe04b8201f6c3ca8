# SPDX-License-Identifier: Apache-2.0
"""Scratch plug-ins: a Python or TOML file whose tasks and estimators join the registries for this process."""

from __future__ import annotations

import dataclasses
import inspect
import sys
import tomllib
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

from mibench import estimators as estimator_room
from mibench import tasks as task_room
from mibench.contracts import InputError
from mibench.estimators.adapters import BMI, Command, Function
from mibench.estimators.adapters.catalogue import from_table
from mibench.loading import load_file, module_name
from mibench.names import suggest
from mibench.registry import Registry

__all__ = ["Ready", "load_plugin"]

_OPEN = (BMI, Command, Function)  # adapters of what has parameters of its own
Found = list[tuple[str, Registry, Any]]


class Ready:
    """Builds a ready-made object: called with nothing it gives that object, called with parameters a changed copy.

    The parameters are those of its class, when that is a dataclass; of an adapter of code we do not know, its
    `arguments`.
    """

    def __init__(self, thing: Any) -> None:
        self._thing = thing
        self.__doc__ = getattr(thing, "summary", None) or inspect.getdoc(type(thing))
        self.tags = frozenset(getattr(thing, "tags", ()) or ())
        self.__signature__ = inspect.Signature(
            [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in self._parameters()]
        )

    def __call__(self, **params: Any) -> Any:
        if not params:
            return self._thing
        if isinstance(self._thing, _OPEN):
            return dataclasses.replace(self._thing, arguments={**self._thing.arguments, **params})
        return dataclasses.replace(self._thing, **params)

    def _parameters(self) -> list[str]:
        if isinstance(self._thing, _OPEN):
            return list(self._thing.arguments)
        if not dataclasses.is_dataclass(self._thing):
            return []
        return [field.name for field in dataclasses.fields(self._thing) if field.init]


def load_plugin(file: Path) -> list[str]:
    """Register the tasks and estimators that a file adds; a file that is loaded already adds nothing.

    In a Python file, a class with `sample` is a task and one with `estimate` an estimator, named by its class
    attribute `name`, or else the lower-case class name. An object of the module (not of a name that begins with ``_``)
    that has `estimate`, or `sample` and `truth`, is one too, named by its variable. A TOML file holds a table
    ``[estimators]``, one line per estimator (`mibench.estimators.adapters`).

    Returns
    -------
    list of str
        The names that were added.

    Raises
    ------
    InputError
        If the file cannot be read or imported, defines nothing, or gives a name that is taken.
    """
    if module_name(file) in sys.modules:
        return []
    read = _read_toml if file.suffix == ".toml" else _read_python
    module, found = read(file)
    for number, (name, registry, factory) in enumerate(found):
        attribute = f"mibench_entry_{number}"
        setattr(module, attribute, factory)
        try:
            registry.add(metadata.EntryPoint(name, f"{module.__name__}:{attribute}", registry.group))
        except InputError:
            sys.modules.pop(module.__name__, None)  # asked for again, it must fail again
            raise
    return [name for name, _, _ in found]


def _read_python(file: Path) -> tuple[ModuleType, Found]:
    if file.suffix != ".py":
        raise InputError(f"the plug-in {file} is neither a Python nor a TOML file: give FILE.py or FILE.toml")
    try:
        module = load_file(file)
    except Exception as error:  # a user's file may fail in any way
        raise InputError(f"the plug-in {file} failed to import: {type(error).__name__}: {error}") from error
    found = list(_public(module))
    if not found:
        sys.modules.pop(module.__name__, None)
        raise InputError(
            f"the plug-in {file} defines no class with `estimate` (an estimator) or `sample` (a task), nor an object "
            "that has them"
        )
    return module, found


def _public(module: ModuleType) -> Iterator[tuple[str, Registry, Any]]:
    """Name, registry and factory of each task and estimator of a module, in the order it defines them."""
    for attribute, thing in vars(module).items():
        if attribute.startswith("_") or isinstance(thing, ModuleType):
            continue
        if not inspect.isclass(thing):
            registry = _kind(type(thing), needs_truth=True)
            if registry is not None:
                yield attribute, registry, Ready(thing)
        elif thing.__module__ == module.__name__ and (registry := _kind(thing)) is not None:
            name = vars(thing).get("name")
            yield (name if isinstance(name, str) else attribute.lower()), registry, thing


def _kind(made: type, needs_truth: bool = False) -> Registry | None:
    """The registry of what a class makes. Objects of many kinds have a `sample`: of a loose one, `truth` is asked."""
    if callable(getattr(made, "estimate", None)):
        return estimator_room.registry
    has_truth = hasattr(made, "truth") or "truth" in getattr(made, "__dataclass_fields__", {})
    if callable(getattr(made, "sample", None)) and (has_truth or not needs_truth):
        return task_room.registry
    return None


def _read_toml(file: Path) -> tuple[ModuleType, Found]:
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read the plug-in {file}: {error.strerror}") from None
    except ValueError as error:  # of TOML and of UTF-8
        raise InputError(f"the plug-in {file} is not TOML: {error}") from None
    for key in tables:
        if key != "estimators":
            raise InputError(f"the plug-in {file} has {key!r} at its top{suggest(key, ['estimators'])}")
    table = tables.get("estimators")
    if not isinstance(table, Mapping) or not table:
        raise InputError(f"the plug-in {file} adds nothing: give a table [estimators] with one line per estimator")
    try:
        found = [(name, Ready(from_table(name, each, file.resolve().parent))) for name, each in table.items()]
    except InputError as error:
        raise InputError(f"the plug-in {file}: {error}") from None
    module = sys.modules.setdefault(module_name(file), ModuleType(module_name(file)))
    return module, [(name, estimator_room.registry, factory) for name, factory in found]
