# SPDX-License-Identifier: Apache-2.0
"""Claims of Goldfeld et al. on how many samples are needed, and on distances between distributions with noise."""

from __future__ import annotations

from math import log2

import numpy as np

from mibench.studies.claims.contract import Case, Claim, Finding
from mibench.studies.claims.goldfeld_cases import GOLDFELD
from mibench.studies.claims.goldfeld_risk import (
    RATE,
    SETTING,
    THEOREM,
    each_dimension,
    near_to,
    resampled,
    slopes,
    stored,
)
from mibench.studies.claims.phases import apart, judged
from mibench.studies.results import Results

__all__ = ["CLAIMS"]

_NAT = 0.05
_GROWTH, _FALL = 1.1, 0.1
_LOWER = f"{GOLDFELD}, theorem 2"


def _needed(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    del rng
    found = stored(results)
    dims, needed = found["need_dims"], found["needed"]
    moves = dims - dims.mean()
    rates = moves @ np.log2(needed) / (moves @ moves)
    told = ", ".join(f"{rate:.2f} at s = {std:g}" for rate, std in zip(rates, found["need_stds"], strict=True))
    detail = f"needed n is 2^(rate d) for an error of {found['need_error'][0]} nat: rate {told}"
    if case.labels["what"] == "in d":
        return judged(float(rates[-1]), None, log2(_GROWTH), "rate", detail)
    return judged(float(rates[0] - rates[-1]), None, _FALL, "rate", detail)


def _closed_form(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    found = stored(results)
    gaps = found["lower_measured"] - found["lower_exact"][..., None]
    value, (low, high) = resampled(gaps.reshape(-1, gaps.shape[-1]), rng, lambda means: means)
    at = int(np.abs(value).argmax())
    dim = found["lower_dims"][at // len(found["lower_sizes"])]
    gap, interval = apart(float(value[at]), (float(low[at]), float(high[at])))
    detail = (
        f"the plug-in misses {-found['lower_exact'].min():.2f} nat at most; measured and exact errors differ by "
        f"{gap:.3f} nat at most, in d = {dim}"
    )
    return judged(gap, interval, _NAT, "nats", detail, above=False)


def _smoothed(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    del case
    found = stored(results)
    value, interval = resampled(found["smooth_above"], rng, lambda means: slopes(means, found["moved_sizes"]))
    return each_dimension(found["moved_dims"], value, interval, RATE, above=False, unit="slope")


def _unsmoothed(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    found = stored(results)
    dim = int(case.labels["d"])
    at = list(found["moved_dims"]).index(dim)
    value, (low, high) = resampled(found["plain"][at], rng, lambda means: slopes(means, found["moved_sizes"]))
    detail = f"W1(P, P_n) falls as n^{value:.2f}"
    return near_to(float(value), (float(low), float(high)), -1 / max(dim, 2), detail)


def _lipschitz(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    del rng
    found = stored(results)
    name = {"W1(P*N, Q*N)": "pair_distances", "W1(P, Q)": "pair_clean"}[case.labels["distance"]]
    ratios = found["pair_gaps"] / np.maximum(found[name], 1e-12) * found["pair_stds"][:, None] ** 2 / 2
    detail = f"the gap of entropies is at most {ratios.max():.3f} x 2 / s^2 x distance, in {ratios.size} pairs"
    return judged(float(ratios.max()), None, 1.0, "ratio", detail, above=False)


CLAIMS = (
    Claim(
        "P8.4",
        "needed samples grow exponentially with the dimension",
        "For an error of eta some 2^(gamma(s) d) / (eta d) samples are needed, and gamma falls as noise s grows.",
        _LOWER,
        "for an error of 0.25 nat at the corners of the cube, d from 2 to 8, n needed grows by a factor of 1.1 or more "
        "with each d at the greatest s (in d), and its rate falls by 0.1 or more from the least s to the greatest (in "
        "s).",
        tuple(Case(SETTING, "", True, {"what": what}) for what in ("in d", "in s")),
        _needed,
    ),
    Claim(
        "P8.4b",
        "with few samples ln n is all there is",
        "At 2^d corners that noise does not mix, n samples miss d ln 2 - ln n and what coincidences take.",
        _LOWER,
        "measured mean errors for d of 4 to 12 are within 0.05 nat of the closed form, with the interval.",
        (Case(SETTING, "", True, {}),),
        _closed_form,
    ),
    Claim(
        "P8.5",
        "with noise empirical distributions approach at the root of n in any dimension",
        "E W1(P*N, P_n*N) is at most of order n^(-1/2), whatever d.",
        THEOREM,
        "in d of 1 to 5 an upper bound of the distance (in d = 1 itself) has a slope of -0.4 or less over n, with the "
        "interval; P uniform on the cube.",
        (Case(SETTING, "", True, {"distribution": "uniform on the cube"}),),
        _smoothed,
    ),
    Claim(
        "P8.5b",
        "without noise they approach at the d-th root",
        "E W1(P, P_n) falls as n^(-1/d) for d of 3 and more.",
        THEOREM,
        "the slope over n is within 0.1 of -1/d (-1/2 for d = 1 and 2), with the interval; P uniform on the cube.",
        tuple(Case(SETTING, "", d in ("3", "5"), {"d": d}) for d in ("1", "2", "3", "5")),
        _unsmoothed,
    ),
    Claim(
        "P8.6",
        "entropies differ by no more than distances",
        "|h(P*N) - h(Q*N)| is at most of the order of W1.",
        "Polyanskiy, Wu (IEEE Trans. Inf. Theory 2016), as used by Goldfeld et al.",
        "for distributions of up to 8 atoms on [-1, 1] the gap is at most 2 / s^2 times the distance. For W1(P, Q) "
        "that is a theorem: the gradient of E[-ln q(x + s Z)] is a mean of (x - S) / s^2 with S in the same interval.",
        tuple(Case(SETTING, "", True, {"distance": each}) for each in ("W1(P*N, Q*N)", "W1(P, Q)")),
        _lipschitz,
    ),
)
