# SPDX-License-Identifier: Apache-2.0
"""How fast the plug-in of smoothed distributions converges, what it costs in dimensions, and the bound of its risk.

Goldfeld, Greenewald, Niles-Weed, Polyanskiy: Convergence of Smoothed Empirical Measures, IEEE T-IT 66 (2020).
"""

import itertools
import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import linear_sum_assignment
from scipy.special import ndtr
from scipy.stats import binom, truncnorm

from mibench.estimators.noisy_plugin import risk_bound
from mibench.numerics.mixture_information import Units, mixture_information
from mibench.numerics.mixtures import Mixture

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(200)


def _normal(t, mean, std):
    return np.exp(-(((t - mean) / std) ** 2) / 2) / (std * math.sqrt(2 * math.pi))


def _cube(n, dim, rng):
    return rng.uniform(-1, 1, size=(n, dim))


def _truncated(n, dim, rng):
    return truncnorm.rvs(-2, 2, scale=0.5, size=(n, dim), random_state=rng)


def _corners(n, dim, rng, share=0.75):
    return np.where(rng.random((n, dim)) < share, 1.0, -1.0)


def _fair_corners(n, dim, rng):
    return _corners(n, dim, rng, 0.5)


_SMOOTHED = {  # the density of one coordinate plus noise
    _cube: lambda t, s: (ndtr((t + 1) / s) - ndtr((t - 1) / s)) / 2,
    _truncated: lambda t, s: (_WEIGHTS * truncnorm.pdf(_NODES, -2, 2, scale=0.5)) @ _normal(t, _NODES, s),
    _corners: lambda t, s: 0.75 * _normal(t, 1, s) + 0.25 * _normal(t, -1, s),
    _fair_corners: lambda t, s: 0.5 * _normal(t, 1, s) + 0.5 * _normal(t, -1, s),
}


def _entropy(draw, dim, std):
    """h(P * N) of independent coordinates, by quadrature."""

    def integrand(t):
        p = float(_SMOOTHED[draw](t, std))
        return -p * math.log(p) if p > 0 else 0.0

    return dim * quad(integrand, -1 - 10 * std, 1 + 10 * std, limit=500, points=[-1, 0, 1])[0]


def _plug_in(centres, std, rng, draws=4):
    n = len(centres)
    units = Units(centres, np.ones(n, dtype=np.int64), np.full(n, 1 / n), np.zeros(n, dtype=np.int64))
    return mixture_information(units, std, rng, draws=draws).entropy


