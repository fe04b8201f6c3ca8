# SPDX-License-Identifier: Apache-2.0
"""Propositions of Goldfeld et al.: without noise I(X;T) tells nothing of the weights, with noise it does."""

from __future__ import annotations

import numpy as np

from mibench.studies.claims.contract import Case, Claim, Finding
from mibench.studies.claims.goldfeld_cases import DETERMINISTIC, GOLDFELD, noisy
from mibench.studies.claims.goldfeld_phases import varies
from mibench.studies.claims.phases import COMPRESS_BITS, judged, series
from mibench.studies.claims.rules import every
from mibench.studies.results import Results

__all__ = ["CLAIMS"]

_BITS, _ALL_BUT = 12.0, 0.01


def _tells_all_apart(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    del rng
    plane = results.plane(case.setting, case.estimator)
    found = {}
    for layer in (int(each) for each in case.labels["layers"].split(",")):
        bits = series(plane, layer, "x")
        run, point = np.unravel_index(int(bits.argmin()), bits.shape)
        share = float(np.mean(bits >= _BITS - 1e-9))
        detail = (
            f"all patterns apart in {share:.1%} of runs and epochs; the least I(X;T) is {bits.min():.4f} bits, in "
            f"epoch {plane.epochs[point]} of run {plane.runs[run]}"
        )
        found[f"T_{layer}"] = judged(float(bits.min()), None, _BITS - _ALL_BUT, "bits", detail)
    return every(found)


_FLOATS = tuple(
    Case(f"lorenzen-float-{each}", "exact", False, {"layers": "1,2,3,4,5", "activation": each, "dtype": "float32"})
    for each in ("tanh", "relu")
)

CLAIMS = (
    Claim(
        "P8.1",
        "without noise I(X;T) tells nothing",
        "In deterministic networks with strictly monotone activations I(X;T) is H(X) for almost all weights.",
        f"{GOLDFELD}, section 3",
        "I(X;T) of T_1 to T_5, from distinct rows in float64, is at least 11.99 bits in every run and at every epoch "
        "(later layers and float32 can fall below it by rounding; relu is not strictly monotone).",
        (
            Case(DETERMINISTIC, "exact", True, {"layers": "1,2,3,4,5", "activation": "tanh", "dtype": "float64"}),
            Case(DETERMINISTIC, "exact", False, {"layers": "6", "activation": "tanh", "dtype": "float64"}),
            *_FLOATS,
        ),
        _tells_all_apart,
    ),
    Claim(
        "P8.2",
        "with noise I(X;T) depends on the weights",
        "In networks with noisy units I(X;T) is finite and varies as they are trained.",
        f"{GOLDFELD}, section 3",
        "mean I(X;T) of T_4 and of T_5 varies over epochs by at least 0.1 bit, with the interval.",
        noisy(),
        varies((4, 5), COMPRESS_BITS, above=True),
    ),
)
