# SPDX-License-Identifier: Apache-2.0
"""Coordinates that unroll a curved cloud of points: where an autoencoder starts from."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra
from sklearn.neighbors import NearestNeighbors

__all__ = ["isomap"]

_NEIGHBOURS = 12
_LANDMARKS = 400


def isomap(points: NDArray[Any], dim: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Landmark Isomap (de Silva and Tenenbaum, NIPS 15, 2002): classical scaling of graph distances.

    Distances along the graph of nearest neighbours follow the cloud where straight ones cut across it, so the
    coordinates do not fold: an autoencoder that starts from them need not find the topology by gradient descent.

    Parameters
    ----------
    points : array, shape (n, d)
    dim : int
    rng : numpy.random.Generator
        Draws the landmarks.

    Returns
    -------
    array, shape (n, dim)
    """
    n = len(points)
    graph = NearestNeighbors(n_neighbors=min(_NEIGHBOURS, n - 1)).fit(points).kneighbors_graph(mode="distance")
    graph.data = np.maximum(graph.data, np.finfo(float).tiny)  # copies are neighbours at distance 0, not strangers
    landmarks = rng.choice(n, min(_LANDMARKS, n), replace=False)
    distances = dijkstra(graph, directed=False, indices=landmarks)
    reached = np.isfinite(distances)
    distances[~reached] = 2.0 * distances[reached].max()  # separate clouds stay apart
    squares = distances**2
    among = squares[:, landmarks]
    centring = np.eye(len(landmarks)) - 1.0 / len(landmarks)
    variances, axes = np.linalg.eigh(-0.5 * centring @ among @ centring)
    variances, axes = np.maximum(variances[::-1][:dim], np.finfo(float).eps), axes[:, ::-1][:, :dim]
    coordinates = -0.5 * (axes / np.sqrt(variances)).T @ (squares - among.mean(axis=1, keepdims=True))
    return np.asarray(coordinates.T)