def _errors(draw, dim, std, n, repeats, noises=2048):
    truth = _entropy(draw, dim, std)
    rngs = (np.random.default_rng([n, dim, k]) for k in range(repeats))
    return np.array([_plug_in(draw(n, dim, rng), std, rng, max(4, noises // n)) - truth for rng in rngs])


def _slope(sizes, values):
    return np.polyfit(np.log(sizes), np.log(values), 1)[0]


@pytest.mark.parametrize(
    ("draw", "dim", "std"),
    [
        (_cube, 1, 0.5),
        (_cube, 3, 1.0),
        (_cube, 8, 2.0),
        (_truncated, 2, 1.0),
        (_truncated, 5, 1.5),
        (_corners, 1, 0.5),
        (_corners, 3, 1.5),
    ],
)
def test_the_error_falls_as_the_root_of_the_samples(draw, dim, std):
    sizes = (64, 256, 1024)
    errors = [np.abs(_errors(draw, dim, std, n, 100)).mean() for n in sizes]
    assert -0.6 < _slope(sizes, errors) < -0.4


def test_the_error_grows_with_the_dimension():
    errors = [np.abs(_errors(_cube, dim, 0.5, 128, 30)).mean() for dim in (1, 3, 5, 8)]
    assert errors == sorted(errors)
    assert errors[3] > 2 * errors[2] > 4 * errors[1]


def test_symmetric_atoms_are_biased_and_hardly_random():
    """-ln p is the same at each atom, so that the term of order 1 / sqrt(n) is 0; what remains is the bias, 1 / n."""
    sizes = (32, 128)
    for dim in (1, 3):
        errors = [_errors(_fair_corners, dim, 0.5, n, 80, 1 << 14) for n in sizes]
        means = [each.mean() for each in errors]
        assert all(-math.log1p((2**dim - 1) / n) < mean < 0 for n, mean in zip(sizes, means, strict=True))
        assert means[0] / means[1] == pytest.approx(4, rel=0.4)


@pytest.mark.parametrize("n", [64, 512])
def test_few_samples_of_many_corners_see_only_themselves(n):
    """The lower bound: 2^d far corners, of which n samples find at most n (collisions included in closed form)."""
    dim, std = 12, 0.05
    noise = dim / 2 * math.log(2 * math.pi * math.e * std**2)
    k = np.arange(1, n + 1)
    collisions = 2.0**dim / n * (binom.pmf(k, n, 2.0**-dim) * k * np.log(k)).sum()
    rngs = [np.random.default_rng([n, each]) for each in range(25)]
    found = np.array([_plug_in(_fair_corners(n, dim, rng), std, rng) for rng in rngs])
    expected = math.log(n) - collisions + noise
    assert found.mean() == pytest.approx(expected, abs=4.5 * found.std() / 5 + 0.01)
    assert _entropy(_fair_corners, dim, std) == pytest.approx(dim * math.log(2) + noise, abs=1e-6)
    short = _entropy(_fair_corners, dim, std) - found.mean()
    assert short == pytest.approx(dim * math.log(2) - math.log(n), abs=0.1)


def test_the_bias_is_a_divergence():
    """h(P * N) - E h(P_n * N) = E KL(P_n * N | P * N) >= 0, over all samples of three values of two atoms."""
    std, atoms, shares = 0.6, np.array([-1.0, 1.0]), np.array([0.3, 0.7])
    grid = np.linspace(-8, 8, 8001)[:, None]
    step = grid[1, 0] - grid[0, 0]
    log_p = Mixture(atoms[:, None], std, shares).log_density(grid)
    whole = -(np.exp(log_p) * log_p).sum() * step
    mean_entropy = mean_divergence = 0.0
    for sample in itertools.product((0, 1), repeat=3):
        weight = shares[list(sample)].prod()
        log_q = Mixture(atoms[list(sample), None], std).log_density(grid)
        mean_entropy += weight * -(np.exp(log_q) * log_q).sum() * step
        mean_divergence += weight * (np.exp(log_q) * (log_q - log_p)).sum() * step
    assert whole - mean_entropy == pytest.approx(mean_divergence, abs=1e-12)
    assert 0 < mean_divergence < math.log1p(1 / 3)


@pytest.mark.parametrize("draw", [_cube, _corners, _fair_corners])
@pytest.mark.parametrize(("dim", "std"), [(1, 0.2), (2, 0.5), (4, 1.0)])
def test_the_risk_bound_holds(draw, dim, std):
    atoms = math.inf if draw is _cube else 2**dim
    for n in (16, 128):
        errors = _errors(draw, dim, std, n, 30)
        assert np.abs(errors).mean() < risk_bound(std, dim, n, atoms)
        chi_square = min(atoms - 1, math.ceil(2 / std) ** dim * math.exp(9 * dim / 8))
        assert -errors.mean() < math.log1p(chi_square / n) + 4.5 * errors.std() / math.sqrt(30)


def test_the_risk_bound_knows_atoms_and_does_not_overflow():
    assert risk_bound(0.5, 2, 100, 1) == pytest.approx(2 * 8.5 / math.sqrt(200))
    assert risk_bound(0.5, 2, 100, 4) < risk_bound(0.5, 2, 100)
    assert math.isfinite(risk_bound(1e-6, 500, 100))


def _wasserstein_on_a_line(n, std, rng):
    """W1(P * N, P_n * N) for P uniform on [-1, 1]: the area between the distribution functions."""
    sample = rng.uniform(-1, 1, n)
    grid = np.linspace(-1 - 8 * std, 1 + 8 * std, 1501)
    u = (grid[:, None] - np.array([-1.0, 1.0])) / std
    primitive = u * ndtr(u) + np.exp(-(u**2) / 2) / math.sqrt(2 * math.pi)
    whole = std * (primitive[:, 0] - primitive[:, 1]) / 2
    return np.abs(whole - ndtr((grid[:, None] - sample) / std).mean(axis=1)).sum() * (grid[1] - grid[0])


def test_smoothed_wasserstein_on_a_line():
    sizes = (50, 200, 800)
    rng = np.random.default_rng(0)
    values = [np.mean([_wasserstein_on_a_line(n, 0.3, rng) for _ in range(60)]) for n in sizes]
    assert _slope(sizes, values) == pytest.approx(-0.5, abs=0.1)


def _smoothed_wasserstein_bound(n, dim, std, rng, points=2000):
    """int |t| |p_n - p| dt >= W1(P * N, P_n * N), by draws of p; the noise of one draw is that of the other sizes."""
    t = rng.uniform(-1, 1, size=(points, dim)) + std * rng.normal(size=(points, dim))
    p = _SMOOTHED[_cube](t, std).prod(axis=1)
    q = np.exp(Mixture(rng.uniform(-1, 1, size=(n, dim)), std).log_density(t))
    return (np.linalg.norm(t, axis=1) * np.abs(q / p - 1)).mean()


@pytest.mark.parametrize("dim", [2, 3, 5])
def test_smoothed_wasserstein_falls_as_the_root_in_any_dimension(dim):
    sizes = (60, 240, 960)
    rng = np.random.default_rng(1)
    values = [np.mean([_smoothed_wasserstein_bound(n, dim, 0.7, rng) for _ in range(15)]) for n in sizes]
    assert _slope(sizes, values) == pytest.approx(-0.5, abs=0.1)


@pytest.mark.parametrize("dim", [3, 5])
def test_without_smoothing_the_dimension_is_the_rate(dim):
    """Two samples of n: their distance by assignment falls as n^(-1/d) for d >= 3."""
    sizes = (60, 120, 240, 480)
    rng = np.random.default_rng(2)
    values = []
    for n in sizes:
        costs = []
        for _ in range(4):
            one, other = rng.uniform(-1, 1, size=(2, n, dim))
            distance = np.linalg.norm(one[:, None] - other, axis=2)
            costs.append(distance[linear_sum_assignment(distance)].mean())
        values.append(np.mean(costs))
    assert _slope(sizes, values) == pytest.approx(-1 / dim, abs=0.08)
    assert _slope(sizes, values) > -0.45
