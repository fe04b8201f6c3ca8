# SPDX-License-Identifier: Apache-2.0
"""Initial weights: the ranges and the spread that their definitions say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from mibench.contracts import InputError
from mibench.networks.initial import initial
from mibench.networks.spec import INITS, Network

NETWORK = Network(widths=(200, 100, 150))
TRUNCATED = math.sqrt(stats.truncnorm(-2, 2).var())  # of the deviation before truncation: 0.880


def _layers(init):
    return NETWORK.layers(initial(NETWORK, init, 3))


@pytest.mark.parametrize(
    ("init", "deviations"),
    [
        ("fan_in_tn", (200**-0.5, 100**-0.5)),
        ("fan_out_tn", (100**-0.5, 150**-0.5)),
        ("he2_fan_in_tn", (2 * 200**-0.5, 2 * 100**-0.5)),
    ],
)
def test_truncated_normals(init, deviations):
    for (weights, biases), deviation in zip(_layers(init), deviations, strict=True):
        assert np.abs(weights).max() <= 2 * deviation * (1 + 1e-6)
        assert weights.std() == pytest.approx(TRUNCATED * deviation, rel=0.03)
        assert stats.kstest(weights.ravel() / deviation, stats.truncnorm(-2, 2).cdf).pvalue > 1e-4
        assert not biases.any()


def test_uniform_ones():
    for (weights, biases), limit in zip(_layers("glorot_uniform"), (0.02**0.5, (6 / 250) ** 0.5), strict=True):
        assert stats.kstest(weights.ravel(), stats.uniform(-limit, 2 * limit).cdf).pvalue > 1e-4
        assert not biases.any()
    for (weights, biases), limit in zip(_layers("torch_default"), (200**-0.5, 0.1), strict=True):
        for part in (weights.ravel(), biases):
            assert stats.kstest(part, stats.uniform(-limit, 2 * limit).cdf).pvalue > 1e-4


def test_saxes_mix_is_fan_out_but_for_the_output():
    (hidden, _), (output, _) = _layers("saxe")
    assert np.array_equal(hidden, _layers("fan_out_tn")[0][0])
    assert np.abs(output).max() <= (6 / 250) ** 0.5
    assert output.std() == pytest.approx((6 / 250) ** 0.5 / 3**0.5, rel=0.03)


@pytest.mark.parametrize("init", INITS)
def test_one_seed_one_draw(init):
    first = initial(Network(), init, 1)
    assert first.dtype == np.float32
    assert first.shape == (294,)
    assert np.array_equal(first, initial(Network(), init, np.random.default_rng(1)))
    assert not np.array_equal(first, initial(Network(), init, 2))


def test_unknown_names_are_refused():
    with pytest.raises(InputError, match="no init 'glorot'"):
        initial(Network(), "glorot", 0)
