# SPDX-License-Identifier: Apache-2.0
"""Claims of Shwartz-Ziv and Tishby on I(T;Y) under compression with 5, 45 and 85 % of the patterns (figure 3)."""

from __future__ import annotations

import numpy as np

from mibench.studies.claims.contract import Case, Claim, Finding
from mibench.studies.claims.phases import bootstrap, cross_fitted, judged, series
from mibench.studies.claims.rules import Check, Floats, every
from mibench.studies.claims.tishby_cases import BINS, COMPRESS_RULE, compressing, plane_of, with_null
from mibench.studies.results import Plane, Results

__all__ = ["CLAIMS"]

_SOURCE = "Shwartz-Ziv and Tishby (2017)"
_CHANGE_BITS = 0.02  # of I(T;Y), that counts as a change


def _changes(plane: Plane, layer: int, rng: np.random.Generator) -> Floats:
    """How I(T;Y) of each run changes from where mean I(X;T) of the other half of runs peaks to the end."""
    both = np.stack([series(plane, layer, which) for which in ("x", "y")], axis=-1)

    def change(mean: Floats, runs: Floats) -> Floats:
        return np.asarray(runs[:, -1, 1] - runs[:, int(mean[:, 0].argmax()), 1])

    return cross_fitted(both, change, rng)


def _label_changes(grows: bool) -> Check:
    def check(results: Results, case: Case, rng: np.random.Generator) -> Finding:
        plane = plane_of(results, case)
        layers, none = compressing(plane, rng)
        found = {}
        for layer in layers:
            changes = _changes(plane, layer, rng)
            threshold = _CHANGE_BITS if grows else -_CHANGE_BITS
            detail = f"I(T;Y) changes by {changes.mean():+.3f} bits while I(X;T) falls"
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


def _fraction(percent: int) -> tuple[Case, ...]:
    return with_null((Case(f"szt-fraction-{percent:02d}", BINS, True, {"trained on": f"{percent} %"}),))


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
        _fraction(45),
        _between,
    ),
)
