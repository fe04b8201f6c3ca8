# SPDX-License-Identifier: Apache-2.0
"""Claims of Goldfeld et al. that compression is clustering, and on bins as a measure of it."""

from __future__ import annotations

from math import log

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from mibench.studies.claims.contract import Case, Claim, Finding, Verdict
from mibench.studies.claims.goldfeld_cases import DETERMINISTIC, GOLDFELD, WIDTHS, noisy
from mibench.studies.claims.phases import bootstrap, compress, judged, of_means, series
from mibench.studies.claims.rules import Floats, every, shared
from mibench.studies.results import Results

__all__ = ["CLAIMS"]

_AFTER = 500  # epochs, from which layers compress
_STRONG, _HIGH = 0.8, 0.9
_DEPENDS_BITS = 1.0
_LEAST = 4  # epochs of which a correlation is taken
_BINS = ("1", "1.4", "2", "5", "10", "40")
_PUBLISHED = "1.4"


def _beside(results: Results, case: Case, name: str, after: int) -> tuple[Floats, Floats]:
    """I(X;T) of hidden layers, (R, E, H), in bits, and an array of the clustering analysis, at the epochs of both."""
    plane, analysis = results.plane(case.setting, case.estimator), results.analysis(case.setting, "clustering")
    epochs = np.intersect1d(plane.epochs, analysis["epochs"])
    epochs = epochs[epochs > after]
    hidden = analysis["within"].shape[2]
    bits = plane.information[:, :, :hidden, 0][:, np.searchsorted(plane.epochs, epochs)] / log(2)
    return bits, analysis[name][plane.runs][:, np.searchsorted(analysis["epochs"], epochs)]


def correlations(one: Floats, two: Floats) -> Floats:
    """Of curves of shape (R, E), run by run; 0 where one does not move, NaN of fewer than 4 epochs."""
    if one.shape[1] < _LEAST:
        return np.full(len(one), np.nan)
    one, two = (each - each.mean(axis=1, keepdims=True) for each in (one, two))
    scale = np.sqrt((one**2).sum(axis=1) * (two**2).sum(axis=1))
    return np.asarray(np.divide((one * two).sum(axis=1), scale, out=np.zeros(len(one)), where=scale > 0))


def _ranks(values: Floats) -> NDArray[np.float64]:
    return np.asarray(rankdata(values, axis=1), np.float64)


