# SPDX-License-Identifier: Apache-2.0
"""One look for all figures: colours that survive colour blindness, dark and light paper, and bytes that repeat.

Figures are `matplotlib.figure.Figure` objects, without pyplot's global state. Inside the page, every colour is a CSS
variable with its value on white as the fallback, so that a figure follows the reader's colour scheme and a figure that
is taken out of the page is still right.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from html import escape
from typing import Any, NamedTuple

import matplotlib
from matplotlib.figure import Figure
from matplotlib.textpath import TextPath

__all__ = [
    "ABOVE", "BELOW", "CARD", "GRID", "INK", "MARKERS", "MUTED", "PALETTE", "VARIABLES", "Drawing", "framed", "room",
    "styled", "to_bytes", "to_svg", "width",
]  # fmt: skip


INK, MUTED, GRID, CARD = "#1b1e23", "#5d6572", "#dadde2", "#f7f8fa"
BELOW, ABOVE = "#0173b2", "#d55e01"  # under- and overestimates
# Contrast with white above 3, and at least 0.11 apart in Oklab to every eye: normal, protan, deutan and tritan. Found
# by search within fixed ranges of hue; report.css holds those for dark paper. Marks differ in shape, too.
PALETTE = ("#426fcf", "#c47c08", "#25a683", "#b93322", "#924e8a", "#003f67", "#392a1f")
MARKERS = "os^Dv*P"
VARIABLES = {INK: "ink", MUTED: "muted", GRID: "rule", CARD: "card", BELOW: "below", ABOVE: "above"} | {
    colour: f"series-{i}" for i, colour in enumerate(PALETTE)
}

_RC = {
    "axes.axisbelow": True,
    "axes.edgecolor": GRID,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 9.5,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titley": 1.0,
    "figure.facecolor": "none",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": MUTED,
    "xtick.labelsize": 9,
    "ytick.color": MUTED,
    "ytick.labelsize": 9,
}
# DejaVu Sans measured the letters; the others are as wide, or narrower. Said once, at the root of a figure
_OWN = "font-family: 'DejaVu Sans'; "
_ROOT = (
    "font-family: 'DejaVu Sans', Verdana, 'Segoe UI', Arial, sans-serif; stroke-linejoin: round; stroke-linecap: butt"
)


class Drawing(NamedTuple):
    """An ``<svg>`` element and its natural width in points."""

    svg: str
    width: int


@contextmanager
def styled(salt: str = "mibench") -> Iterator[None]:
    """The look of all figures, for as long as the context lasts; `salt` keeps the ids of two SVGs apart."""
    look: Any = {**_RC, "svg.hashsalt": salt}
    with matplotlib.rc_context(look), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # a name may hold any; the page has more fonts
        yield


def framed(width: float, height: float, *, left: float, right: float, top: float, bottom: float) -> Figure:
    """A figure of that size whose axes keep these margins, all in inches: room is decided here and not guessed."""
    figure = Figure(figsize=(width, height))
    figure.subplots_adjust(left / width, bottom / height, 1 - right / width, 1 - top / height)
    return figure


def room(names: Iterable[str], size: float = 9) -> float:
    """Inches that the longest of `names` takes beside an axis, at `size` points."""
    return max((width(name, size) for name in names), default=0.0) / 72 + 0.12


def width(text: str, size: float = 9) -> float:
    """About how many points `text` takes at `size` points."""
    return float(TextPath((0, 0), text, size=size).vertices[:, 0].max()) if text.strip() else 0.0


def to_bytes(figure: Figure, kind: str) -> bytes:
    """The figure as a file of `kind` (``pdf``, ``png``, ``svg``), on white, without a date."""
    buffer = io.BytesIO()
    undated = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}.get(kind)
    figure.savefig(buffer, format=kind, dpi=200, facecolor="white", bbox_inches="tight", metadata=undated)
    return buffer.getvalue() if kind != "svg" else _fonts(buffer.getvalue().decode()).encode()


def to_svg(figure: Figure, name: str, title: str, alt: str) -> Drawing:
    """The figure as an ``<svg>`` element for the page.

    Parameters
    ----------
    name : str
        Unique in the page: the prefix of every id.
    title : str
        What the figure is.
    alt : str
        What a reader who cannot see the figure is told.
    """
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = _fonts(text)[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r"<[^>]*>", lambda tag: _tag(tag[0], name), text)  # tags alone: names are never rewritten
    head, body = text.split(">", 1)
    head = re.sub(r' (width|height)="[^"]*"', "", head)
    said = f' role="img" aria-labelledby="{name}-title" aria-describedby="{name}-desc">'
    said += f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(alt)}</desc>'
    return Drawing(f"{head}{said}{body}", round(72 * figure.get_size_inches()[0]))


def _tag(tag: str, name: str) -> str:
    """A tag of matplotlib's with ids of its own and colours that follow the page, on one line."""
    tag = re.sub(r"\s+", " ", tag)
    tag = re.sub(r'(\bid="|url\(#|xlink:href="#)', rf"\g<1>{name}-", tag)
    tag = re.sub(r' transform="rotate\(-0 [^)]*\)"', "", tag)
    return re.sub(r"#[0-9a-f]{6}", lambda found: _variable(found[0]), tag)


def _variable(colour: str) -> str:
    return f"var(--{VARIABLES[colour]},{colour})" if colour in VARIABLES else colour


def _fonts(text: str) -> str:
    """The fonts and the ends of lines once, at the root, and other fonts where there is no DejaVu Sans.

    matplotlib says the ends of lines in a style sheet, which would be one for all of a page.
    """
    text = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>\s*", "", text, count=1, flags=re.DOTALL)
    begin = text.index("<svg ")
    return text[:begin] + f'<svg style="{_ROOT}" ' + text[begin + 5 :].replace(_OWN, "")
