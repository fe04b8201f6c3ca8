# SPDX-License-Identifier: Apache-2.0
"""Bounds from pairwise distances: against plain sums and quadrature, limits, which side is the layer, bad input."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mibench.contracts import InputError, Unsupported
from mibench.estimators.kde_bounds import KDEBounds

_SYMBOLS = np.array([-3.0, -1.0, 1.0, 3.0])


def _information(centres, weights, std):
    """I of a real-valued centre and centre + noise, by the trapezoid rule."""
    t = np.linspace(centres.min() - 9 * std, centres.max() + 9 * std, 20_001)
    p = np.exp(-0.5 * ((t[:, None] - centres) / std) ** 2) @ weights / (std * math.sqrt(2 * math.pi))
    p = np.maximum(p, 1e-300)
    return np.trapezoid(-p * np.log(p), t) - 0.5 * math.log(2 * math.pi * math.e * std**2)


def _plain_sum(values, weights, variance):
    """``-sum_i w_i ln sum_j w_j exp(-|c_i - c_j|^2 / (2 variance))``, all pairs at once."""
    squares = ((values[:, None] - values[None]) ** 2).sum(axis=2)
    return -weights @ np.log(np.exp(-squares / (2 * variance)) @ weights)


def _slow(values, classes, std):
    """Both differences and the enclosure, from plain sums over all n rows."""
    n, found = len(values), {}
    for name, variance in (("upper", std**2), ("lower", 4 * std**2)):
        whole = _plain_sum(values, np.full(n, 1 / n), variance)
        parts = 0.0
        for label in set(classes.tolist()):
            mine = values[classes == label]
            parts += len(mine) / n * _plain_sum(mine, np.full(len(mine), 1 / len(mine)), variance)
        found[name] = whole, parts
    upper, lower = found["upper"], found["lower"]
    return upper[0] - upper[1], lower[0] - lower[1], lower[0] - upper[1], upper[0] - lower[1]


def _enclosure(found):
    """Of the sample's mixture."""
    return found.diagnostics["lower"], found.diagnostics["upper"]


def _noisy(clean, std, seed=0):
    return clean + std * np.random.default_rng(seed).standard_normal(clean.shape)


@settings(max_examples=10, deadline=None)
@given(
    n=st.integers(4, 60),
    dim=st.integers(1, 6),
    labels=st.integers(2, 5),
    std=st.floats(0.05, 2.0),
    seed=st.integers(0, 10**6),
)
def test_it_is_the_plain_sum_over_all_pairs(n, dim, labels, std, seed):
    rng = np.random.default_rng(seed)
    classes = np.append(rng.integers(0, labels, n), [0, 1])
    clean = np.round(rng.normal(size=(n + 2, dim)), 1 if seed % 2 else 6)  # with and without equal rows
    clean[-1] += 0.5
    found = KDEBounds().estimate(classes, _noisy(clean, std), side={"noise_std_y": std, "clean_y": clean})
    upper, lower, least, most = _slow(clean, classes, std)
    assert found.diagnostics["upper_difference"] == pytest.approx(upper, abs=1e-9)
    assert found.diagnostics["lower_difference"] == pytest.approx(lower, abs=1e-9)
    assert found.mi == pytest.approx((least + most) / 2, abs=1e-9)
    cap = found.diagnostics["cap"]
    assert _enclosure(found) == pytest.approx((min(max(least, 0.0), cap), min(max(most, 0.0), cap)), abs=1e-9)


@pytest.mark.parametrize("std", [0.01, 0.05, 0.1, 0.2])
@pytest.mark.parametrize("gain", [0.1, 0.3, 0.7, 1.0, 2.0, 5.0])
def test_the_pair_encloses_the_information_of_a_neuron(std, gain):
    """``tanh(w (X - 2)) + noise`` for X of -3, -1, 1, 3, and its label X = 3, both by quadrature."""
    x = np.tile(_SYMBOLS, 25)
    clean = np.tanh(gain * (x - 2.0))
    side = {"noise_std_y": std, "clean_y": clean}
    about_x = _information(np.tanh(gain * (_SYMBOLS - 2.0)), np.full(4, 0.25), std)
    within = _information(np.tanh(gain * (_SYMBOLS[:3] - 2.0)), np.full(3, 1 / 3), std)
    for other, truth in ((x, about_x), (x == 3.0, about_x - 0.75 * within)):
        found = KDEBounds().estimate(other, _noisy(clean, std), side=side)
        low, high = _enclosure(found)
        assert low - 1e-6 <= truth <= high + 1e-6
        assert abs(found.mi - truth) <= (high - low) / 2 + 1e-6
    if (std, gain) == (0.1, 1.0):
        assert about_x / math.log(2) == pytest.approx(1.219, abs=6e-4)


