# SPDX-License-Identifier: Apache-2.0
"""How names and numbers are written in every report: one place, so that no two tables differ."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from mibench import estimators, tasks
from mibench.contracts import InputError, MibenchError
from mibench.names import Spec, parse, split_top

__all__ = [
    "NONE",
    "Method",
    "digits",
    "family",
    "fixed",
    "groups",
    "level",
    "nats",
    "order",
    "percent",
    "plural",
    "series",
    "short",
]

NONE = "–"  # noqa: RUF001  (an en dash: no number here, which is not 0)

_GROUPS = ("direct", "neural", "pca+", "ae+", "oracle+")


def digits(value: float | None) -> str:
    """Three significant digits and at most four decimals: ``0.0412``, ``12.3``, ``4570``, ``1.2e+06``."""
    if value is None or math.isnan(value):
        return NONE
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if value == 0:
        return "0"
    exponent = int(f"{value:.2e}".partition("e")[2])
    if exponent >= 5 or exponent < -4:
        return f"{value:.1e}"
    return f"{value:.{max(0, min(4, 2 - exponent))}f}"


def fixed(value: float | None) -> str:
    """An error to a hundredth of a nat, for tables that are read across: ``0.06``, ``-1.20``, ``1.0e+06``."""
    if value is None or not abs(value) < 99.995:
        return digits(value)
    return f"{round(value, 2) + 0.0:.2f}"


def level(value: float | None) -> str:
    """A truth, which is exact: ``3``, ``0.25``, ``1.386``."""
    return NONE if value is None or math.isnan(value) else f"{value:.4g}"


def nats(value: float) -> str:
    """A truth with its unit: ``1 nat``, ``0.25 nats``."""
    return f"{level(value)} nat" if level(value) == "1" else f"{level(value)} nats"


def percent(share: float | None) -> str:
    """A share as whole percent; 99.6 % never reads as 100 %, nor 0.4 % as 0 %."""
    if share is None or math.isnan(share):
        return NONE
    if math.isinf(share):
        return digits(share)
    rounded = math.floor(100 * share + 0.5)  # as the page's scripts round
    if rounded == 100 and share < 1:
        return "> 99 %"
    if rounded == 0 and share > 0:
        return "< 1 %"
    return f"{rounded} %"


def plural(count: int, word: str) -> str:
    """``1 trial``, ``2 trials``, ``3 families``."""
    if count == 1:
        return f"1 {word}"
    return f"{count} {word[:-1]}ies" if word.endswith("y") else f"{count} {word}s"


def short(text: str, most: int = 34) -> str:
    """`text` on one line and cut in the middle, for figures, where a long name would push all else aside.

    Control and direction characters are left out: they would break an SVG, or turn what stands beside the name.
    """
    text = " ".join("".join(char for char in text if unicodedata.category(char)[0] != "C" or char.isspace()).split())
    return text if len(text) <= most else f"{text[: most // 2]}…{text[-(most - most // 2 - 1) :]}"


def family(task: str) -> str:
    """``blobs`` for ``blobs[size=32,mi=3]``: what one figure holds."""
    return _spec(task).name


def series(task: str) -> str:
    """``blobs[size=32]`` for ``blobs[size=32,mi=3]``: tasks that differ in their mutual information alone."""
    spec = _spec(task)
    return str(Spec(spec.name, {key: value for key, value in spec.params.items() if key != "mi"}))


def _spec(task: str) -> Spec:
    try:
        return parse(task)
    except InputError:  # a foreign journal may hold any name
        return Spec(task)


@dataclass(frozen=True)
class Method:
    """An estimator's name taken apart: ``ae[latent_dim=2]+wkl`` is of group ``ae+`` and ends in ``wkl``."""

    name: str
    group: str
    tail: str

    @property
    def gifted(self) -> bool:
        """Whether it is given the true latents, so that it competes with no one who sees only the data."""
        return "oracle" in self.group.split("+")

    @classmethod
    def of(cls, name: str) -> Method:
        """Take `name` apart; a name that no registry could read is its own tail, in the group ``direct``."""
        try:
            *heads, tail = split_top(name, "+") or [name]
            if heads:
                return cls(name, "".join(f"{parse(head).name}+" for head in heads), tail)
            neural = "neural" in estimators.registry.entry(parse(tail).name).tags
        except MibenchError:
            return cls(name, "direct", name)
        return cls(name, "neural" if neural else "direct", tail)


def groups(names: Iterable[str]) -> dict[str, list[Method]]:
    """Estimators by group, in the order in which figures show the groups."""
    found: dict[str, list[Method]] = {}
    for name in names:
        method = Method.of(name)
        found.setdefault(method.group, []).append(method)
    rank = {group: i for i, group in enumerate(_GROUPS)}
    return dict(sorted(found.items(), key=lambda item: (rank.get(item[0], len(rank)), item[0])))


def order(task: str, estimator: str) -> tuple[object, ...]:
    """A sort key: tasks as the registry lists them and by their numbers, estimators as the board lists them."""
    families, board = tasks.registry.names, estimators.board()
    kind = family(task)
    rank = families.index(kind) if kind in families else len(families)
    place = board.index(estimator) if estimator in board else len(board)
    return rank, _natural(task), place, _natural(estimator)


def _natural(text: str) -> list[tuple[float, str]]:
    """``blobs[size=8]`` before ``blobs[size=16]``."""
    parts = re.split(r"(\d+(?:\.\d+)?)", text)
    return [(float(part), "") if i % 2 else (-1.0, part) for i, part in enumerate(parts)]
