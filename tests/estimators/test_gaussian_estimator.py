# SPDX-License-Identifier: Apache-2.0
"""The normal plug-in: exact bias, variance and coverage by simulation; invariances; what it refuses."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from mibench import estimators
from mibench.contracts import InputError, Unsupported
from mibench.estimators.gaussian import Gaussian, plug_in_bias, sampling_variance


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """Thousands of tiny decompositions: threads only wait for each other."""
    with threadpool_limits(1):
        yield


def _normal(n, dim_x, dim_y, mi, rng):
    """n pairs with `mi` spread equally over the min(dim_x, dim_y) canonical pairs."""
    pairs = min(dim_x, dim_y)
    rho = math.sqrt(-math.expm1(-2 * mi / pairs))
    x, y = rng.normal(size=(n, dim_x)), rng.normal(size=(n, dim_y))
    y[:, :pairs] = rho * x[:, :pairs] + math.sqrt(1 - rho**2) * y[:, :pairs]
    return x, y


def _slow_plug_in(x, y):
    joint = np.cov(np.hstack([x, y]).T)
    d = x.shape[1]
    logdets = (np.linalg.slogdet(block)[1] for block in (joint[:d, :d], joint[d:, d:], joint))
    of_x, of_y, of_both = logdets
    return 0.5 * (of_x + of_y - of_both)


@settings(max_examples=25, deadline=None)
@given(
    dim_x=st.integers(1, 4),
    dim_y=st.integers(1, 4),
    extra=st.integers(3, 40),
    mi=st.floats(0, 5),
    seed=st.integers(0, 99),
)
def test_plug_in_equals_log_determinants_of_the_covariance(dim_x, dim_y, extra, mi, seed):
    x, y = _normal(dim_x + dim_y + extra, dim_x, dim_y, mi, np.random.default_rng(seed))
    found = Gaussian().estimate(x, y)
    assert found.diagnostics["plug_in"] == pytest.approx(_slow_plug_in(x, y), abs=1e-9)
    assert found.mi == found.diagnostics["plug_in"] - found.diagnostics["bias"]


@pytest.mark.parametrize(("dim_x", "dim_y", "n", "mi"), [(1, 1, 8, 0.0), (3, 2, 12, 1.0), (5, 5, 30, 3.0)])
def test_bias_is_exact_even_for_the_smallest_samples(dim_x, dim_y, n, mi):
    rng = np.random.default_rng(0)
    found = [Gaussian().estimate(*_normal(n, dim_x, dim_y, mi, rng)).mi for _ in range(1000)]
    error = np.std(found) / math.sqrt(len(found))
    assert plug_in_bias(n, dim_x, dim_y) > 5 * error  # else the test could not tell
    assert abs(np.mean(found) - mi) < 4 * error


@pytest.mark.parametrize(
    ("dim_x", "dim_y", "n", "mi"), [(1, 1, 200, 0.5), (1, 1, 500, 3.0), (4, 2, 150, 1.0), (10, 10, 100, 2.0)]
)
def test_standard_error_and_interval_are_what_they_say(dim_x, dim_y, n, mi):
    rng = np.random.default_rng(1)
    found = [Gaussian().estimate(*_normal(n, dim_x, dim_y, mi, rng)) for _ in range(600)]
    spread = np.std([each.mi for each in found])
    assert np.sqrt(np.mean([each.std_error**2 for each in found])) == pytest.approx(spread, rel=0.12)
    covered = np.mean([each.interval[0] <= mi <= each.interval[1] for each in found])
    assert 0.92 <= covered <= 0.98


def test_variance_approaches_the_sum_of_squared_canonical_correlations_over_n():
    assert sampling_variance(10**6, 2, 3, 1.25) == pytest.approx(1.25e-6, rel=1e-4)


def test_interval_holds_zero_when_the_sides_are_independent():
    rng = np.random.default_rng(2)
    found = [Gaussian().estimate(*rng.normal(size=(2, 100, 3))) for _ in range(300)]
    covered = np.mean([each.interval[0] <= 0 <= each.interval[1] for each in found])
    assert covered >= 0.95


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), scale=st.sampled_from([1e-95, 1.0, 1e95]))
def test_invertible_affine_maps_permutations_and_swapping_change_nothing(seed, scale):
    rng = np.random.default_rng(seed)
    x, y = _normal(80, 3, 2, 1.5, rng)
    a, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    base = Gaussian().estimate(x, y)
    order = rng.permutation(len(x))
    for other in (
        Gaussian().estimate(scale * (x @ a * [1, 2, 5] + 3), y),
        Gaussian().estimate(x[order], y[order]),
        Gaussian().estimate(y, x),
    ):
        assert other.mi == pytest.approx(base.mi, abs=1e-9)
        assert other.std_error == pytest.approx(base.std_error, rel=1e-6)


def test_strong_correlations_keep_their_digits():
    rng = np.random.default_rng(0)
    x, noise = rng.normal(size=(2, 4000))
    found = Gaussian().estimate(x, x + 1e-8 * noise)
    assert found.mi == pytest.approx(math.log(1e8), abs=4 / math.sqrt(4000))


def test_constant_columns_carry_nothing_and_images_are_flattened():
    x, y = _normal(200, 4, 1, 1.0, np.random.default_rng(0))
    padded = np.hstack([x, np.ones((200, 5))]).reshape(200, 3, 3)
    assert Gaussian().estimate(padded, y).mi == Gaussian().estimate(x, y[:, 0]).mi


def _smooth_images(n, size):
    x, y = np.random.default_rng(0).normal(size=(2, n, 2))
    grid = np.linspace(0, 1, size)

    def draw(z):
        rows, columns = (np.exp(-3 * (grid - each[:, None]) ** 2) for each in z.T)
        return (rows[:, :, None] * columns[:, None, :]).astype(np.float32)

    return draw(x), draw(x + y)


def test_noise_free_images_are_refused_because_their_covariance_is_singular():
    with pytest.raises(Unsupported, match=r"of 256 columns of x are linear functions of the others.*pca\+gaussian"):
        Gaussian().estimate(*_smooth_images(700, 16))


def test_a_side_that_determines_the_other_is_refused():
    x, _ = _normal(100, 3, 1, 1.0, np.random.default_rng(0))
    with pytest.raises(Unsupported, match=r"1 linear functions of x and y coincide.*infinite"):
        Gaussian().estimate(x, x @ [1.0, 2.0, 3.0])
    with pytest.raises(Unsupported, match=r"1 of 4 columns of y are linear functions"):
        Gaussian().estimate(np.arange(100.0) ** 2, np.hstack([x, x[:, :1]]))


def test_too_few_samples_name_the_dimensions():
    rng = np.random.default_rng(0)
    with pytest.raises(Unsupported, match=r"at least 12 for 6 \+ 4 varying columns, and was given 11.*compress first"):
        Gaussian().estimate(rng.normal(size=(11, 6)), rng.normal(size=(11, 4)))
    with pytest.raises(InputError, match="needs at least 4"):
        Gaussian().estimate([1, 2, 4], [2, 1, 0])


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([1.0, np.nan, 2, 3, 4], range(5), "not finite"),
        ([1.0] * 5, range(5), "x is constant"),
        (range(5), range(6), "5 samples and y has 6"),
    ],
)
def test_unusable_data_is_named(x, y, message):
    with pytest.raises(InputError, match=message):
        Gaussian().estimate(np.asarray(x), np.asarray(y))


def test_found_by_name_and_repeatable():
    x, y = _normal(50, 2, 2, 1.0, np.random.default_rng(0))
    assert estimators.get("gaussian").estimate(x, y, rng=1) == estimators.get("gaussian").estimate(x, y, rng=2)
