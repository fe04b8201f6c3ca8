# SPDX-License-Identifier: Apache-2.0
"""Nonlinear compression of each side."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from mibench.contracts import InputError, Unsupported
from mibench.estimators.compress.contract import Compression
from mibench.estimators.compress.dimension import latent_dim, two_nn
from mibench.estimators.compress.features import Features, features
from mibench.estimators.compress.gaussianize import gaussianize
from mibench.estimators.compress.isomap import isomap
from mibench.estimators.compress.networks import conv_pair, dense_pair
from mibench.estimators.compress.training import Schedule, Trained, train
from mibench.numerics.device import pick

__all__ = ["AE"]

_MIN_SAMPLES = 100
_MOST_AUTO = 10
_START_ROTATIONS = 4


@dataclass(frozen=True)
class AE:
    """An autoencoder of each side, then codes made nearly normal (Butakov et al., ICLR 2024, the method of Fig. 3).

    Each side becomes features (`mibench.estimators.compress.features`); landmark Isomap unrolls them to `latent_dim`
    coordinates; an autoencoder starts from these and learns to reconstruct the features from noisy codes; invertible
    steps make the codes nearly normal, which changes no mutual information and frees nearest-neighbour entropies from
    boundary bias.

    Parameters
    ----------
    latent_dim : int or "auto"
        Numbers in a code. ``auto``: the two-nearest-neighbour intrinsic dimension of each side's features, at most 10;
        what it found is in the diagnostics.
    architecture : "dense" or "conv"
        ``dense`` works on the features, whatever they came from. ``conv`` works on the pixels of images, as the
        paper's network did; it needs several times as long.
    hidden : int
        Width of the hidden layers.
    steps : int
        Optimiser steps.
    batch : int
        Samples in a step.
    learning_rate : float
        Peak of the one-cycle schedule.
    noise : float
        Standard deviation of the noise on the codes in training; codes have variance 1.
    restarts : int
        Trainings per side, of which the one with the least held-out error is kept.
    gaussianize : int
        Iterations of Gaussianisation of the codes; 0 leaves them as the encoder gave them.

    Raises
    ------
    InputError
        For fewer than 100 samples, a hyper-parameter out of range, or more latents than features.
    Unsupported
        If training explains less than 5 % of the held-out variance of a side.
    """

    latent_dim: int | Literal["auto"] = "auto"
    architecture: Literal["dense", "conv"] = "dense"
    hidden: int = 128
    steps: int = 2500
    batch: int = 125
    learning_rate: float = 3e-3
    noise: float = 0.1
    restarts: int = 1
    gaussianize: int = 9

    version: ClassVar[int] = 1
    shared: ClassVar[bool] = True
    check_params: ClassVar[Mapping[str, Any]] = {"steps": 100, "hidden": 32}

    def __post_init__(self) -> None:
        for name, least in {"hidden": 1, "steps": 10, "batch": 8, "restarts": 1, "gaussianize": 0}.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise InputError(f"ae: {name} is {value!r}; give a whole number, {least} or more")
        auto = self.latent_dim == "auto"
        if not auto and (
            isinstance(self.latent_dim, bool) or not isinstance(self.latent_dim, int) or self.latent_dim < 1
        ):
            raise InputError(f"ae: latent_dim is {self.latent_dim!r}; give 'auto' or a whole number, 1 or more")
        if self.architecture not in ("dense", "conv"):
            raise InputError(f"ae: architecture is {self.architecture!r}; give 'dense' or 'conv'")
        for name, floor in {"learning_rate": False, "noise": True}.items():
            value = getattr(self, name)
            if (
                isinstance(value, bool)
                or not isinstance(value, int | float)
                or not (value > 0 or (floor and value == 0))
            ):
                raise InputError(f"ae: {name} is {value!r}; give a number {'of at least' if floor else 'above'} 0")

    def compress(
        self, x: NDArray[Any], y: NDArray[Any], *, rng: np.random.Generator, side: Mapping[str, Any]
    ) -> Compression:
        """Codes of each side, shape (n, latent_dim); both sides train at the same time where torch has two threads."""
        if len(x) < _MIN_SAMPLES:
            raise InputError(f"ae: {len(x)} samples were given and an autoencoder needs at least {_MIN_SAMPLES}")
        for values, name in ((x, "x"), (y, "y")):
            if self.architecture == "conv" and values.ndim not in (3, 4):
                raise Unsupported(
                    f"ae[architecture=conv] needs images, shape (n, h, w) or (n, c, h, w), and {name} has shape "
                    f"{values.shape}; use ae[architecture=dense]"
                )
        jobs = zip((x, y), "xy", rng.spawn(2), strict=True)
        with ThreadPoolExecutor(min(2, torch.get_num_threads())) as pool:
            sides = list(pool.map(lambda job: self._one_side(*job), jobs))
        diagnostics = {key: value for _, found in sides for key, value in found.items()}
        return Compression(sides[0][0], sides[1][0], diagnostics=diagnostics)

    def _one_side(
        self, samples: NDArray[Any], name: str, rng: np.random.Generator
    ) -> tuple[NDArray[np.float64], dict[str, float]]:
        seen = features(samples)
        found = two_nn(seen.values) if self.latent_dim == "auto" else float("nan")
        dim = latent_dim(found, _MOST_AUTO) if self.latent_dim == "auto" else int(self.latent_dim)
        if dim > seen.values.shape[1]:
            if self.latent_dim != "auto":
                raise InputError(
                    f"ae: latent_dim is {dim} and {name} has {seen.values.shape[1]} features: give no more"
                )
            dim = seen.values.shape[1]
        start = gaussianize(isomap(seen.values, dim, rng), _START_ROTATIONS)
        runs = [self._train(samples, seen, start, rng) for _ in range(self.restarts)]
        best = min(runs, key=lambda run: run.held_out_loss)
        if not best.held_out_loss < 0.95:
            raise Unsupported(
                f"ae: training on {name} did not converge: {best.held_out_loss:.3g} of the held-out variance is left "
                f"unexplained after {self.steps} steps with latent_dim={dim}; lower learning_rate, raise steps or "
                "latent_dim, or use an estimator that needs no compression"
            )
        codes = gaussianize(best.codes, self.gaussianize) if self.gaussianize else best.codes
        diagnostics = {
            f"latent_dim_{name}": float(dim),
            f"held_out_loss_{name}": best.held_out_loss,
            f"train_loss_{name}": best.train_loss,
        }
        return codes, diagnostics if np.isnan(found) else {f"intrinsic_dim_{name}": found, **diagnostics}

    def _train(
        self, samples: NDArray[Any], seen: Features, start: NDArray[np.float64], rng: np.random.Generator
    ) -> Trained:
        if self.architecture == "conv":
            images = samples.reshape(len(samples), -1, *samples.shape[-2:]).astype(np.float32)
            values = (images - images.mean()) / images.std()
            encoder, decoder = conv_pair(values.shape[1:], start.shape[1], self.hidden)
        else:
            values = seen.emphasised
            encoder, decoder = dense_pair(values.shape[1], start.shape[1], self.hidden)
        schedule = Schedule(self.steps, self.batch, self.learning_rate, self.noise)
        seed = int(rng.integers(2**62))
        return train(encoder, decoder, torch.from_numpy(values).to(pick()), start, schedule, seed)
