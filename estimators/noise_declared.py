# SPDX-License-Identifier: Apache-2.0
"""What `side` declares of a side's noise, checked: its standard deviation, and the side's values without it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError

__all__ = ["check_resolved", "noise_free", "noise_level"]

_SMALLEST = 1e-12  # of the largest value: smaller noise is lost in the rounding of value + noise


def noise_level(key: str, side: Mapping[str, Any]) -> float | None:
    """side[key], the standard deviation of a noise; None where it is not declared.

    Raises
    ------
    InputError
        If it is no positive number.
    """
    if side.get(key) is None:
        return None
    value = side[key]
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) < math.inf:
        raise InputError(
            f"side['{key}'] is {value!r}: give the standard deviation of the noise, a positive number; of a layer "
            "without noise the information is that of its values: use plugin"
        )
    return float(value)


def noise_free(
    key: str, side: Mapping[str, Any], shape: tuple[int, int | None, int], meaning: str
) -> NDArray[np.float64]:
    """side[key], values without their noise, as finite numbers of `shape`: rows, replicas, columns.

    Rows may be images. Replicas of None stand for any number of at least 1, which the array's second axis says.

    Raises
    ------
    InputError
        If it is no array of numbers of that shape, or they are not finite; `meaning` says what was expected.
    """
    try:
        values = np.atleast_1d(np.asarray(side[key]))
    except (TypeError, ValueError) as error:
        raise InputError(f"side['{key}'] cannot become an array ({error}): give {meaning}") from None
    if values.dtype.kind not in "biuf":
        raise InputError(f"side['{key}'] has dtype {values.dtype}: give {meaning}, real numbers")
    rows, replicas, columns = shape
    if replicas is None:
        replicas = values.shape[1] if values.ndim > 1 else 0
    if len(values) != rows or not replicas or values.size != rows * replicas * columns:
        wanted = f"({rows}, r, {columns})" if shape[1] is None else f"({rows}, {columns})"
        raise InputError(f"side['{key}'] has shape {values.shape} and should have {wanted}: {meaning}")
    values = values.reshape(rows, replicas, columns).astype(np.float64)
    if not np.isfinite(values).all():
        raise InputError(f"side['{key}'] has {int((~np.isfinite(values)).sum())} values that are not finite")
    return values


def check_resolved(name: str, values: NDArray[np.float64], std: float) -> None:
    """Refuse noise that is too small beside the values to be seen in their sum.

    Raises
    ------
    InputError
        Naming `name`, what the values are called.
    """
    largest = float(np.abs(values).max())
    if std < _SMALLEST * largest:
        raise InputError(
            f"noise of standard deviation {std:.3g} is lost in the rounding of {name}, whose largest value is "
            f"{largest:.3g}: subtract the mean, or treat the side as discrete and use plugin"
        )
