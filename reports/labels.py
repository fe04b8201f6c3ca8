# SPDX-License-Identifier: Apache-2.0
"""Names beside points without overlap: greedy, deterministic, and silent where there is no room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.textpath import TextPath
from numpy.typing import NDArray

__all__ = ["place"]

_SIZE, _GAP, _HALF = 8, 6.0, 5.5  # points: letters, distance of a name from its mark, half its height
_RISES = (0, 6, -6, 11, -11, 17, -17, 24, -24, 32, -32)


def place(axes: Axes, x: NDArray[Any], y: NDArray[Any], names: Sequence[str]) -> list[tuple[float, float] | None]:
    """Offsets in points of each name's left centre from its mark; None where every place is taken.

    Names are placed in the order given. A place is free if the name stays in the axes and meets no mark and no name
    already placed.
    """
    scale = 72 / axes.figure.dpi
    marks = axes.transData.transform(np.column_stack([x, y])) * scale
    frame = np.asarray(axes.get_window_extent().extents) * scale
    taken = [(px - 4, py - 4, px + 4, py + 4) for px, py in marks]
    spots: list[tuple[float, float] | None] = []
    for (px, py), name in zip(marks, names, strict=True):
        width = TextPath((0, 0), name, size=_SIZE).get_extents().width if name.strip() else 0.0
        spot = None
        for dx, dy in [(side, rise) for rise in _RISES for side in (_GAP, -_GAP - width)] + [
            (-width / 2, rise) for rise in (11, -11, 18, -18)
        ]:
            box = (px + dx - 3, py + dy - _HALF, px + dx + width + 3, py + dy + _HALF)
            inside = box[0] >= frame[0] and box[1] >= frame[1] and box[2] <= frame[2] and box[3] <= frame[3]
            if inside and not any(_meet(box, other) for other in taken):
                spot = (dx, dy)
                taken.append(box)
                break
        spots.append(spot)
    return spots


def _meet(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
