# SPDX-License-Identifier: Apache-2.0
"""Error against the number of samples, a panel per kind of estimator."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator

from mibench.reports.labels import spread
from mibench.reports.style import INK, MUTED, framed, room
from mibench.reports.words import groups, short

__all__ = ["curves", "draw", "panels"]

_FLOOR = 1e-3  # nats: a logarithmic axis has no 0
_SPAN = 3e3  # largest range of the error axis: a wild estimate must not flatten the rest
_MOST = 7  # curves of a panel
_ACROSS = 3  # panels
_PANEL, _LETTERS = 2.2, 8.5  # inches and points: a panel, the names beside it
_UNIT = ["task", "seed", "repetition"]


def curves(trials: pd.DataFrame) -> pd.DataFrame:
    """Mean |error| by sample size, each estimator on the same samples' tasks at every size.

    An estimator that fails at small sizes would otherwise be scored on other tasks there. A unit is a task and a
    repetition; of the ranges of sizes that end at the largest, each estimator is shown on the one on which it has the
    most answers from units that it answered at every size.

    Parameters
    ----------
    trials : pandas.DataFrame
        Of `results.trials`.

    Returns
    -------
    pandas.DataFrame
        ``estimator, group, n, mae, low, high, units, of``, a line per estimator and size, both ascending: the mean of
        |estimate - truth| over `units` of the `of` that were run at every size, and its quartiles. Empty if no task
        was run at two sizes.
    """
    names = ["estimator", "group", "n", "mae", "low", "high", "units", "of"]
    known = trials[trials["truth"].notna()]
    repeated = known.groupby("task")["n"].transform("nunique") > 1
    known = known[repeated]
    sizes = np.sort(known["n"].unique())
    ran = known.drop_duplicates([*_UNIT, "n"]).groupby(_UNIT).size()
    of = int((ran == len(sizes)).sum())
    absolute = known.assign(mae=known["error"].abs())
    lines = []
    for group, methods in groups(dict.fromkeys(known["estimator"])).items():
        for method in methods:
            own = absolute[absolute["estimator"] == method.name]
            wide = own.pivot_table(index=_UNIT, columns="n", values="mae", aggfunc="first").reindex(columns=sizes)
            ranges = [wide.iloc[:, begin:].dropna() for begin in range(len(sizes) - 1)]
            best = max(ranges, key=lambda part: part.size, default=wide)
            if not best.size:
                continue
            low, high = best.quantile(0.25), best.quantile(0.75)
            for n, mae in best.mean().items():
                lines.append((method.name, group, int(n), mae, low[n], high[n], len(best), of))
    return pd.DataFrame(lines, columns=names)


def panels(table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Kinds of estimators with their curves, in parts where they are many."""
    for group, part in table.groupby("group", sort=False):
        names = list(part["estimator"].unique())
        count = math.ceil(len(names) / _MOST)
        for i, some in enumerate(np.array_split(np.array(names, dtype=object), count)):
            title = str(group) if count == 1 else f"{group} ({i + 1} of {count})"
            yield title, part[part["estimator"].isin(list(some))]


def draw(table: pd.DataFrame, look: Mapping[str, tuple[str, str]], tolerance: float) -> Figure:
    """Curves with the middle half of the errors as whiskers, names at their ends, `tolerance` (nats) as a line."""
    parts = list(panels(table))
    across = min(_ACROSS, len(parts))
    down = math.ceil(len(parts) / across)
    beside = room((_named(name) for name in table["estimator"].unique()), _LETTERS) + 0.15
    wide = 0.65 + across * (_PANEL + beside) + (across - 1) * 0.15
    figure = framed(wide, 2.75 * down + 0.6, left=0.65, right=beside, top=0.35, bottom=0.55)
    grid = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True)
    figure.subplots_adjust(wspace=(beside + 0.15) / _PANEL, hspace=0.3)
    sizes = np.sort(table["n"].unique())
    low, high = _limits(table, tolerance)
    first = grid[0, 0]
    first.set(xscale="log", yscale="log", ylim=(low, high))
    pad = (sizes[-1] / sizes[0]) ** 0.07
    first.set_xlim(sizes[0] / pad, sizes[-1] * pad)
    shown = sizes if len(sizes) <= 4 else sizes[np.linspace(0, len(sizes) - 1, 4).round().astype(int)]
    first.xaxis.set_major_locator(FixedLocator(list(shown)))
    first.xaxis.set_minor_locator(NullLocator())
    first.yaxis.set_major_locator(LogLocator(subs=(1,) if high > 50 * low else (1, 2, 5)))
    for axis in (first.xaxis, first.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())
    for axes, (title, part) in zip(grid.flat, parts, strict=False):
        axes.set_title(short(title, 24), loc="left")
        axes.axhline(tolerance, color=MUTED, linestyle=(0, (4, 3)), linewidth=0.9, zorder=1)
        _curves(axes, part, look, (low, high), sizes)
        axes.tick_params(labelbottom=True)
        axes.set_xlabel("samples n")
    for axes in grid[:, 0]:
        axes.set_ylabel("mean |estimate - truth| (nats)")
    for axes in grid.flat[len(parts) :]:
        axes.remove()
    return figure


def _curves(
    axes: Axes,
    part: pd.DataFrame,
    look: Mapping[str, tuple[str, str]],
    limits: tuple[float, float],
    sizes: np.ndarray,
) -> None:
    names = list(part["estimator"].unique())
    step = (sizes[-1] / sizes[0]) ** (0.05 / max(len(names) - 1, 1))
    ends = []
    for i, name in enumerate(names):
        one = part[part["estimator"] == name]
        colour, marker = look[name]
        x = one["n"].to_numpy() * step ** (i - (len(names) - 1) / 2)
        y, low, high = (one[key].clip(*limits).to_numpy() for key in ("mae", "low", "high"))
        axes.vlines(x, low, high, color=colour, linewidth=1, alpha=0.45, zorder=2)
        face = colour if one["units"].iloc[0] == one["of"].iloc[0] else "none"
        axes.plot(x, y, color=colour, linewidth=1.2, marker=marker, markersize=4.5, markerfacecolor=face, zorder=3)
        ends.append(y[-1])
    height = axes.get_window_extent().height * 72 / axes.figure.dpi
    span = math.log(limits[1] / limits[0])
    at = np.log(np.array(ends) / limits[0]) / span * height
    for name, begin, end in zip(names, at, spread(list(at), 11.0), strict=True):
        axes.annotate(
            _named(name),
            (1, begin / height),
            (9, end - begin),
            xycoords="axes fraction",
            textcoords="offset points",
            va="center",
            color=INK,
            fontsize=_LETTERS,
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": look[name][0],
                "linewidth": 0.7,
                "shrinkA": 1,
                "shrinkB": 0,
                "relpos": (0, 0.5),
            },
        )


def _named(name: str) -> str:
    return short(name, 20)


def _limits(table: pd.DataFrame, tolerance: float) -> tuple[float, float]:
    low = max(_FLOOR, min(float(table["mae"].min()), float(table["low"].min()), tolerance) / 1.3)
    high = 1.3 * max(float(table["mae"].max()), float(table["high"].max()), tolerance)
    return low, min(high, low * _SPAN)
