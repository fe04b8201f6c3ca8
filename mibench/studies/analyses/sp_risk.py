# SPDX-License-Identifier: Apache-2.0
"""How far the plug-in of a noisy layer, h(P_n * N), is from h(P * N): rates in n and d, needed samples, distances.

P stands for the layer without its noise, P_n for n propagated samples (Goldfeld et al., ICML 2019 and IEEE Trans. Inf.
Theory 2020). Truths are exact (`mibench.studies.analyses.sp_sources`), so that errors of a thousandth of a nat show.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import log, pi
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from mibench.estimators.noisy_plugin import risk_bound
from mibench.numerics.mixtures import Mixture
from mibench.studies.analyses.sp_distances import matched_distance, smooth_cdf, uniform_distance
from mibench.studies.analyses.sp_sources import KINDS, Source, entropy_error, weighted_variation
from mibench.studies.planes.contract import Progress
from mibench.studies.planes.seeds import child
from mibench.studies.setting import Scale

__all__ = ["expected_entropy_of_counts", "sp_risk"]

Arrays = dict[str, NDArray[Any]]
DIMS, STD = (1, 2, 3, 5, 8), 0.5
_NEED_DIMS, _NEED_STDS, _NEED_ERROR = (2, 3, 4, 5, 6, 7, 8), (0.1, 0.5, 1.0), 0.25
_LOWER_DIMS, _LOWER_STD, _LOWER_N = (4, 8, 12), 0.05, (16, 64, 256)
_MOVED_DIMS = (1, 2, 3, 5)
_PAIR_STDS = (0.1, 0.2, 0.5)


@dataclass(frozen=True)
class _Size:
    sizes: tuple[int, ...]  # n of P8.3
    repeats: int
    draws: int
    needed: tuple[int, ...]  # n among which that of P8.4 is sought
    need_repeats: int
    moved: tuple[int, ...]  # n of P8.5
    pairs: int


_SIZES = {
    "paper": _Size(
        tuple(2**k for k in range(6, 13)),
        150,
        1024,
        tuple(2**k for k in range(1, 13)),
        20,
        (32, 64, 128, 256, 512),
        200,
    ),
    "quick": _Size((64, 256, 1024), 6, 256, (4, 16, 64, 256, 1024), 2, (32, 128), 20),
}


def sp_risk(*, scale: Scale, seed: np.random.SeedSequence, progress: Progress = lambda _share: None) -> Arrays:
    """Errors of the plug-in and distances of what it is made of.

    Returns
    -------
    dict
        In nats, of noise with standard deviation ``std`` (1,):

        ``dims`` (D,), ``sizes`` (N,), ``errors`` (P, D, N, repeats): h(P_n * N) - h(P * N) for P uniform on the cube, a
        product of normals cut off at -1 and 1, and the cube's corners; ``biases``: the part of it that is
        -KL(P_n * N | P * N); ``bounds`` (P, D, N): what the mean of its magnitude cannot exceed.

        ``lower_dims``, ``lower_sizes``, ``lower_measured`` (D, N, repeats) and ``lower_exact`` (D, N): the same error
        for corners that noise does not mix, measured and in closed form.

        ``need_dims``, ``need_stds``, ``needed`` (D, S): the n from which the mean error at corners is at most
        ``need_error``, by interpolation.

        ``moved_dims``, ``moved_sizes``, ``plain`` (D, N, repeats): W1(P, P_n) of the uniform cube (d = 1: exactly; else
        between two samples of n), ``smooth_below`` and ``smooth_above``: bounds of W1(P * N, P_n * N), equal for d = 1.

        ``pair_stds`` (S,), ``pair_gaps``, ``pair_distances`` and ``pair_clean`` (S, pairs): |h(P * N) - h(Q * N)|,
        W1(P * N, Q * N) and W1(P, Q) of distributions of some atoms on [-1, 1].
    """
    size = _SIZES[scale]
    parts = (_risk, _lower, _needed, _distances, _pairs)
    found: Arrays = {"std": np.array([STD])}
    for number, part in enumerate(parts):
        rng = np.random.default_rng(child(seed, number))
        shares = part(size, rng, found)
        for share in shares:
            progress((number + share) / len(parts))
    progress(1.0)
    return found


def _risk(size: _Size, rng: np.random.Generator, found: Arrays) -> Iterator[float]:
    shape = (len(KINDS), len(DIMS), len(size.sizes))
    errors, bounds = np.empty((*shape, size.repeats, 2)), np.empty(shape)
    sources = [Source(kind, STD) for kind in KINDS]
    for done, at in enumerate(np.ndindex(shape)):
        source, dim, n = sources[at[0]], DIMS[at[1]], size.sizes[at[2]]
        errors[at] = [entropy_error(source, dim, n, size.draws, rng) for _ in range(size.repeats)]
        bounds[at] = risk_bound(STD, dim, n, 2.0**dim if source.kind == "atoms" else np.inf)
        yield done / bounds.size
    found |= {"dims": np.array(DIMS), "sizes": np.array(size.sizes), "bounds": bounds}
    found |= {"errors": errors[..., 0], "biases": errors[..., 1]}


def _lower(size: _Size, rng: np.random.Generator, found: Arrays) -> Iterator[float]:
    measured = np.empty((len(_LOWER_DIMS), len(_LOWER_N), size.repeats))
    exact = np.empty(measured.shape[:2])
    for d, n in np.ndindex(exact.shape):
        dim, count = _LOWER_DIMS[d], _LOWER_N[n]
        for repeat in range(size.repeats):
            measured[d, n, repeat] = _corner_entropy(dim, count, rng) - dim * (log(2) + _noise_entropy(_LOWER_STD))
        exact[d, n] = expected_entropy_of_counts(2**dim, count) - dim * log(2)
        yield d / len(exact)
    found |= {"lower_dims": np.array(_LOWER_DIMS), "lower_sizes": np.array(_LOWER_N)}
    found |= {"lower_measured": measured, "lower_exact": exact}


def _corner_entropy(dim: int, n: int, rng: np.random.Generator) -> float:
    """h(P_n * N) of n corners by Monte Carlo, the control variate being the noise itself."""
    values = Source("atoms", _LOWER_STD).draw(n, dim, rng)
    z = rng.standard_normal((8, n, dim))
    points = (values + _LOWER_STD * z).reshape(-1, dim)
    own = -0.5 * (z**2).sum(axis=2).ravel() - 0.5 * dim * log(2 * pi * _LOWER_STD**2)
    log_r = Mixture(values, _LOWER_STD).log_density(points)
    return dim * _noise_entropy(_LOWER_STD) - float((log_r - own).mean())


def _noise_entropy(std: float) -> float:
    return 0.5 * log(2 * pi * std**2) + 0.5


def expected_entropy_of_counts(values: int, n: int) -> float:
    """Mean plug-in entropy of n draws from `values` equally likely ones, in nats: ln n less what coincidences take."""
    counts = np.arange(1, n + 1)
    return float(-values * (binom.pmf(counts, n, 1 / values) * (counts / n) * np.log(counts / n)).sum())


def _needed(size: _Size, rng: np.random.Generator, found: Arrays) -> Iterator[float]:
    needed = np.empty((len(_NEED_DIMS), len(_NEED_STDS)))
    sources = [Source("atoms", std) for std in _NEED_STDS]
    for done, at in enumerate(np.ndindex(needed.shape)):
        source, dim = sources[at[1]], _NEED_DIMS[at[0]]
        risks: list[float] = []
        for n in size.needed:
            errors = [entropy_error(source, dim, n, size.draws, rng)[0] for _ in range(size.need_repeats)]
            risks.append(float(np.mean(np.abs(errors))))
            if risks[-1] <= _NEED_ERROR:
                break
        needed[at] = _crossing(np.log(size.needed[: len(risks)]), np.log(risks), log(_NEED_ERROR))
        yield done / needed.size
    found |= {"need_dims": np.array(_NEED_DIMS), "need_stds": np.array(_NEED_STDS), "needed": needed}
    found["need_error"] = np.array([_NEED_ERROR])


def _crossing(log_n: NDArray[Any], log_risk: NDArray[Any], level: float) -> float:
    """The n at which a falling curve meets the level; the ends' line goes on where it does not."""
    if len(log_n) == 1:
        return float(np.exp(log_n[0]))
    slope = (log_risk[-1] - log_risk[-2]) / (log_n[-1] - log_n[-2])
    return float(np.exp(log_n[-1] + (level - log_risk[-1]) / slope))


