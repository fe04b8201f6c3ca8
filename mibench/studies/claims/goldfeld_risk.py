# SPDX-License-Identifier: Apache-2.0
"""Claims of Goldfeld et al. on the plug-in of noisy layers: rates, needed samples, smoothed distances."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.studies.claims.contract import Case, Claim, Finding
from mibench.studies.claims.goldfeld_cases import GOLDFELD
from mibench.studies.claims.phases import apart, judged
from mibench.studies.claims.rules import every
from mibench.studies.results import Results

__all__ = ["CLAIMS", "RATE", "SETTING", "THEOREM", "each_dimension", "near_to", "resampled", "slopes", "stored"]

SETTING, _ANALYSIS = "goldfeld-risk", "sp-risk"
_KINDS = {"uniform on the cube": 0, "normal, cut off": 1, "corners of the cube": 2}
RATE, _NEAR = -0.4, 0.1  # of n; the slope is to be -1/2
_GROWTH_AT = 256
_RESAMPLES = 500

Floats = NDArray[np.float64]


def slopes(values: Floats, sizes: Floats) -> Floats:
    """Slopes of ln of values, shape (..., N), over ln of sizes."""
    at = np.log(sizes) - np.log(sizes).mean()
    return np.asarray(np.log(values) @ at / (at @ at))


def resampled(values: Floats, rng: np.random.Generator, statistic: Callable[[Floats], Floats]) -> Any:
    """A statistic of means over repeats (the last axis), and its 95 % interval when repeats are drawn anew."""
    repeats = values.shape[-1]
    drawn = rng.integers(repeats, size=(_RESAMPLES, repeats))
    found = np.array([statistic(values[..., chosen].mean(axis=-1)) for chosen in drawn])
    low, high = np.quantile(found, (0.025, 0.975), axis=0)
    return statistic(values.mean(axis=-1)), (low, high)


def each_dimension(
    dims: NDArray[Any], value: Floats, interval: tuple[Floats, Floats], threshold: float, *, above: bool, unit: str
) -> Finding:
    """The finding of every dimension, each against the threshold."""
    low, high = interval
    findings = {
        f"d = {dim}": judged(
            float(value[i]), (float(low[i]), float(high[i])), threshold, unit, f"the {unit} is {value[i]:.3f}", above
        )
        for i, dim in enumerate(dims)
    }
    return every(findings, most=not above)


def stored(results: Results) -> Mapping[str, NDArray[Any]]:
    return results.analysis(SETTING, _ANALYSIS)


def _at_least_root(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    found = stored(results)
    errors = np.abs(found["errors"][_KINDS[case.labels["distribution"]]])
    value, interval = resampled(errors, rng, lambda means: slopes(means, found["sizes"]))
    return each_dimension(found["dims"], value, interval, RATE, above=False, unit="slope")


def _just_root(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    found = stored(results)
    late = len(found["sizes"]) // 2
    errors, sizes = np.abs(found["errors"][_KINDS[case.labels["distribution"]], :, late:]), found["sizes"][late:]
    at = list(found["dims"]).index(int(case.labels["d"]))
    value, (low, high) = resampled(errors[at], rng, lambda means: slopes(means, sizes))
    detail = f"E|error| falls as n^{value:.2f} from n = {sizes[0]} to {sizes[-1]}"
    return near_to(float(value), (float(low), float(high)), -0.5, detail)


def near_to(value: float, interval: tuple[float, float], wanted: float, detail: str) -> Finding:
    """Whether a slope is within 0.1 of what it should be: its distance, and the least and greatest it may have."""
    gap, allowed = apart(value, interval, wanted)
    return judged(gap, allowed, _NEAR, "slope", detail, above=False)


def _grows(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    found = stored(results)
    n = int(np.abs(found["sizes"] - _GROWTH_AT).argmin())
    biases = -found["biases"][_KINDS[case.labels["distribution"]], :, n]
    dims = found["dims"]
    value, (low, high) = resampled(biases, rng, lambda means: means[-1] / np.maximum(means[0], 1e-12) * dims[0])
    told = ", ".join(f"d = {dim}: {bias:.4f}" for dim, bias in zip(dims, biases.mean(axis=-1), strict=True))
    detail = f"mean bias in nats at n = {found['sizes'][n]}: {told}"
    return judged(float(value), (float(low), float(high)), float(dims[-1]), "ratio", detail)


def _bounded(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    del rng
    found = stored(results)
    ratios = np.abs(found["errors"]).mean(axis=-1) / found["bounds"]
    detail = f"E|error| is at most {ratios.max():.3f} of the bound, over all distributions, d and n"
    return judged(float(ratios.max()), None, 1.0, "ratio", detail, above=False)


THEOREM = f"{GOLDFELD}, theorem 1; Goldfeld et al. (IEEE Trans. Inf. Theory 2020)"
_BY_KIND = tuple(Case(SETTING, "", True, {"distribution": kind}) for kind in _KINDS)
_BY_DIM = tuple(
    Case(SETTING, "", dim in ("1", "2", "3"), {"distribution": kind, "d": dim})
    for kind in [*_KINDS][:2]
    for dim in ("1", "2", "3", "5", "8")
)

CLAIMS = (
    Claim(
        "P8.3",
        "the plug-in's risk falls with the root of n in any dimension",
        "E|h(P*N) - h(P_n*N)| is at most C n^(-1/2) for every P of bounded support.",
        THEOREM,
        "E|error| over n, d from 1 to 8, s = 0.5, has a slope of ln over ln n of -0.4 or less in every d, with the "
        "interval.",
        _BY_KIND,
        _at_least_root,
    ),
    Claim(
        "P8.3b",
        "the plug-in's risk falls no faster than with the root of n",
        "The rate n^(-1/2) is that of the risk where what is sampled fluctuates.",
        THEOREM,
        "over the upper half of n the slope is within 0.1 of -1/2, with the interval; primary in d up to 3: in higher "
        "d the bias, which falls as 1 / n, still leads at these n. At corners of the cube only the bias is left.",
        _BY_DIM,
        _just_root,
    ),
    Claim(
        "P8.3c",
        "the constant grows exponentially with the dimension",
        "C grows as c^d.",
        THEOREM,
        "the mean bias at n = 256 is in d = 8 more than 8 times that in d = 1, so more than linear, with the interval.",
        _BY_KIND,
        _grows,
    ),
    Claim(
        "P8.3d",
        "an explicit bound is kept",
        "For P on [-1, 1]^d the risk is at most what `mibench.estimators.noisy_plugin.risk_bound` says.",
        "derived in mibench from the chi-square information and the inequality of Efron and Stein",
        "E|error| divided by the bound is at most 1 everywhere.",
        (Case(SETTING, "", True, {}),),
        _bounded,
    ),
)
