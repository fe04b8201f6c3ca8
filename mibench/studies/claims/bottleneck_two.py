# SPDX-License-Identifier: Apache-2.0
"""Claims of Lorenzen, Igel and Nielsen on a network of images with two units before the output: their section 4.2."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.studies.claims.bottleneck_cases import TWO, both
from mibench.studies.claims.bottleneck_learnt import also_of_runs_that_learnt
from mibench.studies.claims.contract import Case, Claim, Finding
from mibench.studies.claims.lorenzen_cases import PAPER
from mibench.studies.claims.lorenzen_runs import mean_represents
from mibench.studies.claims.phases import (
    COMPRESS_RULE,
    FIT_RULE,
    apart,
    bootstrap,
    compress,
    fit,
    judged,
    of_means,
    series,
    smoothed,
    trivial,
)
from mibench.studies.claims.population import of_mnist, population
from mibench.studies.claims.rules import Check, Floats, each_layer, every
from mibench.studies.results import Results

__all__ = ["CLAIMS", "fits", "half_fallen", "trivials"]

_SECTION = f"{PAPER}, section 4.2, figure 4"
_POSITIONS = f"{_SECTION} (positions read off it)"
_OUTPUT, _NARROWEST = 5, 4
_ACCURACY, _ACCURACY_WITHIN = 0.9, 0.03
_WHEN, _WHEN_WITHIN = 1500 / 3000, 0.25
_ANY_GAIN_BITS = 0.001
_X_WITHIN_BITS, _Y_WITHIN_BITS = 1.0, 0.3
# in bits, by layer: where the figure's curves begin, have their greatest I(X;T), and end
_X_STARTS = {1: 16.1, 2: 15.7, 3: 11.4, 4: 6.4, 5: 6.2}
_X_PEAKS = {3: 13.6, 4: 11.1, 5: 9.3}
_X_ENDS = {2: 15.8, 3: 12.9, 4: 10.2, 5: 5.5}
_Y_STARTS = {1: 3.32, 2: 3.15, 3: 1.57, 4: 0.56, 5: 0.55}
_Y_ENDS = {3: 3.22, 4: 3.1, 5: 3.03}


def fits(*layers: int) -> Check:
    """The check that layers fit, of labels of the study's own entropy."""

    def check(results: Results, case: Case, rng: np.random.Generator) -> Finding:
        entropy = population(results).label_bits
        return each_layer(lambda values, epochs, rng: fit(values, entropy, rng), layers, "y")(results, case, rng)

    return check


def trivials(*layers: int) -> Check:
    """The check that layers keep all inputs apart, of as many as the study has."""

    def check(results: Results, case: Case, rng: np.random.Generator) -> Finding:
        rows = population(results).rows
        return each_layer(lambda values, epochs, rng: trivial(values, rows), layers)(results, case, rng)

    return check


def half_fallen(means: Floats, epochs: NDArray[Any]) -> NDArray[np.int64]:
    """Places at which curves, shape (K, E), have fallen half way from their greatest value to their last."""
    smooth = smoothed(means, epochs)
    peak = smooth.argmax(axis=-1)
    level = (smooth.max(axis=-1) + smooth[:, -1]) / 2
    after = np.arange(len(epochs)) >= peak[:, None]
    return np.asarray((after & (smooth <= level[:, None])).argmax(axis=-1))


def _about_then(values: Floats, epochs: NDArray[Any], rng: np.random.Generator) -> Finding:
    value, interval = of_means(values, rng, lambda means: epochs[half_fallen(means, epochs)] / epochs[-1])
    gap, between = apart(value, interval, _WHEN)
    smooth = smoothed(values.mean(axis=0), epochs)
    detail = (
        f"mean I(X;T) peaks in epoch {epochs[int(smooth.argmax())]} and has half of its fall to the end behind it in "
        f"epoch {value * epochs[-1]:.0f} of {epochs[-1]}"
    )
    return judged(gap, between, _WHEN_WITHIN, "share of the epochs", detail, above=False)


