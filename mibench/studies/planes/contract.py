# SPDX-License-Identifier: Apache-2.0
"""What a plane estimator is: it turns a trajectory, or the layers of any network at hand, into I(X;T) and I(T;Y).

Two ways in, because two kinds of users have a network: a study has parameters of many runs (`of_trajectory`, fast),
and a user has the activations of some layers at some checkpoints (`of_layers`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mibench.networks.trajectory import Trajectory
from mibench.studies.results import Plane

__all__ = ["LayerInformation", "PlaneEstimator", "Progress"]

Progress = Callable[[float], None]


@dataclass(frozen=True)
class LayerInformation:
    """Of one layer, in nats: I(X;T), I(T;Y), the mean of I(T;Y) under permuted labels (NaN: none), or why none is.

    `i_x` or `i_y` is NaN exactly where `reason` is not empty.
    """

    i_x: float
    i_y: float
    null: float = float("nan")
    reason: str = ""


class PlaneEstimator(Protocol):
    """A frozen dataclass of parameters."""

    def of_trajectory(
        self,
        trajectory: Trajectory,
        inputs: NDArray[Any],
        labels: NDArray[Any],
        *,
        runs: NDArray[np.int64],
        points: NDArray[np.int64],
        seed: np.random.SeedSequence,
        progress: Progress = ...,
    ) -> Plane:
        """The plane of some runs at some recorded epochs.

        Parameters
        ----------
        trajectory : Trajectory
        inputs, labels : ndarray, shapes (N, d), (N,)
            The whole set; its distribution is taken to be the true one.
        runs, points : ndarray of int64
            Places on the first two axes of ``trajectory.parameters``. Ranges of a whole run are of all its points.
        seed : SeedSequence
            Source of randomness.
        progress : callable
            Called with the share that is done, from 0 to 1.

        Raises
        ------
        Unsupported
            If the network's layers are not for this estimator, with the reason.
        """
        ...

    def of_layers(
        self,
        inputs: NDArray[Any],
        layers: Sequence[NDArray[Any]],
        labels: NDArray[Any],
        *,
        limits: tuple[float, float] | None = None,
        seed: np.random.SeedSequence,
    ) -> list[LayerInformation]:
        """The information of layers given by their activations.

        Parameters
        ----------
        inputs : ndarray, shape (N, d)
        layers : sequence of ndarray, shapes (N, d_l)
        labels : ndarray of whole numbers, shape (N,)
        limits : (low, high), optional
            The extremes over all layers and checkpoints of a run; those of these layers where it is not given.
        seed : SeedSequence
        """
        ...
