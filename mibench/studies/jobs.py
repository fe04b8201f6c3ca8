# SPDX-License-Identifier: Apache-2.0
"""What there is to compute for a setting, product by product, and what each is likely to cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mibench.names import parse, split_top
from mibench.studies.setting import Computed, Scale, Setting, Wanted, scaled

__all__ = ["Job", "asked_planes", "jobs", "planes_of"]

# Seconds on two cores, roughly: they only weigh the estimate of what is left.
_STEP = 1.1e-5  # of one run, 256 rows, 294 parameters
_NOISE = 1.7  # times as much where units are noisy
_POINT = {"exact": 4e-4, "bins": 1e-3, "adaptive": 1.3e-3, "kde": 0.3, "sp": 0.8}  # a run at an epoch, all layers
_REGISTERED = 5.0
_ANALYSIS = {"paper": 40.0, "quick": 2.0}
_OWN_POINTS, _OWN_RUNS = {"paper": 20, "quick": 4}, {"paper": 3, "quick": 1}  # of registered estimators, which are dear


@dataclass(frozen=True)
class Job:
    """One product of one setting.

    Parameters
    ----------
    setting : Setting or Computed
        At the scale of the run.
    product : str
        As in `mibench.studies.results`: trajectory, measures, plane-ESTIMATOR, analysis-NAME.
    cost : float
        Seconds it is likely to take.
    wanted : Wanted, optional
        Of a plane.
    """

    setting: Setting | Computed
    product: str
    cost: float
    wanted: Wanted | None = None


def asked_planes(setting: Setting, estimators: Sequence[str] | None, scale: Scale) -> tuple[Wanted, ...]:
    """The planes of a setting: its own, or those of `estimators`, in which ``own`` stands for them.

    One of its own that is asked for by its name has the same runs and epochs.
    """
    if estimators is None:
        return setting.planes
    own = {each.estimator: each for each in setting.planes}
    found: dict[str, Wanted] = {}
    for name in estimators:
        for each in setting.planes if name == "own" else (own.get(name) or _other(name, scale),):
            found.setdefault(each.estimator, each)
    return tuple(found.values())


def _other(name: str, scale: Scale) -> Wanted:
    kind = parse(split_top(name, "+")[0]).name
    if kind in ("exact", "bins"):
        return Wanted(name)
    if kind == "adaptive":
        return Wanted(name, 200)
    return Wanted(name, _OWN_POINTS[scale], _OWN_RUNS[scale])


def jobs(setting: Setting | Computed, scale: Scale, estimators: Sequence[str] | None) -> list[Job]:
    """Everything to compute for a setting of the catalogue at a scale; what a product needs comes before it."""
    if isinstance(setting, Computed):
        return [Job(setting, f"analysis-{name}", _ANALYSIS[scale]) for name in setting.analyses]
    small = scaled(setting, scale)
    small = replace(small, planes=asked_planes(small, estimators, scale))
    training, points = small.training, len(small.record)
    rows = round(4096 * training.fraction)
    steps = rows / 256 if training.batch is None else max(1.0, rows / 256)
    cost = small.runs * training.total_epochs * steps * _STEP * small.network.n_parameters / 294
    found = [
        Job(small, "trajectory", cost * (_NOISE if small.network.noise else 1.0)),
        Job(small, "measures", small.runs * points * _POINT["exact"]),
    ]
    for wanted in small.planes:
        some = min(wanted.points or points, points) * min(wanted.runs or small.runs, small.runs)
        each = _POINT.get(parse(split_top(wanted.estimator, "+")[0]).name, _REGISTERED)
        found.append(Job(small, f"plane-{wanted.estimator}", some * each, wanted))
    return [*found, *(Job(small, f"analysis-{name}", _ANALYSIS[scale]) for name in small.analyses)]


def planes_of(found: Mapping[str, list[Job]]) -> dict[str, list[str]]:
    """The estimators asked for of every setting."""
    return {name: [job.wanted.estimator for job in each if job.wanted] for name, each in found.items()}
