# SPDX-License-Identifier: Apache-2.0
"""How far planes through lossy compression can be trusted: where the truth is known, and where it has bounds."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.studies.claims.alternations import REACH
from mibench.studies.claims.butakov_cases import CENTRED, CNN, USUAL, answered
from mibench.studies.claims.butakov_phases import deepest_fall
from mibench.studies.claims.contract import Case, Claim, Finding
from mibench.studies.claims.phases import MORE, bootstrap, cross_fitted, judged, smoothed
from mibench.studies.claims.rules import Check, Floats, every, on_grid
from mibench.studies.results import MissingResult, Plane, Results
from mibench.studies.trust import PIPELINES, Pipeline, outside

__all__ = ["CLAIMS"]

_OURS = "control of our own"
_IMAGES, _CHANNEL = "known-images", "known-channel"
_SHARE, _NATS, _OUTSIDE_NATS, _ANOTHER_FALL_BITS = 0.1, 0.3, 0.1, 0.1
_LAYERS, _SHOWN = range(1, 6), (3, 4, 5)
_PLANE = Pipeline("ae", "pca", "layer", "wkl")
_NO_COMPRESSION = Pipeline("oracle", "oracle", "latents", "wkl")


def _labels(pipeline: Pipeline) -> dict[str, str]:
    x, other, of, estimator = pipeline
    return {"mode": f"x={x}, {of}={other}", "estimator": estimator}


def _arrays(results: Results, setting: str, name: str, *keys: str) -> tuple[NDArray[Any], ...]:
    found = results.analysis(setting, name)
    if lacking := [key for key in keys if key not in found]:
        raise MissingResult(f"{name} of {setting} has no {', '.join(lacking)}: another version of mibench wrote it")
    return tuple(found[key] for key in keys)


def _estimates(results: Results, case: Case) -> tuple[Floats, Floats, Floats]:
    """Truths, estimates and standard errors of the case's pipeline, (K,), in nats."""
    truth, estimate, error = _arrays(results, case.setting, _IMAGES, "truth", "estimate", "std_error")
    at = [_labels(each) for each in PIPELINES].index({**case.labels})
    if len(estimate) != len(PIPELINES):
        raise MissingResult(f"{_IMAGES} is of other estimators: another version of mibench wrote it")
    return truth, estimate[at], error[at]


