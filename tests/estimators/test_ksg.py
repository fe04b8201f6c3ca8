# SPDX-License-Identifier: Apache-2.0
"""KSG: the formula, what theory says it must satisfy, ties, the interval, and every refusal."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import digamma

from mibench.contracts import InputError, Unsupported
from mibench.estimators.intervals import t_interval
from mibench.estimators.ksg import KSG
from mibench.estimators.subsampling import subsampled_error

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=15, deadline=None)


def normal_pair(mi, d, n, seed):
    """Independent pairs of coordinates that share `mi` nats in all."""
    rng = np.random.default_rng(seed)
    rho = np.sqrt(1 - np.exp(-2 * mi / d))
    x = rng.normal(size=(n, d))
    return x, rho * x + np.sqrt(1 - rho**2) * rng.normal(size=(n, d))


def reference(x, y, k, algorithm):
    """Equations (8) and (9) as they are printed, for data without ties."""
    n, terms = len(x), []
    x, y = ((side - np.median(side, 0)) / side.std(0) for side in (x, y))
    for i in range(n):
        dx, dy = (np.delete(np.abs(side - side[i]).max(1), i) for side in (x, y))
        near = np.argsort(np.maximum(dx, dy))[:k]
        if algorithm == 1:
            radius = np.maximum(dx, dy)[near[-1]]
            terms.append(digamma(k) - digamma((dx < radius).sum() + 1) - digamma((dy < radius).sum() + 1))
        else:
            n_x, n_y = (dx <= dx[near].max()).sum(), (dy <= dy[near].max()).sum()
            terms.append(digamma(k) - 1 / k - digamma(n_x) - digamma(n_y))
    return np.mean(terms) + digamma(n)


@pytest.mark.parametrize("algorithm", [1, 2])
@pytest.mark.parametrize(("d", "k"), [(1, 3), (2, 1), (4, 5)])
def test_matches_the_printed_equations(algorithm, d, k):
    x, y = normal_pair(1.0, d, 400, seed=d)
    found = KSG(k=k, algorithm=algorithm).estimate(x, y).mi
    assert found == pytest.approx(reference(x, y, k, algorithm), abs=1e-4)


@pytest.mark.parametrize("mi", [0.5, 2.0])
@pytest.mark.parametrize("algorithm", [1, 2])
def test_is_within_a_twentieth_of_a_nat_in_one_dimension(mi, algorithm):
    errors = [abs(float(KSG(algorithm=algorithm).estimate(*normal_pair(mi, 1, 5000, s))) - mi) for s in range(3)]
    assert np.mean(errors) < 0.05


@few
@given(seeds, st.sampled_from([1, 2]), st.sampled_from([1, 3]))
def test_is_symmetric_and_blind_to_order(seed, algorithm, d):
    x, y = normal_pair(1.0, d, 250, seed)
    estimator = KSG(algorithm=algorithm, interval=False)
    order = np.random.default_rng(seed).permutation(len(x))
    mi = estimator.estimate(x, y).mi
    assert estimator.estimate(y, x).mi == pytest.approx(mi, abs=1e-12)
    assert estimator.estimate(x[order], y[order]).mi == pytest.approx(mi, abs=1e-4)


@few
@given(seeds, st.floats(-6, 6), st.floats(-1e3, 1e3), st.sampled_from(["column", "side", "auto"]))
def test_units_do_not_matter(seed, exponent, shift, scale):
    x, y = normal_pair(1.0, 2, 250, seed)
    estimator = KSG(scale=scale, interval=False)
    moved = estimator.estimate(x, 10**exponent * (y + shift)).mi
    assert moved == pytest.approx(estimator.estimate(x, y).mi, abs=1e-3)


@few
@given(seeds)
def test_monotone_maps_move_it_little(seed):
    x, y = normal_pair(1.0, 1, 1000, seed)
    estimator = KSG(interval=False)
    assert estimator.estimate(np.exp(x / 2), np.arctan(y)).mi == pytest.approx(estimator.estimate(x, y).mi, abs=0.06)


@few
@given(seeds)
def test_independence_is_near_zero_and_may_be_negative(seed):
    rng = np.random.default_rng(seed)
    estimate = KSG().estimate(rng.normal(size=1000), rng.uniform(size=1000))
    assert abs(estimate.mi) < 5 * estimate.std_error + 0.02


def test_negative_estimates_are_kept():
    found = [KSG(interval=False).estimate(*normal_pair(0.0, 1, 200, s)).mi for s in range(8)]
    assert min(found) < 0


def test_few_repeated_rows_change_little():
    x, y = normal_pair(1.0, 1, 2000, 0)
    clean = KSG(interval=False).estimate(x, y).mi
    x[1980:], y[1980:] = x[:20], y[:20]
    estimate = KSG(interval=False).estimate(x, y)
    assert estimate.mi == pytest.approx(clean, abs=0.02)
    assert (
        estimate.diagnostics["repeated"] == 0
    )  # one copy is a neighbour at distance 0; the third still has a distance


@pytest.mark.parametrize("algorithm", [1, 2])
@pytest.mark.parametrize("step", [0.0001, 0.002])
def test_rounded_measurements_change_little(step, algorithm):
    x, y = normal_pair(1.0, 1, 1000, 3)
    estimator = KSG(algorithm=algorithm, interval=False)
    rounded = estimator.estimate(np.round(x / step) * step, np.round(y / step) * step).mi
    assert rounded == pytest.approx(estimator.estimate(x, y).mi, abs=0.05)


def test_images_are_scaled_whole_and_vectors_by_column():
    x, y = normal_pair(1.0, 4, 300, 0)
    x, y = x * [1, 1, 1, 1e-3], y[:, 0]
    by_column, whole = (KSG(interval=False, scale=scale).estimate(x, y).mi for scale in ("column", "side"))
    assert abs(by_column - whole) > 0.01
    assert KSG(interval=False).estimate(x, y).mi == by_column
    assert KSG(interval=False).estimate(x.reshape(300, 2, 2), y).mi == whole


def test_many_pixels_and_constant_columns_are_no_obstacle():
    rng = np.random.default_rng(0)
    latent = rng.uniform(4, 12, size=(300, 1))
    images = np.exp(-0.5 * ((np.arange(400) / 25 - latent) / 1.5) ** 2).reshape(300, 20, 20).astype(np.float32)
    images[:, 0, 0] = 0.0
    assert KSG().estimate(images, latent).mi > 1.0


def test_the_interval_covers_as_often_as_it_says():
    estimates = [KSG().estimate(*normal_pair(0.5, 1, 800, 100 + s), rng=s) for s in range(60)]
    mean, spread = np.mean([e.mi for e in estimates]), np.std([e.mi for e in estimates], ddof=1)
    assert np.mean([e.std_error for e in estimates]) == pytest.approx(spread, rel=0.35)
    assert np.mean([low <= mean <= high for low, high in (e.interval for e in estimates)]) > 0.85


def test_the_estimate_depends_on_no_seed_and_the_interval_only_on_it():
    x, y = normal_pair(1.0, 1, 600, 0)
    first, again, other = (KSG().estimate(x, y, rng=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.mi == other.mi
    assert first.diagnostics["subset_error"] != other.diagnostics["subset_error"]


def test_subsampling_finds_the_error_of_a_mean():
    values = np.random.default_rng(0).normal(size=4000)

    def means(order, offsets):
        return np.add.reduceat(values[order], offsets[:-1]) / np.diff(offsets)

    found = [subsampled_error(means, 4000, 20, np.random.default_rng(s)) for s in range(40)]
    assert np.mean([error for error, _, _ in found]) == pytest.approx(4000**-0.5, rel=0.15)
    assert {freedom for _, freedom, _ in found} == {7}


def test_t_interval_is_wider_than_the_normal_one():
    low, high = t_interval(1.0, 0.1, 22)
    assert (low + high) / 2 == pytest.approx(1.0)
    assert high - 1.0 == pytest.approx(0.2074, abs=1e-4)


def test_too_few_samples_for_an_interval_leave_the_estimate():
    estimate = KSG().estimate(*normal_pair(1.0, 1, 60, 0))
    assert estimate.std_error is None
    assert estimate.interval is None
    assert np.isfinite(estimate.mi)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"k": 0}, "k is 0; give a whole number of neighbours, 1 or more"),
        ({"k": 2.5}, "k is 2.5; give a whole number"),
        ({"k": True}, "k is True; give a whole number"),
        ({"algorithm": 3}, "algorithm is 3; give 1 or 2"),
        ({"scale": "pixel"}, "scale is 'pixel'; give auto, column, side or none"),
        ({"interval": "yes"}, "interval is 'yes'; give true or false"),
    ],
)
def test_bad_parameters_are_named(params, message):
    with pytest.raises(InputError, match=message):
        KSG(**params)


def test_too_few_samples_are_refused():
    with pytest.raises(InputError, match="7 samples were given and this method needs at least 8"):
        KSG().estimate(*normal_pair(1.0, 1, 7, 0))
    with pytest.raises(InputError, match="needs at least 22"):
        KSG(k=20).estimate(*normal_pair(1.0, 1, 21, 0))


def test_discrete_sides_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(Unsupported, match="ksg assumes a density, and y looks discrete: 5 distinct values in 500"):
        KSG().estimate(rng.normal(size=500), np.arange(500) % 5)


def test_not_finite_and_unequal_lengths_are_refused():
    x, y = normal_pair(1.0, 1, 50, 0)
    with pytest.raises(InputError, match="x has 50 samples and y has 49"):
        KSG().estimate(x, y[:-1])
    x[3] = np.nan
    with pytest.raises(InputError, match="not finite"):
        KSG().estimate(x, y)
