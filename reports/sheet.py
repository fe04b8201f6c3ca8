# SPDX-License-Identifier: Apache-2.0
"""What a task's data look like: pairs of images, or a scatter of vectors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mibench.contracts import InputError, Task
from mibench.reports.files import write_bytes
from mibench.reports.style import PALETTE, framed, styled, to_bytes
from mibench.reports.words import nats, short

if TYPE_CHECKING:
    from mibench.contracts import RandomLike

__all__ = ["SCATTERED", "grey", "is_images", "scatter", "strip", "write_sheet"]

SCATTERED = 400  # points that a scatter of vectors shows


def write_sheet(task: Task | str, path: str | Path, *, count: int = 8, rng: RandomLike = 0) -> Path:
    """Write a sample sheet of `task` as a PNG file.

    Parameters
    ----------
    task : Task or str
        A task or its name, such as ``"blobs[size=32]"``.
    path : str or Path
        The PNG file; replaced when it is there.
    count : int
        Pairs of images to show, x above y. Vectors are shown as a scatter of the first coordinate of each side.
    rng : int, numpy.random.Generator or None
        Source of randomness.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    InputError
        If `count` is not positive.
    """
    if count < 1:
        raise InputError(f"count is {count}: a sample sheet needs at least 1 pair")
    name = task if isinstance(task, str) else type(task).__name__.lower()
    if isinstance(task, str):
        from mibench import tasks

        task = tasks.get(task)
    truth = task.truth
    title = f"{short(name, 40)}\nI(X;Y) = {nats(truth.mi)} ({truth.method})"
    sample = task.sample(count, rng) if (task.tags & {"images"}) else task.sample(SCATTERED, rng)
    with styled(name):
        draw = _pairs if is_images(sample.x) and is_images(sample.y) else scatter
        figure = draw(np.asarray(sample.x), np.asarray(sample.y))
        figure.suptitle(title, y=1, verticalalignment="bottom", fontsize=9)
        return write_bytes(Path(path), to_bytes(figure, "png"))


def is_images(values: Any) -> bool:
    """Whether `values` are single-channel images, shape (n, h, w)."""
    return np.ndim(values) == 3


def strip(x: NDArray[Any], y: NDArray[Any]) -> Figure:
    """Pairs side by side, a pixel as a square: x above y, shapes (n, h, w).

    One grey scale holds for all pictures, so that pairs can be compared; the gaps are transparent.
    """
    pixels = grey(x, y)
    height, width = pixels.shape[:2]
    figure = framed(4.2, 4.2 * height / width, left=0, right=0, top=0, bottom=0)
    axes = figure.subplots()
    axes.imshow(pixels, interpolation="none", aspect="auto")
    axes.set_axis_off()
    return figure


def grey(x: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """Pixels of `strip`: red, green, blue and opacity between 0 and 1, shape (2 h + gap, n (w + gap) - gap, 4)."""
    canvas = _canvas(x, y, gap=max(1, x.shape[-1] // 16))
    low, high = np.nanmin(canvas), np.nanmax(canvas)
    values = (np.nan_to_num(canvas, nan=low) - low) / (high - low or 1.0)
    return np.dstack([values, values, values, ~np.isnan(canvas)])


def scatter(x: NDArray[Any], y: NDArray[Any]) -> Figure:
    """First coordinate of x against first coordinate of y, shapes (n, ...)."""
    figure = framed(2.8, 2.6, left=0.55, right=0.1, top=0.1, bottom=0.45)
    axes = figure.subplots()
    first = [side.reshape(len(side), -1)[:, 0] for side in (x, y)]
    axes.plot(*first, ".", color=PALETTE[0], markersize=3.5, alpha=0.55, markeredgewidth=0)
    axes.set(xlabel="first coordinate of x", ylabel="first coordinate of y")
    return figure


def _canvas(x: NDArray[Any], y: NDArray[Any], gap: int) -> NDArray[np.float64]:
    """All pictures on one plane, NaN between them."""
    height, width = max(x.shape[1], y.shape[1]), max(x.shape[2], y.shape[2])
    canvas = np.full((2 * height + gap, len(x) * (width + gap) - gap), np.nan)
    for i, pair in enumerate(zip(x, y, strict=True)):
        for j, picture in enumerate(pair):
            top, left = j * (height + gap), i * (width + gap)
            canvas[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return canvas


def _pairs(x: NDArray[Any], y: NDArray[Any]) -> Figure:
    figure = framed(1.1 * len(x) + 0.4, 2.6, left=0.3, right=0.1, top=0.1, bottom=0.1)
    for line, values, side in zip(figure.subplots(2, len(x), squeeze=False), (x, y), "xy", strict=True):
        for axes, picture in zip(line, values, strict=True):
            axes.imshow(picture, cmap="gray", vmin=float(min(x.min(), y.min())), vmax=float(max(x.max(), y.max())))
            axes.set(xticks=[], yticks=[])
            axes.grid(visible=False)
        line[0].set_ylabel(side, rotation=0, labelpad=8)
    return figure
