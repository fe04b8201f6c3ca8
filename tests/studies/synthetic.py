# SPDX-License-Identifier: Apache-2.0
"""Writes study folders whose planes and measures are known: what claims are tested on (fixture ``synthetic``)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mibench.networks.spec import Network, Training
from mibench.networks.trajectory import Trajectory
from mibench.studies.results import Measures, Plane, Results, save_analysis

__all__ = ["Study"]

Curve = float | np.ndarray  # a number, or of shape (E,) or (R, E)


class Study:
    """A study's folder, written piece by piece.

    Parameters
    ----------
    folder : Path
    runs : int
    epochs : array, optional
        Recorded ones; about 70 from 0 to 8000, in equal ratios, where not given.
    sd : float
        By which runs differ, in bits; the same runs are high in all layers of a plane.
    scale, seed :
        Of ``study.json``.
    about : mapping, optional
        More of it, such as ``study`` and ``data``.
    """

    def __init__(
        self,
        folder: Path,
        runs: int = 12,
        epochs: Sequence[int] | None = None,
        sd: float = 0.02,
        scale: str = "paper",
        seed: int = 3,
        about: Mapping[str, Any] | None = None,
    ) -> None:
        if epochs is None:
            epochs = np.unique(np.geomspace(1, 8001, 70).round().astype(np.int64)) - 1
        self.folder, self.runs, self.sd = folder, runs, sd
        self.epochs = np.asarray(epochs, np.int64)
        self.about: dict[str, Any] = {"study": "ib-network", "scale": scale, "seed": seed, "settings": [], "planes": {}}
        self.about |= about or {}
        folder.mkdir(parents=True, exist_ok=True)
        self._asked()

    @property
    def results(self) -> Results:
        """The folder as it is now, read anew."""
        return Results(self.folder)

    def curve(self, *values: float) -> np.ndarray:
        """Straight between values spread evenly over log epochs, shape (E,)."""
        at = np.log1p(self.epochs) / np.log1p(self.epochs[-1])
        return np.interp(at, np.linspace(0, 1, len(values)), values)

    def plane(
        self,
        setting: str,
        estimator: str,
        x: Sequence[Curve],
        y: Sequence[Curve],
        *,
        sd: float | None = None,
        **more: Any,
    ) -> Plane:
        """Write a plane.

        Parameters
        ----------
        setting, estimator : str
        x, y : sequence
            I(X;T) and I(T;Y) in bits, a curve for each layer: a number, an array of shape (E,) or of (R, E).
        sd : float, optional
            In place of the study's.
        more :
            Further fields of `Plane`, in nats.
        """
        differ = self._differing(setting, self.sd if sd is None else sd)
        information = np.stack([self._spread(x, differ), self._spread(y, 0.1 * differ)], axis=-1) * np.log(2)
        plane = Plane(estimator, self.epochs, np.arange(self.runs), information, **more)
        plane.save(self._path(setting, f"plane-{estimator}"))
        asked = self.about["planes"].setdefault(setting, [])
        self.about["planes"][setting] = [*asked, *{estimator}.difference(asked)]
        self._asked(setting)
        return plane

    def measures(
        self, setting: str, *, train: Curve = 1.0, test: Curve = 1.0, loss: Curve = 0.1, maxima: Sequence[Curve] = ()
    ) -> Measures:
        """Write measures: accuracies, the loss (of both parts), and each layer's greatest value; the least are 0."""
        accuracy = self._spread([train, test], 0 * self._differing(setting, 0))
        losses = self._spread([loss, loss], 0 * self._differing(setting, 0))
        greatest = self._spread(maxima or [1.0], 0 * self._differing(setting, 0))
        extremes = np.stack([np.zeros_like(greatest), greatest], axis=-1)
        measures = Measures(self.epochs, losses, accuracy, extremes)
        measures.save(self._path(setting, "measures"))
        self._asked(setting)
        return measures

    def losses(self, setting: str, loss: np.ndarray) -> None:
        """Write a trajectory of a network of no account whose loss, shape (epochs,), is the same in all runs."""
        network, training = Network((2, 2)), Training(epochs=len(loss))
        each = np.broadcast_to(np.asarray(loss, np.float32), (self.runs, len(loss)))
        parameters = np.zeros((self.runs, len(self.epochs), network.n_parameters), np.float32)
        rows = np.zeros((self.runs, 1), np.int64)
        restarts = np.zeros(self.runs, np.int64)
        found = Trajectory(network, training, 0, "float32", self.epochs, parameters, None, each, each, rows, restarts)
        found.save(self._path(setting, "trajectory"))
        self._asked(setting)

    def analysis(self, setting: str, name: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Write the arrays of an analysis."""
        save_analysis(self._path(setting, f"analysis-{name}"), arrays)
        self._asked(setting)

    def _differing(self, setting: str, sd: float) -> np.ndarray:
        """What each run of a setting has more than the mean, shape (R, 1, 1); it sums to 0."""
        steps = np.linspace(-1, 1, self.runs) * sd if self.runs > 1 else np.zeros(1)
        return np.random.default_rng([*setting.encode()]).permutation(steps)[:, None, None]

    def _spread(self, curves: Sequence[Curve], differ: np.ndarray) -> np.ndarray:
        """Curves of layers as an array of shape (R, E, L)."""
        shape = (self.runs, len(self.epochs))
        return np.stack([np.broadcast_to(np.asarray(curve, np.float64), shape) for curve in curves], axis=-1) + differ

    def _path(self, setting: str, product: str) -> Path:
        path = self.results.path(setting, product)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _asked(self, setting: str | None = None) -> None:
        if setting is not None and setting not in self.about["settings"]:
            self.about["settings"].append(setting)
        (self.folder / "study.json").write_text(json.dumps(self.about))
