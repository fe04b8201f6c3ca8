# SPDX-License-Identifier: Apache-2.0
"""The anti-pca task: its truth by quadrature of the copula, its embedding and back, and that PCA fails."""

import numpy as np
import pytest
from scipy.special import ndtri

import mibench
from mibench.contracts import InputError
from mibench.tasks.antipca import AntiPCA


@pytest.mark.parametrize("mi", [0.0, 0.5, 2.0])
def test_truth_by_quadrature_of_the_copula(mi):
    """Density of (X, Y) on (-1, 1)^2, integrated in tanh coordinates, which resolve its corners."""
    rho = np.sqrt(1 - np.exp(-2 * mi))
    t = np.linspace(-6, 6, 1501)
    u, weight = np.tanh(t), (t[1] - t[0]) / np.cosh(t) ** 2
    below, above = np.exp(2 * t) / (1 + np.exp(2 * t)), 1 / (1 + np.exp(2 * t))  # (1 + u) / 2 and (1 - u) / 2
    score = np.where(u < 0, ndtri(below), -ndtri(above))
    a, b = np.meshgrid(score, score)
    log_density = -0.5 * np.log(1 - rho**2) - (rho**2 * (a**2 + b**2) - 2 * rho * a * b) / (2 * (1 - rho**2))
    density = np.exp(log_density) / 4 * np.outer(weight, weight)
    assert density.sum() == pytest.approx(1, abs=1e-4)
    assert (density * log_density).sum() == pytest.approx(AntiPCA(mi).truth.mi, abs=2e-4)


def test_embedding_is_the_published_one_and_decodes():
    rng = np.random.default_rng(0)
    parameters = np.vstack([rng.uniform(-1, 1, (9000, 2)), rng.choice([-1, -1e-9, 0, 1e-9, 1], (1000, 2))])
    embedded = AntiPCA.embed(parameters)
    for k in (0, 1, 2, 9, 10, 31):
        a = parameters[:, 0] + k * parameters[:, 1]
        np.testing.assert_array_equal(embedded[:, k], a if k < 2 else np.maximum(a, 0.1 * a * k))
    assert np.abs(AntiPCA.decode(embedded) - parameters).max() < 1e-12
    with pytest.raises(InputError, match=r"embedded has shape \(3, 2\)"):
        AntiPCA.decode(np.zeros((3, 2)))


def test_sample_is_the_embedding_of_uniform_variables():
    task, n = AntiPCA(2.0), 20000
    sample = task.sample(n, 1)
    for values, other, side in ((sample.x, sample.y, "latent_x"), (sample.y, sample.x, "latent_y")):
        x, z = task.decode(values).T
        np.testing.assert_array_equal(x, sample.side[side][:, 0])
        for uniform in (x, z):
            empirical = (np.sort(uniform) + 1) / 2 - (np.arange(n) + 0.5) / n
            assert np.abs(empirical).max() < 2 / np.sqrt(n)  # Kolmogorov: exceeded once in 1500
        assert abs(np.corrcoef(z, x)[0, 1]) < 4.5 / np.sqrt(n)
        assert np.abs([np.corrcoef(z, each)[0, 1] for each in task.decode(other).T]).max() < 4.5 / np.sqrt(n)


def test_principal_components_miss_the_information():
    task = AntiPCA(2.0)
    sample = task.sample(1500, 0)

    def leading(values, kept):
        centred = values - values.mean(axis=0)
        return centred @ np.linalg.svd(centred, full_matrices=False)[2][:kept].T

    latent = mibench.estimate(sample.side["latent_x"], sample.side["latent_y"], "ksg").mi
    assert latent == pytest.approx(2.0, abs=0.15)
    for kept, most in ((1, 0.1), (2, 0.6)):
        assert mibench.estimate(leading(sample.x, kept), leading(sample.y, kept), "ksg").mi < most
    spectrum = np.linalg.svd(sample.x - sample.x.mean(axis=0), compute_uv=False) ** 2
    assert spectrum[0] > 0.99 * spectrum.sum()  # PCA sees nothing wrong
