# SPDX-License-Identifier: Apache-2.0
"""Names beside points and at the ends of curves, without overlap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from mibench.reports.style import width

__all__ = ["place", "spread"]

_SIZE, _GAP, _HALF = 9, 6.0, 6.0  # points: letters, distance of a name from its mark, half its height
_RISES = (0, 6, -6, 12, -12, 18, -18, 25, -25, 33, -33, 42, -42, 52, -52, 64, -64)
_AWAY = (0.0, 18.0, 40.0)  # points: how much farther than the gap, where it is crowded
_BOLD = 1.13  # width of bold letters


def place(
    axes: Axes, x: NDArray[Any], y: NDArray[Any], names: Sequence[str], bold: Sequence[bool] = ()
) -> list[tuple[float, float] | None]:
    """Offsets in points of each name's left centre from its mark; None where every place is taken.

    Greedy and deterministic: names are placed in the order given, those of `bold` in wider letters. A place is free if
    the name stays in the axes and meets no mark and no name already placed.
    """
    scale = 72 / axes.figure.dpi
    marks = axes.transData.transform(np.column_stack([x, y])) * scale
    frame = np.asarray(axes.get_window_extent().extents) * scale
    taken = [(px - 4, py - 4, px + 4, py + 4) for px, py in marks]
    spots: list[tuple[float, float] | None] = []
    heavy = [*bold, *[False] * (len(names) - len(bold))]
    for (px, py), name, fat in zip(marks, names, heavy, strict=True):
        wide = width(name, _SIZE) * (_BOLD if fat else 1.0)
        spot = None
        near = [(side, rise) for rise in _RISES[:11] for side in (_GAP, -_GAP - wide)]
        above = [(-wide / 2, rise) for rise in (12, -12, 19, -19)]
        far = [(s, rise) for away in _AWAY for rise in _RISES for s in (_GAP + away, -_GAP - away - wide)]
        for dx, dy in [*near, *above, *far]:
            box = (px + dx - 3, py + dy - _HALF, px + dx + wide + 3, py + dy + _HALF)
            inside = box[0] >= frame[0] and box[1] >= frame[1] and box[2] <= frame[2] and box[3] <= frame[3]
            if inside and not any(_meet(box, other) for other in taken):
                spot = (dx, dy)
                taken.append(box)
                break
        spots.append(spot)
    return spots


def spread(places: Sequence[float], gap: float) -> NDArray[np.float64]:
    """Places moved as little as possible, in the sum of squares, to be at least `gap` apart in the same order.

    With the multiples of `gap` taken off, that is isotonic regression (Barlow et al., 1972).

    Parameters
    ----------
    places : sequence of float
        In any order.

    Returns
    -------
    array, shape (len(places),)
    """
    ranks = np.argsort(np.argsort(places, kind="stable"), kind="stable")
    found = np.sort(np.asarray(places, dtype=np.float64))
    if len(found):
        found = isotonic_regression(found - gap * np.arange(len(found))).x + gap * np.arange(len(found))
    return np.asarray(found[ranks])


def _meet(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
