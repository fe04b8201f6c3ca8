# SPDX-License-Identifier: Apache-2.0
"""The planes of one's own network, as they are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError
from mibench.names import suggest
from mibench.networks import archive
from mibench.studies.results import Plane

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["OwnPlane"]

_KIND = "own-plane"
_PARTS = ("information", "null")


@dataclass(frozen=True)
class OwnPlane:
    """I(X;T) and I(T;Y) of a network's layers at some epochs, by one estimator or more, in nats.

    Attributes
    ----------
    layers : tuple of str
    epochs : ndarray of int64, shape (E,)
    planes : mapping of str to Plane
        Of each estimator, by its name, of one run: ``information`` has shape (1, E, L, 2), ``null`` (1, E, L) or is
        None.
    input_entropy, label_entropy : float
        H(X) and H(Y) of the rows, the most that I(X;T) of a deterministic network and I(T;Y) can be.
    warnings : tuple of str
        Sentences that a reader of the planes should know.
    """

    layers: tuple[str, ...]
    epochs: NDArray[np.int64]
    planes: Mapping[str, Plane]
    input_entropy: float
    label_entropy: float
    warnings: tuple[str, ...] = ()

    @property
    def information(self) -> NDArray[np.float64]:
        """Of the first estimator, shape (E, L, 2): I(X;T) and I(T;Y); NaN where it has no answer."""
        found: NDArray[np.float64] = self.as_plane().information[0]
        return found

    @property
    def null(self) -> NDArray[np.float64] | None:
        """Of the first estimator, shape (E, L): I(T;Y) where labels are permuted."""
        null = self.as_plane().null
        return None if null is None else null[0]

    def as_plane(self, estimator: str | None = None) -> Plane:
        """The plane of an estimator, the first where none is named, as figures take it.

        Raises
        ------
        InputError
            If there is no plane of that name.
        """
        name = next(iter(self.planes)) if estimator is None else estimator
        if name not in self.planes:
            raise InputError(f"no plane of {name!r}{suggest(str(name), list(self.planes))}")
        return self.planes[name]

    def to_frame(self) -> pd.DataFrame:
        """A line for each estimator, epoch and layer: i_x, i_y and null, in nats."""
        import pandas as pd

        shape = (len(self.epochs), len(self.layers))
        frames = []
        for name, plane in self.planes.items():
            null = np.full(shape, np.nan) if plane.null is None else plane.null[0]
            columns = {
                "estimator": name,
                "epoch": np.repeat(self.epochs, shape[1]),
                "layer": np.tile(np.array(self.layers, dtype=object), shape[0]),
                "i_x": plane.information[0, :, :, 0].ravel(),
                "i_y": plane.information[0, :, :, 1].ravel(),
                "null": null.ravel(),
            }
            frames.append(pd.DataFrame(columns))
        return pd.concat(frames, ignore_index=True)

    def save(self, path: str | Path) -> None:
        """Write the planes to a file, in one step (`mibench.networks.archive`: an npz without pickles)."""
        header = {
            "layers": list(self.layers),
            "estimators": list(self.planes),
            "reasons": [list(plane.reasons) for plane in self.planes.values()],
            "input_entropy": self.input_entropy,
            "label_entropy": self.label_entropy,
            "warnings": list(self.warnings),
        }
        arrays: dict[str, NDArray[Any]] = {"epochs": self.epochs}
        for number, plane in enumerate(self.planes.values()):
            for part in _PARTS:
                values = getattr(plane, part)
                if values is not None:
                    missing = np.isnan(values)
                    arrays[f"{part}-{number}"] = np.where(missing, 0.0, values)
                    arrays[f"{part}-missing-{number}"] = missing
        archive.write(path, _KIND, header, arrays)

    @classmethod
    def load(cls, path: str | Path) -> OwnPlane:
        """Read what `save` wrote.

        Raises
        ------
        InputError
            If it is no such file, whole.
        """
        header, arrays = archive.read(path, _KIND)
        try:
            planes, epochs = {}, arrays["epochs"]
            layers = tuple(str(name) for name in header["layers"])
            for number, name in enumerate(header["estimators"]):
                found: dict[str, Any] = dict.fromkeys(_PARTS)
                for part in _PARTS:
                    if f"{part}-{number}" in arrays or part == "information":
                        missing = arrays[f"{part}-missing-{number}"]
                        found[part] = np.where(missing, np.nan, arrays[f"{part}-{number}"])
                if found["information"].shape != (1, len(epochs), len(layers), 2):
                    raise ValueError(f"information of shape {found['information'].shape}")
                reasons = tuple(header["reasons"][number])
                planes[str(name)] = Plane(str(name), epochs, np.zeros(1, np.int64), reasons=reasons, **found)
            entropies = float(header["input_entropy"]), float(header["label_entropy"])
            return cls(layers, epochs, planes, *entropies, tuple(header["warnings"]))
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise InputError(f"{path} holds no planes ({error}): give a file that OwnPlane.save wrote") from error
