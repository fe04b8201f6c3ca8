# SPDX-License-Identifier: Apache-2.0
"""What claims of Shwartz-Ziv and Tishby share: their bins, their cases, the layers that compress."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from mibench.studies.claims.contract import Case, Finding
from mibench.studies.claims.phases import compress, series
from mibench.studies.claims.rules import beyond_null
from mibench.studies.results import Plane, Results

__all__ = ["BINS", "compressing", "layers_of", "matrix", "place", "plane_of", "with_null"]

BINS = "bins[n=30,lo=-1,hi=1,edges=true]"


def place(plane: Plane, epoch: int) -> int:
    """Which of the plane's epochs is nearest to one."""
    return int(np.abs(plane.epochs - epoch).argmin())


def plane_of(results: Results, case: Case, setting: str = "") -> Plane:
    """The case's plane, or another setting's by the same estimator; I(T;Y) less its null if the case says so."""
    plane = results.plane(setting or case.setting, case.estimator)
    return beyond_null(plane) if case.labels.get("I(T;Y)") == "less null" else plane


def compressing(plane: Plane, rng: np.random.Generator) -> tuple[list[int], Finding]:
    """The layers that surely compress; and the finding of a claim about them where there are none."""
    found = {layer: compress(series(plane, layer, "x"), plane.epochs, rng) for layer in layers_of(plane)}
    surely = [layer for layer, each in found.items() if each.verdict == "holds"]
    none = all(each.verdict == "fails" for each in found.values())
    most = max(found.values(), key=lambda each: each.statistic)
    return surely, replace(most, verdict="fails" if none else "undecided", detail="no layer surely compresses")


def matrix(**labels: str) -> tuple[Case, ...]:
    """The snapshots' setting, primary; as its code splits the patterns; by SGD, as the text has it."""
    told = {"optimiser": "adam", "split": "random", **labels}
    return (
        Case("szt-snapshots", BINS, True, told),
        Case("szt-snapshots-code", BINS, False, told | {"split": "first"}),
        Case("szt-snapshots-sgd", BINS, False, told | {"optimiser": "sgd"}),
    )


def layers_of(plane: Plane) -> range:
    """The numbers of the plane's layers."""
    return range(1, plane.information.shape[2] + 1)


def with_null(cases: tuple[Case, ...]) -> tuple[Case, ...]:
    """Cases, and the primary ones once more, as secondary ones, with I(T;Y) less its mean under permuted labels."""
    less: Any = {"I(T;Y)": "less null"}
    return (*cases, *(replace(each, primary=False, labels={**each.labels, **less}) for each in cases if each.primary))
