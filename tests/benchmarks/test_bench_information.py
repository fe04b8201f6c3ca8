# SPDX-License-Identifier: Apache-2.0
"""What exact information costs: one layer, whole planes, bit flips.

``pytest tests/benchmarks/test_bench_information.py --benchmark-enable --benchmark-only``
"""

import os

import numba
import numpy as np
import pytest

from mibench.datasets import ib12
from mibench.networks.channels import flip_information
from mibench.networks.forward import evaluate
from mibench.networks.information import layer_information
from mibench.networks.initial import initial
from mibench.networks.planes import plane
from mibench.networks.spec import Network

INPUTS, LABELS = ib12.patterns().astype(np.float32), ib12.labels()


def _noted(benchmark):
    benchmark.extra_info.update(threads=numba.get_num_threads(), load=round(os.getloadavg()[0], 2))


@pytest.mark.parametrize("kind", [np.uint8, np.int32, np.int64])
@pytest.mark.parametrize("levels", [2, 256])
@pytest.mark.parametrize(("rows", "units", "n_labels"), [(4096, 10, 2), (70_000, 16, 10)])
def test_one_layer(benchmark, rows, units, n_labels, levels, kind):
    """Random codes; of 2 levels, two fifths of 70,000 rows find their code in the table, of 256 none."""
    rng = np.random.default_rng(0)
    codes, labels = rng.integers(0, levels, (rows, units)).astype(kind), rng.integers(0, n_labels, rows)
    _noted(benchmark)
    benchmark.pedantic(layer_information, (codes, labels), rounds=200, warmup_rounds=3)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("bits", [8, None])
def test_plane(benchmark, activation, bits):
    """200 untrained networks of six layers on the 4096 patterns; untrained ones have the most codes."""
    network = Network(activation=activation, bits=bits)
    parameters = np.stack([initial(network, "glorot_uniform", seed) for seed in range(200)])
    _noted(benchmark)
    found = benchmark.pedantic(plane, (network, parameters, INPUTS, LABELS), rounds=10, warmup_rounds=1)
    benchmark.extra_info["nats"] = found.mean(axis=0)[:, 0].round(2).tolist()


def test_plane_of_images(benchmark):
    """One network of widths 784-16-8-4-2-10 on 70,000 random images."""
    network = Network((784, 16, 8, 4, 2, 10), "relu", bits=8)
    rng = np.random.default_rng(0)
    images = (rng.integers(0, 256, (70_000, 784), dtype=np.uint8) / np.float32(255)).astype(np.float32)
    labels = rng.integers(0, 10, 70_000)
    _noted(benchmark)
    benchmark.pedantic(plane, (network, initial(network, "fan_out_tn", 0), images, labels), rounds=3, warmup_rounds=1)


@pytest.mark.parametrize("number", [1, 6])
def test_bit_flips(benchmark, number):
    """First layer, 4096 codes, and last."""
    network = Network(bits=8)
    layer = evaluate(network, initial(network, "glorot_uniform", 0), INPUTS)[number - 1]
    benchmark.extra_info["codes"] = len(layer.codes)
    _noted(benchmark)
    benchmark.pedantic(flip_information, (layer.member, LABELS, 0.1), rounds=5, warmup_rounds=1)
