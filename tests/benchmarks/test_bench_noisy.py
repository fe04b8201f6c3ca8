# SPDX-License-Identifier: Apache-2.0
"""What the information of a noisy layer costs, with 4096 inputs, to a Monte Carlo standard error of 0.01 nat.

``pytest tests/benchmarks/test_bench_noisy.py --benchmark-enable --benchmark-only``
"""

import os
import tracemalloc

import numba
import numpy as np
import pytest

from mibench.estimators.noisy_plugin import NoisyPlugin

N = 4096


def _layer(replicas, dim, std):
    """Inputs on a cube; beyond one replica, their centres scatter about as much as the noise."""
    rng = np.random.default_rng(0)
    centres = rng.uniform(-1, 1, size=(N, 1, dim)) + np.zeros((1, replicas, 1))
    if replicas > 1:
        centres += std * rng.normal(size=centres.shape)
    y = centres[:, 0] + std * rng.normal(size=(N, dim))
    return np.arange(N), y, {"noise_std_y": std, "centres_y": centres}


@pytest.mark.parametrize("replicas", [1, 16])
@pytest.mark.parametrize(("dim", "std"), [(3, 0.05), (3, 0.5), (5, 0.1), (10, 0.1), (10, 0.5)])
def test_input_of_a_noisy_layer(benchmark, dim, std, replicas):
    x, y, side = _layer(replicas, dim, std)
    tracemalloc.start()
    found = NoisyPlugin().estimate(x, y, side=side)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    benchmark.extra_info.update(
        mi=found.mi,
        mc_std_error=found.diagnostics["mc_std_error"],
        draws=found.diagnostics["draws"],
        peak_mb=peak / 1e6,
        threads=numba.get_num_threads(),
        load=round(os.getloadavg()[0], 2),
    )
    benchmark.pedantic(NoisyPlugin().estimate, (x, y), {"side": side}, rounds=3)
    assert found.diagnostics["mc_std_error"] <= 0.01
    assert peak < 30 * side["centres_y"].nbytes + 20e6


@pytest.mark.parametrize(("dim", "std"), [(3, 0.05), (10, 0.5)])
def test_label_of_a_noisy_layer(benchmark, dim, std):
    _, y, side = _layer(1, dim, std)
    clean = side["centres_y"][:, 0]
    labels = (clean[:, 0] > 0).astype(np.int64)
    benchmark.pedantic(NoisyPlugin().estimate, (labels, y), {"side": {"noise_std_y": std, "clean_y": clean}}, rounds=3)


@pytest.mark.parametrize(("dim", "std"), [(3, 0.05), (10, 0.5)])
def test_density_by_scikit_learn(benchmark, dim, std):
    """The log-densities of one draw for each of the 4096 centres with scikit-learn, of which an estimate takes four."""
    neighbors = pytest.importorskip("sklearn.neighbors")
    _, y, side = _layer(1, dim, std)
    density = neighbors.KernelDensity(bandwidth=std, rtol=1e-3).fit(side["centres_y"][:, 0])
    benchmark.pedantic(density.score_samples, (y,), rounds=1)
