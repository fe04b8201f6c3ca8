# SPDX-License-Identifier: Apache-2.0
"""Numbering of symbols: the hash table against a dictionary and against numpy.unique."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from mibench.numerics import counting
from mibench.numerics.counting import pair_symbols, symbols, symbols_reference

_CODES = arrays(np.int64, array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.integers(-2, 2))


@settings(max_examples=100, deadline=None)
@given(_CODES)
def test_numbers_equal_a_dictionarys(codes):
    ids, distinct = symbols(codes)
    expected, count = symbols_reference(codes)
    np.testing.assert_array_equal(ids, expected)
    assert distinct == count


def test_whole_numbers_as_float_bits_do_not_collide():
    # their low bits are all zero: a plain multiplicative hash maps thousands of them to one slot
    codes = np.random.default_rng(0).integers(0, 1000, size=(20_000, 2)).astype(float).view(np.int64)
    assert symbols(codes)[1] == len(np.unique(codes, axis=0))


def test_rows_with_equal_hashes_are_still_told_apart(monkeypatch):
    codes = np.random.default_rng(0).integers(0, 3, size=(50, 4))
    slots, ids = np.full(128, -1, dtype=np.int64), np.empty(50, dtype=np.int64)
    monkeypatch.setitem(counting._number.py_func.__globals__, "_row_hash", lambda row: np.uint64(7))
    assert counting._number.py_func(codes, slots, ids) == symbols_reference(codes)[1]
    np.testing.assert_array_equal(ids, symbols_reference(codes)[0])


def test_pairs_are_the_rows_of_the_two_numberings():
    x, y = np.random.default_rng(0).integers(0, 5, size=(2, 200))
    assert pair_symbols(x, y)[1] == len({*zip(x.tolist(), y.tolist(), strict=True)})
