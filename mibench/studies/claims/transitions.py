# SPDX-License-Identifier: Apache-2.0
"""When the signal of gradients falls below their noise, as tests over runs.

Curves are log2 of signal over noise, of shape (..., epochs). Three rules tell when: ``below 1``, the literal one,
depends on the size of the batch, as noise does; ``step``, where two levels fit the curve best from its peak on, and
``peak``, where it begins to fall, do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError
from mibench.studies.claims.contract import Case, Finding
from mibench.studies.claims.phases import bootstrap, cross_fitted, judged, smoothed
from mibench.studies.claims.rules import Floats, every
from mibench.studies.results import MissingResult, Results

__all__ = ["LATE", "STEP_FACTOR", "falls", "late", "log_ratio", "step_at", "transition"]

LATE = 0.5  # of the epochs: what is after it is late
STEP_FACTOR = 2.0  # between the levels of a step


def log_ratio(arrays: Mapping[str, NDArray[Any]], noise: str = "std") -> Floats:
    """log2 of signal over noise of all layers, (R, E, L), without runs in which a layer has no gradient at all.

    Parameters
    ----------
    arrays : mapping
        As `mibench.studies.analyses.gradient_snr` gives them.
    noise : {"std", "row_std"}
        Over batches, or over single rows.

    Raises
    ------
    MissingResult
        If that leaves no run.
    """
    mean, std = np.asarray(arrays["mean"]), np.asarray(arrays[noise])
    alive = ((mean > 0) & (std > 0)).all(axis=(1, 2))
    if not alive.any():
        raise MissingResult("in every run a layer has no gradient at some epoch")
    return np.asarray(np.log2(mean[alive] / std[alive]))


def late(epochs: NDArray[Any]) -> NDArray[np.bool_]:
    """Which epochs are in the last half of the training."""
    return np.asarray(epochs >= LATE * epochs[-1])


def step_at(means: Floats, epochs: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where curves, shape (K, E), peak, and the point that parts the two levels that fit best from there on.

    Points weigh what they span of log epochs. The second is 0 where the later level is not lower.
    """
    peak = smoothed(means, epochs).argmax(axis=-1)
    on = np.arange(means.shape[-1]) >= peak[:, None]
    weights = np.where(on, _spans(epochs), 0.0)
    sums, sizes = np.cumsum(means * weights, axis=-1), np.cumsum(weights, axis=-1)
    first, second = sizes[:, :-1], sizes[:, -1:] - sizes[:, :-1]
    gaps = sums[:, :-1] / np.where(on[:, :-1], first, 1.0) - (sums[:, -1:] - sums[:, :-1]) / second
    explained = np.where(on[:, :-1], np.maximum(gaps, 0) ** 2 * first * second, 0.0)
    return peak, np.where(explained.max(axis=-1) > 0, explained.argmax(axis=-1) + 1, 0).astype(np.int64)


def _spans(epochs: NDArray[Any]) -> Floats:
    return np.asarray(np.gradient(np.log1p(epochs.astype(np.float64))))


def transition(means: Floats, epochs: NDArray[Any], rule: str) -> Floats:
    """The epochs at which curves, shape (K, E), go from high to low, each by log2(1 + epoch).

    Parameters
    ----------
    means : ndarray, shape (K, E)
    epochs : ndarray, shape (E,)
    rule : {"below 1", "step", "peak"}
        The first, from the greatest value on, at which the smoothed curve is below 0; the first after the best step;
        or that of the greatest value. The last epoch, where there is none.

    Raises
    ------
    InputError
        For another rule.
    """
    at = np.log2(1 + epochs.astype(np.float64))
    if rule == "step":
        _, step = step_at(means, epochs)
        return np.asarray(np.where(step > 0, at[step], at[-1]))
    if rule not in ("below 1", "peak"):
        raise InputError(f"no rule {rule!r} of transitions; there are: 'below 1', 'step', 'peak'")
    smooth = smoothed(means, epochs)
    peak = smooth.argmax(axis=-1)
    if rule == "peak":
        return np.asarray(at[peak])
    below = (smooth < 0) & (np.arange(len(epochs)) >= peak[:, None])
    return np.asarray(np.where(below.any(axis=-1), at[below.argmax(axis=-1)], at[-1]))


def falls(values: Floats, epochs: NDArray[Any], rng: np.random.Generator, rule: str) -> Finding:
    """Whether a layer's curves, shape (R, E), go from high to low.

    ``below 1``: the mean is above 0 at its greatest, and below 0 in the last half of the epochs. ``step``: the mean
    falls by at least a factor of 2 over the best step from its peak on. Peak and step are chosen on the other half of
    the runs.
    """
    if rule == "step":

        def drop(mean: Floats, runs: Floats) -> Floats:
            peak, step = (int(at[0]) for at in step_at(mean[None], epochs))
            if step == 0:
                return np.zeros(len(runs))
            weights = _spans(epochs)
            before = np.average(runs[:, peak:step], axis=1, weights=weights[peak:step])
            return np.asarray(before - np.average(runs[:, step:], axis=1, weights=weights[step:]))

        drops = cross_fitted(values, drop, rng)
        threshold = float(np.log2(STEP_FACTOR))
        detail = f"signal over noise falls by a factor of {2 ** drops.mean():.1f}"
        return judged(drops.mean(), bootstrap(drops, rng), threshold, "log2", detail)
    high = cross_fitted(values, lambda mean, runs: runs[:, int(mean.argmax())], rng)
    low = values[:, late(epochs)].mean(axis=1)
    told = f"signal over noise is {2 ** high.mean():.2g} at its greatest and {2 ** low.mean():.2g} late"
    return every(
        {
            "above 1": judged(high.mean(), bootstrap(high, rng), 0.0, "log2", told),
            "below 1": judged(-low.mean(), bootstrap(-low, rng), 0.0, "log2", told),
        }
    )


def curves(results: Results, case: Case) -> tuple[Floats, NDArray[np.int64]]:
    """`log_ratio` of the case's setting, over rows if it says so, and the epochs."""
    arrays = results.analysis(case.setting, "snr")
    noise = "row_std" if case.labels.get("noise") == "rows" else "std"
    return log_ratio(arrays, noise), np.asarray(arrays["epochs"])


def rule_of(case: Case) -> str:
    """The rule of transitions that the case names."""
    return case.labels.get("transition", "below 1")


def each_falls(results: Results, case: Case, rng: np.random.Generator) -> Finding:
    """The check that the case's curves fall in every layer."""
    values, epochs = curves(results, case)
    return every(
        {f"T_{layer + 1}": falls(values[..., layer], epochs, rng, rule_of(case)) for layer in range(values.shape[2])}
    )
