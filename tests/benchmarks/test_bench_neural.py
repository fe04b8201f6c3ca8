# SPDX-License-Identifier: Apache-2.0
"""Cost of one trial of each neural estimator: 5000 image pairs, defaults, one training.

``pytest tests/benchmarks/test_bench_neural.py --benchmark-enable --benchmark-only`` times them; ``extra_info`` holds
the estimates.
"""

from __future__ import annotations

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from mibench import estimators, tasks

NAMES = ("mine", "dv", "nwj", "infonce", "smile")


@pytest.mark.benchmark(group="neural-images")
@pytest.mark.parametrize("size", [16, 32])
@pytest.mark.parametrize("family", ["blobs", "rectangles"])
@pytest.mark.parametrize("name", NAMES)
def test_one_trial_on_images(benchmark: BenchmarkFixture, name: str, family: str, size: int) -> None:
    task = tasks.get(f"{family}[size={size},mi=3]")
    sample = task.sample(5000, np.random.default_rng(0))
    estimator = estimators.get(name)
    found = benchmark.pedantic(lambda: estimator.estimate(sample.x, sample.y, rng=0), rounds=1)
    benchmark.extra_info.update(estimate=found.mi, truth=task.truth.mi, std_error=found.std_error)
    assert 0.0 < found.mi < task.truth.mi + 5 * found.std_error


@pytest.mark.benchmark(group="neural-vectors")
@pytest.mark.parametrize("dim", [1, 10])
@pytest.mark.parametrize("name", NAMES)
def test_one_trial_on_vectors(benchmark: BenchmarkFixture, name: str, dim: int) -> None:
    task = tasks.get(f"gaussian[dim_x={dim},dim_y={dim},mi=2]")
    sample = task.sample(5000, np.random.default_rng(0))
    estimator = estimators.get(name)
    found = benchmark.pedantic(lambda: estimator.estimate(sample.x, sample.y, rng=0), rounds=1)
    benchmark.extra_info.update(estimate=found.mi, truth=task.truth.mi, std_error=found.std_error)
    assert 0.0 < found.mi < task.truth.mi + 5 * found.std_error
