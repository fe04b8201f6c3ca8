# SPDX-License-Identifier: Apache-2.0
"""Kernel densities: equal to the textbook formula, likeliest bandwidth, accuracy, invariances, what is refused."""

import math

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp
from threadpoolctl import threadpool_limits

from mibench import estimators
from mibench.contracts import InputError, Unsupported
from mibench.estimators.bandwidth import densities, likeliest
from mibench.estimators.kde import KDE


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """Hundreds of small samples: threads only wait for each other."""
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    with threadpool_limits(1):
        yield
    numba.set_num_threads(before)


def _normal(n, dim, mi, seed=0):
    rng = np.random.default_rng(seed)
    rho = math.sqrt(-math.expm1(-2 * mi / dim))
    x = rng.normal(size=(n, dim))
    return x, rho * x + math.sqrt(1 - rho**2) * rng.normal(size=(n, dim))


def _slow_log_densities(values, bandwidth):
    """Leave-one-out log-densities with kernel covariance bandwidth^2 S, straight from the definition."""
    n = len(values)
    kernel = bandwidth**2 * np.atleast_2d(np.cov(values.T))
    gaps = values[:, None, :] - values[None, :, :]
    exponent = -0.5 * np.einsum("ijk,kl,ijl->ij", gaps, np.linalg.inv(kernel), gaps)
    np.fill_diagonal(exponent, -np.inf)
    return logsumexp(exponent, axis=1) - 0.5 * np.linalg.slogdet(2 * np.pi * kernel)[1] - math.log(n - 1)


def _slow_mi(x, y, bandwidth):
    both = _slow_log_densities(np.hstack([x, y]), bandwidth)
    return both - _slow_log_densities(x, bandwidth) - _slow_log_densities(y, bandwidth)


@settings(max_examples=20, deadline=None)
@given(
    n=st.integers(10, 60), dim=st.integers(1, 4), mi=st.floats(0, 4), h=st.floats(0.05, 2), seed=st.integers(0, 10**6)
)
def test_estimate_equals_the_definition(n, dim, mi, h, seed):
    x, y = _normal(n, dim, mi, seed)
    terms = _slow_mi(x, y, h)
    found = KDE(bandwidth=h).estimate(x, y)
    assert found.mi == pytest.approx(terms.mean(), abs=1e-7)
    assert found.std_error == pytest.approx(terms.std(ddof=1) / math.sqrt(n), abs=1e-7)
    assert found.diagnostics["bandwidth"] == pytest.approx(h)


@pytest.mark.parametrize("dim", [1, 3, 8])
@pytest.mark.parametrize("shape", ["normal", "clusters", "tails"])
def test_bandwidth_maximises_the_leave_one_out_likelihood(dim, shape):
    rng = np.random.default_rng(dim)
    points = rng.normal(size=(400, dim))
    if shape == "clusters":
        points = 0.02 * points + rng.integers(0, 2, size=(400, dim))
    if shape == "tails":
        points = np.sign(points) * points**2
    found = likeliest(points)
    start = math.log(found.bandwidth)
    best = max(
        -minimize_scalar(lambda t: -densities(points, math.exp(t)).log.mean(), bounds=bounds, method="bounded").fun
        for bounds in ((start - 4, start - 1), (start - 1, start + 0.3), (start + 0.3, start + 4))
    )
    assert found.log.mean() == pytest.approx(best, abs=2e-5)
    np.testing.assert_allclose(found.log, densities(points, found.bandwidth).log, rtol=1e-12)


def test_shared_bandwidth_is_the_joint_spaces_and_own_are_each_spaces():
    x, y = _normal(300, 2, 1.0)
    shared, own = KDE().estimate(x, y).diagnostics, KDE(bandwidth="own").estimate(x, y).diagnostics
    assert shared["bandwidth"] == shared["bandwidth_x"] == shared["bandwidth_y"] == own["bandwidth"]
    assert own["bandwidth_x"] < own["bandwidth"]


@pytest.mark.parametrize("mi", [0.5, 2.0])
def test_accuracy_on_one_dimensional_normal_pairs(mi):
    errors = [abs(KDE().estimate(*_normal(5000, 1, mi, seed)).mi - mi) for seed in range(3)]
    assert np.mean(errors) < 0.05


def test_accuracy_on_four_plus_four_dimensions():
    assert KDE().estimate(*_normal(4000, 4, 3.0)).mi == pytest.approx(3.0, abs=0.15)


