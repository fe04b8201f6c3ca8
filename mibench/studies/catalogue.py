# SPDX-License-Identifier: Apache-2.0
"""The studies by name, and how settings of one are chosen: names, shell patterns and tags."""

from __future__ import annotations

import fnmatch
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mibench.contracts import InputError, UnknownName
from mibench.names import suggest
from mibench.studies.data import Data
from mibench.studies.setting import Computed, Setting

__all__ = ["STUDIES", "Study", "get", "select"]


@dataclass(frozen=True)
class Study:
    """A family of settings on one data set.

    Parameters
    ----------
    name, title : str
    settings_at, data_at : str
        ``module:name`` of the settings, and of a function that gives inputs (N, d) and labels (N,): of nothing, or,
        `of_images`, of a `mibench.datasets.sets.ImageSet`.
    of_images : bool
        Whether the user may choose the set of images.
    """

    name: str
    title: str
    settings_at: str
    data_at: str
    of_images: bool = False

    @property
    def settings(self) -> Mapping[str, Setting | Computed]:
        """Every setting by its name."""
        found: Mapping[str, Setting | Computed] = _load(self.settings_at)
        return found

    def data(self, dataset: str | None = None, folder: Path | None = None) -> Data:
        """The whole population.

        Parameters
        ----------
        dataset : str, optional
            Of a study of images, which (`mibench.datasets.sets.load`): MNIST where it is found, else digits.
        folder : Path, optional
            Where its files are looked for first.

        Raises
        ------
        InputError, UnknownName, NotInstalled
            If a set is asked for where there is no choice, is unknown, has images or labels that are all the same, or
            its files are damaged or nowhere.
        """
        rows_of = _load(self.data_at)
        if not self.of_images:
            if dataset is not None:
                raise InputError(f"{self.name} has one data set, and {dataset!r} was asked for: leave --dataset out")
            inputs, labels = rows_of()
            return Data(inputs, labels)
        from mibench.datasets import sets

        images = sets.load(sets.default(folder) if dataset is None else dataset, folder)
        inputs, labels = rows_of(images)
        if not (labels != labels[0]).any() or not (inputs != inputs[0]).any():
            same = "images" if (labels != labels[0]).any() else "labels"
            raise InputError(
                f"{images.title}: all {len(labels)} {same} are the same, so that there is nothing to learn and nothing "
                "to know: give a set of different images of at least two classes"
            )
        return Data(inputs, labels, len(images.train_images), images.name, images.title, images.digest)


STUDIES: Mapping[str, Study] = {
    "ib-network": Study(
        "ib-network",
        "the 12-bit network of the information-bottleneck debate: every plane of the papers, and what they claim",
        "mibench.studies.ib_settings:SETTINGS",
        "mibench.studies.ib_settings:data",
    ),
    "mnist-cnn": Study(
        "mnist-cnn",
        "a convolutional classifier of MNIST through lossy compression, and how far such planes can be trusted",
        "mibench.studies.cnn_settings:SETTINGS",
        "mibench.studies.cnn_settings:rows",
        of_images=True,
    ),
    "mnist-bottleneck": Study(
        "mnist-bottleneck",
        "quantised networks of MNIST with narrow layers: exact planes over all images",
        "mibench.studies.bottleneck_settings:SETTINGS",
        "mibench.studies.bottleneck_settings:rows",
        of_images=True,
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
