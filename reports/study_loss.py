# SPDX-License-Identifier: Apache-2.0
"""The training loss at the epochs of a plane, and how fast it falls: what Butakov et al. colour their planes by."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import MibenchError
from mibench.studies.results import Plane, Results

__all__ = ["Losses", "change"]


class Losses:
    """Training losses of a setting, read when they are first asked for.

    Parameters
    ----------
    results : Results
    setting : str
    """

    def __init__(self, results: Results, setting: str) -> None:
        self._results, self._setting = results, setting
        self._found: tuple[NDArray[np.int64], NDArray[np.float64]] | None = None
        self._read = False

    def of(self, plane: Plane) -> NDArray[np.float64] | None:
        """Of a plane's runs at its epochs, shape (R, E), in nats; None where they are not known.

        The mean over an epoch's batches while it was trained, NaN before the first; of a folder without a trajectory
        the loss on the training rows after the epoch.
        """
        if not self._read:
            self._found, self._read = self._losses(), True
        if self._found is None:
            return None
        epochs, values = self._found
        if plane.runs.max(initial=-1) >= len(values):
            return None
        found = np.full((len(plane.runs), len(plane.epochs)), np.nan)
        _, at, place = np.intersect1d(plane.epochs, epochs, return_indices=True)
        found[:, at] = values[plane.runs][:, place]
        return found

    def _losses(self) -> tuple[NDArray[np.int64], NDArray[np.float64]] | None:
        try:
            if self._results.has(self._setting, "trajectory"):
                loss = self._results.trajectory(self._setting).loss.astype(np.float64)
                return np.arange(1, loss.shape[1] + 1), loss
            if self._results.has(self._setting, "measures"):
                measures = self._results.measures(self._setting)
                return measures.epochs, measures.loss[..., 0]
        except MibenchError:  # damaged: who shows the product says so
            pass
        return None


def change(epochs: NDArray[Any], loss: NDArray[Any]) -> NDArray[np.float64]:
    """By how much the loss, shape (..., E), changed in an epoch, since the point before; NaN at the first."""
    found = np.full(loss.shape, np.nan)
    found[..., 1:] = np.diff(loss, axis=-1) / np.diff(epochs)
    return found
