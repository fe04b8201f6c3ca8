# SPDX-License-Identifier: Apache-2.0
"""What the method promises beyond the contract."""

import numpy as np
import pytest
from mibench_example.gaussian_copula import GaussianCopula

from mibench.contracts import Unsupported


def _normal(n, seed=0):
    return np.random.default_rng(seed).multivariate_normal([0, 0, 0], [[1, 0.5, 0.2], [0.5, 1, 0.6], [0.2, 0.6, 1]], n)


def test_increasing_maps_change_nothing():
    data = _normal(500)
    first = GaussianCopula().estimate(data[:, :2], data[:, 2])
    assert GaussianCopula().estimate(np.exp(data[:, :2]), data[:, 2] ** 3) == first


def test_the_plug_in_is_corrected_by_its_bias_at_independence():
    rng = np.random.default_rng(1)
    estimates = [GaussianCopula().estimate(*rng.standard_normal((2, 50, 2))).mi for _ in range(400)]
    assert abs(np.mean(estimates)) < 4 * np.std(estimates) / 20
    assert GaussianCopula(correct=False).estimate(*rng.standard_normal((2, 50, 2))).mi > 0


def test_columns_that_determine_each_other_are_refused():
    data = _normal(100)
    with pytest.raises(Unsupported, match="determine each other"):
        GaussianCopula().estimate(data, np.exp(data[:, :1]))
