# SPDX-License-Identifier: Apache-2.0
"""Inputs compressed to few numbers a row, by what was fitted to other rows; kept for the planes that ask again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from hashlib import blake2b
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from mibench.studies.planes.compressed_coders import autoencoded
from mibench.studies.planes.compressed_information import Codes, Method
from mibench.studies.planes.compressed_linear import principal, turned

__all__ = ["InputCompressor", "fingerprint", "input_codes"]

InputCompressor = Literal["ae", "pca", "none"]
T = TypeVar("T")

_WHAT = "the input"
_FIXED = 0x696D61676573  # of the autoencoder's seed: no product's, whose planes would have codes of their own
_MOST = 16
_kept: OrderedDict[Hashable, Any] = OrderedDict()


def input_codes(
    compressor: InputCompressor,
    dim: int,
    fitted: NDArray[Any],
    rows: NDArray[Any],
    key: bytes,
    seed: np.random.SeedSequence,
    method: Method,
) -> Codes:
    """Codes of rows, the same ones for all planes of a study: only the root of `seed` counts.

    Parameters
    ----------
    compressor : {"ae", "pca", "none"}
        Rows of no more than `dim` numbers are only turned, unless it is ``none``.
    dim : int
    fitted, rows : ndarray, shapes (N, d), (n, d)
        What the compressor learns from, and what it is applied to.
    key : bytes
        By which codes of these rows, so learnt, are found again in this process.
    seed : SeedSequence
    method : Method

    Raises
    ------
    InputError, Unsupported
        For too few rows, or rows that are all equal.
    """

    def compressed() -> NDArray[np.float64]:
        if compressor == "none":
            return np.asarray(rows, dtype=np.float64)
        if rows.shape[1] <= dim:
            return turned(rows, _WHAT)
        if compressor == "pca":
            return principal(fitted, dim, _WHAT).scores_of(rows)
        own = np.random.SeedSequence(seed.entropy, spawn_key=(_FIXED, dim))
        return autoencoded(fitted, rows, dim, own)

    which = (compressor, dim, key, str(seed.entropy))
    values = _keep(which, compressed)
    return _keep((*which, method), lambda: Codes(values, _WHAT, method))


def fingerprint(*arrays: NDArray[Any]) -> bytes:
    """Of the contents of arrays."""
    found = blake2b(digest_size=16)
    for array in arrays:
        found.update(f"{array.dtype.str}{array.shape}".encode())
        found.update(np.ascontiguousarray(array).data.cast("B"))
    return found.digest()


def _keep(key: Hashable, make: Callable[[], T]) -> T:
    if key not in _kept:
        _kept[key] = make()
        while len(_kept) > _MOST:
            _kept.popitem(last=False)
    _kept.move_to_end(key)
    found: T = _kept[key]
    return found
