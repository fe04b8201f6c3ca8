# SPDX-License-Identifier: Apache-2.0
"""Rises and falls of single curves: what noise gives, what clear curves give; when a loss falls fastest."""

from __future__ import annotations

from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mibench.studies.claims.alternations import chance, counts, errors, fastest, fewest
from mibench.studies.results import MissingResult, Plane

curves = st.lists(st.floats(-5, 5), min_size=2, max_size=60).map(np.array)
some = settings(max_examples=40, deadline=None)


def of(curve, least):
    """Rises and falls of a single curve."""
    rises, falls = counts(np.asarray(curve, float)[None], np.array([least]))
    return int(rises[0]), int(falls[0])


@given(curves, st.floats(0.01, 4))
@some
def test_rises_and_falls_take_turns_and_are_no_more_than_the_curve_moves(curve, least):
    rises, falls = of(curve, least)
    assert abs(rises - falls) <= 1
    assert (rises + falls) * least <= np.abs(np.diff(curve)).sum()
    assert (rises + falls == 0) == (not np.ptp(curve) > least)


@given(curves, st.floats(0.01, 4), st.integers(0, 59))
@some
def test_rises_are_the_falls_of_the_curve_upside_down_or_backwards(curve, least, at):
    rises, falls = of(curve, least)
    assert of(-curve, least) == (falls, rises)
    assert of(curve[::-1], least) == (falls, rises)
    held = np.insert(curve, at % len(curve), curve[at % len(curve)])
    assert of(held, least) == (rises, falls)


@given(st.lists(curves, min_size=2, max_size=4), st.floats(0.01, 4))
@some
def test_curves_are_counted_one_by_one(several, least):
    length = min(map(len, several))
    several = np.stack([curve[:length] for curve in several])
    rises, falls = counts(several, np.full(len(several), least))
    assert [*zip(rises, falls, strict=True)] == [of(curve, least) for curve in several]


def test_rises_and_falls_are_counted():
    curve = [0, 1, 2, 1, 0, 1, 2, 1.9, 2, 0, 5.0]
    assert of(curve, 1) == (3, 2)
    assert of(curve, 2.5) == (1, 0)
    assert of(curve, 0.05) == (4, 3)
    assert of(np.zeros(9), 0.1) == (0, 0)


@pytest.mark.parametrize("points", [16, 30, 67])
def test_noise_seldom_rises_and_falls_twice(points):
    epochs = np.unique(np.geomspace(1, 301, points).round().astype(int)) - 1
    rng = np.random.default_rng(points)
    found = fewest(rng.normal(size=(1000, len(epochs))), epochs, np.full(1000, sqrt(2)))
    assert np.mean(found >= 2) < 0.05


def test_errors_are_of_differences_in_bits_where_smoothed_ones_are_greatest():
    information = np.zeros((2, 60, 4, 2))
    std_error = np.full((2, 60, 4, 2), 0.01)
    std_error[1, :, 3, 1] = 0.03
    std_error[0, 0] = np.nan
    plane = Plane("made", np.arange(60), np.arange(2), information, std_error=std_error)
    np.testing.assert_allclose(errors(plane, 4, "y"), np.array([0.01, 0.03]) * sqrt(2) / log(2))
    np.testing.assert_allclose(errors(plane, 4, "x"), np.array([0.01, 0.01]) * sqrt(2) / log(2))
    std_error[:, 50, 3] = 0.09  # by chance
    assert (errors(plane, 4, "y") < 0.05 * sqrt(2) / log(2)).all()
    std_error[:, 20:, 3] = 0.09
    np.testing.assert_allclose(errors(plane, 4, "y"), 0.09 * sqrt(2) / log(2), rtol=1e-3)
    std_error[1] = np.nan
    assert np.isnan(errors(plane, 4, "x")).tolist() == [False, True]
    with pytest.raises(MissingResult, match="made has no standard errors"):
        errors(Plane("made", np.arange(60), np.arange(2), information), 1, "x")


@pytest.mark.parametrize("at", [40, 150])
def test_a_loss_falls_fastest_about_its_steepest_epoch(at):
    width = 10
    first, last = fastest(2.3 / (1 + np.exp((np.arange(300) + 0.5 - at) / width)))
    half = 2 * np.arccosh(sqrt(2)) * width  # of the derivative's height
    # smoothing widens it: by a ninth of the epoch
    assert at - half - at / 9 <= first < at < last <= at + half + at / 9


def test_a_loss_that_falls_from_the_start_does_so_from_epoch_0():
    first, last = fastest(np.exp(-np.arange(300) / 30))
    assert first == 0.0
    assert last == pytest.approx(30 * log(2), abs=3)
    first, last = fastest(np.linspace(1, 0, 50))  # all the time, but for what smoothing does at the end
    assert (first, last) == (0.0, pytest.approx(50, rel=0.1))


def test_chance_is_binomial_where_probabilities_are_equal():
    assert chance(np.full(5, 0.3), 5) == pytest.approx(0.3**5)
    assert chance(np.full(5, 0.3), 4) == pytest.approx(0.3**5 + 5 * 0.3**4 * 0.7)
    assert chance(np.array([0.1, 0.9]), 1) == pytest.approx(1 - 0.9 * 0.1)
    assert chance(np.array([0.1, 0.9]), 0) == pytest.approx(1)
