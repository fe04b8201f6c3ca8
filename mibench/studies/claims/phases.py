# SPDX-License-Identifier: Apache-2.0
"""Phases of information planes as tests over runs: fit, compression, interrupted fit, violated processing inequality.

Sources show pictures; these are the rules that stand for them. Curves are in bits, of shape
(runs, epochs). The place where a curve peaks is chosen on one half of the runs and the drop from there measured on
the other, both ways: else the greatest of many noisy values would count as a peak. Intervals are percentiles of a
bootstrap over runs.
"""

from __future__ import annotations

from dataclasses import replace
from math import log, log2, nan
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from mibench.contracts import InputError
from mibench.studies.claims.contract import Finding
from mibench.studies.claims.resampling import MORE, RESAMPLES, Floats, apart, bootstrap, cross_fitted, judged, of_means
from mibench.studies.results import Plane

__all__ = [
    "COMPRESS_BITS",
    "COMPRESS_LATEST",
    "COMPRESS_RULE",
    "COMPRESS_SHARE",
    "COMPRESS_SURE_BITS",
    "DPI_BITS",
    "FIT_RULE",
    "FIT_SHARE",
    "INTERRUPT_BITS",
    "MORE",
    "RESAMPLES",
    "RISE_BITS",
    "SWITCH_SHARE",
    "TRIVIAL_SHARE",
    "apart",
    "bootstrap",
    "compress",
    "compressing_share",
    "cross_fitted",
    "dip",
    "dpi_violation",
    "fit",
    "interrupted",
    "judged",
    "of_means",
    "rises",
    "series",
    "smoothed",
    "switch_time",
    "trivial",
    "untrained",
]

FIT_SHARE = 0.05  # of H(Y), that I(T;Y) must gain
COMPRESS_BITS, COMPRESS_SHARE, COMPRESS_SURE_BITS = 0.1, 0.02, 0.05  # the drop, its share of the peak, its interval
COMPRESS_LATEST = 0.98  # of the epochs: a peak after it is no peak
INTERRUPT_BITS = RISE_BITS = 0.1
DPI_BITS = 0.02
TRIVIAL_SHARE = 0.99  # of log2 N
SWITCH_SHARE = 0.05  # of a curve's range
FIT_RULE = "mean I(T;Y) gains at least 5 % of H(Y) from first to last epoch, and the interval of the gain is above 0"
COMPRESS_RULE = (
    "mean I(X;T) falls from its greatest value by at least 0.1 bit and 2 %, the interval of the fall is above 0.05 "
    "bit, the peak chosen on one half of the runs and the fall measured on the other, and not in the last 2 % of epochs"
)
_SMOOTHING = 0.02  # of the range of log(1 + epoch): standard deviation of the window


def series(plane: Plane, layer: int, which: str) -> Floats:
    """I(X;T) or I(T;Y) of a layer in bits, shape (R, E).

    Parameters
    ----------
    plane : Plane
    layer : int
        1 to L; -1 is the last.
    which : {"x", "y"}

    Raises
    ------
    InputError
        If the plane has no such layer.
    """
    layers = plane.information.shape[2]
    if layer == 0 or abs(layer) > layers:
        raise InputError(f"layer {layer} of a plane with {layers} layers: give 1 to {layers}, or -1 for the last")
    at = layer - 1 if layer > 0 else layer
    found: Floats = plane.information[:, :, at, {"x": 0, "y": 1}[which]] / log(2)
    return found


def _whole(values: NDArray[Any], epochs: NDArray[Any] | None = None) -> tuple[Floats, NDArray[Any]]:
    """Runs that have values, at the epochs at which all of these have one; and these epochs."""
    values = np.asarray(values, np.float64)
    epochs = np.arange(values.shape[1]) if epochs is None else np.asarray(epochs)
    missing = np.isnan(values)
    values = values[~missing.all(axis=1)]
    kept = ~np.isnan(values).any(axis=0) & (len(values) > 0)
    return values[:, kept], epochs[kept]


def fit(values_y: NDArray[Any], entropy_y: float, rng: np.random.Generator) -> Finding:
    """Whether I(T;Y) gains at least 5 % of H(Y) from the first epoch to the last, beyond chance.

    Parameters
    ----------
    values_y : ndarray, shape (R, E)
        I(T;Y) in bits.
    entropy_y : float
        H(Y) in bits.
    rng : Generator
    """
    values, _ = _whole(values_y)
    if values.shape[1] < 2:
        return _nothing()
    gains = values[:, -1] - values[:, 0]
    mean, last = gains.mean(), values[:, -1].mean()
    detail = f"I(T;Y) goes from {values[:, 0].mean():.3f} to {last:.3f} bits"
    return judged(mean, bootstrap(gains, rng), FIT_SHARE * entropy_y, "bits", detail, sure=0.0)


