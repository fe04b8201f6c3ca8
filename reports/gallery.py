# SPDX-License-Identifier: Apache-2.0
"""Samples of each task for the page, drawn again from the tasks by their names."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from mibench import tasks
from mibench.reports.sheet import SCATTERED, is_images, scatter, strip
from mibench.reports.style import styled, to_svg
from mibench.reports.words import nats, series

__all__ = ["Picture", "pictures"]

_SEED, _PAIRS = 0, 5


@dataclass(frozen=True)
class Picture:
    """Samples of one task: a data URL as `source` for images, a scatter as `svg` for vectors, else a `note` why not."""

    task: str
    truth: str = ""
    alt: str = ""
    source: str = ""
    svg: str = ""
    note: str = ""


def pictures(names: Iterable[str]) -> Iterator[Picture]:
    """Samples of the named tasks: of each shape, the lowest, the middle and the highest mutual information."""
    shapes: dict[str, list[str]] = {}
    for name in names:
        shapes.setdefault(series(name), []).append(name)
    for members in shapes.values():
        for i in sorted({0, (len(members) - 1) // 2, len(members) - 1}):
            yield _picture(members[i])


def _picture(name: str) -> Picture:
    try:
        task = tasks.get(name)
        sample = task.sample(SCATTERED, _SEED)
        truth, x, y = nats(task.truth.mi), np.asarray(sample.x), np.asarray(sample.y)
        if is_images(x) and is_images(y):
            size = f"{x.shape[2]} by {x.shape[1]}"
            alt = f"{_PAIRS} sample pairs of {name}: x above, y below, {size} pixels each"
            source = "data:image/png;base64," + b64encode(strip(x[:_PAIRS], y[:_PAIRS])).decode()
            return Picture(name, truth, alt, source)
        alt = f"Scatter of {SCATTERED} samples of {name}: first coordinate of x against first coordinate of y"
        ident = "sample-" + "".join(char if char.isascii() and char.isalnum() else "-" for char in name)
        with styled(ident):
            return Picture(name, truth, alt, svg=to_svg(scatter(x, y), ident, alt).svg)
    except Exception as error:  # a task of a plug-in that is gone, or that fails in any way, must not cost the report
        return Picture(name, note=f"{type(error).__name__}: {error}")
