# SPDX-License-Identifier: Apache-2.0
"""The smoothed path stays where points without noise are, and nearer to the truth than points with noise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from mibench.studies.smoothing import smoothed


def test_at_300_points_it_is_the_published_filters() -> None:
    values = np.random.default_rng(0).normal(size=300).cumsum()
    first = signal.savgol_filter(values, 31, 4)
    b, a = signal.butter(8, 0.125)
    published = signal.filtfilt(b, a, first)
    np.testing.assert_allclose(smoothed(values), published, atol=1e-6)


@pytest.mark.parametrize("n", [1, 4, 5, 12, 37, 38, 60, 100, 300, 500])
def test_slow_changes_stay_and_noise_goes(n: int) -> None:
    at = np.linspace(0, 1, n)
    truth = np.stack([np.full(n, 2.5), 3 - 2 * at, 1 + at**2])
    np.testing.assert_allclose(smoothed(truth), truth, atol=0.01)
    noisy = truth + 0.1 * np.random.default_rng(n).normal(size=(3, n))
    if n < 5:
        np.testing.assert_array_equal(smoothed(noisy), noisy)
    else:
        left = np.sqrt(np.mean((smoothed(noisy) - truth) ** 2))
        assert left < 0.85 * np.sqrt(np.mean((noisy - truth) ** 2))


def test_what_is_missing_stays_missing_and_spoils_nothing() -> None:
    values = np.tile(np.linspace(0, 3, 80), (3, 1))
    values[0, 10:20] = np.nan
    values[1] = np.nan
    found = smoothed(values)
    assert np.isnan(found).tolist() == np.isnan(values).tolist()
    known = ~np.isnan(values)
    np.testing.assert_allclose(found[known], values[known], atol=1e-3)