@pytest.mark.parametrize(("gain", "std"), [(0.3, 0.01), (0.3, 0.1), (1.0, 0.2), (3.0, 0.1)])
@pytest.mark.parametrize("known", ["centres_y", "clean_y"])
def test_the_bounds_hold_the_information_of_the_population(gain, std, known):
    """Where values are far apart the sample's own enclosure is one number, below that of the population or above."""
    centres = np.tanh(gain * (_SYMBOLS - 2.0))
    about_x = _information(centres, np.full(4, 0.25), std)
    about_label = about_x - 0.75 * _information(centres[:3], np.full(3, 1 / 3), std)
    missed = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        x = rng.integers(0, 4, 300)
        clean = centres[x][:, None]
        declared = {"noise_std_y": std, known: clean[:, None] if known == "centres_y" else clean}
        found = KDEBounds().estimate(x, clean, side=declared)
        assert found.bounds[0] <= about_x <= found.bounds[1]
        missed += not found.diagnostics["lower"] <= about_x <= found.diagnostics["upper"]
        of_label = KDEBounds().estimate(x == 3, clean, side={"noise_std_y": std, "clean_y": clean})
        assert of_label.bounds[0] <= about_label <= of_label.bounds[1]
    assert missed == 30 or (gain, std) != (0.3, 0.01)


def test_the_bounds_leave_rows_out_of_their_own_sums():
    """Against plain sums over all pairs: replicas of 2, three classes."""
    rng = np.random.default_rng(1)
    n, r, std = 600, 2, 0.8
    classes = np.arange(n) % 3
    centres = classes[:, None, None] + 0.2 * rng.normal(size=(n, r, 1))
    found = KDEBounds().estimate(classes, centres[:, 0], side={"noise_std_y": std, "centres_y": centres})
    flat, owner = centres.ravel(), np.repeat(np.arange(n), r)
    squares = (centres[:, 0] - flat) ** 2
    narrow, wide = np.exp(-squares / (2 * std**2)), np.exp(-squares / (8 * std**2))
    mates = classes[owner] == classes[:, None]
    among = -np.log((narrow * (owner != np.arange(n)[:, None])).sum(axis=1) / (n * r - r))
    within = -np.log(((narrow * mates).sum(axis=1) - 1) / (mates.sum(axis=1) - 1))
    least = -np.log(wide.mean(axis=1)) - within
    most = among + np.log((wide * mates).sum(axis=1) / mates.sum(axis=1))
    reach = 3.290526731491926 / math.sqrt(n)
    ends = least.mean() - reach * least.std(ddof=1), most.mean() + reach * most.std(ddof=1)
    assert found.bounds == pytest.approx(ends, abs=1e-9)
    assert 0 < ends[0] < ends[1] < -math.log(199 / 599)


def test_the_upper_bound_is_that_of_the_other_side_where_rows_are_alone():
    clean = np.arange(40.0)[:, None]
    side = {"noise_std_y": 0.01, "clean_y": clean}
    labels = np.arange(40) % 2
    assert KDEBounds().estimate(labels, clean, side=side).bounds == pytest.approx((0.0, -math.log(19 / 39)))
    declared = {**side, "alphabet_size_x": np.array(2)}
    assert KDEBounds().estimate(labels, clean, side=declared).bounds == pytest.approx((0.0, math.log(2)))
    with pytest.raises(InputError, match="x has 2 distinct rows and side\\['alphabet_size_x'\\] says 1"):
        KDEBounds().estimate(labels, clean, side={**side, "alphabet_size_x": 1})


def test_limits_of_identical_and_of_distant_values():
    n, std = 200, 0.1
    spread = np.arange(n)[:, None] * 20.5 * std * np.ones(3)
    side = {"noise_std_y": std, "x_is_discrete": True}
    far = KDEBounds().estimate(np.arange(n), spread, side={**side, "clean_y": spread})
    assert _enclosure(far) == pytest.approx((math.log(n), math.log(n)), abs=1e-10)
    assert far.bounds == (0.0, math.inf)  # each value was seen once: what there is besides is not known
    assert far.mi == pytest.approx(math.log(n), abs=1e-10)
    assert far.diagnostics["saturation"] == 1.0
    assert far.std_error is None
    near = KDEBounds().estimate(np.arange(n), spread, side={**side, "clean_y": np.zeros((n, 3))})
    assert near.mi == pytest.approx(0.0, abs=1e-12)
    assert _enclosure(near) == pytest.approx((0.0, 0.0), abs=1e-12)
    assert near.bounds == pytest.approx((0.0, 0.0), abs=1e-12)
    assert near.diagnostics["distinct_centres"] == n  # one for each pattern, all equal


