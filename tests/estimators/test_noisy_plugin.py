# SPDX-License-Identifier: Apache-2.0
"""The sample-propagation estimator: quadrature, limits, both kinds of groups, errors, and what it refuses."""

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from mibench.contracts import InputError, Unsupported
from mibench.estimators.noisy_plugin import NoisyPlugin
from mibench.numerics.mixtures import GroupedMixture


def _density(t, centres, std):
    return np.exp(-((t - np.asarray(centres)) ** 2) / (2 * std**2)).mean() / math.sqrt(2 * math.pi * std**2)


def _by_quadrature(units, std):
    """I(unit; T) of equally likely units in one dimension, each a list of equally likely centres."""
    rows = [np.asarray(unit, dtype=float) for unit in units]
    points = sorted(np.unique(np.concatenate(rows)))

    def entropy(densities):
        flat = np.concatenate(densities)  # all of one length

        def integrand(t):
            p = _density(t, flat, std)
            return -p * math.log(p) if p > 0 else 0.0

        low, high = points[0] - 12 * std, points[-1] + 12 * std
        return quad(integrand, low, high, points=points, limit=2000, epsabs=1e-8)[0]

    return entropy(rows) - np.mean([entropy([row]) for row in rows])


def _noisy(rng, clean, std):
    return clean + std * rng.normal(size=clean.shape)


def _replicated(n, r, dim, std, seed=0, spread=1.0):
    rng = np.random.default_rng(seed)
    centres = rng.uniform(-spread, spread, size=(n, 1, dim)) + 0.3 * rng.normal(size=(n, r, dim))
    return np.arange(n), _noisy(rng, centres[:, 0], std), {"noise_std_y": std, "centres_y": centres}


@pytest.mark.parametrize(("std", "replicas"), [(0.05, 1), (0.2, 3), (1.0, 1)])
def test_one_dimension_by_quadrature(std, replicas):
    x, y, side = _replicated(7, replicas, 1, std)
    found = NoisyPlugin(std_error=0.001).estimate(x, y, side=side)
    expected = _by_quadrature(side["centres_y"][:, :, 0], std)
    assert found.diagnostics["mc_std_error"] <= 0.001
    assert found.mi == pytest.approx(expected, abs=4.5 * found.diagnostics["mc_std_error"] + 1e-9)


def test_classes_by_quadrature():
    clean = np.array([-1.0, -0.6, 0.1, 0.8, -0.2, 0.3, 0.9, 1.1])[:, None]
    classes = np.repeat([0, 1], 4)
    y = _noisy(np.random.default_rng(0), clean, 0.2)
    side = {"noise_std_y": 0.2, "clean_y": clean}
    expected = _by_quadrature([clean[:4, 0], clean[4:, 0]], 0.2)
    found = NoisyPlugin(std_error=0.001).estimate(classes, y, side=side)
    assert found.mi == pytest.approx(expected, abs=4.5e-3)
    assert found.diagnostics["cap"] == pytest.approx(math.log(2))
    declared = NoisyPlugin(std_error=0.001).estimate(classes, y, side={**side, "x_is_discrete": True})
    assert declared == found


def test_rows_of_equal_x_share_their_replicas():
    centres = np.random.default_rng(1).normal(size=(6, 2, 1))
    x = np.array([0, 1, 1, 2, 2, 2])
    y = _noisy(np.random.default_rng(2), centres[:, 0], 0.3)
    found = NoisyPlugin(std_error=0.001).estimate(x, y, side={"noise_std_y": 0.3, "centres_y": centres})
    units = [centres[x == each].ravel() for each in range(3)]
    whole = _by_quadrature([centres.ravel()], 0.3)  # 0: one unit
    assert whole == pytest.approx(0, abs=1e-9)

    def entropy(values):
        def integrand(t):
            p = _density(t, values, 0.3)
            return -p * math.log(p) if p > 0 else 0.0

        return quad(integrand, -7, 7, points=sorted(values), limit=500)[0]

    expected = entropy(centres.ravel()) - sum(len(u) / 12 * entropy(u) for u in units)
    assert found.mi == pytest.approx(expected, abs=4.5e-3)
    assert found.diagnostics["entropy"] == pytest.approx(entropy(centres.ravel()), abs=0.01)
    assert found.diagnostics["cap"] == pytest.approx(math.log(6) - (2 * math.log(2) + 3 * math.log(3)) / 6)


