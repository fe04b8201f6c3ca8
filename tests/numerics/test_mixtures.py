# SPDX-License-Identifier: Apache-2.0
"""Densities of normal mixtures: tiles and blocks against plain NumPy, closed forms, and what far points give."""

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from mibench.numerics.mixtures import GroupedMixture, Mixture, log_densities_of_each, mixture_log_density_reference


def _weights(n, rng):
    weights = rng.random(n) + 1e-6
    return weights / weights.sum()


@settings(max_examples=30, deadline=None)
@given(
    n=st.integers(1, 60),
    m=st.integers(0, 40),
    dim=st.integers(1, 9),
    std=st.sampled_from([1e-3, 0.1, 1.0, 50.0]),
    spread=st.sampled_from([1e-2, 1.0, 1e2]),
    seed=st.integers(0, 2**32 - 1),
)
def test_densities_equal_the_reference(n, m, dim, std, spread, seed):
    rng = np.random.default_rng(seed)
    centres, points = spread * rng.normal(size=(n, dim)), 2 * spread * rng.normal(size=(m, dim))
    weights = _weights(n, rng)
    expected = mixture_log_density_reference(points, centres, std, weights)
    np.testing.assert_allclose(Mixture(centres, std, weights).log_density(points), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("std", [0.005, 0.05, 0.5])
@pytest.mark.parametrize("dim", [1, 3, 6])
def test_many_tiles_and_what_is_passed_over_leave_no_trace(dim, std):
    rng = np.random.default_rng(1)
    centres = rng.uniform(-1, 1, size=(3001, dim))
    weights = _weights(3001, rng)
    points = np.concatenate([centres[:60] + std * rng.normal(size=(60, dim)), 3 * rng.normal(size=(60, dim))])
    expected = mixture_log_density_reference(points, centres, std, weights)
    np.testing.assert_allclose(Mixture(centres, std, weights).log_density(points), expected, rtol=1e-12, atol=1e-12)


def test_one_component_is_the_normal_density():
    points = np.random.default_rng(2).normal(size=(20, 4))
    found = Mixture(np.array([[1.0, 2.0, 3.0, 4.0]]), 0.7).log_density(points)
    np.testing.assert_allclose(found, multivariate_normal([1, 2, 3, 4], 0.49).logpdf(points), rtol=1e-12)


def test_a_far_point_has_a_finite_density():
    found = Mixture(np.array([[0.0], [1.0]]), 0.01).log_density(np.array([[1e6]]))
    expected = -0.5 * ((1e6 - 1) / 0.01) ** 2 - math.log(2) - 0.5 * math.log(2 * math.pi * 1e-4)
    assert found[0] == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("sizes", [(1,) * 50, (16,) * 40, (700, 1, 30, 600), (1200,)], ids=len)
def test_groups_have_their_own_density_beside_that_of_all(sizes):
    rng = np.random.default_rng(3)
    groups = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    centres, weights = rng.normal(size=(len(groups), 3)), _weights(len(groups), rng)
    which = rng.integers(0, len(sizes), 90)
    points = rng.normal(size=(90, 3))
    own, of_all = GroupedMixture(centres, groups, 0.2, weights).log_densities(points, which)
    np.testing.assert_allclose(of_all, mixture_log_density_reference(points, centres, 0.2, weights), rtol=1e-12)
    for group in range(len(sizes)):
        mine = groups == group
        expected = mixture_log_density_reference(
            points[which == group], centres[mine], 0.2, weights[mine] / weights[mine].sum()
        )
        np.testing.assert_allclose(own[which == group], expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("replicas", [1, 7, 300])
def test_mixtures_at_points_of_their_own(replicas):
    rng = np.random.default_rng(7)
    centres, points = rng.normal(size=(9, replicas, 5)), 2 * rng.normal(size=(9, 3, 5))
    found = log_densities_of_each(points, centres, 0.2)
    for i in range(9):
        expected = mixture_log_density_reference(points[i], centres[i], 0.2, np.full(replicas, 1 / replicas))
        np.testing.assert_allclose(found[i], expected, rtol=1e-12)


def test_no_group_is_denser_than_all_over_its_weight():
    rng = np.random.default_rng(4)
    groups = np.repeat(np.arange(30), 20)
    centres = rng.normal(size=(600, 2))
    own, of_all = GroupedMixture(centres, groups, 0.3).log_densities(
        rng.normal(size=(500, 2)), rng.integers(0, 30, 500)
    )
    assert (own - of_all <= math.log(30) + 1e-12).all()


def test_equal_centres_of_several_groups_have_one_density():
    mixture = GroupedMixture(np.full((64, 5), 0.3), np.repeat(np.arange(8), 8), 0.1)
    own, of_all = mixture.log_densities(np.random.default_rng(5).normal(size=(40, 5)), np.arange(40) % 8)
    np.testing.assert_array_equal(own, of_all)


def test_memory_is_of_the_order_of_the_centres_and_points():
    rng = np.random.default_rng(6)
    centres, points = rng.normal(size=(20_000, 3)), rng.normal(size=(1000, 3))
    Mixture(centres[:10], 0.01).log_density(points[:10])  # compiled before it is measured
    tracemalloc.start()
    Mixture(centres, 0.01).log_density(points)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000 * 1000 * 8 / 20
