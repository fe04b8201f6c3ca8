# SPDX-License-Identifier: Apache-2.0
"""Information of layers that are given by their codes, row by row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contracts import InputError
from mibench.networks.information import layer_information
from mibench.numerics.counting import numbered
from mibench.numerics.permuted import permuted_information
from mibench.numerics.rows import distinct_rows
from mibench.studies.planes.contract import LayerInformation

__all__ = ["MOST_BINS", "check_number", "checked", "counted_layer"]

MOST_BINS = 1 << 20


def check_number(
    name: str, value: Any, *, whole: bool = False, least: float = -math.inf, most: float = math.inf
) -> None:
    """Refuse what is no finite number from `least` to `most`.

    Raises
    ------
    InputError
        Naming the parameter, its value and what was expected.
    """
    kinds = int | np.integer if whole else int | float | np.integer | np.floating
    if (
        isinstance(value, bool)
        or not isinstance(value, kinds)
        or not math.isfinite(value)
        or not least <= value <= most
    ):
        span = f" from {least:g} to {most:g}" if math.isfinite(most) else ""
        raise InputError(f"{name} is {value!r}: give a {'whole' if whole else 'finite'} number{span}")


def checked(
    inputs: NDArray[Any], layers: Sequence[NDArray[Any]], labels: NDArray[Any]
) -> tuple[NDArray[np.int64], list[NDArray[Any]], NDArray[np.int64]]:
    """Which distinct input each row is, the layers, and the labels.

    Raises
    ------
    InputError
        If shapes do not agree, or values are not finite numbers.
    """
    found = []
    for number, layer in enumerate(layers, start=1):
        values = np.asarray(layer)
        if values.ndim != 2 or len(values) != len(inputs) or not values.size:
            raise InputError(f"layer {number} has shape {values.shape}: give ({len(inputs)}, units), a row per input")
        if values.dtype.kind not in "biuf":
            raise InputError(f"layer {number} holds {values.dtype} values: give real numbers")
        if not np.isfinite(values).all():
            raise InputError(f"layer {number} holds NaN or infinity: give finite activations")
        found.append(values)
    member = distinct_rows(np.asarray(inputs).reshape(len(inputs), -1))[1]
    return member.astype(np.int64), found, numbered("labels", labels, len(inputs))


def counted_layer(codes: NDArray[Any], member: NDArray[np.int64], labels: NDArray[np.int64]) -> LayerInformation:
    """Of a layer with one code, shape (N, d), for each row; equal inputs with different codes count as noise."""
    ids = distinct_rows(codes)[1].astype(np.int64)
    i_x, i_y = (layer_information(ids[:, None], side)[1] for side in (member, labels))
    counts = [np.bincount(side) for side in (ids, labels)]
    null = permuted_information(*(each[each > 0] for each in counts))
    return LayerInformation(i_x, i_y, null)
