# SPDX-License-Identifier: Apache-2.0
"""Linear compression of each side, with a bound on what it loses."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError
from mibench.estimators.compress.contract import Compression
from mibench.estimators.compress.dimension import latent_dim, two_nn
from mibench.estimators.compress.features import principal_axes
from mibench.numerics.gaussian_information import corollary4_bound, sharper_bound, trace_bound

__all__ = ["PCA"]

_MOST_AUTO = 10


@dataclass(frozen=True)
class PCA:
    """Principal components of each side (Butakov et al., ICLR 2024, Corollary 4).

    Where ``side["noise_std"]`` gives the level s of white noise in both sides, independent of everything else, the
    information that the discarded directions can carry is bounded (docs/theory.md). With the noise-free data in
    ``side["clean_x"]`` and ``side["clean_y"]`` the bound is ``sum ln(1 + lambda_i / s^2) / 2``, lambda_i being the
    eigenvalues of what the codes leave unexplained of the clean data in the discarded directions; Corollary 4's own,
    larger number stands in the diagnostics. Without them it is the trace form, the discarded variance measured by
    two-fold cross-validation.

    Parameters
    ----------
    dim : int or "auto"
        Components kept per side. ``auto``: with a known noise level, those whose variance stands above the largest that
        noise alone would show, ``s^2 (1 + sqrt(d / n))^2``; else the two-nearest-neighbour intrinsic dimension of the
        data. At most 10.
    """

    dim: int | Literal["auto"] = "auto"

    version: ClassVar[int] = 1
    shared: ClassVar[bool] = False  # quick, and what it bounds depends on the side information

    def __post_init__(self) -> None:
        if self.dim != "auto" and (isinstance(self.dim, bool) or not isinstance(self.dim, int) or self.dim < 1):
            raise InputError(f"pca: dim is {self.dim!r}; give 'auto' or a whole number of components, 1 or more")

    def compress(
        self, x: NDArray[Any], y: NDArray[Any], *, rng: np.random.Generator, side: Mapping[str, Any]
    ) -> Compression:
        """Scores on the leading components, shape (n, dim)."""
        noise = side.get("noise_std")
        if noise is not None and not (isinstance(noise, numbers.Real) and float(noise) > 0):
            raise InputError(f"noise_std is {noise!r}: give the standard deviation of the noise, above 0")
        codes, diagnostics, sharp = [], {}, 0.0
        for samples, name in ((x, "x"), (y, "y")):
            flat = samples.reshape(len(samples), -1).astype(np.float64)
            centred = flat - flat.mean(axis=0)
            axes, variances = principal_axes(centred)
            kept = self._kept(centred, variances, noise, name)
            codes.append(centred @ axes[:, :kept])
            diagnostics[f"dim_{name}"] = float(kept)
            diagnostics[f"explained_{name}"] = float(variances[:kept].sum() / variances.sum())
            if noise is not None:
                literal, sharper = _losses(centred, axes, kept, float(noise), side.get(f"clean_{name}"), rng)
                diagnostics[f"corollary4_{name}"] = literal
                diagnostics[f"loss_bound_{name}"] = sharper
                sharp += sharper
        return Compression(codes[0], codes[1], None if noise is None else sharp, diagnostics)

    def _kept(self, centred: NDArray[np.float64], variances: NDArray[np.float64], noise: Any, name: str) -> int:
        n, width = centred.shape
        if self.dim != "auto":
            if self.dim > min(n - 1, width):
                raise InputError(f"pca: dim is {self.dim} and {name} has {min(n - 1, width)} components: give no more")
            return int(self.dim)
        if noise is None:
            return min(int(width), latent_dim(two_nn(centred), _MOST_AUTO))
        edge = float(noise) ** 2 * (1.0 + np.sqrt(width / n)) ** 2
        return max(1, min(_MOST_AUTO, int((variances > edge).sum())))


def _losses(
    centred: NDArray[np.float64],
    axes: NDArray[np.float64],
    kept: int,
    noise: float,
    clean: Any,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Corollary 4's bound and the sharper one that is used, in nats, for one side."""
    n, width = centred.shape
    if clean is not None:
        flat = np.asarray(clean, dtype=np.float64).reshape(n, -1)
        _, all_variances = principal_axes(flat - flat.mean(axis=0))
        discarded = (flat - flat.mean(axis=0)) @ axes[:, kept:]
        codes = centred @ axes[:, :kept]
        # Axes fitted to noisy data leak strong components into the discarded ones, but what the codes tell is not lost.
        _, tail = principal_axes(discarded - codes @ np.linalg.lstsq(codes, discarded, rcond=None)[0])
        return corollary4_bound(all_variances, noise, kept), sharper_bound(tail, noise, 0)
    halves = np.array_split(rng.permutation(n), 2)
    traces = []
    for fitted, measured in (halves, halves[::-1]):
        part = centred[fitted] - centred[fitted].mean(axis=0)
        kept_axes, _ = principal_axes(part)
        rest = (centred[measured] - centred[measured].mean(axis=0)) @ kept_axes[:, kept:]
        traces.append(float((rest**2).sum() / len(measured)))
    tail_trace = max(0.0, float(np.mean(traces)) - (width - kept) * noise**2)
    variances = np.maximum(principal_axes(centred)[1] - noise**2, 0.0)
    return corollary4_bound(variances, noise, kept), trace_bound(tail_trace, noise, width - kept)
