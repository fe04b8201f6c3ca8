# SPDX-License-Identifier: Apache-2.0
"""Claims of Shwartz-Ziv and Tishby on I(T;Y) under compression with 5, 45 and 85 % of the patterns (figure 3)."""

from __future__ import annotations

import numpy as np

from mibench.studies.claims.contract import Case, Claim, Finding
from mibench.studies.claims.phases import COMPRESS_RULE, bootstrap, cross_fitted, judged, series
from mibench.studies.claims.rules import Check, Floats, every, opposite
from mibench.studies.claims.tishby_cases import BINS, compressing, plane_of, with_null
from mibench.studies.results import Plane, Results

__all__ = ["CLAIMS"]

_SOURCE = "Shwartz-Ziv and Tishby (2017)"
_CHANGE_BITS = 0.02  # of I(T;Y), that counts as a change
_PEAK, _HALF = "peak of I(X;T)", "half of the fall of I(X;T)"


def _changes(plane: Plane, layer: int, rng: np.random.Generator, since: str = _PEAK) -> Floats:
    """How I(T;Y) of each run changes to the end, since mean I(X;T) of the other half of runs peaked or half fell."""
    both = np.stack([series(plane, layer, which) for which in ("x", "y")], axis=-1)

    def start(mean: Floats) -> int:
        if since == _PEAK:
            return int(mean.argmax())
        return min(int(np.flatnonzero(mean >= (mean.max() + mean[-1]) / 2)[-1]) + 1, len(mean) - 1)

    return cross_fitted(both, lambda mean, runs: np.asarray(runs[:, -1, 1] - runs[:, start(mean[:, 0]), 1]), rng)


def _label_changes(grows: bool) -> Check:
    def check(results: Results, case: Case, rng: np.random.Generator) -> Finding:
        plane = plane_of(results, case)
        layers, none = compressing(plane, rng)
        found = {}
        for layer in layers:
            changes = _changes(plane, layer, rng, case.labels["since"])
            threshold = _CHANGE_BITS if grows else -_CHANGE_BITS
            detail = f"I(T;Y) changes by {changes.mean():+.3f} bits since the {case.labels['since']}"
            found[f"T_{layer}"] = judged(
                changes.mean(), bootstrap(changes, rng), threshold, "bits", detail, above=grows, sure=0.0
            )
        return every(found, most=not grows) if found else none

    return check


def _between(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    planes = [plane_of(results, case, f"szt-fraction-{percent}") for percent in ("05", "45", "85")]
    layers = [set(compressing(plane, rng)[0]) for plane in planes]
    found = {}
    for layer in sorted(set.intersection(*layers)):
        changes = [_changes(plane, layer, rng) for plane in planes]
        runs = min(map(len, changes))
        low, middle, high = (each[:runs] for each in changes)
        told = f"changes of I(T;Y) with 5, 45, 85 %: {low.mean():+.3f}, {middle.mean():+.3f}, {high.mean():+.3f} bits"
        for name, gap in (("above 5 %", middle - low), ("below 85 %", high - middle)):
            found[f"T_{layer} {name}"] = judged(gap.mean(), bootstrap(gap, rng), 0.0, "bits", told)
    return every(found) if found else Finding("undecided", detail="no layer surely compresses with all three")


def _overfits(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    little, much = (plane_of(results, case, f"szt-fraction-{percent}") for percent in ("05", "85"))
    layers, none = compressing(little, rng)
    found = {}
    for layer in layers:
        for percent, plane in (("5 %", little), ("85 %", much)):
            values = series(plane, layer, "y")
            falls = cross_fitted(values, lambda mean, runs: runs[:, int(mean.argmax())] - runs[:, -1], rng)
            detail = f"with {percent} of the patterns I(T;Y) ends {falls.mean():.3f} bits below its greatest mean"
            finding = judged(falls.mean(), bootstrap(falls, rng), _CHANGE_BITS, "bits", detail, sure=0.0)
            found[f"T_{layer} with {percent}"] = finding if plane is little else opposite(finding)
    return every(found) if found else none


def _fraction(percent: int) -> tuple[Case, ...]:
    setting, told = f"szt-fraction-{percent:02d}", {"trained on": f"{percent} %"}
    return (
        *with_null((Case(setting, BINS, True, told | {"since": _PEAK}),)),
        Case(setting, BINS, False, told | {"since": _HALF}),
    )


CLAIMS = (
    Claim(
        "S3a",
        "on 5 % of the patterns compression loses the label",
        "Trained on 5 % of the patterns, I(T;Y) falls while I(X;T) does.",
        f"{_SOURCE}, figure 3, left",
        f"in every layer with COMPRESS ({COMPRESS_RULE}), mean I(T;Y) falls from that peak to the end by at least 0.02 "
        "bit, with an interval below 0.",
        _fraction(5),
        _label_changes(grows=False),
    ),
    Claim(
        "S3b",
        "on 85 % of the patterns compression gains the label",
        "Trained on 85 % of the patterns, I(T;Y) grows while I(X;T) falls.",
        f"{_SOURCE}, figure 3, right",
        "in every layer with COMPRESS, mean I(T;Y) grows from the peak of I(X;T) to the end by at least 0.02 bit, with "
        "an interval above 0.",
        _fraction(85),
        _label_changes(grows=True),
    ),
    Claim(
        "S3c",
        "45 % of the patterns are in between",
        "Trained on 45 % of the patterns, I(T;Y) changes by less than with 85 % and more than with 5 %.",
        f"{_SOURCE}, figure 3, middle",
        "in every layer with COMPRESS at all three, the mean change of I(T;Y) from the peak of I(X;T) to the end is "
        "above that with 5 % and below that with 85 %, with intervals of the differences above 0.",
        with_null((Case("szt-fraction-45", BINS, True, {"trained on": "45 %"}),)),
        _between,
    ),
    Claim(
        "S3d",
        "on 5 % of the patterns the label is lost in the end",
        "Trained on 5 % of the patterns, I(T;Y) ends below what it was; trained on 85 % it does not.",
        f"{_SOURCE}, figure 3",
        "in every layer with COMPRESS on 5 %, mean I(T;Y) ends at least 0.02 bit below its greatest (chosen on the "
        "other half of the runs), with an interval above 0, and in none of these layers on 85 %. Beside S3a, as I(T;Y) "
        "may rise for some time after I(X;T) has begun to fall. Written after a first look.",
        with_null((Case("szt-fraction-05", BINS, True, {"trained on": "5 %"}),)),
        _overfits,
    ),
)
