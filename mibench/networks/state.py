# SPDX-License-Identifier: Apache-2.0
"""What an engine takes, moves on by whole epochs, and gives back: runs side by side, in step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from mibench.networks.spec import Training

__all__ = ["Engine", "Rows", "State"]


@dataclass
class State:
    """R runs after `epoch` epochs and `steps` steps; engines change it in place. One float type throughout.

    Attributes
    ----------
    parameters : ndarray, shape (R, P)
    first, second : ndarray, shape (R, P)
        Adam's moments; SGD's momentum is `first`.
    ranges : ndarray, shape (R, L, 4)
        Per layer: least and greatest activation (logit, for the output) as the quantiser of the mode remembers them
        from epoch to epoch, then those of the weights at the last step. Zeros where the mode remembers nothing, such as
        for the output of ``paper`` (`mibench.networks.quantisers`).
    keys : ndarray of uint64, shape (R, 2)
        Each run's keys into the counter-based streams (`mibench.numerics.streams`): that of its orders, the same for
        all runs under `Training.shared_order`, and that of its noises.
    """

    epoch: int
    steps: int
    parameters: NDArray[Any]
    first: NDArray[Any]
    second: NDArray[Any]
    ranges: NDArray[Any]
    keys: NDArray[Any]


@dataclass(frozen=True)
class Rows:
    """What is trained on.

    Attributes
    ----------
    inputs : ndarray, shape (N, widths[0])
        All rows, in the state's float type.
    train : ndarray of int64, shape (R, n)
        Each run's training rows.
    labels : ndarray of int64, shape (R, n)
        What they are trained to say: the class, below ``widths[-1]`` (0 or 1 for a sigmoid).
    """

    inputs: NDArray[Any]
    train: NDArray[Any]
    labels: NDArray[Any]


class Engine(Protocol):
    """Trains on: what `mibench.networks.small` (compiled) and `mibench.networks.batched` (torch) both do.

    Each takes one kind of network, `Network` or `Convolutional`; `mibench.networks.train` picks the engine that fits.
    """

    def advance(
        self, network: Any, training: Training, state: State, rows: Rows, epochs: int
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Move `state` on by `epochs` epochs.

        Returns
        -------
        loss, accuracy : ndarray of float32, shape (R, epochs)
            Means over each epoch's batches while it was trained, as Keras reports them.
        """
        ...
