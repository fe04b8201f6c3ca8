# SPDX-License-Identifier: Apache-2.0
"""Do stated intervals and bounds hold the truth?"""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.figure import Figure

from mibench.reports.style import INK, MUTED, PALETTE, framed, room
from mibench.reports.words import digits, groups, short

__all__ = ["bounds", "draw", "shares", "wilson"]

_Z = 1.959963984540054  # 97.5 % quantile of the normal law


def shares(trials: pd.DataFrame) -> pd.DataFrame:
    """Per estimator that states intervals, the share that hold the truth.

    Returns
    -------
    pandas.DataFrame
        Columns ``estimator, group, stated, held, share, low, high, width``: `low`, `high` are the 95 % Wilson interval
        of `share`, `width` the median width of the stated intervals in nats.
    """
    stated = trials[trials["low"].notna() & trials["high"].notna() & trials["truth"].notna()]
    inside = (stated["low"] <= stated["truth"]) & (stated["truth"] <= stated["high"])
    found = stated.assign(inside=inside, width=stated["high"] - stated["low"]).groupby("estimator", sort=False)
    table = found.agg(stated=("inside", "size"), held=("inside", "sum"), width=("width", "median"))
    lines = []
    for group, methods in groups(name for name in trials["estimator"].unique() if name in table.index).items():
        for method in methods:
            count, held, width = table.loc[method.name]
            low, high = wilson(int(held), int(count))
            lines.append((method.name, group, int(count), int(held), held / count, low, high, float(width)))
    return pd.DataFrame(lines, columns=["estimator", "group", "stated", "held", "share", "low", "high", "width"])


def wilson(held: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share `held` / `count` by inverting its score test (Wilson 1927)."""
    share, scale = held / count, 1 + _Z**2 / count
    middle = (share + _Z**2 / (2 * count)) / scale
    half = _Z / scale * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def bounds(trials: pd.DataFrame) -> pd.DataFrame:
    """Per task and estimator with bounds: mean `truth`, `lower`, `upper`, trials `stated` and `held`."""
    stated = trials[trials["lower"].notna() & trials["upper"].notna() & trials["truth"].notna()].copy()
    stated["held"] = (stated["lower"] <= stated["truth"]) & (stated["truth"] <= stated["upper"])
    grouped = stated.groupby(["task", "n", "estimator"], sort=False)
    table = grouped[["truth", "lower", "upper"]].mean()
    table["stated"], table["held"] = grouped.size(), grouped["held"].sum()
    return table.reset_index()


def draw(table: pd.DataFrame) -> Figure:
    """Shares as dots with their Wilson interval, against 95 %, beside the counts and the widths."""
    count = len(table)
    names = [short(name, 28) for name in table["estimator"]]
    left = room(names)
    figure = framed(left + 2.9 + 1.7, 0.24 * count + 0.95, left=left, right=1.7, top=0.3, bottom=0.55)
    axes = figure.subplots()
    places = range(count)[::-1]
    kinds = {group: PALETTE[i % len(PALETTE)] for i, group in enumerate(dict.fromkeys(table["group"]))}
    axes.axvline(0.95, color=MUTED, linestyle=(0, (4, 3)), linewidth=0.9)
    axes.hlines(places, table["low"], table["high"], color=[kinds[group] for group in table["group"]], linewidth=1.8)
    for group, colour in kinds.items():
        one = [(line.share, at) for at, line in zip(places, table.itertuples(), strict=True) if line.group == group]
        axes.plot(*zip(*one, strict=True), "o", color=colour, markersize=6, clip_on=False)
    for at, text in ((1.05, "held"), (1.38, "width")):
        axes.text(at, count - 0.4, text, color=INK, va="bottom")
    for place, line in zip(places, table.itertuples(), strict=True):
        axes.text(1.05, place, f"{line.held} of {line.stated}", color=MUTED, va="center")
        axes.text(1.38, place, digits(line.width), color=MUTED, va="center")
    axes.set_yticks(list(places), names, color=INK)
    axes.tick_params(axis="y", length=0)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 0.95], ["0 %", "25 %", "50 %", "75 %", "95 %"])
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.7, count - 0.3)
    axes.set_xlabel("share of stated intervals that hold the truth")
    axes.grid(visible=False, axis="y")
    return figure
