# SPDX-License-Identifier: Apache-2.0
"""Claims of Lorenzen, Igel and Nielsen on binned planes, and on exact ones beside them: their appendix A."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from mibench.studies.claims.contract import Case, Claim, Finding
from mibench.studies.claims.lorenzen_cases import ACTIVATIONS, BINS, PAPER, by_activation, floats
from mibench.studies.claims.phases import (
    DPI_BITS,
    bootstrap,
    compress,
    cross_fitted,
    dpi_violation,
    judged,
    of_means,
    series,
)
from mibench.studies.claims.rules import Check, Floats, discernible, distances, each_layer, every, fits, on_grid, shared
from mibench.studies.results import Results

__all__ = ["CLAIMS"]

_SECTION_41, _A = f"{PAPER}, section 4.1", f"{PAPER}, appendix A, figures A.5 and A.6"
_HIDDEN, _LATER, _ALL = range(1, 6), range(3, 7), range(1, 7)
_COMPRESSES = "COMPRESS (mean I(X;T) falls from its peak by at least 0.1 bit and 2 %, surely by 0.05; see L2)"


def _nearest_to_256(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    binned = case.setting.replace("8bit", "float")
    planes = on_grid(*(results.plane(case.setting, "exact"), *(results.plane(binned, name) for name in BINS)))
    at = np.stack([plane.mean(axis=0) for plane in planes])

    def advantage(means: Floats) -> Floats:
        found = distances(means)
        return np.asarray(found[:, :2].min(axis=1) - found[:, 2])

    runs = min(map(len, planes))
    statistic, interval = of_means(np.stack([plane[:runs] for plane in planes], axis=1), rng, advantage)
    told = ", ".join(f"{name} {each:.2f}" for name, each in zip(BINS, distances(at[None])[0], strict=True))
    return judged(statistic, interval, 0.0, "bits", f"root mean square distance of mean planes in bits: {told}")


def _above_binned(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    exact, binned = on_grid(
        results.plane(f"lorenzen-8bit-{case.labels['activation']}", "exact"),
        results.plane(case.setting, case.estimator),
    )
    excess = (exact - binned)[..., 0]
    statistic, interval = of_means(excess.mean(axis=(1, 2)), rng, lambda means: means)
    share = float(np.mean(excess.mean(axis=0) >= 0))
    detail = (
        f"I(X;T) is {statistic:.2f} bits above that in bins, mean over layers and log epochs; "
        f"it is not below at {share:.0%} of them"
    )
    return judged(statistic, interval, 0.0, "bits", detail)


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
        gain = excess.mean(axis=0).min()
        detail = f"the least mean gain is {gain:.3f} bits, of T_{layer + 1} in epoch {epochs[point]}"
        found[" to ".join(names)] = judged(least.mean(), bootstrap(least, rng), -DPI_BITS, "bits", detail)
    return every(found)


def _phases_where_visible(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    plane = results.plane(case.setting, case.estimator)
    visible = [layer for layer in _LATER if discernible(series(plane, layer, "x"))]
    if not visible:
        return Finding("undecided", detail="all layers are at their ceiling at all epochs")
    return each_layer(compress, visible)(results, case, rng)


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


_FAN_OUT = {"activation": "tanh", "mode": "float32", "init": "fan-out"}
_FLOAT_TANH = (
    *floats("tanh", (BINS[0],)),
    *(
        Case("lorenzen-float-tanh-fan-out", estimator, False, {**_FAN_OUT, "estimator": estimator})
        for estimator in (BINS[0], "exact")
    ),
)
_DPI = (
    *floats("relu", (BINS[0],)),
    *floats("tanh", ()),
    *(replace(each, primary=False) for each in by_activation("lorenzen-8bit-{}", "exact")),
)


CLAIMS = (
    Claim(
        "L5",
        "the exact tanh plane looks like the one of 256 bins",
        "The plane of the 8-bit tanh network is like that of an unquantised one in 256 bins.",
        f"{_SECTION_41} and appendix A, figures 2 and A.5",
        "the root mean square distance of mean trajectories, at equal steps of log epochs, over all layers, is less to "
        "the plane of 256 bins than to those of 30 and of 100.",
        tuple(
            Case(f"lorenzen-8bit-{each}", "exact", each == "tanh", {"activation": each, "estimator": "exact"})
            for each in ACTIVATIONS
        ),
        _nearest_to_256,
    ),
    Claim(
        "L7",
        "quantised networks have more information than binned ones",
        "I(X;T) of quantised networks is slightly above that of unquantised ones in 256 bins.",
        f"{_SECTION_41} and appendix A",
        "I(X;T) of the 8-bit networks less that of bins in unquantised ones, its mean over layers and log epochs, is "
        "above 0 with its interval. How slight it is, is told and not judged.",
        tuple(
            Case(each.setting, each.estimator, each.primary, each.labels)
            for activation in ACTIVATIONS
            for each in floats(activation, primary=("bins[n=256]",))
            if each.estimator in BINS
        ),
        _above_binned,
    ),
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
        "from 30 to 100 and from 100 to 256 bins no layer's mean falls by more than 0.02 bit at any epoch (which "
        "epoch and layer is chosen on half of the runs, the fall measured on the others).",
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
        "in 30 bins of relu networks a layer can tell more of the label than one before it",
        "With 30 bins I(T;Y) of relu networks is not monotone in depth.",
        _A,
        "at some epoch a layer's mean I(T;Y) is at least 0.02 bit above that of a layer before it; tested as L17. "
        "Written after a first look.",
        _DPI,
        _dpi("y"),
    ),
    Claim(
        "L18",
        "bins matter less for relu",
        "What more bins add to I(X;T) is less in relu than in tanh networks.",
        _A,
        "I(X;T) of 256 less that of 30 bins, mean over layers and epochs, is greater for tanh, with the interval; also "
        "of T_5 and T_6 alone, which are far from their ceiling.",
        tuple(
            Case("lorenzen-float-tanh", "", layers == "all", {"activation": "tanh, relu", "layers": layers})
            for layers in ("all", "T_5, T_6")
        ),
        _tanh_gains_more,
    ),
)
