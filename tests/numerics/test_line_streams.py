# SPDX-License-Identifier: Apache-2.0
"""Noise and dropout of lines: numbers of the cipher at the counters that are stated, transformed as is stated."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from mibench.numerics import line_streams, streams
from mibench.numerics.lanes import LANES

KEY = np.uint64(2**63 + 12345)
EPOCH, STEP, LAYER, FIRST = 3, 5, 2, 48
WHERE = (KEY, EPOCH, STEP, LAYER, FIRST)


def _numbers(layer, group):
    """Shape (4, 16)."""
    blocks = [streams.philox(KEY, FIRST + row, layer * 65536 + group, STEP, EPOCH) for row in range(LANES)]
    return np.array(blocks, dtype=np.uint32).T


def test_numbers_are_the_ciphers():
    for group in (0, 3):
        out = np.zeros((9, LANES), dtype=np.uint32)
        line_streams.noise_numbers(WHERE, group, out, 1)
        line_streams.dropout_numbers(WHERE, group, out, 5)
        assert np.array_equal(out[1:5], _numbers(LAYER, group))
        assert np.array_equal(out[5:], _numbers(LAYER + 2**15, group))
        assert not out[0].any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_normals_are_box_and_mullers(dtype):
    out = np.empty((10, LANES), dtype=dtype)
    line_streams.normals(WHERE, out)
    for unit in range(0, 10, 2):
        a, b = _numbers(LAYER, unit // 4)[unit % 4 : unit % 4 + 2].astype(np.float64)
        radius, angle = np.sqrt(-2 * np.log((a + 1) / 2**32)), 2 * np.pi * (b / 2**32 - 0.5)
        assert out[unit] == pytest.approx(radius * np.cos(angle), abs=1e-5)
        assert out[unit + 1] == pytest.approx(radius * np.sin(angle), abs=1e-5)


def test_normals_are_normal_and_uncorrelated():
    out = np.empty((4096, LANES))
    line_streams.normals(WHERE, out)
    assert stats.kstest(out.ravel(), "norm").pvalue > 1e-3
    for a, b in ((out[:-1], out[1:]), (out[:, :-1], out[:, 1:])):
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 4 / np.sqrt(a.size)


@pytest.mark.parametrize("share", [0.1, 0.5, 2**-16])
def test_a_share_is_dropped_and_the_rest_scaled_up(share):
    out = np.empty((800, LANES))
    line_streams.kept(WHERE, share, out)
    halves = np.stack([_numbers(LAYER + 2**15, 7) & 65535, _numbers(LAYER + 2**15, 7) >> 16], axis=1).reshape(8, LANES)
    assert np.array_equal(out[56:64] > 0, halves >= round(share * 65536))
    assert set(np.unique(out)) <= {0.0, 1 / (1 - share)}
    spread = np.sqrt(share * (1 - share) / out.size)
    assert abs((out == 0).mean() - share) < 4 * spread + 2**-17
