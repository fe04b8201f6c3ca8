# SPDX-License-Identifier: Apache-2.0
"""Logarithms in whole units: right to the last digit, additive exactly, monotone on the way back."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mibench.contracts import InputError
from mibench.numerics.exact_logs import MOST_ROWS, exact_logs, nats


def _whole(table, c):
    return (int(table.high[c]) << table.low_bits) + int(table.low[c])


@pytest.mark.parametrize("total", [1, 2, 3, 10, 4096, 70_000])
def test_logarithms(total):
    table = exact_logs(total)
    unit = 2 ** (table.high_bits + table.low_bits)
    for c in {1, 2, 3, total // 3, total - 1, total} - {0}:
        if c <= total:
            assert float(Fraction(_whole(table, c), unit)) == pytest.approx(c * math.log(c), rel=4e-16, abs=0)
    assert _whole(table, 0) == _whole(table, 1) == 0
    assert _whole(table, total) < 2 ** (53 + table.low_bits)


@given(st.integers(1, 64), st.integers(1, 64))
def test_the_logarithm_of_a_product_is_the_sum(a, b):
    table = exact_logs(4096)
    assert _whole(table, a * b) == b * _whole(table, a) + a * _whole(table, b)


@settings(max_examples=50)
@given(st.lists(st.integers(1, 200), min_size=1, max_size=20))
def test_nats(counts):
    """The entropy of counts, against exact fractions."""
    total = sum(counts)
    table = exact_logs(total)
    high = int(table.high[total] - table.high[counts].sum())
    low = int(table.low[total] - table.low[counts].sum())
    found = nats(high, low, table.high_bits, table.low_bits, total)
    exact = Fraction((high << table.low_bits) + low, total << (table.high_bits + table.low_bits))
    assert abs(Fraction(found) - exact) <= exact * Fraction(1, 2**52)
    assert found == pytest.approx(-math.fsum(c / total * math.log(c / total) for c in counts), rel=1e-12, abs=1e-13)


@given(st.integers(-(2**50), 2**50), st.integers(-(2**61), 2**61), st.integers(0, 2**40))
def test_more_is_never_less(high, low, more):
    table = exact_logs(4096)
    bits = (table.high_bits, table.low_bits, 4096)
    assert nats(high, low, *bits) <= nats(high, low + more, *bits)
    assert nats(high, low, *bits) == nats(high + 1, low - 2**table.low_bits, *bits)


def test_a_table_per_number_of_rows():
    assert exact_logs(77) is exact_logs(77)
    assert not exact_logs(77).high.flags.writeable
    for total in (0, MOST_ROWS + 1):
        with pytest.raises(InputError, match=f"sum to {total}"):
            exact_logs(total)
    assert np.all(np.diff(exact_logs(77).high) >= 0)
