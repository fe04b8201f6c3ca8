# SPDX-License-Identifier: Apache-2.0
"""Reports: leaderboards, figures and the one-file HTML page of a run.

Importing this imports nothing heavy; `write` and `write_sheet` load what they need when they are called.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if __name__ != "mibench.reports":  # imported by folder name, from the repository root
    raise ImportError("import mibench.reports, not reports")

from mibench.contracts import InputError, Task

if TYPE_CHECKING:
    from mibench.contracts import RandomLike
    from mibench.harness.store import Run

__all__ = ["FORMATS", "write", "write_comparison", "write_index", "write_sheet", "write_study"]

FORMATS = ("pdf", "png", "svg")


def write(run: Run, *, figures: str | Path | None = None, formats: Sequence[str] = ("pdf",)) -> dict[str, Path]:
    """Write ``leaderboard.csv``, ``leaderboard.md`` and ``report.html`` into the run's folder.

    Parameters
    ----------
    run : Run
        As `mibench.harness.store.load` gives it; a run that was killed in the middle is fine.
    figures : path, optional
        A folder to write every figure to as well, one file per format.
    formats : sequence of str
        Of ``pdf``, ``png``, ``svg``.

    Returns
    -------
    dict of str to Path
        File name to path, in the order written. Each file is replaced in one step.

    Raises
    ------
    InputError
        For an unknown format.
    """
    _check(formats)
    from mibench.harness.score import frame
    from mibench.harness.score import leaderboard as score
    from mibench.reports import leaderboard, page
    from mibench.reports.figures import export, plates
    from mibench.reports.files import write_text
    from mibench.reports.gallery import pictures
    from mibench.reports.results import cells, trials

    run = replace(run, rows=list(run.rows))
    table = frame(run.rows)
    drawn = trials(table)
    scores = score(table)
    drawings = plates(cells(drawn), drawn, scores, run.rows)
    written = {
        "leaderboard.csv": write_text(run.folder / "leaderboard.csv", leaderboard.csv(scores)),
        "leaderboard.md": write_text(run.folder / "leaderboard.md", leaderboard.markdown(scores)),
        "report.html": write_text(run.folder / "report.html", page.render(run, scores, table, drawn, drawings)),
    }
    if figures is None:
        return written
    samples = [picture.plate for picture in pictures(dict.fromkeys(drawn["task"])) if picture.plate]
    return written | export([*drawings, *samples], Path(figures), formats)


def write_comparison(
    base: Run, head: Run, out: str | Path | None = None, *, across_seeds: bool = False
) -> dict[str, Path]:
    """Write one page that compares two runs.

    Parameters
    ----------
    base, head : Run
        A positive difference means that HEAD errs more.
    out : path, optional
        The file, or a folder for ``comparison.html``; the folder of HEAD without.
    across_seeds : bool
        The runs have different root seeds: their errors are compared on different samples.

    Returns
    -------
    dict of str to Path
        File name to path.

    Raises
    ------
    InputError
        If both are one run, or `across_seeds` where they share a root seed.
    """
    from mibench.reports import comparison
    from mibench.reports.files import write_text

    if base.folder.resolve() == head.folder.resolve():
        raise InputError(f"both runs are {base.folder}: a run compared with itself shows nothing; name another")
    path = head.folder if out is None else Path(out)
    path = path / "comparison.html" if path.is_dir() else path
    return {path.name: write_text(path, comparison.render(base, head, across_seeds=across_seeds))}


def write_sheet(task: Task | str, path: str | Path, *, count: int = 8, rng: RandomLike = 0) -> Path:
    """Write samples of `task`, an object or a name, as a PNG file; see `mibench.reports.sheet.write_sheet`."""
    from mibench.reports.sheet import write_sheet as write

    return write(task, path, count=count, rng=rng)


def write_study(
    folder: str | Path, *, figures: str | Path | None = None, formats: Sequence[str] = ("pdf",)
) -> dict[str, Path]:
    """Write ``report.html`` into a study's folder: verdicts on its claims, and the planes of every setting.

    Parameters
    ----------
    folder : path
        Of `mibench study`; one that is not finished is fine.
    figures : path, optional
        A folder to write every figure to as well, laid out like those of the sources, one file per format.
    formats : sequence of str
        Of ``pdf``, ``png``, ``svg``.

    Returns
    -------
    dict of str to Path
        File name to path, in the order written. Each file is replaced in one step.

    Raises
    ------
    InputError
        For an unknown format, or a folder that is no study's.
    """
    _check(formats)
    from mibench.reports import study
    from mibench.reports.figures import export
    from mibench.reports.files import write_text
    from mibench.reports.plane_plates import plates
    from mibench.studies.results import Results

    results = Results(folder)
    written = {"report.html": write_text(results.folder / "report.html", study.render(results))}
    return written if figures is None else written | export(plates(results), Path(figures), formats)


def write_index(folder: str | Path) -> Path:
    """Write ``index.html``: every run and study below a folder, what each is, how far it is, and its report.

    Raises
    ------
    InputError
        If there is no such folder.
    """
    from mibench.reports import index
    from mibench.reports.files import write_text

    return write_text(Path(folder) / "index.html", index.render(Path(folder)))


def _check(formats: Sequence[str]) -> None:
    wrong = [kind for kind in formats if kind not in FORMATS]
    if wrong:
        raise InputError(f"no figures as {', '.join(map(repr, wrong))}: choose from {', '.join(FORMATS)}")
