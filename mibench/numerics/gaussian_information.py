# SPDX-License-Identifier: Apache-2.0
"""Mutual information of jointly normal vectors, and how much of it a linear compression can lose.

Everything is in nats. The bounds are Corollary 4 of Butakov et al. (ICLR 2024) and sharper forms of it: white noise Z
of standard deviation s, **independent of (X, Y)**, is added to X, then X + Z is compressed by an orthonormal
projection E that keeps n' of n dimensions. ``docs/theory.md`` has the proofs and the counterexample without
independence of Y. When both sides are compressed, the two losses' bounds add.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError

__all__ = ["corollary4_bound", "gaussian_mi", "sharper_bound", "trace_bound"]


def gaussian_mi(cov: Any, dim_x: int) -> float:
    """I(X;Y) of jointly normal X and Y, by log-determinants.

    Parameters
    ----------
    cov : array_like, shape (dim_x + dim_y, dim_x + dim_y)
        Covariance of the stacked vector (X, Y): symmetric, positive definite.
    dim_x : int
        How many of the coordinates, from the first, are X.

    Returns
    -------
    float
        ``(ln|Cov X| + ln|Cov Y| - ln|Cov (X,Y)|) / 2``, in nats.

    Raises
    ------
    InputError
        If `cov` is not a symmetric positive definite matrix, or `dim_x` leaves a side empty.
    """
    cov = np.asarray(cov, dtype=np.float64)
    if cov.ndim != 2 or cov.shape[0] != cov.shape[1]:
        raise InputError(f"cov has shape {cov.shape}: give a square covariance of (X, Y)")
    if not 0 < dim_x < len(cov):
        raise InputError(f"dim_x is {dim_x} and cov has {len(cov)} coordinates: each side needs at least one")
    if not np.isfinite(cov).all() or not np.allclose(cov, cov.T, rtol=1e-10, atol=1e-12 * np.abs(cov).max()):
        raise InputError("cov is not a finite symmetric matrix: give (cov + cov.T) / 2 if rounding broke the symmetry")
    try:
        return 0.5 * (_logdet(cov[:dim_x, :dim_x]) + _logdet(cov[dim_x:, dim_x:]) - _logdet(cov))
    except np.linalg.LinAlgError:
        least = float(np.linalg.eigvalsh(cov)[0])
        raise InputError(
            f"cov is not positive definite (least eigenvalue {least:.3g}): the vectors have no joint density; "
            "add the noise that the measurement has, or drop the dependent coordinates"
        ) from None


def _logdet(cov: NDArray[np.float64]) -> float:
    return 2.0 * float(np.log(np.diagonal(np.linalg.cholesky(cov))).sum())


def corollary4_bound(eigenvalues: Any, noise_std: float, kept: int) -> float:
    """Most information that PCA to `kept` components can lose: Corollary 4, ``(n-n')/2 ln(1 + lambda_{n'+1}/s^2)``.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,)
        Eigenvalues of Cov(X), the noise-free covariance, in any order. Those of Cov(X + Z) give a looser bound that
        still holds. n is the number of eigenvalues given: directions in which X is constant (eigenvalue 0) lose
        nothing, so they may be left out, which tightens this bound.
    noise_std : float
        Standard deviation s of the white noise, in the unit of X.
    kept : int
        Number n' of principal components kept.

    Returns
    -------
    float
        Nats; 0 when everything is kept.

    Raises
    ------
    InputError
        For a negative or non-finite eigenvalue, a noise level that is not positive, or an impossible `kept`.
    """
    tail = _tail(eigenvalues, noise_std, kept)
    return 0.5 * len(tail) * math.log1p(float(tail[0]) / noise_std**2) if len(tail) else 0.0


def sharper_bound(eigenvalues: Any, noise_std: float, kept: int) -> float:
    """The sum that Corollary 4 majorises: ``sum_{i>n'} ln(1 + lambda_i/s^2) / 2``; same arguments, never larger.

    For a projection other than PCA, give the eigenvalues of ``E_perp Cov(X) E_perp^T`` with ``kept=0``.
    It is attained when Y determines X and X is normal.
    """
    return 0.5 * float(np.log1p(_tail(eigenvalues, noise_std, kept) / noise_std**2).sum())


def trace_bound(tail_trace: float, noise_std: float, discarded: int) -> float:
    """Bound for any orthonormal projection that needs no eigenvalues: ``(m/2) ln(1 + tr/(m s^2))``.

    It lies above `sharper_bound` because the logarithm is concave; for PCA it lies below `corollary4_bound`.

    Parameters
    ----------
    tail_trace : float
        ``tr(E_perp Cov(X) E_perp^T)``: the noise-free variance that the projection discards.
    noise_std : float
        Standard deviation s of the white noise.
    discarded : int
        Number m = n - n' of discarded dimensions.

    Raises
    ------
    InputError
        For a negative or non-finite trace, a noise level that is not positive, or a negative `discarded`.
    """
    _check_noise(noise_std)
    if discarded < 0:
        raise InputError(f"discarded is {discarded}: the number of discarded dimensions is 0 or more")
    if not (tail_trace >= 0 and math.isfinite(tail_trace)):
        raise InputError(f"tail_trace is {tail_trace}: a variance is finite and 0 or more")
    if discarded == 0:
        return 0.0
    return 0.5 * discarded * math.log1p(tail_trace / (discarded * noise_std**2))


def _tail(eigenvalues: Any, noise_std: float, kept: int) -> NDArray[np.float64]:
    """The eigenvalues that are not kept, largest first; rounding below zero is taken as zero."""
    _check_noise(noise_std)
    values = np.sort(np.asarray(eigenvalues, dtype=np.float64).ravel())[::-1]
    if not np.isfinite(values).all() or (len(values) and values[-1] < -1e-10 * max(abs(values[0]), 1e-300)):
        raise InputError(f"eigenvalues of a covariance are finite and 0 or more; got {values}")
    if not 0 <= kept <= len(values):
        raise InputError(f"kept is {kept}: with {len(values)} eigenvalues it lies between 0 and {len(values)}")
    return np.maximum(values[kept:], 0.0)


def _check_noise(noise_std: float) -> None:
    if not (noise_std > 0 and math.isfinite(noise_std)):
        raise InputError(f"noise_std is {noise_std}: the bound needs a known, positive noise level")
