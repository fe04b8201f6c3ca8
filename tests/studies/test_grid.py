# SPDX-License-Identifier: Apache-2.0
"""Tests of the epochs that dear computations look at."""

from __future__ import annotations

import numpy as np
import pytest

from mibench.contracts import InputError
from mibench.networks import recording
from mibench.studies.grid import thinned


@pytest.mark.parametrize("points", [2, 4, 28, 200])
def test_ends_are_kept_and_ratios_are_alike(points: int) -> None:
    epochs = np.array(recording.usual(10000))
    kept = thinned(epochs, points)
    assert len(kept) <= points
    assert kept[0] == 0
    assert kept[-1] == len(epochs) - 1
    assert (np.diff(kept) > 0).all()
    ratios = np.diff(np.log1p(epochs[kept]))
    assert ratios.max() < max(2.2 * np.log1p(10000) / points, np.log(2) + 1e-9)


def test_most_points_are_used() -> None:
    assert len(thinned(np.array(recording.usual(10000)), 28)) >= 26


@pytest.mark.parametrize("points", [5, 6, 100])
def test_all_where_there_are_no_more(points: int) -> None:
    assert np.array_equal(thinned(np.array([0, 1, 2, 50, 60]), points), np.arange(5))


def test_one_point_is_the_last() -> None:
    assert thinned(np.array([0, 5, 9]), 1).tolist() == [2]


def test_no_points_is_an_error() -> None:
    with pytest.raises(InputError, match="points"):
        thinned(np.array([0, 1]), 0)
