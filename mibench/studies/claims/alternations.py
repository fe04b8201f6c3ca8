# SPDX-License-Identifier: Apache-2.0
"""Rises and falls of single curves that are more than their standard errors; and when the loss falls fastest.

Curves are smoothed as those of `mibench.studies.claims.phases`, on the axis of log(1 + epoch). The published smoothers
(Savitzky and Golay over 30 epochs, then a filter of order 8 run both ways) want every epoch, overshoot at the ends of a
curve and make waves beside a steep part of it, which would be counted; they are for drawing.
"""

from __future__ import annotations

from math import log, nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.studies.claims.phases import smoothed
from mibench.studies.claims.resampling import Floats
from mibench.studies.results import MissingResult, Plane

__all__ = ["REACH", "SURE", "chance", "counts", "errors", "fastest", "fewest"]

SURE, REACH = 2.0, 1.96  # standard errors: that a move must exceed; of a 95 % interval


def errors(plane: Plane, layer: int, which: str) -> Floats:
    """Of differences of two of a run's values: sqrt 2 times the greatest smoothed standard error, in bits, (R,).

    Single ones are of few parts of the rows, and the greatest of many would be great by chance; what is smoothed over
    epochs is their square. NaN of a run without values.

    Raises
    ------
    MissingResult
        If the plane's estimator gives none.
    """
    if plane.std_error is None:
        raise MissingResult(f"{plane.estimator} has no standard errors")
    found = np.full(len(plane.runs), nan)
    for run, each in enumerate(plane.std_error[:, :, layer - 1, "xy".index(which)]):
        known = ~np.isnan(each)
        if known.any():
            found[run] = smoothed(each[known] ** 2, plane.epochs[known]).max()
    return np.asarray(np.sqrt(2 * found) / log(2))


def counts(curves: Floats, least: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How often curves rise, and how often they fall, by turns, by more than `least` each.

    What moves less does not part a rise or a fall in two.

    Parameters
    ----------
    curves : ndarray, shape (K, E)
    least : ndarray, shape (K,)
    """
    rises, falls = np.zeros((2, len(curves)), np.int64)
    last = np.zeros(len(curves), np.int64)  # 1 within a rise, -1 within a fall, 0 before any
    low, high = curves[:, 0].copy(), curves[:, 0].copy()  # since the last turn
    for values in curves.T:
        low, high = np.minimum(low, values), np.maximum(high, values)
        rise = (last <= 0) & (values - low > least)
        fall = (last >= 0) & (high - values > least)
        rises += rise
        falls += fall
        last = np.where(rise, 1, np.where(fall, -1, last))
        low, high = np.where(fall, values, low), np.where(rise, values, high)
    return rises, falls


def fewest(values: NDArray[Any], epochs: NDArray[Any], error: NDArray[Any]) -> Floats:
    """The number of rises or of falls, whichever is less, of each smoothed curve.

    Parameters
    ----------
    values : ndarray, shape (K, E)
    epochs : ndarray, shape (E,)
    error : ndarray, shape (K,)
        Standard errors of differences: a rise or a fall is of more than two.
    """
    return np.minimum(*counts(smoothed(values, epochs), SURE * error)).astype(np.float64)


def fastest(loss: NDArray[Any]) -> tuple[float, float]:
    """From when to when a smoothed loss, a mean of each epoch, falls at half its greatest rate or faster, in epochs.

    It is the stretch about the greatest rate; one that begins with the first epoch begins at 0.
    """
    at = np.arange(len(loss)) + 0.5
    rate = -np.gradient(smoothed(loss, at), at)
    peak = int(rate.argmax())
    slow = rate < rate[peak] / 2
    before, after = np.flatnonzero(slow[:peak]), np.flatnonzero(slow[peak:])
    first = at[before[-1] + 1] if len(before) else 0.0
    last = at[peak + after[0] - 1] if len(after) else float(len(loss))
    return float(first), float(last)


def chance(shares: NDArray[Any], least: int) -> float:
    """The probability that at least so many of independent events happen, of these probabilities."""
    found = np.ones(1)
    for share in shares:
        found = np.convolve(found, [1 - share, share])
    return float(found[least:].sum())
