# SPDX-License-Identifier: Apache-2.0
"""Nearest-neighbour estimators against other packages, one group per sample size and dimension.

    pytest tests/benchmarks/test_bench_knn.py -o addopts="--import-mode=importlib" --benchmark-columns=min,median,rounds

Every group holds the default call of `ksg` (its interval included), the same without the interval, `kl`, `wkl`, and the
peers with k = 3. Leave the ones of minutes out with ``-k "not slow"``.
"""

import warnings

import numpy as np
import pytest

from mibench.estimators.kl import KL, WKL
from mibench.estimators.ksg import KSG

MI = 2.0
OURS = {"ksg": KSG(), "ksg-no-interval": KSG(interval=False), "kl": KL(), "wkl": WKL()}


def pair(n, d):
    """Correlated normal coordinates, pair by pair, with 2 nats in all."""
    rng = np.random.default_rng(0)
    rho = np.sqrt(1 - np.exp(-2 * MI / d))
    x = rng.normal(size=(n, d))
    return x, rho * x + np.sqrt(1 - rho**2) * rng.normal(size=(n, d))


def npeet_plus(x, y):
    return pytest.importorskip("npeet_plus", exc_type=ImportError).mi(x, y, k=3, base=np.e)


def sklearn(x, y):
    selection = pytest.importorskip("sklearn.feature_selection", exc_type=ImportError)
    return selection.mutual_info_regression(x, y[:, 0], n_neighbors=3, random_state=0)[0]


def infomeasure(x, y):
    pytest.importorskip("sparse", exc_type=ImportError)  # which it needs and does not declare
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("infomeasure", exc_type=ImportError).mutual_information(x, y, approach="ksg", k=3)


def ennemi(x, y):
    return pytest.importorskip("ennemi", exc_type=ImportError).estimate_mi(y[:, 0], x[:, 0], k=3)[0, 0]


PEERS = {"npeet_plus": npeet_plus, "sklearn": sklearn, "infomeasure": infomeasure, "ennemi": ennemi}
SIZES = [(5_000, 1), (5_000, 2), (5_000, 5), (5_000, 10), (50_000, 1), (50_000, 2), (50_000, 10)]
SCALAR = {"sklearn", "ennemi"}  # these take one column a side
CASES = [
    pytest.param(n, d, library, id=f"{n}-{d}-{library}{'-slow' if n * d > 100_000 else ''}")
    for n, d in SIZES
    for library in PEERS
    if d == 1 or library not in SCALAR
]


@pytest.mark.parametrize(("n", "d"), SIZES)
@pytest.mark.parametrize("name", OURS)
def test_ours(benchmark, n, d, name):
    benchmark.group = f"n={n} d={d}"
    x, y = pair(n, d)
    OURS[name].estimate(x[:300], y[:300])
    rounds = 3 if n * d > 100_000 else 20
    estimate = benchmark.pedantic(OURS[name].estimate, (x, y), rounds=rounds, warmup_rounds=1)
    benchmark.extra_info["mi"] = estimate.mi


@pytest.mark.parametrize(("n", "d", "library"), CASES)
def test_peers(benchmark, n, d, library):
    benchmark.group = f"n={n} d={d}"
    x, y = pair(n, d)
    PEERS[library](x[:300], y[:300])
    rounds = 1 if n * d > 100_000 else 5
    benchmark.extra_info["mi"] = float(benchmark.pedantic(PEERS[library], (x, y), rounds=rounds))


def test_ksg_on_raw_images(benchmark):
    """5000 pairs of 32 x 32 images: seconds, and memory far below an n x n matrix."""
    benchmark.group = "images"
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 5000, 32, 32)).astype(np.float32)
    benchmark.pedantic(KSG().estimate, (x, y), rounds=2)
