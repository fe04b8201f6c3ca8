# SPDX-License-Identifier: Apache-2.0
"""A bijection and a function that forgets, for data of any kind: what self-consistency checks do to one side."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import Unsupported

__all__ = ["bend", "forget", "half"]

Array = NDArray[Any]


def bend(values: Array) -> Array:
    """A bijection of the values: asinh of every coordinate in units of its size; images are mirrored too.

    asinh is strictly increasing and smooth, and keeps apart in float64 (which float32 becomes) what differs by more
    than rounding. A coordinate whose values are all near one another is measured from its median, where the
    subtraction is exact (Sterbenz); the pixels of an image share one unit. Whole numbers (an alphabet) are counted
    from the other end.
    """
    values = np.asarray(values)
    along = 0 if values.ndim < 3 else None
    if values.dtype.kind == "b":
        bent = ~values
    elif values.dtype.kind in "iu":
        bent = (values.max(axis=along, keepdims=True) - values) + values.min(axis=along, keepdims=True)
    else:
        bent = values.astype(np.float64)
        middle = np.median(bent, axis=along, keepdims=True)
        near = (bent * middle > 0) & (np.abs(bent) <= 2 * np.abs(middle)) & (np.abs(middle) <= 2 * np.abs(bent))
        bent = bent - np.where(near.all(axis=along, keepdims=True), middle, 0.0)
        sizes = np.abs(bent)
        unit = np.median(sizes, axis=along, keepdims=True)
        unit = np.where(unit > 0, unit, sizes.mean(axis=along, keepdims=True))  # more than half are 0: a dark image
        bent = np.arcsinh(bent / np.where(unit > 0, unit, 1.0))
    return np.asarray(bent[..., ::-1] if values.ndim > 2 else bent)


def forget(values: Array) -> Array:
    """A function of the values that forgets: half of the coordinates; of a single one, its side of the median.

    Of an alphabet on a single coordinate, neighbouring letters become one.

    Raises
    ------
    Unsupported
        If nothing would be left: every function that forgets something of two letters is constant.
    """
    values = np.asarray(values)
    part = half(values)
    if part is not None:
        kept = values[..., part]
    elif values.dtype.kind in "biu":
        letters, codes = np.unique(values, return_inverse=True)
        kept = codes.reshape(values.shape) // 2 if len(letters) > 2 else values[:0]
    else:
        kept = np.abs(values - np.median(values))
    if not len(kept) or _constant(kept):
        raise Unsupported(
            f"nothing is left of y, of shape {values.shape} and {len(np.unique(values))} different values, when part "
            "of it is forgotten: data processing has nothing to ask"
        )
    return np.asarray(kept)


def half(values: Array) -> slice | None:
    """Half of the last axis: the first, or the second where that is constant; None for a single coordinate."""
    width = values.shape[-1] if values.ndim > 1 else 1
    if width == 1:
        return None
    middle = (width + 1) // 2
    first = slice(0, middle)
    return slice(middle, width) if _constant(values[..., first]) else first


def _constant(values: Array) -> bool:
    return bool((values == values[:1]).all())
