# SPDX-License-Identifier: Apache-2.0
"""Claims of Lorenzen, Igel and Nielsen on the exact planes of 8-bit networks, and on how much single runs differ."""

from __future__ import annotations

from collections.abc import Callable
from math import isnan, nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.studies.claims.contract import Case, Claim, Finding
from mibench.studies.claims.lorenzen_cases import ACTIVATIONS, BINS, by_activation, floats, matrix
from mibench.studies.claims.phases import (
    COMPRESS_SURE_BITS,
    INTERRUPT_BITS,
    bootstrap,
    compress,
    cross_fitted,
    dip,
    interrupted,
    judged,
    of_means,
    rises,
    series,
    smoothed,
    trivial,
)
from mibench.studies.claims.rules import ROWS, Floats, Test, each_layer, every, fits, label_bits, on_grid, opposite
from mibench.studies.results import Results

__all__ = ["CLAIMS"]

_PAPER = "Lorenzen, Igel, Nielsen (ICLR 2022)"
_SECTION_41 = f"{_PAPER}, section 4.1"
_HIDDEN, _OUTPUT = range(1, 6), 6
_NEAR_CEILING_BITS, _NEAR_LABEL_SHARE = 11.9, 0.99
_ANY_GAIN_BITS = 0.001
_LATE_SHARE, _SLIGHT_BITS = 1800 / 8000, 0.05
_STARTS = {2: 11.75, 3: 8.2, 4: 5.6, 5: 3.7, 6: 1.3}  # where the curves of figure 3 begin, by its labels, in bits
_STARTS_WITHIN_BITS = 1.0
_ACCURACY = 0.02
_PATH_SHARE, _STILL_BITS = 0.25, 0.01


def _any_gain(values: Floats, epochs: NDArray[Any], rng: np.random.Generator) -> Finding:
    gains = values[:, -1] - values[:, 0]
    detail = f"I(T;Y) goes from {values[:, 0].mean():.4f} to {values[:, -1].mean():.4f} bits at epoch {epochs[-1]}"
    return judged(gains.mean(), bootstrap(gains, rng), _ANY_GAIN_BITS, "bits", detail, sure=0.0)


def _never_below(threshold: float) -> Test:
    def test(values: Floats, epochs: NDArray[Any], rng: np.random.Generator) -> Finding:
        least, interval = of_means(values, rng, lambda means: np.asarray(means.min(axis=-1)))
        epoch = epochs[int(values.mean(axis=0).argmin())]
        return judged(least, interval, threshold, "bits", f"the least mean is {least:.3f} bits, in epoch {epoch}")

    return test