def compress(values: NDArray[Any], epochs: NDArray[Any], rng: np.random.Generator) -> Finding:
    """Whether I(X;T) falls from its greatest mean to the end by 0.1 bit and 2 %, surely by 0.05, and not just at last.

    Parameters
    ----------
    values : ndarray, shape (R, E)
        I(X;T) in bits.
    epochs : ndarray, shape (E,)
        Ascending.
    rng : Generator
    """
    values, epochs = _whole(values, epochs)
    if values.shape[1] < 3:
        return _nothing()
    drops = cross_fitted(values, lambda mean, runs: runs[:, int(mean.argmax())] - runs[:, -1], rng)
    mean = values.mean(axis=0)
    peak = int(mean.argmax())
    threshold = max(COMPRESS_BITS, COMPRESS_SHARE * mean[peak])
    detail = (
        f"I(X;T) peaks at {mean[peak]:.2f} bits in epoch {epochs[peak]} and ends at {mean[-1]:.2f}, "
        f"where a fall of {threshold:.2f} is asked for; {compressing_share(values):.0%} of single runs fall by "
        f"{COMPRESS_BITS} bit"
    )
    finding = judged(drops.mean(), bootstrap(drops, rng), threshold, "bits", detail, sure=COMPRESS_SURE_BITS)
    too_late = epochs[peak] > COMPRESS_LATEST * epochs[-1]
    return replace(finding, verdict="fails") if finding.verdict == "holds" and too_late else finding


def rises(values: NDArray[Any], epochs: NDArray[Any], rng: np.random.Generator) -> Finding:
    """Whether I(X;T) rises from the first epoch to its greatest mean by 0.1 bit, surely by 0.05.

    Parameters are those of `compress`.
    """
    values, epochs = _whole(values, epochs)
    if values.shape[1] < 3:
        return _nothing()
    gains = cross_fitted(values, lambda mean, runs: runs[:, int(mean.argmax())] - runs[:, 0], rng)
    mean = values.mean(axis=0)
    peak = int(mean.argmax())
    detail = f"I(X;T) starts at {mean[0]:.2f} bits and peaks at {mean[peak]:.2f} in epoch {epochs[peak]}"
    return judged(gains.mean(), bootstrap(gains, rng), RISE_BITS, "bits", detail, sure=COMPRESS_SURE_BITS)


def compressing_share(values: NDArray[Any]) -> float:
    """The share of single runs whose I(X;T), as it is, ends at least 0.1 bit below its greatest value."""
    values, _ = _whole(values)
    if values.size == 0:
        return nan
    return float(np.mean(values.max(axis=1) - values[:, -1] >= COMPRESS_BITS))


def smoothed(values: NDArray[Any], epochs: NDArray[Any]) -> Floats:
    """Curves, shape (..., E), averaged in a Gaussian window on the axis of log(1 + epoch)."""
    at = np.log1p(np.asarray(epochs, np.float64))
    width = max(_SMOOTHING * (at[-1] - at[0]), np.finfo(np.float64).tiny)
    weights = np.exp(-0.5 * ((at[:, None] - at) / width) ** 2)
    found: Floats = np.asarray(values, np.float64) @ (weights / weights.sum(axis=1, keepdims=True)).T
    return found


def dip(mean: Floats) -> tuple[int, int]:
    """Between which places, (from, to), a curve of shape (E,) falls most before its greatest value."""
    before = mean[: int(mean.argmax()) + 1]
    low = int((np.maximum.accumulate(before) - before).argmax())
    return int(before[: low + 1].argmax()), low


def interrupted(values: NDArray[Any], epochs: NDArray[Any], rng: np.random.Generator | None = None) -> Finding:
    """Whether smoothed I(X;T) falls by 0.1 bit, surely by 0.05, before it rises to its greatest value.

    Parameters
    ----------
    values : ndarray, shape (R, E)
        I(X;T) in bits.
    epochs : ndarray, shape (E,)
    rng : Generator, optional
        Of the halves, which are those of even and of odd runs without it, and of the bootstrap: there is no interval
        without it, and the mean decides.
    """
    values, epochs = _whole(values, epochs)
    if values.shape[1] < 3:
        return _nothing()
    smooth = smoothed(values, epochs)

    def fall(mean: Floats, runs: Floats) -> Floats:
        high, low = dip(mean)
        return np.asarray(runs[:, high] - runs[:, low])

    high, low = dip(smooth.mean(axis=0))
    deepest = float(fall(smooth.mean(axis=0), smooth).mean())
    detail = f"the deepest fall before the peak, from epoch {epochs[high]} to {epochs[low]}, is of {deepest:.3f} bits"
    if rng is None:
        return judged(deepest, None, INTERRUPT_BITS, "bits", detail)
    falls = cross_fitted(smooth, fall, rng)
    return judged(falls.mean(), bootstrap(falls, rng), INTERRUPT_BITS, "bits", detail, sure=COMPRESS_SURE_BITS)


