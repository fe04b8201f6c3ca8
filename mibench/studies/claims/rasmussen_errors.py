# SPDX-License-Identifier: Apache-2.0
"""Claims of Rasmussen's thesis on errors: that networks learn, and how soon."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mibench.studies.claims.contract import Case, Claim, Finding
from mibench.studies.claims.phases import bootstrap, judged
from mibench.studies.claims.rasmussen_cases import BATCHES, THESIS, case
from mibench.studies.claims.rules import Floats
from mibench.studies.results import Measures, Results

__all__ = ["CLAIMS"]

_ERRORS = f"{THESIS}, settings 1.1 and 1.2, figure 5.4"
_LOW_ERROR = 0.1  # below 0.125, the error of the best threshold on the number of ones


def _error(measures: Measures, part: str) -> Floats:
    """0-1 error, shape (R, E)."""
    return np.asarray(1 - measures.accuracy[..., ("train", "test").index(part)])


def _low_error(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    errors = _error(results.measures(case.setting), case.labels["part"])[:, -1]
    detail = f"final mean error {errors.mean():.4f}, median {np.median(errors):.4f}"
    return judged(errors.mean(), bootstrap(errors, rng), _LOW_ERROR, "error", detail, above=False)


def _relu_generalises_worse(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    errors = []
    for name in (case.setting, case.setting.replace("relu", "tanh")):
        measures = results.measures(name)
        found = _error(measures, "test")[:, -1]
        errors.append(found - _error(measures, "train")[:, -1] if case.labels["part"] == "test - train" else found)
    runs = min(map(len, errors))
    worse = errors[0][:runs] - errors[1][:runs]
    detail = f"mean of relu {errors[0].mean():.4f}, of tanh {errors[1].mean():.4f}"
    return judged(worse.mean(), bootstrap(worse, rng), 0.0, "error", detail)


def _sooner(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    taken = []
    for variant in ("", "-full"):
        measures = results.measures(f"{case.setting}{variant}")
        low = _error(measures, case.labels["part"]) <= _LOW_ERROR
        first = np.where(low.any(axis=1), low.argmax(axis=1), -1)
        taken.append(measures.epochs[first].astype(np.float64))
    runs = min(map(len, taken))
    more = taken[1][:runs] - taken[0][:runs]
    few, many = (np.median(each) for each in taken)
    detail = f"median of the epochs that it takes: {few:.0f} with batches of 256, {many:.0f} with full ones"
    return judged(float(np.median(more)), bootstrap(more, rng, np.median), 1.0, "epochs", detail)


def _of(activations: tuple[str, ...] = ("tanh", "relu"), **labels: str) -> tuple[Case, ...]:
    """A case without a plane for each activation and batch."""
    return tuple(
        case(activation, "", variant, primary="rate" not in variant, **labels)
        for activation in activations
        for variant in BATCHES
    )


CLAIMS = (
    Claim(
        "R6a",
        "errors are low",
        "Tanh and relu networks learn to low error on training and test patterns.",
        _ERRORS,
        "final mean 0-1 error is at most 0.1, with the interval: less than 0.125, that of the best threshold on the "
        "number of ones.",
        tuple(each for part in ("train", "test") for each in _of(part=part)),
        _low_error,
    ),
    Claim(
        "R6b",
        "relu generalises slightly worse",
        "Relu networks generalise slightly worse than tanh ones.",
        _ERRORS,
        "final mean test error of relu is above that of tanh, with the interval, paired by split; beside it, test less "
        "training error.",
        tuple(
            replace(each, primary=each.primary and part == "test")
            for part in ("test", "test - train")
            for each in _of(("relu",), part=part)
        ),
        _relu_generalises_worse,
    ),
    Claim(
        "R6c",
        "small batches take fewer epochs",
        "With batches of 256 error is low after fewer epochs than with full batches.",
        _ERRORS,
        "the median over runs of how many more epochs full batches take to an error of 0.1 is at least 1, with the "
        "interval; a run that never comes so low counts as one that does at the last epoch.",
        tuple(
            case(activation, "", primary=True, part=part)
            for activation in ("tanh", "relu")
            for part in ("train", "test")
        ),
        _sooner,
    ),
)