def _clusters(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    name, sign = {"distance within classes": ("within", 1), "saturated units": ("saturated", -1)}[case.labels["with"]]
    bits, other = _beside(results, case, name, int(case.labels["after epoch"]))
    found = sign * correlations(bits[:, :, 4], other[:, :, 4])
    told = ", ".join(f"{sign * each:.2f}" for each in found)
    detail = f"correlation of I(X;T_5) in single runs {told}, of {bits.shape[1]} epochs"
    return judged(found.mean(), bootstrap(found, rng), _STRONG, "correlation", detail)


def _like_bins(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    bits, binned = _beside(results, case, f"entropy_{case.labels['values']}", -1)
    width = _BINS.index(case.labels["bins"])
    found = {}
    for layer in (4, 5):
        one, two = bits[:, :, layer - 1], binned[:, :, layer - 1, width]
        for kind, values in (
            ("Pearson", correlations(one, two)),
            ("Spearman", correlations(_ranks(one), _ranks(two))),
        ):
            detail = (
                f"{kind} {values.mean():.2f} over {bits.shape[1]} epochs, in single runs {values.min():.2f} or more"
            )
            found[f"T_{layer} {kind}"] = judged(values.mean(), bootstrap(values, rng), _HIGH, "correlation", detail)
    return every(found)


def _by_width(results: Results, case: Case) -> tuple[NDArray[np.int64], list[Floats]]:
    return shared(*(results.plane(case.setting, f"bins[width={width}]") for width in WIDTHS))


def _depends(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    _, planes = _by_width(results, case)
    bits = np.stack([plane[:, :, :5, 0].mean(axis=(1, 2)) for plane in planes], axis=1)  # (R, widths)
    statistic, interval = of_means(bits, rng, lambda means: np.asarray(np.ptp(means, axis=-1)))
    told = ", ".join(f"{width}: {mean:.2f}" for width, mean in zip(WIDTHS, bits.mean(axis=0), strict=True))
    detail = f"I(X;Bin(T)) in bits, mean over hidden layers and epochs, by width of bins {told}"
    return judged(statistic, interval, _DEPENDS_BITS, "bits", detail)


def _compresses_by_width(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    layer = int(case.labels["layer"][2:])
    found = {}
    for width in WIDTHS:
        plane = results.plane(case.setting, f"bins[width={width}]")
        found[width] = compress(series(plane, layer, "x"), plane.epochs, rng)
    verdicts = {each.verdict for each in found.values()}
    falls = [each.statistic for each in found.values()]
    told = ", ".join(f"{width}: {each.statistic:.2f} bits ({each.verdict})" for width, each in found.items())
    decided = {"holds", "fails"} <= verdicts
    verdict: Verdict = "holds" if decided else "undecided" if "undecided" in verdicts else "fails"
    return Finding(verdict, max(falls) - min(falls), "bits", None, f"COMPRESS of T_{layer} by width of bins {told}")


def _clustering_cases() -> tuple[Case, ...]:
    return tuple(
        Case(each.setting, each.estimator, each.primary and after == str(_AFTER), {**each.labels, **labels})
        for after in (str(_AFTER), "0")
        for what in ("distance within classes", "saturated units")
        for labels in ({"with": what, "after epoch": after},)
        for each in noisy()
    )


def _bin_cases() -> tuple[Case, ...]:
    """Bins as wide as the published ones, 1.4 times the noise, are primary."""
    return tuple(
        Case(each.setting, each.estimator, each.primary and values == "noisy" and width == _PUBLISHED, labels)
        for width in _BINS
        for values in ("noisy", "clean")
        for each in noisy()
        for labels in ({**each.labels, "bins": width, "values": values},)
    )


CLAIMS = (
    Claim(
        "G4",
        "compression is clustering",
        "I(X;T_5) falls as values of one class come together in the saturated corners.",
        f"{GOLDFELD}, section 5, figure 5",
        "over epochs after 500 I(X;T_5) correlates with the mean distance of noisy values within classes at 0.8 or "
        "more, and with the share of units beyond 0.99 at -0.8 or less; mean over runs with the interval. Two curves "
        "that both fall correlate whatever the cause: all epochs, in which I(X;T_5) goes up and down, stand beside it.",
        _clustering_cases(),
        _clusters,
    ),
    Claim(
        "G7",
        "binned entropy measures clustering as I(X;T) does",
        "The entropy of values in bins in proportion to the noise goes along with I(X;T).",
        f"{GOLDFELD}, section 5",
        "over all epochs Pearson's and Spearman's correlation of I(X;T) and the entropy of floor(t / width), of T_4 "
        "and of T_5, is at least 0.9, mean over runs with the interval; primary are noisy values and bins as wide as "
        "1.4 standard deviations of the noise, as in the published code. Changed after a first look: widths of 1 and 2 "
        "were primary.",
        _bin_cases(),
        _like_bins,
    ),
    Claim(
        "G8",
        "binned I(X;T) is what its bins make it",
        "In deterministic networks I(X;Bin(T)) depends strongly on the width of the bins.",
        f"{GOLDFELD}, section 1, figure 1",
        "mean I(X;Bin(T)) over hidden layers and epochs differs between widths from 0.0001 to 0.5 by at least 1 bit, "
        "with the interval.",
        (Case(DETERMINISTIC, "", True, {"layers": "T_1 to T_5"}),),
        _depends,
    ),
    Claim(
        "G8b",
        "bins decide whether T_5 compresses",
        "In deterministic networks it is the width of bins by which a layer seems to compress or not.",
        f"ours, after {GOLDFELD}, section 1, figure 1",
        "COMPRESS of T_5 holds for one width of bins and fails for another. Written after a first look.",
        tuple(Case(DETERMINISTIC, "", layer == 5, {"layer": f"T_{layer}"}) for layer in range(1, 7)),
        _compresses_by_width,
    ),
)
