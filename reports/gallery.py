# SPDX-License-Identifier: Apache-2.0
"""Samples of each task for the page, drawn again from the tasks by their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench import tasks
from mibench.contracts import Task
from mibench.reports.figures import Plate, slug
from mibench.reports.sheet import SCATTERED, is_images, scatter, strip
from mibench.reports.words import nats, percent, series, short

__all__ = ["MOST", "Picture", "chosen", "pictures"]

MOST = 24  # tasks
_SEED, _PAIRS = 0, 5


@dataclass(frozen=True)
class Picture:
    """Samples of one task as a `plate`, or a `note` why there are none."""

    task: str
    plate: Plate | None = None
    note: str = ""


def chosen(names: Iterable[str], most: int = MOST) -> list[str]:
    """Of each shape the tasks of lowest, middle and highest mutual information, as they are listed.

    Where that is more than `most`, the highest alone; where there are still more, shapes spread evenly over the list.
    """
    shapes: dict[str, list[str]] = {}
    for name in names:
        shapes.setdefault(series(name), []).append(name)
    places = {shape: sorted({0, (len(found) - 1) // 2, len(found) - 1}) for shape, found in shapes.items()}
    if sum(map(len, places.values())) > most:
        places = {shape: [len(found) - 1] for shape, found in shapes.items()}
    picked = [shapes[shape][i] for shape, which in places.items() for i in which]
    if len(picked) > most:
        picked = [picked[i] for i in np.linspace(0, len(picked) - 1, most).round().astype(int)]
    return picked


def pictures(names: Iterable[str]) -> Iterator[Picture]:
    """Samples of the `chosen` of the named tasks."""
    for i, name in enumerate(chosen(names)):
        try:
            yield Picture(name, _plate(f"sample-{i + 1}-{slug(name)}", name, tasks.get(name)))
        except Exception as error:  # a plug-in's task that is gone, or that fails in any way, must not cost the report
            yield Picture(name, note=f"{type(error).__name__}: {error}")


def _plate(ident: str, name: str, task: Task) -> Plate:
    few = task.sample(_PAIRS, _SEED)
    x, y = np.asarray(few.x), np.asarray(few.y)
    title, truth = short(name, 60), f"I(X;Y) = {nats(task.truth.mi)}."
    if is_images(x) and is_images(y):
        size = f"{x.shape[2]} by {x.shape[1]}"
        same = _alike(x)
        return Plate(
            ident,
            "samples",
            title,
            f"{truth} {_PAIRS} pairs of {size} pixels, x above y. {same}",
            f"{_PAIRS} sample pairs of {title}: x above, y below, {size} pixels each",
            lambda: strip(x, y),
        )
    many = task.sample(SCATTERED, _SEED)
    sides = [np.asarray(side).reshape(SCATTERED, -1)[:, 0] for side in (many.x, many.y)]
    return Plate(
        ident,
        "samples",
        title,
        f"{truth} First coordinate of x against that of y, in {SCATTERED} samples: {_correlation(sides)}",
        f"Scatter of {SCATTERED} samples of {title}: first coordinate of x against first coordinate of y",
        lambda: scatter(*sides),
    )


def _alike(x: NDArray[Any]) -> str:
    """How much of a picture differs from pair to pair."""
    share = float((np.ptp(x, axis=0) > 1e-6 * (np.ptp(x) or 1.0)).mean())
    return f"{percent(share)} of the pixels of x vary between these pairs."


def _correlation(sides: Sequence[NDArray[Any]]) -> str:
    if not all(np.ptp(side) > 0 for side in sides):
        return "one of them is constant."
    return f"their correlation is {np.corrcoef(np.stack(sides))[0, 1]:.2f}."
