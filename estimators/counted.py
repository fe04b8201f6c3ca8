# SPDX-License-Identifier: Apache-2.0
"""From symbols to an estimate: how often each occurs alone and with the other side's, and what follows from it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import Estimate, InputError
from mibench.estimators.intervals import normal_interval
from mibench.numerics.counting import pair_symbols, symbols

__all__ = ["JointCounts", "all_whole", "alphabet_size", "as_codes", "counted", "joint_counts"]


@dataclass(frozen=True)
class JointCounts:
    """The symbol of each sample, numbered from 0, and how often each occurs: of x, of y and of the pair.

    Attributes
    ----------
    ids_x, ids_y, ids_xy : ndarray of int64, shape (n,)
    x, y, xy : ndarray of int64, shapes (k_x,), (k_y,), (k_xy,)
    """

    ids_x: NDArray[np.int64]
    ids_y: NDArray[np.int64]
    ids_xy: NDArray[np.int64]
    x: NDArray[np.int64]
    y: NDArray[np.int64]
    xy: NDArray[np.int64]

    @property
    def saturation(self) -> float:
        """Share of the samples whose pair of symbols occurs once."""
        return float((self.xy == 1).sum()) / len(self.ids_xy)


def all_whole(values: NDArray[Any]) -> bool:
    """Whether all values are whole numbers, as bits, labels and codes are and activations are not."""
    return bool((values == np.rint(values)).all())


def as_codes(values: NDArray[Any]) -> NDArray[np.int64]:
    """Numbers as their bits, -0.0 as 0.0: equal where the numbers are equal."""
    bits: NDArray[np.int64] = (np.ascontiguousarray(values, dtype=np.float64) + 0.0).view(np.int64)
    return bits


def alphabet_size(name: str, distinct: int, side: Mapping[str, Any]) -> float | None:
    """How many values a side, "x" or "y", can take: what ``side["alphabet_size_x"]`` declares, if it does.

    Raises
    ------
    InputError
        If that is no number of values, or fewer than the `distinct` ones seen.
    """
    key = f"alphabet_size_{name}"
    declared = side.get(key)
    if declared is None:
        return None
    if isinstance(declared, np.ndarray) and declared.ndim == 0:
        declared = declared.item()
    whole = isinstance(declared, Integral) or (isinstance(declared, float) and declared.is_integer())
    if isinstance(declared, bool) or not whole or declared < 1:
        raise InputError(f"side[{key!r}] is {declared!r}; give the number of values that {name} can take")
    if declared < distinct:
        raise InputError(
            f"{name} has {distinct} distinct rows and side[{key!r}] says {declared}: give the number of values that "
            f"{name} can take, or leave it out"
        )
    return float(min(declared, 10**308))


def joint_counts(codes_x: NDArray[np.int64], codes_y: NDArray[np.int64]) -> JointCounts:
    """Count the distinct rows of codes, shapes (n, d_x) and (n, d_y), each whole row one symbol."""
    ids_x, ids_y = symbols(codes_x)[0], symbols(codes_y)[0]
    ids_xy = pair_symbols(ids_x, ids_y)[0]
    return JointCounts(ids_x, ids_y, ids_xy, np.bincount(ids_x), np.bincount(ids_y), np.bincount(ids_xy))


def counted(
    counts: JointCounts,
    entropies: tuple[float, float, float],
    diagnostics: Mapping[str, float],
    bias: float = 0.0,
) -> Estimate:
    """``H(X) + H(Y) - H(X,Y) - bias`` with the delta method's standard error and what tells how far to trust it.

    Parameters
    ----------
    entropies : (float, float, float)
        Of x, of y and of the pair, in nats.
    diagnostics : mapping of str to float
        The method's own, put in front.
    bias : float
        What is known to be too much, in nats.

    Notes
    -----
    From a saturation of one half on there is no `std_error`: the spread of the n terms says nothing about an estimate
    that is near its cap, ln n, whatever the data.
    """
    n = len(counts.ids_xy)
    mi = entropies[0] + entropies[1] - entropies[2] - bias
    std_error = interval = None
    if counts.saturation < 0.5:
        local = np.log(counts.xy[counts.ids_xy] / counts.x[counts.ids_x]) - np.log(counts.y[counts.ids_y])
        std_error = float(local.std(ddof=1) / math.sqrt(n))
        interval = normal_interval(mi, std_error)
    return Estimate(
        mi,
        std_error,
        interval,
        diagnostics={
            **diagnostics,
            "saturation": counts.saturation,
            "cap": math.log(n),
            "distinct_x": float(len(counts.x)),
            "distinct_y": float(len(counts.y)),
            "distinct_xy": float(len(counts.xy)),
            "entropy_x": entropies[0],
            "entropy_y": entropies[1],
        },
    )
