# SPDX-License-Identifier: Apache-2.0
"""The path that Butakov et al. draw through the raw points of a plane."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, savgol_filter, sosfiltfilt

__all__ = ["smoothed"]

_POINTS = 300  # that the published filters are for, one an epoch
_WINDOW, _DEGREE = 31, 4  # published: 30, but an even window moves the path by half a point
_ORDER, _CUT = 8, 0.125  # of the Butterworth filter; the cut as a share of the Nyquist frequency
_LEAST = 5


def smoothed(values: NDArray[Any]) -> NDArray[np.float64]:
    """Series along the last axis by a Savitzky-Golay filter, then a Butterworth filter forth and back.

    Parameters
    ----------
    values : ndarray, shape (..., E)
        NaN where there is none.

    Returns
    -------
    ndarray of float64, shape (..., E)
        NaN where `values` is. Of 300 points as published (code of 2023): a window of a tenth of them and fourth-degree
        polynomials, and frequencies to 1/16. Fewer points have a window of a tenth of them too, no less than 5, and the
        degree that it allows; frequencies are cut at as many waves along the whole, which 37 points or fewer all stay
        below. Fewer than 5 points are left alone.
    """
    values = np.asarray(values, dtype=np.float64)
    n = values.shape[-1]
    if n < _LEAST:
        return values.copy()
    known = np.isfinite(values)
    found = _filled(values, known)
    window = min(max(round(_WINDOW * n / _POINTS) // 2 * 2 + 1, _LEAST), _WINDOW)
    found = savgol_filter(found, window, min(_DEGREE, window // 2), axis=-1, mode="interp")
    cut = max(_CUT, _CUT * _POINTS / n)
    if cut < 1:
        found = sosfiltfilt(butter(_ORDER, cut, output="sos"), found, axis=-1, padlen=min(3 * (_ORDER + 1), n - 1))
    return np.where(known, found, np.nan)


def _filled(values: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """What is missing in a series put on the straight line between its neighbours; 0 where all of it is missing."""
    found, at = values.copy(), np.arange(values.shape[-1])
    for place in np.ndindex(values.shape[:-1]):
        own = known[place]
        if not own.all():
            found[place] = np.interp(at, at[own], values[place][own]) if own.any() else 0.0
    return found
