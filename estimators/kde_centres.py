# SPDX-License-Identifier: Apache-2.0
"""Which side is a noisy layer, how wide its noise is and where it would be without: what `KDEBounds` works on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import Unsupported
from mibench.estimators.counted import all_whole, alphabet_size, as_codes
from mibench.estimators.noise_declared import check_resolved, noise_free, noise_level
from mibench.numerics.counting import symbols

__all__ = ["Centres", "read_centres"]

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Centres:
    """T = centre + N(0, std^2 I), and the value of the other side that each row has.

    Attributes
    ----------
    values : ndarray, shape (n, r, d)
        r noise-free values of T for each row.
    classes : ndarray of int64, shape (n,)
        The row's value of the other side, numbered from 0.
    std : float
    declared : bool
        Whether both the noise and the noise-free values were declared, so that the mixture is that of the data.
    function : bool
        Whether the noise-free value is one of the other side: each row has one of `centres_y`, equal in a class.
    alphabet : float
        How many values the other side can take, where that is declared; else infinite.
    """

    values: Matrix
    classes: NDArray[np.int64]
    std: float
    declared: bool
    function: bool
    alphabet: float


def read_centres(x: Matrix, y: Matrix, side: Mapping[str, Any], layer: str, variance: float) -> Centres:
    """The layer that `side` declares or the data show.

    Parameters
    ----------
    x, y : ndarray, shape (n, d)
    side, layer, variance
        See `KDEBounds`.

    Raises
    ------
    Unsupported
        Where it cannot be told which side is the layer, or the other side is not discrete.
    InputError
        For a noise level or declared arrays that make no sense.
    """
    data, levels = {"x": x, "y": y}, {t: level for t in "yx" if (level := _noise(t, side)) is not None}
    _reject_two_noises(levels, side)
    noisy = [t for t in levels if layer in ("auto", t)]
    for t in noisy:
        if f"centres_{t}" in side:
            n, dim = data[t].shape
            values = noise_free(f"centres_{t}", side, (n, None, dim), f"r noise-free values of {t} for each row")
            return _centres(t, values, data, side, levels[t], declared=True)
    discrete = {t: _is_discrete(t, data[t], side) for t in "xy"}
    for t in noisy:
        if discrete[_other(t)]:
            clean = f"clean_{t}" in side
            n, dim = data[t].shape
            values = noise_free(f"clean_{t}", side, (n, 1, dim), f"{t} before its noise") if clean else data[t][:, None]
            return _centres(t, values, data, side, levels[t], declared=clean)
    if noisy:
        t = noisy[0]
        raise Unsupported(
            f"kde-bounds knows the noise of {t}, and not where {t} is without it given {_other(t)}, which is not "
            f"discrete: declare side['centres_{t}'], or side['{_other(t)}_is_discrete'] if it is"
        )
    t = _layer(data, discrete, layer)
    return _centres(t, data[t][:, None], data, side, math.sqrt(variance), declared=False)


def _other(t: str) -> str:
    return "y" if t == "x" else "x"


def _layer(data: Mapping[str, Matrix], discrete: Mapping[str, bool], layer: str) -> str:
    """The side to be taken as a layer where no noise is declared."""
    if layer != "auto":
        if not discrete[_other(layer)]:
            raise Unsupported(
                f"kde-bounds: {layer} is to be the layer and {_other(layer)} is not discrete: give labels or patterns "
                f"as {_other(layer)}, or declare side['{_other(layer)}_is_discrete']"
            )
        return layer
    if discrete["x"] and discrete["y"]:  # a quantised layer has values, what it depends on has codes or labels
        discrete = {t: all_whole(values) for t, values in data.items()}
    if discrete["x"] == discrete["y"]:
        what = "both sides are discrete; use plugin" if discrete["x"] else "neither side is discrete; use kde or ksg"
        raise Unsupported(
            f"kde-bounds needs a layer on one side and what it depends on, or labels, on the other, and {what}, or say "
            "which side is the layer: layer=x or layer=y, and side['x_is_discrete'] or side['y_is_discrete']"
        )
    return "y" if discrete["x"] else "x"


def _is_discrete(t: str, values: Matrix, side: Mapping[str, Any]) -> bool:
    """Declared so, or not declared and only whole numbers, or fewer than half of the rows distinct."""
    declared = side.get(f"{t}_is_discrete")
    if declared is not None:
        return bool(declared)
    return all_whole(values) or 2 * symbols(as_codes(values))[1] < len(values)


def _noise(t: str, side: Mapping[str, Any]) -> float | None:
    return noise_level(f"noise_std_{t}" if f"noise_std_{t}" in side else "noise_std", side)


def _reject_two_noises(levels: Mapping[str, float], side: Mapping[str, Any]) -> None:
    if len(levels) == 2 and not any(f"centres_{t}" in side for t in "xy"):
        raise Unsupported(
            "kde-bounds bounds the information of one noisy side, and both sides have noise (noise_std): use kde or ksg"
        )


def _centres(
    t: str, values: Matrix, data: Mapping[str, Matrix], side: Mapping[str, Any], std: float, declared: bool
) -> Centres:
    check_resolved(t, values, std)
    classes, distinct = symbols(as_codes(data[_other(t)]))
    function = f"centres_{t}" in side and values.shape[1] == 1
    if function:
        function = symbols(np.column_stack([as_codes(values[:, 0]), classes]))[1] == distinct
    size = alphabet_size(_other(t), distinct, side)
    return Centres(values, classes, std, declared, function, math.inf if size is None else size)
