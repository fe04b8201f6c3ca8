# SPDX-License-Identifier: Apache-2.0
"""Truth against estimate with intervals: Fig. 3 of Butakov et al. (ICLR 2024), one figure per task family."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mibench.reports.style import MARKERS, MUTED, PALETTE, framed
from mibench.reports.words import Method, groups, short

__all__ = ["draw", "looks"]

_PANEL = 2.35  # inches


def draw(cells: pd.DataFrame, look: Mapping[str, tuple[str, str]]) -> Figure:
    """Panels of one family: a row per shape, a column per group of estimators, all on one scale.

    Parameters
    ----------
    cells : pandas.DataFrame
        Of `results.cells`, with a finite truth and estimate in each line.
    look : mapping
        Colour and marker of each estimator, of `looks`.
    """
    kinds = groups(dict.fromkeys(cells["estimator"]))
    shapes = list(dict.fromkeys(cells["series"]))
    entries = max(len(methods) for methods in kinds.values())
    figure = framed(
        _PANEL * len(kinds) + 0.95,
        _PANEL * len(shapes) + 0.9 + 0.17 * entries,
        left=0.85,
        right=0.1,
        top=0.3,
        bottom=0.6 + 0.17 * entries,
    )
    grid = figure.subplots(
        len(shapes), len(kinds), squeeze=False, sharex=True, sharey=True, gridspec_kw={"wspace": 0.1, "hspace": 0.12}
    )
    top = float(cells["truth"].max())
    floor, ceiling = _limits(cells, top)
    for line, shape in zip(grid, shapes, strict=True):
        for axes, (kind, methods) in zip(line, kinds.items(), strict=True):
            part = cells[cells["series"] == shape]
            axes.plot([0, 2 * top + 1], [0, 2 * top + 1], color=MUTED, linestyle=(0, (4, 3)), linewidth=0.9, zorder=1)
            for i, method in enumerate(methods):
                one = part[part["estimator"] == method.name].sort_values("truth")
                shift = 0.035 * max(top, 0.1) * (i - (len(methods) - 1) / 2) / max(len(methods) - 1, 1)
                _series(axes, one, shift, look[method.name], (floor, ceiling), method.name)
            if axes in grid[0]:
                axes.set_title(short(kind, 24), loc="left")
            if axes in grid[:, 0]:
                axes.set_ylabel(f"{short(shape, 26)}\nestimate (nats)")
            if axes in grid[-1]:
                axes.set_xlabel("truth (nats)")
                axes.legend(
                    *_legend(grid[:, list(line).index(axes)], methods),
                    loc="upper left",
                    handlelength=1.2,
                    bbox_to_anchor=(-0.04, -0.22),
                    borderaxespad=0,
                    labelspacing=0.25,
                )
    grid[0, 0].set_xlim(-0.06 * max(top, 0.1), 1.1 * max(top, 0.1))
    grid[0, 0].set_ylim(floor, ceiling)
    return figure


def looks(names: Iterable[str]) -> dict[str, tuple[str, str]]:
    """A colour and marker per estimator: one colour per tail (``ksg`` as in ``ae+ksg``), no look twice in a group."""
    methods = [method for found in groups(dict.fromkeys(names)).values() for method in found]
    seen: dict[tuple[bool, str], int] = {}
    used: set[tuple[str, str, str]] = set()
    found = {}
    for method in methods:
        family = (method.group == "neural", method.tail)
        index = seen.setdefault(family, sum(key[0] == family[0] for key in seen))
        colour = PALETTE[index % len(PALETTE)]
        order = [MARKERS[(index + shift) % len(MARKERS)] for shift in range(len(MARKERS))]
        marker = next((each for each in order if (method.group, colour, each) not in used), order[0])
        used.add((method.group, colour, marker))
        found[method.name] = (colour, marker)
    return found


def _series(
    axes: Axes, one: pd.DataFrame, shift: float, look: tuple[str, str], limits: tuple[float, float], label: str
) -> None:
    if one.empty:
        return
    colour, marker = look
    x, y = one["truth"].to_numpy() + shift, one["estimate"].to_numpy()
    low, high = one["low"].to_numpy(), one["high"].to_numpy()
    drawn = np.clip(y, limits[0] - 1, limits[1] + 1)
    axes.plot(x, drawn, color=colour, linewidth=0.9, alpha=0.55, zorder=2)
    axes.vlines(x, np.clip(low, *limits), np.clip(high, *limits), color=colour, linewidth=1.3, alpha=0.8, zorder=3)
    inside = (y >= limits[0]) & (y <= limits[1])
    axes.plot(x[inside], y[inside], marker, color=colour, markersize=4.2, markeredgewidth=0, zorder=4, label=label)
    for outside, edge, arrow in ((y > limits[1], limits[1], 6), (y < limits[0], limits[0], 7)):
        axes.plot(
            x[outside],
            np.full(outside.sum(), edge),
            marker=arrow,
            linestyle="none",
            color=colour,
            markersize=5,
            clip_on=False,
            zorder=5,
        )


def _legend(column: np.ndarray, methods: list[Method]) -> tuple[list[object], list[str]]:
    found: dict[str, object] = {}
    for axes in column:
        handles, labels = axes.get_legend_handles_labels()
        found.update(zip(labels, handles, strict=True))
    names = [method.name for method in methods if method.name in found]
    return [found[name] for name in names], [short(name, 30) for name in names]


def _limits(cells: pd.DataFrame, top: float) -> tuple[float, float]:
    """A vertical range that shows every sane estimate and lets a wild one leave the panel."""
    span = max(top, 0.5)
    low = min(float(cells["estimate"].min()), float(cells["truth"].min()), 0.0)
    high = max(float(cells["estimate"].max()), top)
    floor = max(low, -0.35 * span) - 0.06 * span
    ceiling = min(high, 1.3 * span) + 0.06 * span
    return (floor, ceiling) if math.isfinite(floor) and math.isfinite(ceiling) else (-1.0, 1.0)