@pytest.mark.parametrize("dim", [1, 4, 11])
def test_equal_centres_carry_nothing_exactly(dim):
    """A dead layer: no unit fires, whatever the input."""
    n = 50
    side = {"noise_std_y": 0.1, "centres_y": np.zeros((n, 2, dim))}
    found = NoisyPlugin().estimate(np.arange(n), np.random.default_rng(0).normal(size=(n, dim)), side=side)
    assert (found.mi, found.std_error) == (0.0, 0.0)
    assert found.diagnostics["entropy"] == pytest.approx(dim / 2 * math.log(2 * math.pi * math.e * 0.01), abs=1e-12)


@pytest.mark.parametrize("replicas", [1, 3])
def test_far_centres_carry_the_logarithm_of_their_number(replicas):
    n, std = 300, 0.05
    centres = np.repeat(np.arange(n)[:, None, None] * 20 * std * (1 + 1e-9), replicas, axis=1) + np.zeros((1, 1, 2))
    found = NoisyPlugin().estimate(np.arange(n), centres[:, 0] + 0.01, side={"noise_std_y": std, "centres_y": centres})
    assert found.mi == pytest.approx(math.log(n), abs=1e-12)
    assert found.std_error == pytest.approx(0, abs=1e-9)


def test_a_saturated_layer_carries_the_entropy_of_its_corners():
    rng = np.random.default_rng(3)
    corners = np.where(rng.random((400, 3)) < 0.3, 1.0, -1.0)
    side = {"noise_std_y": 0.02, "centres_y": corners[:, None, :]}
    found = NoisyPlugin().estimate(np.arange(400), _noisy(rng, corners, 0.02), side=side)
    shares = np.unique(corners, axis=0, return_counts=True)[1] / 400
    assert found.mi == pytest.approx(-(shares * np.log(shares)).sum(), abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(
    n=st.integers(2, 40),
    replicas=st.integers(1, 5),
    dim=st.integers(1, 4),
    std=st.sampled_from([0.01, 0.3, 3.0]),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_estimate_lies_between_nothing_and_its_cap(n, replicas, dim, std, seed):
    x, y, side = _replicated(n, replicas, dim, std, seed)
    x = x // 2 if n > 3 else x
    found = NoisyPlugin().estimate(x, y, rng=seed, side=side)
    slack = 5 * found.diagnostics["mc_std_error"] + 1e-12
    assert -slack <= found.mi <= found.diagnostics["cap"] + slack
    assert found.diagnostics["cap"] <= math.log(n) + 1e-12


def test_swapped_sides_have_the_same_estimate():
    x, y, side = _replicated(60, 2, 3, 0.2)
    swapped = {key.replace("_y", "_x"): value for key, value in side.items()}
    assert NoisyPlugin().estimate(x, y, rng=5, side=side) == NoisyPlugin().estimate(y, x, rng=5, side=swapped)
    clean = side["centres_y"][:, 0]
    classes = {"noise_std_y": 0.2, "clean_y": clean}
    other = {"noise_std_x": 0.2, "clean_x": clean}
    assert NoisyPlugin().estimate(x // 20, y, side=classes) == NoisyPlugin().estimate(y, x // 20, side=other)


def test_replicas_once_are_the_clean_values():
    x, y, side = _replicated(50, 1, 2, 0.2)
    plain = {"noise_std": 0.2, "clean_y": side["centres_y"][:, 0], "x_is_discrete": True}
    found, again = NoisyPlugin().estimate(x, y, side=side), NoisyPlugin().estimate(x, y, side=plain)
    assert found.mi == pytest.approx(again.mi, abs=1e-12)


def test_permuting_rows_and_moving_or_scaling_the_space_change_nothing():
    x, y, side = _replicated(80, 3, 2, 0.2)
    plugin = NoisyPlugin(std_error=0.003)
    found = plugin.estimate(x, y, side=side)
    order = np.random.default_rng(0).permutation(80)
    moved = {"noise_std_y": 0.2, "centres_y": side["centres_y"][order]}
    assert plugin.estimate(x[order], y[order], side=moved).mi == pytest.approx(found.mi, abs=0.02)
    scaled = {"noise_std_y": 20.0, "centres_y": 100 * side["centres_y"] + 7}
    assert plugin.estimate(x, 100 * y + 7, side=scaled).mi == pytest.approx(found.mi, abs=1e-9)


@pytest.mark.parametrize(("replicas", "least"), [(1, 0.75), (3, 0.3)])
def test_the_monte_carlo_error_is_what_it_says(replicas, least):
    """Replicas take turns, which makes the error smaller than stated."""
    x, y, side = _replicated(40, replicas, 2, 0.3)
    exact = NoisyPlugin(std_error=0.0015).estimate(x, y, rng=99, side=side).mi
    runs = [NoisyPlugin(n_mc=40).estimate(x, y, rng=seed, side=side) for seed in range(60)]
    scores = np.array([(each.mi - exact) / each.diagnostics["mc_std_error"] for each in runs])
    assert abs(scores.mean()) < 4.5 / math.sqrt(60) + 0.1
    assert least < scores.std() < 1.3


def test_the_interval_covers_the_truth_of_a_known_alphabet():
    """Four inputs, 300 samples: the error over rows is what the standard error is made of."""
    levels = np.array([-1.0, 0.2, 0.5, 1.0])
    truth = _by_quadrature(levels[:, None], 0.3)
    rng = np.random.default_rng(8)
    hits = 0
    for seed in range(80):
        x = rng.choice(4, size=300, p=[0.25, 0.25, 0.25, 0.25])
        clean = levels[x][:, None]
        side = {"noise_std_y": 0.3, "clean_y": clean, "x_is_discrete": True}
        found = NoisyPlugin(std_error=0.02).estimate(x, _noisy(rng, clean, 0.3), rng=seed, side=side)
        low, high = found.interval
        hits += low <= truth <= high
    assert hits >= 66  # 95 % less the bias of the plug-in, about 0.6 of its standard error


def test_draws_are_as_many_as_asked_for_or_needed():
    x, y, side = _replicated(30, 2, 2, 0.2)
    assert NoisyPlugin(n_mc=10).estimate(x, y, side=side).diagnostics["draws"] == 10
    for target in (0.02, 0.004):
        assert NoisyPlugin(std_error=target).estimate(x, y, side=side).diagnostics["mc_std_error"] <= target
    assert NoisyPlugin().estimate(x, y, side=side) == NoisyPlugin().estimate(x, y, rng=0, side=side)
    assert NoisyPlugin().estimate(x, y, side=side) != NoisyPlugin().estimate(x, y, rng=1, side=side)


def test_the_risk_bound_is_given_where_it_holds():
    x, y, side = _replicated(30, 1, 2, 0.2, spread=0.1)
    side["centres_y"] = np.clip(side["centres_y"], -1, 1)
    without = NoisyPlugin().estimate(x, y, side=side).diagnostics["risk_bound"]
    known = NoisyPlugin().estimate(x, y, side={**side, "alphabet_size_x": 64}).diagnostics["risk_bound"]
    assert known < without
    assert known == pytest.approx(math.log1p(63 / 30) + 2 * (2 / 0.04 + 0.5) / math.sqrt(60))
    side["centres_y"] = side["centres_y"] + 1.0
    assert "risk_bound" not in NoisyPlugin().estimate(x, y, side=side).diagnostics


def test_memory_grows_with_the_replicas_and_not_their_square():
    x, y, side = _replicated(1000, 8, 3, 0.05)
    NoisyPlugin().estimate(x, y, side=side)
    tracemalloc.start()
    NoisyPlugin().estimate(x, y, side=side)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8000 * 8000 * 8 / 25


def test_images_and_vectors():
    rng = np.random.default_rng(0)
    classes = np.repeat([3, 5], 20)
    clean = rng.normal(size=(40, 2, 2))
    images = NoisyPlugin().estimate(classes, _noisy(rng, clean, 0.1), side={"noise_std": 0.1, "clean_y": clean})
    flat = NoisyPlugin().estimate(
        classes, _noisy(rng, clean, 0.1).reshape(40, 4), side={"noise_std": 0.1, "clean_y": clean.reshape(40, 4)}
    )
    assert images.mi == flat.mi
    vector = {"noise_std": 0.1, "clean_y": clean[:, 0, 0]}
    assert NoisyPlugin().estimate(classes, _noisy(rng, clean[:, 0, 0], 0.1), side=vector).mi > 0


def test_more_classes_than_samples_are_bounded_by_the_samples():
    x, y, side = _replicated(20, 1, 2, 0.001)
    declared = {**side, "x_is_discrete": True, "alphabet_size_x": 4096}
    assert NoisyPlugin().estimate(x, y, side=declared).mi == pytest.approx(math.log(20), abs=1e-6)


def test_identical_rows_are_one_atom():
    """Twenty copies of two rows: a fair bit, through a little noise."""
    x = np.tile([0.0, 1.0], 20)
    side = {"noise_std_y": 0.01, "centres_y": x[:, None, None]}
    found = NoisyPlugin().estimate(x, x + 0.001, side=side)
    assert found.mi == pytest.approx(math.log(2), abs=1e-12)


_X, _Y, _SIDE = _replicated(30, 2, 2, 0.2)


@pytest.mark.parametrize(
    ("side", "message"),
    [
        ({}, r"needs the level of the noise.*noise_std_y"),
        ({"centres_y": _SIDE["centres_y"]}, r"needs the level of the noise"),
        ({"noise_std": 0.2}, r"needs the level of the noise"),
        ({"noise_std_y": 0.2}, r"knows the noise of y.*neither side\['centres_y'\] nor side\['clean_y'\].*\(n, r, d\)"),
        ({"noise_std_x": 0.2}, r"knows the noise of x.*declare centres_x"),
        ({"noise_std_y": 0.2, "clean_y": _Y}, r"x is not discrete.*x_is_discrete.*centres_y"),
        ({"noise_std_y": 0.2, "clean_y": _Y, "x_is_discrete": False}, r"x is not discrete"),
        ({"noise_std_y": 0.2, "centres_x": _SIDE["centres_y"]}, r"neither side\['centres_y'\]"),
    ],
)
def test_what_is_missing_is_named(side, message):
    with pytest.raises(Unsupported, match=message):
        NoisyPlugin().estimate(_X, _Y, side=side)


def test_no_side_information_at_all():
    with pytest.raises(Unsupported, match="noise_std_y"):
        NoisyPlugin().estimate(_X, _Y)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"noise_std_y": 0.0}, r"noise_std_y'\] is 0.0.*positive.*plugin"),
        ({"noise_std_y": -0.1}, r"noise_std_y'\] is -0.1"),
        ({"noise_std_y": math.nan}, r"noise_std_y'\] is nan"),
        ({"noise_std_y": math.inf}, r"noise_std_y'\] is inf"),
        ({"noise_std_y": "much"}, r"noise_std_y'\] is 'much'"),
        ({"noise_std_y": [0.1, 0.2]}, r"noise_std_y'\] is \[0.1, 0.2\]"),
        ({"noise_std_y": True}, r"noise_std_y'\] is True"),
        ({"noise_std_y": 1e-20}, r"lost in the rounding of side\['centres_y'\]"),
        ({"centres_y": _SIDE["centres_y"][:29]}, r"shape \(29, 2, 2\) and should have \(30, r, 2\)"),
        ({"centres_y": _SIDE["centres_y"][:, :, :1]}, r"shape \(30, 2, 1\)"),
        ({"centres_y": _SIDE["centres_y"][:, 0]}, r"shape \(30, 2\) and should have \(30, r, 2\)"),
        ({"centres_y": _SIDE["centres_y"][:, :0]}, r"shape \(30, 0, 2\)"),
        ({"centres_y": _SIDE["centres_y"].astype(complex)}, r"dtype complex128"),
        ({"centres_y": [[1, 2], [3]]}, r"cannot become an array"),
        ({"centres_y": np.where(np.arange(2) == 1, np.nan, _SIDE["centres_y"])}, r"60 values that are not finite"),
        ({"centres_y": np.full((30, 2, 2), np.inf)}, r"not finite"),
    ],
)
def test_bad_side_information_is_named(changes, message):
    with pytest.raises(InputError, match=message):
        NoisyPlugin().estimate(_X, _Y, side={**_SIDE, **changes})


