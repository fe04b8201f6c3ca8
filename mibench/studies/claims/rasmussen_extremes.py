# SPDX-License-Identifier: Apache-2.0
"""Claims of Rasmussen's thesis on the greatest activations, and on what these do to planes of uniform bins.

M is the greatest value of a run's layers over all recorded epochs: relu has no ceiling, so that M sets how wide its
uniform bins are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np

from mibench.studies.claims.contract import Case, Claim, Finding
from mibench.studies.claims.phases import DPI_BITS, bootstrap, judged
from mibench.studies.claims.rasmussen_batches import DPI_RULE, violation_of
from mibench.studies.claims.rasmussen_cases import BATCHES, CHANGED, RELU_30, THESIS, UNIFORM, case, two_groups
from mibench.studies.claims.rules import Check, Floats, every
from mibench.studies.results import Plane, Results

__all__ = ["CLAIMS"]

_SPREAD_RATIO = 2.0
_MORE_SHARE, _LESS_BITS = 0.01, 0.1


def _greatest(results: Results, setting: str) -> Floats:
    """M of each run."""
    return np.asarray(results.measures(setting).extremes[..., 1].max(axis=(1, 2)))


def _ratio(values: Floats) -> float:
    """Of the 90th percentile to the 10th, which are values of runs."""
    ordered = np.sort(values)
    beyond = len(values) // 10
    return float(ordered[-1 - beyond] / ordered[beyond])


def _varies(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    found = _greatest(results, case.setting)
    detail = f"M is from {found.min():.2f} to {found.max():.2f} in {len(found)} runs, {np.median(found):.2f} in median"
    return judged(_ratio(found), bootstrap(found, rng, _ratio), _SPREAD_RATIO, "ratio", detail)


def _deeper_is_larger(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    measures = results.measures(case.setting)
    greatest = measures.extremes[:, :, :-1, 1]  # the output has a ceiling
    greatest = greatest[:, -1] if case.labels["epochs"] == "last" else greatest.mean(axis=1)
    found = {}
    for above, below in pairwise(range(greatest.shape[1])):
        more = greatest[:, below] - greatest[:, above]
        detail = f"mean greatest values {greatest[:, above].mean():.2f} and {greatest[:, below].mean():.2f}"
        found[f"T_{below + 1} over T_{above + 1}"] = judged(more.mean(), bootstrap(more, rng), 0.0, "value", detail)
    return every(found)


def _of_halves(test: Callable[[Plane, Plane, Case, np.random.Generator], Finding]) -> Check:
    """The check of a test on the half of the runs with the larger M and on that with the smaller."""

    def check(results: Results, case: Case, rng: np.random.Generator) -> Finding:
        plane = results.plane(case.setting, case.estimator)
        order = np.argsort(_greatest(results, case.setting)[plane.runs], kind="stable")
        size = len(order) // 2  # a middle run is in neither
        if size == 0:
            return Finding("undecided", detail="a single run has no halves")
        large, small = (
            replace(plane, runs=plane.runs[half], information=plane.information[half], null=None, std_error=None)
            for half in (order[-size:], order[:size])
        )
        return test(large, small, case, rng)

    return check


def _half_violates(large: Plane, small: Plane, case: Case, rng: np.random.Generator) -> Finding:
    return violation_of(large if case.labels["half"] == "large M" else small, case.labels["axis"], rng)


def _violates_more(large: Plane, small: Plane, case: Case, rng: np.random.Generator) -> Finding:
    which = 0 if case.labels["axis"] == "I(X;T)" else 1
    shares = []
    for half in (large, small):
        bits = half.information[..., which] / np.log(2)
        before = np.minimum.accumulate(bits, axis=2)[..., :-1]
        shares.append(np.mean(bits[..., 1:] - before >= DPI_BITS, axis=(1, 2)))
    many, few = shares
    statistic, interval = two_groups(many, few, rng, lambda means: means)
    detail = f"of layers and epochs {many.mean():.1%} violate it in runs with large M, {few.mean():.1%} with small M"
    return judged(statistic, interval, _MORE_SHARE, "share", detail)


def _starts_nearer_corner(large: Plane, small: Plane, case: Case, rng: np.random.Generator) -> Finding:
    del case
    left, right = (half.information[:, 0, :, 0].mean(axis=1) / np.log(2) for half in (large, small))
    statistic, interval = two_groups(right, left, rng, lambda means: means)
    detail = f"first I(X;T), mean of layers: {left.mean():.2f} bits with large M, {right.mean():.2f} with small M"
    return judged(statistic, interval, _LESS_BITS, "bits", detail)


def _split(labels: dict[str, str], *, primary: bool = True) -> tuple[Case, ...]:
    """The plane that the thesis splits, then others."""
    return (
        case("relu", UNIFORM["relu"], primary=primary, **labels),
        case("relu", RELU_30, primary=False, **labels),
        case("relu", UNIFORM["relu"], "-full", primary=False, **labels),
    )


_SPLIT = f"{THESIS}, setting 1.2, figure 5.6 (its caption and text disagree on which half; the text is followed)"
_HALVES = "of runs sorted by M the half with the larger"

CLAIMS = (
    Claim(
        "R7",
        "the greatest activation differs strongly between runs",
        "The greatest activation M of relu networks varies strongly over runs.",
        f"{THESIS}, setting 1.2, figure 5.5",
        "of M over runs the 90th percentile is at least twice the 10th, with the interval.",
        (
            case("relu", ""),
            *(case("relu", "", variant, primary=False) for variant in BATCHES if variant),
            case("elu", "", primary=False),
        ),
        _varies,
    ),
    Claim(
        "R8",
        "deeper relu layers have larger activations",
        "Greatest activations of relu layers grow with depth.",
        f"{THESIS}, setting 1.2, figure 5.8",
        "after training the mean over runs of the greatest value of each of T_2 to T_5 is above that of the layer "
        "before it, with the interval; beside it, of its mean over recorded epochs.",
        tuple(
            case("relu", "", variant, primary=not variant and epochs == "last", epochs=epochs)
            for epochs in ("last", "all")
            for variant in BATCHES
        ),
        _deeper_is_larger,
    ),
    Claim(
        "R9a",
        "runs with large activations violate the processing inequality",
        "The mean plane of the runs with the larger M violates the processing inequality.",
        _SPLIT,
        f"{_HALVES}: of I(T;Y), {DPI_RULE}.",
        tuple(
            each
            for half in ("large M", "small M")
            for axis in ("I(T;Y)", "I(X;T)")
            for each in _split({"half": half, "axis": axis}, primary=(half, axis) == ("large M", "I(T;Y)"))
        ),
        _of_halves(_half_violates),
    ),
    Claim(
        "R9b",
        "runs with small activations violate it less",
        "The runs with the larger M violate the processing inequality more than the others.",
        _SPLIT,
        f"{_HALVES} has, in single runs, a greater mean share of layers and epochs where I(T;Y) is at least 0.02 bit "
        "above that of a layer before: by at least 0.01, with the interval of the difference. "
        f"{CHANGED} any more was enough.",
        tuple(each for axis in ("I(T;Y)", "I(X;T)") for each in _split({"axis": axis}, primary=axis == "I(T;Y)")),
        _of_halves(_violates_more),
    ),
    Claim(
        "R9c",
        "runs with large activations start in the corner",
        "Layers of the runs with the larger M cluster at the lower left corner.",
        _SPLIT,
        f"{_HALVES} has at least 0.1 bit less I(X;T) before training, mean over layers, with the interval. "
        f"{CHANGED} any less was enough.",
        _split({}),
        _of_halves(_starts_nearer_corner),
    ),
)
