# SPDX-License-Identifier: Apache-2.0
"""Claims of Rasmussen's thesis on adaptive and uniform bins of the same elu and relu6 networks: settings 2.3, 2.4."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from mibench.studies.claims.contract import Case, Claim, Finding
from mibench.studies.claims.phases import (
    COMPRESS_BITS,
    COMPRESS_SURE_BITS,
    FIT_SHARE,
    bootstrap,
    compress,
    cross_fitted,
    judged,
    of_means,
    series,
)
from mibench.studies.claims.rasmussen_adaptive import (
    LITTLE_RULE,
    OVER_LAYERS,
    any_axis,
    changes_little,
    mean_curve,
    violated,
)
from mibench.studies.claims.rasmussen_batches import COMPRESS_RULE, DPI_RULE, IN_MOST
from mibench.studies.claims.rasmussen_cases import (
    ADAPTIVE,
    RELU_30,
    THESIS,
    UNIFORM,
    all_layers,
    by_layer,
    case,
    hidden,
    with_layers,
)
from mibench.studies.claims.rules import Floats, every, label_bits, on_grid
from mibench.studies.results import Results

__all__ = ["CLAIMS"]

_EARLY_SHARE = 0.1
_NEAR_BITS = 1.0


def _order_swapped(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    plane = results.plane(case.setting, case.estimator)
    asked = case.labels["layer"]
    both = np.stack(
        [
            mean_curve(plane, which) if asked == "mean" else series(plane, int(asked.removeprefix("T_")), which)
            for which in ("x", "y")
        ],
        axis=-1,
    )
    early = max(2, int(np.searchsorted(plane.epochs, _EARLY_SHARE * plane.epochs[-1], side="right")))

    def at_low(way: int, which: int) -> Any:
        def measure(mean: Floats, runs: Floats) -> Floats:
            low = runs[:, int(mean[:early, 0].argmin()), which]
            return np.asarray(runs[:, 0, which] - low if way < 0 else runs[:, -1, which] - low)

        return measure

    mean = both.mean(axis=0)
    low = int(mean[:early, 0].argmin())
    x, y = mean[[0, low, -1]].T
    detail = (
        f"in epochs 0, {plane.epochs[low]} and {plane.epochs[-1]} "
        f"I(X;T) is {x[0]:.2f}, {x[1]:.2f} and {x[2]:.2f} bits, I(T;Y) {y[0]:.2f}, {y[1]:.2f} and {y[2]:.2f}"
    )
    found = {}
    for name, way, which, threshold, sure in (
        ("early fall of I(X;T)", -1, 0, COMPRESS_BITS, COMPRESS_SURE_BITS),
        ("later rise of I(X;T)", 1, 0, COMPRESS_BITS, COMPRESS_SURE_BITS),
        ("later rise of I(T;Y)", 1, 1, FIT_SHARE * label_bits(), 0.0),
    ):
        values = cross_fitted(both, at_low(way, which), rng)
        found[name] = judged(values.mean(), bootstrap(values, rng), threshold, "bits", detail, sure=sure)
    return every(found)


def _comparable(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    planes = on_grid(results.plane(case.setting, case.estimator), results.plane("rasmussen-relu", case.labels["to"]))
    both = np.stack([plane[..., 0] for plane in planes], axis=1)

    def distance(means: Floats) -> Floats:
        return np.asarray(np.sqrt(((means[:, 0] - means[:, 1]) ** 2).mean(axis=(1, 2))))

    statistic, interval = of_means(both, rng, distance)
    first, second = both.mean(axis=(0, 2, 3))
    detail = (
        f"root mean square distance {statistic:.2f} bits; mean I(X;T) over layers and log epochs {first:.2f} bits, "
        f"of relu {second:.2f}"
    )
    return judged(statistic, interval, _NEAR_BITS, "bits", detail, above=False)


_HIDDEN, _ALL = range(1, 6), range(1, 7)
_TANH, _RELU, _ELU, _RELU6 = (case(activation, ADAPTIVE[activation]) for activation in ("tanh", "relu", "elu", "relu6"))
_ELU_30, _RELU6_30 = (case(activation, UNIFORM[activation]) for activation in ("elu", "relu6"))
_2_3, _2_4 = (f"{THESIS}, setting 2.{n}, figure 5.{n + 8}" for n in (3, 4))

CLAIMS = (
    Claim(
        "R13a",
        "30 uniform bins of elu networks violate the processing inequality",
        "In 30 uniform bins layers of elu networks know more than layers before them.",
        _2_3,
        f"of I(T;Y) or of I(X;T), {DPI_RULE}.",
        any_axis(_ELU_30),
        violated,
    ),
    Claim(
        "R13b",
        "in adaptive bins elu layers compress",
        "In adaptive bins layers of elu networks compress.",
        _2_3,
        f"{COMPRESS_RULE} {IN_MOST}.",
        with_layers((_ELU, replace(_ELU_30, primary=False)), _ALL, "most"),
        by_layer(compress, all_layers),
    ),
    Claim(
        "R13c",
        "in adaptive bins elu layers compress first and then fit",
        "In adaptive bins I(X;T) of elu networks falls first; later I(X;T) and I(T;Y) rise together.",
        _2_3,
        f"{OVER_LAYERS}: from the first epoch I(X;T) falls by 0.1 bit (surely 0.05) to its least value in the "
        "first 10 % of epochs; from there to the end I(X;T) rises by as much, and I(T;Y) by 5 % of H(Y) (surely more "
        "than 0); where the least value is, is chosen on half of the runs.",
        tuple(
            replace(each, primary=(each, which) == (_ELU, "mean"), labels={**each.labels, "layer": which})
            for each in (_ELU, _ELU_30, _TANH, _RELU, _RELU6)
            for which in ("mean", *(f"T_{layer}" for layer in _ALL))
        ),
        _order_swapped,
    ),
    Claim(
        "R14a",
        "in 30 uniform bins relu6 layers do not compress",
        "In 30 uniform bins relu6 layers do not compress.",
        _2_4,
        f"no hidden layer has {COMPRESS_RULE}.",
        with_layers((_RELU6_30,), _HIDDEN),
        by_layer(compress, hidden, negated=True, room=False),
    ),
    Claim(
        "R14b",
        "30 uniform bins of relu6 networks are like 100 of relu ones",
        "In 30 uniform bins the plane of relu6 networks is comparable to that of relu ones in 100.",
        _2_4,
        "the root mean square distance of mean I(X;T), over layers and equal steps of log epochs, is at most 1 bit, "
        "with the interval; beside it, that to relu in 30 bins.",
        tuple(
            replace(_RELU6_30, primary=to != RELU_30, labels={**_RELU6_30.labels, "to": to})
            for to in (UNIFORM["relu"], RELU_30)
        ),
        _comparable,
    ),
    Claim(
        "R14c",
        "in adaptive bins the last two hidden relu6 layers compress",
        "In adaptive bins the last two hidden layers of relu6 networks compress.",
        _2_4,
        f"{COMPRESS_RULE} of T_4 and of T_5.",
        with_layers((_RELU6,), (4, 5)),
        by_layer(compress, lambda plane: (4, 5), room=False),
    ),
    Claim(
        "R14d",
        "in adaptive bins other hidden relu6 layers end where they began",
        "In adaptive bins gain and loss of I(X;T) cancel in the other hidden layers of relu6 networks.",
        _2_4,
        f"{LITTLE_RULE}, in each of T_1 to T_3.",
        with_layers((_RELU6,), (1, 2, 3)),
        by_layer(changes_little, lambda plane: (1, 2, 3), room=False),
    ),
)
