# SPDX-License-Identifier: Apache-2.0
"""Claims of Rasmussen's thesis on planes of uniform bins, with batches of 256 and full ones: its settings 1.1, 1.2."""

from __future__ import annotations

from itertools import product

import numpy as np

from mibench.studies.claims.contract import Case, Claim, Finding
from mibench.studies.claims.phases import bootstrap, compress, cross_fitted, dpi_violation, judged, of_means, series
from mibench.studies.claims.rasmussen_cases import (
    ADAPTIVE,
    BATCHES,
    CHANGED,
    RELU_30,
    THESIS,
    UNIFORM,
    all_layers,
    by_layer,
    case,
    hidden,
    leave_ceiling,
    most,
    with_layers,
)
from mibench.studies.claims.rules import Floats, every, fits, label_bits, shared
from mibench.studies.results import Plane, Results

__all__ = ["CLAIMS", "COMPRESS_RULE", "DPI_RULE", "FIT_RULE", "IN_MOST", "violation", "violation_of"]

FIT_RULE = (
    "FIT (mean I(T;Y) gains at least 5 % of H(Y), surely more than 0) of each layer that has as much to gain at first"
)
COMPRESS_RULE = (
    "COMPRESS (mean I(X;T) falls from its peak by at least 0.1 bit and 2 %, surely by 0.05, the peak chosen on half of "
    "the runs and not in the last 2 % of epochs)"
)
DPI_RULE = (
    "at some epoch a layer's mean is at least 0.02 bit above that of a layer before it, with an interval above 0; "
    "where, is chosen on half of the runs and tested on the others"
)
_OFF_CEILING = "each layer whose mean I(X;T) is below 98 % of 12 bits at some epoch (others cannot fall by 2 %)"
IN_MOST = "in more than half of the layers whose mean I(X;T) is below 98 % of 12 bits at some epoch"
_FAR_BITS, _CEILING_BITS, _CORNER_SHARE = 1.0, 12.0, 0.5


def violation_of(plane: Plane, axis: str, rng: np.random.Generator) -> Finding:
    """That the processing inequality is violated on an axis, ``I(X;T)`` or ``I(T;Y)``."""
    return dpi_violation(plane, "x" if axis == "I(X;T)" else "y", rng)


