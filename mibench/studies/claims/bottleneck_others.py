# SPDX-License-Identifier: Apache-2.0
"""Claims of Lorenzen, Igel and Nielsen on further networks of images: their appendices E and F."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from mibench.studies.claims.bottleneck_cases import TWO, both, each_network, sibling
from mibench.studies.claims.bottleneck_two import fits, trivials
from mibench.studies.claims.contract import Case, Claim, Finding
from mibench.studies.claims.lorenzen_cases import PAPER
from mibench.studies.claims.phases import (
    COMPRESS_RULE,
    FIT_RULE,
    MORE,
    bootstrap,
    compress,
    judged,
    of_means,
    series,
)
from mibench.studies.claims.population import of_mnist, population
from mibench.studies.claims.rules import Check, Floats, discernible, each_layer, every, on_grid
from mibench.studies.results import Results

__all__ = ["CLAIMS"]

_E, _F = f"{PAPER}, appendix E, figure E.13", f"{PAPER}, appendix F"
_MORE_BITS, _SHAPE, _LIKE_BITS, _COINCIDE_BITS = 0.001, 0.8, 1.0, 0.1
_ACCURACY = 0.945  # rounds to 95 %
_NAMES = {"x": "I(X;T)", "y": "I(T;Y)"}
_HOURGLASS_LAYERS, _TWO_LAYERS = (2, 3, 4, 7), (2, 3, 4, 5)  # down to the two units, and the output
_NARROWEST, _EXPANDING = 4, (5, 6)


def _beside_two(results: Results, case: Case) -> list[Floats]:
    """Planes of the case's network and of the one with two units, on one grid, of as many runs: (R, points, L, 2)."""
    settings = (case.setting, sibling(case.setting, TWO))
    planes = on_grid(*(results.plane(setting, case.estimator) for setting in settings))
    runs = min(map(len, planes))
    return [plane[:runs] for plane in planes]


def _visible(results: Results, planes: Iterable[Floats]) -> list[int]:
    """Layers, but the first, that leave the ceiling in each of the planes; from 1."""
    rows, planes = population(results).rows, list(planes)
    layers = range(2, min(plane.shape[2] for plane in planes) + 1)
    return [layer for layer in layers if all(discernible(plane[..., layer - 1, 0], rows) for plane in planes)]


def _holds_more(which: str) -> Check:
    """The check that mean information over log epochs is more than with two units, in every layer that can tell."""

    def check(results: Results, case: Case, rng: np.random.Generator) -> Finding:
        many, two = _beside_two(results, case)
        axis, found = "xy".index(which), {}
        for layer in _visible(results, [two]):
            each = [plane[..., layer - 1, axis].mean(axis=1) for plane in (many, two)]
            gaps = each[0] - each[1]
            detail = f"mean {_NAMES[which]} {each[0].mean():.3f} bits, with two units {each[1].mean():.3f}"
            found[f"T_{layer}"] = judged(gaps.mean(), bootstrap(gaps, rng), _MORE_BITS, "bits", detail)
        return every(found) if found else Finding("undecided", detail="all layers are at their ceiling")

    return check


