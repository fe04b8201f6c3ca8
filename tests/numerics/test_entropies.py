# SPDX-License-Identifier: Apache-2.0
"""Entropies of counts against their definitions and against a distribution whose entropy is known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mibench.numerics.entropies import CORRECTIONS, chao_shen, grassberger, miller_madow, plug_in

_COUNTS = st.lists(st.integers(1, 50), min_size=1, max_size=20).map(np.array)


@given(_COUNTS)
def test_plug_in_and_miller_madow_are_their_definitions(counts):
    n = counts.sum()
    expected = -sum(c / n * math.log(c / n) for c in counts)
    assert plug_in(counts) == pytest.approx(expected, abs=1e-12)
    assert miller_madow(counts) == pytest.approx(expected + (len(counts) - 1) / (2 * n), abs=1e-12)


def _grassberger_g(c):
    """G(1) = -gamma - ln 2, G(2) = 2 - gamma - ln 2, G(2k + 1) = G(2k), G(2k + 2) = G(2k) + 2 / (2k + 1)."""
    g = -np.euler_gamma - math.log(2)
    if c == 1:
        return g
    return g + sum(2.0 / (2 * i + 1) for i in range(c // 2))


@given(_COUNTS)
def test_grassberger_is_its_recurrence(counts):
    n = counts.sum()
    expected = math.log(n) - sum(c * _grassberger_g(int(c)) for c in counts) / n
    assert grassberger(counts) == pytest.approx(expected, abs=1e-10)


@given(_COUNTS)
def test_chao_shen_is_its_definition(counts):
    n, singletons = int(counts.sum()), int((counts == 1).sum())
    coverage = 1 - min(singletons, n - 1) / n
    expected = 0.0
    for c in counts:
        p = coverage * c / n
        expected -= p * math.log(p) / (1 - (1 - p) ** n)
    assert chao_shen(counts) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("correction", ["miller-madow", "grassberger", "chao-shen"])
def test_each_correction_takes_most_of_the_bias_away(correction):
    p = np.arange(1, 41) / 820
    truth = float(-(p * np.log(p)).sum())
    rng = np.random.default_rng(0)
    draws = [counts[counts > 0] for counts in rng.multinomial(120, p, size=400)]
    bias = {name: abs(np.mean([CORRECTIONS[name](c) for c in draws]) - truth) for name in (None, correction)}
    assert bias[correction] < 0.25 * bias[None]
