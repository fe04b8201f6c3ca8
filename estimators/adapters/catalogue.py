# SPDX-License-Identifier: Apache-2.0
"""One line of TOML becomes an adapted estimator."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mibench.contracts import Estimator, InputError
from mibench.estimators.adapters import BMI, Command, Ennemi, Function, Infomeasure, NPEETPlus, ScikitLearn
from mibench.names import suggest

__all__ = ["ADAPTERS", "from_table"]

ADAPTERS: Mapping[str, type[Any]] = {
    "sklearn": ScikitLearn,
    "npeet_plus": NPEETPlus,
    "ennemi": Ennemi,
    "infomeasure": Infomeasure,
    "bmi": BMI,
}
_HOW = ("adapter", "callable", "command")


def from_table(name: str, table: Any, folder: Path) -> Estimator:
    """The estimator that ``name = { adapter = "...", ... }`` means, or ``callable`` or ``command`` in its place.

    Parameters
    ----------
    name : str
        For messages.
    table : mapping
        Its keys are the parameters of the adapter; those of ``bmi`` beyond its own go to the class.
    folder : path
        Where relative paths start: that of the file.

    Raises
    ------
    InputError
        For an unknown key or adapter (with suggestions), a missing unit, or a value that is refused.
    """
    if not isinstance(table, Mapping):
        raise InputError(f"{name} is {table!r:.80}; give a table such as {{ adapter = 'sklearn' }}")
    how = [key for key in _HOW if key in table]
    if len(how) != 1:
        found = " and ".join(how) if how else ", ".join(table) or "nothing"
        near = "".join(hint for key in table if (hint := suggest(key, _HOW)).startswith("; did") and not how)
        raise InputError(f"{name}: give one of {', '.join(_HOW)}; found {found}{near}")
    (key,) = how
    settings = {each: value for each, value in table.items() if each != key}
    kind: type[Any]
    if key == "adapter":
        if not isinstance(table[key], str) or table[key] not in ADAPTERS:
            raise InputError(f"{name}: no adapter {table[key]!r}{suggest(str(table[key]), list(ADAPTERS))}")
        kind = ADAPTERS[table[key]]
    else:
        kind = Function if key == "callable" else Command
        if not isinstance(table[key], str):
            raise InputError(f"{name}: {key} is {table[key]!r:.80}; give text")
        settings["function" if key == "callable" else "command"] = table[key]
    what = f"adapter {table[key]!r}" if key == "adapter" else key
    return _build(name, what, kind, settings, folder)


def _build(name: str, what: str, kind: type[Any], settings: dict[str, Any], folder: Path) -> Estimator:
    fields = {field.name: field for field in dataclasses.fields(kind) if field.init}
    own = [each for each in fields if each not in ("folder", "function", "command")]
    if kind is BMI:
        extra = {each: settings.pop(each) for each in list(settings) if each not in ("object", "version")}
        settings["arguments"] = extra
        own = ["object", "version"]
    for each in settings:
        if each not in fields or each == "folder":
            raise InputError(f"{name}: {what} has no key {each!r}{suggest(each, own)}")
    if "folder" in fields:
        settings["folder"] = folder
    for field in fields.values():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and field.name not in settings:
            example = ", such as unit = 'nats'" if field.name == "unit" else ""
            raise InputError(f"{name}: {field.name} is missing{example}")
    try:
        made: Estimator = kind(**settings)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    return made
