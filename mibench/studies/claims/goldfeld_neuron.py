# SPDX-License-Identifier: Apache-2.0
"""Claims of Goldfeld et al. on one noisy neuron, exact: information is gained, then lost to clustering."""

from __future__ import annotations

from math import log

import numpy as np
from numpy.typing import NDArray

from mibench.studies.claims.contract import Case, Claim, Finding
from mibench.studies.claims.goldfeld_cases import GOLDFELD
from mibench.studies.claims.phases import COMPRESS_BITS, RISE_BITS, judged
from mibench.studies.claims.rules import every
from mibench.studies.results import Results

__all__ = ["CLAIMS"]

_SETTING, _ANALYSIS = "goldfeld-neuron", "neuron"
_CLASS_BITS = 0.25 * log(4, 2) + 0.75 * log(4 / 3, 2)
_NEAR_BITS = 0.05
_TRAINED = "training"


def _curves(results: Results, case: Case) -> tuple[NDArray[np.float64], NDArray[np.float64], bool]:
    """I(X;T) and that of the class in bits, along the weights or a training, and whether all is right at its end."""
    found = results.analysis(_SETTING, _ANALYSIS)
    if case.labels["along"] == _TRAINED:
        right = float(found["correct"][-1]) == 1.0
        return found["information"] / log(2), found["information_label"] / log(2), right
    column = int(np.abs(found["noises"] - float(case.labels["noise"])).argmin())
    return found["table"][:, column] / log(2), found["table_label"][:, column] / log(2), True


def _rises_then_falls(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    del rng
    bits, _, right = _curves(results, case)
    peak, end = float(bits.max()), float(bits[-1])
    detail = f"from {bits[0]:.3f} to {peak:.3f} to {end:.3f} bits" + ("" if right else ", with wrong classes")
    moves = {
        "rise": judged(peak - bits[0], None, RISE_BITS, "bits", detail),
        "fall": judged(peak - end, None, COMPRESS_BITS, "bits", detail),
        "end": judged(abs(end - _CLASS_BITS), None, _NEAR_BITS, "bits", detail, above=False),
        "right classes": judged(float(right), None, 1.0, "share", detail),
    }
    return every(moves)


def _keeps_the_class(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    del rng
    bits, of_class, _ = _curves(results, case)
    rest, kept = float(bits[-1] - of_class[-1]), float(_CLASS_BITS - of_class[-1])
    detail = f"in the end {of_class[-1]:.4f} bits of the class, whose entropy is {_CLASS_BITS:.4f}, and {rest:.4f} else"
    return judged(max(rest, kept), None, _NEAR_BITS, "bits", detail, above=False)


_CASES = (
    Case(_SETTING, "", True, {"along": _TRAINED, "noise": "0.1"}),
    *(
        Case(_SETTING, "", noise == "0.1", {"along": "weights, b = -2 w", "noise": noise})
        for noise in ("0.01", "0.05", "0.1", "0.2")
    ),
)

CLAIMS = (
    Claim(
        "G1",
        "a noisy neuron gains information, then compresses",
        "As a noisy tanh neuron learns to tell 3 from -3, -1 and 1, I(X;T) rises, then falls to the entropy of the "
        "classes.",
        f"{GOLDFELD}, section 4, figure 3",
        "I(X;T) rises by at least 0.1 bit to its peak, falls by at least 0.1 bit, ends within 0.05 bit of 0.8113 bits, "
        "and all four inputs are on the right side; by quadrature. With noise of 0.01 it begins at the ceiling of 2 "
        "bits, and cannot rise.",
        _CASES,
        _rises_then_falls,
    ),
    Claim(
        "G2",
        "what is lost is what the class does not need",
        "The neuron compresses by clustering inputs of one class.",
        f"{GOLDFELD}, section 4, figure 3",
        "in the end I(X;T) exceeds the class's information by at most 0.05 bit, and that is within 0.05 bit of its "
        "entropy.",
        _CASES,
        _keeps_the_class,
    ),
)
