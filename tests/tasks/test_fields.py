# SPDX-License-Identifier: Apache-2.0
"""Noisy fields: the closed form against the full covariance, the covariance against samples, Corollary 4 in between."""

import math

import numpy as np
import pytest

from mibench.numerics.gaussian_information import gaussian_mi, trace_bound
from mibench.tasks.images.fields import Fields, smooth_basis


@pytest.mark.parametrize("size", [2, 8, 16])
def test_basis_is_orthonormal_and_smooth(size):
    dim = min(10, size**2)
    for side in (0, 1):
        basis = smooth_basis(size, dim, side)
        np.testing.assert_allclose(basis @ basis.T, np.eye(dim), rtol=0, atol=1e-13)
    if size == 16:
        images = basis.reshape(dim, size, size)
        steps = np.diff(images, axis=1) ** 2
        assert steps.sum() < 0.3 * (images**2).sum()  # white images would have 2
        assert np.abs(smooth_basis(size, dim, 0) @ basis.T).max() < 0.99  # the sides differ


@pytest.mark.parametrize(
    "task",
    [
        Fields(8, 0.0),
        Fields(8, 0.5),
        Fields(8, 3.0),
        Fields(8, 8.5),
        Fields(4, 2.0, 16, 0.5, 0.7),
        Fields(10, 10.0, 10, 0.1),
    ],
    ids=str,
)
def test_truth_by_cholesky_of_the_full_covariance(task):
    """Every pixel of both noisy images, without the basis: another factorisation of another matrix."""
    assert gaussian_mi(task.covariance, task.dim_x) == pytest.approx(task.mi, abs=1e-8)
    assert 0 <= task.correlation < 1


def test_samples_have_the_covariance():
    task, n = Fields(4, 2.0, 6, 0.5), 40000
    sample = task.sample(n, 3)
    joint = np.hstack([sample.x.reshape(n, -1), sample.y.reshape(n, -1)]).astype(float)
    covariance = task.covariance
    error = np.sqrt((np.outer(covariance.diagonal(), covariance.diagonal()) + covariance**2) / n)
    assert np.abs((joint.T @ joint / n - covariance) / error).max() < 5
    for noisy, clean in ((sample.x, sample.side["clean_x"]), (sample.y, sample.side["clean_y"])):
        assert noisy.dtype == clean.dtype == np.float32
        noise = (noisy - clean).reshape(n, -1)
        assert np.abs(noise.T @ noise / n - 0.25 * np.eye(16)).max() < 5 * 0.25 * math.sqrt(2 / n)
        assert np.abs(noise.T @ clean.reshape(n, -1) / n).max() < 6 * 0.5 * clean.std(axis=0).max() / math.sqrt(n)


def test_latents_are_sufficient():
    """The statement behind ``latent_x``: projections of the noisy images keep all of the information, exactly."""
    task = Fields(8, 3.0)
    a, b = (smooth_basis(8, task.dim, side) for side in (0, 1))
    both = np.block([[a, np.zeros_like(a)], [np.zeros_like(b), b]])
    assert gaussian_mi(both @ task.covariance @ both.T, task.dim) == pytest.approx(3.0, abs=1e-10)
    sample = task.sample(20, 0)
    for side, images in (("x", sample.x), ("y", sample.y)):
        expected = images.reshape(20, -1) @ (a if side == "x" else b).T
        np.testing.assert_allclose(sample.side[f"latent_{side}"], expected, rtol=0, atol=1e-12)
    xi_and_eta = 0.5 * task.dim * -math.log1p(-(task.correlation**2))
    assert xi_and_eta > 3.01  # why the latents are not xi and eta: they know more than the noisy images


def test_eigenvalues_are_those_of_the_clean_covariance():
    task = Fields(6, 1.0, 5)
    clean = task.covariance[:36, :36] - task.noise_std**2 * np.eye(36)
    np.testing.assert_allclose(np.sort(task.eigenvalues), np.linalg.eigvalsh(clean), rtol=0, atol=1e-11)
    assert clean.diagonal().mean() == pytest.approx(1.0)
    assert (np.diff(task.eigenvalues) <= 0).all()


@pytest.mark.parametrize("mi", [1.0, 3.0, 6.0])
def test_corollary_4_as_numbers(mi):
    """Exact loss of projections on principal components, found from the covariance alone, within both bounds."""
    task = Fields(8, mi)
    joint = task.covariance
    axes = [np.linalg.eigh(joint[part, part])[1][:, ::-1] for part in (slice(0, 64), slice(64, 128))]
    for kept in range(1, 11):
        e, f = (axis[:, :kept].T for axis in axes)
        both = np.block([[e, np.zeros((kept, 64))], [np.zeros((kept, 64)), f]])
        projected = both @ joint @ both.T
        exact = gaussian_mi((projected + projected.T) / 2, kept)
        assert exact == pytest.approx(task.projected_mi(kept), abs=1e-8)
        corollary, sharper = task.loss_bounds(kept)
        one_sided = np.block([[e, np.zeros((kept, 64))], [np.zeros((64, 64)), np.eye(64)]])
        projected = one_sided @ joint @ one_sided.T
        one_loss = mi - gaussian_mi((projected + projected.T) / 2, kept)
        trace = trace_bound(task.eigenvalues[kept:].sum(), task.noise_std, 64 - kept)
        assert -1e-9 <= one_loss <= sharper + 1e-9
        assert sharper <= trace + 1e-9 <= corollary + 2e-9
        assert -1e-9 <= mi - exact <= 2 * sharper + 1e-9


@pytest.mark.parametrize("size", [16, 32])
@pytest.mark.parametrize("mi", [1, 3, 6, 10])
def test_defaults_make_a_few_components_keep_most_but_not_all(size, mi):
    task = Fields(size, mi)
    assert 0.5 * mi < task.projected_mi(5) < 0.98 * mi
    assert task.loss_bounds(8)[1] < 0.1
    assert task.projected_mi(0) == 0
    assert task.projected_mi(size**2) == pytest.approx(mi, abs=1e-12)
    assert task.loss_bounds(10) == (0.0, 0.0)
