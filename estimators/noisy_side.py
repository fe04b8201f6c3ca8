# SPDX-License-Identifier: Apache-2.0
"""What is declared about a noisy side: its noise level and where it would be without noise."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import Unsupported
from mibench.estimators.counted import alphabet_size
from mibench.estimators.noise_declared import check_resolved, noise_free, noise_level
from mibench.numerics.mixture_information import Units
from mibench.numerics.rows import distinct_rows

__all__ = ["NoisySide", "read_noisy_side"]

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class NoisySide:
    """T = S + Z, Z white normal noise.

    Attributes
    ----------
    side : {"x", "y"}
        Which side is T.
    std : float
        Of the noise.
    units : Units
        The noise-free values: a unit holds the replicas of a value of the other side, or one noise-free value.
    replicas : int
        Noise-free values per row.
    atoms : float
        How many values S can take, where that is declared and S is a function of the other side; else infinite.
    most : float
        The most that the other side can tell: ln of its declared alphabet; else infinite.
    """

    side: str
    std: float
    units: Units
    replicas: int
    atoms: float = math.inf
    most: float = math.inf


def read_noisy_side(x: Matrix, y: Matrix, side: Mapping[str, Any]) -> NoisySide:
    """The noisy side that `side` declares: ``centres_y`` or ``centres_x`` if there, else ``clean_y`` or ``clean_x``.

    Parameters
    ----------
    x, y : ndarray, shape (n, d)
    side : mapping
        See `NoisyPlugin`.

    Raises
    ------
    Unsupported
        Naming the keys that are missing.
    InputError
        For a noise level or arrays that make no sense.
    """
    data = {"x": x, "y": y}
    levels = {t: level for t in "yx" if (level := _noise(t, side)) is not None}
    if not levels:
        raise Unsupported(
            "noisy-plugin needs the level of the noise: declare side['noise_std_y'] (or 'noise_std_x'; or 'noise_std' "
            "beside centres_y, clean_y, centres_x or clean_x), and side['centres_y'] or side['clean_y'] with it"
        )
    for t, std in levels.items():
        if f"centres_{t}" in side:
            return _from_replicas(t, std, data, side)
    for t, std in levels.items():
        other = "xy"["yx".index(t)]
        if f"clean_{t}" in side and _is_discrete(other, data[other], side):
            return _from_classes(t, std, data, side)
    t = next(iter(levels))
    other = "xy"["yx".index(t)]
    missing = (
        f"{other} is not discrete (side['{other}_is_discrete'] would say that it is), and side['centres_{t}'] is absent"
        if f"clean_{t}" in side
        else f"neither side['centres_{t}'] nor side['clean_{t}'] is there"
    )
    raise Unsupported(
        f"noisy-plugin knows the noise of {t} and not where {t} is without it, given {other}: {missing}; declare "
        f"centres_{t}, of shape (n, r, d): r noise-free values of {t} for each row, given its {other}"
    )


def _noise(t: str, side: Mapping[str, Any]) -> float | None:
    key = f"noise_std_{t}"
    if key not in side and (f"centres_{t}" in side or f"clean_{t}" in side):
        key = "noise_std"
    return noise_level(key, side)


def _is_discrete(s: str, values: Matrix, side: Mapping[str, Any]) -> bool:
    declared = side.get(f"{s}_is_discrete")
    if declared is not None:
        return bool(declared)
    return 2 * len(distinct_rows(values)[0]) < len(values)


def _from_replicas(t: str, std: float, data: Mapping[str, Matrix], side: Mapping[str, Any]) -> NoisySide:
    other = "xy"["yx".index(t)]
    n, dim = data[t].shape
    meaning = f"r noise-free values of {t} for each row, given its {other}"
    centres = noise_free(f"centres_{t}", side, (n, None, dim), meaning)
    check_resolved(f"side['centres_{t}']", centres, std)
    replicas = centres.shape[1]
    first, which = distinct_rows(data[other])
    rows = np.bincount(which)
    order = np.argsort(which, kind="stable")
    units = Units(centres[order].reshape(-1, dim), rows * replicas, rows / n, np.arange(len(first)))
    size = alphabet_size(other, len(first), side) or math.inf
    return NoisySide(t, std, units, replicas, size if replicas == 1 else math.inf, math.log(size))


def _from_classes(t: str, std: float, data: Mapping[str, Matrix], side: Mapping[str, Any]) -> NoisySide:
    other = "xy"["yx".index(t)]
    n, dim = data[t].shape
    clean = noise_free(f"clean_{t}", side, (n, 1, dim), f"{t} before its noise, row by row")[:, 0]
    check_resolved(f"side['clean_{t}']", clean, std)
    values, classes = distinct_rows(data[other])
    first, which = distinct_rows(np.column_stack([clean, classes]))
    units = Units(clean[first], np.ones(len(first), dtype=np.int64), np.bincount(which) / n, classes[first])
    return NoisySide(t, std, units, 1, most=math.log(alphabet_size(other, len(values), side) or math.inf))
