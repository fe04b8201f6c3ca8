# SPDX-License-Identifier: Apache-2.0
"""Analyses beside planes as line charts: what the page and the figures draw of gradients, neurons, rates and curves.

A chart is plain data: axes, and series of points with a band where there are runs. An analysis whose arrays are not the
known ones gets what can be drawn of them, and one that cannot be read is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import MibenchError
from mibench.reports.study_packing import kept, known_mean
from mibench.studies.analyses import ANALYSES, COMPUTATIONS
from mibench.studies.results import Results

__all__ = ["charts", "ib_curve"]

Chart = dict[str, Any]
_POINTS, _SERIES = 120, 12  # of a series, and series of a chart, at most
_ABSCISSAE = ("epochs", "steps", "betas", "sizes", "samples", "n", "weights", "w", "layers")
_BITS = 1 / np.log(2)


def charts(results: Results, setting: str, problems: list[tuple[str, str]]) -> Iterator[Chart]:
    """Charts of every analysis that a setting has; why one cannot be read is added to `problems`."""
    for name in (*ANALYSES, *COMPUTATIONS):
        if not results.has(setting, f"analysis-{name}"):
            continue
        try:
            arrays = results.analysis(setting, name)
            yield from _KNOWN.get(name, _any)(arrays) if name in _KNOWN else _any(arrays, name)
        except MibenchError as error:
            problems.append((setting, str(error)))
        except (KeyError, ValueError, IndexError) as error:  # of another version of the analysis
            problems.append((setting, f"analysis {name} cannot be drawn: {type(error).__name__}: {error}"))


def ib_curve(results: Results) -> tuple[list[float], list[float]] | None:
    """I(X;T) and I(T;Y) along the IB curve, in nats and by I(X;T); None where it is not there."""
    try:
        arrays = results.analysis("ib-curve", "ib-curve")
        order = np.argsort(arrays["i_x"], kind="stable")
        return tuple(_numbers(np.append(0.0, arrays[key][order])) for key in ("i_x", "i_y"))  # type: ignore[return-value]
    except (MibenchError, KeyError):
        return None


def _snr(arrays: Mapping[str, NDArray[Any]]) -> Iterator[Chart]:
    epochs = arrays["epochs"]
    for key, title, over in (
        ("std", "Gradient: signal to noise", "of batches"),
        ("row_std", "Gradient: signal to noise, of single rows", "over single rows"),
    ):
        if key in arrays:
            note = f"log10 of the mean gradient's norm by the standard deviation {over}; mean and sd over runs."
            yield _over_epochs(title, note, epochs, _log10(arrays["mean"]) - _log10(arrays[key]), "log10 of mean / sd")
    if "norm" in arrays:
        for key, title in (("mean", "Gradient: norm of its mean"), ("std", "Gradient: sd over batches")):
            share = _log10(arrays[key]) - _log10(arrays["norm"])
            yield _over_epochs(
                title, "By the norm of the layer's weights.", epochs, share, "log10 of its share of ||W||"
            )
        yield _over_epochs("Norm of the weights", "Mean and sd over runs.", epochs, arrays["norm"], "||W||")


def _log10(values: NDArray[Any]) -> NDArray[np.float64]:
    """NaN of what is 0: a layer without a gradient has no ratio."""
    found: NDArray[np.float64] = np.log10(np.where(values > 0, values, np.nan))
    return found


def _curve(arrays: Mapping[str, NDArray[Any]]) -> Iterator[Chart]:
    order = np.argsort(arrays["i_x"], kind="stable")
    series = [_series("IB curve", arrays["i_x"][order] * _BITS, arrays["i_y"][order] * _BITS)]
    yield _chart("The IB curve", "Of the stochastic rule, by reverse annealing.", "I(X;T) (bits)", "I(T;Y) (bits)",
                 series)  # fmt: skip
    betas = np.argsort(arrays["betas"], kind="stable")
    told = [_series(label, arrays["betas"][betas], arrays[key][betas] * _BITS)
            for key, label in (("i_x", "I(X;T)"), ("i_y", "I(T;Y)"))]  # fmt: skip
    yield _chart("Along beta", "What the curve holds at each trade-off.", "beta", "bits", told, log_x=True)


def _any(arrays: Mapping[str, NDArray[Any]], name: str = "") -> Iterator[Chart]:
    """Every array that runs along the first known abscissa; other axes are runs (averaged) or series (few)."""
    along = next((key for key in _ABSCISSAE if key in arrays and arrays[key].ndim == 1 and len(arrays[key]) > 1), "")
    if not along:
        return
    x = arrays[along]
    for key, values in arrays.items():
        axes = [axis for axis in range(values.ndim) if values.shape[axis] == len(x)]
        if key == along or not axes or values.dtype.kind not in "iuf":
            continue
        lines = np.moveaxis(values, axes[0], -1).reshape(-1, len(x))[:_SERIES]
        many = len(lines) > 1
        series = [_series(f"{key} {i + 1}" if many else key, x, line) for i, line in enumerate(lines)]
        label = "epoch" if along == "epochs" else along
        yield _chart(f"{name}: {key}", "", label, key, series, log_x=along in ("epochs", "betas", "sizes", "samples"))


_KNOWN: dict[str, Any] = {"snr": _snr, "ib-curve": _curve}


def _over_epochs(title: str, note: str, epochs: NDArray[Any], values: NDArray[Any], label: str) -> Chart:
    """A line per layer of ``values``, shape (R, E, L), with a band of one standard deviation over runs."""
    mean = known_mean(values)
    sd = np.sqrt(known_mean((values - mean) ** 2))
    series = [
        _series(f"T{layer + 1}", epochs, mean[:, layer], mean[:, layer] - sd[:, layer], mean[:, layer] + sd[:, layer])
        for layer in range(values.shape[2])
    ]
    return _chart(title, note, "epoch", label, series, log_x=True)


def _chart(
    title: str, note: str, x: str, y: str, series: list[Chart], *, log_x: bool = False, log_y: bool = False
) -> Chart:
    return {"title": title, "note": note, "x": x, "y": y, "logX": log_x, "logY": log_y, "series": series}


def _series(
    name: str, x: NDArray[Any], y: NDArray[Any], low: NDArray[Any] | None = None, high: NDArray[Any] | None = None
) -> Chart:
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    low, high = (None if end is None else end[known] for end in (low, high))
    places = kept(np.asarray(x), _POINTS) if len(x) > _POINTS else np.arange(len(x))
    found = {"name": name, "x": _numbers(x[places]), "y": _numbers(y[places])}
    if low is not None and high is not None:
        found |= {"low": _numbers(low[places]), "high": _numbers(high[places])}
    return found


def _numbers(values: NDArray[Any]) -> list[float]:
    """To five digits: a drawing shows no more."""
    return [float(f"{value:.5g}") for value in np.asarray(values, dtype=np.float64)]
