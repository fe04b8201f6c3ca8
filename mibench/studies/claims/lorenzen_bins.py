# SPDX-License-Identifier: Apache-2.0
"""Claims of Lorenzen, Igel and Nielsen on bins, bit widths and shuffled labels: their appendices A, C, D and F."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.studies.claims.contract import Case, Claim, Finding
from mibench.studies.claims.lorenzen_cases import ACTIVATIONS, BINS, by_activation, floats
from mibench.studies.claims.phases import (
    COMPRESS_BITS,
    COMPRESS_SURE_BITS,
    DPI_BITS,
    TRIVIAL_SHARE,
    bootstrap,
    compress,
    cross_fitted,
    dpi_violation,
    fit,
    judged,
    of_means,
    series,
)
from mibench.studies.claims.rules import (
    ROWS,
    Check,
    Floats,
    beyond_null,
    each_layer,
    every,
    fits,
    label_bits,
    on_grid,
    opposite,
    shared,
    until,
)
from mibench.studies.ib_settings import SETTINGS
from mibench.studies.results import Plane, Results
from mibench.studies.setting import Setting, scaled

__all__ = ["CLAIMS"]

_PAPER = "Lorenzen, Igel, Nielsen (ICLR 2022)"
_HIDDEN, _LATER, _ALL, _OUTPUT = range(1, 6), range(3, 7), range(1, 7), 6
_BITS = float(np.log2(ROWS))
_CLOSE_TO_CEILING_BITS = 11.9
_ACCURACY_COST, _ACCURACY_GAIN = 0.05, 0.05


def _dpi(which: str) -> Check:
    def check(results: Results, case: Case, rng: np.random.Generator) -> Finding:
        return dpi_violation(results.plane(case.setting, case.estimator), which, rng)

    return check


def _grows_with_bins(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    """At no layer and epoch is the mean of a finer plane below a coarser one's, beyond a tolerance."""
    which = 0 if case.labels["axis"] == "I(X;T)" else 1
    planes = [results.plane(case.setting, name) for name in BINS]
    found = {}
    for (coarse, fine), names in zip(pairwise(planes), pairwise(BINS), strict=True):
        epochs, (low, high) = shared(coarse, fine)
        excess = (high - low)[..., which].reshape(len(low), -1)
        least = cross_fitted(excess, lambda mean, runs: runs[:, int(mean.argmin())], rng)
        point, layer = divmod(int(excess.mean(axis=0).argmin()), low.shape[2])
        detail = f"the least mean excess is {excess.mean(axis=0).min():.3f} bits, of T_{layer + 1} in {epochs[point]}"
        found[" to ".join(names)] = judged(least.mean(), bootstrap(least, rng), -DPI_BITS, "bits", detail)
    return every(found)


