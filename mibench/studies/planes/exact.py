# SPDX-License-Identifier: Apache-2.0
"""Planes without an estimate: each distinct code of a layer is a symbol (`mibench.networks.information`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.networks.planes import Planes
from mibench.networks.trajectory import Trajectory
from mibench.studies.planes._layers import checked, counted_layer
from mibench.studies.planes.contract import LayerInformation, Progress
from mibench.studies.planes.vectors import in_parts, refuse_noise
from mibench.studies.results import Plane

__all__ = ["Exact"]


@dataclass(frozen=True)
class Exact:
    """I(X;T) = H(T) and I(T;Y) of the codes that quantised layers have; of others, of their distinct rows to the bit.

    Lorenzen, Igel and Nielsen (ICLR 2022) for quantised networks. Layers of floats that keep inputs apart have
    I(X;T) = H(X) and I(T;Y) = H(Y) whatever they have learnt: `Plane.null` says so, the mean of I(T;Y) over all
    permutations of the labels, exact too.
    """

    def of_trajectory(
        self,
        trajectory: Trajectory,
        inputs: NDArray[Any],
        labels: NDArray[Any],
        *,
        runs: NDArray[np.int64],
        points: NDArray[np.int64],
        seed: np.random.SeedSequence,
        progress: Progress = lambda share: None,
    ) -> Plane:
        """As `PlaneEstimator.of_trajectory`; `seed` is not used."""
        network = trajectory.network
        refuse_noise(network, "exact")
        found = np.empty((len(runs) * len(points), network.n_layers, 2))
        null = np.empty(found.shape[:-1])
        drawn = Planes(network, inputs, labels, trajectory.dtype)
        for part in in_parts(trajectory, runs, points, progress):
            found[part.at], null[part.at] = drawn.of(part.parameters, part.ranges)
        shape = (len(runs), len(points), network.n_layers)
        return Plane("", trajectory.epochs[points], np.asarray(runs), found.reshape(*shape, 2), null.reshape(shape))

    def of_layers(
        self,
        inputs: NDArray[Any],
        layers: Sequence[NDArray[Any]],
        labels: NDArray[Any],
        *,
        limits: tuple[float, float] | None = None,
        seed: np.random.SeedSequence,
    ) -> list[LayerInformation]:
        """As `PlaneEstimator.of_layers`, of rows distinct to the bit, 0 having one sign; `limits` are not used."""
        member, checked_layers, labels = checked(inputs, layers, labels)
        return [counted_layer(values, member, labels) for values in checked_layers]
