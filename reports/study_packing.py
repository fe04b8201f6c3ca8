# SPDX-License-Identifier: Apache-2.0
"""Arrays as the planes' page carries them: rounded to steps, as differences in time, deflated, in base64.

Trajectories are smooth, so what changes from one epoch to the next takes few bits; browsers inflate it by themselves.
"""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["FINE", "ROUGH", "fitted", "kept", "known_mean", "pack", "unpack"]

FINE, ROUGH = 65534, 4095  # steps between the least value and the greatest: of means, and of single runs
_MISSING = 65535
_PROBE = 24  # points from which the room that all take is guessed
_LEAST = 3  # points of a trajectory, however little room there is

T = TypeVar("T")


def pack(values: NDArray[Any], steps: int = FINE) -> dict[str, Any]:
    """Numbers of any shape, the last axis being time, as JSON can hold them; NaN is kept.

    Returns
    -------
    dict
        ``shape``, ``low``, ``step`` and ``data``: whole numbers q, of which value = low + q step, as differences modulo
        2^16 along the last axis, all low bytes before all high bytes.
    """
    values = np.asarray(values, dtype=np.float64)
    known = np.isfinite(values)
    low = float(values[known].min()) if known.any() else 0.0
    high = float(values[known].max()) if known.any() else 0.0
    step = (high - low) / steps if high > low else 1.0
    places = np.where(known, np.rint((np.where(known, values, low) - low) / step), _MISSING).astype(np.uint16)
    changes = np.diff(places, axis=-1, prepend=np.zeros((*places.shape[:-1], 1), np.uint16)).astype("<u2")
    halves = changes.reshape(-1).view(np.uint8).reshape(-1, 2).T
    data = b64encode(zlib.compress(halves.tobytes(), 6)).decode()
    return {"shape": list(values.shape), "low": low, "step": step, "data": data}


def unpack(packed: dict[str, Any]) -> NDArray[np.float64]:
    """What `pack` was given, to half a step; the reference of the page's script."""
    shape = tuple(packed["shape"])
    halves = np.frombuffer(zlib.decompress(b64decode(packed["data"])), np.uint8).reshape(2, -1)
    changes = np.ascontiguousarray(halves.T).view("<u2").reshape(shape)
    places = np.cumsum(changes, axis=-1, dtype=np.uint16)
    return np.where(places == _MISSING, np.nan, packed["low"] + places * packed["step"])


def kept(epochs: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Places of at most `most` epochs, the first and the last among them: half in equal ratios, half in equal steps."""
    if len(epochs) <= most:
        return np.arange(len(epochs))
    most = max(most, 2)
    where = np.log1p(epochs - epochs[0])
    early = np.searchsorted(where, np.linspace(0, where[-1], most - most // 2))
    late = np.linspace(0, len(epochs) - 1, most // 2 + 1).astype(np.int64)[1:]
    return np.unique(np.concatenate([early, late]))


def known_mean(values: NDArray[Any]) -> NDArray[np.float64]:
    """The mean over runs, the first axis, of those that have an answer; NaN where none has."""
    known = ~np.isnan(values)
    count = np.where(known.any(axis=0), known.sum(axis=0), np.nan)
    mean: NDArray[np.float64] = np.where(known, values, 0.0).sum(axis=0, dtype=np.float64) / count
    return mean


def fitted(encode: Callable[[int], T], size: Callable[[T], int], most: int, budget: int) -> tuple[T, int]:
    """What `encode` makes of as many points, at most `most`, as fit into `budget` bytes; and how many those are."""
    points = min(most, _PROBE)
    probed = size(encode(points))
    points = max(points, min(most, int(points * budget / max(probed, 1))))  # many points take less room each than few
    while True:
        found = encode(points)
        taken = size(found)
        if taken <= budget or points <= _LEAST:
            return found, points
        points = max(_LEAST, min(points - 1, int(0.97 * points * budget / taken)))
