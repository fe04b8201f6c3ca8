# SPDX-License-Identifier: Apache-2.0
"""Claims of Rasmussen's thesis on adaptive and uniform bins of the same tanh and relu networks: settings 2.1, 2.2."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from mibench.studies.claims.contract import Case, Claim, Finding
from mibench.studies.claims.phases import (
    apart,
    bootstrap,
    compress,
    cross_fitted,
    judged,
    series,
)
from mibench.studies.claims.rasmussen_batches import COMPRESS_RULE, DPI_RULE, FIT_RULE, IN_MOST, violation
from mibench.studies.claims.rasmussen_cases import (
    ADAPTIVE,
    CHANGED,
    RELU_30,
    THESIS,
    UNIFORM,
    all_layers,
    by_layer,
    case,
    hidden,
    leave_ceiling,
    with_layers,
)
from mibench.studies.claims.rules import Floats, fits
from mibench.studies.results import Plane, Results

__all__ = ["CLAIMS", "LITTLE_RULE", "OVER_LAYERS", "any_axis", "changes_little", "mean_curve", "violated"]

_PLATEAU = 0.875  # accuracy of the best threshold on the number of ones, where learning first rests
_LARGE_BITS = _LITTLE_BITS = 0.5


def mean_curve(plane: Plane, which: str, *, every: bool = False) -> Floats:
    """The mean over layers that leave the ceiling (over all if `every`, or where none does), shape (R, E), in bits."""
    layers = (not every and leave_ceiling(plane, all_layers(plane))) or all_layers(plane)
    return np.asarray(np.mean([series(plane, layer, which) for layer in layers], axis=0))


def _early_drop(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    plane, measures = results.plane(case.setting, case.estimator), results.measures(case.setting)
    learnt = measures.accuracy[..., 0].mean(axis=0) >= _PLATEAU
    if not learnt.any():
        return Finding("undecided", detail=f"mean training accuracy never reaches {_PLATEAU}")
    end = measures.epochs[learnt.argmax()]
    asked = case.labels["layer"]
    if asked.startswith("mean"):
        values = mean_curve(plane, "x", every=asked == "mean of all")
    else:
        values = series(plane, int(asked.removeprefix("T_")), "x")
    early = values[:, : max(2, int(np.searchsorted(plane.epochs, end, side="right")))]
    drops = cross_fitted(early, lambda mean, runs: runs[:, 0] - runs[:, int(mean.argmin())], rng)
    mean = early.mean(axis=0)
    detail = (
        f"I(X;T) falls from {mean[0]:.2f} to {mean.min():.2f} bits by epoch {plane.epochs[mean.argmin()]}; "
        f"accuracy reaches {_PLATEAU} in epoch {end}"
    )
    return judged(drops.mean(), bootstrap(drops, rng), _LARGE_BITS, "bits", detail)


def violated(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    """On either axis, or on that of the label; `undecided` only where no axis is surely violated."""
    axes = ("I(T;Y)", "I(X;T)") if case.labels["axis"] == "either" else (case.labels["axis"],)
    found = [violation(results, replace(case, labels={**case.labels, "axis": axis}), rng) for axis in axes]
    found = [replace(each, detail=f"{axis}: {each.detail}") for axis, each in zip(axes, found, strict=True)]
    return min(found, key=lambda each: (("holds", "undecided", "fails").index(each.verdict), -each.statistic))


def changes_little(values: Floats, epochs: Any, rng: np.random.Generator) -> Finding:
    """That mean I(X;T) ends within half a bit of where it began."""
    del epochs
    changes = values[:, -1] - values[:, 0]
    detail = f"I(X;T) goes from {values[:, 0].mean():.2f} to {values[:, -1].mean():.2f} bits"
    change, interval = apart(changes.mean(), bootstrap(changes, rng))
    return judged(change, interval, _LITTLE_BITS, "bits", detail, above=False)


def any_axis(*cases: Case) -> tuple[Case, ...]:
    """Each case for a violation on any axis, then on either by itself."""
    return tuple(
        replace(each, primary=each.primary and axis == "either", labels={**each.labels, "axis": axis})
        for each in cases
        for axis in ("either", "I(T;Y)", "I(X;T)")
    )


def _averaged(each: Case) -> tuple[Case, ...]:
    """A case for the mean over layers, then for single ones."""
    layers = ("mean", "mean of all", *(f"T_{layer}" for layer in _ALL))
    return tuple(
        replace(each, primary=each.primary and at == "mean", labels={**each.labels, "layer": at}) for at in layers
    )


_HIDDEN, _ALL = range(1, 6), range(1, 7)
_TANH, _RELU = (case(activation, ADAPTIVE[activation]) for activation in ("tanh", "relu"))
_TANH_30, _RELU_30 = case("tanh", UNIFORM["tanh"]), case("relu", RELU_30)
_2_1, _2_2 = (f"{THESIS}, setting 2.{n}, figure 5.{n + 8}" for n in (1, 2))
OVER_LAYERS = "mean over layers that leave the ceiling (98 % of 12 bits)"
LITTLE_RULE = "mean I(X;T) before training and after it differ by at most 0.5 bit, with the interval"

CLAIMS = (
    Claim(
        "R10a",
        "tanh compresses in uniform and in adaptive bins",
        "In tanh networks layers compress, seen in 30 uniform or in 30 adaptive bins.",
        _2_1,
        f"{COMPRESS_RULE} {IN_MOST}. {CHANGED} it was of each layer below 99 %.",
        with_layers((_TANH, _TANH_30), _ALL, "most"),
        by_layer(compress, all_layers),
    ),
    Claim(
        "R10b",
        "in adaptive bins I(X;T) of tanh networks falls at once",
        "In adaptive bins I(X;T) falls much already in the first phase, while accuracy rises fast.",
        _2_1,
        f"I(X;T), {OVER_LAYERS}, falls by at least 0.5 bit, with the interval, from its first value to its least "
        "until mean training accuracy first reaches 0.875 (that of the best threshold on the number of ones); where it "
        f"is least, is chosen on half of the runs. {CHANGED} the mean was over all layers.",
        (*_averaged(_TANH), *_averaged(replace(_TANH_30, primary=False))),
        _early_drop,
    ),
    Claim(
        "R11a",
        "30 uniform bins of relu networks violate the processing inequality",
        "In 30 uniform bins layers of relu networks know more than layers before them.",
        _2_2,
        f"of I(T;Y) or of I(X;T), {DPI_RULE}.",
        any_axis(_RELU_30),
        violated,
    ),
    Claim(
        "R11b",
        "in 30 uniform bins relu layers fit",
        "In 30 uniform bins relu layers gain information about the label.",
        _2_2,
        f"of hidden layers, {FIT_RULE}.",
        with_layers((_RELU_30,), _HIDDEN),
        by_layer(fits, hidden, "y"),
    ),
    Claim(
        "R11c",
        "in 30 uniform bins relu layers do not compress",
        "In 30 uniform bins relu layers only fit.",
        _2_2,
        f"no hidden layer has {COMPRESS_RULE}.",
        with_layers((_RELU_30,), _HIDDEN),
        by_layer(compress, hidden, negated=True, room=False),
    ),
    Claim(
        "R12",
        "in adaptive bins relu layers end where they began",
        "In adaptive bins I(X;T) of relu layers hardly changes from beginning to end.",
        _2_2,
        f"{LITTLE_RULE}, in each hidden layer.",
        with_layers((_RELU, replace(_RELU_30, primary=False)), _ALL),
        by_layer(changes_little, hidden, room=False),
    ),
)
