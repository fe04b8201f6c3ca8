# SPDX-License-Identifier: Apache-2.0
"""The layers of a network as the next one reads them, and each compressed to few numbers a row."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import Unsupported
from mibench.networks.convolutional import Convolutional
from mibench.networks.convolutional_forward import activations
from mibench.networks.trajectory import Trajectory
from mibench.studies.planes.compressed_coders import LayerCoder
from mibench.studies.planes.compressed_information import Codes, Method
from mibench.studies.planes.compressed_linear import linear_loss_bound, principal, turned
from mibench.studies.planes.shown import shown_layers

__all__ = ["Layer", "LayerCompressor", "Seen", "seen_layers"]

LayerCompressor = Literal["pca", "ae", "none"]


@dataclass(frozen=True)
class Seen:
    """A layer, shape (n, d), and where additive noise of a known level is in it, the layer without and the level.

    Where it is a log-softmax, its rows are on a curved sheet, and only fewer numbers of it than d can have a density.
    """

    values: NDArray[Any]
    clean: NDArray[Any] | None = None
    noise: float = math.nan
    log_softmax: bool = False


def seen_layers(
    trajectory: Trajectory, run: int, point: int, rows: NDArray[Any], rng: np.random.Generator, *, centred: bool = False
) -> Iterator[Seen]:
    """The layers of one network, the first one first, with one draw of its noise for each row.

    The last one of a convolutional network is a log-softmax, or (`centred`) that less its mean in each row.
    """
    network = trajectory.network
    if not isinstance(network, Convolutional):
        for shown in shown_layers(trajectory, run, point, rows, rng):
            yield Seen(shown.values, shown.side.get("clean_y"), shown.side.get("noise_std_y", math.nan))
        return
    additive = network.noise > 0 and network.noise_kind == "additive"
    for number, values in enumerate(activations(network, trajectory.parameters[run, point], rows, rng), start=1):
        if additive and number < network.n_layers:
            noise = network.noise * rng.standard_normal(values.shape, dtype=np.float32)
            yield Seen(values + noise, values, network.noise)
        elif number < network.n_layers:
            yield Seen(values)
        else:
            yield Seen(values - values.mean(axis=1, keepdims=True) if centred else values, log_softmax=True)


class Layer:
    """Compresses one layer of one run, epoch by epoch.

    Parameters
    ----------
    compressor : {"pca", "ae", "none"}
    dim : int
        Numbers that are left.
    what : str
        Which layer, for messages.
    seed : SeedSequence
        Of an autoencoder.
    method : Method
        By which the codes will be measured.
    """

    def __init__(
        self, compressor: LayerCompressor, dim: int, what: str, seed: np.random.SeedSequence, method: Method
    ) -> None:
        self._compressor, self._dim, self._what, self._seed, self._method = compressor, dim, what, seed, method
        self._coder: LayerCoder | None = None

    def compressed(self, seen: Seen) -> tuple[Codes, float]:
        """Codes, and what they lack at most in nats, NaN where that is not known.

        Raises
        ------
        Unsupported
            If rows do not differ, or are not finite, and for all numbers of a log-softmax.
        """
        values, bound = seen.values, math.nan
        if not np.isfinite(values).all():
            raise Unsupported(f"{self._what} has values that are not finite")
        if seen.log_softmax and (self._compressor == "none" or self._dim >= values.shape[1]):
            raise Unsupported(
                f"{self._what} is a log-softmax of {values.shape[1]} numbers, one of which the others determine: it "
                f"has no density before it is compressed; give layer=pca and a dim below {values.shape[1]}"
            )
        if self._compressor == "none":
            codes, bound = values.astype(np.float64), 0.0
        elif values.shape[1] <= self._dim:
            codes, bound = turned(values, self._what), 0.0
        elif self._compressor == "pca":
            found = principal(values, self._dim, self._what)
            codes = found.scores
            if seen.clean is not None:
                bound = linear_loss_bound(seen.clean, codes, found.axes, seen.noise)
        else:
            codes = self._encoded(values)
        return Codes(codes, self._what, self._method), bound

    def _encoded(self, values: NDArray[Any]) -> NDArray[np.float64]:
        if self._coder is None:
            self._coder = LayerCoder(self._dim, self._seed)
        return self._coder.codes(values)
