# SPDX-License-Identifier: Apache-2.0
"""What training costs: a step of one run on the 12-bit set, per setting, and where its time goes.

``pytest tests/benchmarks/test_bench_networks.py --benchmark-enable --benchmark-only``

One thread; ``us_per_step`` of one run, and ``minutes`` for 50 runs of 8000 epochs on two cores. ``of_peak`` is the
share of the arithmetic that one core can do, by a loop of fused multiplications and additions in registers: 1338
operations per row and step, activations and all else not counted.
"""

from __future__ import annotations

import time

import numba
import numpy as np
import pytest
from numba import njit

from mibench.datasets import ib12
from mibench.networks import recording
from mibench.networks.activations import activate_line, times_slope
from mibench.networks.small import Small
from mibench.networks.small_lines import combine, dots
from mibench.networks.spec import Network, Training
from mibench.networks.starts import start
from mibench.networks.train import train
from mibench.numerics import streams

RUNS, EPOCHS, STEPS, BATCH = 5, 20, 13, 256
WIDTHS = np.array(Network().widths)

SETTINGS = {
    "tanh": ({}, {}),
    "relu": ({"activation": "relu"}, {}),
    "linear": ({"activation": "linear"}, {}),
    "tanh, float64": ({}, {}),
    "tanh, sgd": ({}, {"optimiser": "sgd"}),
    "tanh, unshuffled": ({}, {"shuffle": False}),
    "tanh, full batch": ({}, {"batch": None}),
    "tanh, orthonormal": ({}, {"orthonormal": 0.01}),
    "tanh, noise": ({"noise": 0.005}, {}),
    "tanh, 8 bits": ({"bits": 8}, {}),
    "relu, 8 bits": ({"bits": 8, "activation": "relu"}, {}),
    "relu, 8 bits tfmot": ({"bits": 8, "activation": "relu", "mode": "tfmot"}, {}),
}


@pytest.fixture(autouse=True)
def _one_thread():
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(threads)


@njit(fastmath={"contract"})
def _multiply_and_add(out, a, b, n):
    """2 n operations on each of the numbers of `out`, 128 of which stay in registers."""
    for k in range(0, out.size, 128):
        line = out[k : k + 128]
        for _ in range(n):
            for j in range(128):
                line[j] = line[j] * a + b


def _peak():
    """Operations per second of one core, in float32."""
    out, one, best = np.ones(128, dtype=np.float32), np.float32(1.0), np.inf
    _multiply_and_add(out, one, one, 1)
    for _ in range(20):
        begun = time.perf_counter()
        _multiply_and_add(out, one, one, 100_000)
        best = min(best, time.perf_counter() - begun)
    return 2 * 128 * 100_000 / best


@pytest.mark.parametrize("name", SETTINGS)
def test_a_step(benchmark, name):
    network, training = Network(**SETTINGS[name][0]), Training(**SETTINGS[name][1])
    inputs = ib12.patterns().astype(np.float64 if "float64" in name else np.float32)
    begun = start(network, training, inputs, ib12.labels().astype(np.int64), 0, [(run, 0) for run in range(RUNS)])
    engine = Small()
    engine.advance(network, training, begun.state, begun.rows, 1)
    benchmark.pedantic(engine.advance, (network, training, begun.state, begun.rows, EPOCHS), rounds=10)
    if benchmark.enabled:
        seconds = benchmark.stats.stats.min / RUNS / EPOCHS
        benchmark.extra_info["us_per_step"] = seconds / STEPS * 1e6
        benchmark.extra_info["minutes"] = seconds * 25 * 8000 / 60
        benchmark.extra_info["of_peak"] = 1338 * 3277 / seconds / _peak()


@njit
def _forward(x, weights, widths):
    at, row = 0, 0
    for layer in range(widths.size - 1):
        inputs, units = widths[layer], widths[layer + 1]
        for k in range(units):
            biases = at + units * inputs
            combine(x, row + inputs + k, x, row, inputs, weights, at + k * inputs, 1, weights[biases + k], BATCH)
        row += inputs
        at += (inputs + 1) * units


@njit
def _backward(x, delta, below, weights, gradient, widths):
    at, row = weights.size, widths.sum()
    for layer in range(widths.size - 2, -1, -1):
        inputs, units = widths[layer], widths[layer + 1]
        at -= (inputs + 1) * units
        row -= units
        for k in range(units):
            dots(delta, k, x, row - inputs, inputs, gradient, at + k * inputs, at + units * inputs + k, BATCH)
        if layer:
            for k in range(inputs):
                combine(below, k, delta, 0, units, weights, at + k, inputs, weights[0], BATCH)


@njit
def _activations(x, delta):
    for k in range(12, 41):
        activate_line(0, x[k])
        times_slope(0, x[k], delta[0])


@pytest.mark.parametrize("part", ["forward", "backward", "activations", "order of an epoch", "noise"])
def test_the_parts_of_a_step(benchmark, part):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(WIDTHS.sum(), BATCH)).astype(np.float32)
    weights = (0.1 * rng.normal(size=294)).astype(np.float32)
    delta, key = np.zeros((12, BATCH), dtype=np.float32), np.uint64(1)
    noise = np.empty((29, BATCH), dtype=np.float32)
    call, arguments = {
        "forward": (_forward, (x, weights, WIDTHS)),
        "backward": (_backward, (x, delta, delta.copy(), weights, weights.copy(), WIDTHS)),
        "activations": (_activations, (x, delta)),
        "order of an epoch": (streams.order, (key, 0, 3277)),
        "noise": (streams.normals, (key, 0, 0, 1, noise)),
    }[part]
    call(*arguments)
    benchmark.pedantic(call, arguments, rounds=200, iterations=10)
    if benchmark.enabled:
        benchmark.extra_info["us"] = benchmark.stats.stats.min * 1e6
        if part in ("forward", "backward"):
            operations = {"forward": 526, "backward": 812}[part] * BATCH
            benchmark.extra_info["of_peak"] = operations / benchmark.stats.stats.min / _peak()


@pytest.mark.parametrize("bits", [None, 8])
def test_a_hundredth_of_a_published_training(benchmark, bits):
    """50 runs, recorded every 5 epochs, on all threads: 80 epochs of 8000."""
    numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    training = Training(epochs=80)

    def once():
        return train(
            Network(bits=bits), training, ib12.patterns(), ib12.labels(), runs=50, record=recording.every(5, 80)
        )

    assert once().parameters.shape == (50, 17, 294)
    benchmark.pedantic(once, rounds=3)
    if benchmark.enabled:
        benchmark.extra_info["seconds_for_8000"] = benchmark.stats.stats.min * 100
