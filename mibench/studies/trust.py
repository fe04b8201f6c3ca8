# SPDX-License-Identifier: Apache-2.0
"""How far an estimate of a plane of compressed images can be trusted, by controls whose truth is known.

`mibench.studies.analyses.known_images` estimates what is known; `band` reads its curve of estimates over truths the
other way round. What it says holds for data like the control's, of 4 dimensions a side, and for no others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mibench.contracts import InputError
from mibench.names import parse

__all__ = ["PIPELINES", "Band", "Pipeline", "band", "outside", "pipeline_of"]

Floats = NDArray[np.float64]
Band = Callable[[ArrayLike], tuple[Floats, Floats]]

_REACH = 1.959963984540054  # standard errors of a 95 % interval
_SAME = {"dim": 4, "k": 5, "output": "as-is"}  # what the control holds of these
_USUAL = {"x": "ae", "layer": "pca", "estimator": "wkl", **_SAME}


class Pipeline(NamedTuple):
    """How the sides of the control are compressed, what its other side is, and the estimator of the codes."""

    x: Literal["oracle", "ae", "pca"]
    other: Literal["oracle", "pca", "ae"]
    of: Literal["latents", "layer", "image"]
    estimator: Literal["wkl", "kl", "ksg"]


PIPELINES = tuple(
    Pipeline(x, other, of, estimator)  # type: ignore[arg-type]
    for x, other, of in (
        ("oracle", "oracle", "latents"),
        ("ae", "pca", "layer"),
        ("ae", "ae", "layer"),
        ("pca", "pca", "layer"),
        ("ae", "pca", "image"),
        ("pca", "pca", "image"),
    )
    for estimator in ("wkl", "kl", "ksg")
)


def pipeline_of(name: str) -> Pipeline | None:
    """The control of a plane estimator such as ``compressed[x=ae,layer=pca]``; None where there is none like it."""
    spec = parse(name)
    asked = {**_USUAL, **spec.params}
    if spec.name != "compressed" or len(asked) > len(_USUAL) or any(asked[key] != _SAME[key] for key in _SAME):
        return None
    found = Pipeline(asked["x"], asked["layer"], "layer", asked["estimator"])
    return found if found in PIPELINES else None


def band(arrays: Mapping[str, NDArray[Any]], pipeline: Pipeline) -> Band:
    """What the truth may be where a pipeline estimates so much.

    Parameters
    ----------
    arrays : mapping
        What `mibench.studies.analyses.known_images.known_images` returns: ``truth`` (K,), increasing, ``estimate`` and
        ``std_error`` (P, K), in the order of `PIPELINES`.
    pipeline : Pipeline

    Returns
    -------
    callable
        Of estimated values, any shape, to (low, high) of that shape, in nats: the least and the greatest truth whose
        estimates, give or take 1.96 standard errors, hold the value. Between two levels of the control, estimates are
        taken to lie on a line, and the band is made as wide as the errors at the levels around it differ. NaN is what
        lies beyond the control: high alone, where the greatest truth that was tried gives such values, so that greater
        ones may; both, where no truth that was tried gives them.

    Raises
    ------
    InputError
        For a pipeline that the control has not, or arrays that do not fit.
    """
    truth, estimate, reach = _curve(arrays, pipeline)

    def found(values: ArrayLike) -> tuple[Floats, Floats]:
        asked = np.asarray(values, dtype=np.float64)
        flat = asked.reshape(-1, 1)
        low = np.fmin.reduce(_crossings(truth, estimate + reach, flat), axis=1)
        high = np.fmax.reduce(_crossings(truth, estimate - reach, flat), axis=1)
        v = flat[:, 0]
        low = np.where((estimate + reach)[0] >= v, truth[0], low)
        high = np.where((estimate - reach)[-1] <= v, np.nan, high)
        unseen = ~((estimate - reach <= flat).any(axis=1) & (estimate + reach >= flat).any(axis=1))
        low[unseen] = high[unseen] = np.nan
        for at in np.flatnonzero(~np.isnan(low)):
            end = truth[-1] if np.isnan(high[at]) else high[at]
            first = np.searchsorted(truth, low[at], side="right") - 1
            errors = (estimate - truth)[first : np.searchsorted(truth, end) + 1]
            low[at] = max(min(low[at], v[at] - errors.max()), truth[0])
            high[at] = max(high[at], v[at] - errors.min())  # NaN stays
        return low.reshape(asked.shape), high.reshape(asked.shape)

    return found


def _curve(arrays: Mapping[str, NDArray[Any]], pipeline: Pipeline) -> tuple[Floats, Floats, Floats]:
    if pipeline not in PIPELINES:
        raise InputError(f"pipeline is {pipeline!r}: the control has {', '.join(map(str, PIPELINES))}")
    truth, estimate, error = (np.asarray(arrays[name], np.float64) for name in ("truth", "estimate", "std_error"))
    if (
        len(truth) < 2
        or (np.diff(truth) <= 0).any()
        or not estimate.shape == error.shape == (len(PIPELINES), len(truth))
    ):
        raise InputError(
            f"truth, estimate and std_error have shapes {truth.shape}, {estimate.shape} and {error.shape}: give "
            f"increasing truths, at least two, and both others of shape ({len(PIPELINES)}, truths)"
        )
    at = PIPELINES.index(pipeline)
    return truth, estimate[at], _REACH * error[at]


def _crossings(truth: Floats, curve: Floats, values: Floats) -> Floats:
    """Where the line through (truth, curve) has the values (V, 1), shape (V, K - 1), a place for each piece; or NaN."""
    start, rise = curve[:-1], np.diff(curve)
    share = np.full((len(values), len(rise)), np.nan)
    np.divide(values - start, rise, out=share, where=rise != 0)
    share[(share < 0) | (share > 1)] = np.nan
    return np.asarray(truth[:-1] + share * np.diff(truth))


def outside(estimate: ArrayLike, low: ArrayLike, high: ArrayLike) -> Floats:
    """How far an estimate lies above a bracket that holds the truth, positive, or below it, negative; 0 within."""
    value, least, most = (np.asarray(each, dtype=np.float64) for each in (estimate, low, high))
    return np.asarray(np.maximum(value - most, 0.0) + np.minimum(value - least, 0.0))
