# SPDX-License-Identifier: Apache-2.0
"""Planes by uniform bins of the activations, by all the conventions of the literature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError
from mibench.estimators.discretise import fixed_width, on_edges, uniform
from mibench.names import check_choice
from mibench.networks.trajectory import Trajectory
from mibench.studies.planes._binned import binned_plane
from mibench.studies.planes._codes import EDGES, UNIFORM, WIDTH, Rule
from mibench.studies.planes._layers import MOST_BINS, check_number, checked, counted_layer
from mibench.studies.planes.contract import LayerInformation, Progress
from mibench.studies.planes.extremes import extremes
from mibench.studies.planes.vectors import fully_connected, refuse_noise
from mibench.studies.results import Plane

__all__ = ["Bins"]

_FIRST_PASS = 0.3  # of the time goes into a run's extremes, about


@dataclass(frozen=True)
class Bins:
    """Intervals of equal width, the same for all units of a layer; the whole layer's bins are one symbol.

    A value's bin is found in float64, of activations as the network computes them. `Plane.null` is the exact mean of
    I(T;Y) over all permutations of the labels: what I(T;Y) shows where bins are fine and nothing has been learnt.

    Parameters
    ----------
    n : int, optional
        Intervals; with `edges` the number of their ends.
    lo, hi : float, optional
        Ends of the range, such as -1 and 1 for tanh. Those not given are extremes of the activations, see `range`.
    edges : bool
        ``numpy.digitize`` on ``numpy.linspace(lo, hi, n)``, what published codes call n bins: n - 1 intervals, one
        more for hi and all above, and one for what is below lo (Shwartz-Ziv and Tishby 2017, with 30 from -1 to 1;
        Rasmussen's thesis). By default n true intervals, the last one closed on both sides, and values outside of
        given ends count to the end intervals (Lorenzen, Igel and Nielsen, ICLR 2022).
    width : float, optional
        In place of `n`: bins ``floor(value / width)`` (Saxe et al., ICLR 2018).
    softmax : {"same", "unit"}
        Range of the output: that of the other layers, or 0 to 1.
    range : {"run", "layer"}
        Extremes over all layers, units and recorded epochs of a run, or of each layer at each epoch by itself.

    Raises
    ------
    InputError
        For a parameter out of range, or two that do not go together.
    """

    n: int | None = None
    lo: float | None = None
    hi: float | None = None
    edges: bool = False
    width: float | None = None
    softmax: str = "same"
    range: str = "run"

    def __post_init__(self) -> None:
        if (self.n is None) == (self.width is None):
            raise InputError(f"n is {self.n!r} and width is {self.width!r}: give one of them, such as n=30")
        if not isinstance(self.edges, bool):
            raise InputError(f"edges is {self.edges!r}: give true or false")
        check_choice("softmax", self.softmax, ("same", "unit"))
        check_choice("range", self.range, ("run", "layer"))
        for name in ("lo", "hi"):
            if getattr(self, name) is not None:
                check_number(name, getattr(self, name))
        if self.lo is not None and self.hi is not None and not self.lo < self.hi:
            raise InputError(f"lo is {self.lo:g} and hi is {self.hi:g}: give a lo below hi")
        if self.n is not None:
            check_number("n", self.n, whole=True, least=2 if self.edges else 1, most=MOST_BINS)
            return
        check_number("width", self.width)
        if not self.width > 0:  # type: ignore[operator]
            raise InputError(f"width is {self.width:g}: give a positive number")
        if self.edges or self.lo is not None or self.hi is not None or (self.softmax, self.range) != ("same", "run"):
            raise InputError("width goes without lo, hi, edges, softmax and range: its bins begin at 0, without end")

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
        refuse_noise(fully_connected(trajectory.network, "bins"), "bins")
        limits = np.full((len(runs), trajectory.network.n_layers, 2), np.nan)
        limits[..., 0] = np.nan if self.lo is None else self.lo
        limits[..., 1] = np.nan if self.hi is None else self.hi
        first = 0.0
        if self.width is None and self.range == "run" and np.isnan(limits).any():
            first = _FIRST_PASS
            found = extremes(trajectory, inputs, runs, lambda share: progress(first * share))
            own = np.stack([found[..., 0].min(axis=(1, 2)), found[..., 1].max(axis=(1, 2))], axis=-1)
            limits = np.where(np.isnan(limits), own[:, None], limits)
        if self.softmax == "unit":
            limits[:, -1] = (0.0, 1.0)
        if self.width is not None:
            rule = Rule(WIDTH, width=float(self.width))
        else:
            assert self.n is not None
            rule = Rule(EDGES if self.edges else UNIFORM, self.n)
        return binned_plane(
            trajectory, inputs, labels, runs, points, rule, limits, lambda share: progress(first + (1 - first) * share)
        )

    def of_layers(
        self,
        inputs: NDArray[Any],
        layers: Sequence[NDArray[Any]],
        labels: NDArray[Any],
        *,
        limits: tuple[float, float] | None = None,
        seed: np.random.SeedSequence,
    ) -> list[LayerInformation]:
        """As `PlaneEstimator.of_layers`, the last layer being the output; `seed` is not used."""
        member, values, labels = checked(inputs, layers, labels)
        every = limits or (min(float(each.min()) for each in values), max(float(each.max()) for each in values))
        found = []
        for number, layer in enumerate(values, start=1):
            low, high = every if self.range == "run" else (float(layer.min()), float(layer.max()))
            low, high = low if self.lo is None else self.lo, high if self.hi is None else self.hi
            if self.softmax == "unit" and number == len(values):
                low, high = 0.0, 1.0
            found.append(counted_layer(self.codes(layer, low, high), member, labels))
        return found

    def codes(self, values: NDArray[Any], low: float, high: float) -> NDArray[Any]:
        """The bins of activations, shape (N, d), with the range `low` to `high` unless bins have a width."""
        if self.width is not None:
            return fixed_width(values, self.width)
        assert self.n is not None
        limits = (float(low), float(max(low, high)))
        if self.edges:
            return on_edges(values, self.n, limits, outside=True)
        return uniform(np.clip(values.astype(np.float64), *limits), self.n, limits)
