# SPDX-License-Identifier: Apache-2.0
"""Declared noise and noise-free values: what both estimators of noisy layers read alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mibench.contracts import InputError
from mibench.estimators.kde_bounds import KDEBounds
from mibench.estimators.noise_declared import noise_free, noise_level
from mibench.estimators.noisy_plugin import NoisyPlugin


@pytest.mark.parametrize("estimator", [KDEBounds(), NoisyPlugin()])
@pytest.mark.parametrize("known", ["centres_y", "clean_y"])
def test_noisy_images_may_be_declared_as_images(estimator: Any, known: str) -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 4, 200)
    centres = rng.normal(size=(4, 3, 2))[x][:, None].repeat(5, axis=1)
    y = centres[:, 0] + 0.5 * rng.normal(size=(200, 3, 2))
    shaped = centres if known == "centres_y" else centres[:, 0]
    flat = shaped.reshape(*shaped.shape[:-2], 6)
    found, expected = (
        estimator.estimate(x, data, side={"noise_std_y": 0.5, known: values})
        for data, values in ((y, shaped), (y.reshape(200, 6), flat))
    )
    assert found == expected
    assert found.mi > 1.0


def test_a_level_may_be_an_array_of_one_number() -> None:
    for value in (0.5, np.float32(0.5), np.array(0.5), np.array([0.5])):
        assert noise_level("noise_std_y", {"noise_std_y": value}) == 0.5
    assert noise_level("noise_std_y", {}) is None
    with pytest.raises(InputError, match=r"side\['noise_std_y'\] is array\(\[1, 2\]\): give"):
        noise_level("noise_std_y", {"noise_std_y": np.array([1, 2])})


def test_replicas_are_told_from_columns() -> None:
    values = np.arange(12.0).reshape(2, 6)
    assert noise_free("clean_y", {"clean_y": values}, (2, 1, 6), "y").shape == (2, 1, 6)
    assert noise_free("centres_y", {"centres_y": values}, (2, None, 1), "y").shape == (2, 6, 1)
    with pytest.raises(InputError, match=r"has shape \(2, 6\) and should have \(2, r, 3\): 3 units"):
        noise_free("centres_y", {"centres_y": values}, (2, None, 3), "3 units")
