# SPDX-License-Identifier: Apache-2.0
"""Claims of Rasmussen's thesis on what adaptive bins change, between runs, and in wider networks (appendices)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mibench.studies.claims.contract import Case, Claim, Finding
from mibench.studies.claims.phases import COMPRESS_BITS, bootstrap, compress, judged, of_means, series, smoothed
from mibench.studies.claims.rasmussen_adaptive import any_axis, violated
from mibench.studies.claims.rasmussen_batches import COMPRESS_RULE, DPI_RULE, IN_MOST
from mibench.studies.claims.rasmussen_cases import (
    ADAPTIVE,
    CHANGED,
    RELU_30,
    THESIS,
    UNIFORM,
    by_layer,
    case,
    hidden,
    leave_ceiling,
    most,
    with_layers,
)
from mibench.studies.claims.rules import Floats, on_grid, opposite, shared
from mibench.studies.results import Results

__all__ = ["CLAIMS"]

_SPREAD_BITS = 0.5
_OTHERS_SHARE = 0.1
_VAST_BITS = 1.0
_ACTIVATIONS = ("tanh", "relu", "elu", "relu6")


def _valid(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    return opposite(violated(results, case, rng))


def _spread(moments: Floats) -> Floats:
    """Mean standard deviation, of first and second moments, shape (..., 2, layers and epochs)."""
    variances = np.maximum(moments[..., 1, :] - moments[..., 0, :] ** 2, 0.0)
    return np.asarray(np.sqrt(variances).mean(axis=-1))


def _runs_differ(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    plane = results.plane(case.setting, case.estimator)
    (bits,) = on_grid(plane)
    layers = [*hidden(plane)] if case.labels["layer"] == "hidden" else leave_ceiling(plane, hidden(plane))
    if not layers:
        return Finding("undecided", detail="all hidden layers are at their ceiling")
    x = bits[:, :, np.array(layers) - 1, 0]
    flat = x.reshape(len(x), -1)
    statistic, interval = of_means(np.stack([flat, flat**2], axis=1), rng, _spread)
    spreads = zip(layers, x.std(axis=0).mean(axis=0), strict=True)
    told = ", ".join(f"T_{layer} {sd:.2f}" for layer, sd in spreads)
    return judged(statistic, interval, _SPREAD_BITS, "bits", f"standard deviation of I(X;T), in bits: {told}")


def _runs_disagree(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    plane = results.plane(case.setting, case.estimator)
    found, told = {}, []
    for layer in hidden(plane):
        values = smoothed(series(plane, layer, "x"), plane.epochs)
        falls = (values.max(axis=1) - values[:, -1] >= COMPRESS_BITS).astype(np.float64)
        share, interval = of_means(falls, rng, lambda means: np.minimum(means, 1 - means))
        found[f"T_{layer}"] = judged(share, interval, _OTHERS_SHARE, "share", "")
        told.append(f"T_{layer} {falls.mean():.0%}")
    finding = most(found)
    return replace(finding, detail=f"runs that fall by 0.1 bit, smoothed: {', '.join(told)}; {finding.detail}")


def _below_adaptive(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    adaptive = ADAPTIVE[case.labels["activation"]]
    planes = (results.plane(case.setting, name) for name in (case.estimator, adaptive))
    _, (uniform, finer) = shared(*planes)
    which = 0 if case.labels["axis"] == "I(X;T)" else 1
    low, high = (each[..., which].mean(axis=(1, 2)) for each in (uniform, finer))
    detail = f"mean over layers and epochs: uniform {low.mean():.2f}, adaptive {high.mean():.2f} bits"
    return judged((high - low).mean(), bootstrap(high - low, rng), 0.0, "bits", detail)


def _differ_vastly(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    planes = on_grid(*(results.plane(case.setting, each) for each in (UNIFORM["relu"], ADAPTIVE["relu"])))
    uniform, adaptive = (plane[..., 0] for plane in planes)
    distances = np.sqrt(((uniform - adaptive) ** 2).mean(axis=(1, 2)))
    detail = f"{len(distances)} runs; mean I(X;T) over layers and log epochs: uniform {uniform.mean():.2f}, "
    return judged(
        distances.mean(),
        bootstrap(distances, rng),
        _VAST_BITS,
        "bits",
        f"{detail}adaptive {adaptive.mean():.2f} bits",
    )


def _wide(name: str, estimator: str, *, primary: bool) -> Case:
    shown = "adaptive" if estimator == ADAPTIVE["relu"] else "uniform"
    labels = {"activation": "relu", "batch": "256", "rate": "4e-4", "estimator": shown, "widths": name}
    return Case(f"rasmussen-{name}", estimator, primary, labels)


_ADAPTIVE_CASES = tuple(case(each, ADAPTIVE[each]) for each in _ACTIVATIONS)
_UNIFORM_CASES = tuple(case(each, RELU_30 if each == "relu" else UNIFORM[each], primary=False) for each in _ACTIVATIONS)
_FIGURES = f"{THESIS}, settings 2.1 to 2.4, figures 5.9 to 5.12"
_WIDE = tuple(
    _wide(name, estimator, primary=estimator == ADAPTIVE["relu"])
    for name in ("wide-5", "wide-6")
    for estimator in (ADAPTIVE["relu"], UNIFORM["relu"])
)

CLAIMS = (
    Claim(
        "R15",
        "adaptive bins keep to the processing inequality",
        "In adaptive bins no layer knows more than one before it, for tanh, relu, elu and relu6.",
        _FIGURES,
        f"neither I(T;Y) nor I(X;T) shows a violation, which is that {DPI_RULE}.",
        any_axis(*_ADAPTIVE_CASES, *_UNIFORM_CASES),
        _valid,
    ),
    Claim(
        "R16a",
        "in adaptive bins single runs differ",
        "In adaptive bins planes of single runs differ strongly.",
        f"{THESIS}, figure 5.13",
        "the standard deviation over runs of I(X;T), mean over hidden layers that leave the ceiling (98 % of 12 bits) "
        "and over equal steps of log epochs, is at least 0.5 bit, with the interval. "
        f"{CHANGED} it was of all hidden layers.",
        tuple(
            replace(each, primary=each.primary and which == "off ceiling", labels={**each.labels, "layer": which})
            for which in ("off ceiling", "hidden")
            for each in (*_ADAPTIVE_CASES, *_UNIFORM_CASES)
        ),
        _runs_differ,
    ),
    Claim(
        "R16b",
        "in adaptive bins single runs disagree on compression",
        "In adaptive bins some runs compress and others do not.",
        f"{THESIS}, figure 5.13",
        "in more than half of the hidden layers both the share of runs whose smoothed I(X;T) ends at least 0.1 bit "
        "below its peak and the share of the others are at least 10 %, with the interval.",
        (*_ADAPTIVE_CASES, *_UNIFORM_CASES),
        _runs_disagree,
    ),
    Claim(
        "R17",
        "uniform bins underestimate unbounded activations",
        "For unbounded activations, relu and elu, uniform bins show less information than adaptive ones.",
        _FIGURES,
        "I(X;T) and I(T;Y) in adaptive less that in uniform bins, 30 of both, mean over layers and recorded epochs, "
        "are above 0 with the interval.",
        tuple(
            replace(each, primary=each.labels["activation"] in ("relu", "elu"), labels={**each.labels, "axis": axis})
            for each in _UNIFORM_CASES
            for axis in ("I(X;T)", "I(T;Y)")
        ),
        _below_adaptive,
    ),
    Claim(
        "R18",
        "the estimator makes the plane",
        "Planes of the same two relu networks of equal widths differ vastly in uniform and in adaptive bins.",
        f"{THESIS}, appendix A, figure A.1",
        "I(X;T) in 100 uniform and in 30 adaptive bins is at least 1 bit apart, root mean square over layers and equal "
        "steps of log epochs, mean over the runs, with the interval (of two runs: both).",
        (_wide("constant", ADAPTIVE["relu"], primary=True),),
        _differ_vastly,
    ),
    Claim(
        "R19",
        "in adaptive bins wider relu networks compress",
        "In adaptive bins relu layers of wider networks compress on average.",
        f"{THESIS}, appendix B, figure B.1",
        f"of hidden layers, {COMPRESS_RULE} {IN_MOST}.",
        tuple(
            each
            for wide in _WIDE
            for each in with_layers((wide,), range(1, 5 if wide.labels["widths"] == "wide-5" else 6), "most")
        ),
        by_layer(compress, hidden),
    ),
)
