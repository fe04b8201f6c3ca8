# SPDX-License-Identifier: Apache-2.0
"""The epochs at which a training's parameters are recorded; epoch e is after e epochs, 0 before any step."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from mibench.contracts import InputError
from mibench.numerics.checks import check_count

__all__ = ["checked", "every", "log_spaced", "usual"]


def every(k: int, epochs: int) -> tuple[int, ...]:
    """0, k, 2 k, ... and the last epoch.

    Raises
    ------
    InputError
        If `k` is below 1 or `epochs` below 0.
    """
    k, epochs = check_count("k", k, 1), check_count("epochs", epochs, 0)
    return tuple(sorted({*range(0, epochs + 1, k), epochs}))


def log_spaced(epochs: int, points: int) -> tuple[int, ...]:
    """0 and up to `points` epochs from 1 to the last in equal ratios; those that round to one are one.

    Raises
    ------
    InputError
        If `epochs` is below 0 or `points` below 2.
    """
    epochs, points = check_count("epochs", epochs, 0), check_count("points", points, 2)
    if epochs == 0:
        return (0,)
    return (0, *(int(e) for e in np.unique(np.rint(np.geomspace(1, epochs, points)).astype(np.int64))))


def usual(epochs: int, points: int = 400) -> tuple[int, ...]:
    """About `points` epochs, half of them in equal ratios, half in equal steps: where phases are seen on either axis.

    Raises
    ------
    InputError
        If `epochs` is below 0 or `points` below 4.
    """
    points = check_count("points", points, 4)
    steps = every(max(1, round(epochs / (points // 2))), epochs)
    return tuple(sorted({*log_spaced(epochs, points * 65 // 100), *steps}))


def checked(record: Iterable[int], epochs: int) -> tuple[int, ...]:
    """`record` as whole numbers.

    Raises
    ------
    InputError
        If it is empty, does not increase, or leaves 0 to `epochs`.
    """
    found = tuple(check_count("an epoch of record", epoch, 0) for epoch in record)
    if not found or found[-1] > epochs or any(a >= b for a, b in pairwise(found)):
        shown = ", ".join(map(str, found[:5])) + (", ..." if len(found) > 5 else "")
        raise InputError(f"record is ({shown}): give increasing epochs from 0 to {epochs}, at least one")
    return found
