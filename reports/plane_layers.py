# SPDX-License-Identifier: Apache-2.0
"""Layers on their own on paper, as Butakov et al. draw them: raw points, a smoothed path, the loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mibench.reports.plane_figures import Unit, epoch_axis, scale_of
from mibench.reports.study_loss import change
from mibench.reports.study_packing import known_mean
from mibench.reports.style import INK, MUTED
from mibench.studies.results import Plane
from mibench.studies.smoothing import smoothed

__all__ = ["CHANGES", "draw_layers"]

# As on the page: blue where the loss falls, grey where it stays, orange where it rises
CHANGES = LinearSegmentedColormap.from_list(
    "changes", ("#0e1e6e", "#3c78cd", "#969ba3", "#e2781e", "#963700")
).with_extremes(bad=MUTED)
_WIDE = 1.96  # standard errors
_SIDE = 3.1  # inches of a panel


def draw_layers(
    plane: Plane, loss: NDArray[np.float64] | None, layers: Sequence[int], *, unit: Unit = "nats", letter: str = "L"
) -> Figure:
    """A plane for each of `layers`, the mean over runs, and the training loss.

    Parameters
    ----------
    plane : Plane
        With its standard errors; points without are drawn without a cross.
    loss : ndarray, shape (R, E), or None
        The training loss of its runs at its epochs, NaN where there is none; without it nothing is coloured.
    layers : sequence of int
        Places on the third axis of ``plane.information``.
    unit : {"bits", "nats"}
    letter : str
        Of layers.
    """
    panels = len(layers) + (loss is not None)
    figure = Figure(figsize=(1.12 * _SIDE * panels, _SIDE), layout="constrained")
    figure.suptitle(plane.estimator, x=0.01, ha="left", fontsize=9)
    axes = figure.subplots(1, panels, squeeze=False)[0]
    mean_loss = np.full(len(plane.epochs), np.nan) if loss is None else known_mean(loss)
    changes = change(plane.epochs, mean_loss)
    most = float(np.max(np.abs(changes), initial=1e-12, where=np.isfinite(changes)))
    scale = Normalize(-most, most)
    colours = CHANGES(np.ma.masked_invalid(scale(changes)))
    for each, layer in zip(axes, layers, strict=False):
        _plane(each, plane, layer, colours, scale_of(unit))
        each.set_title(f"{letter}{layer + 1}", loc="left")
        each.set_xlabel(f"I(X;{letter}{layer + 1}) ({unit})")
        each.set_ylabel(f"I({letter}{layer + 1};Y) ({unit})")
    if loss is not None:
        _loss(axes[-1], plane.epochs, mean_loss, colours)
        shown = figure.colorbar(matplotlib.cm.ScalarMappable(scale, CHANGES), ax=axes[-1], pad=0.02)
        shown.ax.set_ylim(*_reached(changes))
        shown.set_label("change of the loss in an epoch")
        shown.outline.set_visible(False)
    return figure


def _plane(axes: Axes, plane: Plane, layer: int, colours: NDArray[Any], scale: float) -> None:
    mean = known_mean(plane.information[:, :, layer]) * scale  # (E, 2)
    path = smoothed(mean.T).T
    if plane.std_error is not None:
        error = np.sqrt(known_mean(plane.std_error[:, :, layer] ** 2) / len(plane.runs)) * _WIDE * scale
        for which in (0, 1):
            reach = error * np.eye(2)[which]
            crosses = np.stack([mean - reach, mean + reach], axis=1)
            axes.add_collection(LineCollection(list(crosses), colors=colours, lw=0.7, alpha=0.6, zorder=2))
    else:
        axes.scatter(mean[:, 0], mean[:, 1], c=colours, s=6, lw=0, alpha=0.6, zorder=2)
    pieces = np.stack([path[:-1], path[1:]], axis=1)
    axes.add_collection(LineCollection(list(pieces), colors=colours[1:], lw=2, capstyle="round", zorder=3))
    axes.scatter(path[-1:, 0], path[-1:, 1], c=colours[-1:], s=34, ec=INK, lw=1, zorder=4)
    axes.autoscale_view()


def _loss(axes: Axes, epochs: NDArray[np.int64], loss: NDArray[np.float64], colours: NDArray[Any]) -> None:
    axes.plot(epochs, loss, color=MUTED, lw=0.8, zorder=2)
    axes.scatter(epochs, loss, c=colours, s=10, lw=0, zorder=3)
    epoch_axis(axes, epochs)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("training loss (nats)")


def _reached(changes: NDArray[np.float64]) -> tuple[float, float]:
    """The part of the scale that there are colours of."""
    known = changes[np.isfinite(changes)]
    return float(min(known.min(initial=0), -1e-12)), float(max(known.max(initial=0), 0))
