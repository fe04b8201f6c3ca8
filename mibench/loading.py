# SPDX-License-Identifier: Apache-2.0
"""Code that is named by text: a Python file, or the attribute ``package.module:name`` or ``file.py:name``."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from mibench.contracts import InputError, NotInstalled
from mibench.names import suggest

__all__ = ["check_target", "find", "load_file", "module_name"]


def module_name(file: Path) -> str:
    """The name a file of a user's gets in `sys.modules`: two folders may hold a file of one name."""
    place = hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:8]
    return f"mibench_plugin_{re.sub(r'[^0-9A-Za-z]', '_', file.stem)}_{place}"


def load_file(file: Path) -> ModuleType:
    """Import a Python file; the same file again gives the same module.

    Raises
    ------
    Exception
        Whatever the file raises, and FileNotFoundError or InputError for what is no Python file.
    """
    name = module_name(file)
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise InputError(f"{file} is not a Python file: its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def check_target(target: str, folder: Path) -> None:
    """Refuse a text that `find` could make nothing of, without importing anything.

    Raises
    ------
    InputError
        If it is not ``package.module:name`` or ``file.py:name``, or there is no such file.
    """
    place, colon, attribute = target.rpartition(":")
    if not colon or not attribute or not (place.endswith(".py") or re.fullmatch(r"\w+(\.\w+)*", place)):
        raise InputError(f"{target!r} names no Python object: give package.module:name or file.py:name")
    if place.endswith(".py") and not (folder / place).is_file():
        raise InputError(f"{target!r}: there is no file {folder / place}")


def find(target: str, folder: Path) -> Any:
    """What ``package.module:name`` or ``file.py:name`` stands for; a file's path starts in `folder`.

    Raises
    ------
    NotInstalled
        If the module, or one it needs, is absent.
    InputError
        If the target is not of that form, fails to import, or has no such attribute.
    """
    check_target(target, folder)
    place, _, attribute = target.rpartition(":")
    try:
        module = load_file(folder / place) if place.endswith(".py") else importlib.import_module(place)
    except ModuleNotFoundError as error:
        raise NotInstalled(f"{target!r}: no module named {error.name!r}{_beside(place, error.name, folder)}") from error
    except Exception as error:  # code of others may fail in any way
        raise InputError(f"{target!r} failed to import: {type(error).__name__}: {error}") from error
    found: Any = module
    for step in attribute.split("."):
        if not hasattr(found, step):
            public = [name for name in vars(found) if not name.startswith("_")] if hasattr(found, "__dict__") else []
            raise InputError(f"{target!r}: {place} has no {step!r}{suggest(step, public[:50])}")
        found = getattr(found, step)
    return found


def _beside(place: str, missing: str | None, folder: Path) -> str:
    """What to do about a module that is not there."""
    if missing == place and (folder / f"{place}.py").exists():
        return f"; for the file beside it write {place}.py:"
    return "; install the package that brings it, or give a file as file.py:name"
