# SPDX-License-Identifier: Apache-2.0
"""What planes of compressed layers show where bounds of the truth are known: labels behind a known channel.

A label goes through a symmetric channel, Y -> Y'. An image determines its label, so I(X;Y') is exact, and no layer has
more of it. Nor has a layer less than what is read from it (`mibench.studies.analyses.label_bounds`). So the truth of
every layer, at every epoch, lies in a bracket, and an estimate outside of it is in error by at least its distance, but
for what the lower end, which is measured, is off by chance.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import Unsupported
from mibench.networks.convolutional import Convolutional
from mibench.networks.trajectory import Trajectory
from mibench.numerics.counting import numbered
from mibench.studies.analyses.label_bounds import lower_bound, posteriors, table_bound
from mibench.studies.grid import thinned
from mibench.studies.planes.compressed_information import Codes, Method, label_information
from mibench.studies.planes.compressed_linear import principal
from mibench.studies.planes.contract import Progress
from mibench.studies.planes.seeds import child
from mibench.studies.setting import Scale
from mibench.tasks.labels import information_of_rows, symmetric_channel

__all__ = ["ERRORS", "bracketed", "known_channel"]

ERRORS = {"paper": (0.0, 0.05, 0.15, 0.3, 0.45, 0.6, 0.75), "quick": (0.0, 0.3, 0.6)}  # chances to change a label
_POINTS = {"paper": 4, "quick": 2}
_DIM, _K = 4, 5  # of the planes
_LABELS, _LAYERS, _HALVES = range(3)  # what a seed is for

Floats = NDArray[np.float64]


def known_channel(
    trajectory: Trajectory,
    inputs: NDArray[Any],
    labels: NDArray[Any],
    *,
    scale: Scale,
    seed: np.random.SeedSequence,
    progress: Progress = lambda _share: None,
) -> dict[str, NDArray[Any]]:
    """Estimates of I(L;Y') of the first run, and what brackets them, on the rows that it was not trained on.

    Parameters
    ----------
    trajectory : Trajectory
        Of a convolutional network whose layers are not rounded.
    inputs, labels : ndarray, shapes (N, d), (N,)
    scale : {"quick", "paper"}
        2 recorded epochs and 3 channels, or 4 and 7.
    seed : SeedSequence
    progress : callable

    Returns
    -------
    dict
        ``epochs`` (E,), ``layers`` (L,) from 1, ``channel_errors`` (C,): chances that a label is changed, to each other
        one equally likely; in nats, ``truth_upper`` (C,): I(X;Y'), and of shape (E, L, C)
        ``bracket_lower`` and ``bracket_lower_error``: what is read from the layer, and its standard error;
        ``codes_lower``, ``codes_lower_error``: the same of its 4 principal components, so that an estimate below is the
        estimator's error, not the compression's; ``estimate`` and ``std_error``, by ``wkl`` as in
        `mibench.studies.planes.compressed.Compressed`, 0 where ``estimate_missing`` says that there is none.

    Raises
    ------
    Unsupported
        For another network, or a run that was trained on all rows.
    """
    network = trajectory.network
    if not isinstance(network, Convolutional) or network.bits is not None:
        raise Unsupported("known-channel is for convolutional networks whose layers are not rounded: leave it out")
    labels = numbered("labels", labels, len(inputs))
    held = np.setdiff1d(np.arange(len(inputs)), trajectory.train[0])
    if not len(held):
        raise Unsupported("known-channel measures rows that were not trained on, and there are none: leave it out")
    from mibench.studies.planes.compressed_layers import seen_layers  # torch takes a second to import

    rows, said = np.asarray(inputs).reshape(len(inputs), -1)[held], labels[held]
    classes = max(int(labels.max()) + 1, network.classes)
    channels = [symmetric_channel(error, classes) for error in ERRORS[scale]]
    noisy = [_sent(said, each, np.random.default_rng(child(seed, _LABELS, at))) for at, each in enumerate(channels)]
    points = thinned(trajectory.epochs, _POINTS[scale])
    found: dict[str, NDArray[Any]] = {}
    shape = (len(points), network.n_layers)
    for at, point in enumerate(points):
        drawn = np.random.default_rng(child(seed, _LAYERS, at))
        for number, seen in enumerate(seen_layers(trajectory, 0, int(point), rows, drawn)):
            values = seen.values
            halves = np.random.default_rng(child(seed, _HALVES, at, number))
            guesses = values.argmax(axis=1) if number == network.n_layers - 1 else None
            here = bracketed(values, said, noisy, channels, halves, guesses)
            for name, array in here.items():
                found.setdefault(name, np.zeros((*shape, len(channels)), array.dtype))[at, number] = array
            progress((at * shape[1] + number + 1) / (shape[0] * shape[1]))
    return {
        "epochs": trajectory.epochs[points],
        "layers": np.arange(1, network.n_layers + 1),
        "channel_errors": np.array(ERRORS[scale]),
        "truth_upper": np.array([information_of_rows(np.arange(len(said)), said, channel) for channel in channels]),
        **found,
    }


def bracketed(
    values: NDArray[Any],
    labels: NDArray[np.int64],
    noisy: list[NDArray[np.int64]],
    channels: list[Floats],
    rng: np.random.Generator,
    guesses: NDArray[np.int64] | None = None,
) -> dict[str, NDArray[Any]]:
    """Of one layer, arrays (C,) as `known_channel` has them.

    Parameters
    ----------
    values : ndarray, shape (n, d)
        The layer.
    labels : ndarray of int, shape (n,)
    noisy : list of ndarray of int, shape (n,)
        What each channel made of the labels.
    channels : list of ndarray, shape (K, K)
    rng : Generator
    guesses : ndarray of int, shape (n,), optional
        The layer's own, where it is an output.
    """
    try:
        scores = principal(values, _DIM, "the layer").scores
    except Unsupported:  # a constant, which tells nothing
        scores = np.zeros((len(values), 1))
    codes = Codes(scores, "the layer", Method("wkl", _K))
    of_layer, of_codes = (posteriors(each, labels, len(channels[0]), rng) for each in (values, codes.values))
    lower, codes_lower, estimates, missing = [], [], [], []
    for channel, changed in zip(channels, noisy, strict=True):
        less = lower_bound(of_codes, labels, channel)
        bounds = [less, lower_bound(of_layer, labels, channel)]  # what codes have, the layer has
        if guesses is not None:
            bounds.append(table_bound(guesses, labels, channel))
        lower.append(max(bounds))
        codes_lower.append(less)
        try:
            estimates.append(label_information(codes, changed))
        except Unsupported:
            estimates.append((0.0, 0.0))
            missing.append(True)
        else:
            missing.append(False)
    names = ("bracket_lower", "bracket_lower_error", "codes_lower", "codes_lower_error", "estimate", "std_error")
    arrays = np.hstack([np.array(each) for each in (lower, codes_lower, estimates)]).T
    return {**dict(zip(names, arrays, strict=True)), "estimate_missing": np.array(missing)}


def _sent(labels: NDArray[np.int64], channel: Floats, rng: np.random.Generator) -> NDArray[np.int64]:
    below = np.cumsum(channel, axis=1)[labels, :-1]
    return np.asarray((rng.random(len(labels))[:, None] >= below).sum(axis=1))
