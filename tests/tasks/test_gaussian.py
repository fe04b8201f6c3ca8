# SPDX-License-Identifier: Apache-2.0
"""The gaussian task: its truth by quadrature and by determinants, its covariance by samples."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from mibench.contracts import InputError
from mibench.numerics.gaussian_information import gaussian_mi
from mibench.tasks.gaussian import Gaussian
from mibench.tasks.latents import haar_rotation


@pytest.mark.parametrize("mi", [0.0, 0.1, 1.0, 2.5])
def test_truth_by_quadrature_of_the_density(mi):
    task = Gaussian(mi, rotation_seed=1)
    grid = np.linspace(-9, 9, 1801)
    x, y = np.meshgrid(grid, grid)
    joint = multivariate_normal(cov=task.covariance).pdf(np.stack([x, y], axis=-1))
    product = np.exp(-(x**2 + y**2) / 2) / (2 * np.pi)
    ratio = np.divide(joint, product, out=np.ones_like(joint), where=joint > 0)
    assert (joint * np.log(ratio)).sum() * 0.01**2 == pytest.approx(task.truth.mi, abs=1e-8)


@given(
    st.floats(0, 10),
    st.integers(1, 6),
    st.integers(1, 6),
    st.sampled_from(["equal", "one"]),
    st.booleans(),
    st.integers(0),
)
@settings(deadline=None)
def test_truth_by_determinants(mi, dim_x, dim_y, spread, rotate, seed):
    task = Gaussian(mi, dim_x, dim_y, spread, rotate, seed)
    assert gaussian_mi(task.covariance, dim_x) == pytest.approx(task.truth.mi, abs=1e-6)
    assert (task.dim_x, task.dim_y) == (dim_x, dim_y)
    for part, dim in ((task.covariance[:dim_x, :dim_x], dim_x), (task.covariance[dim_x:, dim_x:], dim_y)):
        np.testing.assert_array_equal(part, np.eye(dim))


@pytest.mark.parametrize(
    "task",
    [
        Gaussian(1.0, 2, 3),
        Gaussian(1.0, 3, 2, "one"),
        Gaussian(2.0, 2, rotate=False),
        Gaussian.from_covariance([[2.0, 0.5, 0.3], [0.5, 1.0, 0.2], [0.3, 0.2, 0.5]], 2),
    ],
    ids=str,
)
def test_samples_have_the_covariance(task):
    n = 40000
    sample = task.sample(n, 2)
    joint = np.hstack([sample.x, sample.y])
    covariance = np.array(task.covariance)
    error = np.sqrt((np.outer(covariance.diagonal(), covariance.diagonal()) + covariance**2) / n)
    assert np.abs((joint.T @ joint / n - covariance) / error).max() < 4.5
    assert np.abs(joint.mean(axis=0) / np.sqrt(covariance.diagonal() / n)).max() < 4.5
    np.testing.assert_array_equal(sample.x, sample.side["latent_x"])


def test_canonical_pairs_without_rotation():
    equal, one = (Gaussian(1.5, 3, spread=spread, rotate=False).covariance[:3, 3:] for spread in ("equal", "one"))
    np.testing.assert_allclose(equal, math.sqrt(1 - math.exp(-1.0)) * np.eye(3), rtol=1e-15)
    np.testing.assert_allclose(one, np.diag([math.sqrt(1 - math.exp(-3.0)), 0, 0]), rtol=1e-15)


def test_rotation_is_orthogonal_fixed_and_haar():
    q = haar_rotation(5, 0, 0)
    np.testing.assert_allclose(q @ q.T, np.eye(5), rtol=0, atol=1e-14)
    assert q is haar_rotation(5, 0, 0)
    assert not np.array_equal(q, haar_rotation(5, 0, 1))
    with pytest.raises(ValueError, match="read-only"):
        q[0, 0] = 1
    # the trace of a Haar matrix has mean 0 and variance 1; without the signs of R the mean is far from 0
    traces = np.array([np.trace(haar_rotation(3, seed, 7)) for seed in range(2000)])
    assert abs(traces.mean()) < 4 / math.sqrt(2000)
    assert abs(traces.var() - 1) < 0.15


def test_from_covariance():
    rho = 0.6
    task = Gaussian.from_covariance([[4.0, 2 * rho], [2 * rho, 1.0]], 1)
    assert task.truth.mi == pytest.approx(-0.5 * math.log(1 - rho**2), abs=1e-12)
    assert (task.dim_x, task.dim_y) == (1, 1)
    assert task.truth is task.truth
    for covariance, dim_x, message in (
        (np.ones((2, 2)), 1, "not positive definite"),
        (np.eye(3)[:2], 1, "shape"),
        (np.eye(2), 2, "dim_x is 2"),
        ([[1, 0.5], [0.4, 1]], 1, "symmetric"),
        (np.full((2, 2), np.nan), 1, "finite"),
    ):
        with pytest.raises(InputError, match=message):
            Gaussian.from_covariance(covariance, dim_x)
