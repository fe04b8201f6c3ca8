# SPDX-License-Identifier: Apache-2.0
"""Claims of Lorenzen, Igel and Nielsen on the exact planes of 8-bit networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.studies.claims.contract import Case, Claim, Finding
from mibench.studies.claims.lorenzen_cases import PAPER, matrix
from mibench.studies.claims.phases import (
    COMPRESS_RULE,
    COMPRESS_SURE_BITS,
    FIT_RULE,
    INTERRUPT_BITS,
    bootstrap,
    compress,
    cross_fitted,
    dip,
    interrupted,
    judged,
    of_means,
    rises,
    series,
    smoothed,
    trivial,
)
from mibench.studies.claims.rules import ROWS, Floats, each_layer, every, fits, label_bits, never_below, opposite
from mibench.studies.results import Results

__all__ = ["CLAIMS"]

_SECTION_41 = f"{PAPER}, section 4.1"
_HIDDEN, _OUTPUT = range(1, 6), 6
_NEAR_CEILING_BITS, _NEAR_LABEL_SHARE = 11.9, 0.99
_ANY_GAIN_BITS = 0.001
_LATE_SHARE, _SLIGHT_BITS = 1800 / 8000, 0.05
_STARTS = {2: 11.75, 3: 8.2, 4: 5.6, 5: 3.7, 6: 1.3}  # where figure 3's curves begin, in bits
_STARTS_WITHIN_BITS = 1.0


def _any_gain(values: Floats, epochs: NDArray[Any], rng: np.random.Generator) -> Finding:
    gains = values[:, -1] - values[:, 0]
    detail = f"I(T;Y) goes from {values[:, 0].mean():.4f} to {values[:, -1].mean():.4f} bits at epoch {epochs[-1]}"
    return judged(gains.mean(), bootstrap(gains, rng), _ANY_GAIN_BITS, "bits", detail, sure=0.0)


def _interrupted_gain(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    """I(T_5;Y) falls and recovers, and I(X;T_5) falls meanwhile."""
    plane = results.plane(case.setting, case.estimator)
    both = np.stack([smoothed(series(plane, 5, which), plane.epochs) for which in "yx"], axis=1)

    def falls(of: int) -> Callable[[Floats, Floats], Floats]:
        def measure(mean: Floats, runs: Floats) -> Floats:
            high, low = dip(mean[0])
            return np.asarray(runs[:, of, high] - runs[:, of, low])

        return measure

    state = int(rng.integers(2**32))  # the same halves for both
    of_y, of_x = (cross_fitted(both, falls(of), np.random.default_rng(state)) for of in (0, 1))
    mean = both.mean(axis=0)
    high, low = dip(mean[0])
    deepest = mean[:, high] - mean[:, low]
    told = (
        f"over all runs I(T;Y) falls by {deepest[0]:.4f} bits from epoch {plane.epochs[high]} to {plane.epochs[low]}, "
        f"I(X;T) by {deepest[1]:.2f}; where other halves of the runs have it, by {of_y.mean():.4f} and "
        f"{of_x.mean():.2f}"
    )
    return every(
        {
            "I(T;Y)": judged(of_y.mean(), bootstrap(of_y, rng), _ANY_GAIN_BITS, "bits", told, sure=0.0),
            "I(X;T)": judged(of_x.mean(), bootstrap(of_x, rng), INTERRUPT_BITS, "bits", told, sure=COMPRESS_SURE_BITS),
        }
    )


def _late_increase(values: Floats, epochs: NDArray[Any], rng: np.random.Generator) -> Finding:
    from_ = int(np.abs(epochs - _LATE_SHARE * epochs[-1]).argmin())
    gains = values[:, -1] - values[:, from_]
    detail = f"I(X;T) goes from {values[:, from_].mean():.3f} in epoch {epochs[from_]} to {values[:, -1].mean():.3f}"
    return judged(gains.mean(), bootstrap(gains, rng), _SLIGHT_BITS, "bits", detail, sure=0.0)


def _nontrivial(values: Floats, epochs: NDArray[Any], rng: np.random.Generator) -> Finding:
    del epochs, rng
    return opposite(trivial(values, ROWS))


def _starts(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    plane = results.plane(case.setting, case.estimator)
    starts = np.stack([series(plane, layer, "x")[:, 0] for layer in _STARTS], axis=1)
    wanted = np.array([*_STARTS.values()])
    statistic, interval = of_means(starts, rng, lambda means: np.abs(means - wanted).max(axis=1))
    told = ", ".join(
        f"T_{layer} {mean:.1f} ({_STARTS[layer]})" for layer, mean in zip(_STARTS, starts.mean(axis=0), strict=True)
    )
    return judged(statistic, interval, _STARTS_WITHIN_BITS, "bits", f"first I(X;T) (figure): {told}", above=False)


_TANH, _RELU = matrix(("tanh",)), matrix(("relu",))


CLAIMS = (
    Claim(
        "L1",
        "the output layer fits",
        "In tanh and in relu networks information about the label grows in the output layer.",
        f"{_SECTION_41}, figures 2 and 3",
        f"FIT of T_6: {FIT_RULE}.",
        matrix(),
        each_layer(fits, [_OUTPUT], "y"),
    ),
    Claim(
        "L2",
        "the output layer compresses",
        "In tanh and in relu networks I(X;T) of the output layer falls in the end.",
        f"{_SECTION_41}, figures 2 and 3",
        f"COMPRESS of T_6: {COMPRESS_RULE}.",
        matrix(),
        each_layer(compress, [_OUTPUT]),
    ),
    Claim(
        "L2b",
        "the output layer first gains what it then compresses",
        "I(X;T) of the output layer rises before it falls.",
        f"{_SECTION_41}, figures 2 and 3",
        "mean I(X;T_6) rises from the first epoch to its peak by at least 0.1 bit, with an interval above 0.05 bit.",
        matrix(),
        each_layer(rises, [_OUTPUT]),
    ),
    Claim(
        "L3",
        "early tanh layers keep everything",
        "In tanh networks I(X;T) of T_1 to T_4 is almost constant, near 12 bits.",
        f"{_SECTION_41}, figure 2",
        "the least mean over epochs of I(X;T_1) to I(X;T_4) is at least 11.9 bits.",
        _TANH,
        each_layer(never_below(_NEAR_CEILING_BITS), range(1, 5)),
    ),
    Claim(
        "L3b",
        "early tanh layers keep the label",
        "In tanh networks I(T;Y) of T_1 to T_4 is almost H(Y).",
        f"{_SECTION_41}, figure 2",
        "the least mean over epochs of I(T_1;Y) to I(T_4;Y) is at least 99 % of H(Y).",
        _TANH,
        each_layer(never_below(_NEAR_LABEL_SHARE * label_bits()), range(1, 5), "y"),
    ),
    Claim(
        "L4a",
        "tanh T_5 fits",
        "The last hidden tanh layer has a fitting phase.",
        f"{_SECTION_41}, figure 2",
        f"FIT of T_5: {FIT_RULE}. The figure's own curve of T_5 lies between 0.98 and 1 bit, so that it gains less.",
        _TANH,
        each_layer(fits, [5], "y"),
    ),
    Claim(
        "L4b",
        "tanh T_5 gains something about the label",
        "The last hidden tanh layer has a fitting phase, however small.",
        f"{_SECTION_41}, figure 2",
        "mean I(T_5;Y) gains at least 0.001 bit from first to last epoch, and the interval of the gain is above 0.",
        _TANH,
        each_layer(_any_gain, [5], "y"),
    ),
    Claim(
        "L4c",
        "tanh T_5 compresses",
        "The last hidden tanh layer has a compression phase.",
        f"{_SECTION_41}, figure 2",
        f"COMPRESS of T_5: {COMPRESS_RULE}.",
        _TANH,
        each_layer(compress, [5]),
    ),
    Claim(
        "L4d",
        "tanh T_5's fit is interrupted",
        "The fitting phase of the last hidden tanh layer is interrupted by a small compression.",
        f"{_SECTION_41}, figure 2",
        "smoothed mean I(X;T_5) falls by at least 0.1 bit, with an interval above 0.05 bit, before its greatest value.",
        _TANH,
        each_layer(interrupted, [5]),
    ),
    Claim(
        "L4e",
        "what tanh T_5 gains of the label is interrupted",
        "A small compression interrupts what the last hidden tanh layer gains about the label.",
        f"{_SECTION_41}, figure 2",
        "smoothed mean I(T_5;Y) falls by at least 0.001 bit before its greatest value, and I(X;T_5) by at least 0.1 "
        "bit meanwhile, with intervals above 0 and 0.05. A reading of L4d's sentence that we made after seeing the "
        "curves: I(X;T_5) begins at its ceiling, so that it cannot fall before its peak.",
        _TANH,
        _interrupted_gain,
    ),
    Claim(
        "L6a",
        "hidden relu layers fit",
        "In relu networks the hidden layers gain information about the label.",
        f"{_SECTION_41}, figure 3",
        f"FIT of T_1 to T_5: {FIT_RULE}.",
        _RELU,
        each_layer(fits, _HIDDEN, "y"),
    ),
    Claim(
        "L6b",
        "no hidden relu layer compresses",
        "In relu networks there is no compression in hidden layers.",
        f"{_SECTION_41}, figure 3",
        f"no COMPRESS in any of T_1 to T_5: {COMPRESS_RULE}.",
        _RELU,
        each_layer(compress, _HIDDEN, negated=True),
    ),
    Claim(
        "L6c",
        "relu T_5 slightly gains late",
        "In relu networks I(X;T_5) rises slightly after some 1800 of 8000 epochs.",
        f"{_SECTION_41}, figure 3",
        "mean I(X;T_5) at the end is at least 0.05 bit above that at 22.5 % of the epochs, with an interval above 0.",
        _RELU,
        each_layer(_late_increase, [5]),
    ),
    Claim(
        "L6d",
        "relu layers are below their ceiling",
        "In relu networks I(X;T) is below its upper bound in all layers.",
        f"{_SECTION_41}, figure 3",
        "no layer's mean I(X;T) is at least 99 % of 12 bits at all epochs.",
        _RELU,
        each_layer(_nontrivial, range(1, 7), negated=False),
    ),
    Claim(
        "L6e",
        "relu layers start where the figure has them",
        "The curves of figure 3 begin far left: 1.3 bits in T_6, 3.7 in T_5, 5.6 in T_4, 8.2 in T_3, 11.75 in T_2.",
        f"{_SECTION_41}, figure 3 (positions of its labels)",
        "mean I(X;T) of T_2 to T_6 before training is within 1 bit of the figure's.",
        _RELU,
        _starts,
    ),
)