def _distances(size: _Size, rng: np.random.Generator, found: Arrays) -> Iterator[float]:
    shape = (len(_MOVED_DIMS), len(size.moved), size.repeats)
    plain, below, above = np.empty(shape), np.empty(shape), np.empty(shape)
    source = Source("uniform", STD)
    for at in np.ndindex(shape):
        dim, n = _MOVED_DIMS[at[0]], size.moved[at[1]]
        plain[at] = uniform_distance(n, 0.0, rng) if dim == 1 else matched_distance(source, dim, n, rng)
        if dim == 1:
            below[at] = above[at] = uniform_distance(n, STD, rng)
        else:
            below[at], above[at] = weighted_variation(source, dim, n, size.draws, rng)
        if at[2] == 0:
            yield (at[0] * shape[1] + at[1]) / (shape[0] * shape[1])
    found |= {"moved_dims": np.array(_MOVED_DIMS), "moved_sizes": np.array(size.moved)}
    found |= {"plain": plain, "smooth_below": below, "smooth_above": above}


def _pairs(size: _Size, rng: np.random.Generator, found: Arrays) -> Iterator[float]:
    gaps, smooth, clean = (np.empty((len(_PAIR_STDS), size.pairs)) for _ in range(3))
    for s, pair in np.ndindex(gaps.shape):
        std, atoms = _PAIR_STDS[s], int(rng.integers(1, 9))
        one = np.sort(rng.uniform(-1, 1, atoms))
        two = np.sort(np.clip(one + 10 ** rng.uniform(-3, 0.3) * rng.standard_normal(atoms), -1, 1))
        t = np.linspace(-1 - 8 * std, 1 + 8 * std, 2001)
        entropies = []
        for values in (one, two):
            log_p = Mixture(values[:, None], std).log_density(t[:, None])
            entropies.append(-np.trapezoid(np.exp(log_p) * log_p, t))
        gaps[s, pair] = abs(entropies[0] - entropies[1])
        smooth[s, pair] = np.trapezoid(np.abs(smooth_cdf(one, std, t) - smooth_cdf(two, std, t)), t)
        clean[s, pair] = np.abs(one - two).mean()
        yield (s * size.pairs + pair) / gaps.size
    found |= {"pair_stds": np.array(_PAIR_STDS), "pair_gaps": gaps, "pair_distances": smooth, "pair_clean": clean}
