# SPDX-License-Identifier: Apache-2.0
"""What kernel densities cost, bandwidth selection included.

``pytest tests/benchmarks/test_bench_kde.py --benchmark-enable --benchmark-only``
"""

import math
import os
import tracemalloc
import warnings

import numba
import numpy as np
import pytest

from mibench.estimators.binning import Binning
from mibench.estimators.gaussian import Gaussian
from mibench.estimators.kde import KDE


def _normal(n, dim, mi=2.0):
    rng = np.random.default_rng(0)
    rho = math.sqrt(-math.expm1(-2 * mi / dim))
    x = rng.normal(size=(n, dim))
    return x, rho * x + math.sqrt(1 - rho**2) * rng.normal(size=(n, dim))


@pytest.mark.parametrize("dim", [1, 2, 5, 10])
def test_kde(benchmark, dim):
    """n = 5000, `dim` per side; the traced peak shows that no n x n array is made."""
    x, y = _normal(5000, dim)
    tracemalloc.start()
    found = KDE().estimate(x, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    benchmark.extra_info.update(
        mi=found.mi, peak_mb=peak / 1e6, threads=numba.get_num_threads(), load=round(os.getloadavg()[0], 2)
    )
    benchmark.pedantic(KDE().estimate, (x, y), rounds=7, warmup_rounds=1)
    assert peak < 5000 * 5000 * 8 / 10


def test_kde_of_many_samples(benchmark):
    x, y = _normal(50_000, 1)
    benchmark.pedantic(KDE().estimate, (x, y), rounds=1, warmup_rounds=0)


@pytest.mark.parametrize("dim", [1, 10])
def test_kde_by_scikit_learn(benchmark, dim):
    """The joint density of one bandwidth with scikit-learn, not left out: what a search multiplies."""
    neighbors = pytest.importorskip("sklearn.neighbors")
    joint = np.hstack(_normal(5000, dim))

    def score():
        return neighbors.KernelDensity(bandwidth=0.4, rtol=0, atol=0).fit(joint).score_samples(joint)

    benchmark.pedantic(score, rounds=1)


@pytest.mark.parametrize("dim", [1, 10])
def test_kde_by_infomeasure(benchmark, dim):
    """Three kernel densities of one given bandwidth with infomeasure; it selects none."""
    pytest.importorskip("sparse")  # which infomeasure needs and does not declare
    infomeasure = pytest.importorskip("infomeasure")
    x, y = _normal(5000, dim)

    def estimate():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return infomeasure.mutual_information(x, y, approach="kernel", kernel="gaussian", bandwidth=0.3)

    benchmark.pedantic(estimate, rounds=1)


@pytest.mark.parametrize("dim", [1, 10])
@pytest.mark.parametrize("estimator", [Gaussian(), Binning()], ids=["gaussian", "binning"])
def test_closed_forms(benchmark, estimator, dim):
    x, y = _normal(5000, dim)
    benchmark.pedantic(estimator.estimate, (x, y), rounds=10, warmup_rounds=1)
