# SPDX-License-Identifier: Apache-2.0
"""Line charts as plain data, which the page's script and the figures draw alike: axes, and series with bands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.reports.study_packing import kept, known_mean

__all__ = ["BITS", "Chart", "chart", "numbers", "of_any", "over_epochs", "series"]

Chart = dict[str, Any]
BITS = float(1 / np.log(2))
_POINTS, _SERIES = 120, 12  # of a series, and series of a chart, at most
_ABSCISSAE = ("epochs", "steps", "betas", "sizes", "samples", "weights", "layers", "sigmas", "n", "beta", "w")


def chart(
    title: str, note: str, x: str, y: str, lines: Sequence[Chart], *, log_x: bool = False, log_y: bool = False
) -> Chart:
    """A chart of `lines`; an axis called ``epoch`` or ``step`` begins at 0 and is of equal ratios."""
    return {"title": title, "note": note, "x": x, "y": y, "logX": log_x, "logY": log_y, "series": list(lines)}


def series(
    name: str,
    x: NDArray[Any],
    y: NDArray[Any],
    low: NDArray[Any] | None = None,
    high: NDArray[Any] | None = None,
    *,
    dots: bool = False,
    dashed: bool = False,
) -> Chart:
    """A line with a band from `low` to `high`, or dots with bars; what is not finite is left out."""
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    low, high = (None if end is None else end[known] for end in (low, high))
    places = np.arange(len(x)) if dots or len(x) <= _POINTS else kept(np.arange(len(x)), _POINTS)
    found: Chart = {"name": name, "x": numbers(x[places]), "y": numbers(y[places])}
    if low is not None and high is not None:
        found |= {"low": numbers(low[places]), "high": numbers(high[places])}
    return found | ({"dots": True} if dots else {}) | ({"dashed": True} if dashed else {})


def over_epochs(title: str, note: str, epochs: NDArray[Any], values: NDArray[Any], label: str) -> Chart:
    """A line per layer of ``values``, shape (R, E, L), with a band of one standard deviation over runs."""
    mean = known_mean(values)
    sd = np.sqrt(known_mean((values - mean) ** 2))
    lines = [
        series(f"T{layer + 1}", epochs, mean[:, layer], mean[:, layer] - sd[:, layer], mean[:, layer] + sd[:, layer])
        for layer in range(values.shape[2])
    ]
    return chart(title, note, "epoch", label, lines)


def of_any(arrays: Mapping[str, NDArray[Any]], name: str) -> Iterator[Chart]:
    """Every array that runs along the first known abscissa, where nothing is known of an analysis but its arrays."""
    along = next((key for key in _ABSCISSAE if key in arrays and arrays[key].ndim == 1 and len(arrays[key]) > 1), "")
    if not along:
        return
    x, label = arrays[along], {"epochs": "epoch", "steps": "step"}.get(along, along)
    for key, values in arrays.items():
        axes = [axis for axis in range(values.ndim) if values.shape[axis] == len(x)]
        if key == along or not axes or values.dtype.kind not in "iuf":
            continue
        rows = np.moveaxis(values, axes[0], -1).reshape(-1, len(x))[:_SERIES]
        lines = [series(f"{key} {i + 1}" if len(rows) > 1 else key, x, row) for i, row in enumerate(rows)]
        spread = x.min() > 0 and x.max() > 20 * x.min()
        yield chart(f"{name}: {key}", "", label, key, lines, log_x=bool(spread))


def numbers(values: NDArray[Any]) -> list[float]:
    """To five digits: a drawing shows no more."""
    return [float(f"{value:.5g}") for value in np.asarray(values, dtype=np.float64)]
