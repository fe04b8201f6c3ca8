# SPDX-License-Identifier: Apache-2.0
"""Cost of training both sides' autoencoders, at the defaults, on 5000 pairs of images.

``pytest tests/benchmarks/test_bench_autoencoder.py --benchmark-enable --benchmark-only``
"""

import numpy as np
import pytest

import mibench
from mibench.estimators.compress.autoencoder import AE


@pytest.mark.parametrize("task", ["blobs[size=16]", "blobs[size=32]", "rectangles[size=16]", "rectangles[size=32]"])
def test_both_autoencoders(benchmark, task):
    data = mibench.tasks.get(task).sample(5000, 0)
    codes = benchmark.pedantic(
        lambda: AE().compress(data.x, data.y, rng=np.random.default_rng(0), side={}), rounds=1, iterations=1
    )
    benchmark.extra_info.update(codes.diagnostics)
    wkl, oracle = (mibench.estimate(*pair, "wkl").mi for pair in ((codes.x, codes.y), data.side.values()))
    benchmark.extra_info.update(ae_wkl=wkl, oracle_wkl=oracle)
    assert abs(wkl - oracle) < 0.5
