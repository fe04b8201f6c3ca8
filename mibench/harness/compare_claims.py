# SPDX-License-Identifier: Apache-2.0
"""What paired differences of error can decide, and how large a change they could have seen.

A claim is about one estimator over all its cells, or over the repetitions of one task and size. Its p-value is that of
a sign-flip test of the mean difference: where two versions err alike, the sign of each difference is a coin's, at any
number of cells and whatever the law of the differences. Few cells allow few p-values (k of them none below 2^-k), so
claims that could never be decided are left out of the correction (Tarone 1990, Biometrics 46, 515; for the false
discovery rate Gilbert 2005, JRSS C 54, 143), and the rest is corrected by Benjamini and Hochberg (1995).
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Container, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from mibench.harness.score import bootstrap

__all__ = ["Change", "adjust", "judge", "sign_flip"]

FEWEST = 5  # cells from which an interval is given: a resample of fewer says nothing of the spread
_EXACT = 13  # cells of which all choices of signs are tried
_POWER = 0.8
_BENTKUS = 1 / (4 * float(stats.norm.sf(math.sqrt(2))))  # 3.178

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Change:
    """What the differences of one claim say.

    Attributes
    ----------
    cells : int
        Differences; each is |error of HEAD| - |error of BASE| of one cell, in nats.
    mean : float
        Their mean, nats; positive is worse.
    low, high : float or None
        95 % bootstrap interval of the mean over cells, as wide as few of them need (`score.bootstrap`); None below
        `FEWEST` cells, or where nobody asks for it.
    p : float
        One-sided p-value of the sign-flip test in the direction of the change; 1 where the mean is within the margin.
    q : float
        The same, corrected over all claims of the comparison.
    verdict : {"worse", "better", ""}
        Mean beyond the margin, interval beyond 0, and q within alpha.
    visible : float or None
        Nats of worsening that would have been found with 80 % probability, given the spread seen; None where so few
        cells could find none.
    needed : int
        Cells from which a claim of this comparison can be decided at all.
    """

    cells: int
    mean: float
    low: float | None
    high: float | None
    p: float
    q: float
    verdict: str
    visible: float | None
    needed: int


def judge(
    differences: Mapping[Hashable, Sequence[float]],
    margins: Mapping[Hashable, float],
    alpha: float,
    shown: Container[Hashable] = (),
) -> list[Change]:
    """Decide every claim of a comparison together.

    Parameters
    ----------
    differences : mapping of name to floats
        Per claim, at least one paired difference of |error| (nats).
    margins : mapping of name to float
        Nats of mean worsening, or improvement, that count for nothing.
    alpha : float
        Largest probability that a comparison of equal versions finds anything worse (and the same for better).
    shown : container of names
        Claims whose interval is wanted whatever comes out; resampling takes time.

    Returns
    -------
    list of Change
        In the order of `differences`.
    """
    arrays = {name: np.asarray(values, dtype=np.float64) for name, values in differences.items()}
    least = np.array([_least(int(np.count_nonzero(values))) for values in arrays.values()])
    worse = [sign_flip(values) if values.mean() > margins[name] else 1.0 for name, values in arrays.items()]
    better = [sign_flip(-values) if -values.mean() > margins[name] else 1.0 for name, values in arrays.items()]
    q_worse, q_better = adjust(worse, least, alpha), adjust(better, least, alpha)
    able = _able(least, alpha)
    changes = []
    for place, (name, values) in enumerate(arrays.items()):
        q = min(q_worse[place], q_better[place])
        low, high = _interval(values) if q <= alpha or name in shown else (None, None)
        verdict = ""
        if q_worse[place] <= alpha and low is not None and low > 0:
            verdict = "worse"
        elif q_better[place] <= alpha and high is not None and high < 0:
            verdict = "better"
        level = alpha / (np.sum(able) - able[place] + 1)
        decides = len(values) >= FEWEST and _least(len(values)) <= level
        visible = _visible(values, margins[name], level) if decides else None
        needed = _needed(level, FEWEST if decides else max(FEWEST, len(values)))
        p = min(worse[place], better[place])
        changes.append(Change(len(values), float(values.mean()), low, high, p, float(q), verdict, visible, needed))
    return changes


def sign_flip(values: Floats) -> float:
    """One-sided p-value of the mean of `values` being above 0, had the sign of each been a coin's.

    Over all choices of signs where there are few; beyond, the bound of Bentkus and Dzindzalieta (2015, Bernoulli 21,
    1231) on sums with random signs, 3.178 normal tails, which is valid at any level and needs no draws.
    """
    moved = values[values != 0]
    if not len(moved):
        return 1.0
    if len(moved) > _EXACT:
        return _tail(float(moved.sum() / np.linalg.norm(moved)))
    total = moved.sum()
    ties = 1e-12 * np.abs(moved).sum()
    return float(np.mean(_signs(len(moved)) @ moved >= total - ties))


@functools.cache
def _signs(cells: int) -> Floats:
    """Every choice of signs, shape (2^cells, cells)."""
    return np.array(list(itertools.product((1.0, -1.0), repeat=cells)))


def _tail(distance: float) -> float:
    return min(1.0, _BENTKUS * float(stats.norm.sf(distance)))


def adjust(p: Sequence[float], least: Sequence[float] | Floats, alpha: float) -> Floats:
    """p-values corrected over those claims that could have been decided; 1 for the others.

    Parameters
    ----------
    p : sequence of float
        One per claim.
    least : sequence of float
        The smallest p-value that each claim's number of cells allows.
    """
    adjusted = np.ones(len(p))
    able = _able(np.asarray(least, dtype=np.float64), alpha)
    if able.any():
        adjusted[able] = stats.false_discovery_control(np.asarray(p, dtype=np.float64)[able])
    return adjusted


def _able(least: Floats, alpha: float) -> NDArray[np.bool_]:
    """Claims to correct over: those that can reach alpha / K, for the smallest K of which at most K can."""
    for size in range(1, len(least) + 1):
        able = least <= alpha / size
        if np.sum(able) <= size:
            return np.asarray(able)
    return np.zeros(len(least), dtype=bool)


def _least(cells: int) -> float:
    """The smallest p-value that the test can give: all differences alike."""
    return float(2.0**-cells) if cells <= _EXACT else _tail(math.sqrt(cells))


def _needed(level: float, cells: int) -> int:
    """The first number of cells from `cells` on that can reach `level`: 13 may, where 14 have the bound alone."""
    while _least(cells) > level:
        cells += 1
    return cells


def _interval(values: Floats) -> tuple[float | None, float | None]:
    if len(values) < FEWEST:
        return None, None
    if np.ptp(values) == 0:
        return float(values[0]), float(values[0])
    found = stats.bootstrap((values,), np.mean, method="percentile", n_resamples=2000, batch=200, rng=0)
    low, high = bootstrap.interval(found.bootstrap_distribution[:, None], len(values))[:, 0]
    return float(low), float(high)


def _visible(values: Floats, margin: float, level: float) -> float:
    """Mean worsening that is found four times of five: past the margin and the test at `level`, in normal means."""
    cells = len(values)
    spread = float(values.std(ddof=1))
    error = spread / math.sqrt(cells)
    if cells <= _EXACT:  # the sign-flip test of normal differences is all but Student's
        decisive = float(stats.t.isf(level, cells - 1)) * error
    else:  # the mean whose distance, mean * sqrt(cells) / root mean square, has the tail `level`
        distance = float(stats.norm.isf(level / _BENTKUS))
        decisive = distance * spread * math.sqrt((cells - 1) / cells / (cells - distance**2))
    return max(margin, decisive) + float(stats.t.isf(1 - _POWER, cells - 1)) * error