def violation(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    """That the processing inequality is violated on the axis that the case names."""
    return violation_of(results.plane(case.setting, case.estimator), case.labels["axis"], rng)


def _more_fall(mean: Floats, runs: Floats) -> Floats:
    """How much more the second of two curves falls from where its mean peaks; (E, 2) and (R, E, 2) to (R,)."""
    falls = runs[:, mean.argmax(axis=0), [0, 1]] - runs[:, -1]
    return np.asarray(falls[:, 1] - falls[:, 0])


def _more_in_full(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    planes = [results.plane(f"{case.setting}{variant}", case.estimator) for variant in ("", "-full")]
    _, (mini, full) = shared(*planes)
    asked = case.labels["layer"]
    layers = sorted({layer for plane in planes for layer in leave_ceiling(plane, all_layers(plane))})
    found = {}
    for layer in layers if asked == "most" else [int(asked.removeprefix("T_"))]:
        both = np.stack([mini[..., layer - 1, 0], full[..., layer - 1, 0]], axis=-1)
        more = cross_fitted(both, _more_fall, rng)
        few, many = (both.mean(axis=0).max(axis=0) - both.mean(axis=0)[-1]).tolist()
        detail = f"I(X;T) falls by {many:.2f} bits with full batches, by {few:.2f} with those of 256"
        found[f"T_{layer}"] = judged(more.mean(), bootstrap(more, rng), 0.0, "bits", detail)
    if not found:
        return Finding("undecided", detail="all layers are at their ceiling")
    return most(found) if asked == "most" else every(found)


def _starts_far_below_tanh(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    relu = results.plane(case.setting, case.estimator)
    tanh = results.plane(case.setting.replace("relu", "tanh"), UNIFORM["tanh"])
    _, (low, high) = shared(relu, tanh)
    found = {}
    for layer in range(2, low.shape[2] + 1):
        starts, others = low[:, 0, layer - 1, 0], high[:, 0, layer - 1, 0]
        detail = f"I(X;T) is {starts.mean():.2f} bits at first, in tanh {others.mean():.2f}"
        gaps = others - starts
        found[f"T_{layer}"] = judged(gaps.mean(), bootstrap(gaps, rng), _FAR_BITS, "bits", detail)
    return every(found)


def _starts_in_corner(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    plane = results.plane(case.setting, case.estimator)
    found = {}
    for layer in all_layers(plane):
        x = series(plane, layer, "x")[:, 0] / _CEILING_BITS
        y = series(plane, layer, "y")[:, 0] / label_bits()
        at, interval = of_means(np.stack([x, y], axis=1), rng, lambda means: np.asarray(means.max(axis=1)))
        detail = f"it starts at {x.mean():.2f} of 12 bits and {y.mean():.2f} of H(Y)"
        found[f"T_{layer}"] = judged(at, interval, _CORNER_SHARE, "share", detail, above=False)
    return every(found, most=True)


_TANH = tuple(case("tanh", UNIFORM["tanh"], each, primary="rate" not in each) for each in BATCHES)
_RELU = (
    *(case("relu", UNIFORM["relu"], each, primary="rate" not in each) for each in BATCHES),
    case("relu", RELU_30, primary=False),
    case("relu", ADAPTIVE["relu"], primary=False),
)
_AXES = ("I(T;Y)", "I(X;T)")
_LAYERS, _HIDDEN = range(1, 7), range(1, 6)

CLAIMS = (
    Claim(
        "R1a",
        "tanh fits, with any batch",
        "In tanh networks, seen in 30 bins, layers gain information about the label, whatever the size of batches.",
        f"{THESIS}, setting 1.1, figure 5.2",
        f"{FIT_RULE}.",
        with_layers(_TANH, _LAYERS),
        by_layer(fits, all_layers, "y"),
    ),
    Claim(
        "R1b",
        "tanh compresses, with any batch",
        "In tanh networks, seen in 30 bins, most layers compress, with batches of 256 and with full ones.",
        f"{THESIS}, setting 1.1, figure 5.2",
        f"{COMPRESS_RULE} {IN_MOST}. {CHANGED} it was of each layer below 99 %, see R1c.",
        with_layers(_TANH, _LAYERS, "most"),
        by_layer(compress, all_layers),
    ),
    Claim(
        "R1c",
        "every tanh layer compresses, with any batch",
        "In tanh networks, seen in 30 bins, every layer that leaves the ceiling compresses, with any batch.",
        f"{THESIS}, setting 1.1, figure 5.2, read strictly",
        f"{COMPRESS_RULE} in {_OFF_CEILING}. {CHANGED} it was of layers below 99 %.",
        with_layers(_TANH, _LAYERS),
        by_layer(compress, all_layers),
    ),
    Claim(
        "R2",
        "full batches compress more",
        "With full batches tanh networks compress more, in most layers.",
        f"{THESIS}, setting 1.1, figure 5.2",
        "in more than half of the layers that leave the ceiling (mean I(X;T) below 98 % of 12 bits) the fall of I(X;T) "
        "from its peak to the end is greater with full batches than with those of 256, with the interval, paired by "
        "initial weights; each peak is chosen on half of the runs. "
        f"{CHANGED} layers were those below 99 %.",
        tuple(
            case(activation, UNIFORM[activation], primary=activation == "tanh" and layer == "most", layer=layer)
            for activation in ("tanh", "relu")
            for layer in ("most", *(f"T_{each}" for each in _LAYERS))
        ),
        _more_in_full,
    ),
    Claim(
        "R3a",
        "relu layers fit",
        "In relu networks, seen in 100 bins, relu layers gain information about the label.",
        f"{THESIS}, setting 1.2, figure 5.3",
        f"of hidden layers, {FIT_RULE}.",
        with_layers(_RELU, _HIDDEN),
        by_layer(fits, hidden, "y"),
    ),
    Claim(
        "R3b",
        "relu layers do not compress",
        "In relu networks, seen in 100 bins, relu layers only fit, with batches of 256 and with full ones.",
        f"{THESIS}, setting 1.2, figure 5.3",
        f"no hidden layer has {COMPRESS_RULE}.",
        with_layers(_RELU, _HIDDEN),
        by_layer(compress, hidden, negated=True, room=False),
    ),
    Claim(
        "R4",
        "100 bins of relu networks violate the processing inequality",
        "A layer such as T_4 knows more of the label than one before it, which cannot be: bins make it so.",
        f"{THESIS}, setting 1.2, figure 5.3",
        f"of I(T;Y), {DPI_RULE}.",
        tuple(
            case(activation, UNIFORM[activation], variant, primary=primary, axis=axis)
            for activation, variant, axis in product(("relu", "tanh"), BATCHES, _AXES)
            for primary in [activation == "relu" and "rate" not in variant and axis == "I(T;Y)"]
        ),
        violation,
    ),
    Claim(
        "R5a",
        "relu layers start far left of tanh layers",
        "In 100 bins all relu layers start with far less I(X;T) than tanh layers in 30.",
        f"{THESIS}, settings 1.1 and 1.2, figures 5.2 and 5.3",
        "before training mean I(X;T) of each of T_2 to T_6 is at least 1 bit below that of the tanh network, with the "
        "interval, paired by initial weights.",
        _RELU[:4],
        _starts_far_below_tanh,
    ),
    Claim(
        "R5b",
        "relu layers start in the lower left corner",
        "In 100 bins all relu layers start near the lower left corner of the plane.",
        f"{THESIS}, setting 1.2, figure 5.3",
        "before training mean I(X;T) of each layer is at most half of 12 bits, and mean I(T;Y) half of H(Y), with the "
        "interval.",
        _RELU,
        _starts_in_corner,
    ),
)