def _interrupted_gain(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    """I(T_5;Y) falls and recovers, and I(X;T_5) falls meanwhile."""
    plane = results.plane(case.setting, case.estimator)
    both = np.stack([smoothed(series(plane, 5, which), plane.epochs) for which in "yx"], axis=1)

    def falls(of: int) -> Callable[[Floats, Floats], Floats]:
        def measure(mean: Floats, runs: Floats) -> Floats:
            high, low = dip(mean[0])
            return np.asarray(runs[:, of, high] - runs[:, of, low])

        return measure

    state = int(rng.integers(2**32))  # the same halves for both
    of_y, of_x = (cross_fitted(both, falls(of), np.random.default_rng(state)) for of in (0, 1))
    high, low = dip(both.mean(axis=0)[0])
    told = f"from epoch {plane.epochs[high]} to {plane.epochs[low]}"
    return every(
        {
            "I(T;Y)": judged(of_y.mean(), bootstrap(of_y, rng), _ANY_GAIN_BITS, "bits", f"falls {told}", sure=0.0),
            "I(X;T)": judged(
                of_x.mean(), bootstrap(of_x, rng), INTERRUPT_BITS, "bits", f"falls {told}", sure=COMPRESS_SURE_BITS
            ),
        }
    )


def _late_increase(values: Floats, epochs: NDArray[Any], rng: np.random.Generator) -> Finding:
    from_ = int(np.abs(epochs - _LATE_SHARE * epochs[-1]).argmin())
    gains = values[:, -1] - values[:, from_]
    detail = f"I(X;T) goes from {values[:, from_].mean():.3f} in epoch {epochs[from_]} to {values[:, -1].mean():.3f}"
    return judged(gains.mean(), bootstrap(gains, rng), _SLIGHT_BITS, "bits", detail, sure=0.0)


def _nontrivial(values: Floats, epochs: NDArray[Any], rng: np.random.Generator) -> Finding:
    del epochs, rng
    return opposite(trivial(values, ROWS))


def _starts(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    plane = results.plane(case.setting, case.estimator)
    starts = np.stack([series(plane, layer, "x")[:, 0] for layer in _STARTS], axis=1)
    wanted = np.array([*_STARTS.values()])
    statistic, interval = of_means(starts, rng, lambda means: np.abs(means - wanted).max(axis=1))
    told = ", ".join(
        f"T_{layer} {mean:.1f} ({_STARTS[layer]})" for layer, mean in zip(_STARTS, starts.mean(axis=0), strict=True)
    )
    return judged(statistic, interval, _STARTS_WITHIN_BITS, "bits", f"first I(X;T) (figure): {told}", above=False)


def _nearest_to_256(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    binned = case.setting.replace("8bit", "float")
    planes = on_grid(*(results.plane(case.setting, "exact"), *(results.plane(binned, name) for name in BINS)))
    at = np.stack([plane.mean(axis=0) for plane in planes])

    def distances(means: Floats) -> Floats:
        squares = ((means[:, 1:] - means[:, :1]) ** 2).sum(axis=-1)
        return np.asarray(np.sqrt(squares.mean(axis=(-2, -1))))

    def advantage(means: Floats) -> Floats:
        found = distances(means)
        return np.asarray(found[:, :2].min(axis=1) - found[:, 2])

    runs = min(map(len, planes))
    statistic, interval = of_means(np.stack([plane[:runs] for plane in planes], axis=1), rng, advantage)
    told = ", ".join(f"{name} {each:.2f}" for name, each in zip(BINS, distances(at[None])[0], strict=True))
    return judged(statistic, interval, 0.0, "bits", f"root mean square distance of mean planes in bits: {told}")


def _above_binned(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    exact, binned = on_grid(
        results.plane(f"lorenzen-8bit-{case.labels['activation']}", "exact"),
        results.plane(case.setting, case.estimator),
    )
    excess = (exact - binned)[..., 0]
    statistic, interval = of_means(excess.mean(axis=(1, 2)), rng, lambda means: means)
    share = float(np.mean(excess.mean(axis=0) >= 0))
    detail = f"mean excess of I(X;T) over layers and log epochs; not below at {share:.0%} of them"
    return judged(statistic, interval, 0.0, "bits", detail)


def _similar_accuracy(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    quantised = results.measures(case.setting).accuracy[:, -1, 1]
    plain = results.measures(case.setting.replace("8bit", "float")).accuracy[:, -1, 1]
    runs = min(len(quantised), len(plain))
    gaps = quantised[:runs] - plain[:runs]
    low, high = bootstrap(gaps, rng)
    widest = (0.0 if low <= 0 <= high else min(abs(low), abs(high)), max(abs(low), abs(high)))
    detail = f"final test accuracy {quantised.mean():.4f}, without a quantiser {plain.mean():.4f}"
    missing = (nan, nan) if isnan(low) else widest
    return judged(abs(gaps.mean()), missing, _ACCURACY, "accuracy", detail, above=False)


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
        return np.asarray((mean * sd).sum(-1) / np.sqrt((mean**2).sum(-1) * (sd**2).sum(-1)))

    statistic, interval = of_means(_moments(flat), rng, correlation)
    detail = "correlation of mean and standard deviation over layers and log epochs"
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


def _mean_represents(results: Results, case: Case, rng: np.random.Generator) -> Finding:
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


_TANH, _RELU = matrix(("tanh",)), matrix(("relu",))
_FIT = "mean I(T;Y) gains at least 5 % of H(Y) from first to last epoch, and the interval of the gain is above 0"
_COMPRESS = (
    "mean I(X;T) falls from its greatest value by at least 0.1 bit and 2 %, the interval of the fall is above 0.05 "
    "bit, the peak chosen on one half of the runs and the fall measured on the other, and not in the last 2 % of epochs"
)
_BOTH_AXES = tuple(
    Case(each.setting, each.estimator, axis == "I(X;T)", {**each.labels, "axis": axis})
    for each in by_activation("lorenzen-8bit-{}", "exact")
    for axis in ("I(X;T)", "I(T;Y)")
)

CLAIMS = (
    Claim(
        "L1",
        "the output layer fits",
        "In tanh and in relu networks information about the label grows in the output layer.",
        f"{_SECTION_41}, figures 2 and 3",
        f"FIT of T_6: {_FIT}.",
        matrix(),
        each_layer(fits, [_OUTPUT], "y"),
    ),
    Claim(
        "L2",
        "the output layer compresses",
        "In tanh and in relu networks I(X;T) of the output layer falls in the end.",
        f"{_SECTION_41}, figures 2 and 3",
        f"COMPRESS of T_6: {_COMPRESS}.",
        matrix(),
        each_layer(compress, [_OUTPUT]),
    ),
    Claim(
        "L2b",
        "the output layer first gains what it then compresses",
        "I(X;T) of the output layer rises before it falls.",
        f"{_SECTION_41}, figures 2 and 3",
        "mean I(X;T_6) rises from the first epoch to its peak by at least 0.1 bit, with an interval above 0.05 bit.",
        matrix(),
        each_layer(rises, [_OUTPUT]),
    ),
    Claim(
        "L3",
        "early tanh layers keep everything",
        "In tanh networks I(X;T) of T_1 to T_4 is almost constant, near 12 bits.",
        f"{_SECTION_41}, figure 2",
        "the least mean over epochs of I(X;T_1) to I(X;T_4) is at least 11.9 bits.",
        _TANH,
        each_layer(_never_below(_NEAR_CEILING_BITS), range(1, 5)),
    ),
    Claim(
        "L3b",
        "early tanh layers keep the label",
        "In tanh networks I(T;Y) of T_1 to T_4 is almost H(Y).",
        f"{_SECTION_41}, figure 2",
        "the least mean over epochs of I(T_1;Y) to I(T_4;Y) is at least 99 % of H(Y).",
        _TANH,
        each_layer(_never_below(_NEAR_LABEL_SHARE * label_bits()), range(1, 5), "y"),
    ),
    Claim(
        "L4a",
        "tanh T_5 fits",
        "The last hidden tanh layer has a fitting phase.",
        f"{_SECTION_41}, figure 2",
        f"FIT of T_5: {_FIT}. The figure's own curve of T_5 lies between 0.98 and 1 bit, so that it gains less.",
        _TANH,
        each_layer(fits, [5], "y"),
    ),
    Claim(
        "L4b",
        "tanh T_5 gains something about the label",
        "The last hidden tanh layer has a fitting phase, however small.",
        f"{_SECTION_41}, figure 2",
        "mean I(T_5;Y) gains at least 0.001 bit from first to last epoch, and the interval of the gain is above 0.",
        _TANH,
        each_layer(_any_gain, [5], "y"),
    ),
    Claim(
        "L4c",
        "tanh T_5 compresses",
        "The last hidden tanh layer has a compression phase.",
        f"{_SECTION_41}, figure 2",
        f"COMPRESS of T_5: {_COMPRESS}.",
        _TANH,
        each_layer(compress, [5]),
    ),
    Claim(
        "L4d",
        "tanh T_5's fit is interrupted",
        "The fitting phase of the last hidden tanh layer is interrupted by a small compression.",
        f"{_SECTION_41}, figure 2",
        "smoothed mean I(X;T_5) falls by at least 0.1 bit, with an interval above 0.05 bit, before its greatest value.",
        _TANH,
        each_layer(interrupted, [5]),
    ),
    Claim(
        "L4e",
        "what tanh T_5 gains of the label is interrupted",
        "A small compression interrupts what the last hidden tanh layer gains about the label.",
        f"{_SECTION_41}, figure 2",
        "smoothed mean I(T_5;Y) falls by at least 0.001 bit before its greatest value, and I(X;T_5) by at least 0.1 "
        "bit meanwhile, with intervals above 0 and 0.05. A reading of the sentence of L4d that we made after seeing the "
        "curves: I(X;T_5) begins at its ceiling, so that it cannot fall before its peak.",
        _TANH,
        _interrupted_gain,
    ),
    Claim(
        "L5",
        "the exact tanh plane looks like the one of 256 bins",
        "The plane of the 8-bit tanh network is like that of an unquantised one in 256 bins.",
        f"{_SECTION_41} and appendix A, figures 2 and A.5",
        "the root mean square distance of mean trajectories, at equal steps of log epochs, over all layers, is less to "
        "the plane of 256 bins than to those of 30 and of 100.",
        tuple(
            Case(f"lorenzen-8bit-{each}", "exact", each == "tanh", {"activation": each, "estimator": "exact"})
            for each in ACTIVATIONS
        ),
        _nearest_to_256,
    ),
    Claim(
        "L6a",
        "hidden relu layers fit",
        "In relu networks the hidden layers gain information about the label.",
        f"{_SECTION_41}, figure 3",
        f"FIT of T_1 to T_5: {_FIT}.",
        _RELU,
        each_layer(fits, _HIDDEN, "y"),
    ),
    Claim(
        "L6b",
        "no hidden relu layer compresses",
        "In relu networks there is no compression in hidden layers.",
        f"{_SECTION_41}, figure 3",
        f"no COMPRESS in any of T_1 to T_5: {_COMPRESS}.",
        _RELU,
        each_layer(compress, _HIDDEN, negated=True),
    ),
    Claim(
        "L6c",
        "relu T_5 slightly gains late",
        "In relu networks I(X;T_5) rises slightly after some 1800 of 8000 epochs.",
        f"{_SECTION_41}, figure 3",
        "mean I(X;T_5) at the end is at least 0.05 bit above that at 22.5 % of the epochs, with an interval above 0.",
        _RELU,
        each_layer(_late_increase, [5]),
    ),
    Claim(
        "L6d",
        "relu layers are below their ceiling",
        "In relu networks I(X;T) is below its upper bound in all layers.",
        f"{_SECTION_41}, figure 3",
        "no layer's mean I(X;T) is at least 99 % of 12 bits at all epochs.",
        _RELU,
        each_layer(_nontrivial, range(1, 7), negated=False),
    ),
    Claim(
        "L6e",
        "relu layers start where the figure has them",
        "The curves of figure 3 begin far left: 1.3 bits in T_6, 3.7 in T_5, 5.6 in T_4, 8.2 in T_3, 11.75 in T_2.",
        f"{_SECTION_41}, figure 3 (positions of its labels)",
        "mean I(X;T) of T_2 to T_6 before training is within 1 bit of the figure's.",
        _RELU,
        _starts,
    ),
    Claim(
        "L7",
        "quantised networks have slightly more information than binned ones",
        "I(X;T) of the quantised networks is not below, and slightly above, that of 256 bins.",
        f"{_SECTION_41} and appendix A",
        "I(X;T) of the 8-bit networks less that of bins in unquantised ones, its mean over layers and log epochs, is "
        "above 0 with its interval.",
        tuple(
            Case(each.setting, each.estimator, each.primary, each.labels)
            for activation in ACTIVATIONS
            for each in floats(activation, primary=("bins[n=256]",))
            if each.estimator in BINS
        ),
        _above_binned,
    ),
    Claim(
        "L8",
        "8 bits cost no accuracy",
        "Accuracies of quantised networks are like those of others.",
        f"{_PAPER}, appendix F",
        "mean final test accuracies with 8 bits and without a quantiser differ by at most 0.02.",
        by_activation("lorenzen-8bit-{}"),
        _similar_accuracy,
    ),
    Claim(
        "L9",
        "runs differ little where information is large",
        "The spread over runs is small where the mean is large.",
        f"{_PAPER}, appendix B",
        "mean and standard deviation over runs, over layers and log epochs, correlate below 0 with the interval.",
        _BOTH_AXES,
        _spread_falls_with_mean,
    ),
    Claim(
        "L9b",
        "the mean plane stands for single runs",
        "Mean planes represent single runs fairly well.",
        f"{_PAPER}, appendix B",
        "half of the runs keep within a quarter of the mean trajectory's length of it (root mean square over log "
        "epochs, all layers together).",
        by_activation("lorenzen-8bit-{}", "exact"),
        _mean_represents,
    ),
    Claim(
        "L9c",
        "relu runs differ more",
        "The spread over runs is slightly larger in relu networks than in tanh ones.",
        f"{_PAPER}, appendix B",
        "the standard deviation of I(X;T) over runs, mean over layers and log epochs, is greater for relu, with the "
        "interval of the difference above 0.",
        by_activation("lorenzen-8bit-{}", "exact", ("relu",)),
        _spread_larger,
    ),
)
