# SPDX-License-Identifier: Apache-2.0
"""Negative controls: phases that show where nothing was learnt are no phases of learning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from mibench.studies.claims.contract import Case, Claim, Finding
from mibench.studies.claims.lorenzen_cases import ACTIVATIONS, BINS, by_activation
from mibench.studies.claims.phases import (
    compress,
    dpi_violation,
    fit,
    interrupted,
    judged,
    of_means,
    series,
    untrained,
)
from mibench.studies.claims.population import population
from mibench.studies.claims.rules import Floats, beyond_null, every, opposite
from mibench.studies.claims.tishby_cases import layers_of
from mibench.studies.results import MissingResult, Plane, Results

__all__ = ["CLAIMS", "explained", "fit_survives", "no_phases"]

_OURS = "negative control"
_LAYERS = range(1, 7)
_FAKES, _POINTS, _FALSE_SHARE = 20, 60, 0.05
_NULL_SHARE = 0.05


def _thinned(plane: Plane) -> Plane:
    """At most 60 of its epochs, in equal steps of log(1 + epoch)."""
    at = np.log1p(plane.epochs)
    kept = np.unique(np.abs(at[:, None] - np.linspace(at[0], at[-1], _POINTS)).argmin(axis=0))
    return replace(
        plane,
        epochs=plane.epochs[kept],
        information=plane.information[:, kept],
        null=None if plane.null is None else plane.null[:, kept],
        std_error=None if plane.std_error is None else plane.std_error[:, kept],
    )


def _phases(plane: Plane, entropy: float, rng: np.random.Generator) -> Iterator[Finding]:
    for layer in layers_of(plane):
        values = series(plane, layer, "x")
        yield fit(series(plane, layer, "y"), entropy, rng)
        yield compress(values, plane.epochs, rng)
        yield interrupted(values, plane.epochs, rng)


def no_phases(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    """The check that planes without training show hardly any phase."""
    entropy = population(results).label_bits
    plane = _thinned(results.plane(case.setting, case.estimator))
    if len(plane.runs) < 2:
        return Finding("undecided", detail="one run has no spread to draw from")
    found = [[each.verdict == "holds" for each in _phases(untrained(plane, rng), entropy, rng)] for _ in range(_FAKES)]
    share, count = float(np.mean(found)), int(np.sum(found))
    detail = f"{count} of {np.size(found)} tests for a phase find one in {_FAKES} untrained planes"
    return judged(share, None, _FALSE_SHARE, "share", detail, above=False)


def _no_violation(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    """Of an exact plane, in which there can be none."""
    plane = results.plane(case.setting, case.estimator)
    return every(
        {f"I({pair})": opposite(dpi_violation(plane, which, rng)) for which, pair in (("x", "X;T"), ("y", "T;Y"))}
    )


def _layer_plane(results: Results, case: Case) -> Plane:
    plane = results.plane(case.setting, case.estimator)
    return beyond_null(plane) if case.labels.get("null") == "subtracted" else plane


def _no_fit(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    plane = _layer_plane(results, case)
    entropy = population(results).label_bits
    found = {f"T_{each}": opposite(fit(series(plane, each, "y"), entropy, rng)) for each in layers_of(plane)}
    return every(found, most=True)


def explained(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    """The check that a layer's last I(T;Y) is what permuted labels give."""
    plane = results.plane(case.setting, case.estimator)
    if plane.null is None:
        raise MissingResult(f"{plane.estimator} of {case.setting} has no information under permuted labels")
    at = int(case.labels["layer"].removeprefix("T_")) - 1
    both = np.stack([plane.information[:, -1, at, 1], plane.null[:, -1, at]], axis=1)

    def beyond(means: Floats) -> Floats:
        return np.asarray(1 - means[:, 1] / means[:, 0])

    statistic, interval = of_means(both, rng, beyond)
    shown, null = both.mean(axis=0) / np.log(2)
    detail = f"in the end I(T;Y) is {shown:.4f} bits, and {null:.4f} with permuted labels"
    return judged(statistic, interval, _NULL_SHARE, "share", detail, above=False)


