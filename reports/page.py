# SPDX-License-Identifier: Apache-2.0
"""The report as one HTML file that needs nothing else: no server, no network, no script to be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from mibench.reports import board, drawing_intervals, leaderboard, provenance, sections
from mibench.reports.document import document
from mibench.reports.drawing_errors import matrix
from mibench.reports.failures import reasons
from mibench.reports.figures import Plate
from mibench.reports.gallery import pictures
from mibench.reports.results import cells
from mibench.reports.style import Drawing
from mibench.reports.summary import summary
from mibench.reports.words import Method, order

if TYPE_CHECKING:
    from mibench.harness.store import Run

__all__ = ["SCRIPTS", "render"]

SCRIPTS = ("tables.js", "figures.js", "words.js", "scores.js", "state.js", "board.js", "page.js")
_GROUPS = {
    "direct": "on the data as they are",
    "neural": "variational bounds with a trained critic",
    "pca+": "after principal components",
    "ae+": "after an autoencoder",
    "oracle+": "on the true latents: what a perfect compressor would allow",
}
_FIGURES = ("ranks", "truth", "errors", "cost", "intervals", "consistency")  # sections of the template
_MOST = 300  # lines of the table of bounds, and trials of one reason


def render(run: Run, scores: pd.DataFrame, table: pd.DataFrame, trials: pd.DataFrame, plates: Sequence[Plate]) -> str:
    """The page of `run`.

    Parameters
    ----------
    run : Run
    scores : pandas.DataFrame
        Its leaderboard.
    table : pandas.DataFrame
        Its rows, of `mibench.harness.score.frame`.
    trials : pandas.DataFrame
        Its rows, of `mibench.reports.results.trials`.
    plates : sequence of Plate
        The figures to show.
    """
    names = sorted({row.task for row in run.rows}, key=lambda name: order(name, ""))
    means = cells(trials)
    drawn: dict[str, list[tuple[Plate, Drawing]]] = {section: [] for section in _FIGURES}
    for plate in plates:
        drawn[plate.section].append((plate, plate.drawing()))
    listed = list(scores["estimator"])
    return document(
        "report.html.j2",
        SCRIPTS,
        board.given(run.folder.resolve().name, table, scores),
        **summary(run, scores),
        columns=leaderboard.columns(scores),
        lines=board.lines(scores),
        caption=scores.attrs.get("caption", ""),
        groups=[(name, text) for name, text in _GROUPS.items() if name in {Method.of(each).group for each in listed}],
        figures=drawn,
        errors=matrix(means) if means["error"].notna().any() else None,
        levels=sections.levels(table, listed),
        needed=sections.needed(table, listed),
        agreement=sections.agreement(run.rows),
        tuned=sections.tuned(table),
        intervals=drawing_intervals.shares(trials).to_dict("records"),
        bounds=drawing_intervals.bounds(trials).to_dict("records"),
        most=_MOST,
        reasons=reasons(run.rows),
        pictures=[(each, each.plate and each.plate.drawing()) for each in pictures(names)],
        facts=list(provenance.facts(run.manifest)),
        digest=provenance.sha256(run.folder / "journal.jsonl"),
    )
