# SPDX-License-Identifier: Apache-2.0
"""The figures of a study, laid out like those of its sources, so that they can be held side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from mibench.contracts import MibenchError
from mibench.reports import plane_figures as draw
from mibench.reports.figures import Plate, slug
from mibench.reports.plane_gallery import draw_gallery
from mibench.reports.plane_layers import draw_layers
from mibench.reports.study_about import About, about
from mibench.reports.study_analyses import charts, ib_curve
from mibench.reports.study_data import median_run
from mibench.reports.study_gallery import accuracies, gallery
from mibench.reports.study_loss import Losses
from mibench.reports.style import PALETTE
from mibench.studies.results import Plane, Results

__all__ = ["plates"]

_SNAPSHOTS = (0.0, 0.04, 0.9)  # of the training: start, 400 and 9000 of 10,000 epochs
_SIDE = 3.4  # inches of a panel


def plates(results: Results) -> Iterator[Plate]:
    """Every figure that a study has the numbers for."""
    look = about(results)
    for name in results.settings:
        found = [results.plane(name, estimator) for estimator in _readable(results, name)]
        tags = set(results.about.get("about", {}).get(name, {}).get("tags", []))
        if found:
            yield from _setting(results, name, found, tags, look)
        yield from _units(results, name)
        for i, chart in enumerate(charts(results, name, [])):
            yield _plate(f"{name}-analysis-{i + 1}", f"{name}: {chart['title']}", partial(_chart, chart))
    yield from _panels(results, "szt-fraction-", "fractions", "Parts of the patterns")
    yield from _panels(results, "szt-depth-", "depths", "Numbers of layers")
    yield from _ib(results)


def _readable(results: Results, name: str) -> list[str]:
    """Estimators whose plane can be read; the page says which cannot."""
    found = []
    for estimator in results.planes(name):
        try:
            results.plane(name, estimator)
        except MibenchError:
            continue
        found.append(estimator)
    return found


def _setting(results: Results, name: str, planes: Sequence[Plane], tags: set[str], look: About) -> Iterator[Plate]:
    main = planes[0]
    if look.first:
        for plane in planes:
            yield from _layers(results, name, plane, look)
    if "rasmussen" in tags:
        yield _plate(f"{name}-planes", name, lambda: _side_by_side(planes))
    elif "goldfeld" in tags:
        yield _plate(f"{name}-information", name, lambda: _over_accuracy(results, name, main))
    elif "szt" in tags:
        yield _plate(f"{name}-snapshots", name, lambda: _snapshots(main))
    else:
        for plane in planes:
            yield _plate(f"{name}-{slug(plane.estimator)}", name, partial(_with_curves, plane, look))
    yield _plate(f"{name}-median", f"{name}: the median run", lambda: _median(main, look))
    if results.has(name, "measures"):
        yield _plate(f"{name}-measures", f"{name}: accuracy and activations", lambda: _measures(results, name, look))


def _layers(results: Results, name: str, plane: Plane, look: About) -> Iterator[Plate]:
    """As Butakov et al.: the last layers, then those before them."""
    every = range(plane.information.shape[2])
    first = [layer for layer in look.first if layer in every]
    loss = Losses(results, name).of(plane)
    for suffix, layers in (("layers", first), ("first-layers", [layer for layer in every if layer not in first])):
        if layers:
            yield _plate(
                f"{name}-{slug(plane.estimator)}-{suffix}",
                f"{name}: {plane.estimator}",
                partial(draw_layers, plane, loss, layers, unit=look.unit, letter=look.letter),
            )


def _units(results: Results, name: str) -> Iterator[Plate]:
    """What a layer of two units has learnt."""
    if gallery(results, name, []) is not None:
        arrays = results.analysis(name, "gallery")
        title = f"{name}: two units along training"
        yield _plate(f"{name}-gallery", title, lambda: draw_gallery(arrays, accuracies(results, name, arrays)))


def _plate(name: str, title: str, made: Callable[[], Figure]) -> Plate:
    return Plate(_safe(name), "planes", title, "", title, made)


def _safe(name: str) -> str:
    """As a file's name: of any setting's name, whole."""
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_.") else "-" for letter in name)[
        :120
    ]


def _with_curves(plane: Plane, look: About) -> Figure:
    """As Lorenzen, Igel and Nielsen: the plane, and both informations against the epoch."""
    figure = Figure(figsize=(3.4 * _SIDE, _SIDE), layout="constrained")
    axes = figure.subplots(1, 3, width_ratios=(1.25, 1, 1))
    draw.mean_plane(axes[0], plane, null=True, unit=look.unit, letter=look.letter)
    axes[0].set_title(plane.estimator, loc="left")
    draw.bar(figure, axes[0], plane.epochs)
    draw.curves(axes[1], plane, 0, unit=look.unit, letter=look.letter)
    draw.curves(axes[2], plane, 1, unit=look.unit, letter=look.letter)
    draw.layers(axes[2])
    return figure


def _side_by_side(planes: Sequence[Plane]) -> Figure:
    """As Rasmussen: a plane for each estimator."""
    figure = Figure(figsize=(1.15 * _SIDE * len(planes), _SIDE), layout="constrained")
    axes = figure.subplots(1, len(planes), squeeze=False)[0]
    for each, plane in zip(axes, planes, strict=True):
        draw.mean_plane(each, plane, null=True)
        each.set_title(plane.estimator, loc="left")
    draw.bar(figure, list(axes), planes[0].epochs)
    return figure


def _over_accuracy(results: Results, name: str, plane: Plane) -> Figure:
    """As Goldfeld et al.: I(X;T) of every layer over training, the accuracy below."""
    figure = Figure(figsize=(1.6 * _SIDE, 1.5 * _SIDE), layout="constrained")
    if not results.has(name, "measures"):
        draw.curves(figure.subplots(), plane, 0)
        return figure
    axes = figure.subplots(2, 1, height_ratios=(2, 1), sharex=True)
    draw.curves(axes[0], plane, 0)
    draw.layers(axes[0])
    axes[0].set_title(plane.estimator, loc="left")
    draw.accuracies(axes[1], results.measures(name))
    return figure


def _snapshots(plane: Plane) -> Figure:
    """As Shwartz-Ziv and Tishby: all runs before, early in and late in training, and the mean's path."""
    figure = Figure(figsize=(4 * _SIDE, _SIDE), layout="constrained")
    axes = figure.subplots(1, 4, width_ratios=(1, 1, 1, 1.2), sharex=True, sharey=True)
    for each, share in zip(axes, _SNAPSHOTS, strict=False):
        draw.runs_at(each, plane, round(share * int(plane.epochs[-1])))
    axes[0].legend(loc="lower left", fontsize=8)
    draw.mean_plane(axes[3], plane, null=True)
    axes[3].set_title("mean of runs", loc="left")
    draw.bar(figure, axes[3], plane.epochs)
    for each in axes[1:]:
        each.set_ylabel("")
    return figure


