# SPDX-License-Identifier: Apache-2.0
"""Where claims on quantised networks are checked: {quantiser} x {initial weights}, 4 bits, other estimators."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mibench.studies.claims.contract import Case

__all__ = [
    "ACTIVATIONS",
    "BINS",
    "INITS",
    "MODES",
    "PAPER",
    "by_activation",
    "floats",
    "matrix",
    "name_8bit",
]

PAPER = "Lorenzen, Igel, Nielsen (ICLR 2022)"
ACTIVATIONS = ("tanh", "relu")
MODES, INITS = ("paper", "tfmot", "instant"), ("glorot", "fan-out", "fan-in")
BINS = ("bins[n=30]", "bins[n=100]", "bins[n=256]")
_KDE = ("kde[variance=0.001]", "kde[variance=0.1]")


def name_8bit(activation: str, mode: str = "paper", init: str = "glorot") -> str:
    """The setting with 8 bits; the primary one has neither mode nor initial weights in its name."""
    name = f"lorenzen-8bit-{activation}"
    return name if (mode, init) == ("paper", "glorot") else f"{name}-{mode}-{init}"


def matrix(activations: Sequence[str] = ACTIVATIONS) -> tuple[Case, ...]:
    """8 bits, all modes and initial weights, the primary one first; then 4 bits, and networks without a quantiser."""
    return tuple(case for activation in activations for case in _matrix(activation))


def _matrix(activation: str) -> Iterator[Case]:
    for mode in MODES:
        for init in INITS:
            labels = {"activation": activation, "mode": mode, "init": init, "estimator": "exact"}
            yield Case(name_8bit(activation, mode, init), "exact", (mode, init) == ("paper", "glorot"), labels)
    labels = {"activation": activation, "mode": "paper, 4 bits", "init": "glorot", "estimator": "exact"}
    yield Case(f"lorenzen-4bit-{activation}", "exact", False, labels)
    yield from floats(activation, primary=())


def floats(activation: str, primary: Sequence[str]) -> tuple[Case, ...]:
    """Networks without a quantiser: every estimator, those in `primary` as primary cases."""
    return tuple(
        Case(
            f"lorenzen-float-{activation}",
            estimator,
            estimator in primary,
            {"activation": activation, "mode": "float32", "init": "glorot", "estimator": estimator},
        )
        for estimator in (*BINS, "exact", *_KDE)
    )


def by_activation(pattern: str, estimator: str = "", activations: Sequence[str] = ACTIVATIONS) -> tuple[Case, ...]:
    """One primary case for each activation, of the setting that the pattern names, such as ``lorenzen-8bit-{}``."""
    return tuple(Case(pattern.format(each), estimator, True, {"activation": each}) for each in activations)
