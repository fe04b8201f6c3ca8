# SPDX-License-Identifier: Apache-2.0
"""Truth against estimate with intervals: Fig. 3 of Butakov et al. (ICLR 2024), one figure per task family."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from mibench.reports.style import MARKERS, MUTED, PALETTE, framed
from mibench.reports.words import Method, groups, plural, series, short

__all__ = ["View", "draw", "looks", "views"]

_PANEL = 2.35  # inches
_FAMILIES, _SHAPES, _METHODS, _LEVELS = 8, 4, 10, 14  # the most figures, rows of panels, curves of one, marks of one


@dataclass(frozen=True)
class View:
    """What one figure shows of a family.

    Attributes
    ----------
    family : str
    n : int
        The sample size: of several, the one with most answers, and the largest of equals.
    cells : pandas.DataFrame
        Of `results.cells`, at that size, with a finite truth and estimate in each line.
    drawn : pandas.DataFrame
        The same, with what is too much for the eye averaged or left out.
    notes : tuple of str
        What was averaged or left out, a sentence each.
    """

    family: str
    n: int
    cells: pd.DataFrame
    drawn: pd.DataFrame
    notes: tuple[str, ...]


def views(cells: pd.DataFrame) -> Iterator[View]:
    """The figures that `cells` (of `results.cells`) give: one per family, those beyond the eighth in one."""
    known = cells[cells["truth"].notna() & cells["estimate"].notna()]
    if known.empty:
        return
    names = {task: series(task) for task in known["task"].unique()}
    known = known.assign(series=known["task"].map(names))
    families = list(known["family"].unique())
    rest = families[_FAMILIES - 1 :] if len(families) > _FAMILIES else []
    for family in families[: -len(rest)] if rest else families:
        yield _view(family, known[known["family"] == family])
    if rest:
        yield _view(f"{len(rest)} more families", known[known["family"].isin(rest)])


def _view(title: str, part: pd.DataFrame) -> View:
    answers = part["n"].value_counts()
    n = int(answers[answers == answers.max()].index.max())
    notes = []
    if len(answers) > 1:
        notes.append(f"Shown at n = {n}, of the {len(answers)} sizes that were run.")
    part = drawn = part[part["n"] == n]
    shapes = part["series"].nunique()
    if shapes > _SHAPES:
        notes.append(f"Means over the {plural(shapes, 'shape')} with the same truth.")
        drawn = _means(drawn.assign(series=f"{shapes} shapes"))
    elif part.groupby(["series", "estimator"]).size().max() > _LEVELS:
        notes.append("Neighbouring truths are averaged.")
        drawn = _means(drawn)
    for kind, methods in groups(dict.fromkeys(part["estimator"])).items():
        if len(methods) > _METHODS:
            names = [method.name for method in methods]
            own = part[part["estimator"].isin(names)].groupby("estimator", sort=False)["mae"].mean()
            drawn = drawn[~drawn["estimator"].isin(set(names) - set(own.nsmallest(_METHODS).index))]
            notes.append(f"Of the {len(names)} of kind {short(kind, 24)}, the {_METHODS} closest are drawn.")
    return View(title, n, part, drawn, tuple(notes))


def _means(cells: pd.DataFrame) -> pd.DataFrame:
    """Means of what has the same truth, or, where there are many, of neighbouring truths."""
    truths = cells["truth"].round(6)
    if truths.nunique() > _LEVELS:
        truths = pd.cut(cells["truth"], _LEVELS, labels=False)
    keys = [cells["series"], cells["estimator"], truths.rename("bin")]
    found = cells.groupby(keys, sort=False)[["truth", "estimate", "low", "high"]].mean()
    return found.reset_index().drop(columns="bin")


def draw(cells: pd.DataFrame, look: Mapping[str, tuple[str, str]]) -> Figure:
    """Panels of one family: a row per shape, a column per group of estimators, all on one scale.

    Parameters
    ----------
    cells : pandas.DataFrame
        Of `View.drawn`.
    look : mapping
        Colour and marker of each estimator, of `looks`.
    """
    kinds = groups(dict.fromkeys(cells["estimator"]))
    shapes = list(dict.fromkeys(cells["series"]))
    entries = max(len(methods) for methods in kinds.values())
    figure = framed(
        _PANEL * len(kinds) + 0.95,
        _PANEL * len(shapes) + 0.9 + 0.18 * entries,
        left=0.85,
        right=0.1,
        top=0.3,
        bottom=0.6 + 0.18 * entries,
    )
    grid = figure.subplots(
        len(shapes), len(kinds), squeeze=False, sharex=True, sharey=True, gridspec_kw={"wspace": 0.1, "hspace": 0.12}
    )
    top = max(float(cells["truth"].max()), 0.1)
    limits = _limits(cells, top)
    for line, shape in zip(grid, shapes, strict=True):
        for axes, (kind, methods) in zip(line, kinds.items(), strict=True):
            part = cells[cells["series"] == shape]
            axes.plot([0, 2 * top + 1], [0, 2 * top + 1], color=MUTED, linestyle=(0, (4, 3)), linewidth=0.9, zorder=1)
            for i, method in enumerate(methods):
                one = part[part["estimator"] == method.name].sort_values("truth")
                shift = 0.035 * top * (i - (len(methods) - 1) / 2) / max(len(methods) - 1, 1)
                _series(axes, one, shift, look[method.name], limits, method.name)
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
    grid[0, 0].set_xlim(-0.06 * top, 1.1 * top)
    grid[0, 0].set_ylim(*limits)
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
    if len(x) > 1:
        axes.plot(x, np.clip(y, limits[0] - 1, limits[1] + 1), color=to_rgba(colour, 0.5), linewidth=0.9, zorder=2)
    stated = ~np.isnan(low) & ~np.isnan(high)
    if stated.any():
        axes.vlines(
            x[stated],
            np.clip(low[stated], *limits),
            np.clip(high[stated], *limits),
            color=colour,
            linewidth=1.3,
            alpha=0.8,
            zorder=3,
        )
    inside = (y >= limits[0]) & (y <= limits[1])
    axes.plot(x[inside], y[inside], marker, color=colour, markersize=4.4, markeredgewidth=0, zorder=4, label=label)
    for outside, edge, arrow in ((y > limits[1], limits[1], 6), (y < limits[0], limits[0], 7)):
        if outside.any():
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
    return [found[name] for name in names], [short(name, 28) for name in names]


def _limits(cells: pd.DataFrame, top: float) -> tuple[float, float]:
    """A vertical range that shows every sane estimate and lets a wild one leave the panel."""
    span = max(top, 0.5)
    low = min(float(cells["estimate"].min()), float(cells["truth"].min()), 0.0)
    high = max(float(cells["estimate"].max()), top)
    floor = max(low, -0.35 * span) - 0.06 * span
    ceiling = min(high, 1.3 * span) + 0.06 * span
    return (floor, ceiling) if math.isfinite(floor) and math.isfinite(ceiling) else (-1.0, 1.0)
