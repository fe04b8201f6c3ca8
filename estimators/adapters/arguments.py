# SPDX-License-Identifier: Apache-2.0
"""Settings of code we do not know: keyword arguments by name, and a label that is the same in every process."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mibench.contracts import InputError

__all__ = ["check_arguments", "check_folder", "check_version", "label"]


def check_arguments(arguments: Any, who: str) -> dict[str, Any]:
    """A copy of a mapping of keyword arguments.

    Raises
    ------
    InputError
        If it is no mapping of names.
    """
    if not isinstance(arguments, Mapping) or not all(isinstance(k, str) and k.isidentifier() for k in arguments):
        raise InputError(f"{who}: arguments is {arguments!r:.80}; give names and values, such as {{k = 3}}")
    return dict(arguments)


def check_folder(folder: Any, who: str) -> Path:
    """A folder that is there.

    Raises
    ------
    InputError
        If it is not.
    """
    if not isinstance(folder, str | os.PathLike) or not os.path.isdir(folder):
        raise InputError(f"{who}: folder is {str(folder)!r}, which is no folder")
    return Path(folder)


def check_version(version: Any, who: str) -> None:
    """Refuse what is no version: a whole number, raised when the code that is adapted changes its answers."""
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise InputError(f"{who}: version is {version!r}; give a whole number, 1 or more")


def label(thing: Any) -> str:
    """What a function or object is called, without its address: part of a trial's key."""
    if isinstance(thing, str):
        return thing
    if isinstance(thing, functools.partial):
        settings = [*map(repr, thing.args), *(f"{name}={value!r}" for name, value in sorted(thing.keywords.items()))]
        return f"{label(thing.func)}({', '.join(settings)})"
    return str(getattr(thing, "__qualname__", None) or type(thing).__qualname__)
