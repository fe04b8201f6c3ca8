# SPDX-License-Identifier: Apache-2.0
"""The truth by a second method: the entropy of Y by quadrature."""

import itertools
import math

import pytest
from mibench_example.additive_noise import AdditiveNoise
from scipy.integrate import quad


@pytest.mark.parametrize("noise", [0.01, 0.1, 0.5, 0.75, 3.0])
def test_truth_is_the_difference_of_two_entropies(noise):
    def minus_p_log_p(y):
        density = max(0.0, min(1.0, y + noise) - max(0.0, y - noise)) / (2 * noise)
        return -density * math.log(density) if density > 0 else 0.0

    kinks = sorted({noise, 1 - noise, 0.0, 1.0, -noise, 1 + noise})
    entropy = sum(quad(minus_p_log_p, low, high)[0] for low, high in itertools.pairwise(kinks))
    assert AdditiveNoise(noise).truth.mi == pytest.approx(entropy - math.log(2 * noise), abs=1e-9)
