# SPDX-License-Identifier: Apache-2.0
"""The theorems of Butakov et al. (ICLR 2024) as facts about numbers; statements and proofs are in docs/theory.md."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr
from scipy.stats import norm

import mibench
from mibench.numerics.gaussian_information import corollary4_bound, gaussian_mi, sharper_bound, trace_bound


def _covariance(rng, dim):
    factor = rng.standard_normal((dim, dim))
    return factor @ factor.T + 0.1 * np.eye(dim)


def _mi(cov, x, y):
    """I of the coordinates `x` and `y` of a normal vector."""
    return gaussian_mi(cov[np.ix_([*x, *y], [*x, *y])], len(x))


def _entropy(cov):
    return 0.5 * np.linalg.slogdet(2 * math.pi * math.e * cov)[1]


EMBEDDINGS = {
    "asinh": lambda v, _: np.arcsinh(5 * v),
    "affine": lambda v, rng: v @ rng.standard_normal((1, 3)) + 2,
    "spiral": lambda v, _: np.hstack([(4 + v) * np.cos(4 + v), (4 + v) * np.sin(4 + v)]),
    "network": lambda v, rng: np.hstack([v, np.tanh(v @ rng.standard_normal((1, 8))) @ rng.standard_normal((8, 4))]),
}


@pytest.mark.parametrize("embedding", EMBEDDINGS.values(), ids=EMBEDDINGS.keys())
def test_theorem_1_injective_maps_keep_information(embedding):
    rng = np.random.default_rng(4)
    task = mibench.tasks.get("gaussian[mi=1]")
    sample = task.sample(3000, 1)
    # |v| < 4 or so: the spiral of radius 4 + v is injective there
    estimate = mibench.estimate(embedding(sample.x, rng), embedding(sample.y, rng), "ksg").mi
    assert estimate == pytest.approx(task.truth.mi, abs=0.12)


def test_theorem_2_and_corollary_3_in_the_gaussian_family():
    """1000 random jointly normal (X, Y, Z), f = (X, B Z): the chain of four numbers, and its last step."""
    rng = np.random.default_rng(0)
    for draw in range(1000):
        p, q, r = rng.integers(1, 4, 3)
        cov = _covariance(rng, p + q + r)
        x, y, z = np.arange(p), np.arange(p, p + q), np.arange(p + q, p + q + r)
        independent = draw % 2 == 1
        if independent:
            cov[np.ix_(z, [*x, *y])] = cov[np.ix_([*x, *y], z)] = 0
        k = draw % (r + 1)
        matrix = np.zeros((p + k + q, p + q + r))  # (X, Z, Y) -> (X, BZ, Y)
        matrix[np.arange(p), x] = 1
        matrix[np.ix_(np.arange(p, p + k), z)] = rng.standard_normal((k, r))
        matrix[np.arange(p + k, p + k + q), y] = 1
        pushed = matrix @ cov @ matrix.T
        i_x, i_f, i_xz = _mi(cov, x, y), gaussian_mi((pushed + pushed.T) / 2, p + k), _mi(cov, [*x, *z], y)
        xy = [*x, *y]
        schur = cov[np.ix_(z, z)] - cov[np.ix_(z, xy)] @ np.linalg.solve(cov[np.ix_(xy, xy)], cov[np.ix_(xy, z)])
        last = _entropy(cov[np.ix_(z, z)]) - _entropy(schur)
        assert last == pytest.approx(_mi(cov, z, xy), abs=1e-9)
        assert i_x <= i_f + 1e-9
        assert i_f <= i_xz + 1e-9
        assert i_xz <= i_f + last + 1e-9
        if independent:
            assert max(i_x, i_f, i_xz) - min(i_x, i_f, i_xz) < 1e-9
            assert abs(last) < 1e-9


def _noisy_joint(signal, noise_std, dim):
    """Covariance of (X + Z, Y) from that of (X, Y), Z white and independent of both."""
    joint = signal.copy()
    joint[:dim, :dim] += noise_std**2 * np.eye(dim)
    return joint


def _project(joint, e, f):
    both = np.zeros((len(e) + len(f), len(joint)))
    both[: len(e), : e.shape[1]] = e
    both[len(e) :, e.shape[1] :] = f
    projected = both @ joint @ both.T
    return (projected + projected.T) / 2


@given(st.integers(2, 5), st.integers(1, 4), st.floats(0.05, 3), st.integers(0, 10**6), st.data())
@settings(deadline=None)
def test_corollary_4_and_its_sharper_forms(dim, dim_y, noise_std, seed, data):
    kept = data.draw(st.integers(1, dim - 1))
    rng = np.random.default_rng(seed)
    signal = _covariance(rng, dim + dim_y)
    joint = _noisy_joint(signal, noise_std, dim)
    clean = signal[:dim, :dim]
    eigenvalues, axes = np.linalg.eigh(clean)
    pca, arbitrary = axes[:, ::-1].T, np.linalg.qr(rng.standard_normal((dim, dim)))[0]
    whole = gaussian_mi(joint, dim)
    for basis in (pca, arbitrary):
        loss = whole - gaussian_mi(_project(joint, basis[:kept], np.eye(dim_y)), kept)
        tail = basis[kept:] @ clean @ basis[kept:].T
        sharper = sharper_bound(np.linalg.eigvalsh(tail), noise_std, 0)
        assert -1e-9 <= loss <= sharper + 1e-9
        assert sharper <= trace_bound(np.trace(tail), noise_std, dim - kept) + 1e-9
        if basis is pca:
            assert sharper == pytest.approx(sharper_bound(eigenvalues, noise_std, kept), abs=1e-9)
            assert sharper <= corollary4_bound(eigenvalues, noise_std, kept) + 1e-9
            # from the covariance of the noisy data: holds, and is looser
            noisy = eigenvalues + noise_std**2
            for bound in (corollary4_bound, sharper_bound):
                assert bound(noisy, noise_std, kept) >= bound(eigenvalues, noise_std, kept)


@given(st.integers(2, 4), st.integers(2, 4), st.floats(0.1, 2), st.floats(0.1, 2), st.integers(0, 10**6))
@settings(deadline=None)
def test_losses_of_both_sides_add(dim_x, dim_y, noise_x, noise_y, seed):
    rng = np.random.default_rng(seed)
    joint = _noisy_joint(_covariance(rng, dim_x + dim_y), noise_x, dim_x)
    clean_x, clean_y = joint[:dim_x, :dim_x] - noise_x**2 * np.eye(dim_x), joint[dim_x:, dim_x:].copy()
    joint[dim_x:, dim_x:] += noise_y**2 * np.eye(dim_y)
    e, f = (np.linalg.qr(rng.standard_normal((dim, dim)))[0] for dim in (dim_x, dim_y))
    loss = gaussian_mi(joint, dim_x) - gaussian_mi(_project(joint, e[:1], f[:1]), 1)
    bounds = (
        trace_bound(np.trace(e[1:] @ clean_x @ e[1:].T), noise_x, dim_x - 1),
        trace_bound(np.trace(f[1:] @ clean_y @ f[1:].T), noise_y, dim_y - 1),
    )
    assert -1e-9 <= loss <= sum(bounds) + 1e-9


@pytest.mark.parametrize(("variance", "kept"), [(0.1, 2), (1.0, 4), (0.01, 6)])
def test_the_sharper_sum_is_attained_when_y_determines_x(variance, kept):
    ladder = np.array([4, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.01])
    spectrum = np.diag(ladder)
    joint = np.block([[spectrum + variance * np.eye(8), spectrum], [spectrum, spectrum]])
    loss = gaussian_mi(joint, 8) - gaussian_mi(_project(joint, np.eye(8)[:kept], np.eye(8)), kept)
    assert loss == pytest.approx(sharper_bound(ladder, math.sqrt(variance), kept), abs=1e-9)
    assert loss < corollary4_bound(ladder, math.sqrt(variance), kept)


def test_corollary_4_fails_if_the_noise_is_not_independent_of_y():
    """X and Z independent, as the corollary is often stated, and Y = Z: the loss has no bound in lambda / s^2."""
    for least in (1e-2, 1e-4, 1e-8):
        clean = np.diag([1.0, least])
        joint = np.block([[clean + np.eye(2), np.eye(2)], [np.eye(2), np.eye(2)]])  # (X + Z, Z), s = 1
        kept = gaussian_mi(_project(joint, np.eye(2)[:1], np.eye(2)), 1)
        loss = 0.5 * math.log1p(1 / least)  # of the discarded component: signal Z, noise X
        assert gaussian_mi(joint, 2) - kept == pytest.approx(loss, abs=1e-6)
        bounds = corollary4_bound([1.0, least], 1.0, 1), sharper_bound([1.0, least], 1.0, 1)
        assert max(bounds) < 0.005 < 2.3 < loss


def _entropy_by_quadrature(density, width):
    grid = np.linspace(-width, width, 200001)
    values = density(grid)
    assert values.sum() * (grid[1] - grid[0]) == pytest.approx(1, abs=1e-9)
    return -(values * np.log(np.maximum(values, 1e-300))).sum() * (grid[1] - grid[0])


@pytest.mark.parametrize("s", [0.1, 0.5, 2.0])
def test_corollary_4_without_normality(s):
    """X of independent components, the discarded one uniform or a mixture: exact losses by quadrature."""
    densities = {
        "uniform": (1 / 3, lambda t: (ndtr((t + 1) / s) - ndtr((t - 1) / s)) / 2),
        "two points": (1.0, lambda t: (norm.pdf(t, 1, s) + norm.pdf(t, -1, s)) / 2),
        "scale mixture": (
            0.5 * 0.01 + 0.5 * 1.0,
            lambda t: (norm.pdf(t, 0, math.hypot(s, 0.1)) + norm.pdf(t, 0, math.hypot(s, 1.0))) / 2,
        ),
    }
    noise_entropy = 0.5 * math.log(2 * math.pi * math.e * s**2)
    for variance, density in densities.values():
        # Y = X: the component that PCA drops (the other has variance 10) loses I(X2 + Z2; X2) = h(X2 + Z2) - h(Z2)
        loss = _entropy_by_quadrature(density, 12 * (s + 1)) - noise_entropy
        bound = sharper_bound([10.0, variance], s, 1)
        assert bound == pytest.approx(corollary4_bound([10.0, variance], s, 1))  # one component: the forms agree
        assert 0 < loss < bound
    # Y = sign of the dropped component: I(X2 + Z2; Y) = h(X2 + Z2) - h(X2 + Z2 | Y)
    given_sign = _entropy_by_quadrature(lambda t: norm.pdf(t, 1, s), 12 * (s + 1))
    loss = _entropy_by_quadrature(densities["two points"][1], 12 * (s + 1)) - given_sign
    assert 0 < loss <= min(math.log(2) + 1e-9, sharper_bound([10.0, 1.0], s, 1))


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=100, deadline=None)
def test_a_projection_loses_no_more_than_what_its_codes_leave_unexplained(seed):
    """The conditional form of Corollary 4', for any projection and jointly normal X and Y; never above the sum."""
    rng = np.random.default_rng(seed)
    n, kept, noise = 5, int(rng.integers(1, 5)), float(rng.uniform(0.1, 2))
    mix = rng.standard_normal((n + 2, n + 2)) * rng.uniform(0.1, 2, size=(n + 2, 1))
    cov = mix @ mix.T  # of (X, Y), Y in two dimensions
    cov[n:, n:] += 0.01 * np.eye(2)
    noisy = cov + np.diag([noise**2] * n + [0.0] * 2)
    axes = np.linalg.qr(rng.standard_normal((n, n)))[0]
    e, rest = axes[:, :kept].T, axes[:, kept:].T
    turn = np.block([[e, np.zeros((kept, 2))], [np.zeros((2, n)), np.eye(2)]])
    loss = gaussian_mi(noisy, n) - gaussian_mi(turn @ noisy @ turn.T, kept)
    sigma, codes = cov[:n, :n], e @ noisy[:n, :n] @ e.T
    cross = rest @ sigma @ e.T
    unexplained = rest @ sigma @ rest.T - cross @ np.linalg.solve(codes, cross.T)
    conditional = sharper_bound(np.maximum(np.linalg.eigvalsh(unexplained), 0), noise, 0)
    assert -1e-9 <= loss <= conditional + 1e-9
    assert conditional <= sharper_bound(np.linalg.eigvalsh(rest @ sigma @ rest.T), noise, 0) + 1e-9
