# SPDX-License-Identifier: Apache-2.0
"""What a study has found, as files of a folder: trajectories, planes, measures and analyses of each setting.

::

    study.json                          what was asked, where it ran
    journal.jsonl                       a line for each product: seconds, or why there is none
    settings/NAME/trajectory.npz        parameters of all runs (`mibench.networks.trajectory`)
    settings/NAME/measures.npz          losses, accuracies, extremes
    settings/NAME/plane-ESTIMATOR.npz   a plane
    settings/NAME/analysis-NAME.npz     more arrays
    claims.json, report.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError, MibenchError
from mibench.networks import archive
from mibench.networks.trajectory import Trajectory

__all__ = ["Measures", "MissingResult", "Plane", "Results", "load_analysis", "save_analysis"]

_PLANE, _MEASURES, _ANALYSIS = "plane", "measures", "analysis"
_REAL = ("information", "null", "std_error", "loss_bound")  # arrays of a plane that may be NaN


class MissingResult(MibenchError):
    """The study has no such product: it was not asked for, or failed; the message says which."""


@dataclass(frozen=True)
class Plane:
    """I(X;T_l) and I(T_l;Y) of every layer, by one estimator, in nats.

    Attributes
    ----------
    estimator : str
    epochs : ndarray of int64, shape (E,)
        0 is before any step.
    runs : ndarray of int64, shape (R,)
        Their numbers.
    information : ndarray of float64, shape (R, E, L, 2)
        NaN where the estimator has no answer.
    null : ndarray of float64, shape (R, E, L), or None
        The mean of its I(T;Y) when labels are permuted: what it shows where there is nothing to know. None where an
        estimator has none.
    std_error : ndarray of float64, shape (R, E, L, 2), or None
    loss_bound : ndarray of float64, shape (R, E, L), or None
        At most what I(X;T) and I(T;Y) of a layer that was compressed first lack for that, in nats.
    reasons : tuple of str
        Why answers are missing, each once.
    """

    estimator: str
    epochs: NDArray[np.int64]
    runs: NDArray[np.int64]
    information: NDArray[np.float64]
    null: NDArray[np.float64] | None = None
    std_error: NDArray[np.float64] | None = None
    loss_bound: NDArray[np.float64] | None = None
    reasons: tuple[str, ...] = ()

    def save(self, path: Path) -> None:
        """Write the plane in one step."""
        arrays: dict[str, NDArray[Any]] = {"epochs": self.epochs, "runs": self.runs}
        for name in _REAL:
            array = getattr(self, name)
            if array is not None:  # files hold finite numbers only
                missing = np.isnan(array)
                arrays |= {name: np.where(missing, 0.0, array), f"{name}_missing": missing}
        archive.write(path, _PLANE, {"estimator": self.estimator, "reasons": list(self.reasons)}, arrays)

    @classmethod
    def load(cls, path: Path) -> Plane:
        """Read what `save` wrote.

        Raises
        ------
        InputError
            If it is no such file, whole.
        """
        header, arrays = archive.read(path, _PLANE)
        try:
            for name in _REAL:
                if name in arrays:
                    arrays[name] = np.where(arrays.pop(f"{name}_missing"), np.nan, arrays[name])
            information = arrays.pop("information")
            runs, epochs = len(arrays["runs"]), len(arrays["epochs"])
            if information.ndim != 4 or information.shape[:2] != (runs, epochs) or information.shape[3] != 2:
                raise ValueError(f"information of shape {information.shape}")
            found = cls(str(header["estimator"]), information=information, reasons=tuple(header["reasons"]), **arrays)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{path} is no plane ({error}): delete it, and give the study's command again") from error
        return found


@dataclass(frozen=True)
class Measures:
    """What else is known of a trajectory at its recorded epochs.

    Attributes
    ----------
    epochs : ndarray of int64, shape (E,)
    loss, accuracy : ndarray of float64, shape (R, E, 2)
        On the training rows and on the others (NaN where there are none), with the true labels; the loss is the mean
        cross-entropy in nats. Noisy networks are taken without noise.
    extremes : ndarray of float64, shape (R, E, L, 2)
        The least and the greatest value of each layer over all rows.
    """

    epochs: NDArray[np.int64]
    loss: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    extremes: NDArray[np.float64]

    def save(self, path: Path) -> None:
        """Write the measures in one step."""
        tested = not np.isnan(self.loss[..., 1]).any()
        arrays = {name: getattr(self, name) for name in ("epochs", "loss", "accuracy", "extremes")}
        if not tested:
            arrays |= {name: arrays[name][..., :1] for name in ("loss", "accuracy")}
        archive.write(path, _MEASURES, {}, arrays)

    @classmethod
    def load(cls, path: Path) -> Measures:
        """Read what `save` wrote.

        Raises
        ------
        InputError
            If it is no such file, whole.
        """
        _, arrays = archive.read(path, _MEASURES)
        try:
            for name in ("loss", "accuracy"):
                if arrays[name].shape[-1] == 1:
                    arrays[name] = np.concatenate([arrays[name], np.full_like(arrays[name], np.nan)], axis=-1)
            return cls(**arrays)
        except (KeyError, TypeError) as error:
            raise InputError(f"{path} holds no measures ({error}): delete it, and give the command again") from error


class Results:
    """A study's folder, read.

    Parameters
    ----------
    folder : path

    Raises
    ------
    InputError
        If the folder is no study's.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        try:
            self.about: dict[str, Any] = json.loads((self.folder / "study.json").read_text("utf-8"))
            self.study, self.scale, self.seed = str(self.about["study"]), str(self.about["scale"]), self.about["seed"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{self.folder / 'study.json'} is not there, or is damaged ({error}): give a folder of `mibench study`"
            ) from error
        self._cache: dict[Path, Any] = {}

    @property
    def settings(self) -> list[str]:
        """Names of settings of which there is something, in the order asked for."""
        asked = [str(name) for name in self.about.get("settings", [])]
        return [name for name in asked if (self.folder / "settings" / name).is_dir()]

    def path(self, setting: str, product: str) -> Path:
        """Where a product stands: ``trajectory``, ``measures``, ``plane-ESTIMATOR``, ``analysis-NAME``."""
        return self.folder / "settings" / quote(setting, safe="") / f"{quote(product, safe='[]=,-.')}.npz"

    def has(self, setting: str, product: str) -> bool:
        """Whether there is such a product."""
        return self.path(setting, product).is_file()

    def planes(self, setting: str) -> list[str]:
        """The estimators of which there is a plane, in the order asked for."""
        asked = [str(name) for name in self.about.get("planes", {}).get(setting, [])]
        return [name for name in asked if self.has(setting, f"plane-{name}")]

    def damaged(self) -> list[str]:
        """Why planes and measures that are there cannot be read, one text for each."""
        found = []
        for setting in self.settings:
            reads: list[Callable[[], object]] = [
                partial(self.plane, setting, estimator) for estimator in self.planes(setting)
            ]
            if self.has(setting, "measures"):
                reads.append(partial(self.measures, setting))
            for read in reads:
                try:
                    read()
                except InputError as error:
                    found.append(str(error))
        return found

    def plane(self, setting: str, estimator: str) -> Plane:
        """A plane.

        Raises
        ------
        MissingResult
            If there is none.
        """
        found: Plane = self._read(setting, f"plane-{estimator}", Plane.load)
        return found

    def measures(self, setting: str) -> Measures:
        """Losses, accuracies and extremes; raises `MissingResult` if there are none."""
        found: Measures = self._read(setting, "measures", Measures.load)
        return found

    def trajectory(self, setting: str) -> Trajectory:
        """The parameters; raises `MissingResult` if there are none."""
        found: Trajectory = self._read(setting, "trajectory", Trajectory.load, keep=False)
        return found

    def analysis(self, setting: str, name: str) -> Mapping[str, NDArray[Any]]:
        """The arrays of an analysis; raises `MissingResult` if there are none."""
        found: Mapping[str, NDArray[Any]] = self._read(setting, f"analysis-{name}", load_analysis)
        return found

    def failures(self) -> list[dict[str, Any]]:
        """Lines of the journal, setting, product and error, of products that failed and are not there now."""
        try:
            lines = (self.folder / "journal.jsonl").read_text("utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return []
        latest: dict[tuple[str, str], dict[str, Any]] = {}
        for text in lines:
            try:
                line = dict(json.loads(text))
                latest[str(line["setting"]), str(line["product"])] = line
            except (ValueError, TypeError, KeyError):  # torn by a crash: its product is there, or is done again
                continue
        return [line for key, line in latest.items() if line.get("status") == "failed" and not self.has(*key)]

    def _read(self, setting: str, product: str, load: Any, *, keep: bool = True) -> Any:
        path = self.path(setting, product)
        if path not in self._cache:
            if not path.is_file():
                raise MissingResult(f"{product} of {setting} is not there: it was not asked for, or failed")
            found = load(path)
            if not keep:
                return found
            self._cache[path] = found
        return self._cache[path]


def save_analysis(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write the arrays of an analysis in one step."""
    archive.write(path, _ANALYSIS, {}, arrays)


def load_analysis(path: Path) -> Mapping[str, NDArray[Any]]:
    """Read what `save_analysis` wrote."""
    return archive.read(path, _ANALYSIS)[1]