def _near_truth(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    del rng
    found = {}
    for truth, estimate, error in zip(*_estimates(results, case), strict=True):
        gap = abs(estimate - truth)
        interval = (max(gap - REACH * error, 0.0), gap + REACH * error)
        detail = f"the estimate is {estimate:.2f}, with a standard error of {error:.2f}"
        allowed = max(_SHARE * truth, _NATS)
        found[f"{truth:g} nats"] = judged(gap, interval, allowed, "nats", detail, above=False)
    return every(found, most=True)


def _grows_with_truth(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    del rng
    found = {}
    for (low, less, error), (high, more, other) in pairwise(zip(*_estimates(results, case), strict=True)):
        rise, reach = more - less, REACH * float(np.hypot(error, other))
        detail = f"the estimate goes from {less:.2f} to {more:.2f} nats"
        found[f"{low:g} to {high:g} nats"] = judged(rise, (rise - reach, rise + reach), MORE, "nats", detail)
    return every(found)


def _in_bracket(lower: str) -> Check:
    """The check that estimates of a layer are between what is read from it, or from its codes, and what there is."""

    def check(results: Results, case: Case, rng: np.random.Generator) -> Finding:
        del rng
        own = ("estimate", "std_error", f"{lower}_lower", f"{lower}_lower_error", "estimate_missing")
        epochs, chances, upper, *found = _arrays(
            results, case.setting, _CHANNEL, "epochs", "channel_errors", "truth_upper", *own
        )
        layer = int(case.labels["layer"].removeprefix("T_")) - 1
        if layer >= found[0].shape[1]:
            raise MissingResult(f"{_CHANNEL} has {found[0].shape[1]} layers")
        estimate, error, least, slack, missing = (array[:, layer] for array in found)
        if missing.all():
            raise MissingResult(f"{_CHANNEL} has no estimate of T_{layer + 1}")
        here = ~missing
        low, high = np.where(here, least - REACH * slack, -np.inf), np.where(here, upper, np.inf)
        gaps, below, above = (np.abs(outside(estimate + reach * error, low, high)) for reach in (0.0, -REACH, REACH))
        meets = (estimate - REACH * error <= high) & (estimate + REACH * error >= low)
        nearest, furthest = np.where(meets, 0.0, np.minimum(below, above)), np.maximum(below, above)
        at = np.unravel_index(int(furthest.argmax()), furthest.shape)
        detail = (
            f"furthest in epoch {epochs[at[0]]} with {chances[at[1]]:.0%} of labels "
            f"changed: the estimate is {estimate[at]:.2f} nats, its standard error {error[at]:.2f}, the truth from "
            f"{least[at]:.2f} to {upper[at[1]]:.2f}; {int((nearest > _OUTSIDE_NATS).sum())} of "
            f"{int(here.sum())} are surely outside"
        )
        interval = (float(nearest.max()), float(furthest.max()))
        return judged(float(gaps.max()), interval, _OUTSIDE_NATS, "nats", detail, above=False)

    return check


def _pipelines(primary: Pipeline) -> tuple[Case, ...]:
    others = (each for each in PIPELINES if each != primary)
    return tuple(Case(_IMAGES, "", each == primary, _labels(each)) for each in (primary, *others))


def _where_answered(plane: Plane) -> Plane:
    """At the epochs at which every run has I(X;T) of the output."""
    _, epochs = answered(plane, plane.information.shape[2], "x")
    kept = np.isin(plane.epochs, epochs)
    return Plane(plane.estimator, epochs, plane.runs, plane.information[:, kept])


def _falls_as_centred(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    """Of the same outputs in other coordinates, where those of the case fall most."""
    grids = on_grid(*(_where_answered(results.plane(case.setting, name)) for name in (case.estimator, CENTRED)))
    both = np.stack([grid[:, :, -1, 0] for grid in grids], axis=-1)
    epochs = np.expm1(np.arange(both.shape[1]))  # the grid is in equal steps of log(1 + epoch)
    smooth = np.moveaxis(smoothed(np.moveaxis(both, -1, 0), epochs), 0, -1)

    def excess(mean: Floats, runs: Floats) -> Floats:
        high, low = deepest_fall(mean[:, 0])
        return np.asarray((runs[:, high] - runs[:, low]) @ [1.0, -1.0])

    found = cross_fitted(smooth, excess, rng)
    mean = smooth.mean(axis=0)
    high, low = deepest_fall(mean[:, 0])
    falls = mean[high] - mean[low]
    detail = (
        f"mean I(X;T_5) falls by {falls[0]:.2f} bits where it falls most, and by {falls[1]:.2f} if outputs are centred"
    )
    return judged(found.mean(), bootstrap(found, rng), _ANOTHER_FALL_BITS, "bits", detail, above=False)


_BY_LAYER = tuple(Case(CNN, "", layer in _SHOWN, {"layer": f"T_{layer}"}) for layer in _LAYERS)
CLAIMS = (
    Claim(
        "C6",
        "compressed images and layers show the information that they have",
        "Where the information of an image and a layer is known, the plane's estimator comes near it.",
        _OURS,
        "of 10,000 images of four latent numbers and a layer that knows from 0 to 8 nats of them, every estimate by "
        "the plane's own steps is within 10 % of the truth or 0.3 nat, whichever is more, and so is its interval of "
        "1.96 standard errors. The thresholds are ours. Other steps are further cases.",
        _pipelines(_PLANE),
        _near_truth,
    ),
    Claim(
        "C6b",
        "more information gives a greater estimate",
        "Where the information of an image and a layer is known, the plane's estimator grows with it.",
        _OURS,
        "from each of the levels of C6 to the next the estimate rises by more than 1.96 standard errors of the "
        "difference: rises and falls of a plane are then in the information, whatever its level.",
        _pipelines(_PLANE),
        _grows_with_truth,
    ),
    Claim(
        "C6c",
        "the estimator is right where nothing is compressed",
        "Of the latent numbers themselves the plane's estimator comes near what is known.",
        _OURS,
        "as C6, of the four numbers behind the image and the four that the layer is made of.",
        tuple(case for case in _pipelines(_NO_COMPRESSION) if case.labels["mode"] == _labels(_NO_COMPRESSION)["mode"]),
        _near_truth,
    ),
    Claim(
        "C7",
        "I(T;Y) of the plane is within what it must be",
        "Where labels are changed at random the information about them has bounds, and the plane's I(T;Y) keeps them.",
        _OURS,
        "of T_3, T_4 and T_5 of the first run, at 2 to 4 epochs with 3 to 7 chances to change a label, no estimate is "
        "above the information of the image or below what a classifier reads from the layer, less 1.96 of its standard "
        "errors, by more than 0.1 nat, nor is its interval of 1.96 standard errors.",
        _BY_LAYER,
        _in_bracket("bracket"),
    ),
    Claim(
        "C7b",
        "I(T;Y) of four numbers is within what it must be",
        "The plane's estimator keeps the bounds of what the compressed layer knows.",
        _OURS,
        "as C7, with what a classifier reads from the four numbers that a layer was compressed to as the lower bound: "
        "what is below that is the estimator's error, not the compression's.",
        _BY_LAYER,
        _in_bracket("codes"),
    ),
    Claim(
        "C8",
        "what the output seems to forget does not hang on its coordinates",
        "Outputs less their mean in each row say what outputs say, each a function of the other: their planes agree.",
        _OURS,
        "between the epochs where smoothed mean I(X;T_5) falls most, the fall is at most 0.1 bit more than that of the "
        "centred outputs, with the interval; where, is chosen on one half of the runs and measured on the other. Added "
        "after a first look at results, in which the one fall of the plane is that of the outputs.",
        (Case(CNN, USUAL, True, {"estimator": USUAL}),),
        _falls_as_centred,
    ),
)
