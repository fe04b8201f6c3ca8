# SPDX-License-Identifier: Apache-2.0
"""Where claims of Rasmussen's thesis are checked, and how: layer by layer, in each, in most or in a single one.

The thesis tells mostly of planes, not of single layers. That they fit, or do not compress, then is taken to be told of
all layers, that they compress of most, always of those that leave the ceiling; how it is with all, with most, and with
single ones stands beside it in the matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from math import nan
from typing import Any

import numpy as np

from mibench.studies.claims.contract import Case, Finding
from mibench.studies.claims.phases import COMPRESS_SHARE, FIT_SHARE, RESAMPLES, judged, series
from mibench.studies.claims.rules import ROWS, Check, Floats, Test, every, label_bits, opposite
from mibench.studies.results import Plane

__all__ = [
    "ADAPTIVE",
    "BATCHES",
    "CHANGED",
    "RELU_30",
    "THESIS",
    "UNIFORM",
    "all_layers",
    "by_layer",
    "case",
    "hidden",
    "leave_ceiling",
    "most",
    "two_groups",
    "with_layers",
]

THESIS = "Rasmussen, Information Bottleneck for Deep Learning (thesis)"
CHANGED = "Changed after a first look:"
UNIFORM: Mapping[str, str] = {  # what the planes of a setting are drawn with
    "tanh": "bins[n=30,lo=-1,hi=1,edges=true]",
    "relu": "bins[n=100,lo=0,edges=true]",
    "elu": "bins[n=30,lo=-1,edges=true]",
    "relu6": "bins[n=30,lo=0,hi=6,edges=true]",
}
RELU_30 = "bins[n=30,lo=0,edges=true]"
ADAPTIVE: Mapping[str, str] = {
    "tanh": "adaptive[n=30]",
    "relu": "adaptive[n=30,floor=0]",
    "elu": "adaptive[n=30]",
    "relu6": "adaptive[n=30,floor=0]",
}
BATCHES: Mapping[str, tuple[str, str]] = {"": ("256", "4e-4"), "-full": ("full", "4e-4"), "-rate-1e-4": ("256", "1e-4")}
_ROOM: Mapping[str, float] = {"x": (1 - COMPRESS_SHARE) * np.log2(ROWS), "y": (1 - FIT_SHARE) * label_bits()}
_MORE_THAN_HALF = float(np.nextafter(0.5, 1))

Choice = Callable[[Plane], Iterable[int]]


def case(activation: str, estimator: str, variant: str = "", *, primary: bool = True, **labels: str) -> Case:
    """A case of ``rasmussen-ACTIVATION``, or of its variant ``-full`` or ``-rate-1e-4``."""
    batch, rate = BATCHES[variant]
    name = "uniform" if estimator.startswith("bins") else "adaptive"
    told = {"estimator": "uniform, 30" if estimator == RELU_30 else name} if estimator else {}
    shown = {"activation": activation, "batch": batch, "rate": rate, **told, **labels}
    return Case(f"rasmussen-{activation}{variant}", estimator, primary, shown)


def with_layers(cases: Iterable[Case], layers: Iterable[int], primary: str = "all") -> tuple[Case, ...]:
    """Each case for all layers, for most of them, and for single ones; as primary as it was for those of `primary`."""
    single = [f"T_{layer}" for layer in layers]
    return tuple(
        Case(each.setting, each.estimator, each.primary and which == primary, {**each.labels, "layer": which})
        for each in cases
        for which in ("all", "most", *single)
    )


def all_layers(plane: Plane) -> range:
    """From 1 to the last."""
    return range(1, plane.information.shape[2] + 1)


def hidden(plane: Plane) -> range:
    """All layers but the last."""
    return range(1, plane.information.shape[2])


def leave_ceiling(plane: Plane, layers: Iterable[int]) -> list[int]:
    """Those of some layers whose mean I(X;T) is below 98 % of 12 bits at some epoch: others cannot fall by 2 %."""
    return [layer for layer in layers if _has_room(series(plane, layer, "x"), "x")]


def by_layer(test: Test, choice: Choice, which: str = "x", *, negated: bool = False, room: bool = True) -> Check:
    """The check that a test holds of the layers that the case's label names: ``all``, ``most``, or one.

    Parameters
    ----------
    test : callable
        Of curves in bits.
    choice : callable
        The layers of a plane that ``all`` and ``most`` are of.
    which : {"x", "y"}
    negated : bool
        That the test's opposite holds.
    room : bool
        Leave layers out that have no room: of I(X;T) those whose mean is at least 98 % of 12 bits at all epochs, which
        cannot fall by 2 %; of I(T;Y) those whose first mean is above 95 % of H(Y), which cannot gain 5 % of it.
    """

    def of(plane: Plane, layer: int, rng: np.random.Generator) -> Finding:
        found = test(series(plane, layer, which), plane.epochs, rng)
        return opposite(found) if negated else found

    def check(results: Any, case: Case, rng: np.random.Generator) -> Finding:
        plane = results.plane(case.setting, case.estimator)
        asked = case.labels["layer"]
        if asked.startswith("T_"):
            return of(plane, int(asked.removeprefix("T_")), rng)
        layers = [layer for layer in choice(plane) if not room or _has_room(series(plane, layer, which), which)]
        if not layers:
            return Finding("undecided", detail="all layers are at their ceiling")
        found = {f"T_{layer}": of(plane, layer, rng) for layer in layers}
        return most(found) if asked == "most" else every(found, most=negated)

    return check


def _has_room(values: Floats, which: str) -> bool:
    means = np.nanmean(values, axis=0)
    return bool((means.min() if which == "x" else means[0]) < _ROOM[which])


def most(findings: Mapping[str, Finding]) -> Finding:
    """That more than half hold; undecided where those that are undecided could turn it."""
    verdicts = {
        verdict: [name for name, each in findings.items() if each.verdict == verdict]
        for verdict in ("holds", "undecided", "fails")
    }
    held, open_ = (len(verdicts[verdict]) / len(findings) for verdict in ("holds", "undecided"))
    detail = "; ".join(f"{verdict} in {', '.join(names)}" for verdict, names in verdicts.items() if names)
    found = judged(held, (held, held + open_), _MORE_THAN_HALF, "share of layers", detail)
    return replace(found, interval=None)  # what the verdict rests on, but none of a bootstrap


def two_groups(
    first: Floats, second: Floats, rng: np.random.Generator, statistic: Callable[[Floats], Floats]
) -> tuple[float, tuple[float, float]]:
    """How much a statistic of means is greater in one group of runs than in another, each drawn anew by itself.

    Parameters
    ----------
    first, second : ndarray, shapes (R, ...), (S, ...)
    rng : Generator
    statistic : callable
        Of many means, shape (K, ...), a number of each, shape (K,).

    Returns
    -------
    statistic : float
    (low, high)
        95 %; (NaN, NaN) where a group is a single run.
    """
    found = statistic(first.mean(axis=0)[None]) - statistic(second.mean(axis=0)[None])
    if min(len(first), len(second)) < 2:
        return float(found[0]), (nan, nan)
    drawn = []
    for group in (first, second):
        weights = rng.multinomial(len(group), np.full(len(group), 1 / len(group)), size=RESAMPLES) / len(group)
        drawn.append(statistic(np.tensordot(weights, group, 1)))
    low, high = np.quantile(drawn[0] - drawn[1], (0.025, 0.975))
    return float(found[0]), (float(low), float(high))