def test_labels_of_separate_clusters_are_known_and_shuffled_ones_are_not():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 2000)
    clean = np.stack([2.0 * labels - 1, np.zeros(2000)], axis=1) + 0.02 * rng.normal(size=(2000, 2))
    side = {"noise_std_y": 0.1, "clean_y": clean}
    p = labels.mean()
    found = KDEBounds().estimate(labels, _noisy(clean, 0.1), side=side)
    assert found.mi == pytest.approx(-p * math.log(p) - (1 - p) * math.log(1 - p), abs=1e-6)
    assert found.diagnostics["cap"] == pytest.approx(found.mi, abs=1e-6)
    shuffled = KDEBounds().estimate(rng.permutation(labels), _noisy(clean, 0.1), side=side)
    assert abs(shuffled.mi) < 0.01
    assert shuffled.bounds[0] == 0.0


def test_replicas_are_the_mixture_of_a_row():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 20, 300)
    clean = rng.normal(size=(20, 2))[x][:, None] + 0.3 * rng.normal(size=(300, 5, 2))
    side = {"noise_std_y": 0.4, "centres_y": clean}
    found = KDEBounds().estimate(x, _noisy(clean[:, 0], 0.4), side=side)
    values, classes = clean.reshape(-1, 2), np.repeat(x, 5)
    upper, lower, least, most = _slow(values, classes, 0.4)
    tolerance = 4 * found.std_error  # the outer mean is over one replica of each row
    assert found.diagnostics["upper_difference"] == pytest.approx(upper, abs=tolerance)
    assert found.diagnostics["lower_difference"] == pytest.approx(lower, abs=tolerance)
    assert _enclosure(found) == pytest.approx((least, most), abs=tolerance)
    assert found.bounds[0] < least < most < found.bounds[1]
    alone = KDEBounds().estimate(x, _noisy(clean[:, 0], 0.4), side={**side, "centres_y": clean[:, :1]})
    assert _enclosure(alone) == pytest.approx(_slow(clean[:, 0], x, 0.4)[2:], abs=1e-9)  # exact where r = 1


def test_sides_may_be_swapped_and_rows_permuted():
    rng = np.random.default_rng(0)
    labels, clean = rng.integers(0, 3, 400), rng.normal(size=(400, 3))
    y = _noisy(clean, 0.5)
    found = KDEBounds().estimate(labels, y, side={"noise_std_y": 0.5, "clean_y": clean})
    swapped = KDEBounds().estimate(y, labels, side={"noise_std_x": 0.5, "clean_x": clean})
    assert swapped.mi == pytest.approx(found.mi, abs=1e-12)
    assert swapped.bounds == pytest.approx(found.bounds, abs=1e-12)
    order = rng.permutation(400)
    moved = KDEBounds().estimate(labels[order], y[order], side={"noise_std_y": 0.5, "clean_y": clean[order]})
    assert moved.mi == pytest.approx(found.mi, abs=1e-12)


def test_without_declared_noise_a_variance_is_assumed_and_nothing_is_enclosed():
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2, size=(1000, 12))  # more than half of the rows distinct
    layer = np.tanh(bits @ rng.normal(size=(12, 3)))
    found = KDEBounds().estimate(bits, layer)
    assert found.bounds is None
    assert found.diagnostics["noise_std"] == pytest.approx(math.sqrt(0.1))
    same = KDEBounds().estimate(bits, layer, side={"noise_std_y": math.sqrt(0.1), "clean_y": layer})
    assert found.mi == pytest.approx(same.mi, abs=1e-12)
    assert _enclosure(found) == pytest.approx(_enclosure(same), abs=1e-12)
    narrow = KDEBounds(variance=1e-3).estimate(layer, bits)  # the layer may be x
    assert narrow.mi > found.mi
    published = {name: KDEBounds(report=name).estimate(bits, layer).mi for name in ("upper", "lower")}
    assert published["lower"] < found.mi < published["upper"]
    assert published["upper"] == pytest.approx(_plain_sum(layer, np.full(1000, 1e-3), 0.1), abs=1e-9)


def test_noisy_samples_stand_in_for_undeclared_centres_without_bounds():
    labels = np.arange(500) % 2
    y = _noisy(labels[:, None] * 2.0, 0.3)
    found = KDEBounds().estimate(labels, y, side={"noise_std_y": 0.3})
    assert found.bounds is None
    assert 0.5 < found.mi < math.log(2)


