# SPDX-License-Identifier: Apache-2.0
"""What runs tell for sure: bootstrap intervals over runs, places chosen on other runs, and verdicts of both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import isnan, nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.studies.claims.contract import Finding, Wanted

__all__ = ["MORE", "RESAMPLES", "Floats", "apart", "bootstrap", "cross_fitted", "judged", "of_means"]

Floats = NDArray[np.float64]

RESAMPLES = 2000
MORE = float(np.nextafter(0, 1))  # the threshold of "more than 0", where a statistic may well be 0
_SPLITS = 10  # into halves: by one alone, a verdict near its threshold would hang on which runs are in which


def bootstrap(
    values: NDArray[Any],
    rng: np.random.Generator,
    statistic: Callable[..., Any] = np.mean,
    resamples: int = RESAMPLES,
) -> tuple[float, float]:
    """The 95 % percentile interval of a statistic when runs (axis 0) are drawn anew, with replacement.

    Parameters
    ----------
    values : ndarray, shape (R, ...)
        Runs that hold a NaN are left out.
    rng : Generator
    statistic : callable
        Of an array of shape (R, ...), a number. The mean is fast, any other is called for every resample.
    resamples : int

    Returns
    -------
    (low, high)
        (NaN, NaN) of fewer than two runs.
    """
    values = np.asarray(values, np.float64)
    values = values[~np.isnan(values.reshape(len(values), -1)).any(axis=1)]
    if len(values) < 2:
        return nan, nan
    drawn = rng.integers(len(values), size=(resamples, len(values)))
    if statistic is np.mean:
        found = values.reshape(len(values), -1).mean(axis=1)[drawn].mean(axis=1)
    else:
        found = np.array([statistic(values[runs]) for runs in drawn])
    low, high = np.quantile(found, (0.025, 0.975))
    return float(low), float(high)


def of_means(
    values: NDArray[Any], rng: np.random.Generator, statistic: Callable[[Floats], Floats]
) -> tuple[float, tuple[float, float]]:
    """A statistic of means over runs, and its 95 % interval when runs are drawn anew; all resamples at once.

    Parameters
    ----------
    values : ndarray, shape (R, ...)
        What belongs to one run stays together.
    rng : Generator
    statistic : callable
        Of many means, shape (K, ...), a number of each, shape (K,).

    Returns
    -------
    statistic : float
    (low, high)
        (NaN, NaN) of a single run.
    """
    values = np.asarray(values, np.float64)
    runs = len(values)
    found = float(statistic(values.mean(axis=0)[None])[0])
    if runs < 2:
        return found, (nan, nan)
    weights = rng.multinomial(runs, np.full(runs, 1 / runs), size=RESAMPLES) / runs
    low, high = np.quantile(statistic(np.tensordot(weights, values, 1)), (0.025, 0.975))
    return found, (float(low), float(high))


def apart(value: float, interval: tuple[float, float], wanted: float = 0.0) -> tuple[float, tuple[float, float]]:
    """How far a value is from what it should be, whatever the side, and the least and most that its interval allows."""
    low, high = (end - wanted for end in interval)
    least = 0.0 if low <= 0 <= high else min(abs(low), abs(high))  # NaN where the interval is
    return abs(value - wanted), (least, max(abs(low), abs(high)))


def judged(
    statistic: float,
    interval: tuple[float, float] | None,
    threshold: float,
    unit: str,
    detail: str,
    above: bool = True,
    *,
    sure: float | None = None,
) -> Finding:
    """The finding of a rule "the statistic is at least (`above`) or at most (not `above`) the threshold".

    Parameters
    ----------
    statistic : float
        NaN: undecided.
    interval : (low, high) or None
        None: the statistic is exact, and alone decides. NaN in it: undecided.
    threshold : float
    unit, detail : str
    above : bool
    sure : float, optional
        What the interval must clear for the rule to hold, where that is less than `threshold`, which the statistic
        itself must reach; `threshold` by default.

    Returns
    -------
    Finding
        ``holds`` if the statistic is on the right side of the threshold and the interval wholly on that of `sure`;
        ``fails`` if the interval is wholly on the wrong side of the threshold; else ``undecided``.
    """
    statistic = float(statistic)
    sign = 1.0 if above else -1.0
    known = interval if interval is None or not any(map(isnan, interval)) else None
    wanted: Wanted = "at least" if above else "at most"
    finding = Finding("undecided", statistic, unit, known, detail, threshold=threshold, wanted=wanted)
    if isnan(statistic) or (interval is not None and known is None):
        return finding
    ends = sorted(sign * end for end in (known or (statistic, statistic)))
    if sign * statistic >= sign * threshold and ends[0] >= sign * (threshold if sure is None else sure):
        return replace(finding, verdict="holds")
    if ends[1] < sign * threshold:
        return replace(finding, verdict="fails")
    return finding


def cross_fitted(values: Floats, measure: Callable[[Floats, Floats], Floats], rng: np.random.Generator) -> Floats:
    """A value of each run, measured where the mean of the other half of the runs says; averaged over many halves.

    Parameters
    ----------
    values : ndarray, shape (R, ...)
    measure : callable
        ``measure(mean of the choosing half, measured runs) -> (runs,)``.
    rng : Generator
        Of the halves.

    Returns
    -------
    ndarray, shape (R,)
        NaN for a single run, which has no other half.
    """
    runs = len(values)
    if runs < 2:
        return np.full(runs, nan)
    found = np.zeros(runs)
    for _ in range(_SPLITS):
        first, second = np.array_split(rng.permutation(runs), 2)
        found[second] += measure(values[first].mean(axis=0), values[second])
        found[first] += measure(values[second].mean(axis=0), values[first])
    return found / _SPLITS
