# SPDX-License-Identifier: Apache-2.0
"""What estimates of discrete data, binned activations and bounds by pairwise distances cost.

``pytest tests/benchmarks/test_bench_counted.py --benchmark-enable --benchmark-only``
"""

import os
import tracemalloc

import numba
import numpy as np
import pytest

from mibench.estimators.binning import Binning
from mibench.estimators.kde_bounds import KDEBounds
from mibench.estimators.plugin import PlugIn
from mibench.numerics.entropies import nsb
from mibench.numerics.permuted import permuted_information


def _layer(n=4096, dim=10, gain=1.0):
    """Patterns of 12 bits (all of them once, where n is 4096) and the tanh layer they lead to."""
    rng = np.random.default_rng(0)
    rows = np.arange(4096) if n == 4096 else rng.integers(0, 4096, n)
    bits = (rows[:, None] >> np.arange(12)) & 1
    return bits, np.tanh(gain * (bits - 0.5) @ rng.normal(size=(12, dim)))


@pytest.mark.parametrize("n", [4096, 70_000])
@pytest.mark.parametrize("correction", ["grassberger", "nsb"])
def test_plugin(benchmark, n, correction):
    """Patterns against 8-bit codes of 10 units, diagnostics and standard error included."""
    bits, layer = _layer(n)
    codes = np.round(127.5 * (layer + 1))
    benchmark.pedantic(PlugIn(correction).estimate, (bits, codes), rounds=7, warmup_rounds=1)


@pytest.mark.parametrize("different", [1, 30, 1000])
def test_nsb(benchmark, different):
    """10^6 samples with so many different counts; 2^40 symbols."""
    counts = np.arange(1, different + 1)
    benchmark.pedantic(nsb, (counts, 2.0**40), rounds=20, warmup_rounds=1)


def test_permuted(benchmark):
    """70,000 rows, with many different counts on both sides."""
    rng = np.random.default_rng(0)
    sides = [np.unique(rng.geometric(p, 70_000), return_counts=True)[1] for p in (1e-2, 2e-3)]
    benchmark.pedantic(permuted_information, sides, rounds=7, warmup_rounds=1)


@pytest.mark.parametrize("convention", ["szt", "saxe-code", "lorenzen", "lorenzen-quantile", "rasmussen-adaptive"])
def test_conventions(benchmark, convention):
    benchmark.pedantic(Binning(convention=convention).estimate, _layer(), rounds=7, warmup_rounds=1)


@pytest.mark.parametrize("target", ["patterns", "labels"])
@pytest.mark.parametrize("dim", [2, 5, 10])
def test_kde_bounds(benchmark, dim, target):
    """4096 noise-free values, noise 0.1 (at which few tiles are passed over); no n x n array is made."""
    bits, layer = _layer(dim=dim)
    x = bits if target == "patterns" else bits.sum(axis=1) >= 6
    side = {"noise_std_y": 0.1, "clean_y": layer, "x_is_discrete": True}
    KDEBounds().estimate(x, layer, side=side)  # compiled code is loaded, and not traced
    tracemalloc.start()
    found = KDEBounds().estimate(x, layer, side=side)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    benchmark.extra_info.update(
        mi=found.mi, peak_mb=peak / 1e6, threads=numba.get_num_threads(), load=round(os.getloadavg()[0], 2)
    )
    benchmark.pedantic(lambda: KDEBounds().estimate(x, layer, side=side), rounds=10, warmup_rounds=1)
    assert peak < 4096 * 4096 * 8 / 10


def test_kde_bounds_by_all_pairs(benchmark):
    """The same sums in NumPy, both bounds, 5 units: an n x n matrix of distances and its exponentials."""
    layer = _layer(dim=5)[1]

    def estimate():
        norms = (layer**2).sum(axis=1)
        squares = np.maximum(norms[:, None] + norms - 2 * layer @ layer.T, 0.0)
        return [-np.log(np.exp(-squares / (2 * a * 0.01)).mean(axis=1)).mean() for a in (1.0, 4.0)]

    benchmark.pedantic(estimate, rounds=3, warmup_rounds=1)


def test_kde_bounds_with_replicas(benchmark):
    """5000 rows of 16 replicas each, 5 units, noise 0.5."""
    bits, layer = _layer(5000, 5)
    centres = layer[:, None] + 0.3 * np.random.default_rng(1).normal(size=(5000, 16, 5))
    side = {"noise_std_y": 0.5, "centres_y": centres}
    benchmark.pedantic(lambda: KDEBounds().estimate(bits, layer, side=side), rounds=2, warmup_rounds=1)


def test_kde_bounds_of_a_saturated_layer(benchmark):
    """Equal values are one: a layer whose units are at their limits, rounded to 8 bits."""
    bits, layer = _layer(4096, 5, gain=20.0)
    layer = np.round(layer * 127) / 127
    labels = bits.sum(axis=1) >= 6
    benchmark.pedantic(KDEBounds(layer="y").estimate, (labels, layer), rounds=10, warmup_rounds=1)
