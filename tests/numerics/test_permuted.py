# SPDX-License-Identifier: Apache-2.0
"""The plug-in under permuted pairings: against SciPy's hypergeometric distribution, all pairings, and permutations."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mibench.numerics.counting import pair_symbols
from mibench.numerics.entropies import plug_in
from mibench.numerics.permuted import permuted_information, permuted_information_reference, permuted_shares

_IDS = st.integers(2, 60).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(0, 5), min_size=n, max_size=n).map(np.array)] * 2)
)


def _counts(ids):
    return np.unique(ids, return_counts=True)[1]


def _plug_in(x, y):
    return plug_in(_counts(x)) + plug_in(_counts(y)) - plug_in(_counts(pair_symbols(x, y)[0]))


@settings(max_examples=50, deadline=None)
@given(_IDS)
def test_kernel_is_the_reference(ids):
    counts = [_counts(each) for each in ids]
    found = permuted_information(*counts)
    assert found == pytest.approx(permuted_information_reference(*counts), abs=1e-10)
    assert found == pytest.approx(permuted_information(*counts[::-1]), abs=1e-12)
    assert -1e-12 <= found <= min(map(plug_in, counts)) + 1e-12


def test_mean_over_all_pairings():
    x, y = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 0, 0, 1, 1, 2])
    every = [_plug_in(x, y[list(order)]) for order in itertools.permutations(range(6))]
    assert permuted_information(_counts(x), _counts(y)) == pytest.approx(np.mean(every), abs=1e-12)


def test_mean_over_many_permutations():
    rng = np.random.default_rng(0)
    x, y = rng.geometric(0.05, 2000), rng.integers(0, 10, 2000)
    drawn = [_plug_in(x, rng.permutation(y)) for _ in range(200)]
    expected = permuted_information(_counts(x), _counts(y))
    assert np.mean(drawn) == pytest.approx(expected, abs=5 * np.std(drawn) / math.sqrt(200))


def test_limits():
    n = 500
    once, halves = np.ones(n, dtype=np.int64), np.array([n // 2, n // 2])
    assert permuted_information(once, halves) == pytest.approx(math.log(2), abs=1e-12)  # distinct rows know every label
    assert permuted_information(once, once) == pytest.approx(math.log(n), abs=1e-10)
    assert permuted_information(np.array([n]), halves) == pytest.approx(0.0, abs=1e-12)
    large = np.full(10, 10**5)  # chi-square: the mean is (k - 1)^2 / (2 n) to first order
    assert permuted_information(large, large) == pytest.approx(81 / 2e6, rel=1e-3)


@settings(max_examples=20, deadline=None)
@given(_IDS)
def test_shares_sum_to_the_mean(ids):
    x, y = (_counts(each) for each in ids)
    assert permuted_shares(y)[x].sum() == pytest.approx(permuted_information(x, y), abs=1e-12)


def test_shares_of_many_rows():
    """The window on the hypergeometric numbers leaves out nothing."""
    n = 4096
    halves, shares = np.array([1978, 2118]), permuted_shares(np.array([1978, 2118]))
    assert shares[0] == 0.0
    for a in (1, 2, 17, 500, 2048, 4000, n):
        counts = np.array([a, n - a])[: 1 + (a < n)]
        assert shares[counts].sum() == pytest.approx(permuted_information(counts, halves), abs=1e-13)