def _of_a_shape(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    many, two = _beside_two(results, case)

    def correlation(means: Floats) -> Floats:
        centred = means - means.mean(axis=-1, keepdims=True)
        size = np.sqrt((centred**2).sum(axis=-1).prod(axis=-1))
        with np.errstate(invalid="ignore"):  # a curve that does not move has no shape
            return np.asarray(centred.prod(axis=-2).sum(axis=-1) / size)

    found = {}
    for layer in _visible(results, [many, two]):
        for axis, name in enumerate(_NAMES.values()):
            curves = np.stack([plane[..., layer - 1, axis] for plane in (many, two)], axis=1)
            value, interval = of_means(curves, rng, correlation)
            detail = f"mean curves over log epochs correlate by {value:.2f}"
            found[f"{name} of T_{layer}"] = judged(value, interval, _SHAPE, "correlation", detail)
    return every(found) if found else Finding("undecided", detail="no layer leaves its ceiling in both")


def _coincide(which: str) -> Check:
    """The check that at no epoch the mean of an expanding layer is far below that of the two units."""

    def check(results: Results, case: Case, rng: np.random.Generator) -> Finding:
        plane = results.plane(case.setting, case.estimator)
        found = {}
        for layer in _EXPANDING:
            gaps = series(plane, _NARROWEST, which) - series(plane, layer, which)
            most, interval = of_means(gaps, rng, lambda means: np.asarray(means.max(axis=-1)))
            mean = gaps.mean(axis=0)
            detail = (
                f"mean {_NAMES[which]} is up to {most:.3f} bits below that of the two units, in epoch "
                f"{plane.epochs[int(mean.argmax())]}, and {mean[-1]:.3f} in the end"
            )
            found[f"T_{layer}"] = judged(most, interval, _COINCIDE_BITS, "bits", detail, above=False)
        return every(found, most=True)

    return check


def _like_two(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    planes = _beside_two(results, case)
    found = {}
    for layer, other in zip(_HOURGLASS_LAYERS, _TWO_LAYERS, strict=True):
        curves = np.stack([plane[..., at - 1, 0] for plane, at in zip(planes, (layer, other), strict=True)], axis=1)
        value, interval = of_means(curves, rng, lambda means: np.sqrt(((means[:, 0] - means[:, 1]) ** 2).mean(axis=-1)))
        means = curves.mean(axis=(0, 2))
        detail = (
            f"mean I(X;T) over log epochs {means[0]:.2f} bits, with two units {means[1]:.2f}; root mean square "
            f"distance {value:.2f}"
        )
        found[f"T_{layer}"] = judged(value, interval, _LIKE_BITS, "bits", detail, above=False)
    return every(found, most=True)


def _output_compresses(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    last = results.plane(case.setting, case.estimator).information.shape[2]
    return each_layer(compress, [last])(results, case, rng)


def _hidden_trivial(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    last = results.plane(case.setting, case.estimator).information.shape[2]
    return trivials(*range(1, last))(results, case, rng)


def _accurate(*, above: bool) -> Check:
    """The check that the greatest mean test accuracy over epochs is at least, or at most, 94.5 %."""

    def check(results: Results, case: Case, rng: np.random.Generator) -> Finding:
        measures = results.measures(case.setting)
        tests = measures.accuracy[..., 1]
        value, interval = of_means(tests, rng, lambda means: np.asarray(means.max(axis=-1)))
        epoch = measures.epochs[int(tests.mean(axis=0).argmax())]
        detail = f"greatest mean test accuracy {value:.4f}, in epoch {epoch}"
        return judged(value, interval, _ACCURACY, "accuracy", detail, above)

    return check


def _last_accuracies(results: Results, case: Case) -> Floats:
    """Final test accuracies of the case's network and of the one with two units, (R, 2)."""
    settings = (case.setting, sibling(case.setting, TWO))
    many, two = (results.measures(setting).accuracy[:, -1, 1] for setting in settings)
    runs = min(len(many), len(two))
    return np.stack([many[:runs], two[:runs]], axis=1)


def _more_accurate(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    last = _last_accuracies(results, case)
    gains = last[:, 0] - last[:, 1]
    many, two = last.mean(axis=0)
    detail = f"final test accuracy {many:.4f}, with two units {two:.4f}"
    return judged(gains.mean(), bootstrap(gains, rng), MORE, "accuracy", detail)


def _more_alike(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    last = _last_accuracies(results, case)

    def spread(moments: Floats) -> Floats:
        return np.asarray(np.sqrt(np.maximum(moments[:, 1] - moments[:, 0] ** 2, 0.0)))

    moments = np.stack([last, last**2], axis=1)
    value, interval = of_means(moments, rng, lambda means: spread(means) @ np.array([-1.0, 1.0]))
    many, two = spread(moments.mean(axis=0)[None])[0]
    detail = f"standard deviation over runs of the final test accuracy {many:.4f}, with two units {two:.4f}"
    return judged(value, interval, MORE, "accuracy", detail)


_FOUR, _HOURGLASS = both("bottleneck-4"), both("hourglass")
_LARGER = (
    *each_network("bottleneck-4", "4x10", "conv", estimator=""),
    *both("hourglass", "", primary=False),
)
CLAIMS = (
    Claim(
        "L23a",
        "four units hold more of the input than two",
        "With four units before the output information is higher than with two.",
        _E,
        "mean I(X;T) over log epochs is greater than in the layer of the same number of the network with two units, by "
        "0.001 bit with the interval, in each of T_2 to T_5 that is below 99 % of log2 N at some epoch with two.",
        _FOUR,
        _holds_more("x"),
    ),
    Claim(
        "L23b",
        "four units hold more of the label than two",
        "With four units before the output information is higher than with two.",
        _E,
        "mean I(T;Y) over log epochs is greater, as in L23a.",
        _FOUR,
        _holds_more("y"),
    ),
    Claim(
        "L23c",
        "with four units the curves have the shape of those with two",
        "With four units before the output the plane has a shape similar to that with two.",
        _E,
        "mean curves over log epochs of I(X;T) and of I(T;Y) correlate by at least 0.8, with the interval, with those "
        "of two units, in each of T_2 to T_5 that is below 99 % of log2 N at some epoch in both.",
        _FOUR,
        _of_a_shape,
    ),
    Claim(
        "L24a",
        "layers behind the two units keep what those know of the input",
        "In the hourglass the expanding layers, of 4 and 8 units, nearly coincide with the one of two units.",
        _E,
        "at no epoch is mean I(X;T_5) or I(X;T_6) more than 0.1 bit below mean I(X;T_4), with the interval. They "
        "cannot be above: T2.2b.",
        _HOURGLASS,
        _coincide("x"),
    ),
    Claim(
        "L24b",
        "layers behind the two units keep what those know of the label",
        "In the hourglass the expanding layers, of 4 and 8 units, nearly coincide with the one of two units.",
        _E,
        "at no epoch is mean I(T_5;Y) or I(T_6;Y) more than 0.1 bit below mean I(T_4;Y), with the interval.",
        _HOURGLASS,
        _coincide("y"),
    ),
    Claim(
        "L24c",
        "the hourglass is like the network that ends at its two units",
        "The plane of the hourglass is like that of the network with two units before the output.",
        _E,
        "the mean curves of I(X;T) of T_2, T_3, T_4 and the output are, by the root mean square over log epochs, "
        "within 1 bit of those of the other network, with the interval.",
        _HOURGLASS,
        _like_two,
    ),
    Claim(
        "L25a",
        "hidden layers of wide and of convolutional networks are trivial",
        "In the network of four layers of 10 and in the convolutional one all layers but the output are trivial.",
        _E,
        "mean I(X;T) of every hidden layer is at least 99 % of log2 N at every epoch.",
        each_network("4x10", "conv"),
        _hidden_trivial,
    ),
    Claim(
        "L25b",
        "the output of four layers of 10 fits",
        "The output of the network of four layers of 10 has a limited fitting phase.",
        _E,
        f"FIT of T_5: {FIT_RULE}. How limited it is, is told and not judged.",
        both("4x10"),
        fits(5),
    ),
    Claim(
        "L25c",
        "outputs of wide and of convolutional networks compress",
        "The outputs of the network of four layers of 10 and of the convolutional one compress.",
        _E,
        f"COMPRESS of the output layer: {COMPRESS_RULE}.",
        each_network("4x10", "conv"),
        _output_compresses,
    ),
    Claim(
        "L26",
        "other networks come to about 95 %",
        "All networks but the hourglass come to an accuracy of about 95 % or more.",
        _F,
        "the greatest mean test accuracy over epochs is at least 0.945, with the interval.",
        each_network("bottleneck-4", "4x10", "conv", estimator=""),
        of_mnist(_accurate(above=True)),
    ),
    Claim(
        "L26b",
        "the hourglass does not",
        "The hourglass is the one that does not come to 95 %.",
        _F,
        "the greatest mean test accuracy over epochs is at most 0.945, with the interval.",
        both("hourglass", ""),
        of_mnist(_accurate(above=False)),
    ),
    Claim(
        "L27b",
        "more complex networks of images do better",
        "The more complex networks of images are more accurate than the one with two units.",
        _F,
        "mean final test accuracy is above that of the network with two units in the same training, with the interval. "
        "We take those with four units, of four layers of 10 and with convolutions as the more complex ones.",
        _LARGER,
        _more_accurate,
    ),
    Claim(
        "L27c",
        "more complex networks of images vary less",
        "The accuracy of the more complex networks of images varies less from run to run.",
        _F,
        "the standard deviation over runs of the final test accuracy is below that of the network with two units, with "
        "the interval of the difference; the networks are those of L27b.",
        _LARGER,
        _more_alike,
    ),
)
