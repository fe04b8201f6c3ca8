# SPDX-License-Identifier: Apache-2.0
"""Cost of an epoch in the torch engine: twenty networks on 60,000 images, fifty on the 12-bit set.

``OMP_NUM_THREADS=1 pytest tests/benchmarks/test_bench_batched.py --benchmark-enable --benchmark-only`` times the
process, on all its threads; ``extra_info`` holds the wall time of a step, in ms, of the fastest epoch.
"""

from __future__ import annotations

import time

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from mibench.networks.batched import Batched
from mibench.networks.initial import initial
from mibench.networks.quantisers import start_ranges
from mibench.networks.spec import Network, Training
from mibench.networks.state import Rows, State

ROUNDINGS = [("float32-exact", None), ("paper", 8), ("instant", 8)]
DIGITS = (784, 16, 8, 4, 2, 10)


def _start(network: Network, runs: int, rng: np.random.Generator) -> State:
    parameters = np.stack([initial(network, "fan_out_tn", rng) for _ in range(runs)])
    keys = rng.integers(0, 2**64, (runs, 2), dtype=np.uint64)
    keys[:, 0] = keys[0, 0]
    none = np.zeros_like(parameters)
    return State(0, 0, parameters, none, none.copy(), start_ranges(network, parameters), keys)


def _time(benchmark: BenchmarkFixture, network: Network, training: Training, state: State, rows: Rows) -> None:
    walls: list[float] = []

    def epoch() -> None:
        before = time.perf_counter()
        loss, _ = Batched("cpu").advance(network, training, state, rows, 1)
        walls.append(time.perf_counter() - before)
        assert np.isfinite(loss).all()

    benchmark.pedantic(epoch, rounds=3, warmup_rounds=1)
    steps = -(-rows.labels.shape[1] // (training.batch or rows.labels.shape[1]))
    benchmark.extra_info.update(ms_per_step=1e3 * min(walls) / steps)


@pytest.mark.benchmark(group="batched-epoch", timer=time.process_time)
@pytest.mark.parametrize(("mode", "bits"), ROUNDINGS)
def test_twenty_networks_on_images(benchmark: BenchmarkFixture, mode: str, bits: int | None) -> None:
    rng = np.random.default_rng(0)
    network = Network(DIGITS, "relu", bits=bits, mode=mode)  # type: ignore[arg-type]
    inked = rng.random((60_000, DIGITS[0])) < 0.19  # the share of pixels that MNIST's digits ink
    inputs = inked * rng.integers(1, 256, inked.shape, dtype=np.uint8) / np.float32(255)
    rows = Rows(inputs, np.tile(np.arange(60_000), (20, 1)), np.tile(rng.integers(0, 10, 60_000), (20, 1)))
    _time(benchmark, network, Training(shared_order=True), _start(network, 20, rng), rows)


@pytest.mark.benchmark(group="batched-epoch", timer=time.process_time)
@pytest.mark.parametrize(("mode", "bits"), ROUNDINGS)
@pytest.mark.parametrize("batch", [256, None], ids=["batch-256", "full-batch"])
def test_fifty_networks_on_the_12_bit_set(
    benchmark: BenchmarkFixture, batch: int | None, mode: str, bits: int | None
) -> None:
    rng = np.random.default_rng(0)
    network = Network(bits=bits, mode=mode)  # type: ignore[arg-type]
    inputs = rng.integers(0, 2, (4096, 12)).astype(np.float32)
    train = np.stack([rng.permutation(4096)[:3277] for _ in range(50)])
    rows = Rows(inputs, train, rng.integers(0, 2, train.shape))
    _time(benchmark, network, Training(batch=batch), _start(network, 50, rng), rows)
