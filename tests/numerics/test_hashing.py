# SPDX-License-Identifier: Apache-2.0
"""Counts by hashing are those of a dictionary, whatever the type, the sign and the size of the codes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mibench.numerics.hashing import as_words, count_pairs, count_pairs_reference, empty_slots, number_rows

KINDS = [np.uint8, np.int8, np.uint16, np.int32, np.uint32, np.int64, np.uint64]


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 200), st.integers(1, 19), st.sampled_from(KINDS), st.integers(1, 3))
def test_counts_are_those_of_a_dictionary(seed, n, dim, kind, levels):
    rng = np.random.default_rng(seed)
    alphabet = rng.integers(np.iinfo(kind).min, np.iinfo(kind).max, levels, dtype=kind, endpoint=True)
    codes, labels, weights = alphabet[rng.integers(0, levels, (n, dim))], rng.integers(0, 4, n), rng.integers(1, 9, n)
    for w in (None, weights):
        found, expected = count_pairs(codes, labels, 4, w), count_pairs_reference(codes, labels, 4, w)
        assert np.array_equal(found[0], expected[0])
        assert np.array_equal(found[1], expected[1])
    assert expected[1].sum() == weights.sum()


def test_rows_of_one_hash_are_told_apart():
    """All rows start at one place of a table as large as their number of collisions."""
    words = np.arange(64, dtype=np.uint64)[:, None] << np.uint64(58)  # the multiplier leaves their low bits 0
    words = np.concatenate([words, words])
    ids, first = np.empty(128, np.int32), np.empty(128, np.int32)
    assert number_rows(words, 128, empty_slots(128), ids, first) == 64
    assert np.array_equal(ids, np.tile(np.arange(64), 2))
    assert np.array_equal(first[:64], np.arange(64))


@pytest.mark.parametrize("kind", KINDS)
def test_words_tell_extremes_apart(kind):
    info = np.iinfo(kind)
    codes = np.array([[info.min, info.max], [info.max, info.min], [info.min, info.max]], dtype=kind)
    words = as_words(codes)
    assert np.array_equal(words[0], words[2])
    assert not np.array_equal(words[0], words[1])


def test_columns_of_other_layouts():
    codes = np.random.default_rng(0).integers(0, 3, (5, 300)).astype(np.uint8).T
    assert np.array_equal(as_words(codes), as_words(np.ascontiguousarray(codes)))
    assert as_words(codes[:0]).shape == (0, 1)
