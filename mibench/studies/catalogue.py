# SPDX-License-Identifier: Apache-2.0
"""The studies by name, and how settings of one are chosen: names, shell patterns and tags."""

from __future__ import annotations

import fnmatch
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from mibench.contracts import InputError, UnknownName
from mibench.names import suggest
from mibench.studies.setting import Computed, Setting

__all__ = ["STUDIES", "Study", "get", "select"]


@dataclass(frozen=True)
class Study:
    """A family of settings on one data set.

    Parameters
    ----------
    name, title : str
    settings_at, data_at : str
        ``module:name`` of the settings, and of a function that gives inputs (N, d) and labels (N,).
    """

    name: str
    title: str
    settings_at: str
    data_at: str

    @property
    def settings(self) -> Mapping[str, Setting | Computed]:
        """Every setting by its name."""
        found: Mapping[str, Setting | Computed] = _load(self.settings_at)
        return found

    def data(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Inputs and labels, the whole population."""
        found: tuple[NDArray[Any], NDArray[Any]] = _load(self.data_at)()
        return found


STUDIES: Mapping[str, Study] = {
    "ib-network": Study(
        "ib-network",
        "the 12-bit network of the information-bottleneck debate: every plane of the papers, and what they claim",
        "mibench.studies.ib_settings:SETTINGS",
        "mibench.studies.ib_settings:data",
    ),
}


def get(name: str) -> Study:
    """A study.

    Raises
    ------
    UnknownName
        With the nearest names.
    """
    if name not in STUDIES:
        raise UnknownName(f"no study named {name!r}{suggest(name, [*STUDIES])}")
    return STUDIES[name]


def select(settings: Mapping[str, Setting | Computed], text: str) -> list[str]:
    """Expand comma-separated names, shell patterns and tags, or ``all``, in the order of the study.

    Raises
    ------
    UnknownName
        For a part that fits none, with the nearest names.
    InputError
        For an empty text.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise InputError("no setting was asked for: give names, patterns or tags, such as 'all'")
    chosen: set[str] = set()
    for part in parts:
        found = [name for name, each in settings.items() if part == "all" or _fits(name, each, part)]
        if not found:
            known = sorted({*settings, "all", *(tag for each in settings.values() for tag in each.tags)})
            raise UnknownName(f"no setting, pattern or tag {part!r}{suggest(part, known)}; see `mibench study list`")
        chosen.update(found)
    return [name for name in settings if name in chosen]


def _fits(name: str, setting: Setting | Computed, part: str) -> bool:
    return name == part or part in setting.tags or (any(c in part for c in "*?") and fnmatch.fnmatchcase(name, part))


def _load(at: str) -> Any:
    module, _, name = at.partition(":")
    return getattr(importlib.import_module(module), name)
