# SPDX-License-Identifier: Apache-2.0
"""What a training leaves: the parameters of all runs at the recorded epochs, of which every plane is computed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError
from mibench.networks import archive
from mibench.networks.convolutional import AnyNetwork, Convolutional
from mibench.networks.quantisers import remembers
from mibench.networks.spec import Network, Training

__all__ = ["Trajectory"]

_KIND = "trajectory"
_CONVOLUTIONAL = "convolutional"


@dataclass(frozen=True)
class Trajectory:
    """R runs of a training, at some of its epochs.

    Attributes
    ----------
    network : Network or Convolutional
    training : Training
    seed : int
        All runs' root; run r is the same whatever the number of runs.
    dtype : {"float32", "float64"}
        What was trained in.
    epochs : ndarray of int64, shape (points,)
        Those recorded, increasing; epoch 0 is before any step.
    parameters : ndarray of `dtype`, shape (R, points, P)
    ranges : ndarray of `dtype`, shape (R, points, L, 4), or None
        As `mibench.networks.state.State.ranges`, where the mode's layers are rounded by them after training.
    loss, accuracy : ndarray of float32, shape (R, training.total_epochs)
        Means over each epoch's batches while it was trained, as Keras reports them.
    train : ndarray of int64, shape (R, n)
        Each run's training rows.
    restarts : ndarray of int64, shape (R,)
        How often a run was begun again, by `Training.restart_below`.
    """

    network: Any  # AnyNetwork; who reads it knows which
    training: Training
    seed: int
    dtype: str
    epochs: NDArray[np.int64]
    parameters: NDArray[Any]
    ranges: NDArray[Any] | None
    loss: NDArray[np.float32]
    accuracy: NDArray[np.float32]
    train: NDArray[np.int64]
    restarts: NDArray[np.int64]

    @property
    def n_runs(self) -> int:
        """R."""
        return len(self.parameters)

    def save(self, path: str | Path) -> None:
        """Write the trajectory to a file, in one step.

        Raises
        ------
        InputError
            If it holds numbers that are not finite.
        OSError
            If the file cannot be written.
        """
        header = {
            "network": asdict(self.network),
            "training": asdict(self.training),
            "seed": self.seed,
            "dtype": self.dtype,
        }
        if isinstance(self.network, Convolutional):  # a file of the other kind says nothing, as before there were two
            header["architecture"] = _CONVOLUTIONAL
        names = ("epochs", "parameters", "ranges", "loss", "accuracy", "train", "restarts")
        found = {name: getattr(self, name) for name in names}
        archive.write(path, _KIND, header, {name: array for name, array in found.items() if array is not None})

    @classmethod
    def load(cls, path: str | Path) -> Trajectory:
        """Read what `save` wrote.

        Raises
        ------
        InputError
            If the file is not one that `save` wrote, whole (`mibench.networks.archive.read`), or its parts do not fit.
        """
        header, arrays = archive.read(path, _KIND)
        try:
            network = _network(header)
            training = Training(**header["training"])
            seed, dtype = int(header["seed"]), np.dtype(header["dtype"])
            points, runs, rows = len(arrays["epochs"]), len(arrays["restarts"]), arrays["train"].shape[1]
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise InputError(f"{path} is no trajectory ({error}): give a file that Trajectory.save wrote") from error
        wanted: dict[str, tuple[Any, tuple[int, ...]]] = {
            "epochs": (np.int64, (points,)),
            "parameters": (dtype, (runs, points, network.n_parameters)),
            "loss": (np.float32, (runs, training.total_epochs)),
            "accuracy": (np.float32, (runs, training.total_epochs)),
            "train": (np.int64, (runs, rows)),
            "restarts": (np.int64, (runs,)),
        }
        if remembers(network):
            wanted["ranges"] = (dtype, (runs, points, network.n_layers, 4))
        if set(arrays) != set(wanted):
            raise InputError(f"{path} has arrays {sorted(arrays)}; expected {sorted(wanted)}")
        for name, (kind, shape) in wanted.items():
            array = arrays[name]
            if array.dtype != kind or array.shape != shape:
                raise InputError(
                    f"{path} has {name} of {array.dtype}, shape {array.shape}; expected {np.dtype(kind)}, shape {shape}"
                )
        epochs = arrays["epochs"]
        if points == 0 or (np.diff(epochs) <= 0).any() or epochs[0] < 0 or epochs[-1] > training.total_epochs:
            raise InputError(
                f"{path} has epochs {epochs[:3]} ...; expected increasing ones, 0 to {training.total_epochs}"
            )
        return cls(network, training, seed, str(dtype), ranges=arrays.pop("ranges", None), **arrays)


def _network(header: dict[str, Any]) -> AnyNetwork:
    found = header.get("architecture", "")
    if found not in ("", _CONVOLUTIONAL):
        raise ValueError(f"architecture {found!r}")
    return Convolutional(**header["network"]) if found else Network(**header["network"])
