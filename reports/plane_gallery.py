# SPDX-License-Identifier: Apache-2.0
"""On paper: where a layer of two units puts images, a row of drawings along training for each run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from mibench.reports.study_gallery import COLOURS
from mibench.reports.words import percent

__all__ = ["draw_gallery"]

_SIDE = 1.75  # inches of a drawing


def draw_gallery(arrays: Mapping[str, NDArray[Any]], accuracy: NDArray[np.float64] | None) -> Figure:
    """Scatters of the analysis `gallery`, coloured by label.

    Parameters
    ----------
    arrays : mapping
        What `mibench.studies.analyses.gallery.gallery` returns.
    accuracy : ndarray, shape (R, E), or None
        On rows that are not trained on.
    """
    values, labels = arrays["values"], arrays["labels"]
    runs, points = values.shape[:2]
    figure = Figure(figsize=(_SIDE * points, (_SIDE + 0.25) * runs + 0.3), layout="constrained")
    grid = figure.subplots(runs, points, squeeze=False)
    order = np.random.default_rng(0).permutation(len(labels))  # no class lies on all others
    colours = np.array(COLOURS)[labels[order] % len(COLOURS)]
    for (i, j), axes in np.ndenumerate(grid):
        x, y = values[i, j][order].T
        axes.scatter(x, y, c=colours, s=4, lw=0, rasterized=True)
        right = "" if accuracy is None or np.isnan(accuracy[i, j]) else f", {percent(float(accuracy[i, j]))}"
        axes.set_title(f"epoch {arrays['epochs'][j]}{right}", loc="left", fontsize=8)
        axes.set_xticks([])
        axes.set_yticks([])
        if j == 0:
            axes.set_ylabel(f"run {arrays['runs'][i]}")
    marks = [
        Line2D([], [], ls="", marker="o", ms=5, color=COLOURS[label % len(COLOURS)]) for label in np.unique(labels)
    ]
    figure.legend(marks, [str(label) for label in np.unique(labels)], loc="outside lower center", ncols=len(marks))
    return figure
