# SPDX-License-Identifier: Apache-2.0
"""What is checked: a registered name, a class or an object becomes one thing that every check can ask."""

from __future__ import annotations

import dataclasses
import inspect
from functools import cached_property
from typing import Any

from mibench import estimators, tasks
from mibench.contracts import Estimate, InputError, Sample, UnknownName, Unsupported
from mibench.names import parse, split_top, suggest
from mibench.testing.outcome import fail, skip
from mibench.testing.specimens import SPECIMENS, Specimen

__all__ = ["EstimatorSubject", "Subject", "TaskSubject", "subjects_of"]

_METHODS = {"estimator": "estimate", "task": "sample"}
_N = 300  # samples for checks of form: neural methods want a hundred


class Subject:
    """One task or estimator under check.

    Parameters
    ----------
    given : str, class or object
        A registered name, a class that is built without arguments, or an object.
    label : str
        How findings name it.
    """

    kind = ""

    def __init__(self, given: Any, label: str) -> None:
        self.given = given
        self.label = label

    @cached_property
    def thing(self) -> Any:
        """The object, built now."""
        return self.build()

    def build(self) -> Any:
        """A new object equal to `thing` (the one that was given, where an object was)."""
        if isinstance(self.given, str):
            return (estimators if self.kind == "estimator" else tasks).get(self.given)
        return self.given() if inspect.isclass(self.given) else self.given

    @property
    def name(self) -> str | None:
        """The registered name without parameters, or None."""
        if not isinstance(self.given, str):
            return None
        return "+".join(parse(stage).name for stage in split_top(self.given, "+"))


class TaskSubject(Subject):
    """A task under check."""

    kind = "task"

    def sample(self, n: int, rng: Any = 0) -> Sample:
        """`n` samples; anything but a `Sample` fails."""
        sample = self.thing.sample(n, rng)
        if not isinstance(sample, Sample):
            fail(f"sample() returned {type(sample).__name__}, not mibench.Sample: return Sample(x, y, side)")
        return sample


class EstimatorSubject(Subject):
    """An estimator under check, with the sound data that it accepts.

    A class may say `check_params`, hyper-parameters that make it quick: checks of form use them, those of the numbers
    use what was given.
    """

    kind = "estimator"

    @cached_property
    def quick(self) -> Any:
        """The object for checks of form."""
        return quick(self.thing)

    @cached_property
    def _reference(self) -> tuple[Specimen | None, Any, list[str]]:
        refusals: list[str] = []
        for name, make in SPECIMENS.items():
            specimen = make(_N)
            try:
                return specimen, self.quick.estimate(specimen.x, specimen.y, rng=0, side=specimen.side), refusals
            except (Unsupported, InputError) as error:
                refusals.append(f"{name}: {error}")
            except Exception as error:
                return specimen, error, refusals
        return None, None, refusals

    @property
    def answer(self) -> Any:
        """What `estimate` returned for the first kind of sound data that it did not refuse, or raised there."""
        specimen, answer, refusals = self._reference
        if specimen is None:
            fail(f"it refused every kind of sound data. {'; '.join(refusals)}")
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def specimen(self) -> Specimen:
        """The first kind of sound data that it does not refuse; without an answer there, checks are skipped."""
        specimen, answer, _ = self._reference
        if specimen is None or not isinstance(answer, Estimate):
            skip("no estimate on sound data: see `answers`")
        return specimen

    def mi(self, x: Any, y: Any, *, rng: Any = 0, side: Any = None, thing: Any = None) -> float:
        """The estimate on some data, a finite number."""
        side = self.specimen.side if side is None else side
        return number((thing or self.quick).estimate(x, y, rng=rng, side=side))


def number(estimate: Any) -> float:
    """The nats of an estimate; what is no `Estimate` or not finite fails."""
    if not isinstance(estimate, Estimate):
        fail(f"estimate() returned {type(estimate).__name__} ({estimate!r:.60}), not mibench.Estimate")
    value = float(estimate.mi)
    if not abs(value) < float("inf"):
        fail(f"the estimate is {value}: return a finite number, or raise Unsupported with the reason")
    return value


def quick(thing: Any) -> Any:
    """`thing` with its class's `check_params`, and those of the parts it is made of."""
    if not dataclasses.is_dataclass(thing) or isinstance(thing, type):
        return thing
    changes = dict(getattr(type(thing), "check_params", {}))
    for field in dataclasses.fields(thing):
        value = getattr(thing, field.name)
        if field.init and dataclasses.is_dataclass(value) and not isinstance(value, type):
            changes.setdefault(field.name, quick(value))
    return dataclasses.replace(thing, **changes) if changes else thing


def subjects_of(given: Any, kind: str | None = None) -> list[Subject]:
    """What is to be checked, without building it: one subject, or two where a name is that of a task and an estimator.

    Raises
    ------
    InputError
        For what is no task and no estimator.
    UnknownName
        For an unknown name.
    """
    if isinstance(given, str):
        kinds = _kinds(given) if kind is None else [_known(given, kind)]
        return [_KINDS[each](given, f"{each} {given}" if len(kinds) > 1 else given) for each in kinds]
    has = [each for each, method in _METHODS.items() if callable(getattr(given, method, None))]
    label = given.__name__ if inspect.isclass(given) else repr(given)
    if kind is None and len(has) != 1:
        found = "both `estimate` and `sample`" if has else "neither `estimate` nor `sample`"
        raise InputError(f"{label} has {found}: give a task, an estimator, or a registered name")
    if kind is not None and kind not in has:
        raise InputError(f"{label} has no method `{_METHODS[kind]}`: it is no {kind}")
    return [_KINDS[kind or has[0]](given, label)]


def _known(name: str, kind: str) -> str:
    """`kind`, if `name` is registered as one."""
    registry = estimators.registry if kind == "estimator" else tasks.registry
    tail = parse((split_top(name, "+") or [""])[-1]).name
    if tail not in registry.names:
        registry.entry(tail)  # says what is known instead
    return kind


def _kinds(name: str) -> list[str]:
    """What `name` is registered as; where it is both, its parameters may tell."""
    stages = split_top(name, "+") or [""]
    tail = parse(stages[-1])
    registries = {"estimator": estimators.registry, "task": tasks.registry}
    kinds = [each for each, registry in registries.items() if tail.name in registry.names]
    if len(stages) > 1:
        return ["estimator"]
    if not kinds:
        for registry in registries.values():  # a broken plug-in says so itself
            if any(each.name == tail.name for each in registry.broken):
                registry.entry(tail.name)
        known = [*tasks.registry.names, *estimators.board()]
        raise UnknownName(f"no task or estimator named {tail.name!r}{suggest(tail.name, known)}")
    if len(kinds) == 1:
        return kinds
    fits = [
        each for each in kinds if {*tail.params} <= {*inspect.signature(registries[each].factory(tail.name)).parameters}
    ]
    return fits or kinds


_KINDS: dict[str, type[Subject]] = {"estimator": EstimatorSubject, "task": TaskSubject}
