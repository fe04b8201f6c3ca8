# SPDX-License-Identifier: Apache-2.0
"""Drawing many small images at once: round bumps, correlated bumps, anti-aliased rectangles.

Kernels write straight into the output, so the peak memory is the output itself. Parameters are float64; `dtype` is
that of the image. Images are ``image[k, row, column]``; bumps live on the grid ``linspace(0, 1, size)`` of both axes, u
along columns and v along rows; rectangles live in pixels, pixel (r, c) being the square [c, c+1] x [r, r+1]. The slow,
readable references that define each picture stand at the end; the tests hold the kernels to them.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numba import get_num_threads, njit
from numpy.typing import DTypeLike, NDArray

__all__ = ["RATE", "blobs", "blobs_reference", "bumps", "bumps_reference", "rectangles", "rectangles_reference"]

RATE = 10.0  # every bump is exp(-RATE * quadratic form)
PIXELS_PER_THREAD = 2**19  # about 0.5 ms of work; starting a thread costs 0.1 ms


def blobs(centres: NDArray[np.float64], size: int, dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """Round bumps ``exp(-10 ((u-a)^2 + (v-b)^2))``.

    Parameters
    ----------
    centres : array, shape (n, 2)
        (a, b): along columns, along rows.
    size : int
        Pixels along each axis.
    dtype : dtype
        float32 or float64.

    Returns
    -------
    array, shape (n, size, size)
    """
    return _draw(_blobs, centres, size, dtype)


def bumps(parameters: NDArray[np.float64], size: int, dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """Correlated bumps ``exp(-10 (A (u-p0)^2 + B (v-p1)^2 + C (u-p0) (v-p1)))``.

    Parameters
    ----------
    parameters : array, shape (n, 5)
        p0, p1 (the centre), A, B, C (the form), with ``|p| <= 1`` and ``C^2 < 4 A B``.
    size, dtype
        As for `blobs`.

    Returns
    -------
    array, shape (n, size, size)
    """
    return _draw(_bumps, parameters, size, dtype)


def rectangles(edges: NDArray[np.float64], size: int, dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """Rectangles with exact anti-aliasing: a pixel's value is the area of it that is covered.

    Parameters
    ----------
    edges : array, shape (n, 4)
        left, right, top, bottom in pixels, ``0 <= left <= right <= size`` and likewise for the rows.
    size, dtype
        As for `blobs`.

    Returns
    -------
    array, shape (n, size, size)
    """
    return _draw(_rectangles, edges, size, dtype)


def _draw(kernel: Any, parameters: NDArray[np.float64], size: int, dtype: DTypeLike) -> NDArray[Any]:
    parameters = np.ascontiguousarray(parameters, dtype=np.float64)
    out = np.empty((len(parameters), size, size), dtype)
    # Plain threads on a kernel that releases the lock: numba's own parallel loops cost milliseconds per call on a busy
    # machine, and abort the process when two threads enter them or after a fork.
    parts = min(get_num_threads(), out.size // PIXELS_PER_THREAD)
    if parts < 2:
        kernel(parameters, out)
    else:
        with ThreadPoolExecutor(parts) as pool:
            list(pool.map(kernel, np.array_split(parameters, parts), np.array_split(out, parts)))
    return out


@njit(cache=True, error_model="numpy")
def _outer(down, across, image):  # type: ignore[no-untyped-def]
    for j in range(len(down)):
        row, factor = image[j], down[j]
        for i in range(len(across)):
            row[i] = factor * across[i]


@njit(cache=True, error_model="numpy")
def _gauss(centre, out):  # type: ignore[no-untyped-def]
    h = 1.0 / (len(out) - 1)
    for i in range(len(out)):
        out[i] = math.exp(-RATE * (i * h - centre) ** 2)


@njit(cache=True, error_model="numpy")
def _overlap(start, stop, out):  # type: ignore[no-untyped-def]
    for i in range(len(out)):
        out[i] = max(0.0, min(stop, i + 1.0) - max(start, float(i)))


@njit(cache=True, error_model="numpy")
def _bump(parameters, image):  # type: ignore[no-untyped-def]
    size = len(image)
    h = 1.0 / (size - 1)
    p0, p1, a, b, c = parameters
    # Along a row the exponent is a parabola, so the ratio of neighbours is multiplied by one constant at each step.
    bend = math.exp(-2.0 * RATE * a * h * h)
    for j in range(size):
        row, v = image[j], j * h - p1
        value = math.exp(-RATE * (a * p0 * p0 - c * p0 * v + b * v * v))
        ratio = math.exp(-RATE * h * (a * (h - 2.0 * p0) + c * v))
        for i in range(size):
            row[i] = value
            value *= ratio
            ratio *= bend


@njit(cache=True, nogil=True, error_model="numpy")
def _blobs(centres, out):  # type: ignore[no-untyped-def]
    factors = np.empty((2, out.shape[1]), out.dtype)
    for k in range(len(out)):
        _gauss(centres[k, 0], factors[0])
        _gauss(centres[k, 1], factors[1])
        _outer(factors[1], factors[0], out[k])


@njit(cache=True, nogil=True, error_model="numpy")
def _bumps(parameters, out):  # type: ignore[no-untyped-def]
    for k in range(len(out)):
        _bump(parameters[k], out[k])


@njit(cache=True, nogil=True, error_model="numpy")
def _rectangles(edges, out):  # type: ignore[no-untyped-def]
    factors = np.empty((2, out.shape[1]), out.dtype)
    for k in range(len(out)):
        _overlap(edges[k, 0], edges[k, 1], factors[0])
        _overlap(edges[k, 2], edges[k, 3], factors[1])
        _outer(factors[1], factors[0], out[k])


def blobs_reference(centres: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """The definition of `blobs`, in float64."""
    a, b = centres[:, 0, None, None], centres[:, 1, None, None]
    u = np.linspace(0, 1, size)
    return np.asarray(np.exp(-RATE * ((u - a) ** 2 + (u[:, None] - b) ** 2)))


def bumps_reference(parameters: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """The definition of `bumps`, in float64."""
    p0, p1, a, b, c = (column[:, None, None] for column in parameters.T)
    u = np.linspace(0, 1, size)
    v = u[:, None]
    return np.asarray(np.exp(-RATE * (a * (u - p0) ** 2 + b * (v - p1) ** 2 + c * (u - p0) * (v - p1))))


def rectangles_reference(edges: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """The definition of `rectangles`, in float64: length covered along each axis, multiplied."""
    low = np.arange(size)
    left, right, top, bottom = (column[:, None] for column in edges.T)
    across = np.maximum(0, np.minimum(right, low + 1) - np.maximum(left, low))
    down = np.maximum(0, np.minimum(bottom, low + 1) - np.maximum(top, low))
    return np.asarray(down[:, :, None] * across[:, None, :])
