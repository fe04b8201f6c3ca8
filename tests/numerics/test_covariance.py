# SPDX-License-Identifier: Apache-2.0
"""The triangle of centred columns against the covariance matrix, and what it calls dependent."""

import numpy as np
import pytest

from mibench.numerics.covariance import triangle


def _data(n=60, dim=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, dim)) @ rng.normal(size=(dim, dim)) + 10


def test_r_squares_to_the_correlation_matrix_and_q_whitens():
    values = _data()
    shape = triangle(values[:, :1], values[:, 1:], keep_q=True)
    np.testing.assert_allclose(shape.r.T @ shape.r, np.corrcoef(values.T), atol=1e-13)
    np.testing.assert_allclose(shape.q.T @ shape.q, np.eye(4), atol=1e-13)
    np.testing.assert_allclose(shape.q.sum(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(np.abs(triangle(values).r), np.abs(shape.r), atol=1e-13)


def test_log_determinants_add_up():
    values = _data()
    shape = triangle(values)
    assert shape.log_det() == pytest.approx(0.5 * np.linalg.slogdet(np.corrcoef(values.T))[1], rel=1e-10)
    assert shape.log_det() - shape.log_det(2) == pytest.approx(triangle(values[:, :2]).log_det(), rel=1e-10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_linear_combination_is_dependent_at_either_precision(dtype):
    values = _data()
    combined = (values @ [1.0, -2.0, 0.5, 3.0])[:, None]
    assert triangle(values.astype(dtype)).dependent == 0
    assert triangle(values.astype(dtype), combined.astype(dtype)).dependent == 1


def test_a_correlation_that_a_covariance_matrix_would_round_to_one_is_told_from_one():
    x = np.random.default_rng(0).normal(size=(400, 1))
    noise = np.random.default_rng(1).normal(size=(400, 1))
    shape = triangle(x, x + 1e-9 * noise)
    assert shape.dependent == 0
    assert shape.log_det(1) == pytest.approx(np.log(1e-9), abs=0.3)
