# SPDX-License-Identifier: Apache-2.0
"""Information planes on paper: of a study's settings and of a user's own network alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import Colormap, ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from mibench.contracts import InputError
from mibench.reports.study_packing import known_mean
from mibench.reports.style import INK, MUTED, PALETTE, styled
from mibench.studies.results import Measures, Plane

__all__ = [
    "EPOCHS",
    "Unit",
    "accuracies",
    "axes_of",
    "bar",
    "colour",
    "curves",
    "draw_curve",
    "draw_plane",
    "highest",
    "mean_plane",
    "runs_at",
    "scale_of",
]

Unit = Literal["bits", "nats"]
EPOCHS: Colormap = ListedColormap(matplotlib.colormaps["viridis"](np.linspace(0, 0.86, 256)), name="epochs")


def draw_plane(
    plane: Plane,
    *,
    layer_names: Sequence[str] | None = None,
    unit: Unit = "bits",
    title: str = "",
    beneath: Plane | None = None,
    null: bool = True,
) -> Figure:
    """The information plane, the mean over runs, coloured by epoch.

    Parameters
    ----------
    plane : Plane
        Of `mibench.studies.plane` or of a study's folder; in nats, as everywhere.
    layer_names : sequence of str, optional
        One for each layer; T1, T2, ... without.
    unit : {"bits", "nats"}
        Of the axes.
    title : str
    beneath : Plane, optional
        Another estimator's, such as the exact one, drawn beneath as dashed lines.
    null : bool
        Whether to shade what the estimator shows of I(T;Y) when labels are permuted, where the plane knows it.

    Returns
    -------
    matplotlib.figure.Figure
        Save it by ``figure.savefig("plane.pdf")``.

    Raises
    ------
    InputError
        If there is not one name for each layer, or the unit is unknown.
    """
    layers = plane.information.shape[2]
    if layer_names is not None and len(layer_names) != layers:
        raise InputError(f"{len(layer_names)} layer_names for {layers} layers: give one for each")
    if unit not in ("bits", "nats"):
        raise InputError(f"unit is {unit!r}: choose 'bits' or 'nats'")
    with styled():
        figure = Figure(figsize=(5.6, 4.4), layout="constrained")
        axes = figure.subplots()
        if beneath is not None:
            mean_plane(axes, beneath, unit=unit, faint=True, names=())
        mean_plane(axes, plane, unit=unit, names=layer_names, null=null)
        axes.set_title(title or plane.estimator, loc="left")
        bar(figure, axes, plane.epochs)
    return figure


def colour(layer: int) -> str:
    """Of a layer, as everywhere in the report."""
    return PALETTE[layer % len(PALETTE)]


def mean_plane(
    axes: Axes,
    plane: Plane,
    *,
    unit: Unit = "bits",
    names: Sequence[str] | None = None,
    null: bool = False,
    faint: bool = False,
    rows: NDArray[np.bool_] | None = None,
    letter: str = "T",
) -> None:
    """Draw the mean of a plane's runs (of those in `rows`) as a path per layer, its dots coloured by epoch.

    Layers are called by `names`, or T1, T2, ... by their `letter`.
    """
    information = plane.information if rows is None else plane.information[rows]
    mean = known_mean(information) * scale_of(unit)  # (E, L, 2)
    shade = _share(plane.epochs)
    if null and plane.null is not None:
        _null_band(axes, mean, known_mean(plane.null) * scale_of(unit))
    for layer in range(mean.shape[1]):
        x, y = mean[:, layer].T
        if faint:
            axes.plot(x, y, color=colour(layer), lw=1, ls=(0, (4, 3)), zorder=1.5)
            continue
        axes.plot(x, y, color=colour(layer), lw=0.9, alpha=0.7, zorder=2)
        axes.scatter(x, y, c=EPOCHS(shade), s=9, lw=0, zorder=3, rasterized=len(x) > 300)
        axes.scatter(x[-1:], y[-1:], c=[EPOCHS(1.0)], s=34, ec=colour(layer), lw=1.6, zorder=4)
    axes_of(axes, unit, letter)
    if names is None or len(names):
        _label(axes, mean[-1], names, letter)


def runs_at(axes: Axes, plane: Plane, epoch: int, *, unit: Unit = "bits") -> None:
    """Draw every run as a point per layer, at the recorded epoch nearest to `epoch`."""
    place = int(np.argmin(np.abs(plane.epochs - epoch)))
    at = plane.information[:, place] * scale_of(unit)
    for layer in range(at.shape[1]):
        axes.scatter(
            at[:, layer, 0], at[:, layer, 1], color=colour(layer), s=16, alpha=0.75, lw=0, label=f"T{layer + 1}"
        )
    axes.set_title(f"epoch {plane.epochs[place]}", loc="left")
    axes_of(axes, unit)


def curves(axes: Axes, plane: Plane, which: Literal[0, 1], *, unit: Unit = "bits", letter: str = "T") -> None:
    """Draw I(X;T) (0) or I(T;Y) (1) of every layer against the epoch, with one sd over runs and the null dotted."""
    values = plane.information[..., which] * scale_of(unit)
    mean = known_mean(values)
    sd = np.sqrt(known_mean((values - mean) ** 2))
    for layer in range(mean.shape[1]):
        shown = mean[:, layer], sd[:, layer]
        axes.fill_between(plane.epochs, shown[0] - shown[1], shown[0] + shown[1], color=colour(layer), alpha=0.16, lw=0)
        axes.plot(plane.epochs, shown[0], color=colour(layer), lw=1.4, label=f"{letter}{layer + 1}")
        if which and plane.null is not None:
            axes.plot(
                plane.epochs, known_mean(plane.null)[:, layer] * scale_of(unit), color=colour(layer), lw=0.8, ls=":"
            )
    epoch_axis(axes, plane.epochs)
    axes.set_ylabel(f"{f'I({letter};Y)' if which else f'I(X;{letter})'} ({unit})")
    axes.set_ylim(bottom=0)


def accuracies(axes: Axes, measures: Measures) -> None:
    """Draw the accuracy on training rows and on the others, with the 95 % interval of the mean over runs."""
    runs = len(measures.accuracy)
    for part, (name, tone, style) in enumerate((("training rows", PALETTE[0], "-"), ("other rows", PALETTE[3], "--"))):
        values = measures.accuracy[..., part]
        if np.isnan(values).all():
            continue
        mean, half = known_mean(values), 1.96 * np.sqrt(known_mean((values - known_mean(values)) ** 2) / runs)
        axes.fill_between(measures.epochs, mean - half, mean + half, color=tone, alpha=0.2, lw=0)
        axes.plot(measures.epochs, mean, color=tone, ls=style, lw=1.4, label=name)
    epoch_axis(axes, measures.epochs)
    axes.set_ylabel("accuracy")
    axes.legend(loc="lower right")


def highest(axes: Axes, measures: Measures, *, letter: str = "T") -> None:
    """Draw the largest activation of every layer against the epoch, with one sd over runs."""
    most = np.abs(measures.extremes).max(axis=-1)
    for layer in range(most.shape[2]):
        mean, sd = most[..., layer].mean(axis=0), most[..., layer].std(axis=0)
        axes.fill_between(measures.epochs, mean - sd, mean + sd, color=colour(layer), alpha=0.16, lw=0)
        axes.plot(measures.epochs, mean, color=colour(layer), lw=1.4, label=f"{letter}{layer + 1}")
    epoch_axis(axes, measures.epochs)
    axes.set_ylabel("largest |t|")
    axes.set_ylim(bottom=0)


def bar(figure: Figure, axes: Any, epochs: NDArray[np.int64]) -> None:
    """The colours of epochs beside the axes, in equal ratios of epoch + 1."""
    last = int(epochs[-1])
    mapped = matplotlib.cm.ScalarMappable(Normalize(0, np.log1p(last)), EPOCHS)
    marks = _marks(last)
    shown = figure.colorbar(mapped, ax=axes, pad=0.02, fraction=0.045, ticks=np.log1p(marks))
    shown.ax.set_yticklabels([str(mark) for mark in marks])
    shown.set_label("epoch")
    shown.outline.set_visible(False)


def epoch_axis(axes: Axes, epochs: Sequence[float] | NDArray[Any]) -> None:
    """Epochs from 0 to the last, in equal ratios of epoch + 1."""
    last = max(int(epochs[-1]), 1)
    axes.set_xscale("function", functions=(np.log1p, np.expm1))
    axes.set_xlim(0, last)
    axes.set_xticks(_marks(last), list(map(str, _marks(last))))
    axes.set_xlabel("epoch")


def layers(axes: Axes) -> None:
    """Say beside the axes which colour is which layer."""
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), handlelength=1.2)


def draw_curve(axes: Axes, i_x: Sequence[float], i_y: Sequence[float], *, unit: Unit = "bits") -> None:
    """Draw the IB curve."""
    scale = scale_of(unit)
    axes.plot(np.multiply(i_x, scale), np.multiply(i_y, scale), color=INK, lw=1.4, label="IB curve")


def axes_of(axes: Axes, unit: Unit, letter: str = "T") -> None:
    """Say what the axes of a plane are, and begin them at 0."""
    axes.set_xlabel(f"I(X;{letter}) ({unit})")
    axes.set_ylabel(f"I({letter};Y) ({unit})")
    axes.update_datalim([(0.0, 0.0)])  # without it, axes that are shared would keep the limits of the first
    axes.autoscale_view()


def _label(axes: Axes, ends: NDArray[np.float64], names: Sequence[str] | None, letter: str) -> None:
    """Names at the ends of the paths; layers that end together share one, so that none lies on another."""
    groups: list[tuple[list[int], NDArray[np.float64]]] = []
    known = ends[~np.isnan(ends).any(axis=1)]
    span = np.maximum(np.ptp(known, axis=0) if len(known) else 0.0, 1e-9)
    for layer, end in enumerate(ends):
        if np.isnan(end).any():
            continue
        near = next((group for group in groups if (np.abs(group[1] - end) < 0.07 * span).all()), None)
        if near is None:
            groups.append(([layer], end))
        else:
            near[0].append(layer)
    for members, (x, y) in groups:
        near_right = x > axes.get_xlim()[0] + 0.9 * np.ptp(axes.get_xlim())
        axes.annotate(
            _names(members, names, letter),
            (x, y),
            (4, 7) if near_right else (5, 6),
            textcoords="offset points",
            ha="right" if near_right else "left",
            color=colour(members[0]),
            weight="bold",
            zorder=5,
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
        )


def _names(members: Sequence[int], names: Sequence[str] | None, letter: str) -> str:
    if names is not None:
        return ", ".join(names[layer] for layer in members)
    if len(members) > 2 and members[-1] - members[0] == len(members) - 1:
        return f"{letter}{members[0] + 1}\N{EN DASH}{members[-1] + 1}"
    return ", ".join(f"{letter}{layer + 1}" for layer in members)


def _null_band(axes: Axes, mean: NDArray[np.float64], null: NDArray[np.float64]) -> None:
    """Shade up to where the null reaches with as many bits of I(X;T)."""
    x, y = mean[..., 0].ravel(), null.ravel()
    known = ~(np.isnan(x) | np.isnan(y))
    order = np.argsort(x[known])
    x, y = x[known][order], np.maximum.accumulate(y[known][order])
    if not len(x):
        return
    corners = np.column_stack([np.r_[0, x, x[-1]], np.r_[0, y, 0]])
    axes.add_collection(PolyCollection([corners], facecolor=MUTED, alpha=0.14, lw=0, zorder=0.5))
    axes.plot(x, y, color=MUTED, lw=0.8, ls=":", zorder=0.6)


def _marks(last: int) -> list[int]:
    return [0, *(10**power for power in range(int(np.log10(max(last, 1))) + 1))]


def _share(epochs: NDArray[np.int64]) -> NDArray[np.float64]:
    """Of the way from the first epoch to the last, in equal ratios."""
    return np.asarray(np.log1p(epochs) / max(float(np.log1p(epochs[-1])), 1e-9))


def scale_of(unit: Unit) -> float:
    """What nats are to be multiplied by."""
    return float(1 / np.log(2)) if unit == "bits" else 1.0
