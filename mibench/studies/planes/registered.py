# SPDX-License-Identifier: Apache-2.0
"""Planes by any registered estimator of samples: the rows of the whole set are the sample."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench import estimators
from mibench.contracts import InputError, UnknownName, Unsupported
from mibench.names import parse, split_top, suggest
from mibench.networks.trajectory import Trajectory
from mibench.numerics.counting import numbered
from mibench.numerics.rows import distinct_rows
from mibench.studies.planes.contract import LayerInformation, Progress
from mibench.studies.planes.seeds import child
from mibench.studies.planes.shown import Shown, shown_layers
from mibench.studies.results import Plane

__all__ = ["Registered"]

_INPUT, _LABEL, _NULL, _DRAWN = range(4)  # what a seed is for
_OF_DENSITIES = frozenset({"gaussian", "ksg", "kl", "wkl", "kde"})  # they take both sides to have one


@dataclass(frozen=True)
class Registered:
    """I(X;T) and I(T;Y) as an estimator of `mibench.estimators` answers them, x being inputs or labels, y the layer.

    What the estimator refuses (`Unsupported`, `InputError`), a layer's I(X;T), its I(T;Y) or both, has no answer, and
    the plane says why.

    Parameters
    ----------
    name : str
        Such as ``ksg[k=5]``, ``plugin[correction=none]`` or ``pca+ksg``.

    Notes
    -----
    Of a trajectory more is known than of a sample, and is declared as side information: that inputs and labels are
    discrete and how many there are, the same of layers whose activations are rounded, and of noisy layers the noise's
    level and values without it. Of a noisy layer each row has one draw. An estimator that takes both sides to have a
    density (ksg, kl, wkl, kde, gaussian) is not asked where a side is declared discrete: it would give a number.

    The rows are the whole population, each once, which estimators take for a sample of a larger one. For what is
    counted that makes ``correction=none`` exact, and corrections wrong.

    `Plane.null` is not a mean: it is I(T;Y) where the labels are permuted once, anew for each run, epoch and layer.

    Raises
    ------
    UnknownName, InputError
        For an unknown name or parameter, with the nearest ones.
    """

    name: str

    def __post_init__(self) -> None:
        try:
            estimators.get(self.name)
        except UnknownName as error:
            from mibench.studies.planes import registry

            near = suggest(self.name, [*registry.names, *estimators.registry.names])
            raise UnknownName(f"{error}; of estimators of planes and of samples: {self.name!r}{near}") from None

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
        """As `PlaneEstimator.of_trajectory`; the epochs' answers do not depend on which others are asked for."""
        labels = numbered("labels", labels, len(inputs))
        rows = np.asarray(inputs).reshape(len(inputs), -1)
        of_input = {"x_is_discrete": True, "alphabet_size_x": len(distinct_rows(rows)[0])}
        of_label = {"x_is_discrete": True, "alphabet_size_x": len(np.unique(labels))}
        n_layers = trajectory.network.n_layers
        found = np.empty((len(runs), len(points), n_layers), dtype=object)
        for r, run in enumerate(runs):
            for p, point in enumerate(points):
                drawn = np.random.default_rng(child(seed, run, point, n_layers, _DRAWN))
                for at, layer in enumerate(shown_layers(trajectory, run, point, rows, drawn)):
                    cell = child(seed, run, point, at)
                    found[r, p, at] = _layer(self.name, rows, layer, labels, (of_input, of_label), cell)
                    progress(((r * len(points) + p) * n_layers + at + 1) / found.size)
        return _as_plane(self.name, trajectory.epochs[points], np.asarray(runs), found)

    def of_layers(
        self,
        inputs: NDArray[Any],
        layers: Sequence[NDArray[Any]],
        labels: NDArray[Any],
        *,
        limits: tuple[float, float] | None = None,
        seed: np.random.SeedSequence,
    ) -> list[LayerInformation]:
        """As `PlaneEstimator.of_layers`; only labels are declared discrete, and `limits` are not used."""
        labels = numbered("labels", labels, len(inputs))
        of_label = {"x_is_discrete": True, "alphabet_size_x": len(np.unique(labels))}
        sides: tuple[Mapping[str, Any], Mapping[str, Any]] = ({}, of_label)
        rows = np.asarray(inputs).reshape(len(inputs), -1)
        return [
            _layer(self.name, rows, Shown(values), labels, sides, child(seed, at)).information
            for at, values in enumerate(layers)
        ]


@dataclass(frozen=True)
class _Answer:
    """What is known of a layer, and the standard errors that the estimator gave, NaN for none."""

    information: LayerInformation
    std_error: tuple[float, float] = (math.nan, math.nan)


def _layer(
    name: str,
    rows: NDArray[Any],
    layer: Shown,
    labels: NDArray[np.int64],
    sides: tuple[Mapping[str, Any], Mapping[str, Any]],
    seed: np.random.SeedSequence,
) -> _Answer:
    def ask(x: NDArray[Any], about_x: Mapping[str, Any], about_y: Mapping[str, Any], what: int) -> tuple[float, float]:
        declared = [name for name, side in (("x", about_x), ("y", about_y)) if side.get(f"{name}_is_discrete")]
        if densities and declared:
            raise Unsupported(f"{name} takes both sides to have a density, and {' and '.join(declared)} is discrete")
        rng = np.random.default_rng(child(seed, what))
        if what == _NULL:
            x = rng.permutation(x)
        found = estimator.estimate(x, layer.values, rng=rng, side={**about_x, **about_y})
        if not math.isfinite(found.mi):
            raise Unsupported(f"the estimate is {found.mi}")
        return found.mi, math.nan if found.std_error is None else found.std_error

    estimator = estimators.get(name)
    densities = parse(split_top(name, "+")[-1]).name in _OF_DENSITIES
    of_input, of_label = sides
    asked = {
        _INPUT: (rows, of_input, {**layer.side, **layer.side_of_input}),
        _LABEL: (labels, of_label, layer.side),
        _NULL: (labels, of_label, layer.side),
    }
    answers, reasons = {}, []
    for what, (x, about_x, about_y) in asked.items():
        try:
            answers[what] = ask(x, about_x, about_y, what)
        except (Unsupported, InputError) as error:
            answers[what] = math.nan, math.nan
            reasons += [str(error)] if what != _NULL else []
    (i_x, error_x), (i_y, error_y), (null, _) = (answers[what] for what in asked)
    reason = "; ".join(dict.fromkeys(reasons))
    return _Answer(LayerInformation(i_x, i_y, math.nan if math.isnan(i_y) else null, reason), (error_x, error_y))


def _as_plane(name: str, epochs: NDArray[np.int64], runs: NDArray[np.int64], found: NDArray[Any]) -> Plane:
    """A plane of answers, shape (R, E, L); nulls and standard errors only where every layer with an answer has them."""
    information = np.array([(each.information.i_x, each.information.i_y) for each in found.flat])
    null = np.array([each.information.null for each in found.flat])
    std_error = np.array([each.std_error for each in found.flat])
    known = ~np.isnan(information)
    reasons = tuple(dict.fromkeys(each.information.reason for each in found.flat if each.information.reason))
    return Plane(
        name,
        epochs,
        runs,
        information.reshape(*found.shape, 2),
        null.reshape(found.shape) if _whole(null, known[:, 1]) else None,
        std_error.reshape(*found.shape, 2) if _whole(std_error, known) else None,
        reasons=reasons,
    )


def _whole(values: NDArray[np.float64], known: NDArray[np.bool_]) -> bool:
    """Whether there are such values, for every answer that is known."""
    return bool(known.any()) and not np.isnan(values[known]).any()
