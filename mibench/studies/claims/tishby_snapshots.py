# SPDX-License-Identifier: Apache-2.0
"""Claims of Shwartz-Ziv and Tishby on where layers stand at first, at epochs 400 and 9000 (figure 2).

Cases that take from I(T;Y) its mean under permuted labels tell what of it any labels would show: a layer whose bins
tell almost all patterns apart has I(T;Y) near H(Y) whatever they are.
"""

from __future__ import annotations

from math import log2

import numpy as np

from mibench.studies.claims.contract import Case, Claim, Finding
from mibench.studies.claims.phases import (
    COMPRESS_BITS,
    COMPRESS_SURE_BITS,
    FIT_SHARE,
    bootstrap,
    judged,
    of_means,
    series,
)
from mibench.studies.claims.rules import ROWS, Check, Floats, every, label_bits
from mibench.studies.claims.tishby_cases import layers_of, matrix, place, plane_of, with_null
from mibench.studies.results import Results

__all__ = ["CLAIMS"]

_SOURCE = "Shwartz-Ziv and Tishby (2017)"
_EARLY, _LATE = 400, 9000  # epochs of figure 2
_LOWER_LEFT = 0.5  # of either axis
_ROOM = 0.95  # of H(Y): what starts above it has no 5 % to gain
_CLUSTERED = 0.5  # of the variance
_OUTPUT = 6


def _lower_left(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    plane = plane_of(results, case)
    at = np.stack([series(plane, _OUTPUT, which)[:, 0] for which in ("x", "y")], axis=1)
    shares = at / [log2(ROWS), label_bits()]
    statistic, interval = of_means(shares, rng, lambda means: means.max(axis=1))
    detail = f"T_{_OUTPUT} starts at I(X;T) = {at[:, 0].mean():.2f}, I(T;Y) = {at[:, 1].mean():.3f} bits"
    return judged(statistic, interval, _LOWER_LEFT, "share", detail, above=False)


def _label_rises(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    plane = plane_of(results, case)
    early = place(plane, _EARLY)
    found = {}
    for layer in layers_of(plane):
        values = series(plane, layer, "y")
        if values[:, 0].mean() < _ROOM * label_bits():
            gains = values[:, early] - values[:, 0]
            first, then = values[:, 0].mean(), values[:, early].mean()
            detail = f"I(T;Y) goes from {first:.3f} to {then:.3f} bits by epoch {plane.epochs[early]}"
            threshold = FIT_SHARE * label_bits()
            found[f"T_{layer}"] = judged(gains.mean(), bootstrap(gains, rng), threshold, "bits", detail, sure=0.0)
    return every(found) if found else Finding("undecided", detail="all layers start with the label's information")


def _falls(output_only: bool) -> Check:
    def check(results: Results, case: Case, rng: np.random.Generator) -> Finding:
        plane = plane_of(results, case)
        early, late = place(plane, _EARLY), place(plane, _LATE)
        found = {}
        for layer in [_OUTPUT] if output_only else layers_of(plane):
            values = series(plane, layer, "x")
            falls = values[:, early] - values[:, late]
            detail = (
                f"I(X;T) is {values[:, early].mean():.2f} bits in epoch {plane.epochs[early]} "
                f"and {values[:, late].mean():.2f} in epoch {plane.epochs[late]}"
            )
            found[f"T_{layer}"] = judged(
                falls.mean(), bootstrap(falls, rng), COMPRESS_BITS, "bits", detail, sure=COMPRESS_SURE_BITS
            )
        return every(found)

    return check


def _clusters(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    plane = plane_of(results, case)
    at = [0, place(plane, _EARLY), place(plane, _LATE)]
    points = np.stack(
        [series(plane, layer, which)[:, at] for layer in layers_of(plane) for which in ("x", "y")], axis=-1
    )
    points = points.reshape(*points.shape[:2], -1, 2) / [log2(ROWS), label_bits()]

    def shares(moments: Floats) -> Floats:
        mean, square = moments[:, 0], moments[:, 1]
        between = mean.var(axis=2).sum(axis=-1)
        within = np.maximum(square - mean**2, 0).mean(axis=2).sum(axis=-1)
        return np.asarray(between / (between + within))

    moments = np.stack([points, points**2], axis=1)
    statistic, interval = of_means(moments, rng, lambda means: shares(means).min(axis=-1))
    mean = shares(moments.mean(axis=0)[None])[0]
    told = ", ".join(f"{share:.0%} in epoch {plane.epochs[e]}" for share, e in zip(mean, at, strict=True))
    return judged(statistic, interval, _CLUSTERED, "share", f"variance between layers: {told}")


CLAIMS = (
    Claim(
        "S1a",
        "deep layers start with little",
        "Before training the output layer stands in the lower left of the plane.",
        f"{_SOURCE}, figure 2, left",
        "mean I(X;T_6) is at most half of 12 bits and mean I(T_6;Y) at most half of H(Y) before training: the lower "
        "left quarter of the plane.",
        with_null(matrix()),
        _lower_left,
    ),
    Claim(
        "S1b",
        "by epoch 400 all layers know more of the label",
        "After 400 epochs I(T;Y) has risen in all layers.",
        f"{_SOURCE}, figure 2, middle",
        "mean I(T;Y) gains at least 5 % of H(Y) from the start to epoch 400, with an interval above 0, in every layer "
        "that starts below 95 % of H(Y): others have no room for it.",
        with_null(matrix()),
        _label_rises,
    ),
    Claim(
        "S1c",
        "by epoch 9000 all layers have compressed",
        "From epoch 400 to epoch 9000 I(X;T) falls in all layers.",
        f"{_SOURCE}, figure 2, middle and right",
        "mean I(X;T) falls by at least 0.1 bit from epoch 400 to 9000, with an interval above 0.05 bit, in every "
        "layer.",
        matrix(),
        _falls(output_only=False),
    ),
    Claim(
        "S1d",
        "by epoch 9000 the output layer has compressed",
        "From epoch 400 to epoch 9000 I(X;T) of the output layer falls.",
        f"{_SOURCE}, figure 2, middle and right",
        "mean I(X;T_6) falls by at least 0.1 bit from epoch 400 to 9000, with an interval above 0.05 bit.",
        matrix(),
        _falls(output_only=True),
    ),
    Claim(
        "S2",
        "the same layers of different networks cluster",
        "Layers of 50 networks stand together by their number, not by their network.",
        f"{_SOURCE}, figure 2",
        "of the variance of points (axes in units of 12 bits and of H(Y)) at the start, at epoch 400 and at epoch "
        "9000, at least half is between layers, each time.",
        matrix(),
        _clusters,
    ),
)