def _median(plane: Plane, look: About) -> Figure:
    one = median_run(plane)
    rows = np.arange(len(plane.runs)) == one
    figure = Figure(figsize=(1.3 * _SIDE, _SIDE), layout="constrained")
    axes = figure.subplots()
    draw.mean_plane(axes, plane, rows=rows, unit=look.unit, letter=look.letter)
    axes.set_title(f"{plane.estimator}, run {plane.runs[one]}", loc="left")
    draw.bar(figure, axes, plane.epochs)
    return figure


def _measures(results: Results, name: str, look: About) -> Figure:
    figure = Figure(figsize=(2.4 * _SIDE, 0.8 * _SIDE), layout="constrained")
    left, right = figure.subplots(1, 2)
    draw.accuracies(left, results.measures(name))
    draw.highest(right, results.measures(name), letter=look.letter)
    draw.layers(right)
    return figure


def _panels(results: Results, prefix: str, name: str, title: str) -> Iterator[Plate]:
    """The planes of settings that differ in one thing, in one row."""
    found = {
        each.removeprefix(prefix): each
        for each in results.settings
        if each.startswith(prefix) and _readable(results, each)
    }
    if len(found) < 2:
        return

    rows, columns = -(-len(found) // 3), min(len(found), 3)

    def drawn() -> Figure:
        figure = Figure(figsize=(_SIDE * columns, _SIDE * rows), layout="constrained")
        grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
        for axes in list(grid.flat)[len(found) :]:
            axes.set_visible(False)
        for axes, (part, setting) in zip(grid.flat, found.items(), strict=False):
            plane = results.plane(setting, _readable(results, setting)[0])
            draw.mean_plane(axes, plane)
            axes.set_title(part, loc="left")
        draw.bar(figure, list(grid.flat), plane.epochs)
        return figure

    yield _plate(f"szt-{name}", title, drawn)


def _ib(results: Results) -> Iterator[Plate]:
    """The layers of trained networks beside the IB curve."""
    curve, name = ib_curve(results), "szt-snapshots"
    if curve is None or name not in results.settings or not _readable(results, name):
        return

    def drawn() -> Figure:
        plane = results.plane(name, _readable(results, name)[0])
        figure = Figure(figsize=(1.4 * _SIDE, 1.1 * _SIDE), layout="constrained")
        axes = figure.subplots()
        draw.draw_curve(axes, *curve)
        draw.runs_at(axes, plane, int(plane.epochs[-1]))
        axes.legend(loc="lower right")
        return figure

    yield _plate("ib-curve-layers", "Layers and the IB curve", drawn)


def _chart(chart: dict[str, Any]) -> Figure:
    figure = Figure(figsize=(1.35 * _SIDE, _SIDE), layout="constrained")
    axes = figure.subplots()
    for i, each in enumerate(chart["series"]):
        tone = PALETTE[i % len(PALETTE)]
        if "low" in each and each.get("dots"):
            axes.vlines(each["x"], each["low"], each["high"], color=tone, lw=1.2)
        elif "low" in each:
            axes.fill_between(each["x"], each["low"], each["high"], color=tone, alpha=0.16, lw=0)
        style = {"ls": "", "marker": "o", "ms": 3} if each.get("dots") else {"ls": "--" if each.get("dashed") else "-"}
        axes.plot(each["x"], each["y"], color=tone, lw=1.4, label=each["name"], **style)
    if chart["x"] in ("epoch", "step"):
        draw.epoch_axis(axes, chart["series"][0]["x"] or [1])
    elif chart["logX"]:
        axes.set_xscale("log")
    if chart["logY"]:
        axes.set_yscale("log")
    axes.set(xlabel=chart["x"], ylabel=chart["y"])
    axes.set_title(chart["title"], loc="left")
    if len(chart["series"]) > 1:
        axes.legend(loc="best", fontsize=8, ncols=1 + (len(chart["series"]) > 5))
    return figure