def dpi_violation(plane: Plane, which: str, rng: np.random.Generator) -> Finding:
    """Whether at some epoch a layer knows at least 0.02 bit more than one before it, in the mean and beyond chance.

    Epoch and pair of layers, where the excess is greatest against its spread over runs, are chosen on half of the
    runs and tested on the other half.

    Parameters
    ----------
    plane : Plane
    which : {"x", "y"}
    rng : Generator

    Returns
    -------
    Finding
        ``holds`` where the processing inequality is violated.
    """
    bits = plane.information[..., {"x": 0, "y": 1}[which]] / log(2)
    runs, _, layers = bits.shape
    flat, kept = _whole(bits.reshape(runs, -1), np.arange(bits[0].size))
    whole = kept.reshape(-1)
    points = np.flatnonzero(np.bincount(whole // layers, minlength=bits.shape[1]) == layers)
    bits = flat[:, np.isin(whole // layers, points)].reshape(len(flat), len(points), layers)
    if layers < 2 or bits.size == 0:
        return _nothing()
    # gaps of all pairs and their squares, so that means give each gap and how sure it is
    first, second = np.triu_indices(layers, 1)
    gaps = (bits[..., second] - bits[..., first]).reshape(len(bits), -1)

    def surest(moments: Floats) -> int:
        mean = moments[0]
        spread = np.sqrt(np.maximum(moments[1] - mean**2, 0.0)) + np.finfo(np.float64).eps
        candidates = mean >= DPI_BITS
        return int(np.where(candidates, mean / spread, -np.inf).argmax() if candidates.any() else mean.argmax())

    moments = np.stack([gaps, gaps**2], axis=1)
    excesses = cross_fitted(moments, lambda mean, runs: runs[:, 0, surest(mean)], rng)
    best = surest(moments.mean(axis=0))
    point, pair = divmod(best, len(first))
    detail = (
        f"over all runs the surest excess, of T_{second[pair] + 1} over T_{first[pair] + 1} in epoch "
        f"{plane.epochs[points[point]]}, is {gaps[:, best].mean():.3f} bits; "
        f"where other halves of the runs have it, {excesses.mean():.3f}"
    )
    return judged(excesses.mean(), bootstrap(excesses, rng), DPI_BITS, "bits", detail, sure=0.0)


def trivial(values: NDArray[Any], rows: int) -> Finding:
    """Whether mean I(X;T) is at least 99 % of log2 N at every epoch: no two inputs ever meet.

    Parameters
    ----------
    values : ndarray, shape (R, E)
        I(X;T) in bits.
    rows : int
        N.
    """
    values, _ = _whole(values)
    if values.size == 0:
        return _nothing()
    least = float(values.mean(axis=0).min())
    return judged(least, None, TRIVIAL_SHARE * log2(rows), "bits", f"mean I(X;T) is never below {least:.3f} bits")


def switch_time(values: NDArray[Any], epochs: NDArray[Any], std_error: float) -> float:
    """The epoch of the first peak of a smoothed curve that stands out by 5 % of its range and by two SE; or NaN.

    Parameters
    ----------
    values : ndarray, shape (E,)
        I(X;T) in bits.
    epochs : ndarray, shape (E,)
    std_error : float
        Of the difference of two values, as a peak stands out against another value
        (`mibench.studies.claims.alternations.errors`).
    """
    known = ~np.isnan(np.asarray(values, np.float64))
    if known.sum() < 3:
        return nan
    epochs = np.asarray(epochs)[known]
    smooth = smoothed(np.asarray(values)[known], epochs)
    prominence = max(SWITCH_SHARE * float(np.ptp(smooth)), 2 * std_error, np.finfo(np.float64).tiny)
    peaks, _ = find_peaks(smooth, prominence=prominence)
    return float(epochs[peaks[0]]) if len(peaks) else nan


def untrained(plane: Plane, rng: np.random.Generator) -> Plane:
    """A plane without training: every epoch shows the first values of runs that are drawn anew, with replacement.

    Shuffled runs would not do: their mean is the same at every epoch, so that where one half of them is high the
    other is low.
    """
    runs, points = plane.information.shape[:2]
    drawn = rng.integers(runs, size=(runs, points))

    def of(array: Floats | None) -> Floats | None:
        return None if array is None else array[drawn, 0]

    information = plane.information[drawn, 0]
    return replace(plane, information=information, null=of(plane.null), std_error=of(plane.std_error))


def _nothing() -> Finding:
    return Finding("undecided", detail="no values to compare")
