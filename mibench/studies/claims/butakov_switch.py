# SPDX-License-Identifier: Apache-2.0
"""Claims of Butakov et al. on when the first fit turns into compression, and on layers that seem to know more."""

from __future__ import annotations

from dataclasses import replace
from math import log

import numpy as np

from mibench.studies.claims.alternations import REACH, chance, errors, fastest
from mibench.studies.claims.butakov_cases import BUTAKOV, answered, by_layer, layer_of, planes
from mibench.studies.claims.contract import Case, Claim, Finding
from mibench.studies.claims.phases import MORE, bootstrap, cross_fitted, judged, series, switch_time
from mibench.studies.claims.rules import Check, Floats
from mibench.studies.results import MissingResult, Results

__all__ = ["CLAIMS"]

_FIGURE = f"{BUTAKOV}, figure 4"
_MOST, _CHANCE = 0.5, 0.05
_EARLY, _LATE = 2, 5


def _coincides(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    plane, layer = results.plane(case.setting, case.estimator), layer_of(case)
    losses = results.trajectory(case.setting).loss[plane.runs].astype(np.float64)
    if losses.shape[1] < 3:
        return Finding("undecided", detail=f"{losses.shape[1]} epochs have no course")
    values, epochs = answered(plane, layer, "x")
    curves = zip(values, errors(plane, layer, "x"), strict=True)
    switches = np.array([switch_time(curve, epochs, error) for curve, error in curves])
    first, last = np.array([fastest(loss) for loss in losses]).T
    inside = (switches >= first) & (switches <= last)
    shares = (np.log1p(last) - np.log1p(first)) / np.log1p(plane.epochs[-1])
    by_chance = chance(np.minimum(shares, 1), int(inside.sum()))
    told = ", ".join("none" if np.isnan(each) else f"{each:.0f}" for each in switches)
    detail = (
        f"first switches in epochs {told}; the loss falls at half its greatest rate or faster in epochs "
        f"{first.mean():.0f} to {last.mean():.0f}; {int(inside.sum())} of {len(inside)} fall together, which random "
        f"times would do with p = {by_chance:.2g}"
    )
    finding = judged(inside.mean(), bootstrap(inside, rng), _MOST, "share of runs", detail)
    no_more = finding.verdict == "holds" and by_chance > _CHANCE
    return replace(finding, verdict="undecided") if no_more else finding


def _gains(which: str) -> Check:
    """The check that T_5 seems to know more than T_2, by more than the interval of the difference."""

    def check(results: Results, case: Case, rng: np.random.Generator) -> Finding:
        plane = results.plane(case.setting, case.estimator)
        if plane.std_error is None:
            raise MissingResult(f"{plane.estimator} has no standard errors")
        early, late = (plane.std_error[:, :, layer - 1, "xy".index(which)] for layer in (_EARLY, _LATE))
        gaps = series(plane, _LATE, which) - series(plane, _EARLY, which)
        beyond = gaps - REACH * np.hypot(early, late) / log(2)
        whole = ~np.isnan(beyond).any(axis=0)
        if not whole.any():
            raise MissingResult(f"{plane.estimator} has no answer for T_{_EARLY} or T_{_LATE} of some run at any epoch")
        gaps, beyond, epochs = gaps[:, whole], beyond[:, whole], plane.epochs[whole]

        def at_most(mean: Floats, runs: Floats) -> Floats:
            return np.asarray(runs[:, int(mean.argmax())])

        excesses, best = cross_fitted(beyond, at_most, rng), int(beyond.mean(axis=0).argmax())
        name = "I(X;T)" if which == "x" else "I(T;Y)"
        detail = (
            f"{name} of T_5 is {gaps[:, best].mean():.3f} bits above that of T_2 in epoch {epochs[best]}, where "
            f"1.96 standard errors are {(gaps - beyond)[:, best].mean():.3f}"
        )
        return judged(excesses.mean(), bootstrap(excesses, rng), MORE, "bits", detail)

    return check


CLAIMS = (
    Claim(
        "B5",
        "the first compression begins while the loss falls fastest",
        "The first switch from fitting to compression comes with the rapid fall of the loss.",
        _FIGURE,
        "in half of the runs or more, with the interval, the first peak of smoothed I(X;T), of T_3, T_4 and T_5 each, "
        "lies where the smoothed training loss falls at half its greatest rate or faster, about its fastest fall; and "
        "times at random on the axis of log(1 + epoch) would do so as often with a probability of at most 0.05, else "
        "it is undecided. A peak stands out by 5 % of the curve's range and by two standard errors of a difference; a "
        "run without any counts against. Curves of 40 epochs or fewer, as most other estimators have here, show such "
        "peaks by noise in 7 % and more.",
        by_layer(),
        _coincides,
    ),
    Claim(
        "B6",
        "the processing inequality seems violated of the label",
        "I(T;Y) seems to grow from an early layer to the output, which cannot be.",
        f"{BUTAKOV}, figure 4; a remark of a reviewer",
        "at some epoch I(T_5;Y) is above I(T_2;Y) by more than 1.96 standard errors of the difference, whose errors "
        "count as independent: mean over runs of what is more, with the interval, at the epoch where the other half of "
        "the runs has most of it. What compression to four numbers loses of T_2 alone can do this.",
        planes(),
        _gains("y"),
    ),
    Claim(
        "B6b",
        "the processing inequality seems violated of the input",
        "I(X;T) seems to grow from an early layer to the output, which cannot be.",
        f"{BUTAKOV}, figure 4",
        "at some epoch I(X;T_5) is above I(X;T_2) by more than 1.96 standard errors of the difference, as in B6.",
        planes(),
        _gains("x"),
    ),
)
