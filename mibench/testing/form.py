# SPDX-License-Identifier: Apache-2.0
"""What tasks and estimators have in common: frozen parameters, a description, a version, a name that is complete."""

from __future__ import annotations

import dataclasses
import inspect
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from mibench import estimators, tasks
from mibench.contracts import InputError, canonical_json
from mibench.names import Spec, parse, split_top
from mibench.registry import identity
from mibench.testing.check import estimator_check, task_check
from mibench.testing.outcome import fail, skip
from mibench.testing.subject import Subject

__all__: list[str] = []

_HEAVY = ("torch", "tensorflow", "jax", "keras", "transformers", "matplotlib", "seaborn")
_SOURCE = re.compile(r"\b(1[89]|20)\d\d\b|doi|arXiv|https?://", re.IGNORECASE)
_NO_VALUE = "no such value"


@estimator_check
@task_check
def frozen_dataclass(subject: Subject) -> None:
    """A frozen, hashable dataclass whose fields are its parameters."""
    thing = subject.thing
    if not dataclasses.is_dataclass(thing) or isinstance(thing, type):
        fail(f"{type(thing).__name__} is no dataclass: write @dataclass(frozen=True), with the parameters as fields")
    if not vars(type(thing))["__dataclass_params__"].frozen:
        fail(f"{type(thing).__name__} can be changed after it is made: write @dataclass(frozen=True)")
    try:
        same = {thing} == {dataclasses.replace(thing)}
    except TypeError as error:
        fail(f"it has no hash ({error}): give parameters immutable types, such as tuples for lists")
    if not same:
        fail("two objects of the same parameters are not equal: leave __eq__ to the dataclass")


@estimator_check
@task_check
def version(subject: Subject) -> None:
    """An integer, raised whenever results change."""
    found = getattr(subject.thing, "version", None)
    if isinstance(found, bool) or not isinstance(found, int) or found < 1:
        fail(f"version is {found!r}: write `version: ClassVar[int] = 1`, and raise it whenever results change")


@estimator_check
@task_check
def docstring(subject: Subject) -> None:
    """Numpydoc: one line first, every parameter, the unit (nats), and the source of an estimator (a year, a DOI)."""
    for stage in _stages(subject.thing):
        made = [each for each in type(stage).__mro__ if each.__module__ != "builtins"]
        own = inspect.cleandoc(type(stage).__dict__.get("__doc__") or "")
        if not own or own.startswith(f"{type(stage).__name__}("):  # what @dataclass writes where there is none
            fail(f"{type(stage).__name__} has no docstring: say what it is, its parameters and its source")
        summary = own.partition("\n\n")[0]
        if len(summary.split("\n")) > 2 or not summary.strip().endswith((".", "?", ":")):
            fail(f"the docstring of {type(stage).__name__} starts with {summary[:60]!r}: start with one sentence")
        texts = [inspect.cleandoc(each.__dict__.get("__doc__") or "") for each in made]
        missing = [field.name for field in _fields(stage) if not any(_explains(each, field.name) for each in texts)]
        if missing:
            fail(f"the docstring of {type(stage).__name__} explains no {', no '.join(missing)}: add `Parameters`")
        method = getattr(type(stage), "estimate", None) or getattr(type(stage), "sample", None)
        whole = "\n".join([*texts, inspect.getdoc(method) or ""])
        if method and not re.search(r"\bnats?\b", whole):
            fail(f"the docstrings of {type(stage).__name__} do not say the unit: say that it is nats")
        whole += inspect.getdoc(inspect.getmodule(type(stage))) or ""
        if hasattr(type(stage), "estimate") and not _SOURCE.search(whole):
            fail(f"the docstring of {type(stage).__name__} gives no source: name the paper and its year, or a DOI")


def _explains(text: str, parameter: str) -> bool:
    """Whether a line of a docstring is the head of `parameter`'s entry: ``k : int`` or ``dim_x, dim_y : int``."""
    heads = (line.partition(" : ")[0] for line in text.splitlines() if " : " in line or re.fullmatch(r"[\w, ]+", line))
    return any(parameter in re.split(r",\s*", head.strip()) for head in heads)


@estimator_check
@task_check
def identity_is_text(subject: Subject) -> None:
    """Name, version and parameters make one text, the same for an equal object: the trial's key rests on it."""
    thing = subject.thing
    texts = {canonical_json(identity("it", each)) for each in (thing, pickle.loads(pickle.dumps(thing)))}  # noqa: S301
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        texts.add(canonical_json(identity("it", dataclasses.replace(thing))))
    address = re.search(r" at 0x[0-9a-f]+", "".join(texts))
    if len(texts) > 1 or address:
        fail(
            f"its parameters make different texts for equal objects ({min(texts):.200}): "
            "let them be numbers, texts, true, false, none, tuples of these, or dataclasses"
        )


