# SPDX-License-Identifier: Apache-2.0
"""Autoencoders that compress inputs, once, and layers, again at every epoch of a run."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mibench.contracts import InputError, Unsupported
from mibench.estimators.compress.gaussianize import gaussianize
from mibench.estimators.compress.networks import dense_pair, initialise
from mibench.estimators.compress.training import Schedule, train
from mibench.numerics.device import pick
from mibench.studies.planes.compressed_linear import principal

__all__ = ["LayerCoder", "autoencoded"]

_LEAST_ROWS = 100
_CHUNK = 4096  # rows coded at once

_HIDDEN, _EPOCHS, _BATCH, _RATE, _NOISE = 256, 30, 250, 1e-3, 0.1  # of inputs; the noise is on codes of variance 1
_LEAST_STEPS = 2500
_ROTATIONS = 4  # that make the coordinates it starts from normal
_UNTRAINED = 0.95  # share of the held-out variance left unexplained

_UNITS = (24, 16)  # of layers, as published
_LAYER_BATCH, _LAYER_RATE = 500, 3e-3
_FIRST_STEPS, _STEPS = 500, 100

Floats = NDArray[np.float64]


def autoencoded(fitted: NDArray[Any], rows: NDArray[Any], dim: int, seed: np.random.SeedSequence) -> Floats:
    """Codes of rows, shape (n, dim), by an autoencoder that learnt to reconstruct others, shape (N, d).

    It is trained as `mibench.estimators.compress.autoencoder.AE` (`mibench.estimators.compress.training`): it starts
    from principal components, reads noisy codes, and its codes are drawn to a normal distribution.

    Raises
    ------
    InputError
        If it has fewer than 100 rows to learn from.
    Unsupported
        If it explains less than 5 % of the variance of rows that it kept from itself.
    """
    if len(fitted) < _LEAST_ROWS:
        raise InputError(
            f"an autoencoder of inputs needs at least {_LEAST_ROWS} rows, and there are {len(fitted)}: give x=pca"
        )
    leading = principal(fitted, dim, "the input")
    start = gaussianize(leading.scores, _ROTATIONS)
    mean, spread = leading.mean, float(np.sqrt(np.mean((fitted - leading.mean) ** 2, dtype=np.float64)))
    device = pick()

    def tensor(some: NDArray[Any]) -> Tensor:
        return torch.from_numpy(((some - mean) / spread).astype(np.float32)).to(device)

    encoder, decoder = dense_pair(fitted.shape[1], start.shape[1], _HIDDEN)
    steps = max(_LEAST_STEPS, _EPOCHS * len(fitted) // _BATCH)
    found = train(encoder, decoder, tensor(fitted), start, Schedule(steps, _BATCH, _RATE, _NOISE), _word(seed))
    if not found.held_out_loss < _UNTRAINED:
        raise Unsupported(
            f"the autoencoder of inputs leaves {found.held_out_loss:.3g} of the variance of rows that it did not see "
            "unexplained: give x=pca, or another dim"
        )
    return _coded(encoder, tensor(rows))


class LayerCoder:
    """The autoencoder of one layer: 24 and 16 units before the codes, and after them the same in reverse.

    Parameters
    ----------
    dim : int
    seed : SeedSequence
        Of its first weights and of the batches.
    """

    def __init__(self, dim: int, seed: np.random.SeedSequence) -> None:
        self._dim = dim
        self._generator = torch.Generator().manual_seed(_word(seed))
        self._pair: tuple[nn.Module, nn.Module] | None = None

    def codes(self, rows: NDArray[Any]) -> Floats:
        """Codes of rows, shape (n, d) -> (n, dim), after learning to reconstruct them from where it stood before."""
        centred = (rows - rows.mean(axis=0, dtype=np.float64).astype(rows.dtype)).astype(np.float32)
        spread = np.sqrt(np.square(centred).mean(axis=0, dtype=np.float64)).astype(np.float32)
        inputs = torch.from_numpy(np.divide(centred, spread, out=centred, where=spread > 0))
        steps = _STEPS
        if self._pair is None:
            steps = _FIRST_STEPS
            self._pair = _layer_pair(inputs.shape[1], self._dim)
            for half in self._pair:
                initialise(half, self._generator)
        encoder, decoder = self._pair
        optimiser = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=_LAYER_RATE, fused=True)
        for _ in range(steps):
            batch = inputs[torch.randint(len(inputs), (min(_LAYER_BATCH, len(inputs)),), generator=self._generator)]
            loss = (decoder(encoder(batch)) - batch).square().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        return _coded(encoder, inputs)


def _layer_pair(width: int, dim: int) -> tuple[nn.Module, nn.Module]:
    first, second = _UNITS
    with torch.device("meta"):  # no weights yet: drawing them would move the global generator
        pair = (
            nn.Sequential(*_line(width, first), *_line(first, second), nn.Linear(second, dim)),
            nn.Sequential(*_line(dim, second), *_line(second, first), nn.Linear(first, width)),
        )
    return pair[0].to_empty(device="cpu"), pair[1].to_empty(device="cpu")


def _line(inputs: int, units: int) -> tuple[nn.Module, nn.Module]:
    return nn.Linear(inputs, units), nn.LeakyReLU(0.2)


def _coded(encoder: nn.Module, inputs: Tensor) -> Floats:
    with torch.inference_mode():
        return torch.cat([encoder(part) for part in torch.split(inputs, _CHUNK)]).cpu().double().numpy()


def _word(seed: np.random.SeedSequence) -> int:
    return int(seed.generate_state(1, np.uint64)[0] >> np.uint64(1))
