# SPDX-License-Identifier: Apache-2.0
"""Claims of Shwartz-Ziv and Tishby on depth: one to six hidden layers, 12 units wide and narrowing (figure 5)."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from mibench.studies.claims.contract import Case, Claim, Finding
from mibench.studies.claims.phases import COMPRESS_RULE, MORE, bootstrap, compress, judged, of_means, series, smoothed
from mibench.studies.claims.rules import Floats, each_layer, label_bits
from mibench.studies.claims.tishby_cases import BINS, compressing, place
from mibench.studies.results import Plane, Results

__all__ = ["CLAIMS"]

_SOURCE = "Shwartz-Ziv and Tishby (2017), figure 5"
_DEPTHS = range(1, 7)
_EARLY = 400  # epochs that six layers need


def _deepest(results: Results, case: Case) -> tuple[list[Plane], Floats, NDArray[np.int64]]:
    """Planes of all depths; I(T;Y) of their outputs, (R, depths, E), and the epochs."""
    planes = [results.plane(f"szt-depth-{depth}", case.estimator) for depth in _DEPTHS]
    runs = min(len(plane.runs) for plane in planes)
    return planes, np.stack([series(plane, -1, "y")[:runs] for plane in planes], axis=1), planes[0].epochs


def _reached(means: Floats, epochs: NDArray[np.int64], level: float) -> Floats:
    """log2(1 + epoch) at which curves, shape (..., E), first reach a level; of the last epoch where they never do."""
    there = means >= level
    first = np.where(there.any(axis=-1), there.argmax(axis=-1), len(epochs) - 1)
    return np.asarray(np.log2(1.0 + epochs[first]))


def _level(case: Case) -> float:
    return float(case.labels["level"].rstrip(" %")) / 100 * label_bits()


def _told(values: Floats, epochs: NDArray[np.int64], level: float) -> str:
    mean = values.mean(axis=0)
    at = 2 ** _reached(mean, epochs, level) - 1
    each = (f"{e:.0f}" if (curve >= level).any() else "never" for e, curve in zip(at, mean, strict=True))
    return f"epochs to {level:.2f} bits with 1 to 6 hidden layers: {', '.join(each)}"


def _each_layer_helps(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    _, values, epochs = _deepest(results, case)
    level = _level(case)

    def least_gain(means: Floats) -> Floats:
        return np.asarray(-np.diff(_reached(means, epochs, level), axis=-1).max(axis=-1))

    statistic, interval = of_means(values, rng, least_gain)
    return judged(statistic, interval, MORE, "log2 epochs", _told(values, epochs, level))


def _trend(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    _, values, epochs = _deepest(results, case)
    level = _level(case)
    statistic, interval = of_means(values, rng, lambda means: _slope(_reached(means, epochs, level)))
    return judged(statistic, interval, -MORE, "log2 epochs per layer", _told(values, epochs, level), above=False)


def _slope(values: Floats) -> Floats:
    """Of least squares lines through equally spaced values, shape (..., n)."""
    at = np.arange(values.shape[-1]) - (values.shape[-1] - 1) / 2
    return np.asarray(values @ at / (at @ at))


def _six_beat_one(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    planes, values, epochs = _deepest(results, case)
    one, six = values[:, 0, -1], values[:, -1, place(planes[-1], _EARLY)]
    detail = (
        f"six hidden layers have {six.mean():.3f} bits in epoch {epochs[place(planes[-1], _EARLY)]}, "
        f"one has {one.mean():.3f} in epoch {epochs[-1]}"
    )
    return judged((six - one).mean(), bootstrap(six - one, rng), 0.0, "bits", detail)


def _half_fallen(means: Floats, epochs: NDArray[np.int64]) -> Floats:
    """log2 of the epochs from the peak of smoothed curves, shape (..., E), until half of their fall is there for good.

    For good: a layer may fall, rise and fall again.
    """
    smooth = smoothed(means, epochs)
    peak = smooth.argmax(axis=-1)
    half = (smooth.max(axis=-1) + smooth[..., -1]) / 2
    last_above = len(epochs) - 1 - (smooth > half[..., None])[..., ::-1].argmax(axis=-1)
    below = np.minimum(last_above + 1, len(epochs) - 1)
    return np.asarray(np.log2(np.maximum(epochs[below] - epochs[peak], 1)))


def _deeper_is_faster(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    plane = results.plane(case.setting, case.estimator)
    layers, none = compressing(plane, rng)
    if not layers:
        return none
    if len(layers) == 1:
        return Finding("undecided", detail=f"T_{layers[0]} alone surely compresses")
    values = np.stack([series(plane, layer, "x") for layer in layers], axis=1)
    at = np.array(layers) - np.mean(layers)
    half = partial(_half_fallen, epochs=plane.epochs)
    statistic, interval = of_means(values, rng, lambda means: half(means) @ at / (at @ at))
    mean = half(values.mean(axis=0))
    told = ", ".join(f"T_{layer} {2**each:.0f}" for layer, each in zip(layers, mean, strict=True))
    detail = f"epochs from peak to half of the fall: {told}"
    return judged(statistic, interval, -MORE, "log2 epochs per layer", detail, above=False)


def _levels() -> tuple[Case, ...]:
    return tuple(
        Case("szt-depth-6", BINS, level == "75 %", {"level": level, "layer": "output"})
        for level in ("60 %", "75 %", "90 %")
    )


CLAIMS = (
    Claim(
        "S7a",
        "each added layer shortens training",
        "The more hidden layers, the fewer epochs to a given I(Y^;Y).",
        _SOURCE,
        "1 + epoch at which mean I(T_L;Y) of the output first reaches a level (75 % of H(Y), others beside) falls with "
        "every added layer, with the interval of the least gain above 0. Where it never does, the last epoch counts.",
        _levels(),
        _each_layer_helps,
    ),
    Claim(
        "S7b",
        "layers shorten training on the whole",
        "From one to six hidden layers the epochs to a given I(Y^;Y) become fewer, if not with every layer.",
        _SOURCE,
        "the line through log epochs to the level of S7a against the number of layers falls, with the interval.",
        _levels(),
        _trend,
    ),
    Claim(
        "S7c",
        "six layers reach in 400 epochs what one never does",
        "Six hidden layers need some 400 epochs for what one hidden layer has not by 10,000.",
        _SOURCE,
        "mean I(T_L;Y) of the output with six hidden layers in epoch 400 is above that with one in the last epoch, "
        "with the interval of the difference.",
        (Case("szt-depth-6", BINS, True, {"layer": "output"}),),
        _six_beat_one,
    ),
    Claim(
        "S8",
        "the wide first layer never compresses",
        "The first hidden layer, as wide as the input, never compresses, whatever follows it.",
        _SOURCE,
        f"no COMPRESS of T_1: {COMPRESS_RULE}.",
        tuple(
            Case(f"szt-depth-{depth}", BINS, True, {"hidden layers": str(depth), "layer": "T_1"}) for depth in _DEPTHS
        ),
        each_layer(compress, [1], negated=True),
    ),
    Claim(
        "S9",
        "deeper layers compress faster",
        "Compression is faster in deeper layers.",
        _SOURCE,
        "of the layers with COMPRESS, the line through log epochs from the peak of smoothed mean I(X;T) until half "
        "of its fall is there for good, against the layer's number falls, with the interval. Changed after a first "
        "look: it was until half of the fall is first there.",
        (
            *(Case(f"szt-depth-{depth}", BINS, depth == 6, {"hidden layers": str(depth)}) for depth in (6, 5, 4, 3)),
            Case("szt-snapshots", BINS, False, {"hidden layers": "5"}),
        ),
        _deeper_is_faster,
    ),
)
