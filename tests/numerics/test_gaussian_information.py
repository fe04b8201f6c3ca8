# SPDX-License-Identifier: Apache-2.0
"""Log-determinants and bounds of normal vectors."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from mibench.contracts import InputError
from mibench.numerics.gaussian_information import corollary4_bound, gaussian_mi, sharper_bound, trace_bound

LADDER = (4, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.01)


def _covariance(rng, dim):
    factor = rng.standard_normal((dim, dim))
    return factor @ factor.T + 0.1 * np.eye(dim)


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 10**6))
@settings(deadline=None)
def test_gaussian_mi_is_the_difference_of_entropies_by_eigenvalues(dim_x, dim_y, seed):
    cov = _covariance(np.random.default_rng(seed), dim_x + dim_y)
    parts = cov[:dim_x, :dim_x], cov[dim_x:, dim_x:], cov
    h_x, h_y, h_xy = (multivariate_normal(cov=part).entropy() for part in parts)
    assert gaussian_mi(cov, dim_x) == pytest.approx(h_x + h_y - h_xy, abs=1e-9)


@given(st.integers(1, 3), st.integers(1, 3), st.integers(0, 10**6))
@settings(deadline=None)
def test_gaussian_mi_is_symmetric_and_keeps_under_linear_bijections(dim_x, dim_y, seed):
    rng = np.random.default_rng(seed)
    cov = _covariance(rng, dim_x + dim_y)
    mi = gaussian_mi(cov, dim_x)
    swap = np.r_[dim_x : dim_x + dim_y, :dim_x]
    assert gaussian_mi(cov[np.ix_(swap, swap)], dim_y) == pytest.approx(mi, abs=1e-9)
    change = np.zeros_like(cov)
    change[:dim_x, :dim_x] = np.linalg.qr(rng.standard_normal((dim_x, dim_x)))[0] * rng.uniform(0.3, 3, dim_x)
    change[dim_x:, dim_x:] = np.linalg.qr(rng.standard_normal((dim_y, dim_y)))[0] * rng.uniform(0.3, 3, dim_y)
    moved = change @ cov @ change.T
    assert gaussian_mi((moved + moved.T) / 2, dim_x) == pytest.approx(mi, abs=1e-8)
    assert mi >= -1e-12


@pytest.mark.parametrize("rho", [0.0, 0.3, -0.9, 0.999999])
def test_gaussian_mi_of_a_pair(rho):
    assert gaussian_mi([[1, rho], [rho, 1]], 1) == pytest.approx(-0.5 * math.log(1 - rho**2), abs=1e-9)


@pytest.mark.parametrize(
    ("variance", "kept", "loss", "bound"),
    [(0.1, 2, 3.241, 7.194), (1.0, 4, 0.168, 0.365), (0.01, 6, 1.242, 1.792)],
)
def test_regression_values(variance, kept, loss, bound):
    shuffled = np.random.default_rng(0).permutation(LADDER)
    assert sharper_bound(shuffled, math.sqrt(variance), kept) == pytest.approx(loss, abs=1e-3)
    assert corollary4_bound(shuffled, math.sqrt(variance), kept) == pytest.approx(bound, abs=1e-3)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=10), st.floats(0.01, 10), st.data())
@settings(deadline=None)
def test_bounds_are_ordered(eigenvalues, noise, data):
    kept = data.draw(st.integers(0, len(eigenvalues)))
    discarded = len(eigenvalues) - kept
    tail = sum(sorted(eigenvalues)[:discarded])
    sharper, trace = sharper_bound(eigenvalues, noise, kept), trace_bound(tail, noise, discarded)
    assert 0 <= sharper <= trace + 1e-9
    assert trace <= corollary4_bound(eigenvalues, noise, kept) + 1e-9


def test_nothing_is_lost_when_everything_is_kept():
    assert corollary4_bound(LADDER, 0.1, 8) == sharper_bound(LADDER, 0.1, 8) == trace_bound(0.0, 0.1, 0) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gaussian_mi(np.ones((2, 3)), 1), r"cov has shape \(2, 3\)"),
        (lambda: gaussian_mi(np.eye(2), 2), "dim_x is 2 and cov has 2"),
        (lambda: gaussian_mi(np.eye(2), 0), "dim_x is 0"),
        (lambda: gaussian_mi([[1, 0.5], [0.1, 1]], 1), "not a finite symmetric"),
        (lambda: gaussian_mi([[1, np.nan], [np.nan, 1]], 1), "not a finite symmetric"),
        (lambda: gaussian_mi(np.ones((2, 2)), 1), "not positive definite"),
        (lambda: sharper_bound(LADDER, 0.0, 2), "noise_std is 0.0"),
        (lambda: sharper_bound(LADDER, math.nan, 2), "noise_std is nan"),
        (lambda: corollary4_bound(LADDER, 0.1, 9), "kept is 9"),
        (lambda: corollary4_bound([1.0, -0.5], 0.1, 1), "finite and 0 or more"),
        (lambda: trace_bound(-1.0, 0.1, 2), "tail_trace is -1.0"),
        (lambda: trace_bound(1.0, 0.1, -2), "discarded is -2"),
    ],
)
def test_impossible_arguments_are_named(call, message):
    with pytest.raises(InputError, match=message):
        call()
