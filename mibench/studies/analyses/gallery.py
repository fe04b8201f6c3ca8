# SPDX-License-Identifier: Apache-2.0
"""What a layer of two units has learnt: where it puts images it was not trained on, along training.

Two numbers can be drawn as they are. They are the layer's rounded values, whose distinct pairs the exact plane counts
(`mibench.networks.forward.evaluate`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import Unsupported
from mibench.networks.convolutional import Convolutional
from mibench.networks.forward import evaluate
from mibench.networks.trajectory import Trajectory
from mibench.studies.grid import thinned
from mibench.studies.planes.contract import Progress
from mibench.studies.planes.vectors import refuse_noise
from mibench.studies.setting import Scale

__all__ = ["ROWS", "gallery", "narrow_layer"]

ROWS = 1500  # at most
_POINTS = {"paper": 8, "quick": 4}


def gallery(
    trajectory: Trajectory,
    inputs: NDArray[Any],
    labels: NDArray[Any],
    *,
    scale: Scale,
    seed: np.random.SeedSequence,
    progress: Progress = lambda _share: None,
) -> dict[str, NDArray[Any]]:
    """Values of the layer of two units, of two runs: the median one by its last training accuracy, and the first.

    Parameters
    ----------
    trajectory : Trajectory
        Of a fully connected network without noise, one of whose hidden layers has two units.
    inputs, labels : ndarray, shapes (N, d), (N,)
        The whole set: values are rounded by the range of all rows.
    scale : {"quick", "paper"}
        4 or 8 recorded epochs, the first and the last among them, in equal ratios.
    seed : SeedSequence
        Of which rows are shown.
    progress : callable

    Returns
    -------
    dict
        ``values`` (R, E, n, 2), float32; ``labels`` (n,), uint8; ``rows`` (n,), places in `inputs`: at most 1500 that
        none of these runs was trained on, or of all where there are none; ``held_out`` (1,): whether they are
        such; ``runs`` (R,), numbers of the runs, one where both are the same; ``epochs`` (E,); ``layer`` (1,), from 1.

    Raises
    ------
    Unsupported
        If the network is not such a one.
    """
    network = trajectory.network
    if isinstance(network, Convolutional):
        raise Unsupported("gallery is of fully connected networks, and this one is convolutional: leave it out")
    refuse_noise(network, "gallery")
    layer = narrow_layer(network.widths)
    middle = np.argsort(trajectory.accuracy[:, -1], kind="stable")[trajectory.n_runs // 2]
    runs = np.array([middle, 0] if middle else [0])
    points = thinned(trajectory.epochs, _POINTS[scale])
    others = np.setdiff1d(np.arange(len(inputs)), trajectory.train[runs])
    candidates = others if len(others) else np.arange(len(inputs))
    drawn = np.random.default_rng(seed).permutation(candidates)[:ROWS]
    rows = np.sort(drawn)
    values = np.empty((len(runs), len(points), len(rows), 2), np.float32)
    for done, (i, j) in enumerate(np.ndindex(values.shape[:2])):
        at = runs[i], points[j]
        ranges = None if trajectory.ranges is None else trajectory.ranges[at]
        found = evaluate(network, trajectory.parameters[at], inputs, ranges)[layer - 1]
        values[i, j] = found.values[found.member[rows]]
        progress((done + 1) / (len(runs) * len(points)))
    return {
        "values": values,
        "labels": np.asarray(labels)[rows].astype(np.uint8),
        "rows": rows,
        "held_out": np.array([len(others) > 0]),
        "runs": runs,
        "epochs": trajectory.epochs[points],
        "layer": np.array([layer]),
    }


def narrow_layer(widths: tuple[int, ...]) -> int:
    """The last hidden layer of two units, counted from 1.

    Raises
    ------
    Unsupported
        If there is none.
    """
    found = [layer for layer in range(1, len(widths) - 1) if widths[layer] == 2]
    if not found:
        raise Unsupported(f"gallery draws a hidden layer of two units, and widths are {widths}: leave it out")
    return found[-1]
