# SPDX-License-Identifier: Apache-2.0
"""Leave-one-out kernel sums: the vectorised kernel against plain NumPy, and against closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mibench.numerics.kernel_sums import loo_log_sums, loo_log_sums_reference


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(2, 40),
    dim=st.integers(1, 9),
    spread=st.sampled_from([1e-3, 1.0, 1e3]),
    seed=st.integers(0, 2**32 - 1),
)
def test_sums_and_moments_equal_the_reference(n, dim, spread, seed):
    points = spread * np.random.default_rng(seed).normal(size=(n, dim))
    scales = np.array([1e-2, 0.7, 40.0]) / spread**2
    np.testing.assert_allclose(loo_log_sums(points, scales), loo_log_sums_reference(points, scales), rtol=1e-9)


def test_tiles_and_blocks_leave_no_seam():
    points = np.random.default_rng(1).normal(size=(521, 6))  # not a multiple of rows, tiles or fours
    scales = np.array([2.0])
    np.testing.assert_allclose(loo_log_sums(points, scales), loo_log_sums_reference(points, scales), rtol=1e-11)


def test_a_step_looks_at_every_stepth_point_with_all_kernels():
    points = np.random.default_rng(2).normal(size=(103, 3))
    scales = np.array([0.5, 3.0])
    np.testing.assert_array_equal(loo_log_sums(points, scales, step=7), loo_log_sums(points, scales)[:, :, ::7])


def test_an_isolated_point_has_a_finite_logarithm():
    points = np.array([[0.0], [1.0], [1e6]])
    log_sums, first, _ = loo_log_sums(points, np.array([1.0]))[:, 0]
    assert log_sums[2] == pytest.approx(-((1e6 - 1) ** 2), rel=1e-12)
    assert first[2] == pytest.approx((1e6 - 1) ** 2, rel=1e-12)


def test_coinciding_points_give_the_logarithm_of_their_number():
    out = loo_log_sums(np.ones((11, 2)), np.array([5.0]))[:, 0]
    np.testing.assert_allclose(out[0], np.log(10), rtol=1e-15)
    np.testing.assert_array_equal(out[1:], 0.0)


def test_the_moments_are_the_derivatives_in_the_logarithm_of_the_scale():
    points = np.random.default_rng(3).normal(size=(60, 2))
    log_scale, step = np.log(1.3), 1e-4
    below, here, above = loo_log_sums(points, np.exp(log_scale + step * np.array([-1, 0, 1])))[0]
    _, mean, square = loo_log_sums(points, np.array([1.3]))[:, 0]
    np.testing.assert_allclose((above - below) / (2 * step), -mean, rtol=1e-6)
    np.testing.assert_allclose((above - 2 * here + below) / step**2, square - mean**2 - mean, atol=2e-6)
