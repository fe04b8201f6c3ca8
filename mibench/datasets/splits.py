# SPDX-License-Identifier: Apache-2.0
"""Which rows a network is trained on, and with which labels.

Every study of information planes trains on a part of a data set and measures on all of it. The part is drawn at random,
with each class in proportion (Lorenzen, Igel and Nielsen, 2022) or without (Saxe et al., 2018), or it is the first rows
as they stand (the code of Shwartz-Ziv and Tishby, 2017). A part of n rows at a fraction p has round(p n) rows: of 4096
rows at 80 % that is 3277 for training and 819 for testing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError
from mibench.numerics.checks import as_generator, check_count

if TYPE_CHECKING:
    from mibench.contracts import RandomLike

__all__ = ["first", "random", "shuffled", "split"]

Index = NDArray[np.int64]

_LEAST_TEST = 0.2  # of the rows, at the end: the test set of `first` where training takes more than the rest


def split(
    labels: Any, fraction: float = 0.8, *, stratified: bool = True, rng: RandomLike = None
) -> tuple[Index, Index]:
    """Rows to train on and rows to test on, drawn at random without overlap.

    Parameters
    ----------
    labels : array of int, shape (n,)
    fraction : float
        Share of the rows to train on, between 0 and 1; the count is rounded.
    stratified : bool
        Every class has its share of both parts, to within one row: whole parts first, then the largest remainders.
    rng : Generator, int or None
        The same seed is the same split.

    Returns
    -------
    train, test : array of int64
        Row numbers, increasing.

    Raises
    ------
    InputError
        If a part would have no row, or fewer rows than there are classes to stratify.
    """
    rows = _labels(labels)
    train = _count(len(rows), fraction)
    generator = as_generator(rng)
    chosen = np.zeros(len(rows), dtype=bool)
    if not stratified:
        chosen[generator.permutation(len(rows))[:train]] = True
        return _parts(chosen)
    _, member, sizes = np.unique(rows, return_inverse=True, return_counts=True)
    if min(train, len(rows) - train) < len(sizes):
        raise InputError(
            f"fraction is {fraction!r}: parts of {train} and {len(rows) - train} rows cannot both hold all "
            f"{len(sizes)} classes; give another fraction, or stratified=False"
        )
    for each, take in enumerate(_shares(sizes, train)):
        chosen[generator.permutation(np.flatnonzero(member == each))[:take]] = True
    return _parts(chosen)


def first(n: int, fraction: float = 0.8) -> tuple[Index, Index]:
    """The first rows to train on, as they stand, and the last to test on. Biased where the rows are in an order.

    Up to a fraction of 0.8 the test rows begin where the training rows end. Beyond, they are the last fifth and
    *overlap* the training rows. Of the 12-bit patterns, which are in binary order, the test rows at 0.8 all begin with
    the bits 11: the two parts are of unlike distributions. It is what the code of Shwartz-Ziv and Tishby
    (2017) does; use `split` for anything but its reproduction.

    Parameters
    ----------
    n : int
        Number of rows.
    fraction : float
        Share of the rows to train on, between 0 and 1; the count is rounded.

    Returns
    -------
    train, test : array of int64
        Row numbers, increasing.

    Raises
    ------
    InputError
        If a part would have no row.
    """
    n = check_count("n", n, 2)
    train = _count(n, fraction)
    start = min(train, round((1.0 - _LEAST_TEST) * n))
    return np.arange(train), np.arange(start, n)


def shuffled(labels: Any, index: Any, rng: RandomLike = None) -> NDArray[Any]:
    """A copy of `labels` in which those of the rows `index` are permuted among themselves, all others as they were.

    Raises
    ------
    InputError
        If `index` is no array of row numbers, each once.
    """
    changed = _labels(labels).copy()
    rows = np.asarray(index)
    if rows.ndim != 1 or rows.dtype.kind not in "iu":
        raise InputError(f"index is of shape {rows.shape} and {rows.dtype}: give row numbers, shape (m,)")
    if rows.size and not (rows.min() >= 0 and rows.max() < len(changed)):
        raise InputError(f"index has rows {rows.min()} to {rows.max()}: give rows from 0 to {len(changed) - 1}")
    if len(np.unique(rows)) != rows.size:
        raise InputError(f"index names {rows.size - len(np.unique(rows))} rows twice: name each once")
    changed[rows] = changed[as_generator(rng).permutation(rows)]
    return changed


def random(labels: Any, rng: RandomLike = None) -> NDArray[Any]:
    """Fresh labels of the same shape and type, uniform on the classes that `labels` has and independent of them.

    Raises
    ------
    InputError
        If `labels` is no array of labels.
    """
    rows = _labels(labels)
    return np.asarray(as_generator(rng).choice(np.unique(rows), size=len(rows)))


def _labels(labels: Any) -> NDArray[Any]:
    rows = np.asarray(labels)
    if rows.ndim != 1 or rows.dtype.kind not in "biu" or len(rows) < 2:
        raise InputError(f"labels are of shape {rows.shape} and {rows.dtype}: give integers, shape (n,), n at least 2")
    return rows


def _count(n: int, fraction: Any) -> int:
    """Rows of `n` that are `fraction` of them: at least one, and one less than all at most."""
    try:
        share = float(fraction)
    except (TypeError, ValueError):
        share = np.nan
    rows = round(share * n) if 0.0 < share < 1.0 else 0
    if not 0 < rows < n:
        raise InputError(
            f"fraction is {fraction!r}: give a share between 0 and 1 that leaves both parts of {n} rows one"
        )
    return rows


def _shares(sizes: NDArray[np.int64], total: int) -> NDArray[np.int64]:
    """`total` in proportion to `sizes`, by largest remainder; equal remainders go to the first classes."""
    exact = sizes * total
    shares, remainder = np.divmod(exact, sizes.sum())
    shares[np.argsort(-remainder, kind="stable")[: total - shares.sum()]] += 1
    return np.asarray(shares, dtype=np.int64)


def _parts(chosen: NDArray[np.bool_]) -> tuple[Index, Index]:
    return np.flatnonzero(chosen), np.flatnonzero(~chosen)
