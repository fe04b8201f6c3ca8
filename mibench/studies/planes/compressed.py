# SPDX-License-Identifier: Apache-2.0
"""Planes of images and layers that are compressed to few numbers first (Butakov et al., ICLR 2024)."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import Unsupported
from mibench.names import check_choice
from mibench.networks.convolutional import Convolutional
from mibench.networks.trajectory import Trajectory
from mibench.numerics.checks import check_count
from mibench.numerics.counting import numbered
from mibench.studies.planes.compressed_information import Codes, Method, information, label_information, label_value
from mibench.studies.planes.compressed_inputs import InputCompressor, fingerprint, input_codes
from mibench.studies.planes.compressed_layers import Layer, LayerCompressor, Seen, seen_layers
from mibench.studies.planes.contract import LayerInformation, Progress
from mibench.studies.planes.seeds import child
from mibench.studies.results import Plane

__all__ = ["Compressed"]

_NULL, _DRAWN, _CODER = range(3)  # what a seed is for


@dataclass(frozen=True)
class Compressed:
    """I(X;T) and I(T;Y) of compressed inputs and layers, by distances of nearest neighbours.

    Butakov et al., Information Bottleneck Analysis of Deep Neural Networks via Lossy Compression (ICLR 2024). Of a
    trajectory, the rows that a run was not trained on are measured: images compressed by what was fitted to the
    training rows, and each layer as one draw of the network's noise has it, new at every epoch, compressed by what is
    fitted to the measured rows.

    Parameters
    ----------
    x : {"ae", "pca", "none"}
        Of inputs: an autoencoder, principal components, or nothing. The autoencoder is the same for all planes of a
        study and is trained once in a process.
    layer : {"pca", "ae", "none"}
        Of layers. The autoencoder of a layer goes on at each epoch from where it stood at the one drawn before, so that
        its answers, unlike those of ``pca``, depend on which epochs are drawn.
    dim : int
        Numbers that are left of either. Inputs and layers of no more are taken as they are, but for directions in which
        they do not vary; with ``none`` all are, and these too.
    estimator : {"wkl", "kl", "ksg"}
        ``I(X;T) = h(X) + h(T) - h(X,T)`` and ``I(T;Y) = h(T) - sum_y p(y) h(T|Y=y)``, each entropy of whitened rows by
        Kozachenko and Leonenko (``kl``) or their weighted form (``wkl``, the weights those of
        `mibench.estimators.weights`; the published ones are all on the first neighbour up to 4 dimensions). ``ksg``:
        I(X;T) by Kraskov et al. (2004), equation (8), and I(T;Y) by Ross (2014).
    k : int
        Neighbours.
    output : {"as-is", "centred"}
        Of a classifier's last layer, the logarithms of its softmax: as they are, as published, or less their mean in
        each row. These are the logits less theirs, and say the same, but are in other proportions: where a classifier
        is sure, ``as-is`` varies most in how unlikely the unlikely classes are, which components then keep.

    Notes
    -----
    What is compressed knows no more than what it was made of: but for the estimator's error, answers are too small.
    Where a network has additive noise of standard deviation s, the plane is of T + Z, what the next layer reads, and
    `Plane.loss_bound` is the most that PCA of it can lose (Corollary 4, in the form of docs/theory.md):
    ``sum_{i>dim} ln(1 + lambda_i / s^2) / 2``, lambda_i being the eigenvalues of Cov(T), without Z; published is the
    cruder ``((n - dim) / 2) ln(1 + lambda_{dim+1} / s^2)``. It covers the layer's side alone, not what the compression
    of x loses, and is 0 for a layer of no more than `dim` numbers. It is NaN where it does not apply: for noise in
    proportion to what it is added to, for the output, after which no noise comes, and for an autoencoder.

    Noise in proportion leaves a unit that is at 0 without any, and a layer may then have no density. Nothing is added
    to the data for that: where more than 1 % of the compressed rows equal others, or a layer's codes are functions of
    the input's, there is no answer, and the plane says why.

    `Plane.std_error` is the spread over disjoint parts of the rows, eight or what there are rows of each label for, or
    the delta method's where that is larger (1.96 of it on either side make 95 %), that of I(T;Y) with the labels'
    frequencies as they are. It covers sampling error; the bias, which grows with information and dimension, is not in
    it. `Plane.null` is not a mean: it is I(T;Y) where the labels are permuted once, anew for each run, epoch and layer.
    It tells the bias of the entropies of few rows given a label, and may be below 0.

    Raises
    ------
    InputError
        For a parameter out of range.
    """

    x: InputCompressor = "ae"
    layer: LayerCompressor = "pca"
    dim: int = 4
    estimator: Literal["wkl", "kl", "ksg"] = "wkl"
    k: int = 5
    output: Literal["as-is", "centred"] = "as-is"

    def __post_init__(self) -> None:
        for name, allowed in (("x", InputCompressor), ("layer", LayerCompressor)):
            if getattr(self, name) is None:  # what a name's "none" is read as
                object.__setattr__(self, name, "none")
            check_choice(name, getattr(self, name), get_args(allowed))
        check_choice("estimator", self.estimator, ("wkl", "kl", "ksg"))
        check_choice("output", self.output, ("as-is", "centred"))
        check_count("dim", self.dim, 1)
        check_count("k", self.k, 1)

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
        """As `PlaneEstimator.of_trajectory`; with ``layer=pca`` a cell does not depend on which others are asked for.

        Raises
        ------
        Unsupported
            For rounded layers, which have no density, layers without noise, of which I(X;T) is H(X) or infinite, runs
            that were trained on all rows, and centred outputs of a network whose last layer is not a log-softmax.
        """
        network, labels = trajectory.network, numbered("labels", labels, len(inputs))
        if network.bits is not None:
            raise Unsupported(
                f"compressed takes layers to have a density, and these are rounded to {network.bits} bits: give 'exact'"
            )
        if not network.noise:
            raise Unsupported(
                "compressed estimates what noisy layers know, and this network has no noise: its layers are functions "
                "of the input, and I(X;T) is H(X) or infinite; give 'exact' or 'bins'"
            )
        centred = self.output == "centred"
        if centred and not isinstance(network, Convolutional):
            raise Unsupported("output=centred is of a log-softmax, and this network has none: leave it out")
        rows = _matrix(inputs)
        data, n_layers = fingerprint(rows), network.n_layers
        found = np.empty((len(runs), len(points), n_layers), dtype=object)
        for r, run in enumerate(runs):
            trained = trajectory.train[run]
            held = np.setdiff1d(np.arange(len(rows)), trained)
            if not len(held):
                raise Unsupported(
                    "compressed measures rows that were not trained on, and there are none: give training a fraction "
                    "below 1"
                )
            measured, said = rows[held], labels[held]
            x = self._inputs(rows[trained], measured, data + fingerprint(trained), seed)
            layers = [self._layer(at, child(seed, run, n_layers, at, _CODER)) for at in range(n_layers)]
            for p, point in enumerate(points):
                drawn = np.random.default_rng(child(seed, run, point, n_layers, _DRAWN))
                for at, seen in enumerate(seen_layers(trajectory, run, point, measured, drawn, centred=centred)):
                    found[r, p, at] = _answer(x, layers[at], seen, said, child(seed, run, point, at, _NULL))
                    progress(((r * len(points) + p) * n_layers + at + 1) / found.size)
        return _as_plane(self._name, trajectory.epochs[points], np.asarray(runs), found)

    def of_layers(
        self,
        inputs: NDArray[Any],
        layers: Sequence[NDArray[Any]],
        labels: NDArray[Any],
        *,
        limits: tuple[float, float] | None = None,
        seed: np.random.SeedSequence,
    ) -> list[LayerInformation]:
        """As `PlaneEstimator.of_layers`; compressors learn from the rows that are measured, `limits` are not used.

        An autoencoder of a layer starts anew: it has no epoch before.

        Raises
        ------
        Unsupported
            For centred outputs: nothing says which layer is a log-softmax.
        """
        if self.output == "centred":
            raise Unsupported("output=centred needs a log-softmax, and nothing says that the last layer is one")
        labels, rows = numbered("labels", labels, len(inputs)), _matrix(inputs)
        x = self._inputs(rows, rows, fingerprint(rows), seed)
        found = []
        for at, values in enumerate(layers):
            layer = self._layer(at, child(seed, at, _CODER))
            found.append(_answer(x, layer, Seen(_matrix(values)), labels, child(seed, at, _NULL)).information)
        return found

    @property
    def _name(self) -> str:
        means = f"estimator={self.estimator},k={self.k},output={self.output}"
        return f"compressed[x={self.x},layer={self.layer},dim={self.dim},{means}]"

    @property
    def _method(self) -> Method:
        return Method(self.estimator, self.k)

    def _inputs(self, fitted: NDArray[Any], rows: NDArray[Any], key: bytes, seed: np.random.SeedSequence) -> Codes:
        return input_codes(self.x, self.dim, fitted, rows, key, seed, self._method)

    def _layer(self, at: int, seed: np.random.SeedSequence) -> Layer:
        return Layer(self.layer, self.dim, f"layer {at + 1}", seed, self._method)


@dataclass(frozen=True)
class _Answer:
    """What is known of a layer, NaN for what is not."""

    information: LayerInformation
    std_error: tuple[float, float] = (math.nan, math.nan)
    loss_bound: float = math.nan


def _answer(x: Codes, layer: Layer, seen: Seen, labels: NDArray[np.int64], seed: np.random.SeedSequence) -> _Answer:
    try:
        codes, bound = layer.compressed(seen)
    except Unsupported as error:
        return _Answer(LayerInformation(math.nan, math.nan, reason=str(error)))
    i_x, error_x, no_x = _asked(information, x, codes)
    i_y, error_y, no_y = _asked(label_information, codes, labels)
    null = math.nan
    if not no_y:
        with contextlib.suppress(Unsupported):
            null = label_value(codes, np.random.default_rng(seed).permutation(labels))
    reason = "; ".join(dict.fromkeys(each for each in (no_x, no_y) if each))
    return _Answer(LayerInformation(i_x, i_y, null, reason), (error_x, error_y), bound)


def _asked(ask: Callable[..., tuple[float, float]], *about: Any) -> tuple[float, float, str]:
    """An answer, its standard error and nothing, or NaN and why there is none."""
    try:
        return (*ask(*about), "")
    except Unsupported as error:
        return math.nan, math.nan, str(error)


def _as_plane(name: str, epochs: NDArray[np.int64], runs: NDArray[np.int64], found: NDArray[Any]) -> Plane:
    def array(values: Sequence[Any], *more: int) -> NDArray[np.float64]:
        return np.array(values, dtype=np.float64).reshape(*found.shape, *more)

    null, bound = array([each.information.null for each in found.flat]), array([each.loss_bound for each in found.flat])
    return Plane(
        name,
        epochs,
        runs,
        array([(each.information.i_x, each.information.i_y) for each in found.flat], 2),
        None if np.isnan(null).all() else null,
        array([each.std_error for each in found.flat], 2),
        None if np.isnan(bound).all() else bound,
        tuple(dict.fromkeys(each.information.reason for each in found.flat if each.information.reason)),
    )


def _matrix(values: NDArray[Any]) -> NDArray[Any]:
    """Rows of float32 or float64, shape (n, d)."""
    rows = np.asarray(values).reshape(len(values), -1)
    return rows if rows.dtype == np.float32 else rows.astype(np.float64)
