# SPDX-License-Identifier: Apache-2.0
"""Claims of Lorenzen, Igel and Nielsen on training on shuffled labels first: their appendix D."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from mibench.studies.claims.contract import Case, Claim, Finding
from mibench.studies.claims.lorenzen_cases import ACTIVATIONS, PAPER, by_activation
from mibench.studies.claims.phases import (
    COMPRESS_BITS,
    COMPRESS_SURE_BITS,
    bootstrap,
    fit,
    judged,
    of_means,
    series,
)
from mibench.studies.claims.rules import Check, Floats, beyond_null, discernible, every, label_bits, opposite, until
from mibench.studies.ib_settings import SETTINGS
from mibench.studies.results import Plane, Results
from mibench.studies.setting import Setting, scaled

__all__ = ["CLAIMS"]

_D = f"{PAPER}, appendix D, figure D.12"
_HIDDEN, _ALL, _OUTPUT = range(1, 6), range(1, 7), 6
_ACCURACY_GAIN = 0.05


def _prefit(results: Results, case: Case) -> int:
    setting = SETTINGS[case.setting]
    assert isinstance(setting, Setting)
    return scaled(setting, "quick" if results.scale == "quick" else "paper").training.prefit


def _prefit_plane(results: Results, case: Case) -> tuple[Plane, list[int]]:
    """The plane while labels are shuffled, and the layers that are not at their ceiling all that time."""
    plane = results.plane(case.setting, case.estimator)
    if case.labels.get("null") == "subtracted":
        plane = beyond_null(plane)
    plane = until(plane, _prefit(results, case))
    return plane, [layer for layer in _ALL if discernible(series(plane, layer, "x"))]


def _gains(plane: Plane, layer: int, which: str) -> Floats:
    values = series(plane, layer, which)
    return np.asarray(values[:, -1] - values[:, 0])


def _rises_in_prefit(which: str, layers: Iterable[int], threshold: float, sure: float) -> Check:
    axis = {"x": "I(X;T)", "y": "I(T;Y)"}[which]

    def check(results: Results, case: Case, rng: np.random.Generator) -> Finding:
        plane, visible = _prefit_plane(results, case)
        found = {}
        for layer in [each for each in visible if each in layers]:
            gains, values = _gains(plane, layer, which), series(plane, layer, which)
            first, last = values[:, 0].mean(), values[:, -1].mean()
            detail = f"{axis} goes from {first:.3f} to {last:.3f} bits by epoch {plane.epochs[-1]}"
            found[f"T_{layer}"] = judged(gains.mean(), bootstrap(gains, rng), threshold, "bits", detail, sure=sure)
        return every(found) if found else Finding("undecided", detail="all layers are at their ceiling")

    return check


def _most_in_relu(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    gains = []
    for activation in ACTIVATIONS:
        plane, _ = _prefit_plane(results, replace(case, setting=f"lorenzen-prefit-{activation}"))
        gains.append(np.mean([_gains(plane, layer, "y") for layer in _HIDDEN], axis=0))
    runs = min(map(len, gains))
    both = np.stack([each[:runs] for each in gains], axis=1)
    statistic, interval = of_means(both, rng, lambda means: np.asarray(means[:, 1] - means[:, 0]))
    tanh, relu = both.mean(axis=0)
    return judged(statistic, interval, 0.0, "bits", f"hidden layers gain {relu:.3f} bits in relu, {tanh:.3f} in tanh")


def _output_stays(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    plane, _ = _prefit_plane(results, case)
    return opposite(fit(series(plane, _OUTPUT, "y"), label_bits(), rng))


def _accuracy_stays(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    measures = results.measures(case.setting)
    end = int(np.flatnonzero(measures.epochs <= _prefit(results, case))[-1])
    accuracy = measures.accuracy[..., 1]
    gains = accuracy[:, end] - accuracy[:, 0]
    detail = f"test accuracy goes from {accuracy[:, 0].mean():.3f} to {accuracy[:, end].mean():.3f} on true labels"
    return judged(gains.mean(), bootstrap(gains, rng), _ACCURACY_GAIN, "accuracy", detail, above=False)


def _with_null(cases: Iterable[Case]) -> tuple[Case, ...]:
    """Each case as it is, and with the null subtracted, which is no primary one."""
    found = []
    for case in cases:
        found.append(replace(case, labels={**case.labels, "null": "in"}))
        found.append(replace(case, primary=False, labels={**case.labels, "null": "subtracted"}))
    return tuple(found)


_PREFIT = tuple(
    replace(case, primary=mode == "paper", labels={**case.labels, "mode": mode})
    for mode, pattern in (("paper", "lorenzen-prefit-{}"), ("tfmot", "lorenzen-prefit-{}-tfmot"))
    for case in by_activation(pattern, "exact")
)


CLAIMS = (
    Claim(
        "L21a",
        "shuffled labels raise I(X;T)",
        "While a network learns shuffled labels, I(X;T) rises in layers that can be told from the ceiling.",
        _D,
        "in each layer below 99 % of 12 bits at some epoch with shuffled labels, mean I(X;T) gains at least 0.1 bit "
        "from the first of these epochs to the last, surely 0.05.",
        _PREFIT,
        _rises_in_prefit("x", _ALL, COMPRESS_BITS, COMPRESS_SURE_BITS),
    ),
    Claim(
        "L21b",
        "shuffled labels raise I(T;Y) of hidden layers",
        "While a network learns shuffled labels, hidden layers gain information about the true ones.",
        _D,
        "in each hidden layer below 99 % of 12 bits at some epoch with shuffled labels, mean I(T;Y) gains at least "
        "0.001 bit, with an interval above 0; with the null subtracted, what permuted labels would show as "
        "well is no gain.",
        _with_null(_PREFIT),
        _rises_in_prefit("y", _HIDDEN, 0.001, 0.0),
    ),
    Claim(
        "L21c",
        "shuffled labels raise I(T;Y) most in relu networks",
        "While networks learn shuffled labels, I(T;Y) of true ones grows more in relu than in tanh networks.",
        _D,
        "the mean gain of I(T;Y) over hidden layers is greater for relu than for tanh, with the interval.",
        _with_null(by_activation("lorenzen-prefit-{}", "exact", ("relu",))),
        _most_in_relu,
    ),
    Claim(
        "L22",
        "shuffled labels teach nothing of the true ones",
        "While a network learns shuffled labels, its accuracy on true labels does not rise.",
        _D,
        "mean test accuracy gains at most 0.05, with the interval.",
        by_activation("lorenzen-prefit-{}"),
        _accuracy_stays,
    ),
    Claim(
        "L22b",
        "shuffled labels leave I(T;Y) of the output",
        "While a network learns shuffled labels, the output layer gains no information about the true ones.",
        _D,
        "no FIT of T_6 while labels are shuffled: mean I(T_6;Y) gains less than 5 % of H(Y).",
        _with_null(_PREFIT),
        _output_stays,
    ),
)
