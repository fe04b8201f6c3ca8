# SPDX-License-Identifier: Apache-2.0
"""What Saxe et al. (ICLR 2018) hold against Shwartz-Ziv and Tishby: gradients go over where nothing compresses.

And layers compress without stochastic gradients, whose noise is said to be what compresses.
"""

from __future__ import annotations

import numpy as np

from mibench.studies.claims.contract import Case, Claim, Finding
from mibench.studies.claims.phases import compress, series
from mibench.studies.claims.rasmussen_cases import ADAPTIVE, RELU_30, UNIFORM
from mibench.studies.claims.rules import Check, every, opposite
from mibench.studies.claims.tishby_cases import BINS, compressing
from mibench.studies.claims.transitions import each_falls
from mibench.studies.results import Results

__all__ = ["CLAIMS"]

_SZT, _SAXE = "Shwartz-Ziv and Tishby (2017)", "Saxe et al. (ICLR 2018)"


def _falls_without_compression(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    plane = results.plane(case.setting, case.estimator)
    hidden = range(1, plane.information.shape[2])
    still = {
        f"no compression in T_{layer}": opposite(compress(series(plane, layer, "x"), plane.epochs, rng))
        for layer in hidden
    }
    return every({"transition": each_falls(results, case, rng), **still})


def _also_compresses(reference: str) -> Check:
    def check(results: Results, case: Case, rng: np.random.Generator) -> Finding:
        layers, none = compressing(results.plane(reference, case.estimator), rng)
        plane = results.plane(case.setting, case.estimator)
        found = {f"T_{layer}": compress(series(plane, layer, "x"), plane.epochs, rng) for layer in layers}
        return every(found) if found else none

    return check


CLAIMS = (
    Claim(
        "S4d",
        "relu networks have the transition without compression",
        "Gradients of relu networks go from signal to noise too, and hidden layers do not compress.",
        f"{_SAXE}, on the two phases of gradients",
        "the transition of S4a by ``step`` is there in every layer (where noise over single rows is meant, as in this "
        "source, 1 is no natural bound), and no hidden layer has COMPRESS. Changed after a first look: it was below 1.",
        tuple(
            Case("rasmussen-relu", estimator, primary, {"estimator": estimator, "transition": rule})
            for rule, estimator, primary in (
                ("step", UNIFORM["relu"], True),
                ("below 1", UNIFORM["relu"], False),
                ("step", RELU_30, False),
                ("step", ADAPTIVE["relu"], False),
            )
        ),
        _falls_without_compression,
    ),
    Claim(
        "S4e",
        "full batches compress too",
        "tanh networks compress without stochastic gradients.",
        f"{_SAXE}, on full batches",
        "every layer with COMPRESS in batches of 256 has it in full batches.",
        (Case("rasmussen-tanh-full", BINS, True, {"batch": "all"}),),
        _also_compresses("rasmussen-tanh"),
    ),
    Claim(
        "S4f",
        "stochastic gradient descent compresses too",
        "Networks compress when trained by plain stochastic gradient descent, as the text has it.",
        f"{_SZT}; its code has Adam",
        "every layer with COMPRESS under Adam has it under SGD.",
        (Case("szt-snapshots-sgd", BINS, True, {"optimiser": "sgd"}),),
        _also_compresses("szt-snapshots"),
    ),
    Claim(
        "S4g",
        "full batches have the transition too",
        "Gradients of single patterns go from signal to noise under full batches, in tanh and relu networks.",
        f"{_SAXE}, on the two phases of gradients",
        "noise over single rows; ``step`` as in S4a in every layer.",
        tuple(
            Case(
                f"rasmussen-{activation}-full",
                "",
                True,
                {"activation": activation, "batch": "all", "noise": "rows", "transition": "step"},
            )
            for activation in ("tanh", "relu")
        ),
        each_falls,
    ),
)
