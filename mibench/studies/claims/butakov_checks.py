# SPDX-License-Identifier: Apache-2.0
"""Controls of planes through lossy compression: noise alone, labels that cannot be learnt, known information."""

from __future__ import annotations

from math import log

import numpy as np

from mibench.studies.claims import butakov_trust
from mibench.studies.claims.alternations import errors, fewest
from mibench.studies.claims.butakov_cases import LAYERS, RANDOM, USUAL, answered, layer_of, planes
from mibench.studies.claims.butakov_phases import SEVERAL, compresses, fits, several_phases
from mibench.studies.claims.contract import Case, Claim, Finding
from mibench.studies.claims.phases import bootstrap, judged, series, switch_time
from mibench.studies.claims.population import population
from mibench.studies.claims.rules import Check, beyond_null, every, opposite
from mibench.studies.results import Results

__all__ = ["CLAIMS"]

_OURS = "negative control"
_DRAWN, _FALSE_SHARE, _NOTHING_SHARE = 20, 0.05, 0.05


def _noise_has_no_phases(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    """Of curves that are constant but for the plane's own standard errors."""
    plane = results.plane(case.setting, case.estimator)
    waves, peaks = [], []
    for layer in LAYERS:
        error = errors(plane, layer, "x")
        epochs = answered(plane, layer, "x")[1]
        assert plane.std_error is not None  # else there were no `errors`
        spread = plane.std_error[:, np.isin(plane.epochs, epochs), layer - 1, 0] / log(2)
        curves, least = rng.normal(0, np.repeat(spread, _DRAWN, axis=0)), np.repeat(error, _DRAWN)
        waves += [*(fewest(curves, epochs, least) >= SEVERAL)]
        pairs = zip(curves, least, strict=True)
        peaks += [not np.isnan(switch_time(curve, epochs, each)) for curve, each in pairs]
    found = {}
    for name, has in (("several phases", waves), ("a first switch", peaks)):
        detail = f"{int(np.sum(has))} of {len(has)} curves of mere noise have {name}"
        found[name] = judged(float(np.mean(has)), None, _FALSE_SHARE, "share", detail, above=False)
    return every(found, most=True)


def _not(check: Check) -> Check:
    def checked(results: Results, case: Case, rng: np.random.Generator) -> Finding:
        return opposite(check(results, case, rng))

    return checked


def _tells_nothing(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    plane, layer = beyond_null(results.plane(case.setting, case.estimator)), layer_of(case)
    last = series(plane, layer, "y")[:, -1]
    most = _NOTHING_SHARE * population(results, held_out=True).label_bits
    detail = f"in the end I(T;Y) is {last.mean():.3f} bits above that with permuted labels"
    return judged(last.mean(), bootstrap(last, rng), most, "bits", detail, above=False)


_UNTAUGHT = tuple(Case(RANDOM, USUAL, True, {"estimator": USUAL, "layer": f"T_{layer}"}) for layer in LAYERS)

CLAIMS = (
    *butakov_trust.CLAIMS,
    Claim(
        "C2b",
        "classifiers taught labels at random do not fit the true ones",
        "Networks that were taught labels at random gain no information about the true ones.",
        _OURS,
        "no FIT of T_3, T_4 or T_5: mean I(T;Y) gains less than 5 % of H(Y), with the interval.",
        _UNTAUGHT,
        _not(fits),
    ),
    Claim(
        "C2c",
        "classifiers taught labels at random tell nothing of the true ones",
        "What they know of the true labels is what permuted labels would show.",
        _OURS,
        "at the last epoch mean I(T;Y) of T_3, T_4 and T_5 less that with permuted labels is at most 5 % of H(Y), with "
        "the interval. It may fail: images of a class are alike, and layers that have learnt nothing see that too.",
        _UNTAUGHT,
        _tells_nothing,
    ),
    Claim(
        "C5",
        "noise alone has no phases",
        "The tests for phases of single runs find hardly any in curves that stay where they are.",
        _OURS,
        "of curves of T_3, T_4 and T_5 that are constant but for independent normal noise of the plane's own standard "
        "errors, 20 of each run, at most 5 % rise and fall at least twice, as B4 counts, and at most 5 % have a first "
        "switch, as B5 finds it.",
        planes(),
        _noise_has_no_phases,
    ),
    Claim(
        "C5b",
        "classifiers taught labels at random have no several phases",
        "Where there is nothing to learn I(X;T) does not rise and fall by turns.",
        _OURS,
        "the opposite of B4, of T_3, T_4 and T_5.",
        _UNTAUGHT,
        _not(several_phases),
    ),
    Claim(
        "C5c",
        "classifiers taught labels at random do not compress",
        "Where there is nothing to learn I(X;T) does not fall.",
        _OURS,
        "no COMPRESS of T_3, T_4 or T_5, as B4c.",
        _UNTAUGHT,
        _not(compresses),
    ),
)
