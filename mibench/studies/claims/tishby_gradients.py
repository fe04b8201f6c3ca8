# SPDX-License-Identifier: Apache-2.0
"""Claims of Shwartz-Ziv and Tishby on the signal and noise of gradients (figure 4).

They see gradients go from high to low ratios of signal to noise in every layer at once, where compression begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log2

import numpy as np
from numpy.typing import NDArray

from mibench.studies.claims.contract import Case, Claim, Finding
from mibench.studies.claims.phases import COMPRESS_RULE, apart, bootstrap, judged, of_means, series, smoothed
from mibench.studies.claims.rules import Check, Floats, every
from mibench.studies.claims.tishby_cases import BINS, compressing
from mibench.studies.claims.transitions import LATE, curves, each_falls, late, rule_of, transition
from mibench.studies.results import Results

__all__ = ["CLAIMS"]

_SZT = "Shwartz-Ziv and Tishby (2017)"
_AT_ONCE = 4.0  # between the transitions of the first and the last layer
_COINCIDENT = 2.0  # between a transition and the start of compression
_STEADY = 1.25  # factor of a ratio that is near a constant
_GROWTH = 1.05
_RULES = ("below 1", "step", "peak")


def _at_once(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    values, epochs = curves(results, case)
    layers = values.shape[2]

    def when(means: Floats) -> Floats:
        return np.stack([transition(means[..., layer], epochs, rule_of(case)) for layer in range(layers)], axis=-1)

    statistic, interval = of_means(values, rng, lambda means: np.ptp(when(means), axis=-1))
    told = ", ".join(f"T_{layer + 1} {2**at - 1:.0f}" for layer, at in enumerate(when(values.mean(axis=0)[None])[0]))
    return judged(statistic, interval, log2(_AT_ONCE), "log2 epochs", f"transitions in epochs: {told}", above=False)


def _coincides(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    values, epochs = curves(results, case)
    plane = results.plane(case.setting, case.estimator)
    layers, none = compressing(plane, rng)
    runs = min(len(values), len(plane.runs))
    found = {}
    for layer in layers:
        both = np.concatenate([values[:runs, :, layer - 1], series(plane, layer, "x")[:runs]], axis=1)

        def when(means: Floats) -> Floats:
            falls_at = transition(means[:, : len(epochs)], epochs, rule_of(case))
            peak = smoothed(means[:, len(epochs) :], plane.epochs).argmax(axis=-1)
            return np.stack([falls_at, np.log2(1.0 + plane.epochs[peak])])

        def apart(means: Floats) -> Floats:
            return np.asarray(np.abs(np.subtract(*when(means))))

        statistic, interval = of_means(both, rng, apart)
        told = 2 ** when(both.mean(axis=0)[None])[:, 0] - 1
        detail = f"the transition is in epoch {told[0]:.0f}, compression starts in epoch {told[1]:.0f}"
        found[f"T_{layer}"] = judged(statistic, interval, log2(_COINCIDENT), "log2 epochs", detail, above=False)
    return every(found, most=True) if found else none


def _steady(values: Floats, epochs: NDArray[np.int64], rng: np.random.Generator) -> Finding:
    """Whether a curve of each run has the same mean in the third as in the last quarter, within a factor."""
    last = epochs >= (1 + LATE) / 2 * epochs[-1]
    changes = values[:, last].mean(axis=1) - values[:, late(epochs) & ~last].mean(axis=1)
    change, interval = apart(changes.mean(), bootstrap(changes, rng))
    detail = f"changes by a factor of {2 ** changes.mean():.2f}"
    return judged(change, interval, log2(_STEADY), "log2", detail, above=False)


def _each_steady(between: bool) -> Check:
    def check(results: Results, case: Case, rng: np.random.Generator) -> Finding:
        values, epochs = curves(results, case)
        values, first = (np.diff(values, axis=2), "T_{1} to T_{0}") if between else (values, "T_{0}")
        return every(
            {
                first.format(layer + 1, layer + 2): _steady(values[..., layer], epochs, rng)
                for layer in range(values.shape[2])
            },
            most=True,
        )

    return check


def _norm_grows(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    norm = np.asarray(results.analysis(case.setting, "snr")["norm"])
    found = {}
    for layer in range(norm.shape[2]):
        gains = np.log2(norm[:, -1, layer] / norm[:, 0, layer])
        detail = f"the norm goes from {norm[:, 0, layer].mean():.2f} to {norm[:, -1, layer].mean():.2f}"
        found[f"T_{layer + 1}"] = judged(gains.mean(), bootstrap(gains, rng), log2(_GROWTH), "log2", detail)
    return every(found)


def _cases(estimator: str = "", rules: Sequence[str] = ("",)) -> tuple[Case, ...]:
    """The settings whose gradients are known, by each rule; the first setting and rule are primary."""
    return tuple(
        Case(
            setting,
            estimator,
            setting == "szt-snapshots" and rule == rules[0],
            told | ({"transition": rule} if rule else {}),
        )
        for rule in rules
        for setting, told in (
            ("szt-snapshots", {"optimiser": "adam", "batch": "512"}),
            ("szt-snapshots-sgd", {"optimiser": "sgd", "batch": "512"}),
            ("rasmussen-tanh", {"optimiser": "adam", "batch": "256"}),
            ("rasmussen-tanh-full", {"optimiser": "adam", "batch": "all"}),
        )
    )


_BELOW = (
    "``below 1``: mean log signal over noise is above 0 at its greatest (chosen on the other half of the runs) and "
    "below 0 over the last half of the epochs, with intervals; it goes over where the smoothed mean is first below 0 "
    "after its greatest. ``step``: from its greatest on it falls by at least a factor of 2 over the best step of two "
    "levels in log epochs, whatever the size of batches. ``peak``: it goes over at its greatest, where it begins to "
    "fall."
)

CLAIMS = (
    Claim(
        "S4a",
        "gradients go from signal to noise",
        "In every layer the gradient's mean is first above its spread and then below it.",
        f"{_SZT}, figure 4",
        f"the transition is there in every layer. {_BELOW}",
        _cases(rules=_RULES[:2]),
        each_falls,
    ),
    Claim(
        "S4b",
        "all layers go over at once",
        "One line, near epoch 350, parts the two phases of the gradients of all layers.",
        f"{_SZT}, figure 4",
        "1 + epoch of the transition differs between layers by a factor of at most 4; the epoch itself, which hangs on "
        "the rate of learning, is told. Transitions as in S4a.",
        _cases(rules=_RULES),
        _at_once,
    ),
    Claim(
        "S4c",
        "compression starts at the transition",
        "The transition of the gradients is where layers begin to compress.",
        f"{_SZT}, figures 3 and 4",
        f"in every layer with COMPRESS ({COMPRESS_RULE}), 1 + epoch of the transition and of the greatest smoothed "
        "mean I(X;T) differ by a factor of at most 2. Transitions as in S4a.",
        _cases(BINS, _RULES),
        _coincides,
    ),
    Claim(
        "S5",
        "signal over noise comes near a constant",
        "The distance of log mean and log spread of every layer's gradients approaches a constant.",
        f"{_SZT}, figure 4",
        "mean log signal over noise of every layer changes by a factor of at most 1.25 from the third to the last "
        "quarter of the epochs, with the interval of the change's size.",
        _cases(),
        _each_steady(between=False),
    ),
    Claim(
        "S5b",
        "differences between layers come near constants",
        "Differences of log signal over noise between layers approach constants.",
        f"{_SZT}, figure 4",
        "as S5, of the difference of every two neighbouring layers.",
        _cases(),
        _each_steady(between=True),
    ),
    Claim(
        "S6",
        "weights grow",
        "The norm of every layer's weights grows in training.",
        f"{_SZT}, figure 4",
        "the Frobenius norm of W of every layer ends at least 5 % above its start, in geometric mean over runs with "
        "the interval.",
        _cases(),
        _norm_grows,
    ),
)
