# SPDX-License-Identifier: Apache-2.0
"""Signal and noise of stochastic gradients, layer by layer, along a training (Shwartz-Ziv and Tishby 2017, figure 4).

At the recorded weights, all batches of one epoch are passed with the weights held: the signal is the Frobenius norm of
the mean of their gradients by the weights W of a layer, the noise the root of the trace of their covariance, without a
correction of degrees of freedom. The batches of an epoch share out the training rows, so the mean weighted by rows is
the gradient of the training loss, whatever their order. Rows come in a new random order, unless the training does not
shuffle. Where a training has one batch of all rows, batches are of 256. Over single rows the noise is that of Saxe et
al. (ICLR 2018), who use full batches; it is greater than that of batches of b rows by about the root of b.

Signal and noise stand here as they are, and the norm of W beside them, by which figure 4 divides both; their ratio does
not depend on it. The published script (github.com/ravidziv/IDNNs) adds up the variances of all layers below, takes the
root twice, and does not divide by the norm; none of this is done here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import Unsupported
from mibench.networks.trajectory import Trajectory
from mibench.studies.analyses.gradients import factors, moments
from mibench.studies.grid import thinned
from mibench.studies.planes.contract import Progress
from mibench.studies.planes.seeds import child
from mibench.studies.setting import Scale

__all__ = ["gradient_snr"]

_RUNS = {"paper": 50, "quick": 3}
_POINTS = {"paper": 80, "quick": 40}  # in equal ratios
_LATE_POINTS = {"paper": 25, "quick": 10}  # in equal steps over the last half, where ratios leave few
_BATCH = 256  # where the training has one batch


def gradient_snr(
    trajectory: Trajectory,
    inputs: NDArray[Any],
    labels: NDArray[Any],
    *,
    scale: Scale,
    seed: np.random.SeedSequence,
    progress: Progress = lambda _share: None,
) -> dict[str, NDArray[Any]]:
    """Norms of mean and spread of gradients by the weights, and of the weights.

    Parameters
    ----------
    trajectory : Trajectory
        Of its runs the first 50, at up to 80 recorded epochs in equal ratios and 25 in equal steps of the last half; in
        a ``quick`` study 3 runs at 40 and 10 epochs.
    inputs, labels : ndarray, shapes (N, d), (N,)
        Of which the training rows are taken.
    scale : {"quick", "paper"}
    seed : SeedSequence
        Of the orders of rows.
    progress : callable
        Called with the share that is done, from 0 to 1.

    Returns
    -------
    dict of ndarray
        ``epochs`` (E,); ``runs`` (R,); ``batch`` (1,), rows of a batch; ``mean``, ``std``, ``row_std``, ``norm``, each
        (R, E, L): signal, noise over batches and over single rows, and the norm of W. All are finite; noise is 0 where
        no row has a gradient.

    Raises
    ------
    Unsupported
        For quantised or noisy networks, and for trainings on labels that are not the true ones.
    """
    network, training = trajectory.network, trajectory.training
    if training.labels != "true" or training.prefit:
        raise Unsupported("the signal of gradients is computed of trainings on true labels: this one has others")
    runs = np.arange(min(_RUNS[scale], trajectory.n_runs))
    points = _points(trajectory.epochs, scale)
    rows = trajectory.train.shape[1]
    batch = min(training.batch or _BATCH, rows)
    found = np.zeros((4, len(runs), len(points), network.n_layers))
    for run in runs:
        train = trajectory.train[run]
        for e, point in enumerate(points):
            order = np.random.default_rng(child(seed, int(run), int(point))).permutation(rows)
            chosen = train[order] if training.shuffle else train
            parameters = trajectory.parameters[run, point]
            weights = network.layers(parameters.astype(np.float64))
            for layer, pair in enumerate(factors(network, parameters, inputs[chosen], labels[chosen])):
                of = moments(*pair, batch)
                found[:, run, e, layer] = of.mean, of.std, of.row_std, np.linalg.norm(weights[layer][0])
        progress((run + 1) / len(runs))
    arrays = dict(zip(("mean", "std", "row_std", "norm"), found, strict=True))
    return {"epochs": trajectory.epochs[points], "runs": runs, "batch": np.array([batch]), **arrays}


def _points(epochs: NDArray[np.int64], scale: Scale) -> NDArray[np.int64]:
    wanted = np.linspace(epochs[-1] / 2, epochs[-1], _LATE_POINTS[scale])
    steps = np.abs(epochs[:, None] - wanted).argmin(axis=0)
    return np.union1d(thinned(epochs, _POINTS[scale]), steps)
