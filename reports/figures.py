# SPDX-License-Identifier: Apache-2.0
"""The catalogue of figures: each with its title, a caption that says what to see, and a text for who cannot see."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from mibench.reports import drawing_cost, drawing_errors, drawing_intervals, drawing_truth
from mibench.reports.files import write_bytes
from mibench.reports.style import Drawing, styled, to_bytes, to_svg
from mibench.reports.words import Method, digits, plural

__all__ = ["Plate", "export", "plates"]


@dataclass(frozen=True)
class Plate:
    """A figure that can be drawn when it is needed.

    Attributes
    ----------
    name : str
        File name without its ending, and prefix of ids in the page.
    section : str
        Where in the page it stands: ``truth``, ``errors``, ``cost`` or ``intervals``.
    draw : callable
        Makes the figure, under `style.styled`.
    """

    name: str
    section: str
    title: str
    caption: str
    alt: str
    draw: Callable[[], Figure]

    def drawing(self) -> Drawing:
        """The figure as an ``<svg>`` element."""
        with styled(self.name):
            return to_svg(self.draw(), self.name, self.alt)


def plates(cells: pd.DataFrame, trials: pd.DataFrame, scores: pd.DataFrame) -> list[Plate]:
    """Every figure that the run has the numbers for."""
    return [*_truth(cells), *_errors(cells), *_cost(scores), *_intervals(trials)]


def export(found: Iterable[Plate], folder: Path, formats: Iterable[str]) -> dict[str, Path]:
    """Write each figure as ``folder/name.format``."""
    written = {}
    for plate in found:
        with styled(plate.name):
            figure = plate.draw()
            for kind in formats:
                file = f"{plate.name}.{kind}"
                written[file] = write_bytes(folder / file, to_bytes(figure, kind))
    return written


def _truth(cells: pd.DataFrame) -> Iterable[Plate]:
    known = cells[cells["truth"].notna() & cells["estimate"].notna()]
    look = drawing_truth.looks(cells["estimator"])
    for i, (family, part) in enumerate(known.groupby("family", sort=False)):
        shapes, methods = part["series"].nunique(), part["estimator"].nunique()
        yield Plate(
            name=f"truth-{i + 1}-{_slug(str(family))}",
            section="truth",
            title=str(family),
            caption=_closest(part),
            alt=f"Estimate against true mutual information on {family}, for {plural(methods, 'estimator')} and "
            f"{plural(shapes, 'shape')}, a column of panels per kind of estimator. The error table holds the numbers.",
            draw=lambda part=part: drawing_truth.draw(part, look),  # type: ignore[misc]
        )


def _closest(part: pd.DataFrame) -> str:
    """What to see: who is closest to the diagonal over the whole family, those without an answer somewhere left out."""
    errors = part.pivot_table(index=["task", "n"], columns="estimator", values="error", sort=False).abs()
    whole = errors.dropna(axis="columns").mean().sort_values(kind="stable")
    fair = whole[[not Method.of(str(name)).gifted for name in whole.index]]
    if fair.empty:
        return "No estimator that sees only the data has an answer on every task here."
    best = (
        f"Closest over all {plural(len(errors), 'task')}: {fair.index[0]}, {digits(fair.iloc[0])} nats off on average"
    )
    gifted = whole.drop(fair.index)
    return (
        f"{best}; given the true latents, {gifted.index[0]}, {digits(gifted.iloc[0])} nats."
        if len(gifted)
        else f"{best}."
    )


def _errors(cells: pd.DataFrame) -> Iterable[Plate]:
    if cells["error"].notna().any():
        yield Plate(
            name="errors",
            section="errors",
            title="Error of every estimator on every task",
            caption="Mean of estimate - truth in nats; blue underestimates, orange overestimates.",
            alt="Heat map of the mean error, estimators down, tasks across.",
            draw=lambda: drawing_errors.draw(cells),
        )


def _cost(scores: pd.DataFrame) -> Iterable[Plate]:
    points = drawing_cost.points(scores)
    if not points.empty:
        front = ", ".join(points[points["front"]]["estimator"])
        yield Plate(
            name="cost",
            section="cost",
            title="Error against time",
            caption="Both axes are logarithmic; lower left is better. The line is the Pareto front of the "
            "estimators that see only the data: none of them is both faster and more accurate than one on it. Hollow "
            "marks lack an answer on some of the common cells, so they are not compared; an arrow marks an error "
            "beyond the panel.",
            alt=f"Mean absolute error against mean seconds of {plural(len(points), 'estimator')}. On the Pareto "
            f"front, fastest first: {front}.",
            draw=lambda: drawing_cost.draw(points),
        )


def _intervals(trials: pd.DataFrame) -> Iterable[Plate]:
    shares = drawing_intervals.shares(trials)
    if not shares.empty:
        low = shares.loc[shares["share"].idxmin()]
        yield Plate(
            name="intervals",
            section="intervals",
            title="How often the stated intervals hold the truth",
            caption="An honest 95 % interval holds the truth in 95 % of trials (dashed). Points far to the left belong "
            "to estimators whose bias their interval does not know of. Whiskers: 95 % Wilson interval of the share.",
            alt=f"Share of stated intervals that hold the truth, for {plural(len(shares), 'estimator')}; the lowest is "
            f"{low['share']:.0%}, of {low['estimator']}.",
            draw=lambda: drawing_intervals.draw(shares),
        )


def _slug(text: str) -> str:
    return "".join(char if char.isascii() and char.isalnum() else "-" for char in text)[:40]
