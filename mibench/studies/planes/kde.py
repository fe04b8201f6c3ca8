# SPDX-License-Identifier: Apache-2.0
"""Planes by the bounds of Kolchinsky and Tracey: of layers to which normal noise is added in the analysis alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError
from mibench.names import check_choice
from mibench.networks.forward import evaluate
from mibench.networks.trajectory import Trajectory
from mibench.numerics.counting import numbered
from mibench.numerics.hashing import count_pairs
from mibench.numerics.rows import distinct_rows
from mibench.studies.planes.contract import LayerInformation, Progress
from mibench.studies.planes.kde_sums import bound_information
from mibench.studies.planes.seeds import child
from mibench.studies.planes.vectors import fully_connected
from mibench.studies.results import Plane

__all__ = ["KDE"]

_BOUNDS = {"upper": 1.0, "lower": 2.0}  # by what the noise is widened: a = 1 and 4, its square


@dataclass(frozen=True)
class KDE:
    """``T = h(X) + N(0, variance I)``: a bound of I(X;T), and I(T;Y) from the same bound of H(T) and of H(T|y).

    Kolchinsky and Tracey (Entropy 2017), as Saxe et al. (ICLR 2018) draw planes with them. The noise is assumed: the
    networks do not have it, and what the plane shows depends on its variance, which is why it has no usual value.
    Noisy networks are taken without their own noise. I(T;Y) is a difference of two bounds and none itself.

    Parameters
    ----------
    variance : float
        Of the assumed noise, in units of the activations squared. Saxe et al.: 0.1 in the text, 0.001 in the code.
    bound : {"upper", "lower"}
        Pairs of values at a distance d count as ``exp(-d^2 / (2 variance))``, or ``exp(-d^2 / (8 variance))``.

    Notes
    -----
    `Plane.null` is not a mean: it is I(T;Y) where the labels are permuted once, anew for each run and epoch.

    Raises
    ------
    InputError
        For a parameter out of range.
    """

    variance: float = 0.1
    bound: str = "upper"

    def __post_init__(self) -> None:
        number = isinstance(self.variance, int | float) and not isinstance(self.variance, bool)
        if not (number and 0 < self.variance < math.inf):
            raise InputError(f"variance is {self.variance!r}: give that of the assumed noise, a positive finite number")
        check_choice("bound", self.bound, tuple(_BOUNDS))

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
        """As `PlaneEstimator.of_trajectory`; every network is evaluated on the distinct codes of the layer before."""
        network = replace(fully_connected(trajectory.network, "kde"), noise=0.0)
        labels = _compact(labels, len(inputs))
        information = np.empty((len(runs), len(points), network.n_layers, 2))
        null = np.empty(information.shape[:-1])
        for r, run in enumerate(runs):
            for p, point in enumerate(points):
                ranges = None if trajectory.ranges is None else trajectory.ranges[run, point]
                permuted = np.random.default_rng(child(seed, run, point)).permutation(labels)
                layers = evaluate(network, trajectory.parameters[run, point], inputs, ranges)
                for at, layer in enumerate(layers):
                    *information[r, p, at], null[r, p, at] = self._layer(layer.values, layer.member, labels, permuted)
                progress((r * len(points) + p + 1) / (len(runs) * len(points)))
        return Plane(self._name, trajectory.epochs[points], np.asarray(runs), information, null)

    def of_layers(
        self,
        inputs: NDArray[Any],
        layers: Sequence[NDArray[Any]],
        labels: NDArray[Any],
        *,
        limits: tuple[float, float] | None = None,
        seed: np.random.SeedSequence,
    ) -> list[LayerInformation]:
        """As `PlaneEstimator.of_layers`; `limits` are not used."""
        labels = _compact(labels, len(inputs))
        permuted = np.random.default_rng(seed).permutation(labels)
        found = []
        for values in layers:
            if not np.isfinite(values).all():
                raise InputError("a layer holds NaN or infinity: give finite activations")
            first, member = distinct_rows(values)
            found.append(LayerInformation(*self._layer(np.asarray(values)[first], member, labels, permuted)))
        return found

    @property
    def _name(self) -> str:
        return f"kde[variance={self.variance:g},bound={self.bound}]"

    def _layer(
        self, values: NDArray[Any], member: NDArray[Any], labels: NDArray[np.int64], permuted: NDArray[np.int64]
    ) -> tuple[float, float, float]:
        """I(X;T), I(T;Y) and the latter of permuted labels, of distinct values and the one that each row has."""
        joints = [_joint(member, each) for each in (labels, permuted)]
        std = _BOUNDS[self.bound] * math.sqrt(self.variance)
        (i_x, i_y), (_, null) = bound_information(values, joints, std)
        return i_x, i_y, null


def _joint(member: NDArray[Any], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """The share of rows with each value and label; values in the order of the first row that has them."""
    joint = count_pairs(member[:, None], labels, int(labels.max()) + 1)[1]
    return joint / len(labels)


def _compact(labels: NDArray[Any], n: int) -> NDArray[np.int64]:
    """Labels numbered from 0 without gaps: each is a column of sums."""
    return np.unique(numbered("labels", labels, n), return_inverse=True)[1].reshape(n).astype(np.int64)
