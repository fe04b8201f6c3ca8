# SPDX-License-Identifier: Apache-2.0
"""Where claims on the convolutional classifier are checked: every plane of it, other noise, labels at random."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mibench.studies.claims.contract import Case
from mibench.studies.claims.phases import series
from mibench.studies.claims.resampling import Floats
from mibench.studies.results import MissingResult, Plane

__all__ = ["BUTAKOV", "CENTRED", "CNN", "LAYERS", "RANDOM", "USUAL", "answered", "by_layer", "layer_of", "planes"]

BUTAKOV = "Butakov et al. (ICLR 2024)"
CNN, RANDOM = "cnn", "cnn-random-labels"
USUAL = "compressed[x=ae,layer=pca]"
LAYERS = (3, 4, 5)  # that the figure shows
_OTHERS = (
    "compressed[x=ae,layer=ae]",
    "compressed[x=pca,layer=pca]",
    "compressed[x=ae,layer=pca,estimator=kl]",
    "compressed[x=ae,layer=pca,estimator=ksg]",
)
CENTRED = "compressed[x=ae,layer=pca,output=centred]"  # of all layers but the last as the usual one
_NETWORKS = {CNN: "multiplicative noise", "cnn-additive": "additive noise", RANDOM: "random labels"}


def planes(**labels: str) -> tuple[Case, ...]:
    """The plane that the source draws, primary; by other estimators; with other noise; taught labels at random."""

    def each() -> Iterator[Case]:
        outputs = (CENTRED,) if labels.get("layer") in (None, f"T_{LAYERS[-1]}") else ()
        for estimator in (USUAL, *_OTHERS, *outputs):
            told = {"mode": _NETWORKS[CNN], "estimator": estimator, **labels}
            yield Case(CNN, estimator, estimator == USUAL, told)
        for setting in [*_NETWORKS][1:]:
            yield Case(setting, USUAL, False, {"mode": _NETWORKS[setting], "estimator": USUAL, **labels})

    return tuple(each())


def by_layer(**labels: str) -> tuple[Case, ...]:
    """`planes` for each layer that the figure shows."""
    return tuple(case for layer in LAYERS for case in planes(layer=f"T_{layer}", **labels))


def layer_of(case: Case) -> int:
    """The layer that the case names."""
    return int(case.labels["layer"].removeprefix("T_"))


def answered(plane: Plane, layer: int, which: str) -> tuple[Floats, NDArray[np.int64]]:
    """I(X;T) or I(T;Y) of a layer in bits, (R, E), at the epochs, (E,), at which the estimator has one in every run.

    Raises
    ------
    MissingResult
        If these are fewer than three.
    """
    values = series(plane, layer, which)
    whole = ~np.isnan(values).any(axis=0)
    if whole.sum() < 3:
        raise MissingResult(
            f"{plane.estimator} has no answer for T_{layer} of some run at all but {whole.sum()} epochs"
        )
    return values[:, whole], plane.epochs[whole]
