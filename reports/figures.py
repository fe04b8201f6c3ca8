# SPDX-License-Identifier: Apache-2.0
"""The catalogue of figures: each with its title, a caption that says what to see, and a text for who cannot see."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from mibench.contracts import Row
from mibench.harness.score import TOLERANCE, critical_difference
from mibench.harness.score import consistency as deviations_of
from mibench.reports import (
    captions,
    drawing_consistency,
    drawing_cost,
    drawing_errors,
    drawing_intervals,
    drawing_ranks,
    drawing_sizes,
    drawing_truth,
)
from mibench.reports.files import write_bytes
from mibench.reports.style import Drawing, styled, to_bytes, to_svg
from mibench.reports.words import plural, short

__all__ = ["Plate", "export", "plates", "slug"]

_MANY = 40  # estimators, beyond which a diagram of ranks is a thicket


@dataclass(frozen=True)
class Plate:
    """A figure that can be drawn when it is needed.

    Attributes
    ----------
    name : str
        File name without its ending, and prefix of ids in the page.
    section : str
        Where in the page it stands: ``ranks``, ``truth``, ``errors``, ``cost``, ``intervals``, ``consistency`` or
        ``samples``.
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
            return to_svg(self.draw(), self.name, self.title, self.alt)


def plates(cells: pd.DataFrame, trials: pd.DataFrame, scores: pd.DataFrame, rows: Sequence[Row] = ()) -> list[Plate]:
    """Every figure that the run has the numbers for.

    Parameters
    ----------
    cells, trials : pandas.DataFrame
        Of `mibench.reports.results`.
    scores : pandas.DataFrame
        The leaderboard.
    rows : sequence of Row
        For the self-consistency checks among them.
    """
    return [
        *_ranks(trials, scores),
        *_truth(cells),
        *_errors(cells),
        *_cost(scores),
        *_sizes(trials),
        *_intervals(trials),
        *_consistency(rows),
    ]


def export(found: Iterable[Plate], folder: Path, formats: Iterable[str]) -> dict[str, Path]:
    """Write each figure as ``folder/name.format``."""
    kinds, written = list(formats), {}
    for plate in found:
        with styled(plate.name):
            figure = plate.draw()
            for kind in kinds:
                file = f"{plate.name}.{kind}"
                written[file] = write_bytes(folder / file, to_bytes(figure, kind))
    return written


def slug(text: str) -> str:
    """`text` as part of a file's name and of an id."""
    return "".join(char if char.isascii() and char.isalnum() else "-" for char in text)[:40].strip("-")


def _ranks(trials: pd.DataFrame, scores: pd.DataFrame) -> Iterable[Plate]:
    whiskers = drawing_ranks.whiskers(scores)
    if len(whiskers) > 1:
        yield Plate(
            name="ranks",
            section="ranks",
            title="Which ranks the errors leave open",
            caption=captions.ranks(whiskers),
            alt=f"Rank and its 95 % interval of {plural(len(whiskers), 'estimator')}, the smallest error first. The "
            "leaderboard holds the numbers.",
            draw=lambda: drawing_ranks.draw_intervals(whiskers),
        )
    found = critical_difference(trials)
    if not math.isnan(found.distance) and len(found.names) <= _MANY:
        order = ", ".join(f"{short(name)} {rank:.1f}" for name, rank in zip(found.names, found.ranks, strict=True))
        yield Plate(
            name="critical-difference",
            section="ranks",
            title="Average ranks and their critical difference",
            caption=captions.difference(found),
            alt=f"Critical-difference diagram. Average ranks, best first: {order}.",
            draw=lambda: drawing_ranks.draw_difference(found),
        )


def _truth(cells: pd.DataFrame) -> Iterable[Plate]:
    look = drawing_truth.looks(cells["estimator"])
    for i, view in enumerate(drawing_truth.views(cells)):
        shapes, methods = view.cells["series"].nunique(), view.cells["estimator"].nunique()
        yield Plate(
            name=f"truth-{i + 1}-{slug(view.family)}",
            section="truth",
            title=short(view.family, 60),
            caption=captions.truth(view),
            alt=f"Estimate against true mutual information on {short(view.family, 60)}, n = {view.n}, for "
            f"{plural(methods, 'estimator')} and {plural(shapes, 'shape')}, a column of panels per kind of estimator. "
            "The error table holds the numbers.",
            draw=lambda view=view: drawing_truth.draw(view.drawn, look),  # type: ignore[misc]
        )


def _errors(cells: pd.DataFrame) -> Iterable[Plate]:
    if cells["error"].notna().any():
        by = drawing_errors.matrix(cells).by
        yield Plate(
            name="errors",
            section="errors",
            title=f"Error of every estimator on every {by}",
            caption=captions.errors(cells, by),
            alt=f"Heat map of the mean error, estimators down, a column per {by}. The table holds the numbers.",
            draw=lambda: drawing_errors.draw(cells),
        )


def _cost(scores: pd.DataFrame) -> Iterable[Plate]:
    points = drawing_cost.points(scores)
    if not points.empty:
        front = ", ".join(map(short, points[points["front"]]["estimator"])) or "none"
        yield Plate(
            name="cost",
            section="cost",
            title="Error against time",
            caption=captions.cost(points),
            alt=f"Mean absolute error against mean seconds of {plural(len(points), 'estimator')}. On the Pareto "
            f"front, fastest first: {front}.",
            draw=lambda: drawing_cost.draw(points),
        )


def _sizes(trials: pd.DataFrame) -> Iterable[Plate]:
    curves = drawing_sizes.curves(trials)
    if not curves.empty:
        look = drawing_truth.looks(trials["estimator"])
        yield Plate(
            name="sizes",
            section="cost",
            title="Error against the number of samples",
            caption=captions.sizes(curves, TOLERANCE),
            alt=f"Mean absolute error against n = {', '.join(map(str, sorted(curves['n'].unique())))} for "
            f"{plural(curves['estimator'].nunique(), 'estimator')}, a panel per kind of estimator, both axes "
            "logarithmic.",
            draw=lambda: drawing_sizes.draw(curves, look, TOLERANCE),
        )


def _intervals(trials: pd.DataFrame) -> Iterable[Plate]:
    shares = drawing_intervals.shares(trials)
    if not shares.empty:
        low = shares.loc[shares["share"].idxmin()]
        yield Plate(
            name="intervals",
            section="intervals",
            title="How often the stated intervals hold the truth",
            caption=captions.intervals(shares),
            alt=f"Share of stated intervals that hold the truth, for {plural(len(shares), 'estimator')}; the lowest is "
            f"{low['share']:.0%}, of {short(low['estimator'])}.",
            draw=lambda: drawing_intervals.draw(shares),
        )


def _consistency(rows: Sequence[Row]) -> Iterable[Plate]:
    if not any(row.check for row in rows):
        return
    deviations = deviations_of(rows)
    wide = drawing_consistency.table(deviations)
    if wide.notna().any(axis=None):
        yield Plate(
            name="consistency",
            section="consistency",
            title="Deviation from self-consistency",
            caption=captions.consistency(wide, deviations, TOLERANCE),
            alt=f"Heat map of the mean deviation, {plural(len(wide), 'estimator')} down, "
            f"{plural(len(wide.columns), 'check')} across.",
            draw=lambda: drawing_consistency.draw(wide),
        )
