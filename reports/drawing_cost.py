# SPDX-License-Identifier: Apache-2.0
"""Error against time, with the Pareto front."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import NDArray

from mibench.reports.labels import place
from mibench.reports.style import INK, MARKERS, MUTED, PALETTE, framed
from mibench.reports.words import Method, digits, groups, short

__all__ = ["ceiling", "draw", "front", "points"]

_FLOOR = 1e-4  # nats and seconds: a logarithmic axis has no 0
_REACH = 8  # medians: errors beyond are drawn at the edge, or one wild estimator would flatten all others
_NEAR = 13  # points: a name farther from its mark gets a line to it


def points(scores: pd.DataFrame) -> pd.DataFrame:
    """Estimators with a time and an error.

    Returns
    -------
    pandas.DataFrame
        Columns ``estimator, group, seconds, error, compared, front``, fastest first. `error` is the MAE on the common
        cells where the scores have one; only estimators `compared` on the same cells, and not given the true latents,
        can be on the front.
    """
    names = ["estimator", "group", "seconds", "error", "compared", "front"]
    if scores.empty:
        return pd.DataFrame(columns=names)
    shared = scores["mae_common"] if "mae_common" in scores else scores["mae"]
    shared = shared if shared.notna().any() else scores["mae"]
    table = scores[["estimator", "seconds"]].copy()
    table["error"] = shared.fillna(scores["mae"])
    table["compared"] = shared.notna()
    table = table[table["error"].notna() & table["seconds"].notna()].sort_values(["seconds", "error"])
    if table.empty:  # nothing ended ok
        return pd.DataFrame(columns=names)
    table[["seconds", "error"]] = table[["seconds", "error"]].astype(float).clip(lower=_FLOOR)
    kinds = groups(table["estimator"])
    owner = {method.name: group for group, methods in kinds.items() for method in methods}
    table["group"] = table["estimator"].map(owner)
    table["front"] = False
    fair = table["estimator"].map(lambda name: not Method.of(name).gifted)
    compared = table.index[table["compared"] & fair]
    table.loc[compared, "front"] = front(table.loc[compared, ["seconds", "error"]].to_numpy())
    return table[names].reset_index(drop=True)


def front(costs: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which of the points, shape (n, 2), no other point beats: at most as large in both, smaller in one."""
    if not len(costs):
        return np.zeros(0, dtype=bool)
    no_worse = (costs[:, None] <= costs[None]).all(axis=2)
    better = (costs[:, None] < costs[None]).any(axis=2)
    return np.asarray(~(no_worse & better).any(axis=0))


def ceiling(table: pd.DataFrame) -> float:
    """The largest error that has a place in the panel."""
    return float(min(table["error"].max(), _REACH * table["error"].median()))


def draw(table: pd.DataFrame) -> Figure:
    """One mark per estimator with its name beside it."""
    figure = framed(9.4, 5.4, left=0.7, right=0.1, top=0.35, bottom=0.5)
    axes = figure.subplots()
    axes.set(xscale="log", yscale="log", xlabel="mean time of a trial (s)", ylabel="mean |estimate - truth| (nats)")
    low, high = table["error"].min(), ceiling(table)
    limits = _padded(low, high)
    height = table["error"].clip(upper=high)
    first, last = _padded(table["seconds"].min(), 1.3 * table["seconds"].max())  # room for names
    axes.set(xlim=(first, last), ylim=limits)
    for axis, (start, end) in ((axes.xaxis, (first, last)), (axes.yaxis, limits)):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if end < 200 * start else (1,)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())
    best = table[table["front"]]
    if not best.empty:
        seconds = [best["seconds"].iloc[0], *best["seconds"], last]
        errors = [limits[1], *best["error"], best["error"].iloc[-1]]
        axes.step(seconds, errors, where="post", color=MUTED, linewidth=1, zorder=1)
    for i, (group, methods) in enumerate(groups(table["estimator"]).items()):
        colour, marker = PALETTE[i % len(PALETTE)], MARKERS[i % len(MARKERS)]
        mine = table["estimator"].isin([method.name for method in methods])
        for compared, face in ((True, colour), (False, "none")):
            one = table[mine & (table["compared"] == compared)]
            axes.plot(
                one["seconds"], height[one.index], marker, color=colour, markerfacecolor=face, markersize=6.5, zorder=3
            )
        axes.plot([], [], marker, color=colour, markersize=6, label=group)
    axes.plot([], [], color=MUTED, linewidth=1, label="Pareto front")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=8, handletextpad=0.2, columnspacing=1.4)
    names = [
        short(name) + (f" ↑ {digits(error)}" if error > high else "")
        for name, error in zip(table["estimator"], table["error"], strict=True)
    ]
    spots = place(axes, table["seconds"].to_numpy(), height.to_numpy(), names, list(table["front"]))
    for line, name, spot in zip(table.itertuples(), names, spots, strict=True):
        if spot is None:
            continue
        leader = {"arrowstyle": "-", "color": MUTED, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 3}
        mark = (line.seconds, height[line.Index])
        axes.annotate(
            name,
            mark,
            spot,
            textcoords="offset points",
            fontsize=9,
            va="center",
            color=INK,
            weight="bold" if line.front else "normal",
            zorder=4,
            arrowprops=leader if abs(spot[1]) > _NEAR or spot[0] > _NEAR else None,
        )
    return figure


def _padded(low: float, high: float) -> tuple[float, float]:
    """A logarithmic range with room at both ends."""
    pad = max((high / low) ** 0.07, 1.4)
    return low / pad, high * pad
