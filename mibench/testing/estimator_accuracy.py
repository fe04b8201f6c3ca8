# SPDX-License-Identifier: Apache-2.0
"""Whether the numbers are nats of mutual information, raw."""

from __future__ import annotations

import math

from mibench.testing.check import estimator_check
from mibench.testing.outcome import fail, skip
from mibench.testing.specimens import SPECIMENS, Specimen
from mibench.testing.subject import EstimatorSubject

__all__: list[str] = []

_N = 2000
_LEVELS = (0.5, 1.5)
_UNITS = {"bits": 1 / math.log(2), "hartleys (logarithms to base 10)": 1 / math.log(10)}
_DRAWS = 12


def _at(subject: EstimatorSubject, mi: float, n: int = _N, seed: int = 1) -> Specimen:
    """Data of known information, of the kind that the estimator accepts."""
    kind = subject.specimen.kind
    if kind == "images":
        skip("it takes images only, for which no estimator is held to an accuracy here")
    return SPECIMENS[kind](n, mi, seed)


def _levels(subject: EstimatorSubject) -> dict[float, float]:
    """Truth -> estimate, with the parameters that were given; made once for a subject."""
    kept: dict[float, float] | None = getattr(subject, "_levels", None)
    if kept is None:
        kept = {}
        for mi in _LEVELS:
            data = _at(subject, mi)
            kept[mi] = subject.mi(data.x, data.y, side=data.side, thing=subject.thing)
        subject._levels = kept  # type: ignore[attr-defined]
    return kept


@estimator_check
def nats(subject: EstimatorSubject) -> None:
    """From 0.5 to 1.5 nats of information the estimate does not rise by 1.44 (bits) or 0.43 (base 10)."""
    low, high = (_levels(subject)[mi] for mi in _LEVELS)
    rise = (high - low) / (_LEVELS[1] - _LEVELS[0])
    for unit, factor in _UNITS.items():
        if abs(rise / factor - 1) < 0.1:
            fail(f"1 nat more raises the estimate by {rise:.3f}: these are {unit}; take natural logarithms")


@estimator_check
def accuracy(subject: EstimatorSubject) -> None:
    """Within 0.1 nats and a tenth of the truth, on 2000 normal pairs (or symbols) of 0.5 and 1.5 nats."""
    for truth, estimate in _levels(subject).items():
        if abs(estimate - truth) > 0.1 + 0.1 * truth:
            fail(f"the estimate is {estimate:.3f} where the truth is {truth} nats, from {_N} samples")


@estimator_check
def independence(subject: EstimatorSubject) -> None:
    """Within 0.1 nats of 0 on 2000 independent pairs."""
    data = _at(subject, 0.0)
    estimate = subject.mi(data.x, data.y, side=data.side, thing=subject.thing)
    if abs(estimate) > 0.1:
        fail(f"the estimate is {estimate:.3f} nats for {_N} independent pairs")


@estimator_check
def not_clipped(subject: EstimatorSubject) -> None:
    """Raw: on independent pairs, an estimate that is exactly 0 again and again and never negative was cut off."""
    zeros = 0
    for seed in range(_DRAWS):
        data = _at(subject, 0.0, 200, seed)
        estimate = subject.mi(data.x, data.y, side=data.side)
        if estimate < 0:
            return
        zeros += estimate == 0
    if zeros > 1:
        fail(f"{zeros} of {_DRAWS} estimates on independent pairs are exactly 0 and none is negative: drop max(0, ...)")
