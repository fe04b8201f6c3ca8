# SPDX-License-Identifier: Apache-2.0
"""The one place where data is checked before an estimator sees it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError, Unsupported

__all__ = ["as_matrices", "as_pair", "reject_discrete", "reject_repeats"]

_WHOLE = 2.0**53  # up to here whole numbers are float64s
_LARGEST = 1e100  # squares of larger values, or of smaller ones than its inverse, leave the range of float64


def as_pair(x: Any, y: Any, *, min_samples: int = 2) -> tuple[NDArray[Any], NDArray[Any]]:
    """Paired observations as float arrays of shape (n, ...), images kept as images.

    Parameters
    ----------
    x, y : array_like, shape (n,) or (n, ...)
        NumPy arrays, pandas objects or torch tensors on the CPU; float32 is kept, all else becomes float64.
    min_samples : int
        The fewest samples the method can use.

    Raises
    ------
    InputError
        For no axis, unequal lengths, values that are no numbers, NaN, infinities, whole numbers that float64 does not
        tell apart, too few samples, or a constant side; it says what was found and what was wanted.
    """
    pair = _as_array(x, "x"), _as_array(y, "y")
    if len(pair[0]) != len(pair[1]):
        raise InputError(f"x has {len(pair[0])} samples and y has {len(pair[1])}: give pairs, with equal first axes")
    if len(pair[0]) < min_samples:
        raise InputError(f"{len(pair[0])} samples were given and this method needs at least {min_samples}")
    for values, side in zip(pair, "xy", strict=True):
        if (values == values[:1]).all():
            raise InputError(
                f"{side} is constant: all {len(values)} samples are equal, so I(X;Y) is 0 by definition and there is "
                "nothing to estimate; check that the right column was passed"
            )
    return pair


def as_matrices(x: Any, y: Any, *, min_samples: int = 2) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Like `as_pair`, flattened to float64 matrices of shape (n, d)."""
    x, y = as_pair(x, y, min_samples=min_samples)
    return x.reshape(len(x), -1).astype(np.float64), y.reshape(len(y), -1).astype(np.float64)


def reject_discrete(x: NDArray[Any], y: NDArray[Any], method: str) -> None:
    """Refuse sides that look discrete, for methods that assume a density.

    Raises
    ------
    Unsupported
        If fewer than half of the rows of a side are distinct.
    """
    for values, side in ((x, "x"), (y, "y")):
        distinct = _distinct_rows(values)
        if 2 * distinct < len(values):
            raise Unsupported(
                f"{method} assumes a density, and {side} looks discrete: {distinct} distinct values in {len(values)} "
                "samples; use binning, or add the noise that the measurement has"
            )


def reject_repeats(
    x: NDArray[Any],
    y: NDArray[Any],
    method: str,
    because: str = "takes logarithms of neighbour distances",
    tolerated: float = 0.0,
) -> None:
    """Refuse repeated pairs, for which a nearest-neighbour distance is 0 and its logarithm infinite.

    `because` says in the message what the method does with them.

    Raises
    ------
    Unsupported
        If more than the share `tolerated` of the pairs (x_i, y_i) repeat others.
    """
    n = len(x)
    repeated = n - _distinct_rows(np.hstack([x.reshape(n, -1), y.reshape(n, -1)]))
    if repeated > tolerated * n:
        raise Unsupported(
            f"{method} {because}, and {repeated} of {n} pairs are repeats of others; "
            "remove the duplicates (resampled or padded data?), or use binning if the data are discrete"
        )


def _distinct_rows(values: NDArray[Any]) -> int:
    flat = np.ascontiguousarray(values.reshape(len(values), -1)) + 0.0  # -0.0 and 0.0 are one value
    if len(np.unique(flat[:, flat.shape[1] // 2])) == len(flat):  # settles it, and much faster
        return len(flat)
    return len(np.unique(flat.view(np.dtype((np.void, flat.dtype.itemsize * flat.shape[1])))))


def _as_array(values: Any, side: str) -> NDArray[Any]:
    if isinstance(values, np.ma.MaskedArray) and np.ma.getmaskarray(values).any():
        raise InputError(f"{side} has {int(np.ma.getmaskarray(values).sum())} masked values: remove or impute them")
    if hasattr(values, "detach"):
        values = values.detach()
    if hasattr(values, "device") and str(values.device) != "cpu":
        raise InputError(f"{side} is on the device {values.device}: pass {side}.cpu()")
    try:
        array = np.asarray(values)
    except (TypeError, ValueError) as error:
        raise InputError(f"{side} cannot become an array ({error}): give numbers of shape (n,) or (n, ...)") from None
    if array.dtype == object or array.dtype.kind not in "biuf":
        raise InputError(f"{side} has dtype {array.dtype}: give real numbers, with categories encoded as integers")
    if array.ndim == 0:
        raise InputError(f"{side} is a single number ({array}): give n samples, of shape (n,) or (n, ...)")
    if array.size == 0:
        raise InputError(f"{side} is empty, with shape {array.shape}: give n samples, of shape (n,) or (n, ...)")
    if array.dtype != np.float32:
        exact, array = array, array.astype(np.float64)
        if exact.dtype.kind in "iu" and exact.itemsize == 8 and np.abs(array).max() > _WHOLE:
            raise InputError(
                f"{side} holds whole numbers beyond 2^53, which float64 cannot tell apart: number the categories from "
                "0 (numpy.unique with return_inverse), or subtract the least"
            )
    finite = np.isfinite(array)
    if not finite.all():
        where = tuple(int(i) for i in np.argwhere(~finite)[0])
        raise InputError(
            f"{side} has {int((~finite).sum())} values that are not finite (the first, {array[where]}, at index "
            f"{where}): remove or impute them"
        )
    size = float(np.abs(array).max())
    if size > _LARGEST or 0 < size < 1 / _LARGEST:
        raise InputError(f"the largest of {side}'s values is {size:.3g} in size, whose square overflows: rescale it")
    return array
