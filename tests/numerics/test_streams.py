# SPDX-License-Identifier: Apache-2.0
"""Counter-based streams: the published cipher, permutations and normals that are what they should be, no overlap."""

from __future__ import annotations

import itertools
from math import factorial

import numpy as np
import pytest
from scipy import stats

from mibench.numerics import streams

KEY = np.uint64(0x0123456789ABCDEF)


@pytest.mark.parametrize(
    ("key", "counter", "expected"),
    [
        (0, (0, 0, 0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        (2**64 - 1, (2**32 - 1,) * 4, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            0x299F31D0A4093822,
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_the_cipher_gives_the_answers_published_with_it(key, counter, expected):
    assert tuple(streams.philox(np.uint64(key), *counter)) == expected


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 37, 3277])
def test_an_order_is_a_permutation_and_the_same_each_time(n):
    order = streams.order(KEY, 3, n)
    assert np.array_equal(np.sort(order), np.arange(n))
    assert np.array_equal(order, streams.order(KEY, 3, n))


def test_orders_differ_between_epochs_and_keys():
    assert not np.array_equal(streams.order(KEY, 0, 50), streams.order(KEY, 1, 50))
    assert not np.array_equal(streams.order(KEY, 0, 50), streams.order(KEY + np.uint64(1), 0, 50))


def test_all_orders_of_five_rows_are_as_likely():
    seen = [tuple(streams.order(KEY, epoch, 5)) for epoch in range(12_000)]
    counts = [seen.count(each) for each in itertools.permutations(range(5))]
    assert sum(counts) == 12_000
    assert len(counts) == factorial(5)
    assert stats.chisquare(counts).pvalue > 1e-4


def test_noise_is_standard_normal_and_uncorrelated():
    out = np.empty((6, 20_000))
    streams.normals(KEY, 5, 2, 1, out)
    assert stats.kstest(out.ravel(), "norm").pvalue > 1e-4
    assert np.abs(np.corrcoef(out) - np.eye(6)).max() < 0.035
    flat = out[0]
    for lag in (1, 2, 3, 4):
        assert abs(np.mean(flat[lag:] * flat[:-lag])) < 0.035


def test_noise_of_part_of_a_batch_is_part_of_the_batchs_noise():
    whole = np.empty((3, 301))
    streams.normals(KEY, 5, 2, 1, whole)
    for first, rows in ((0, 10), (256, 45), (64, 70)):
        part = np.empty((3, rows))
        streams.normals(KEY, 5, 2, 1, part, first)
        assert np.array_equal(part, whole[:, first : first + rows])


def test_noise_is_the_same_in_both_float_types():
    single, double = np.empty((2, 9), dtype=np.float32), np.empty((2, 9))
    streams.normals(KEY, 0, 0, 1, single)
    streams.normals(KEY, 0, 0, 1, double)
    assert np.array_equal(single, double.astype(np.float32))


def test_no_two_uses_share_a_number():
    seen = []
    for epoch, step, layer in itertools.product(range(3), range(3), (1, 2)):
        out = np.empty((2, 40))
        streams.normals(KEY, epoch, step, layer, out)
        seen.append(out.ravel())
    assert len(np.unique(np.concatenate(seen))) == len(seen) * 80