def _phases_where_visible(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    plane = results.plane(case.setting, case.estimator)
    visible = [layer for layer in _LATER if _discernible(series(plane, layer, "x"))]
    if not visible:
        return Finding("undecided", detail="all layers are at their ceiling at all epochs")
    return each_layer(compress, visible)(results, case, rng)


def _discernible(values: Floats) -> bool:
    return bool(np.nanmin(np.nanmean(values, axis=0)) < TRIVIAL_SHARE * _BITS)


def _tanh_gains_more(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    names = [case.setting.replace("tanh", each) for each in ACTIVATIONS]
    layers = [each - 1 for each in (_ALL if case.labels["layers"] == "all" else (5, 6))]
    gains = []
    for name in names:
        _, (low, high) = shared(*(results.plane(name, each) for each in (BINS[0], BINS[-1])))
        gains.append((high - low)[..., 0][..., layers].mean(axis=(1, 2)))
    runs = min(map(len, gains))
    both = np.stack([each[:runs] for each in gains], axis=1)
    statistic, interval = of_means(both, rng, lambda means: np.asarray(means[:, 0] - means[:, 1]))
    tanh, relu = both.mean(axis=0)
    detail = f"from 30 to 256 bins I(X;T), over layers and epochs, gains {tanh:.2f} bits in tanh, {relu:.2f} in relu"
    return judged(statistic, interval, 0.0, "bits", detail)


def _more(finer: str, coarser: str, layers: Iterable[int], least: float) -> Check:
    """That mean I(X;T) over log epochs is more in one setting than in another, in every layer."""

    def check(results: Results, case: Case, rng: np.random.Generator) -> Finding:
        activation = case.labels["activation"]
        high, low = on_grid(*(results.plane(name.format(activation), "exact") for name in (finer, coarser)))
        runs = min(len(high), len(low))
        gaps = (high[:runs] - low[:runs])[..., 0].mean(axis=1)
        found = {}
        for layer in layers:
            each = gaps[:, layer - 1]
            if least > 0 and not any(_discernible(plane[..., layer - 1, 0]) for plane in (high, low)):
                continue
            detail = f"mean I(X;T) {high[..., layer - 1, 0].mean():.3f} and {low[..., layer - 1, 0].mean():.3f} bits"
            found[f"T_{layer}"] = judged(each.mean(), bootstrap(each, rng), least, "bits", detail)
        return every(found)

    return check


def _more_distinguishable(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    few, many = on_grid(*(results.plane(f"lorenzen-{bits}-tanh", "exact") for bits in ("4bit", "8bit")))
    runs = min(len(few), len(many))

    def excess(means: Floats) -> Floats:
        visible = (means[..., 0].min(axis=2) < TRIVIAL_SHARE * _BITS).sum(axis=-1)
        return np.asarray(visible[:, 0] - visible[:, 1], np.float64)

    both = np.stack([few[:runs], many[:runs]], axis=1)
    statistic, interval = of_means(both, rng, excess)
    counts = (both.mean(axis=0)[..., 0].min(axis=1) < TRIVIAL_SHARE * _BITS).sum(axis=-1)
    detail = f"{counts[0]} layers leave the ceiling with 4 bits, {counts[1]} with 8"
    return judged(statistic, interval, 1.0, "layers", detail)


def _nearer_to_bins(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    activation = case.labels["activation"]
    planes = on_grid(
        results.plane(f"lorenzen-float-{activation}", case.estimator),
        *(results.plane(f"lorenzen-{bits}-{activation}", "exact") for bits in ("4bit", "8bit")),
    )

    def distances(means: Floats) -> Floats:
        squares = ((means[:, 1:] - means[:, :1]) ** 2).sum(axis=-1)
        return np.asarray(np.sqrt(squares.mean(axis=(-2, -1))))

    runs = min(map(len, planes))
    stacked = np.stack([plane[:runs] for plane in planes], axis=1)
    statistic, interval = of_means(stacked, rng, lambda means: distances(means) @ np.array([-1.0, 1.0]))
    four, eight = distances(stacked.mean(axis=0)[None])[0]
    detail = f"root mean square distance to the binned plane: 4 bits {four:.2f}, 8 bits {eight:.2f} bits"
    return judged(statistic, interval, 0.0, "bits", detail)


def _accuracy_cost(results: Results, activation: str) -> tuple[Floats, str]:
    eight, four = (results.measures(f"lorenzen-{bits}-{activation}").accuracy[:, -1, 1] for bits in ("8bit", "4bit"))
    runs = min(len(eight), len(four))
    return eight[:runs] - four[:runs], f"final test accuracy: 4 bits {four.mean():.4f}, 8 bits {eight.mean():.4f}"


def _costs_accuracy(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    cost, detail = _accuracy_cost(results, case.labels["activation"])
    return judged(cost.mean(), bootstrap(cost, rng), 0.0, "accuracy", detail)


def _costs_little(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    cost, detail = _accuracy_cost(results, case.labels["activation"])
    return judged(cost.mean(), bootstrap(cost, rng), _ACCURACY_COST, "accuracy", detail, above=False)


def _falls_slowly(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    activation = case.labels["activation"]
    plain, quantised = (
        results.plane(f"lorenzen-{bits}-{activation}", "exact").information for bits in ("float", "8bit")
    )
    runs = min(len(plain), len(quantised))
    ends = np.stack([each[:runs, -1, :5, 0] / np.log(2) for each in (plain, quantised)], axis=1)
    losses = ends[..., 0] - ends[..., -1]
    statistic, interval = of_means(losses, rng, lambda means: means[:, 0] - 0.5 * means[:, 1])
    detail = (
        f"from T_1 to T_5, in the end, {losses[:, 0].mean():.2f} bits are lost; with 8 bits {losses[:, 1].mean():.2f}"
    )
    return judged(statistic, interval, 0.0, "bits", detail, above=False)


def _never_below_ceiling(values: Floats, epochs: NDArray[Any], rng: np.random.Generator) -> Finding:
    least, interval = of_means(values, rng, lambda means: np.asarray(means.min(axis=-1)))
    epoch = epochs[int(values.mean(axis=0).argmin())]
    return judged(least, interval, _CLOSE_TO_CEILING_BITS, "bits", f"the least mean is {least:.3f}, in epoch {epoch}")


def _prefit(results: Results, case: Case) -> int:
    setting = SETTINGS[case.setting]
    assert isinstance(setting, Setting)
    return scaled(setting, "quick" if results.scale == "quick" else "paper").training.prefit


def _prefit_plane(results: Results, case: Case) -> tuple[Plane, list[int]]:
    """The plane while labels are shuffled, and the layers that are not at their ceiling all that time."""
    plane = results.plane(case.setting, case.estimator)
    if case.labels.get("null") == "subtracted":
        plane = beyond_null(plane)
    plane = until(plane, _prefit(results, case))
    return plane, [layer for layer in _ALL if _discernible(series(plane, layer, "x"))]


def _gains(plane: Plane, layer: int, which: str) -> Floats:
    values = series(plane, layer, which)
    return np.asarray(values[:, -1] - values[:, 0])


def _rises_in_prefit(which: str, layers: Iterable[int], threshold: float, sure: float) -> Check:
    def check(results: Results, case: Case, rng: np.random.Generator) -> Finding:
        plane, visible = _prefit_plane(results, case)
        found = {}
        for layer in [each for each in visible if each in layers]:
            gains, values = _gains(plane, layer, which), series(plane, layer, which)
            detail = f"from {values[:, 0].mean():.3f} to {values[:, -1].mean():.3f} bits in epoch {plane.epochs[-1]}"
            found[f"T_{layer}"] = judged(gains.mean(), bootstrap(gains, rng), threshold, "bits", detail, sure=sure)
        return every(found) if found else Finding("undecided", detail="all layers are at their ceiling")

    return check


def _most_in_relu(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    gains = []
    for activation in ACTIVATIONS:
        plane, _ = _prefit_plane(results, replace(case, setting=f"lorenzen-prefit-{activation}"))
        gains.append(np.mean([_gains(plane, layer, "y") for layer in _HIDDEN], axis=0))
    runs = min(map(len, gains))
    both = np.stack([each[:runs] for each in gains], axis=1)
    statistic, interval = of_means(both, rng, lambda means: np.asarray(means[:, 1] - means[:, 0]))
    tanh, relu = both.mean(axis=0)
    return judged(statistic, interval, 0.0, "bits", f"hidden layers gain {relu:.3f} bits in relu, {tanh:.3f} in tanh")


def _output_stays(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    plane, _ = _prefit_plane(results, case)
    return opposite(fit(series(plane, _OUTPUT, "y"), label_bits(), rng))


def _accuracy_stays(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    measures = results.measures(case.setting)
    end = int(np.flatnonzero(measures.epochs <= _prefit(results, case))[-1])
    accuracy = measures.accuracy[..., 1]
    gains = accuracy[:, end] - accuracy[:, 0]
    detail = f"test accuracy goes from {accuracy[:, 0].mean():.3f} to {accuracy[:, end].mean():.3f} on true labels"
    return judged(gains.mean(), bootstrap(gains, rng), _ACCURACY_GAIN, "accuracy", detail, above=False)


def _with_null(cases: Iterable[Case]) -> tuple[Case, ...]:
    """Each case as it is, and with the null subtracted, which is no primary one."""
    found = []
    for case in cases:
        found.append(replace(case, labels={**case.labels, "null": "in"}))
        found.append(replace(case, primary=False, labels={**case.labels, "null": "subtracted"}))
    return tuple(found)


_FLOAT_TANH = floats("tanh", (BINS[0],))
_DPI = (
    *floats("relu", (BINS[0],)),
    *floats("tanh", ()),
    *(replace(each, primary=False) for each in by_activation("lorenzen-8bit-{}", "exact")),
)
_PREFIT = by_activation("lorenzen-prefit-{}", "exact")
_A, _C, _D = (f"{_PAPER}, appendix {each}" for each in ("A, figures A.5 and A.6", "C, figures C.10, C.11", "D, D.12"))
_COMPRESSES = "COMPRESS (mean I(X;T) falls from its peak by at least 0.1 bit and 2 %, surely by 0.05; see L2)"

CLAIMS = (
    Claim(
        "L14a",
        "in 30 bins tanh layers fit",
        "With 30 bins every tanh layer that is not at its ceiling has a fitting phase.",
        _A,
        "FIT (mean I(T;Y) gains at least 5 % of H(Y), surely more than 0) of each of T_3 to T_6.",
        _FLOAT_TANH,
        each_layer(fits, _LATER, "y"),
    ),
    Claim(
        "L14b",
        "in 30 bins tanh layers compress",
        "With 30 bins every tanh layer that is not at its ceiling has a compression phase.",
        _A,
        f"{_COMPRESSES} of each of T_3 to T_6.",
        _FLOAT_TANH,
        each_layer(compress, _LATER),
    ),
    Claim(
        "L15",
        "more bins, more information",
        "I(X;T) and I(T;Y) grow with the number of bins, in every layer and at every epoch.",
        _A,
        "from 30 to 100 and from 100 to 256 bins no layer's mean falls by more than 0.02 bit at any epoch (which, "
        "chosen on half of the runs, measured on the others).",
        tuple(
            Case(each.setting, "", True, {**each.labels, "axis": axis})
            for each in by_activation("lorenzen-float-{}")
            for axis in ("I(X;T)", "I(T;Y)")
        ),
        _grows_with_bins,
    ),
    Claim(
        "L15b",
        "more bins leave the phases",
        "With more bins tanh layers still compress, where they can be told from the ceiling.",
        _A,
        f"{_COMPRESSES} of each of T_3 to T_6 whose mean is below 99 % of 12 bits at some epoch, for 100 and 256 bins.",
        tuple(case for case in floats("tanh", BINS[1:]) if case.estimator in BINS[1:]),
        _phases_where_visible,
    ),
    Claim(
        "L16",
        "in 100 bins no hidden relu layer compresses",
        "With 100 bins relu networks show no compression in hidden layers.",
        _A,
        f"in none of T_1 to T_5 {_COMPRESSES}.",
        floats("relu", (BINS[1],)),
        each_layer(compress, _HIDDEN, negated=True),
    ),
    Claim(
        "L17",
        "30 bins of relu networks violate the processing inequality",
        "With 30 bins I(X;T) of relu networks is not monotone in depth.",
        _A,
        "at some epoch a layer's mean I(X;T) is at least 0.02 bit above that of a layer before it, with an interval "
        "above 0; where, is chosen on half of the runs and tested on the others.",
        _DPI,
        _dpi("x"),
    ),
    Claim(
        "L17b",
        "so does what they tell of the label",
        "With 30 bins I(T;Y) of relu networks is not monotone in depth.",
        _A,
        "at some epoch a layer's mean I(T;Y) is at least 0.02 bit above that of a layer before it; tested as L17.",
        _DPI,
        _dpi("y"),
    ),
    Claim(
        "L18",
        "bins matter less for relu",
        "What more bins add is less for relu than for tanh.",
        _A,
        "I(X;T) of 256 less that of 30 bins, mean over layers and epochs, is greater for tanh, with the interval; also "
        "of T_5 and T_6 alone, which are far from their ceiling.",
        tuple(
            Case("lorenzen-float-tanh", "", layers == "all", {"activation": "tanh, relu", "layers": layers})
            for layers in ("all", "T_5, T_6")
        ),
        _tanh_gains_more,
    ),
    Claim(
        "L19a",
        "4 bits hold less than 8",
        "Information is less with 4 bits than with 8, in every layer.",
        _C,
        "mean I(X;T) over log epochs is greater with 8 bits, by 0.001 bit with the interval, in each layer that is not "
        "at 99 % of 12 bits all the time with both.",
        by_activation("lorenzen-4bit-{}", "exact"),
        _more("lorenzen-8bit-{}", "lorenzen-4bit-{}", _ALL, 0.001),
    ),
    Claim(
        "L19b",
        "4 bits tell more tanh layers apart",
        "With 4 bits more tanh layers can be told from the ceiling.",
        _C,
        "more layers have a mean I(X;T) below 99 % of 12 bits at some epoch with 4 bits than with 8.",
        by_activation("lorenzen-4bit-{}", "exact", ("tanh",)),
        _more_distinguishable,
    ),
    Claim(
        "L19c",
        "4-bit planes look like binned ones",
        "Planes with 4 bits are like those of bins.",
        _C,
        "the mean plane of 30 bins is nearer (root mean square over layers and log epochs) to that of 4 bits than to "
        "that of 8.",
        by_activation("lorenzen-float-{}", BINS[0]),
        _nearer_to_bins,
    ),
    Claim(
        "L19d",
        "4 bits cost accuracy",
        "Networks with 4 bits are slightly less accurate.",
        f"{_PAPER}, appendices C and F",
        "mean final test accuracy is less with 4 bits than with 8, with the interval of the difference.",
        by_activation("lorenzen-4bit-{}"),
        _costs_accuracy,
    ),
    Claim(
        "L20a",
        "32 bits hold more than 8",
        "With 32 bits information is higher.",
        _C,
        "mean I(X;T) over log epochs is not less in any layer with 32 bits than with 8, with the interval.",
        by_activation("lorenzen-float-{}", "exact"),
        _more("lorenzen-float-{}", "lorenzen-8bit-{}", _ALL, 0.0),
    ),
    Claim(
        "L20b",
        "with 32 bits information falls slowly through depth",
        "With 32 bits layers lose little from one to the next.",
        _C,
        "from T_1 to T_5, at the last epoch, at most half of what is lost with 8 bits is lost.",
        by_activation("lorenzen-float-{}", "exact"),
        _falls_slowly,
    ),
    Claim(
        "L20c",
        "with 32 bits tanh layers stay at the ceiling",
        "With 32 bits I(X;T) of tanh layers is close to 12 bits.",
        _C,
        "the least mean over epochs of I(X;T_1) to I(X;T_5) is at least 11.9 bits.",
        by_activation("lorenzen-float-{}", "exact", ("tanh",)),
        each_layer(_never_below_ceiling, _HIDDEN),
    ),
    Claim(
        "L21a",
        "shuffled labels raise I(X;T)",
        "While a network learns shuffled labels, I(X;T) rises in layers that can be told from the ceiling.",
        _D,
        "in each layer below 99 % of 12 bits at some epoch of these, mean I(X;T) gains 0.1 bit, surely 0.05.",
        _PREFIT,
        _rises_in_prefit("x", _ALL, COMPRESS_BITS, COMPRESS_SURE_BITS),
    ),
    Claim(
        "L21b",
        "shuffled labels raise I(T;Y) of hidden layers",
        "While a network learns shuffled labels, hidden layers gain information about the true ones.",
        _D,
        "in each hidden layer below 99 % of 12 bits at some epoch of these, mean I(T;Y) gains at least 0.001 bit, with "
        "an interval above 0; with the null subtracted, what permuted labels would show as well is no gain.",
        _with_null(_PREFIT),
        _rises_in_prefit("y", _HIDDEN, 0.001, 0.0),
    ),
    Claim(
        "L21c",
        "shuffled labels raise I(T;Y) most in relu networks",
        "That gain is greatest in relu networks.",
        _D,
        "the mean gain of I(T;Y) over hidden layers is greater for relu than for tanh, with the interval.",
        _with_null(by_activation("lorenzen-prefit-{}", "exact", ("relu",))),
        _most_in_relu,
    ),
    Claim(
        "L22",
        "shuffled labels teach nothing of the true ones",
        "While a network learns shuffled labels, its accuracy on true labels does not rise.",
        _D,
        "mean test accuracy gains at most 0.05, with the interval.",
        by_activation("lorenzen-prefit-{}"),
        _accuracy_stays,
    ),
    Claim(
        "L22b",
        "shuffled labels leave I(T;Y) of the output",
        "While a network learns shuffled labels, the output layer gains no information about the true ones.",
        _D,
        "no FIT of T_6 while labels are shuffled: mean I(T_6;Y) gains less than 5 % of H(Y).",
        _with_null(_PREFIT),
        _output_stays,
    ),
    Claim(
        "L27",
        "4 bits cost little accuracy",
        "Networks with 4 bits lose only little accuracy.",
        f"{_PAPER}, appendix F",
        "mean final test accuracy with 4 bits is at most 0.05 below that with 8, with the interval.",
        by_activation("lorenzen-4bit-{}"),
        _costs_little,
    ),
)
