# SPDX-License-Identifier: Apache-2.0
"""Planes by adaptive bins: equally many distinct values in each, at every epoch and layer anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError
from mibench.estimators.discretise import ebab
from mibench.networks.trajectory import Trajectory
from mibench.studies.planes._binned import binned_plane
from mibench.studies.planes._codes import ADAPTIVE, Rule
from mibench.studies.planes._layers import MOST_BINS, check_number, checked, counted_layer
from mibench.studies.planes.contract import LayerInformation, Progress
from mibench.studies.planes.vectors import fully_connected, refuse_noise
from mibench.studies.results import Plane

__all__ = ["Adaptive"]


@dataclass(frozen=True)
class Adaptive:
    """Entropy-based adaptive bins (Chelombiev et al., ICLR 2019), pooled over the units of a layer.

    `n` intervals hold equally many of the layer's unique values; the floor and the greatest value have one each of
    their own. Which values are unique depends on their precision: they are float32 here, of float64 networks too.
    `Plane.null` is the exact mean of I(T;Y) over all permutations of the labels.

    Parameters
    ----------
    n : int
    floor : float, optional
        The least value of the activation, 0 for relu and relu6; none for tanh, elu or linear.
    even : bool
        Of u unique values, edge j is number ``floor(j u / n)``, as in Chelombiev et al.'s code; by default as in
        Rasmussen's thesis (`mibench.estimators.discretise.ebab`).

    Raises
    ------
    InputError
        For a parameter out of range.
    """

    n: int = 30
    floor: float | None = None
    even: bool = False

    def __post_init__(self) -> None:
        check_number("n", self.n, whole=True, least=1, most=MOST_BINS)
        if self.floor is not None:
            check_number("floor", self.floor)
        if not isinstance(self.even, bool):
            raise InputError(f"even is {self.even!r}: give true or false")

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
        """As `PlaneEstimator.of_trajectory`; `seed` is not used.

        Raises
        ------
        InputError
            If a layer has values below the floor.
        """
        refuse_noise(fully_connected(trajectory.network, "adaptive"), "adaptive")
        floor = float("nan") if self.floor is None else float(self.floor)
        rule = Rule(ADAPTIVE, self.n, floor=floor, even=self.even)
        limits = np.full((len(runs), trajectory.network.n_layers, 2), np.nan)
        return binned_plane(trajectory, inputs, labels, runs, points, rule, limits, progress)

    def of_layers(
        self,
        inputs: NDArray[Any],
        layers: Sequence[NDArray[Any]],
        labels: NDArray[Any],
        *,
        limits: tuple[float, float] | None = None,
        seed: np.random.SeedSequence,
    ) -> list[LayerInformation]:
        """As `PlaneEstimator.of_layers`; neither `limits` nor `seed` is used."""
        member, values, labels = checked(inputs, layers, labels)
        codes = (ebab(layer.astype(np.float32), self.n, self.floor, self.even) for layer in values)
        return [counted_layer(each, member, labels) for each in codes]
