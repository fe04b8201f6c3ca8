# SPDX-License-Identifier: Apache-2.0
"""What was asked for becomes trials: every estimator on every sample, in an order that shares work early."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mibench import estimators as estimator_room
from mibench import tasks as task_room
from mibench.contracts import MibenchError, Trial, canonical_json
from mibench.harness.stages import check_selection
from mibench.names import parse, split_top
from mibench.registry import Registry, identity

__all__ = ["Plan", "make", "modules"]


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
