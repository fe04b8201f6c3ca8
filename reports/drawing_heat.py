# SPDX-License-Identifier: Apache-2.0
"""A heat map with its numbers in it: blue below, orange above, words where there is no number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mibench.reports.style import ABOVE, BELOW, CARD, GRID, INK, MUTED, framed, room
from mibench.reports.words import short

__all__ = ["Grid", "Tile", "draw"]

_WIDTH, _HEIGHT, _GAP = 0.46, 0.24, 0.025  # inches: a tile with a number, and what stands between two
_NARROW = 0.2  # inches: a tile without
_LETTER = 0.082  # inches: about the width of one at 9 points
_NUMBERED = 1000  # tiles: beyond, the colours alone are drawn
_FULL = 0.75  # opacity of the strongest colour, so that ink stays readable on it


@dataclass(frozen=True)
class Tile:
    """What stands in a tile: a `strength` from -1 to 1, or None for no number, and the `text` for it."""

    strength: float | None
    text: str


@dataclass(frozen=True)
class Grid:
    """`heads` over the `columns` they span, `rows` by group, and what the colour of full strength stands for."""

    heads: Sequence[tuple[str, int]]
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[tuple[str, Sequence[Tile | None]]]]]
    label: str
    full: str
    signed: bool = True


def draw(grid: Grid) -> Figure:
    """Estimators down, what `grid` says across."""
    lines = [(name, tiles) for _, part in grid.rows for name, tiles in part]
    numbered = len(lines) * len(grid.columns) <= _NUMBERED
    width = _WIDTH if numbered else _NARROW
    y = _rows([len(part) for _, part in grid.rows])
    x = _columns([span for _, span in grid.heads], width)
    wordy = max((len(text) for text in grid.columns), default=0) * _LETTER > width
    heads = [short(head, 30) for head, _ in grid.heads]
    flat = all(
        max(len(part) for part in _split(head)) * _LETTER <= span * width
        for head, (_, span) in zip(heads, grid.heads, strict=True)
    )
    above = 0.45 if flat else _LETTER * max(map(len, heads), default=0) + 0.15
    deep = _LETTER * max(map(len, grid.columns)) if wordy else 0.2 * any(grid.columns)
    below = 0.5 + deep + 0.2 * bool(grid.label)
    tall, wide = float(y[-1]) + _HEIGHT / 2, float(x[-1]) + width / 2
    names = [short(name, 28) for name, _ in lines]
    left = max(room(names), 0.75)
    figure = framed(left + wide + 0.25, above + tall + below, left=left, right=0.25, top=above, bottom=below)
    axes = figure.subplots()
    axes.set(xlim=(0, wide), ylim=(tall, 0))
    _tiles(axes, lines, x, y, width, numbered)
    axes.set_yticks(y, names, color=INK)
    axes.set_xticks(x, list(grid.columns), rotation=90 if wordy else 0)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.set_xlabel(grid.label)
    begin = 0
    for head, (_, span) in zip(heads, grid.heads, strict=True):
        middle, left, right = x[begin : begin + span].mean(), x[begin], x[begin + span - 1]
        axes.plot([left - 0.45 * width, right + 0.45 * width], [-0.03] * 2, color=GRID, linewidth=1.2, clip_on=False)
        axes.text(
            middle,
            -0.08,
            "\n".join(_split(head)) if flat else head,
            ha="center",
            va="bottom",
            rotation=0 if flat else 90,
            linespacing=1.1,
        )
        begin += span
    _key(figure, grid, left)
    return figure


def _tiles(
    axes: Axes,
    lines: Sequence[tuple[str, Sequence[Tile | None]]],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    width: float,
    numbered: bool,
) -> None:
    centres, colours = [], []
    for place, (_, tiles) in zip(y, lines, strict=True):
        for at, tile in zip(x, tiles, strict=True):
            centres.append((at, place))
            colours.append(_colour(tile.strength if tile else None))
            if numbered and tile:
                none = tile.strength is None
                colour, size = (MUTED, 7) if none else (INK, 8)
                axes.text(at, place, tile.text, ha="center", va="center_baseline", color=colour, fontsize=size)
    half = (np.array([width, _HEIGHT]) - _GAP) / 2
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    axes.add_collection(
        PolyCollection(
            [corners],
            facecolors=colours,
            linewidths=0,
            offsets=centres,
            offset_transform=axes.transData,
            transform=axes.figure.dpi_scale_trans,
        )
    )


def _colour(strength: float | None) -> tuple[float, ...]:
    if strength is None or round(strength, 2) == 0:
        return to_rgba(CARD)
    return to_rgba(BELOW if strength < 0 else ABOVE, round(_FULL * min(1.0, abs(strength)), 2))


def _key(figure: Figure, grid: Grid, left: float) -> None:
    """What the colours stand for, below the tiles."""
    width, height = figure.get_size_inches()
    steps = np.linspace(-1 if grid.signed else 0, 1, 9)
    axes = figure.add_axes((left / width, 0.12 / height, 9 * 0.2 / width, 0.14 / height))
    axes.set(xlim=(0, 9), ylim=(0, 1), yticks=[], xticks=[])
    axes.spines[:].set_visible(False)
    for i, step in enumerate(steps):
        axes.axvspan(i, i + 1, color=_colour(float(step)), linewidth=0)
    low, high = (f"-{grid.full}", f"+{grid.full}") if grid.signed else ("0", grid.full)
    axes.text(-0.3, 0.45, low.replace("-", "\N{MINUS SIGN}"), ha="right", va="center", color=MUTED, clip_on=False)
    axes.text(9.3, 0.45, f"{high} or more", ha="left", va="center", color=MUTED, clip_on=False)


def _rows(counts: Sequence[int]) -> NDArray[np.float64]:
    """Centres in inches, with a gap between groups."""
    gaps = np.repeat(np.arange(len(counts)), counts)
    return (np.arange(len(gaps)) + 0.5) * _HEIGHT + 0.1 * gaps


def _columns(spans: Sequence[int], width: float) -> NDArray[np.float64]:
    gaps = np.repeat(np.arange(len(spans)), spans)
    return (np.arange(len(gaps)) + 0.5) * width + 0.05 * gaps


def _split(head: str) -> list[str]:
    """A task's shape in two lines: its family, its parameters."""
    name, bracket, rest = head.partition("[")
    return [name, bracket + rest] if bracket else [name]
