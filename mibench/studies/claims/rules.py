# SPDX-License-Identifier: Apache-2.0
"""How claims are put together: a test over layers, its opposite, planes brought to the same runs and epochs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from math import log, log2
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.datasets import ib12
from mibench.studies.claims.contract import Case, Finding, Verdict, Wanted
from mibench.studies.claims.phases import TRIVIAL_SHARE, fit, judged, of_means, series
from mibench.studies.results import MissingResult, Plane, Results

__all__ = [
    "ROWS",
    "Check",
    "Floats",
    "Test",
    "beyond_null",
    "discernible",
    "distances",
    "each_layer",
    "every",
    "fits",
    "label_bits",
    "never_below",
    "on_grid",
    "opposite",
    "shared",
    "until",
]

Floats = NDArray[np.float64]
Check = Callable[[Results, Case, np.random.Generator], Finding]
Test = Callable[[Floats, NDArray[Any], np.random.Generator], Finding]

ROWS = 4096
_TURNED: Mapping[Wanted, Wanted] = {"at least": "at most", "at most": "at least", "": ""}
_OPPOSITE: Mapping[Verdict, Verdict] = {"holds": "fails", "fails": "holds", "undecided": "undecided"}
_WORST: Sequence[Verdict] = ("fails", "undecided", "holds")
_GRID = 60


@cache
def label_bits() -> float:
    """H(Y) of the 12-bit set, in bits."""
    shares = np.bincount(ib12.labels()) / ROWS
    return -sum(float(share) * log2(share) for share in shares)


def fits(values: Floats, epochs: NDArray[Any], rng: np.random.Generator) -> Finding:
    """`mibench.studies.claims.phases.fit` of the 12-bit set's labels."""
    del epochs
    return fit(values, label_bits(), rng)


def opposite(finding: Finding) -> Finding:
    """That what was tested is not so."""
    return replace(finding, verdict=_OPPOSITE[finding.verdict], wanted=_TURNED[finding.wanted])


def every(findings: Mapping[str, Finding], *, most: bool = False) -> Finding:
    """That all hold: the one that is furthest from it, told with the verdicts of all.

    Parameters
    ----------
    findings : mapping
        By what they are of, such as ``T_1``.
    most : bool
        Among equal verdicts take the greatest statistic, not the least.
    """

    def badness(name: str) -> tuple[int, float]:
        finding = findings[name]
        return _WORST.index(finding.verdict), -finding.statistic if most else finding.statistic

    name = min(findings, key=badness)
    detail = findings[name].detail
    if len(findings) > 1:
        verdicts = Counter(finding.verdict for finding in findings.values())
        told = "; ".join(
            f"{verdict} in all" if len(verdicts) == 1 else f"{verdict} in {_names(findings, verdict)}"
            for verdict in reversed(_WORST)
            if verdict in verdicts
        )
        detail = f"{name}: {detail}; {told}"
    return replace(findings[name], detail=detail)


def _names(findings: Mapping[str, Finding], verdict: Verdict) -> str:
    return ", ".join(name for name, finding in findings.items() if finding.verdict == verdict)


def each_layer(
    test: Test, layers: Iterable[int], which: str = "x", *, negated: bool = False, most: bool = False
) -> Check:
    """The check that a test holds (or, `negated`, its opposite) of every one of some layers of the case's plane.

    Of a test that wants little, `most` tells of the layer that has the most, as `every`.
    """

    def check(results: Results, case: Case, rng: np.random.Generator) -> Finding:
        plane = results.plane(case.setting, case.estimator)
        found = {f"T_{layer}": test(series(plane, layer, which), plane.epochs, rng) for layer in layers}
        return every({name: opposite(each) if negated else each for name, each in found.items()}, most=negated or most)

    return check


def beyond_null(plane: Plane) -> Plane:
    """The plane with I(T;Y) less its mean under permuted labels.

    Raises
    ------
    MissingResult
        If the plane's estimator has no such mean.
    """
    if plane.null is None:
        raise MissingResult(f"{plane.estimator} has no information under permuted labels")
    information = plane.information.copy()
    information[..., 1] -= plane.null
    return replace(plane, information=information)


def until(plane: Plane, epoch: int) -> Plane:
    """The plane up to an epoch, it included; without its null and errors."""
    kept = plane.epochs <= epoch
    return Plane(plane.estimator, plane.epochs[kept], plane.runs, plane.information[:, kept])


def never_below(threshold: float) -> Test:
    """That the least mean over epochs is not below a threshold, in bits."""

    def test(values: Floats, epochs: NDArray[Any], rng: np.random.Generator) -> Finding:
        least, interval = of_means(values, rng, lambda means: np.asarray(means.min(axis=-1)))
        epoch = epochs[int(values.mean(axis=0).argmin())]
        return judged(least, interval, threshold, "bits", f"the least mean is {least:.3f} bits, in epoch {epoch}")

    return test


def discernible(values: Floats, rows: int = ROWS) -> bool:
    """Whether a layer's mean I(X;T), of shape (R, E) in bits, is ever below 99 % of log2 of the number of rows."""
    return bool(np.nanmin(np.nanmean(values, axis=0)) < TRIVIAL_SHARE * log2(rows))


def distances(means: Floats) -> Floats:
    """Of mean planes, shape (K, planes, points, L, 2), those of all others to the first, (K, planes - 1).

    Root mean squares over epochs and layers.
    """
    squares = ((means[:, 1:] - means[:, :1]) ** 2).sum(axis=-1)
    return np.asarray(np.sqrt(squares.mean(axis=(-2, -1))))


def shared(*planes: Plane) -> tuple[NDArray[np.int64], list[Floats]]:
    """The epochs that all planes have, and each plane there, of the runs that all have, in bits, (R, E, L, 2)."""
    epochs, runs = planes[0].epochs, planes[0].runs
    for plane in planes[1:]:
        epochs, runs = np.intersect1d(epochs, plane.epochs), np.intersect1d(runs, plane.runs)
    found = [
        plane.information[np.ix_(np.searchsorted(plane.runs, runs), np.searchsorted(plane.epochs, epochs))] / log(2)
        for plane in planes
    ]
    return epochs, found


def on_grid(*planes: Plane, points: int = _GRID) -> list[Floats]:
    """Planes at the same epochs, in equal steps of log(1 + epoch), of their first runs, in bits, (R, points, L, 2)."""
    ends = [(plane.epochs[0], plane.epochs[-1]) for plane in planes]
    low, high = max(first for first, _ in ends), min(last for _, last in ends)
    grid = np.linspace(np.log1p(low), np.log1p(high), points)
    runs = min(len(plane.runs) for plane in planes)
    found = []
    for plane in planes:
        at = np.log1p(plane.epochs.astype(np.float64))
        right = np.clip(np.searchsorted(at, grid), 1, len(at) - 1)
        share = np.clip((grid - at[right - 1]) / (at[right] - at[right - 1]), 0, 1)[:, None, None]
        bits = plane.information[:runs] / log(2)
        found.append((1 - share) * bits[:, right - 1] + share * bits[:, right])
    return found
