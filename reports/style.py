# SPDX-License-Identifier: Apache-2.0
"""One look for all figures: colours that survive colour blindness, dark and light paper, and bytes that repeat.

Figures are `matplotlib.figure.Figure` objects, without pyplot's global state. Inside the page, ink and rules become
CSS variables, so that a figure follows the reader's colour scheme.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import Any, NamedTuple

import matplotlib
from matplotlib.figure import Figure

__all__ = ["GRID", "INK", "MARKERS", "MUTED", "PALETTE", "Drawing", "framed", "styled", "to_bytes", "to_svg"]


INK, MUTED, GRID = "#1b1e23", "#697180", "#dadde2"
# seaborn's "colorblind" without the pink and the yellow that are too faint on white
PALETTE = ("#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc", "#ca9161", "#949494", "#56b4e9")
MARKERS = "osD^vPX*"

_RC = {
    "axes.axisbelow": True,
    "axes.edgecolor": GRID,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 9,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "figure.facecolor": "none",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": MUTED,
    "xtick.labelsize": 8,
    "ytick.color": MUTED,
    "ytick.labelsize": 8,
}
_VARIABLES = {INK: "ink", MUTED: "muted", GRID: "rule", PALETTE[0]: "first"}


class Drawing(NamedTuple):
    """An ``<svg>`` element and its natural width in points."""

    svg: str
    width: int


@contextmanager
def styled(salt: str = "mibench") -> Iterator[None]:
    """The look of all figures, for as long as the context lasts; `salt` keeps the ids of two SVGs apart."""
    look: Any = {**_RC, "svg.hashsalt": salt}
    with matplotlib.rc_context(look):
        yield


def framed(width: float, height: float, *, left: float, right: float, top: float, bottom: float) -> Figure:
    """A figure of that size whose axes keep these margins, all in inches: room is decided here and not guessed."""
    figure = Figure(figsize=(width, height))
    figure.subplots_adjust(left / width, bottom / height, 1 - right / width, 1 - top / height)
    return figure


def to_bytes(figure: Figure, kind: str) -> bytes:
    """The figure as a file of `kind` (``pdf``, ``png``, ``svg``), on white, without a date."""
    buffer = io.BytesIO()
    undated = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}.get(kind)
    figure.savefig(buffer, format=kind, dpi=200, facecolor="white", bbox_inches="tight", metadata=undated)
    return buffer.getvalue()


def to_svg(figure: Figure, name: str, alt: str) -> Drawing:
    """The figure as an ``<svg>`` element for the page.

    Parameters
    ----------
    name : str
        Unique in the page: the prefix of every id.
    alt : str
        What a reader who cannot see the figure is told.
    """
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'(\bid="|url\(#|xlink:href="#)', rf"\g<1>{name}-", text)
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, f"var(--{variable},{colour})")
    head, body = text.split(">", 1)
    head = re.sub(r' (width|height)="[^"]*"', "", head)
    label = escape(alt, quote=True)
    return Drawing(f'{head} role="img" aria-label="{label}">{body}', round(72 * figure.get_size_inches()[0]))
