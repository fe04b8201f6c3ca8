# SPDX-License-Identifier: Apache-2.0
"""How the values of a noisy network's hidden layers cluster as it is trained (Goldfeld et al., ICML 2019, section 5).

Compression of a noisy layer is said to be clustering of what inputs of one class make of it: so beside the plane stand
distances within and between classes, how many units are saturated, and the entropy of values put into bins as wide as a
few standard deviations of the noise, which the authors take for a measure of clustering. Nothing here is estimated from
densities.
"""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import Unsupported
from mibench.networks.noisy import centres
from mibench.networks.trajectory import Trajectory
from mibench.numerics.counting import symbols
from mibench.numerics.entropies import plug_in
from mibench.studies.grid import thinned
from mibench.studies.planes.contract import Progress
from mibench.studies.planes.seeds import child
from mibench.studies.setting import Scale

__all__ = ["SATURATED", "WIDTHS", "clustering"]

WIDTHS = (1.0, 1.4, 2.0, 5.0, 10.0, 40.0)  # of bins, in standard deviations of the noise; 1.4 as published
SATURATED = 0.99
_GRIDS = {"paper": (28, 12, 10), "quick": (4,)}  # at the epochs of the planes that stand beside it
_PAIRS = 5_000  # of rows, of which distances are means


def clustering(
    trajectory: Trajectory,
    inputs: NDArray[Any],
    labels: NDArray[Any],
    *,
    scale: Scale,
    seed: np.random.SeedSequence,
    progress: Progress = lambda _share: None,
) -> dict[str, NDArray[Any]]:
    """Clustering of hidden layers, one noisy draw of every row.

    Parameters
    ----------
    trajectory : Trajectory
        Of a network with noise.
    inputs, labels : ndarray, shapes (N, d), (N,)
    scale : {"quick", "paper"}
        4 recorded epochs, or those of grids of 28, 12 and 10, in equal ratios.
    seed : SeedSequence
    progress : callable

    Returns
    -------
    dict
        ``epochs`` (E,); ``within`` and ``between`` (R, E, H): mean Euclidean distances of noisy values of two different
        rows of one class and of different classes, over some 5,000 random pairs; ``saturated`` (R, E, H): the share of
        units' values without their own noise beyond 0.99 in magnitude; ``entropy_noisy`` and ``entropy_clean``
        (R, E, H, K), in nats: of floor(value / width) with the unit's own noise and without it; ``widths`` (K,), in
        standard deviations of the noise. H hidden layers.

    Raises
    ------
    Unsupported
        If the network has no noise.
    """
    network = trajectory.network
    if not network.noise:
        raise Unsupported("clustering is measured in units of the network's noise, and this one has none: leave it out")
    epochs = trajectory.epochs
    points = np.unique(np.concatenate([thinned(epochs, grid) for grid in _GRIDS[scale]]))
    shape = (trajectory.n_runs, len(points), network.n_layers - 1)
    found = {name: np.empty(shape) for name in ("within", "between", "saturated")}
    binned = {name: np.empty((*shape, len(WIDTHS))) for name in ("entropy_noisy", "entropy_clean")}
    for done, at in enumerate(np.ndindex(shape)):
        run, point, layer = at[0], int(points[at[1]]), at[2]
        rng = np.random.default_rng(child(seed, run, point, layer))
        clean = centres(network, trajectory.parameters[run, point], inputs, layer + 1, 1, rng)[:, 0]
        noisy = clean + network.noise * rng.standard_normal(clean.shape)
        found["within"][at], found["between"][at] = mean_distances(noisy, labels, rng)
        found["saturated"][at] = np.mean(np.abs(clean) > SATURATED)
        for name, values in (("entropy_noisy", noisy), ("entropy_clean", clean)):
            binned[name][at] = [binned_entropy(values, width * network.noise) for width in WIDTHS]
        progress((done + 1) / found["within"].size)
    return {"epochs": epochs[points], "widths": np.array(WIDTHS), **found, **binned}


def mean_distances(values: NDArray[Any], labels: NDArray[Any], rng: np.random.Generator) -> tuple[float, float]:
    """Mean distance of two different rows of one class, and of different classes; 0 where no such pair is drawn."""
    n = len(values)
    first = rng.integers(n, size=2 * _PAIRS)  # about half of the pairs agree
    second = (first + rng.integers(1, n, size=len(first))) % n
    distances = np.sqrt(((values[first] - values[second]) ** 2).sum(axis=1))
    same = labels[first] == labels[second]
    within, between = (distances[chosen] for chosen in (same, ~same))
    return (float(within.mean()) if len(within) else 0.0), (float(between.mean()) if len(between) else 0.0)


def binned_entropy(values: NDArray[Any], width: float) -> float:
    """Entropy of floor(values / width), whole rows, in nats: at most ln N."""
    ids, distinct = symbols(np.floor(values / width).astype(np.int64))
    entropy = plug_in(np.bincount(ids, minlength=distinct))
    return min(max(entropy, 0.0), log(len(values)))
