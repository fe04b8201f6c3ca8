# SPDX-License-Identifier: Apache-2.0
"""Claims of Lorenzen, Igel and Nielsen on how much single runs differ: their appendix B."""

from __future__ import annotations

import numpy as np

from mibench.studies.claims.contract import Case, Claim, Finding
from mibench.studies.claims.lorenzen_cases import PAPER, by_activation
from mibench.studies.claims.phases import bootstrap, judged, of_means
from mibench.studies.claims.rules import Floats, on_grid
from mibench.studies.results import Results

__all__ = ["CLAIMS", "mean_represents"]

_PATH_SHARE, _STILL_BITS = 0.25, 0.01


def _moments(values: Floats) -> Floats:
    return np.stack([values, values**2], axis=1)


def _spread(moments: Floats) -> Floats:
    return np.asarray(np.sqrt(np.maximum(moments[..., 1, :] - moments[..., 0, :] ** 2, 0.0)))


def _spread_falls_with_mean(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    (bits,) = on_grid(results.plane(case.setting, case.estimator))
    which = 0 if case.labels["axis"] == "I(X;T)" else 1
    flat = bits[..., which].reshape(len(bits), -1)

    def correlation(moments: Floats) -> Floats:
        mean, sd = moments[..., 0, :], _spread(moments)
        mean, sd = (each - each.mean(axis=-1, keepdims=True) for each in (mean, sd))
        size = np.sqrt((mean**2).sum(-1) * (sd**2).sum(-1))
        with np.errstate(invalid="ignore"):  # runs drawn anew may all be one run, without a spread
            return np.asarray((mean * sd).sum(-1) / size)

    statistic, interval = of_means(_moments(flat), rng, correlation)
    detail = f"correlation {statistic:.2f} of mean and standard deviation over layers and log epochs"
    return judged(statistic, interval, 0.0, "correlation", detail, above=False)


def _spread_larger(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    relu, tanh = on_grid(
        *(results.plane(case.setting.replace("relu", each), case.estimator) for each in ("relu", "tanh"))
    )
    both = np.stack([_moments(each[..., 0].reshape(len(each), -1)) for each in (relu, tanh)], axis=1)

    def excess(moments: Floats) -> Floats:
        found = _spread(moments).mean(axis=-1)
        return np.asarray(found[:, 0] - found[:, 1])

    statistic, interval = of_means(both, rng, excess)
    sd = _spread(both.mean(axis=0)).mean(axis=-1)
    detail = f"mean standard deviation of I(X;T): relu {sd[0]:.3f}, tanh {sd[1]:.3f} bits"
    return judged(statistic, interval, 0.0, "bits", detail)


def mean_represents(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    """The check that half of the runs are nearer to the mean trajectory than a quarter of its length."""
    (bits,) = on_grid(results.plane(case.setting, case.estimator))
    mean = bits.mean(axis=0)
    path = np.sqrt((np.diff(mean, axis=0) ** 2).sum(axis=(-2, -1))).sum()
    if path < _STILL_BITS:
        return Finding("undecided", detail="the mean plane does not move")
    distances = np.sqrt(((bits - mean) ** 2).sum(axis=(-2, -1)).mean(axis=1))
    detail = f"median distance of a run {np.median(distances):.2f} bits; the mean plane's path is {path:.2f} bits long"
    shares = distances / path
    return judged(
        float(np.median(shares)), bootstrap(shares, rng, np.median), _PATH_SHARE, "share", detail, above=False
    )


_BOTH_AXES = tuple(
    Case(each.setting, each.estimator, axis == "I(X;T)", {**each.labels, "axis": axis})
    for each in by_activation("lorenzen-8bit-{}", "exact")
    for axis in ("I(X;T)", "I(T;Y)")
)


CLAIMS = (
    Claim(
        "L9",
        "runs differ little where information is large",
        "The spread over runs is small where the mean is large.",
        f"{PAPER}, appendix B",
        "mean and standard deviation over runs, over layers and log epochs, correlate below 0 with the interval.",
        _BOTH_AXES,
        _spread_falls_with_mean,
    ),
    Claim(
        "L9b",
        "the mean plane stands for single runs",
        "Mean planes represent single runs fairly well.",
        f"{PAPER}, appendix B",
        "half of the runs or more are, by the root mean square over log epochs and with all layers together, nearer to "
        "the mean trajectory than a quarter of its length.",
        by_activation("lorenzen-8bit-{}", "exact"),
        mean_represents,
    ),
    Claim(
        "L9c",
        "relu runs differ more",
        "The spread over runs is slightly larger in relu networks than in tanh ones.",
        f"{PAPER}, appendix B",
        "the standard deviation of I(X;T) over runs, mean over layers and log epochs, is greater for relu, with the "
        "interval of the difference above 0.",
        by_activation("lorenzen-8bit-{}", "exact", ("relu",)),
        _spread_larger,
    ),
)
