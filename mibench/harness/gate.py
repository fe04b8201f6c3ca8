# SPDX-License-Identifier: Apache-2.0
"""The rules of a gate: how much worse is worse, per estimator, from a TOML file whose every key is known."""

from __future__ import annotations

import fnmatch
import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from mibench import estimators
from mibench.contracts import InputError
from mibench.names import suggest

__all__ = ["Limits", "Rule", "Rules", "load"]


@dataclass(frozen=True)
class Limits:
    """What one estimator is held to.

    Attributes
    ----------
    margin : float
        Nats by which the mean |error| may grow before it matters.
    tolerance : float
        Nats by which a deterministic estimator's numbers (estimate, interval, bounds) may move on one sample. Another
        processor's rounding exchanges a neighbour now and then, which was seen to move them by 4e-5 at n = 1000.
    jump : float or None
        The same for any other estimator's estimate; None: it may move as it likes, the margin decides.
    coverage : float
        Least share of BASE's answers that HEAD must give too.
    seconds_ratio : float or None
        Most that HEAD's seconds may be of BASE's; None: time is not judged.
    deterministic : bool or None
        Whether the same sample gives the same answer; None: as the registry says.
    allow_failed : bool
        Whether HEAD's trials may fail where BASE has no answer to lose.
    """

    margin: float = 0.02
    tolerance: float = 1e-3
    jump: float | None = None
    coverage: float = 1.0
    seconds_ratio: float | None = None
    deterministic: bool | None = None
    allow_failed: bool = False


_LIMITS = tuple(field.name for field in fields(Limits))
_RANGES: Mapping[str, tuple[float, float, str]] = {
    "margin": (0.0, math.inf, "a number of nats from 0"),
    "tolerance": (0.0, math.inf, "a number of nats from 0"),
    "jump": (0.0, math.inf, "a number of nats from 0"),
    "coverage": (0.0, 1.0, "a share from 0 to 1"),
    "seconds_ratio": (1.0, math.inf, "a ratio from 1"),
    "alpha": (1e-6, 0.5, "a probability from 0.000001 to 0.5"),
}


@dataclass(frozen=True)
class Rule:
    """Limits for the estimators that a shell pattern (`match`) and a tag choose; both must hold where both stand."""

    match: str | None
    tag: str | None
    limits: Mapping[str, Any]

    def holds(self, estimator: str) -> bool:
        """Whether the rule is about `estimator`; brackets stand for themselves, as names hold them."""
        if self.match is not None and not fnmatch.fnmatchcase(estimator, self.match.replace("[", "[[]")):
            return False
        return self.tag is None or self.tag in estimators.registry.tags(estimator)

    def __str__(self) -> str:
        return ", ".join(f'{key} = "{value}"' for key, value in (("match", self.match), ("tag", self.tag)) if value)


@dataclass(frozen=True)
class Rules:
    """What a comparison is judged by.

    Attributes
    ----------
    default : Limits
        For estimators that no rule names.
    rules : tuple of Rule
        In the order of the file; a later one overrides what an earlier one says.
    alpha : float
        Largest probability that a comparison of two equal versions finds anything worse.
    """

    default: Limits = Limits()
    rules: tuple[Rule, ...] = ()
    alpha: float = 0.01

    def of(self, estimator: str) -> Limits:
        """The limits of one estimator, its determinism filled in."""
        limits = self.default
        for rule in self.rules:
            if rule.holds(estimator):
                limits = replace(limits, **rule.limits)
        if limits.deterministic is None:
            limits = replace(limits, deterministic=estimators.deterministic(estimator))
        return limits

    def idle(self, names: Iterable[str]) -> list[Rule]:
        """Rules that are about none of `names`: a misspelt pattern would guard nothing."""
        names = list(names)
        return [rule for rule in self.rules if not any(map(rule.holds, names))]


def load(path: Path) -> Rules:
    """Read a rules file.

    Raises
    ------
    InputError
        For a file that is not there or no TOML, an unknown key (with suggestions) or a value out of range; the message
        names the file and the table.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read the rules {path}: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{path} is not TOML: {error}") from error
    _known(tables, ("default", "rule"), str(path))
    default, listed = tables.get("default", {}), tables.get("rule", [])
    if not isinstance(default, dict):
        raise InputError(f"{path}: `default` is {default!r}; write a table, [default]")
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise InputError(f"{path}: `rule` is not a list of tables; write each rule as [[rule]]")
    place = f"{path}, [default]"
    _known(default, (*_LIMITS, "alpha"), place)
    values = _values(default, place)
    alpha = values.pop("alpha", Rules.alpha)
    rules = tuple(_rule(each, f"{path}, [[rule]] {number}") for number, each in enumerate(listed, 1))
    return Rules(Limits(**values), rules, alpha)


def _rule(table: dict[str, Any], place: str) -> Rule:
    if "alpha" in table:
        raise InputError(f"{place}: alpha is one for the whole comparison: give it in [default]")
    _known(table, ("match", "tag", *_LIMITS), place)
    match, tag = table.pop("match", None), table.pop("tag", None)
    for key, value in (("match", match), ("tag", tag)):
        if value is not None and (not isinstance(value, str) or not value):
            raise InputError(f'{place}: {key} is {value!r}; give a text such as match = "ae+*" or tag = "neural"')
    if match is None and tag is None:
        raise InputError(f"{place} names no estimator: give match or tag, or put the limits into [default]")
    if not table:
        raise InputError(f"{place} sets nothing: give one of {', '.join(_LIMITS)}")
    return Rule(match, tag, _values(table, place))


def _known(table: Mapping[str, Any], keys: tuple[str, ...], place: str) -> None:
    for key in table:
        if key not in keys:
            raise InputError(f"{place}: unknown key {key!r}{suggest(key, keys)}")


def _values(table: Mapping[str, Any], place: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in _RANGES:
            if not isinstance(value, bool):
                raise InputError(f"{place}: {key} is {value!r}; give true or false")
            values[key] = value
            continue
        low, high, wanted = _RANGES[key]
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise InputError(f"{place}: {key} is {value!r}; give {wanted}")
        try:
            values[key] = float(value)
        except OverflowError:  # a whole number of hundreds of digits
            raise InputError(f"{place}: {key} is {value!r:.20}...; give {wanted} that a float can hold") from None
    return values
