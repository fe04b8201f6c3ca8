# SPDX-License-Identifier: Apache-2.0
"""Names become objects: what ``ksg[k=5]`` builds, and what a selection such as ``images,ae+*`` expands to.

Names are listed without importing what they stand for; an object's module is imported when it is first built.
Third-party packages add entries through an entry-point group; a broken one is reported by its distribution's name
and stops nothing.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import importlib
import inspect
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import metadata
from typing import Any

from mibench.contracts import InputError, MibenchError, UnknownName, canonical_json
from mibench.names import NAME, Spec, parse, split_top, suggest

__all__ = ["Broken", "Entry", "Registry", "identity"]


@dataclass(frozen=True)
class Entry:
    """A registered name: where its factory lives, and what can be said of it without importing it.

    Attributes
    ----------
    target : str
        ``"module:attribute"`` of the factory, usually a frozen dataclass.
    summary : str
        One line for ``mibench ls``.
    tags : frozenset of str
        Selectors such as ``images``.
    grid : mapping of str to tuple
        Parameter values that selecting the bare name, a pattern or a tag expands to, per preset.
    deterministic : bool
        Whether one sample has one answer, on any machine and but for rounding: nothing of it is left to `rng`.
    """

    target: str
    summary: str = ""
    tags: frozenset[str] = frozenset()
    grid: Mapping[str, Mapping[str, Sequence[Any]]] = field(default_factory=dict)
    deterministic: bool = False


@dataclass(frozen=True)
class Broken:
    """A plug-in that could not be used, and why."""

    name: str
    distribution: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name!r} comes from {self.distribution} and cannot be used: {self.reason}"


def identity(name: str, thing: Any) -> dict[str, Any]:
    """Name, declared version and every parameter of a built object, for keys and reports.

    Fields that its class leaves out of comparisons (``field(compare=False)``: a folder, a limit of time) are left out.
    """
    params: dict[str, Any] = {}
    if dataclasses.is_dataclass(thing):
        for each in dataclasses.fields(thing):
            if not each.compare:
                continue
            value = getattr(thing, each.name)
            nested = dataclasses.is_dataclass(value) and not isinstance(value, type)
            params[each.name] = identity(type(value).__name__, value) if nested else _plain(value)
    return {"name": name, "version": int(getattr(thing, "version", 1)), "params": params}


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():  # mi=1 and mi=1.0 are one parameter
        return int(value)
    try:
        canonical_json(value)
    except (TypeError, ValueError):
        return repr(value)
    return value


class Registry:
    """Names of one kind of thing (``task``, ``estimator``, ``compressor``), built in or from entry points."""

    def __init__(self, kind: str, group: str, builtins: Mapping[str, Entry]) -> None:
        self.kind = kind
        self.group = group
        self._builtins = dict(builtins)

    @cached_property
    def _plugins(self) -> tuple[dict[str, metadata.EntryPoint], list[Broken]]:
        found: dict[str, metadata.EntryPoint] = {}
        broken: list[Broken] = []
        for point in metadata.entry_points(group=self.group):
            refusal = self._refusal(point, found)
            if refusal:
                broken.append(Broken(point.name, _distribution(point), refusal))
            else:
                found[point.name] = point
        return found, broken

    def _refusal(self, point: metadata.EntryPoint, found: Mapping[str, metadata.EntryPoint]) -> str:
        if point.name in self._builtins or point.name in found:
            owner = "mibench" if point.name in self._builtins else _distribution(found[point.name])
            return f"the name already belongs to {owner}"
        return "" if NAME.fullmatch(point.name) else "the name is not letters, digits, '_', '.', '-'"

    def add(self, point: metadata.EntryPoint) -> None:
        """Register an entry point that no installed distribution declares, such as a class in a scratch file.

        Raises
        ------
        InputError
            If its name is taken or no name.
        """
        refusal = self._refusal(point, self._plugins[0])
        if refusal:
            raise InputError(f"cannot add the {self.kind} {point.name!r}: {refusal}; choose another")
        self._plugins[0][point.name] = point

    @property
    def names(self) -> list[str]:
        """Every known name, built in first."""
        return [*self._builtins, *self._plugins[0]]

    @property
    def broken(self) -> list[Broken]:
        """Plug-ins that could not be used so far (an import is tried only when a name is needed)."""
        return self._plugins[1]

    def entry(self, name: str) -> Entry:
        """What is known of `name`; loads a plug-in's module to read its tags.

        Raises
        ------
        UnknownName
            With the nearest names.
        """
        if name in self._builtins:
            return self._builtins[name]
        if name in self._plugins[0]:
            factory = self.factory(name)
            summary = (inspect.getdoc(factory) or "").partition("\n")[0]
            tags = frozenset(getattr(factory, "tags", ()) or ())
            deterministic = getattr(factory, "deterministic", False) is True
            return Entry(self._plugins[0][name].value, summary, tags, deterministic=deterministic)
        for each in self.broken:
            if each.name == name:
                raise MibenchError(str(each))
        raise UnknownName(f"no {self.kind} named {name!r}{suggest(name, self.names)}")

    def factory(self, name: str) -> Any:
        """The class or function that builds `name`, imported now."""
        if name in self._builtins:
            module, _, attribute = self._builtins[name].target.partition(":")
            return getattr(importlib.import_module(module), attribute)
        plugins, broken = self._plugins
        if name in plugins:
            try:
                return plugins[name].load()
            except Exception as error:  # a plug-in may fail in any way at import
                point = plugins.pop(name)
                broken.append(Broken(name, _distribution(point), f"{type(error).__name__}: {error}"))
        self.entry(name)
        raise AssertionError("unreachable")

    def build(self, spec: Spec | str) -> Any:
        """Build the object that `spec` names.

        Raises
        ------
        UnknownName, InputError
            For an unknown name, an unknown parameter (with suggestions) or a value its constructor refuses.
        """
        spec = parse(spec) if isinstance(spec, str) else spec
        self.entry(spec.name)
        factory = self.factory(spec.name)
        allowed = [p.name for p in inspect.signature(factory).parameters.values() if p.kind is not p.VAR_KEYWORD]
        for key in spec.params:
            if key not in allowed:
                raise InputError(f"{self.kind} {spec.name!r} has no parameter {key!r}{suggest(key, allowed)}")
        try:
            return factory(**spec.params)
        except InputError as error:
            raise InputError(f"{spec}: {error}") from None
        except TypeError as error:
            raise InputError(f"{spec}: a parameter has the wrong type ({error})") from error

    def select(self, text: str, board: Sequence[str], preset: str = "default") -> list[str]:
        """Expand comma-separated names, shell patterns and tags into full names.

        Parameters
        ----------
        text : str
            Such as ``"images"``, ``"ksg,ae+*"``, ``"blobs[size=32,mi=3]"``. ``all`` is the whole board.
        board : sequence of str
            Names that patterns, tags and ``all`` choose from.
        preset : str
            Which of an entry's grids a bare name, pattern or tag expands to.

        Returns
        -------
        list of str
            In the order asked, without repeats.
        """
        chosen: dict[str, None] = {}
        for part in split_top(text, ","):
            chosen.update(dict.fromkeys(self._expand(part, board, preset)))
        if not chosen:
            raise InputError(f"no {self.kind} was asked for: give names, patterns or tags, such as 'all'")
        return list(chosen)

    def _expand(self, part: str, board: Sequence[str], preset: str) -> Iterator[str]:
        if "[" in part and not any(char in part.partition("[")[0] for char in "*?"):
            yield "+".join(str(parse(stage)) for stage in split_top(part, "+"))
            return
        if any(char in part for char in "*?["):
            names = [name for name in board if fnmatch.fnmatchcase(name, part)]
        elif part == "all":
            names = list(board)
        elif part in board or part in self.names or "+" in part:
            names = [part]
        else:
            names = [name for name in board if part in self.tags(name)]
        if not names:
            choices = sorted({*board, *self.names, "all", *itertools.chain(*(self.tags(name) for name in board))})
            raise UnknownName(f"no {self.kind}, pattern or tag {part!r}{suggest(part, choices)}")
        for name in names:
            yield from self._grid(name, preset)

    def _grid(self, name: str, preset: str) -> Iterator[str]:
        grids = self._builtins[name].grid if name in self._builtins else {}
        grid = grids.get(preset, grids.get("default", {}))
        for values in itertools.product(*grid.values()):
            yield str(Spec(name, dict(zip(grid, values, strict=True))))

    def tags(self, name: str) -> frozenset[str]:
        """Tags of `name`; of a composite, those of its last stage."""
        stage = split_top(name, "+")[-1].partition("[")[0]
        try:
            return self.entry(stage).tags
        except MibenchError:  # a broken plug-in has no tags; `broken` reports it
            return frozenset()


def _distribution(point: metadata.EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "a plug-in file"