@estimator_check
@task_check
def full_name(subject: Subject) -> None:
    """``name[param=value]`` with every parameter builds an equal object, through the registry."""
    if subject.name is None:
        skip("it was given as an object: give its registered name to check how it is named")
    spelled = []
    for text, stage in zip(split_top(subject.given, "+"), _stages(subject.thing), strict=True):
        taken = _taken(parse(text).name)
        holds = {field.name: getattr(stage, field.name) for field in _fields(stage)}
        holds |= getattr(stage, "arguments", {})  # of an adapter, those of the code it stands for
        values = {name: value for name, value in holds.items() if name in taken and _spelt(value)}
        spelled.append(str(Spec(parse(text).name, values)))
    name = "+".join(spelled)
    again = (estimators if subject.kind == "estimator" else tasks).get(name)
    if again != subject.thing:
        fail(f"{name} builds {again!r}, not {subject.thing!r}: let the constructor take what the fields hold")


@estimator_check
@task_check
def parameters_are_checked(subject: Subject) -> None:
    """The constructor refuses a value of the wrong kind, and NaN for a number, with an InputError that names it."""
    for stage in _stages(subject.thing):
        if not dataclasses.is_dataclass(stage):
            skip("it is no dataclass: see `frozen-dataclass`")
        for field in _fields(stage):
            value = getattr(stage, field.name)
            absurd: list[Any] = [_NO_VALUE]
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                absurd.append(float("nan"))
            for wrong in absurd:
                _refuses(stage, field.name, wrong)


def _refuses(stage: Any, name: str, wrong: Any) -> None:
    who = type(stage).__name__
    try:
        dataclasses.replace(stage, **{name: wrong})
    except InputError as error:
        if name not in str(error):
            fail(f"{who} refuses {name}={wrong!r} with {str(error)!r}: name the parameter in the message")
    except Exception as error:
        fail(f"{who}({name}={wrong!r}) raises {type(error).__name__} ({error}): raise InputError in __post_init__")
    else:
        fail(f"{who} takes {name}={wrong!r}: refuse it in __post_init__ with InputError, saying what was expected")


@estimator_check
@task_check
def light_import(subject: Subject) -> None:
    """Importing its module loads no deep-learning or drawing library: ``mibench ls`` imports every plug-in."""
    module = sys.modules.get(type(subject.thing).__module__)
    file = getattr(module, "__file__", None)
    if module is None or file is None or module.__name__ in ("__main__", "builtins"):
        skip("it was not imported from a file")
    if module.__name__.split(".")[0] == "mibench":
        skip("mibench lists its own without importing them")
    code = (
        "import importlib, importlib.util, sys\n"
        "sys.path[:] = sys.argv[3:]\n"
        "sys.modules.pop(sys.argv[1], None)\n"
        "try:\n    importlib.import_module(sys.argv[1])\n"
        "except ModuleNotFoundError:\n"
        "    spec = importlib.util.spec_from_file_location(sys.argv[1], sys.argv[2])\n"
        "    module = importlib.util.module_from_spec(spec); sys.modules[sys.argv[1]] = module\n"
        "    spec.loader.exec_module(module)\n"
        "print('|'.join(['', *sorted({name.partition('.')[0] for name in sys.modules}), '']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, module.__name__, file, *sys.path], capture_output=True, text=True, check=False
    )
    if done.returncode:
        fail(f"a fresh process cannot import {module.__name__}: {done.stderr.strip().splitlines()[-1]}")
    loaded = [each for each in _HEAVY if f"|{each}|" in done.stdout.splitlines()[-1]]
    if loaded:
        where = "estimate" if subject.kind == "estimator" else "sample"
        fail(f"importing {module.__name__} loads {', '.join(loaded)}: import them inside {where}()")


def _stages(thing: Any) -> list[Any]:
    """The stages of a composite in the order of its name; of anything else, itself."""
    if type(thing).__module__ == "mibench.estimators.compress.compose":
        return [thing.compressor, *_stages(thing.estimator)]
    return [thing]


def _fields(stage: Any) -> Iterator[Any]:
    """Fields that a constructor takes, parts that are dataclasses themselves aside."""
    if dataclasses.is_dataclass(stage):
        for field in dataclasses.fields(stage):
            if field.init and not dataclasses.is_dataclass(getattr(stage, field.name)):
                yield field


def _taken(name: str) -> set[str]:
    """The parameters that the registry lets a name have: not all, for an adapter of others' code."""
    rooms = (estimators.registry, estimators.compressors, tasks.registry)
    factories = [registry.factory(name) for registry in rooms if name in registry.names]
    return {parameter for factory in factories for parameter in inspect.signature(factory).parameters}


def _spelt(value: Any) -> bool:
    return isinstance(value, (int, float, str, type(None)))