def fit_survives(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    """The check that a layer fits beyond what permuted labels give."""
    entropy = population(results).label_bits
    plane = results.plane(case.setting, case.estimator)
    layer = int(case.labels["layer"].removeprefix("T_"))
    values = series(plane, layer, "y")
    shown = fit(values, entropy, rng)
    left = fit(series(beyond_null(plane), layer, "y"), entropy, rng)
    gain = float(np.mean(values[:, -1] - values[:, 0]))
    detail = f"gains {gain:.3f} bits ({shown.verdict}), beyond permuted labels {left.statistic:.3f} ({left.verdict})"
    return replace(left, detail=detail)


def _by_layer(names: tuple[tuple[str, str], ...], primary: dict[str, tuple[int, ...]]) -> tuple[Case, ...]:
    return tuple(
        Case(
            pattern.format(activation),
            estimator,
            estimator == "exact" and layer in primary[activation],
            {"activation": activation, "estimator": estimator, "layer": f"T_{layer}"},
        )
        for activation in ACTIVATIONS
        for pattern, estimator in names
        for layer in _LAYERS
    )


_PLANES = (("lorenzen-8bit-{}", "exact"), *(("lorenzen-float-{}", name) for name in BINS))
_UNTRAINED = tuple(
    replace(case, primary=estimator == "exact", labels={**case.labels, "estimator": estimator})
    for pattern, estimator in _PLANES
    for case in by_activation(pattern, estimator)
)
_RANDOM = tuple(
    replace(case, labels={**case.labels, "null": null}, primary=null == "in")
    for case in by_activation("control-random-labels-{}", "exact")
    for null in ("in", "subtracted")
)

CLAIMS = (
    Claim(
        "C1",
        "untrained networks have no phases",
        "The tests for phases find none where every epoch shows untrained networks.",
        _OURS,
        "of 20 planes whose epochs are redrawn runs of epoch 0, at most 5 % of the tests for fit, compression and "
        "interrupted fit, over all layers, find any.",
        _UNTRAINED,
        no_phases,
    ),
    Claim(
        "C1b",
        "exact planes violate no processing inequality",
        "The test for violations finds none in exact planes, where there can be none.",
        _OURS,
        "no layer's mean is 0.02 bit above that of a layer before it at any epoch.",
        by_activation("lorenzen-8bit-{}", "exact"),
        _no_violation,
    ),
    Claim(
        "C2",
        "networks trained on random labels do not fit the true ones",
        "Networks trained on random labels gain no information about the true ones.",
        _OURS,
        "no FIT in any layer: mean I(T;Y) gains less than 5 % of H(Y). Where I(X;T) grows this may fail, since I(T;Y) "
        "of nearly distinct codes is near H(Y) for any labels; so also less the mean under permuted labels.",
        _RANDOM,
        _no_fit,
    ),
    Claim(
        "C3",
        "what T_1 to T_3 of tanh networks show of the label, any labels would show",
        "I(T;Y) of layers that keep nearly all inputs apart is what any labels would give.",
        _OURS,
        "at the last epoch the mean of I(T;Y) under permuted labels explains all but 5 % of the mean I(T;Y).",
        _by_layer(_PLANES, {"tanh": (1, 2, 3), "relu": ()}),
        explained,
    ),
    Claim(
        "C4",
        "the output layer's fit is more than distinct codes would show",
        "The output layer has a fitting phase also when the mean under permuted labels is subtracted.",
        _OURS,
        "FIT of I(T;Y) less its mean under permuted labels: a gain of 5 % of H(Y), with an interval above 0.",
        _by_layer(_PLANES, {"tanh": (6,), "relu": (6,)}),
        fit_survives,
    ),
)
