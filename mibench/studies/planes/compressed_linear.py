# SPDX-License-Identifier: Apache-2.0
"""Linear compression to few numbers a row, and what it loses at most where a layer has additive noise."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg
from scipy.sparse.linalg import ArpackNoConvergence, eigsh

from mibench.contracts import Unsupported

__all__ = ["Principal", "linear_loss_bound", "principal", "turned"]

_LARGE = 200  # numbers from which a few eigenvectors are found by iteration
_VARIES = 1e-11  # least variance, relative to the largest, that is not rounding of float32

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Principal:
    """Leading principal components of some rows.

    Attributes
    ----------
    mean : ndarray, shape (d,)
    axes : ndarray, shape (d, m)
        Orthonormal columns, m at most what was asked for: the rows vary along each.
    scores : ndarray of float64, shape (n, m)
        Of the rows themselves.
    """

    mean: NDArray[Any]
    axes: NDArray[Any]
    scores: Floats

    def scores_of(self, rows: NDArray[Any]) -> Floats:
        """Scores of other rows, shape (n', m)."""
        return np.asarray((rows - self.mean) @ self.axes, dtype=np.float64)


def principal(rows: NDArray[Any], dim: int, what: str) -> Principal:
    """The components of largest variance, `dim` at most.

    Parameters
    ----------
    rows : ndarray of float32 or float64, shape (n, d)
    dim : int
    what : str
        What they are, for the message.

    Raises
    ------
    Unsupported
        If all rows are equal.
    """
    n, d = rows.shape
    mean = rows.mean(axis=0, dtype=np.float64).astype(rows.dtype)
    centred = rows - mean
    kept = min(dim, d, n)
    wide = d > n  # then the products of rows are fewer than those of columns
    products = np.asarray(centred @ centred.T if wide else centred.T @ centred, dtype=np.float64)
    axes = _leading(products, kept)
    if wide:
        axes = linalg.qr(centred.T @ axes, mode="economic")[0]
    axes = np.asarray(axes, dtype=rows.dtype)
    scores = np.asarray(centred @ axes, dtype=np.float64)
    variances, rounding = scores.var(axis=0), (np.finfo(rows.dtype).eps * mean.astype(np.float64)) ** 2
    varying = variances > np.maximum(_VARIES * variances.max(), axes.T.astype(np.float64) ** 2 @ rounding)
    if not varying.any():
        raise Unsupported(f"{what} is constant: all {n} rows are equal")
    return Principal(mean, np.ascontiguousarray(axes[:, varying]), np.ascontiguousarray(scores[:, varying]))


def turned(rows: NDArray[Any], what: str) -> Floats:
    """As many numbers or fewer, shape (n, m), of which the rows are linear functions: no two of them say the same.

    Raises
    ------
    Unsupported
        If all rows are equal.
    """
    values = rows.astype(np.float64)
    mean, spread = values.mean(axis=0), values.std(axis=0)
    varying = spread > np.finfo(rows.dtype).eps * np.abs(mean)
    if not varying.any():
        raise Unsupported(f"{what} is constant: all {len(rows)} rows are equal")
    standard = ((values - mean) / np.where(varying, spread, 1.0))[:, varying]
    return principal(standard, standard.shape[1], what).scores


def _leading(products: Floats, kept: int) -> Floats:
    """Eigenvectors of the largest eigenvalues, which come first."""
    size = len(products)
    if size > _LARGE and kept < size // 4 and products.any():
        start = np.random.default_rng(0).standard_normal(size)  # the same one for all
        with contextlib.suppress(ArpackNoConvergence):
            return np.asarray(eigsh(products, k=kept, v0=start)[1][:, ::-1])
    return np.asarray(linalg.eigh(products, subset_by_index=[size - kept, size - 1])[1][:, ::-1])


def linear_loss_bound(clean: NDArray[Any], codes: Floats, axes: NDArray[Any], noise_std: float) -> float:
    """Most information in nats that codes of L + Z lack of what L + Z has, Z being white noise that nothing else knows.

    ``sum_i ln(1 + r_i / s^2) / 2``, r_i being the eigenvalues of the covariance of what `codes` leave unexplained of L
    in the discarded directions (docs/theory.md, Corollary 4'). For exact principal components r_i are the eigenvalues
    of Cov(L) but the first m.

    Parameters
    ----------
    clean : ndarray, shape (n, d)
        L, without the noise.
    codes : ndarray, shape (n, m)
        Of L + Z, along `axes`.
    axes : ndarray, shape (d, m)
        Orthonormal columns.
    noise_std : float
        s, positive.
    """
    # det(I + E' R E'^T / s^2), E' the discarded directions: that of all directions, times a minor of the inverse
    n, d = clean.shape
    centred = clean - clean.mean(axis=0, dtype=np.float64)
    basis, told = axes.astype(np.float64), codes - codes.mean(axis=0)
    cross = told.T @ centred
    rest = centred.T @ centred - cross.T @ linalg.solve(told.T @ told, cross, assume_a="pos")
    factor = linalg.cho_factor(np.eye(d) + rest / (n * noise_std**2), lower=True)
    minor = basis.T @ linalg.cho_solve(factor, basis)
    log_det = 2.0 * np.log(np.diagonal(factor[0])).sum() + np.linalg.slogdet(minor)[1]
    return max(0.0, float(0.5 * log_det))
