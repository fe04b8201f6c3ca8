# SPDX-License-Identifier: Apache-2.0
"""What a study trains and draws: settings, each a training of a network and the planes its source shows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from mibench.networks import recording
from mibench.networks.convolutional import Convolutional
from mibench.networks.spec import Network, Training

__all__ = ["SCALES", "Computed", "Scale", "Setting", "Wanted", "scaled"]

Scale = Literal["quick", "paper"]
SCALES: tuple[Scale, ...] = ("quick", "paper")

_QUICK_RUNS, _QUICK_SHARE, _QUICK_POINTS = 3, 20, 40  # runs at most, the part of the epochs, points of a plane
_IMAGES = 60_000  # rows that published settings on images train on
_DEAR = 60  # a plane of no more points at paper scale is a dear one: a single run of it is drawn


@dataclass(frozen=True)
class Wanted:
    """A plane to compute.

    Parameters
    ----------
    estimator : str
        Of `mibench.studies.planes`, such as ``exact`` or ``bins[n=30,lo=-1,hi=1]``.
    points : int, optional
        Recorded epochs at most, in equal ratios; None: all.
    runs : int, optional
        The first runs; None: all.
    """

    estimator: str
    points: int | None = None
    runs: int | None = None


@dataclass(frozen=True)
class Setting:
    """One training and what is drawn of it.

    Parameters
    ----------
    name : str
    title : str
        A line for people.
    source : str
        Paper, section and figure, and where the published code and text differ, which this follows.
    network : Network or Convolutional
    training : Training
        At the paper's scale.
    runs : int
        At the paper's scale.
    planes : tuple of Wanted
        The first is the one the source draws.
    analyses : tuple of str
        Of `mibench.studies.analyses`: more arrays computed from the trajectory.
    tags : frozenset of str
        Groups that ``--settings`` may ask for.
    variant_of : str
        The setting that this one varies; empty for one that a source made.
    every : int, optional
        Epochs between recorded ones; None: about `points`, dense early (`mibench.networks.recording.usual`).
    points : int
    dtype : {"float32", "float64"}
    measured : int, optional
        Recorded epochs at most at which losses and accuracies are measured on all rows; None: all.
    published_split : bool
        Trained on the rows that the data set's publishers meant for it, whatever `training` says of its split.
    """

    name: str
    title: str
    source: str
    network: Network | Convolutional
    training: Training
    runs: int
    planes: tuple[Wanted, ...] = (Wanted("exact"),)
    analyses: tuple[str, ...] = ()
    tags: frozenset[str] = field(default_factory=frozenset)
    variant_of: str = ""
    every: int | None = None
    points: int = 400
    dtype: str = "float32"
    measured: int | None = None
    published_split: bool = False

    @property
    def record(self) -> tuple[int, ...]:
        """The epochs that are recorded."""
        total = self.training.total_epochs
        return recording.usual(total, self.points) if self.every is None else recording.every(self.every, total)


@dataclass(frozen=True)
class Computed:
    """Something a study computes without training one of its networks; `analyses` names what, in the same registry."""

    name: str
    title: str
    source: str
    analyses: tuple[str, ...]
    tags: frozenset[str] = field(default_factory=frozenset)


def scaled(setting: Setting, scale: Scale, rows: int | None = None) -> Setting:
    """The setting at a scale: ``paper`` as it is; ``quick`` with fewer runs, epochs and points of planes.

    Of a small set of images, `rows` to train on where the source had 60,000, an epoch is short, and more are kept.
    Runs that never left chance are begun again at either scale, for `Training.restart_below` is asked at the end too;
    `Training.restart_from` stays, as a twentieth of it is too early: runs that come to 0.9 are below 0.55 there.
    """
    if scale == "paper":
        return setting
    share = _QUICK_SHARE
    if setting.published_split and rows is not None:
        share = min(share, max(1, round(share * rows / _IMAGES)))
    training = replace(
        setting.training, epochs=max(1, setting.training.epochs // share), prefit=setting.training.prefit // share
    )
    planes = tuple(_small(plane) for plane in setting.planes)
    return replace(setting, training=training, runs=min(setting.runs, _QUICK_RUNS), planes=planes)


def _small(plane: Wanted) -> Wanted:
    if plane.points is None:
        return replace(plane, points=_QUICK_POINTS)
    few = max(4, plane.points // 10)
    return replace(plane, points=few, runs=1 if plane.points <= _DEAR else plane.runs)