def test_bad_clean_values_are_named():
    side = {"noise_std_y": 0.2, "x_is_discrete": True}
    for clean, message in ((_Y[:29], r"shape \(29, 2\)"), (_Y * np.nan, "not finite"), (_Y[:, :1], r"\(30, 1\)")):
        with pytest.raises(InputError, match=message):
            NoisyPlugin().estimate(_X, _Y, side={**side, "clean_y": clean})


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"std_error": 0}, "std_error is 0"),
        ({"std_error": math.nan}, "std_error is nan"),
        ({"std_error": "small"}, "std_error is 'small'"),
        ({"n_mc": 2}, "n_mc is 2: give an integer of at least 4"),
        ({"n_mc": 5}, "n_mc is 5.*even"),
        ({"n_mc": 4.5}, "n_mc is 4.5"),
    ],
)
def test_bad_parameters_are_named(parameters, message):
    with pytest.raises(InputError, match=message):
        NoisyPlugin(**parameters)


def test_groups_of_the_estimate_are_those_of_the_mixture():
    """Straight from the densities, with noise of another seed."""
    x, y, side = _replicated(25, 4, 3, 0.3)
    rng = np.random.default_rng(12)
    mixture = GroupedMixture(side["centres_y"].reshape(100, 3), np.repeat(np.arange(25), 4), 0.3)
    which = np.repeat(np.arange(100), 400)
    points = side["centres_y"].reshape(100, 3)[which] + 0.3 * rng.normal(size=(40_000, 3))
    own, of_all = mixture.log_densities(points, which // 4)
    terms = own - of_all
    found = NoisyPlugin(std_error=0.004).estimate(x, y, side=side)
    assert found.mi == pytest.approx(terms.mean(), abs=4.5 * math.hypot(0.004, terms.std() / 200))


@pytest.mark.parametrize("n", [200, 1000])
def test_the_interval_holds_what_the_sample_has_not_seen(n):
    """Isolated values: the estimate is ln n whatever the alphabet, and the interval ends where the alphabet does."""
    rng = np.random.default_rng(n)
    x = rng.integers(0, 5000, n)
    clean = x[:, None].astype(float)
    side = {"noise_std_y": 0.01, "clean_y": clean, "centres_y": clean[:, None], "x_is_discrete": True}
    y = clean + 0.01 * rng.standard_normal((n, 1))
    open_ended = NoisyPlugin().estimate(x, y, rng=0, side=side)
    assert open_ended.mi < np.log(n) + 1e-9
    assert open_ended.interval is None
    declared = NoisyPlugin().estimate(x, y, rng=0, side={**side, "alphabet_size_x": 5000})
    assert declared.mi == open_ended.mi
    assert declared.interval[0] <= np.log(5000) == pytest.approx(declared.interval[1])


def test_the_interval_allows_for_the_bias_of_few_replicas():
    """No information at all, and 4 replicas: the estimate is above 0 by far, its interval is not."""
    rng = np.random.default_rng(0)
    x, centres = np.arange(400), rng.standard_normal((400, 4, 2))
    side = {"noise_std_y": 0.1, "centres_y": centres, "x_is_discrete": True, "alphabet_size_x": 400}
    found = NoisyPlugin().estimate(x, centres[:, 0] + 0.1 * rng.standard_normal((400, 2)), rng=0, side=side)
    assert found.mi > 0.5
    assert found.interval[0] == 0.0