def test_a_layer_that_repeats_is_told_from_labels_and_may_be_named():
    layer = np.tile([[0.1, 0.2], [0.3, 0.4], [0.9, 0.1]], (50, 1))  # discrete by its few rows
    labels = np.arange(150) % 3
    found = KDEBounds(variance=1e-4).estimate(labels, layer, side={"x_is_discrete": True, "y_is_discrete": True})
    assert found.mi == pytest.approx(math.log(3), abs=1e-9)
    assert found.diagnostics["distinct_centres"] == 3
    with pytest.raises(Unsupported, match=r"both sides are discrete; use plugin.*layer=x or layer=y"):
        KDEBounds().estimate(labels, 10 * layer)
    assert KDEBounds(variance=1e-2, layer="y").estimate(labels, 10 * layer).mi == pytest.approx(found.mi, abs=1e-9)


def test_sides_that_are_no_layer_are_refused():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 100))
    with pytest.raises(Unsupported, match="neither side is discrete; use kde or ksg"):
        KDEBounds().estimate(x, y)
    with pytest.raises(Unsupported, match="y is to be the layer and x is not discrete"):
        KDEBounds(layer="y").estimate(x, y)
    with pytest.raises(Unsupported, match=r"both sides have noise \(noise_std\): use kde or ksg"):
        KDEBounds().estimate(x, y, side={"noise_std": 0.1, "clean_x": x, "clean_y": y})
    with pytest.raises(Unsupported, match=r"knows the noise of y.*declare side\['centres_y'\]"):
        KDEBounds().estimate(x, y, side={"noise_std_y": 0.1, "clean_y": y})
    found = KDEBounds().estimate(x, y, side={"noise_std_y": 0.1, "centres_y": x[:, None, None]})
    assert found.bounds is not None


@pytest.mark.parametrize(
    ("side", "message"),
    [
        ({"noise_std_y": 0.0}, r"side\['noise_std_y'\] is 0.0: give the standard deviation of the noise"),
        ({"noise_std_y": -1}, "is -1: give"),
        ({"noise_std_y": float("nan")}, "is nan: give"),
        ({"noise_std_y": "loud"}, "is 'loud': give"),
        ({"noise_std_y": 1e-15}, "lost in the rounding of y"),
        ({"noise_std_y": 0.1, "clean_y": np.zeros((9, 2))}, r"side\['clean_y'\] has shape \(9, 2\)"),
        ({"noise_std_y": 0.1, "centres_y": np.zeros((20, 3, 1))}, r"and should have \(20, r, 2\)"),
        ({"noise_std_y": 0.1, "centres_y": np.zeros((20, 0, 2))}, r"and should have \(20, r, 2\)"),
        ({"noise_std_y": 0.1, "clean_y": np.full((20, 2), np.nan)}, "has 40 values that are not finite"),
        ({"noise_std_y": 0.1, "clean_y": np.full((20, 2), "a")}, "has dtype <U1"),
        ({"noise_std_y": 0.1, "clean_y": 3.0}, r"has shape \(1,\) and should have \(20, 2\)"),
        ({"noise_std_y": 0.1, "clean_y": [[1.0], [1.0, 2.0]]}, "cannot become an array"),
        ({"noise_std_y": 0.1, "centres_y": np.zeros(20)}, r"and should have \(20, r, 2\)"),
    ],
)
def test_declared_noise_and_centres_are_checked(side, message):
    with pytest.raises(InputError, match=message):
        KDEBounds().estimate(np.arange(20) % 2, np.random.default_rng(0).normal(size=(20, 2)), side=side)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"variance": 0.0}, "variance is 0.0; give a positive"),
        ({"variance": True}, "variance is True"),
        ({"variance": math.inf}, "variance is inf"),
        ({"report": "both"}, "report is 'both'; give one of mean, upper, lower"),
        ({"layer": "t"}, "layer is 't'; give one of auto, x, y"),
    ],
)
def test_parameters_are_checked(params, message):
    with pytest.raises(InputError, match=message):
        KDEBounds(**params)


def test_dead_and_identical_rows():
    with pytest.raises(InputError, match="y is constant"):
        KDEBounds().estimate(np.arange(10), np.zeros((10, 3)))
    layer = np.zeros((10, 3))
    layer[0] = 5.0
    found = KDEBounds(variance=0.01, layer="y").estimate(np.arange(10), layer)
    assert found.mi == pytest.approx(-0.9 * math.log(0.9) - 0.1 * math.log(0.1), abs=1e-9)
