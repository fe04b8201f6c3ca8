# SPDX-License-Identifier: Apache-2.0
"""Information behind a noisy input: against a loop over all flips, closed forms, limits and inequalities."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import entr

from mibench.contracts import InputError
from mibench.datasets import ib12
from mibench.networks.channels import channel_information, flip_information, flip_table, flip_table_reference


def _information(joint):
    """From a table of joint probabilities, cell by cell."""
    rows, columns = joint.sum(1), joint.sum(0)
    return math.fsum(p * math.log(p / rows[i] / columns[j]) for (i, j), p in np.ndenumerate(joint) if p > 0)


def _brute_force(member, labels, flip):
    """Both information values from the joint tables of a loop over patterns and flips."""
    given_x = flip_table_reference(member, flip)
    with_label = np.array([given_x[labels == y].sum(0) for y in np.unique(labels)]) / len(labels)
    return _information(given_x / len(labels)), _information(with_label)


def _codes(rng, n, levels):
    return np.unique(rng.integers(0, levels, n), return_inverse=True)[1]


def _entropy(member):
    return float(entr(np.bincount(member) / len(member)).sum())


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 6), st.integers(1, 70), st.floats(0, 1), st.integers(0, 1000))
def test_against_a_loop_over_all_flips(bits, levels, flip, seed):
    rng = np.random.default_rng(seed)
    member, labels = _codes(rng, 2**bits, levels), rng.integers(0, 3, 2**bits)
    np.testing.assert_allclose(flip_table(member, flip), flip_table_reference(member, flip), rtol=1e-12, atol=1e-15)
    found, expected = flip_information(member, labels, flip), _brute_force(member, labels, flip)
    assert found == pytest.approx(expected, rel=1e-11, abs=1e-13)


@pytest.mark.parametrize("flip", [0.0, 0.01, 0.2, 0.5, 1.0])
def test_twelve_distinct_bits(flip):
    """A layer that keeps all 12 bits: the capacity of 12 binary symmetric channels."""
    member, labels = np.arange(4096), ib12.labels().astype(int)
    i_x, i_y = flip_information(member, labels, flip)
    noise = float(entr(flip) + entr(1 - flip))
    assert i_x == pytest.approx(12 * (math.log(2) - noise), rel=1e-12, abs=1e-13)
    assert -1e-15 <= i_y <= min(i_x, _entropy(labels)) + 1e-13


def test_one_bit_of_twelve():
    member, labels = ib12.patterns()[:, 3].astype(int), ib12.labels()
    i_x, i_y = flip_information(member, labels, 0.1)
    assert i_x == pytest.approx(math.log(2) - entr(0.1) - entr(0.9), rel=1e-12)
    table = np.array([[np.mean((labels == y) & (member == t)) for t in (0, 1)] for y in (0, 1)])
    assert i_y == pytest.approx(_information(table @ [[0.9, 0.1], [0.1, 0.9]]), rel=1e-12)


def test_limits_and_inequalities():
    """No flips: H(T). Fair flips or a constant layer: 0. Between: less with more flips, less when coarser."""
    rng = np.random.default_rng(3)
    labels = ib12.labels()
    fine = _codes(rng, 4096, 500)
    coarse = _codes(rng, fine.max() + 1, 20)[fine]
    assert flip_information(fine, labels, 0.0)[0] == pytest.approx(_entropy(fine), rel=1e-13)
    assert flip_information(fine, labels, 1.0)[0] == pytest.approx(_entropy(fine), rel=1e-13)
    assert flip_information(fine, labels, 0.5) == pytest.approx((0.0, 0.0), abs=1e-15)
    assert flip_information(np.zeros(4096, int), labels, 0.3) == (0.0, 0.0)
    before = (np.inf, np.inf)
    for flip in (0.001, 0.03, 0.1, 0.4):
        found, less = flip_information(fine, labels, flip), flip_information(coarse, labels, flip)
        assert found[0] < _entropy(fine)
        assert all(0 <= b <= a for a, b in zip(found, less, strict=True))
        assert all(a < b for a, b in zip(found, before, strict=True))
        before = found


def test_any_channel():
    """Flips as a matrix; the erasure channel, in closed form; a prior that leaves inputs out."""
    rng = np.random.default_rng(1)
    member, labels = _codes(rng, 32, 6), rng.integers(0, 2, 32)
    matrix = flip_table_reference(np.arange(32), 0.07)
    assert channel_information(matrix, member, labels) == pytest.approx(flip_information(member, labels, 0.07))
    prior = np.array([0.3, 0.7])
    erasure = np.array([[0.75, 0.0, 0.25], [0.0, 0.75, 0.25]])
    found = channel_information(erasure, np.arange(3), np.arange(2), prior)
    assert found == pytest.approx((0.75 * entr(prior).sum(),) * 2)
    assert channel_information(erasure, np.arange(3), np.arange(2), np.array([1.0, 0.0])) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 1, 2], [0, 1, 2], 0.1), "member has 3 rows"),
        (([0, 1], [0, 1], 1.5), "flip is 1.5"),
        (([0, 1], [0, 1], float("nan")), "flip is nan"),
        (([0.5, 1.0], [0, 1], 0.1), "member holds float64 values"),
        (([0, 1], [0, 1, 1], 0.1), r"labels has shape \(3,\)"),
    ],
)
def test_what_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        flip_information(*arguments)


@pytest.mark.parametrize(
    ("channel", "prior", "message"),
    [
        (np.ones(3), None, r"channel has shape \(3,\)"),
        (np.ones((2, 2)), None, "channel holds no probabilities"),
        (np.array([[1.5, -0.5], [0, 1]]), None, "channel holds no probabilities"),
        (np.full((2, 2), np.nan), None, "channel holds no probabilities"),
        (np.eye(2), np.ones(3) / 3, r"prior has shape \(3,\)"),
        (np.eye(2), np.ones(2), "prior holds no probabilities"),
    ],
)
def test_channels_that_are_refused(channel, prior, message):
    with pytest.raises(InputError, match=message):
        channel_information(channel, np.arange(2), np.arange(2), prior)