def _about_as_accurate(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    measures = results.measures(case.setting)
    tests = measures.accuracy[..., 1]
    value, interval = of_means(tests, rng, lambda means: np.asarray(means.max(axis=-1)))
    gap, between = apart(value, interval, _ACCURACY)
    epoch = measures.epochs[int(tests.mean(axis=0).argmax())]
    singles = tests.max(axis=1)
    detail = (
        f"greatest mean test accuracy {value:.3f}, in epoch {epoch}; of single runs {singles.min():.3f} to "
        f"{singles.max():.3f}"
    )
    return judged(gap, between, _ACCURACY_WITHIN, "accuracy", detail, above=False)


def _any_gain(values: Floats, epochs: NDArray[Any], rng: np.random.Generator) -> Finding:
    gains = values[:, -1] - values[:, 0]
    detail = f"I(T;Y) goes from {values[:, 0].mean():.3f} to {values[:, -1].mean():.3f} bits at epoch {epochs[-1]}"
    return judged(gains.mean(), bootstrap(gains, rng), _ANY_GAIN_BITS, "bits", detail, sure=0.0)


def _where(wanted: Mapping[int, float], which: str, of: Callable[[Floats], Floats], within: float) -> Check:
    """The check that a value of mean curves, (K, E) to (K,), is near the figure's in every layer."""

    def check(results: Results, case: Case, rng: np.random.Generator) -> Finding:
        plane = results.plane(case.setting, case.estimator)
        curves = np.stack([series(plane, layer, which) for layer in wanted], axis=1)
        figure = np.array([*wanted.values()])

        def furthest(means: Floats) -> Floats:
            return np.asarray(np.abs(of(means) - figure).max(axis=-1))

        statistic, interval = of_means(curves, rng, furthest)
        found = of(curves.mean(axis=0)[None])[0]
        told = ", ".join(f"T_{layer} {value:.2f} ({wanted[layer]})" for layer, value in zip(wanted, found, strict=True))
        name = "I(X;T)" if which == "x" else "I(T;Y)"
        return judged(statistic, interval, within, "bits", f"mean {name} (figure): {told}", above=False)

    return check


def _first(means: Floats) -> Floats:
    return means[..., 0]


def _greatest(means: Floats) -> Floats:
    return np.asarray(means.max(axis=-1))


def _last(means: Floats) -> Floats:
    return means[..., -1]


def _near_ends(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    return every(
        {
            name: _where(wanted, "y", of, _Y_WITHIN_BITS)(results, case, rng)
            for name, wanted, of in (("first", _Y_STARTS, _first), ("last", _Y_ENDS, _last))
        },
        most=True,
    )


_ALSO_LEARNT = ("L10b", "L10c", "L10d", "L10e", "L12a", "L12b", "L12c")
_CASES, _MEASURES = both(TWO), both(TWO, "")
_COMPRESS_HOW_SMALL = f"{COMPRESS_RULE}. How small it is, is told and not judged."
_CLAIMS = (
    Claim(
        "L9d",
        "the mean plane stands for single runs of images",
        "Mean planes represent single runs fairly well, also of the network with two units.",
        f"{PAPER}, appendix B",
        "as L9b: half of the runs or more are nearer to the mean trajectory than a quarter of its length.",
        _CASES,
        mean_represents,
    ),
    Claim(
        "L10",
        "two units are enough for an accuracy of about 90 %",
        "With two units before the output the network comes to an accuracy of about 90 %.",
        _SECTION,
        "the greatest mean test accuracy over epochs is within 0.03 of 0.9, with the interval.",
        _MEASURES,
        of_mnist(_about_as_accurate),
    ),
    Claim(
        "L10b",
        "I(X;T) starts where the figure has it",
        "The curves begin at 6.2 bits in T_5, 6.4 in T_4, 11.4 in T_3, 15.7 in T_2 and 16.1 in T_1.",
        _POSITIONS,
        "mean I(X;T) of T_1 to T_5 before training is within 1 bit of the figure's.",
        _CASES,
        of_mnist(_where(_X_STARTS, "x", _first, _X_WITHIN_BITS)),
    ),
    Claim(
        "L10c",
        "I(X;T) peaks where the figure has it",
        "I(X;T) is at most about 9.3 bits in T_5, 11.1 in T_4 and 13.6 in T_3.",
        _POSITIONS,
        "the greatest mean I(X;T) over epochs of T_3 to T_5 is within 1 bit of the figure's.",
        _CASES,
        of_mnist(_where(_X_PEAKS, "x", _greatest, _X_WITHIN_BITS)),
    ),
    Claim(
        "L10d",
        "I(X;T) ends where the figure has it",
        "The curves end at 5.5 bits in T_5, 10.2 in T_4, 12.9 in T_3 and 15.8 in T_2.",
        _POSITIONS,
        "mean I(X;T) of T_2 to T_5 in the end is within 1 bit of the figure's.",
        _CASES,
        of_mnist(_where(_X_ENDS, "x", _last, _X_WITHIN_BITS)),
    ),
    Claim(
        "L10e",
        "I(T;Y) starts and ends where the figure has it",
        "I(T;Y) begins at 0.55 bit in T_5, 0.56 in T_4, 1.57 in T_3, 3.15 in T_2 and 3.32 in T_1, and ends at 3.03 in "
        "T_5, 3.1 in T_4 and 3.22 in T_3.",
        _POSITIONS,
        "mean I(T;Y) of these layers before training and in the end is within 0.3 bit of the figure's.",
        _CASES,
        of_mnist(_near_ends),
    ),
    Claim(
        "L11a",
        "the output of the bottleneck fits",
        "The output layer has a fitting phase.",
        _SECTION,
        f"FIT of T_5: {FIT_RULE}.",
        _CASES,
        fits(_OUTPUT),
    ),
    Claim(
        "L11b",
        "the bottleneck's last two hidden layers fit",
        "The last three hidden layers, of 8, 4 and 2 units, have a fitting phase; these are the ones of 4 and 2.",
        _SECTION,
        "FIT of T_3 and T_4, as L11a.",
        _CASES,
        fits(3, _NARROWEST),
    ),
    Claim(
        "L11c",
        "T_2 of the bottleneck fits",
        "The last three hidden layers, of 8, 4 and 2 units, have a fitting phase; this is the one of 8.",
        _SECTION,
        "FIT of T_2, as L11a. The figure's own curve begins at 3.15 of 3.32 bits, so that it can hardly gain as much.",
        _CASES,
        fits(2),
    ),
    Claim(
        "L11d",
        "T_2 of the bottleneck gains something about the label",
        "The layer of 8 units has a fitting phase, however small.",
        _SECTION,
        "mean I(T_2;Y) gains at least 0.001 bit from first to last epoch, and the interval of the gain is above 0.",
        _CASES,
        each_layer(_any_gain, [2], "y"),
    ),
    Claim(
        "L12a",
        "the two units compress",
        "There is a small compression phase in relu layers: this is the one of two units.",
        _SECTION,
        f"COMPRESS of T_4: {_COMPRESS_HOW_SMALL}",
        _CASES,
        each_layer(compress, [_NARROWEST]),
    ),
    Claim(
        "L12b",
        "the four units before them compress",
        "There is a small compression phase in relu layers: this is the one of four units.",
        _SECTION,
        f"COMPRESS of T_3: {_COMPRESS_HOW_SMALL}",
        _CASES,
        each_layer(compress, [3]),
    ),
    Claim(
        "L12c",
        "they compress around the middle of the training",
        "The relu layers compress around epoch 1500 of 3000.",
        _SECTION,
        "smoothed mean I(X;T_4) and I(X;T_3) have half of their fall from peak to end behind them between 25 and 75 % "
        "of the epochs, with the interval: 750 to 2250 of 3000. A tenth of the epochs at ten times the rate goes as "
        "far in an epoch as the published training in ten: there it is 75 to 225 of 300.",
        _CASES,
        each_layer(_about_then, [3, _NARROWEST], most=True),
    ),
    Claim(
        "L13",
        "the first layer is trivial",
        "I(X;T) of the first layer is as much as it can be, 16.1 bits, all the time.",
        _SECTION,
        "mean I(X;T_1) is at least 99 % of log2 N at every epoch.",
        _CASES,
        trivials(1),
    ),
)
CLAIMS = tuple(also_of_runs_that_learnt(claim) if claim.id in _ALSO_LEARNT else claim for claim in _CLAIMS)
