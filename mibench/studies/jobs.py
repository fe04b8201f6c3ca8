# SPDX-License-Identifier: Apache-2.0
"""What there is to compute for a setting, product by product, and what each is likely to cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mibench.names import parse, split_top
from mibench.networks.convolutional import Convolutional
from mibench.studies import planes
from mibench.studies.data import Data, fitted
from mibench.studies.setting import Computed, Scale, Setting, Wanted, scaled

__all__ = ["Job", "asked_planes", "jobs", "planes_of"]

# Seconds on two cores, roughly: they only weigh the estimate of what is left.
_STEP = 1.1e-5  # of one run, 256 rows, 294 parameters
_NOISE = 1.7  # times as much where units are noisy
_WIDE = 2e-6  # where the first layers of all runs are one product
_CONVOLVED, _SEEN = 3e-9, 5e-11  # of a row and a parameter: trained or evaluated by convolutions, evaluated by products
_ROWS = 4096
_POINT = {  # a run at an epoch, all layers
    "exact": 4e-4,
    "bins": 1e-3,
    "adaptive": 1.3e-3,
    "kde": 0.3,
    "sp": 0.8,
    "compressed": 2.0,
}
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

    One of its own that is asked for, however it is spelt, is that one, with its name, runs and epochs; of others that
    are the same estimator, the first one asked for stands for all.

    Raises
    ------
    UnknownName, InputError
        For a name or a parameter of no estimator.
    """
    if estimators is None:
        return setting.planes
    found: dict[str, Wanted] = {}
    for name in estimators:
        for each in setting.planes if name == "own" else (_named(name, (*setting.planes, *found.values()), scale),):
            found.setdefault(each.estimator, each)
    return tuple(found.values())


def _named(name: str, known: Sequence[Wanted], scale: Scale) -> Wanted:
    """The plane that `name` asks for: of the known ones that of the same name, else of an equal estimator; else new."""
    same = [each for each in known if each.estimator == name]
    if not same:
        asked = planes.get(name)
        same = [each for each in known if planes.get(each.estimator) == asked]
    return same[0] if same else _other(name, scale)


def _other(name: str, scale: Scale) -> Wanted:
    kind = parse(split_top(name, "+")[0]).name
    if kind in ("exact", "bins"):
        return Wanted(name)
    if kind == "adaptive":
        return Wanted(name, 200)
    return Wanted(name, _OWN_POINTS[scale], _OWN_RUNS[scale])


def jobs(
    setting: Setting | Computed, scale: Scale, estimators: Sequence[str] | None, data: Data | None = None
) -> list[Job]:
    """Everything to compute for a setting of the catalogue at a scale; what a product needs comes before it.

    Without `data`, which fewer rows and the published split are for, it is told as of the set that the source took.
    """
    if isinstance(setting, Computed):
        return [Job(setting, f"analysis-{name}", _ANALYSIS[scale]) for name in setting.analyses]
    small = scaled(setting, scale, None if data is None else data.n_train)
    small = replace(small, planes=asked_planes(small, estimators, scale))
    if data is not None:
        small = fitted(small, data)
    points, n = len(small.record), _ROWS if data is None else len(data.inputs)
    found = [
        Job(small, "trajectory", _training_cost(small, n)),
        Job(small, "measures", small.runs * min(points, small.measured or points) * _point_cost(small, "exact", n)),
    ]
    for wanted in small.planes:
        some = min(wanted.points or points, points) * min(wanted.runs or small.runs, small.runs)
        kind = parse(split_top(wanted.estimator, "+")[0]).name
        found.append(Job(small, f"plane-{wanted.estimator}", some * _point_cost(small, kind, n), wanted))
    return [*found, *(Job(small, f"analysis-{name}", _ANALYSIS[scale]) for name in small.analyses)]


def _training_cost(setting: Setting, n: int) -> float:
    training, network = setting.training, setting.network
    epochs, rows = setting.runs * training.total_epochs, n * training.fraction
    if isinstance(network, Convolutional):
        return epochs * rows * _CONVOLVED * network.n_parameters
    step = _WIDE if training.shared_order else _STEP * (_NOISE if network.noise else 1.0)
    steps = rows / 256 if training.batch is None else max(1.0, rows / 256)
    return epochs * steps * step * network.n_parameters / 294


def _point_cost(setting: Setting, kind: str, n: int) -> float:
    each = _POINT.get(kind, _REGISTERED)
    if kind != "exact" or n <= _ROWS:
        return each
    return n * (_CONVOLVED if isinstance(setting.network, Convolutional) else _SEEN) * setting.network.n_parameters


def planes_of(found: Mapping[str, list[Job]]) -> dict[str, list[str]]:
    """The estimators asked for of every setting."""
    return {name: [job.wanted.estimator for job in each if job.wanted] for name, each in found.items()}
