# SPDX-License-Identifier: Apache-2.0
"""Claims of Butakov et al. on the plane of a convolutional classifier: phases of fitting and of compression."""

from __future__ import annotations

from math import sqrt

import numpy as np

from mibench.studies.claims.alternations import SURE, counts, errors, fewest
from mibench.studies.claims.butakov_cases import BUTAKOV, answered, by_layer, layer_of
from mibench.studies.claims.contract import Case, Claim, Finding
from mibench.studies.claims.phases import (
    COMPRESS_BITS,
    COMPRESS_RULE,
    COMPRESS_SURE_BITS,
    FIT_RULE,
    bootstrap,
    compress,
    cross_fitted,
    fit,
    judged,
    of_means,
    series,
    smoothed,
)
from mibench.studies.claims.population import population
from mibench.studies.claims.rules import Floats
from mibench.studies.results import Results

__all__ = ["CLAIMS", "SEVERAL", "compresses", "deepest_fall", "fits", "several_phases"]

SEVERAL, _SURELY = 2.0, float(np.nextafter(1, 2))  # rises and falls each; more than one
_FIGURE = f"{BUTAKOV}, figure 4"


def several_phases(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    """The check that a layer's I(X;T) rises and falls at least twice each, in the mean over single runs."""
    plane, layer = results.plane(case.setting, case.estimator), layer_of(case)
    (values, epochs), error = answered(plane, layer, "x"), errors(plane, layer, "x")
    found = fewest(values, epochs, error)
    moves = zip(*counts(smoothed(values, epochs), SURE * error), strict=True)
    told = ", ".join(f"{up} and {down}" for up, down in moves)
    detail = f"rises and falls of more than {SURE * error.mean():.2f} bits, in single runs: {told}"
    interval = bootstrap(found, rng) if len(found) > 1 else None
    return judged(found.mean(), interval, SEVERAL, "phases", detail, sure=_SURELY)


def _several_of_the_mean(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    plane = results.plane(case.setting, case.estimator)
    values, epochs = answered(plane, layer_of(case), "x")
    if len(values) < 2:
        return Finding("undecided", detail="one run has no spread")
    moved = values - values.mean(axis=1, keepdims=True)  # by how much runs differ all the time is no error of a rise
    error = sqrt(2 / len(values)) * moved.std(axis=0, ddof=1).max()

    def least(means: Floats) -> Floats:
        return fewest(means, epochs, np.full(len(means), error))

    value, interval = of_means(values, rng, least)
    up, down = counts(smoothed(values.mean(axis=0, keepdims=True), epochs), np.array([SURE * error]))
    detail = f"{up[0]} rises and {down[0]} falls of the mean by more than {SURE * error:.2f} bits"
    return judged(value, interval, SEVERAL, "phases", detail, sure=_SURELY)


def deepest_fall(mean: Floats) -> tuple[int, int]:
    """Between which places, (from, to), a curve of shape (E,) falls most."""
    low = int((np.maximum.accumulate(mean) - mean).argmax())
    return int(mean[: low + 1].argmax()), low


def _label_falls(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    plane, layer = results.plane(case.setting, case.estimator), layer_of(case)
    values, epochs = answered(plane, layer, "y")
    smooth = smoothed(values, epochs)

    def fall(mean: Floats, runs: Floats) -> Floats:
        high, low = deepest_fall(mean)
        return np.asarray(runs[:, high] - runs[:, low])

    high, low = deepest_fall(smooth.mean(axis=0))
    deepest = float(smooth[:, high].mean() - smooth[:, low].mean())
    detail = f"mean I(T;Y) falls most from epoch {epochs[high]} to {epochs[low]}, by {deepest:.3f} bits"
    falls = cross_fitted(smooth, fall, rng)
    return judged(falls.mean(), bootstrap(falls, rng), COMPRESS_BITS, "bits", detail, sure=COMPRESS_SURE_BITS)


def compresses(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    """The check that the case's layer compresses."""
    plane, layer = results.plane(case.setting, case.estimator), layer_of(case)
    return compress(series(plane, layer, "x"), plane.epochs, rng)


def fits(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    """The check that the case's layer fits, of the labels that are not trained on."""
    plane, layer = results.plane(case.setting, case.estimator), layer_of(case)
    return fit(series(plane, layer, "y"), population(results, held_out=True).label_bits, rng)


CLAIMS = (
    Claim(
        "B4",
        "there are several phases of fitting and of compression",
        "The plane of a convolutional network shows several phases of fitting and of compression.",
        _FIGURE,
        "smoothed I(X;T) of T_3, T_4 and T_5 rises at least twice and falls at least twice in single runs: the mean "
        "over runs of the lesser number is at least 2, its interval above 1. A rise or a fall is one of more than two "
        "standard errors of the difference of two values, sqrt 2 times the greatest of the run's, which are smoothed "
        "over epochs, for they are of few parts of the rows. Of mere noise 1 % "
        "of the curves or less would rise and fall so often, at the 56 epochs of the plane as published.",
        by_layer(),
        several_phases,
    ),
    Claim(
        "B4b",
        "I(T;Y) falls somewhere",
        "The compression phase is one of falling I(T;Y), as the slides say where I(X;T) must be meant.",
        f"{BUTAKOV}, slides",
        "between some two epochs smoothed mean I(T;Y) of T_3, T_4 and T_5 falls by at least 0.1 bit, with an interval "
        "above 0.05 bit; which, is chosen on one half of the runs and the fall measured on the other.",
        by_layer(),
        _label_falls,
    ),
    Claim(
        "B4c",
        "I(X;T) ends below its peak",
        "There is compression: I(X;T) falls.",
        _FIGURE,
        f"COMPRESS of T_3, T_4 and T_5: {COMPRESS_RULE}.",
        by_layer(),
        compresses,
    ),
    Claim(
        "B4d",
        "the mean over runs has several phases",
        "The plane of a convolutional network shows several phases of fitting and of compression.",
        _FIGURE,
        "as B4 of the mean over runs, which the source does not have: a rise or a fall of it is one of more than two "
        "standard errors between runs. Each run's mean over epochs is taken off for these.",
        by_layer(),
        _several_of_the_mean,
    ),
    Claim(
        "B4e",
        "I(T;Y) grows",
        "There is fitting: information about the label grows.",
        _FIGURE,
        f"FIT of T_3, T_4 and T_5, of the labels of the images that are not trained on: {FIT_RULE}.",
        by_layer(),
        fits,
    ),
)
