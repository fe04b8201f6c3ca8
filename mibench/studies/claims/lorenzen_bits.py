# SPDX-License-Identifier: Apache-2.0
"""Claims of Lorenzen, Igel and Nielsen on 4, 8 and 32 bits: their appendices C and F."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from mibench.studies.claims.contract import Case, Claim, Finding
from mibench.studies.claims.lorenzen_cases import BINS, PAPER, by_activation
from mibench.studies.claims.phases import TRIVIAL_SHARE, apart, bootstrap, judged, of_means
from mibench.studies.claims.rules import (
    ROWS,
    Check,
    Floats,
    discernible,
    distances,
    each_layer,
    every,
    never_below,
    on_grid,
)
from mibench.studies.results import Results

__all__ = ["CLAIMS"]

_C = f"{PAPER}, appendix C, figures C.10, C.11"
_HIDDEN, _ALL = range(1, 6), range(1, 7)
_BITS = float(np.log2(ROWS))
_CLOSE_TO_CEILING_BITS = 11.9
_ACCURACY, _ACCURACY_COST = 0.02, 0.05


def _similar_accuracy(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    quantised = results.measures(case.setting).accuracy[:, -1, 1]
    plain = results.measures(case.setting.replace("8bit", "float")).accuracy[:, -1, 1]
    runs = min(len(quantised), len(plain))
    gaps = quantised[:runs] - plain[:runs]
    gap, interval = apart(gaps.mean(), bootstrap(gaps, rng))
    detail = f"final test accuracy {quantised.mean():.4f}, without a quantiser {plain.mean():.4f}"
    return judged(gap, interval, _ACCURACY, "accuracy", detail, above=False)


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
            if least > 0 and not any(discernible(plane[..., layer - 1, 0]) for plane in (high, low)):
                continue  # neither leaves the ceiling
            detail = f"mean I(X;T) {high[..., layer - 1, 0].mean():.3f} and {low[..., layer - 1, 0].mean():.3f} bits"
            found[f"T_{layer}"] = judged(each.mean(), bootstrap(each, rng), least, "bits", detail)
        return every(found) if found else Finding("undecided", detail="all layers are at their ceiling")

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


CLAIMS = (
    Claim(
        "L8",
        "8 bits cost no accuracy",
        "Accuracies of quantised networks are like those of others.",
        f"{PAPER}, appendix F",
        "mean final test accuracies with 8 bits and without a quantiser differ by at most 0.02.",
        by_activation("lorenzen-8bit-{}"),
        _similar_accuracy,
    ),
    Claim(
        "L19a",
        "4 bits hold less than 8",
        "Information is less with 4 bits than with 8, in every layer.",
        _C,
        "mean I(X;T) over log epochs is greater with 8 bits, by 0.001 bit with the interval, in each layer that is not "
        "at 99 % of 12 bits all the time with both. Changed after a first look: it was of every layer.",
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
        f"{PAPER}, appendices C and F",
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
        each_layer(never_below(_CLOSE_TO_CEILING_BITS), _HIDDEN),
    ),
    Claim(
        "L27",
        "4 bits cost little accuracy",
        "Networks with 4 bits lose only little accuracy.",
        f"{PAPER}, appendix F",
        "mean final test accuracy with 4 bits is at most 0.05 below that with 8, with the interval.",
        by_activation("lorenzen-4bit-{}"),
        _costs_little,
    ),
)
