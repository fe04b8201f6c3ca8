# SPDX-License-Identifier: Apache-2.0
"""Gradients of the training loss by the weights, of every row at once, as pairs of factors.

A row's gradient by the weights W of a layer is the outer product of what the loss's gradient is at the layer's sums and
what the layer is given. The pairs of all rows are small, and any batch's gradient is one product of matrices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from mibench.contracts import Unsupported
from mibench.networks.activations import activate, slope
from mibench.networks.spec import Network

__all__ = ["Moments", "factors", "moments", "moments_reference"]

Floats = NDArray[np.float64]


def factors(
    network: Network, parameters: NDArray[Any], inputs: NDArray[Any], labels: NDArray[Any]
) -> list[tuple[Floats, Floats]]:
    """The factors of every row's gradient of the cross-entropy, layer by layer.

    Parameters
    ----------
    network : Network
    parameters : ndarray, shape (P,)
    inputs : ndarray, shape (n, d)
    labels : ndarray of whole numbers, shape (n,)

    Returns
    -------
    list of (delta, given), shapes (n, units) and (n, inputs)
        The gradient of row i by the layer's W is ``outer(delta[i], given[i])``, that by its biases ``delta[i]``.

    Raises
    ------
    Unsupported
        For quantised or noisy networks, whose gradients depend on more than parameters and rows.
    """
    if network.bits is not None or network.noise > 0:
        raise Unsupported("gradients are computed of networks without a quantiser and without noise")
    layers = network.layers(np.asarray(parameters, np.float64))
    given = [np.asarray(inputs, np.float64)]
    for weights, bias in layers[:-1]:
        given.append(activate(network.activation, given[-1] @ weights.T + bias))
    weights, bias = layers[-1]
    logits = given[-1] @ weights.T + bias
    if network.output == "sigmoid":
        delta = expit(logits) - np.asarray(labels)[:, None]
    else:
        delta = softmax(logits, axis=1) - np.eye(network.widths[-1])[labels]
    found = [(delta, given[-1])]
    for at in range(len(layers) - 1, 0, -1):
        delta = (delta @ layers[at][0]) * slope(network.activation, given[at])
        found.append((delta, given[at - 1]))
    return found[::-1]


@dataclass(frozen=True)
class Moments:
    """Of a layer's gradients by its weights, over the batches of an epoch and over single rows.

    Attributes
    ----------
    mean : float
        The Frobenius norm of the mean: the gradient of the loss of all rows.
    std, row_std : float
        The root of the trace of the covariance, without a correction of degrees of freedom, over batches and over
        rows.
    """

    mean: float
    std: float
    row_std: float


def moments(delta: Floats, given: Floats, batch: int) -> Moments:
    """Moments over batches of consecutive rows, each weighing as many rows as it has.

    Parameters
    ----------
    delta, given : ndarray, shapes (n, units), (n, inputs)
        As `factors` gives them.
    batch : int
        Rows of a batch; the last has what is left.
    """
    n = len(delta)
    whole = n - n % batch
    blocks = delta[:whole].reshape(-1, batch, delta.shape[1]).transpose(0, 2, 1)
    gradients = blocks @ given[:whole].reshape(-1, batch, given.shape[1]) / batch
    shares = np.full(len(gradients), batch / n)
    if whole < n:
        rest = delta[whole:].T @ given[whole:] / (n - whole)
        gradients, shares = np.concatenate([gradients, rest[None]]), np.append(shares, (n - whole) / n)
    mean = np.tensordot(shares, gradients, 1)
    variance = shares @ ((gradients - mean) ** 2).sum(axis=(1, 2))
    squares = (delta**2).sum(axis=1) @ (given**2).sum(axis=1) / n
    size = (mean**2).sum()
    return Moments(float(np.sqrt(size)), float(np.sqrt(variance)), float(np.sqrt(max(squares - size, 0.0))))


def moments_reference(delta: Floats, given: Floats, batch: int) -> Moments:
    """What `moments` computes, from the gradient of every row."""
    rows = delta[:, :, None] * given[:, None, :]
    groups = [rows[at : at + batch] for at in range(0, len(rows), batch)]
    shares = [len(group) for group in groups]
    means = np.array([group.mean(axis=0) for group in groups])
    mean = np.average(means, axis=0, weights=shares)
    std = np.sqrt(np.average(((means - mean) ** 2).sum(axis=(1, 2)), weights=shares))
    return Moments(float(np.linalg.norm(mean)), float(std), float(np.sqrt(rows.var(axis=0).sum())))
