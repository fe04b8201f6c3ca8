# SPDX-License-Identifier: Apache-2.0
"""Information planes of a network of one's own: any torch module, as it is, from checkpoints, or while it is trained.

The rows given are the whole population, each as probable as it is frequent, and the network is deterministic: that is
what ``exact`` counts, and what `OwnPlane.warnings` says the limits of.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mibench.contracts import InputError, Unsupported
from mibench.files import write_whole
from mibench.numerics.checks import check_count
from mibench.numerics.entropies import plug_in
from mibench.studies import planes as estimators_of_planes
from mibench.studies.own_checkpoints import Checkpoint, checkpoints_of, load_state, state_for
from mibench.studies.own_inputs import Rows, read_rows
from mibench.studies.own_layers import Watched, own_state, unwrapped
from mibench.studies.own_result import OwnPlane
from mibench.studies.own_survey import Survey, warnings_of
from mibench.studies.planes.contract import LayerInformation, PlaneEstimator
from mibench.studies.planes.seeds import child
from mibench.studies.results import Plane

__all__ = ["OwnPlane", "Recorder", "plane"]

_KEPT = 1 << 29  # bytes of activations that are not computed twice


def plane(
    model: nn.Module,
    x: Any,
    y: Any,
    *,
    layers: Sequence[str] | None = None,
    estimator: str | Sequence[str] = "exact",
    checkpoints: Mapping[int, Any] | Sequence[Any] | None = None,
    batch_size: int = 1024,
    seed: int = 0,
) -> OwnPlane:
    """The information plane of a torch network.

    The model is left as it is: its parameters, buffers, gradients, mode, hooks and torch's random generators. It runs
    in eval mode, in batches, on the device it is on, once for every distinct row of x.

    Parameters
    ----------
    model : torch.nn.Module
        Called as ``model(batch)``.
    x : array_like or Tensor, shape (N, ...)
        The whole set of inputs; its distribution is taken to be the true one.
    y : array_like or Tensor of whole numbers, shape (N,)
        Labels.
    layers : sequence of str, optional
        Names of ``model.named_modules()``; ``output`` is what the model gives. By default every activation module
        (`torch.nn.Tanh`, ...), or, where there is none, every linear and convolutional layer, and the output. Layers
        give one tensor of a row for each input, which is flattened. One that runs k > 1 times in a pass is ``name#1``
        to ``name#k``.
    estimator : str or sequence of str
        Of `mibench.studies.planes`, such as ``exact``, ``bins[n=30]``, ``kde[variance=0.1]``, or any of
        `mibench.estimators`, such as ``ksg``.
    checkpoints : mapping of int to path, or sequence of paths, optional
        Saved ``state_dict``s by epoch, as `torch.save` writes them, alone or under ``state_dict``,
        ``model_state_dict`` or ``model``; read with ``weights_only=True``. Epochs of a sequence are the last whole
        numbers in the files' names, where each has one and they differ, else places from 0. By default the model as it
        is, as epoch 0.
    batch_size : int
    seed : int
        Root of what is random in estimators, and in networks that draw random numbers in eval mode.

    Returns
    -------
    OwnPlane

    Raises
    ------
    InputError
        For a model, rows, layers or checkpoints that do not fit together, pickled objects, or activations that are
        NaN; it says which, and what was expected.
    UnknownName
        For an unknown estimator, with the nearest ones.
    """
    subject = _Subject(model, x, y, layers, estimator, batch_size, seed)
    if checkpoints is None:
        now = own_state(subject.model)
        return subject.plane([Checkpoint(0, "epoch 0, the model as it is", lambda: now)])
    return subject.plane(checkpoints_of(checkpoints))


class Recorder:
    """Records a network while it is trained; its planes are computed when they are asked for.

    ``recorder(epoch)`` in the training loop copies the parameters and buffers and touches nothing else, so that a
    training with a recorder is the training without, to the bit. Names, rows and layers are checked when it is made.

    Parameters
    ----------
    model, x, y, layers, estimator, batch_size, seed
        See `plane`.
    folder : path, optional
        Copies are written there, as ``epoch-000010.pt``, in place of being held in memory, and outlive the process:
        they are checkpoints for `plane`.

    Raises
    ------
    InputError, UnknownName
        As `plane`; for a folder that holds such files already.

    Examples
    --------
    >>> recorder = Recorder(model, x, y, estimator=["exact", "bins[n=30]"])  # doctest: +SKIP
    >>> for epoch in range(20):  # doctest: +SKIP
    ...     recorder(epoch)
    ...     train_one_epoch(model)
    >>> recorder.plane().to_frame()  # doctest: +SKIP
    """

    def __init__(
        self,
        model: nn.Module,
        x: Any,
        y: Any,
        *,
        layers: Sequence[str] | None = None,
        estimator: str | Sequence[str] = "exact",
        batch_size: int = 1024,
        seed: int = 0,
        folder: str | Path | None = None,
    ) -> None:
        self._subject = _Subject(model, x, y, layers, estimator, batch_size, seed)
        self._folder = None if folder is None else Path(folder)
        self._recorded: dict[int, Mapping[str, Tensor] | Path] = {}
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            if any(self._folder.glob("epoch-*.pt")):
                raise InputError(
                    f"folder {self._folder} holds checkpoints already: give a new one, or read it with "
                    "plane(model, x, y, checkpoints=...)"
                )

    @property
    def epochs(self) -> tuple[int, ...]:
        """Those recorded, rising."""
        return tuple(sorted(self._recorded))

    def __call__(self, epoch: int) -> None:
        """Record the network as it is now.

        Raises
        ------
        InputError
            If the epoch is no whole number of at least 0, or was recorded before.
        """
        epoch = check_count("epoch", epoch, 0)
        if epoch in self._recorded:
            raise InputError(f"epoch {epoch} is recorded already: give each epoch once")
        values = self._subject.model.state_dict()
        state = {k: v.detach().to("cpu", copy=True) for k, v in values.items() if isinstance(v, Tensor)}
        if self._folder is None:
            self._recorded[epoch] = state
            return
        buffer = io.BytesIO()
        torch.save(state, buffer)
        path = self._folder / f"epoch-{epoch:06d}.pt"
        write_whole(path, buffer.getvalue())
        self._recorded[epoch] = path

    def plane(self, epochs: Sequence[int] | None = None) -> OwnPlane:
        """The planes of the recorded epochs, or of some of them.

        Raises
        ------
        InputError
            If nothing or no such epoch is recorded, or activations are NaN: then give the epochs before.
        """
        asked = self.epochs if epochs is None else sorted(epochs)
        unknown = [epoch for epoch in asked if epoch not in self._recorded]
        if unknown or not asked:
            raise InputError(
                f"epochs {unknown} are not recorded; there are {list(self.epochs)}"
                if unknown
                else "nothing is recorded: call recorder(epoch) in the training loop first"
            )
        return self._subject.plane([self._checkpoint(epoch) for epoch in asked])

    def _checkpoint(self, epoch: int) -> Checkpoint:
        kept = self._recorded[epoch]
        return Checkpoint(epoch, f"epoch {epoch}", lambda: load_state(kept) if isinstance(kept, Path) else kept)


class _Subject:
    """A network, the rows that it is seen through, and by which estimators."""

    def __init__(
        self,
        model: nn.Module,
        x: Any,
        y: Any,
        layers: Sequence[str] | None,
        estimator: str | Sequence[str],
        batch_size: int,
        seed: int,
    ) -> None:
        self.model = unwrapped(model)
        self._seed = check_count("seed", seed, 0)
        names = [estimator] if isinstance(estimator, str) else list(estimator)
        if not names or len(set(names)) < len(names):
            raise InputError(f"estimator is {estimator!r}: give a name, or different names")
        self._estimators: dict[str, PlaneEstimator] = {name: estimators_of_planes.get(name) for name in names}
        self._rows: Rows = read_rows(x, y, self.model)
        self._watched = Watched(
            self.model, self._rows.distinct, layers, check_count("batch_size", batch_size, 1), self._seed
        )

    def plane(self, checkpoints: Sequence[Checkpoint]) -> OwnPlane:
        """All of them are looked at first: what is wrong with one is found, and so are the extremes of all."""
        survey, size = Survey(self._watched), 0
        kept: dict[int, list[NDArray[Any]]] = {}
        for each in checkpoints:
            layers = self._activations(each)
            survey.add(each.epoch, each.where, layers)
            size += sum(values.nbytes for values in layers)
            if size <= _KEPT:
                kept[each.epoch] = layers
        found: dict[str, list[list[LayerInformation]]] = {name: [] for name in self._estimators}
        for each in checkpoints:
            layers = kept.pop(each.epoch) if each.epoch in kept else self._activations(each)
            layers = [values[self._rows.member] for values in layers]
            seed = child(np.random.SeedSequence(self._seed), each.epoch)
            for name, estimator in self._estimators.items():
                found[name].append(self._of_layers(estimator, layers, (survey.low, survey.high), seed))
        epochs = np.array([each.epoch for each in checkpoints], dtype=np.int64)
        planes = {name: _as_plane(name, epochs, cells) for name, cells in found.items()}
        labels = np.unique(self._rows.labels, return_counts=True)[1]
        return OwnPlane(
            self._watched.names,
            epochs,
            planes,
            self._rows.entropy,
            plug_in(labels),
            warnings_of(survey, self._rows, planes),
        )

    def _activations(self, checkpoint: Checkpoint) -> list[NDArray[Any]]:
        return self._watched.activations(state_for(self.model, checkpoint.read(), checkpoint.where))

    def _of_layers(
        self,
        estimator: PlaneEstimator,
        layers: list[NDArray[Any]],
        limits: tuple[float, float],
        seed: np.random.SeedSequence,
    ) -> list[LayerInformation]:
        rows = self._rows
        try:
            return estimator.of_layers(rows.flat, layers, rows.labels, limits=limits, seed=seed)
        except (Unsupported, InputError) as error:
            return [LayerInformation(math.nan, math.nan, reason=str(error))] * len(layers)


def _as_plane(name: str, epochs: NDArray[np.int64], cells: list[list[LayerInformation]]) -> Plane:
    information = np.array([[(cell.i_x, cell.i_y) for cell in row] for row in cells])[None]
    null = np.array([[cell.null for cell in row] for row in cells])[None]
    reasons = tuple(dict.fromkeys(cell.reason for row in cells for cell in row if cell.reason))
    return Plane(
        name, epochs, np.zeros(1, np.int64), information, None if np.isnan(null).all() else null, reasons=reasons
    )
