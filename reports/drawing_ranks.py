# SPDX-License-Identifier: Apache-2.0
"""Who can be told from whom: critical-difference diagram and intervals of the ranks."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mibench.harness.score import CriticalDifference
from mibench.reports.style import ABOVE, INK, MUTED, PALETTE, framed, room
from mibench.reports.words import Method, digits, groups, short

__all__ = ["draw_difference", "draw_intervals", "levels", "spans", "whiskers"]

_LINE, _BAR = 0.2, 0.075  # inches: between two names, between two bars
_AXIS = 4.0  # inches


def spans(difference: CriticalDifference) -> list[tuple[float, float]]:
    """From which average rank to which each bar goes, in the order of `groups`."""
    rank = dict(zip(difference.names, difference.ranks, strict=True))
    return [(min(map(rank.__getitem__, group)), max(map(rank.__getitem__, group))) for group in difference.groups]


def levels(bars: Sequence[tuple[float, float]], gap: float = 0.0) -> list[int]:
    """The lowest level for each bar on which it keeps a `gap` to the bars before it."""
    ends: list[float] = []
    found = []
    for low, high in bars:
        level = next((i for i, end in enumerate(ends) if low > end + gap), len(ends))
        ends[level:] = [high, *ends[level + 1 :]]
        found.append(level)
    return found


def draw_difference(difference: CriticalDifference) -> Figure:
    """The diagram of Demsar (JMLR 7, 2006): average ranks on a line, bars over those that do not differ."""
    names, ranks = difference.names, difference.ranks
    count, left = len(names), math.ceil(len(names) / 2)
    bars = spans(difference)
    stacked = levels(bars, gap=0.02 * count)
    under = 0.12 + _BAR * (max(stacked, default=-1) + 1)
    deep = under + _LINE * left + 0.05
    side = room([f"{short(name, 24)}  00.0" for name in names]) + 0.15
    figure = framed(2 * side + _AXIS, deep + 0.75, left=side, right=side, top=0.7, bottom=0.05)
    axes = figure.subplots()
    axes.set(xlim=(1, max(count, 2)), ylim=(deep, 0))
    axes.spines[:].set_visible(False)
    axes.spines["top"].set(visible=True, color=MUTED)
    axes.grid(visible=False)
    axes.set_yticks([])
    axes.xaxis.tick_top()
    axes.set_xticks(_ticks(count))
    unit = _AXIS / max(count - 1, 1)
    for i, (name, rank) in enumerate(zip(names, ranks, strict=True)):
        on_left = i < left
        depth = under + _LINE * (i + 0.5 if on_left else count - i - 0.5)
        edge = 1 - 0.08 / unit if on_left else max(count, 2) + 0.08 / unit
        colour = MUTED if Method.of(name).gifted else INK
        axes.plot([rank, rank, edge], [0, depth, depth], color=colour, linewidth=0.7, clip_on=False)
        text = f"{short(name, 24)}  {rank:.1f}" if on_left else f"{rank:.1f}  {short(name, 24)}"
        apart = -0.05 / unit if on_left else 0.05 / unit
        axes.text(edge + apart, depth, text, color=colour, ha="right" if on_left else "left", va="center")
    for (low, high), level in zip(bars, stacked, strict=True):
        reach, depth = 0.04 / unit, 0.1 + _BAR * level
        axes.plot([low - reach, high + reach], [depth, depth], color=ABOVE, linewidth=3, solid_capstyle="butt",
                  zorder=4)  # fmt: skip
    _scale(axes, difference.distance)
    return figure


def _scale(axes: Axes, distance: float) -> None:
    """The critical difference itself, above the axis."""
    depth = -0.42
    end = 1 + distance
    axes.plot([1, end], [depth, depth], color=INK, linewidth=1.2, clip_on=False, marker="|", markersize=6)
    axes.text(1 + distance / 2, depth - 0.07, f"critical difference {distance:.2f}", ha="center", va="bottom")


def _ticks(count: int) -> list[int]:
    step = next(step for step in (1, 2, 5, 10, 20, 50, count) if count <= 12 * step)
    return sorted({1, *range(step, count - step // 2, step), count})


def whiskers(scores: pd.DataFrame) -> pd.DataFrame:
    """Rank intervals of the leaderboard in its order of error: ``estimator, group, place, low, high, mae``.

    `place` is the rank of the error itself, ties shared; estimators without an interval are left out.
    """
    names = ["estimator", "group", "place", "low", "high", "mae"]
    if "rank_low" not in scores or not scores["rank_low"].notna().any():
        return pd.DataFrame(columns=names)
    table = scores[scores["rank_low"].notna()]
    kinds = {method.name: kind for kind, methods in groups(table["estimator"]).items() for method in methods}
    found = pd.DataFrame(
        {
            "estimator": table["estimator"],
            "group": table["estimator"].map(kinds),
            "place": table["mae_common"].rank(method="average"),
            "low": table["rank_low"].astype(int),
            "high": table["rank_high"].astype(int),
            "mae": table["mae_common"],
        }
    )
    return found.sort_values(["place", "low", "high"], kind="stable", ignore_index=True)


def draw_intervals(table: pd.DataFrame) -> Figure:
    """Ranks as dots with their interval, the smallest error first."""
    count = len(table)
    names = [short(name, 28) for name in table["estimator"]]
    left = room(names)
    figure = framed(left + 2.7 + 0.75, 0.24 * count + 0.95, left=left, right=0.75, top=0.3, bottom=0.55)
    axes = figure.subplots()
    places = np.arange(count)[::-1]
    kinds = {kind: PALETTE[i % len(PALETTE)] for i, kind in enumerate(groups(table["estimator"]))}
    axes.hlines(places, table["low"], table["high"], color=[kinds[kind] for kind in table["group"]], linewidth=1.8)
    for kind, colour in kinds.items():
        mine = (table["group"] == kind).to_numpy()
        axes.plot(table["place"][mine], places[mine], "o", color=colour, markersize=6, clip_on=False)
    right = max(count, int(table["high"].max()), 2)
    axes.text(right + 0.06 * right, count - 0.4, "MAE", va="bottom")
    for place, mae in zip(places, table["mae"], strict=True):
        axes.text(right + 0.06 * right, place, digits(mae), color=MUTED, va="center")
    axes.set_yticks(places, names, color=INK)
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(1 - 0.02 * right, 1.02 * right)
    axes.set_xticks(_ticks(right))
    axes.set_ylim(-0.7, count - 0.3)
    axes.set_xlabel("rank by error on the common cells")
    axes.grid(visible=False, axis="y")
    return figure
