# SPDX-License-Identifier: Apache-2.0
"""Charts of the controls of compressed planes: estimates beside the truth, or beside the bracket that holds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.reports.study_charts import Chart, chart, series
from mibench.studies.trust import PIPELINES, outside

__all__ = ["known_channel", "known_images"]

_WIDE = 1.96  # standard errors
_SIDES = {"ae": "by an autoencoder", "pca": "by principal components"}
_OTHERS, _LATENTS = {"layer": "layer", "image": "other image"}, "The numbers behind both, not compressed"

Arrays = Mapping[str, NDArray[Any]]


def known_images(arrays: Arrays) -> Iterator[Chart]:
    """Estimates of known information, a chart for each way to compress, beside the diagonal."""
    truth = arrays["truth"]
    for x, other, of in dict.fromkeys((each.x, each.other, each.of) for each in PIPELINES):
        lines = [series("truth", truth, truth, dashed=True)]
        for place, each in enumerate(PIPELINES):
            if (each.x, each.other, each.of) == (x, other, of):
                estimate, reach = arrays["estimate"][place], _WIDE * arrays["std_error"][place]
                lines.append(series(each.estimator, truth, estimate, estimate - reach, estimate + reach))
        title = f"Image {_SIDES[x]}, {_OTHERS[of]} {_SIDES[other]}" if of in _OTHERS else _LATENTS
        note = "Bands: 95 % intervals of the estimate."
        yield chart(title, note, "true information (nats)", "estimate (nats)", lines)


def known_channel(arrays: Arrays) -> Iterator[Chart]:
    """Estimates of I(L;Y') of each layer at the last epoch in their brackets, and how far outside they are."""
    errors, epochs, upper = arrays["channel_errors"], arrays["epochs"], arrays["truth_upper"]
    lower = arrays["bracket_lower"] - _WIDE * arrays["bracket_lower_error"]
    estimate = np.where(arrays["estimate_missing"], np.nan, arrays["estimate"])
    reach, x, y = _WIDE * arrays["std_error"], "share of labels changed", "I(L;Y') (nats)"
    beyond = outside(estimate, lower, upper)
    note = "Of labels changed by a known channel. Band: it holds the truth, but for chance. Dots: 95 % intervals."
    for layer, number in enumerate(arrays["layers"]):
        last = estimate[-1, layer]
        lines = [
            series("least and most that the truth can be", errors, upper, lower[-1, layer], upper),
            series("read from its components", errors, arrays["codes_lower"][-1, layer], dashed=True),
            series("estimate", errors, last, last - reach[-1, layer], last + reach[-1, layer], dots=True),
        ]
        yield chart(f"L{number} in epoch {epochs[-1]}: estimate and bracket", note, x, y, lines)
    note = "0: inside. An estimate outside is wrong by at least as much, but for chance."
    lines = [series(f"L{number}", errors, beyond[-1, layer]) for layer, number in enumerate(arrays["layers"])]
    yield chart(f"Outside of the bracket, epoch {epochs[-1]}", note, x, "estimate less its bracket (nats)", lines)
    worst = np.max(np.abs(beyond), axis=2, initial=0, where=~np.isnan(beyond))
    lines = [series(f"L{number}", epochs, worst[:, layer]) for layer, number in enumerate(arrays["layers"])]
    yield chart("Furthest outside of the bracket", "The most of all channels.", "epoch", "nats", lines)