def test_normal_margins_repair_bounded_and_heavy_ones():
    x, y = _normal(1500, 2, 2.0)
    wild = x**3, np.tanh(y)
    plain, scored = KDE().estimate(*wild).mi, KDE(margins="normal").estimate(*wild).mi
    assert abs(scored - 2.0) < 0.1 < abs(plain - 2.0)
    assert scored == KDE(margins="normal").estimate(x, y).mi


def test_standard_error_matches_the_spread_over_samples():
    found = [KDE().estimate(*_normal(300, 1, 1.0, seed)) for seed in range(150)]
    spread = np.std([each.mi for each in found])
    assert np.mean([each.std_error for each in found]) == pytest.approx(spread, rel=0.25)
    low, high = found[0].interval
    assert (high - low) / 2 == pytest.approx(1.96 * found[0].std_error, rel=1e-4)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_affine_maps_permutations_and_swapping_change_nothing(seed):
    rng = np.random.default_rng(seed)
    x, y = _normal(120, 2, 1.0, seed)
    a, _ = np.linalg.qr(rng.normal(size=(2, 2)))
    base, order = KDE().estimate(x, y).mi, rng.permutation(len(x))
    assert KDE().estimate(x @ a * [1e3, 1e-3] + 7, -y).mi == pytest.approx(base, abs=1e-5)
    assert KDE().estimate(x[order], y[order]).mi == pytest.approx(base, abs=1e-4)  # the scan sees other points
    assert KDE().estimate(y, x).mi == pytest.approx(base, abs=1e-5)


def test_float32_data_give_the_float64_answer():
    x, y = _normal(500, 2, 1.0)
    assert KDE().estimate(x.astype(np.float32), y).mi == pytest.approx(KDE().estimate(x, y).mi, abs=1e-4)


def test_discrete_data_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(Unsupported, match=r"kde assumes a density, and x looks discrete.*binning"):
        KDE().estimate(rng.integers(0, 4, 100), rng.normal(size=100))


def test_repeated_pairs_are_refused():
    x, y = _normal(100, 1, 1.0)
    again = np.r_[np.arange(100), np.arange(10)]
    with pytest.raises(Unsupported, match=r"kde leaves each point out.*10 of 110 pairs are repeats"):
        KDE().estimate(x[again], y[again])


def test_points_that_all_have_a_twin_leave_the_likelihood_unbounded():
    points = np.random.default_rng(0).normal(size=(50, 2))
    with pytest.raises(Unsupported, match=r"still grows at a bandwidth of 1e-06.*duplicates.*binning"):
        likeliest(np.vstack([points, points]))
    x, y = _normal(50, 1, 1.0)
    jitter = 1e-12 * np.random.default_rng(1).normal(size=x.shape)
    with pytest.raises(Unsupported, match="every point has a twin"):
        KDE().estimate(np.vstack([x, x + jitter]), np.vstack([y, y]))


def test_data_on_a_subspace_and_too_few_samples_are_refused():
    x, y = _normal(60, 3, 1.0)
    with pytest.raises(Unsupported, match=r"kde: 1 of 4 columns of x are linear functions.*pca\+kde"):
        KDE().estimate(np.hstack([x, x[:, :1] + x[:, 1:2]]), y)
    with pytest.raises(Unsupported, match="kde needs more samples than dimensions"):
        KDE().estimate(np.random.default_rng(0).normal(size=(60, 58)), y)
    with pytest.raises(InputError, match="needs at least 8"):
        KDE().estimate(x[:7], y[:7])


def test_dimensions_too_many_for_the_samples_are_refused_unless_the_bandwidth_is_given():
    rng = np.random.default_rng(0)
    left, right = rng.uniform(0, 47, size=(2, 600))

    def sharp_edges(at):
        return np.clip(np.arange(48) - at[:, None], 0, 1) + 1e-4 * rng.normal(size=(600, 48))

    x, y = sharp_edges(left), sharp_edges((left + right) / 2)
    with pytest.raises(Unsupported, match=r"rests on 1\.\d of 600 samples: 96 dimensions are too many.*ae\+kde"):
        KDE().estimate(x, y)
    assert KDE(bandwidth=1.0).estimate(x, y).diagnostics["effective_neighbours"] < 2


@pytest.mark.parametrize("bandwidth", ["wide", 0, -1.0, math.inf, math.nan, None, True])
def test_a_bandwidth_that_is_none_is_refused(bandwidth):
    with pytest.raises(InputError, match=r"kde: bandwidth is .* give shared, own, or a positive number"):
        KDE(bandwidth=bandwidth)


def test_other_parameters_are_checked_by_name():
    with pytest.raises(InputError, match="margins is 'flat'; give keep or normal"):
        estimators.get("kde[margins=flat]")
    assert estimators.get("kde[bandwidth=0.5]") == KDE(bandwidth=0.5)
