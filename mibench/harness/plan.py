# SPDX-License-Identifier: Apache-2.0
"""What was asked for becomes trials: every estimator on every sample, in an order that shares work early."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from mibench import estimators as estimator_room
from mibench import tasks as task_room
from mibench.contracts import InputError, MibenchError, Trial, canonical_json
from mibench.harness.stages import check_selection
from mibench.names import parse, split_top
from mibench.registry import Registry, identity

__all__ = ["Plan", "load_plugin", "make", "modules"]


@dataclass(frozen=True)
class Plan:
    """The trials of one command, without repeats, and the plug-ins it had to leave out."""

    trials: tuple[Trial, ...]
    left_out: tuple[str, ...] = ()


def make(
    tasks: str,
    estimators: str,
    *,
    ns: Sequence[int],
    repetitions: int = 1,
    seed: int = 0,
    preset: str = "default",
    checks: Sequence[str] = (),
) -> Plan:
    """Cross the selected tasks, sample sizes and repetitions with the selected estimators.

    Parameters
    ----------
    tasks, estimators : str
        Selections as `Registry.select` reads them.
    ns : sequence of int
        Sample sizes.
    repetitions : int
        Independent samples per task and size.
    seed : int
        Root seed of every derived seed.
    preset : str
        ``default``, ``quick`` or ``paper``: the grid that a family's name expands to.
    checks : sequence of str
        Self-consistency checks (`mibench.harness.consistency`), each one more trial per cell.

    Returns
    -------
    Plan
        Trials ordered sample by sample, composites first, so that trials that share a compression stand together.

    Raises
    ------
    UnknownName, InputError
        For a wrong name, parameter or selection. A plug-in that fails to import is left out, not raised.
    """
    check_selection(estimators)
    left_out: list[str] = []
    task_ids = _identities(task_room.registry, tasks, task_room.board(), preset, task_room.get, left_out)
    estimator_ids = _identities(
        estimator_room.registry, estimators, estimator_room.board(), preset, estimator_room.get, left_out
    )
    # composites first: their first stage may be a long training, which the other trials of the sample run beside
    ordered = sorted(estimator_ids.items(), key=lambda item: "+" not in item[0])
    found: dict[str, Trial] = {}
    for task, task_id in task_ids.items():
        for n in ns:
            for repetition in range(repetitions):
                for check in ("", *checks):
                    for estimator, estimator_id in ordered:
                        trial = Trial(task, estimator, n, repetition, seed, task_id, estimator_id, check)
                        found.setdefault(trial.key, trial)
    return Plan(tuple(found.values()), tuple(dict.fromkeys(left_out)))


def _identities(
    registry: Registry,
    selection: str,
    board: Sequence[str],
    preset: str,
    get: Callable[[str], Any],
    left_out: list[str],
) -> dict[str, str]:
    """Name -> canonical JSON of its identity, for every selected name that can be built."""
    chosen: dict[str, str] = {}
    for name in registry.select(selection, board, preset):
        try:
            chosen[name] = canonical_json(_describe(name, get(name)))
        except ModuleNotFoundError as error:  # a package it needs is absent: its trials say so, each as a row
            if (error.name or "").startswith("mibench"):
                raise
            chosen[name] = canonical_json({"name": name, "version": 0, "params": {}})
        except MibenchError as error:
            if not any(each.name == parse(name.rpartition("+")[2]).name for each in registry.broken):
                raise
            left_out.append(str(error))
        except Exception as error:  # a plug-in's constructor may fail in any way; ours may not
            if registry.entry(parse(name.rpartition("+")[2]).name).target.startswith("mibench."):
                raise
            left_out.append(f"{name}: {type(error).__name__}: {error}")
    return chosen


def _describe(name: str, thing: Any) -> dict[str, Any]:
    stages = [parse(stage) for stage in split_top(name, "+")]
    described = identity("+".join(stage.name for stage in stages), thing)
    if not dataclasses.is_dataclass(thing):  # a plug-in of another make: only what was written is known of it
        described["params"] = dict(stages[-1].params)
    return described


def modules(trials: Sequence[Trial]) -> list[str]:
    """Modules of ours that the trials will import, for a server process to import once."""
    wanted: dict[str, None] = {}
    for trial in trials:
        *heads, tail = split_top(trial.estimator, "+")
        stages = [(task_room.registry, trial.task), (estimator_room.registry, tail)]
        stages += [(estimator_room.compressors, head) for head in heads]
        for registry, stage in stages:
            module = registry.entry(parse(stage).name).target.partition(":")[0]
            if module.startswith("mibench."):
                wanted[module] = None
    return list(wanted)


def load_plugin(file: Path) -> list[str]:
    """Register the task and estimator classes that a Python file defines.

    A class with `sample` and `truth` is a task, one with `estimate` is an estimator; its name is its class attribute
    `name`, or else the lower-case class name.

    Returns
    -------
    list of str
        The names that were added.

    Raises
    ------
    InputError
        If the file cannot be imported or defines neither.
    """
    place = hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:8]  # two folders may hold a file of one name
    module_name = f"mibench_plugin_{re.sub(r'[^0-9A-Za-z]', '_', file.stem)}_{place}"
    if module_name in sys.modules:
        return []
    spec = importlib.util.spec_from_file_location(module_name, file)
    if spec is None or spec.loader is None:
        raise InputError(f"the plug-in {file} is not a Python file: give FILE.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # a user's file may fail in any way
        del sys.modules[module_name]
        raise InputError(f"the plug-in {file} failed to import: {type(error).__name__}: {error}") from error
    added = []
    for attribute, thing in vars(module).items():
        if not inspect.isclass(thing) or thing.__module__ != module_name or attribute.startswith("_"):
            continue
        if callable(getattr(thing, "estimate", None)):
            registry = estimator_room.registry
        elif callable(getattr(thing, "sample", None)):
            registry = task_room.registry
        else:
            continue
        name = vars(thing).get("name")
        name = name if isinstance(name, str) else attribute.lower()
        registry.add(metadata.EntryPoint(name, f"{module_name}:{attribute}", registry.group))
        added.append(name)
    if not added:
        raise InputError(f"the plug-in {file} defines no class with `estimate` (an estimator) or `sample` (a task)")
    return added
