# SPDX-License-Identifier: Apache-2.0
"""Claims of Goldfeld et al. on I(X;T) of networks: trivial without noise, with it a rise, a dip, a rise and a fall.

Standard errors of single values are known, so that the shape of a single run can be tested: they differ in when they
dip, which means over runs hide.
"""

from __future__ import annotations

from math import log

import numpy as np

from mibench.studies.claims.contract import Case, Claim, Finding
from mibench.studies.claims.goldfeld_cases import GOLDFELD, NOISY, SP, noisy
from mibench.studies.claims.phases import (
    COMPRESS_BITS,
    COMPRESS_RULE,
    apart,
    bootstrap,
    compress,
    judged,
    of_means,
    series,
)
from mibench.studies.claims.rules import Check, Floats, each_layer, every
from mibench.studies.results import MissingResult, Plane, Results

__all__ = ["CLAIMS", "falls", "shapes", "varies"]

_DIP = (30, 200)  # epochs between which the lowest point is sought
_SURE = 3.0  # standard errors that no extreme of a noisy curve makes up for
_FLAT_BITS = 0.6  # 5 % of 12 bits: what a figure shows as a straight line
_STATED, _WITHIN = {4: 1.5, 5: 2.5}, 0.5  # nats


def shapes(plane: Plane, layer: int) -> Floats:
    """Of each run in bits, shape (R, 4): first rise, dip, second rise and last fall of I(X;T), less three errors.

    The dip is the lowest value from epoch 30 to 200. Zeros where no epoch lies there, or none before or after.
    """
    bits, epochs = series(plane, layer, "x"), plane.epochs
    if plane.std_error is None:
        raise MissingResult(f"{plane.estimator} has no standard errors")
    error = plane.std_error[:, :, layer - 1, 0].max(axis=1)[:, None] / log(2)
    inside = np.flatnonzero((epochs >= _DIP[0]) & (epochs <= _DIP[1]))
    if len(inside) == 0 or inside[-1] == len(epochs) - 1 or inside[0] == 0:
        return np.zeros((len(bits), 4))
    found = []
    for run in bits:
        low = inside[run[inside].argmin()]
        before, after = run[:low].max(), run[low + 1 :].max()
        found.append([before - run[0], before - run[low], after - run[low], after - run[-1]])
    return np.asarray(np.array(found) - _SURE * error)


def falls(plane: Plane, layer: int) -> Floats:
    """How far each run's I(X;T) in the end is below its greatest value after epoch 30, in bits, shape (R,)."""
    bits = series(plane, layer, "x")
    late = plane.epochs >= min(_DIP[0], plane.epochs[-1])
    return np.asarray(bits[:, late].max(axis=1) - bits[:, -1])


def _four_phases(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    found = {}
    for layer in (4, 5):
        parts = shapes(results.plane(case.setting, case.estimator), layer)
        least = parts.min(axis=1)
        names = ("first rise", "dip", "second rise", "last fall")
        told = ", ".join(f"{name} {part:.2f}" for name, part in zip(names, parts.mean(axis=0), strict=True))
        detail = f"mean bits of single runs: {told}"
        found[f"T_{layer}"] = judged(least.mean(), bootstrap(least, rng), COMPRESS_BITS, "bits", detail, sure=0.0)
    return every(found)


def _as_much(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    layer = int(case.labels["layer"][2:])
    nats = falls(results.plane(case.setting, case.estimator), layer) * log(2)
    stated = _STATED[layer]
    gap, interval = apart(nats.mean(), bootstrap(nats, rng), stated)
    told = ", ".join(f"{each:.2f}" for each in nats)
    detail = f"mean fall {nats.mean():.2f} nat, of single runs {told}; {stated} in the figure"
    return judged(gap, interval, _WITHIN, "nats", detail, above=False)


def varies(layers: tuple[int, ...], threshold: float, *, above: bool) -> Check:
    def check(results: Results, case: Case, rng: np.random.Generator) -> Finding:
        plane = results.plane(case.setting, case.estimator)
        found = {}
        for layer in layers:
            bits = series(plane, layer, "x")
            value, interval = of_means(bits, rng, lambda means: np.asarray(np.ptp(means, axis=-1)))
            mean = bits.mean(axis=0)
            detail = f"mean I(X;T) between {mean.min():.2f} and {mean.max():.2f} bits"
            found[f"T_{layer}"] = judged(value, interval, threshold, "bits", detail, above)
        return every(found, most=not above)

    return check


_SECTION = f"{GOLDFELD}, section 5, figure 5"
CLAIMS = (
    Claim(
        "G3",
        "T_4 and T_5 rise, dip, rise and fall",
        "I(X;T) of the last hidden layers rises, dips at epochs 30 to 90, rises to a peak near epoch 500, and falls.",
        _SECTION,
        "in single runs each of the four moves, its dip the lowest point from epoch 30 to 200, exceeds three standard "
        "errors by at least 0.1 bit: mean over runs of the least of the four, with an interval above 0.",
        noisy(),
        _four_phases,
    ),
    Claim(
        "G3b",
        "T_5 compresses",
        "I(X;T) of the last hidden layer falls from its peak to the end.",
        _SECTION,
        f"COMPRESS of T_5: {COMPRESS_RULE}.",
        noisy(),
        each_layer(compress, [5]),
    ),
    Claim(
        "G3c",
        "T_4 compresses",
        "I(X;T) of the last hidden layer but one falls from its peak to the end.",
        _SECTION,
        f"COMPRESS of T_4: {COMPRESS_RULE}.",
        noisy(),
        each_layer(compress, [4]),
    ),
    Claim(
        "G3d",
        "T_4 and T_5 compress by as much as in the figure",
        "From its peak I(X;T_4) falls by about 1.5 nat and I(X;T_5) by about 2.5 nat, in the one run that is shown.",
        _SECTION,
        "the mean over runs of the fall from the greatest value after epoch 30 is within 0.5 nat of the figure's.",
        tuple(Case(NOISY, SP, True, {"layer": f"T_{layer}", "noise": "0.005"}) for layer in _STATED),
        _as_much,
    ),
    Claim(
        "G3e",
        "T_1 to T_3 stay flat",
        "I(X;T) of the first three layers hardly moves.",
        _SECTION,
        "mean I(X;T) of T_1 to T_3 varies over epochs by at most 0.6 bit (5 % of 12), with the interval.",
        noisy(),
        varies((1, 2, 3), _FLAT_BITS, above=False),
    ),
)
