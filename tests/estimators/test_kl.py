# SPDX-License-Identifier: Apache-2.0
"""KL and WKL: the formula, exact invariances, accuracy where others fail, the weights, and every refusal."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import digamma, gamma, gammaln, ndtr

from mibench.contracts import InputError, Unsupported
from mibench.estimators.kl import KL, WKL, whiten
from mibench.estimators.weights import entropy_weights, neighbour_covariance

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=6, deadline=None)
both = pytest.mark.parametrize("estimator", [KL(), WKL()], ids=["kl", "wkl"])


def normal_pair(mi, d, n, seed):
    rng = np.random.default_rng(seed)
    rho = np.sqrt(1 - np.exp(-2 * mi / d))
    x = rng.normal(size=(n, d))
    return x, rho * x + np.sqrt(1 - rho**2) * rng.normal(size=(n, d))


def reference_entropy(values, weights):
    """-sum_j w_j mean_i log density_ij of whitened data, by a loop over rows."""
    n, d = values.shape
    covariance = np.atleast_2d(np.cov(values.T))
    white = np.linalg.solve(np.linalg.cholesky(covariance), (values - values.mean(0)).T).T
    log_ball = d / 2 * np.log(np.pi) - gammaln(d / 2 + 1)
    total = 0.0
    for i in range(n):
        radii = np.sort(np.delete(np.linalg.norm(white - white[i], axis=1), i))
        for j, weight in enumerate(weights, start=1):
            total -= weight * (digamma(j) - log_ball - d * np.log(radii[j - 1]) - np.log(n - 1)) / n
    return total + 0.5 * np.linalg.slogdet(covariance)[1]


@pytest.mark.parametrize("d", [1, 2, 4])
@both
def test_matches_the_slow_formula(estimator, d):
    x, y = normal_pair(1.0, d, 200, d)
    joint = np.hstack([x, y])
    expected = sum(
        sign * reference_entropy(side, estimator._weights(side.shape[1], 200))
        for side, sign in ((x, 1), (y, 1), (joint, -1))
    )
    assert estimator.estimate(x, y).mi == pytest.approx(expected, abs=1e-9)


@both
@few
@given(seed=seeds)
def test_is_symmetric_blind_to_order_and_to_affine_maps(estimator, seed):
    x, y = normal_pair(1.0, 2, 150, seed)
    rng = np.random.default_rng(seed)
    mi, order = estimator.estimate(x, y).mi, rng.permutation(len(x))
    spin, stretch = np.linalg.qr(rng.normal(size=(2, 2)))[0], 10.0 ** rng.uniform(-4, 4, size=2)
    assert estimator.estimate(y, x).mi == pytest.approx(mi, abs=1e-9)
    assert estimator.estimate(x[order], y[order]).mi == pytest.approx(mi, abs=1e-9)
    assert estimator.estimate(x @ spin * stretch + 7, 1e-6 * y - 3).mi == pytest.approx(mi, abs=1e-6)


@both
@few
@given(seed=seeds)
def test_independence_is_near_zero(estimator, seed):
    rng = np.random.default_rng(seed)
    estimate = estimator.estimate(rng.normal(size=1500), rng.uniform(size=1500))
    assert abs(estimate.mi) < 6 * estimate.std_error


@pytest.mark.parametrize("mi", [0.5, 2.0])
@both
def test_is_within_a_twentieth_of_a_nat_in_one_dimension(estimator, mi):
    errors = [abs(estimator.estimate(*normal_pair(mi, 1, 5000, seed)).mi - mi) for seed in range(3)]
    assert np.mean(errors) < 0.05


def test_wkl_is_close_at_five_dimensions_a_side():
    errors = [abs(WKL().estimate(*normal_pair(2.0, 5, 5000, seed)).mi - 2.0) for seed in range(3)]
    assert np.mean(errors) < 0.1


@pytest.mark.parametrize(("d", "n", "limit"), [(10, 1000, 0.5), (10, 4000, 0.4), (4, 1000, 0.2)])
def test_wkl_beats_kl_in_high_dimension(d, n, limit):
    errors = {KL: [], WKL: []}
    for seed, mi in enumerate((0.5, 2.0, 5.0)):
        pair = normal_pair(mi, d, n, seed)
        for kind, found in errors.items():
            found.append(abs(kind().estimate(*pair).mi - mi))
    assert np.mean(errors[WKL]) < np.mean(errors[KL])
    assert np.mean(errors[WKL]) < limit


@pytest.mark.parametrize("mi", [3.0, 6.0])
def test_wkl_beats_kl_on_uniform_sides(mi):
    x, y = (ndtr(side) for side in normal_pair(mi, 4, 3000, 0))
    errors = [abs(estimator.estimate(x, y).mi - mi) for estimator in (WKL(), KL())]
    assert errors[0] < 0.25 < errors[1]


@both
def test_the_interval_covers_as_often_as_it_says(estimator):
    estimates = [estimator.estimate(*normal_pair(1.0, 1, 300, 100 + seed)) for seed in range(30)]
    mean = np.mean([e.mi for e in estimates])
    assert np.mean([low <= mean <= high for low, high in (e.interval for e in estimates)]) > 0.8


@pytest.mark.parametrize("dim", [1, 2, 4, 8, 20, 64])
@pytest.mark.parametrize("n", [100, 5000])
def test_weights_sum_to_one_and_are_no_worse_than_any_others(dim, n):
    weights = entropy_weights(dim, n, 30)
    j = np.arange(1, 31)

    def objective(w):
        terms = [
            np.exp(gammaln(j + 2 * o / dim) - gammaln(j)) * n ** (-2 * o / dim) for o in range(1, max(4, dim // 4) + 1)
        ]
        return w @ neighbour_covariance(30) @ w / n + sum((w @ term) ** 2 for term in terms)

    assert weights.sum() == pytest.approx(1.0, abs=1e-9)
    rng = np.random.default_rng(dim)
    for _ in range(20):
        step = rng.normal(size=30)
        assert objective(weights) <= objective(weights + 0.1 * (step - step.mean())) * (1 + 1e-9)
    assert objective(weights) <= min(objective(np.eye(30)[k]) for k in (0, 4, 29))


def test_weights_meet_the_conditions_of_the_paper_in_the_limit():
    j = np.arange(1, 31)
    sizes = [abs(entropy_weights(8, n, 30) @ (gamma(j + 2 / 8) / gamma(j))) for n in (10**3, 10**6, 10**12)]
    assert sizes[0] > sizes[1] > sizes[2]
    assert sizes[2] < 1e-3


def test_neighbour_covariance_is_that_of_poisson_arrivals():
    volumes = np.cumsum(np.random.default_rng(0).exponential(size=(200_000, 4)), axis=1)
    np.testing.assert_allclose(neighbour_covariance(4), np.cov(np.log(volumes).T), rtol=0.05)


def test_whitening_gives_unit_covariance_and_the_determinant():
    values = np.random.default_rng(0).normal(size=(100, 3)) @ [[2, 1, 0], [0, 1, 3], [0, 0, 1e-3]]
    white, log_det = whiten(values, "x", "kl")
    np.testing.assert_allclose(np.cov(white.T), np.eye(3), atol=1e-8)
    assert log_det == pytest.approx(0.5 * np.linalg.slogdet(np.cov(values.T))[1])


@both
@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.arange(200) % 7, "looks discrete: 7 distinct values in 200"),
        (
            np.repeat(np.random.default_rng(0).normal(size=160), [2] * 40 + [1] * 120),
            "80 of 200 samples of x equal others",
        ),
        (np.linspace(0, 1, 200)[:, None] * [1.0, 2.0], r"covariance of x is singular \(rank 1 of 2\).*pca\+ or ae\+"),
        (np.column_stack([np.linspace(0, 1, 200), np.ones(200)]), "1 of 2 columns of x are constant"),
        (np.random.default_rng(0).normal(size=(200, 300)), "x has 300 dimensions and only 200 samples"),
    ],
)
def test_data_without_a_density_is_refused(estimator, x, message):
    y = np.random.default_rng(1).normal(size=(200, 2))
    with pytest.raises(Unsupported, match=message):
        estimator.estimate(x, y)


@both
def test_a_curve_in_ten_dimensions_is_refused(estimator):
    turn = np.random.default_rng(0).uniform(0, 2 * np.pi, size=(400, 1))
    curve = np.hstack([np.cos(turn * np.arange(1, 6)), np.sin(turn * np.arange(1, 6))])
    with pytest.raises(Unsupported, match=r"10 dimensions .*spread as in 1\..* curved sheet .*pca\+ or ae\+"):
        estimator.estimate(curve, turn)


@both
def test_images_are_refused(estimator):
    centre = np.random.default_rng(0).uniform(3, 13, size=(400, 2, 1))
    profile = np.exp(-0.5 * (np.arange(16) - centre) ** 2).astype(np.float32)
    images = profile[:, 0, :, None] * profile[:, 1, None, :]
    with pytest.raises(Unsupported, match=r"x .*compress first, with pca\+ or ae\+"):
        estimator.estimate(images, centre[:, 0])


@both
def test_the_odd_coincidence_of_rounding_is_harmless(estimator):
    x, y = normal_pair(1.0, 1, 1000, 0)
    exact = estimator.estimate(x, y).mi
    x[1] = x[0]
    assert estimator.estimate(x, y).mi == pytest.approx(exact, abs=0.02)


@both
def test_repeated_pairs_are_refused(estimator):
    x, y = normal_pair(1.0, 2, 100, 0)
    x[50:60], y[50:60] = x[:10], y[:10]
    with pytest.raises(Unsupported, match="10 of 100 pairs are repeats of others"):
        estimator.estimate(x, y)


def test_too_few_samples_and_bad_parameters_are_named():
    with pytest.raises(InputError, match="31 samples were given and this method needs at least 32"):
        WKL().estimate(*normal_pair(1.0, 1, 31, 0))
    with pytest.raises(InputError, match="kl: k is 0; give a whole number of neighbours"):
        KL(k=0)
    with pytest.raises(InputError, match=r"wkl: k is 1\.5; give a whole number"):
        WKL(k=1.5)
