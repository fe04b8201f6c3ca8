# SPDX-License-Identifier: Apache-2.0
"""What a point of a plane costs: one run at one recorded epoch, all six layers on the 4096 patterns.

``pytest tests/benchmarks/test_bench_planes_of_studies.py --benchmark-enable --benchmark-only``

``core_ms`` is the processor's time of one point, of all threads together; a study's paper scale has 50 runs of 400
points, or 1600 for exact planes. The networks are trained a little, so that layers have begun to saturate.
"""

from __future__ import annotations

import os
import time

import numba
import numpy as np
import pytest

from mibench.datasets import ib12
from mibench.networks.spec import Network, Training
from mibench.networks.train import train
from mibench.studies import planes
from mibench.studies.measures import measures

INPUTS, LABELS = ib12.patterns().astype(np.float32), ib12.labels().astype(np.int64)
RUNS, POINTS = 2, tuple(range(60))


@pytest.fixture(scope="module")
def trained():
    kept = {}

    def of(network):
        if network not in kept:
            training = Training(epochs=max(POINTS), learning_rate=0.002)
            kept[network] = train(network, training, INPUTS, LABELS, runs=RUNS, seed=0, record=POINTS)
        return kept[network]

    return of


def _timed(benchmark, call):
    call()
    began = time.process_time()
    benchmark.pedantic(call, rounds=3)
    if benchmark.enabled:
        seconds = (time.process_time() - began) / 3
        benchmark.extra_info.update(
            core_ms=round(seconds / RUNS / len(POINTS) * 1e3, 3),
            threads=numba.get_num_threads(),
            load=round(os.getloadavg()[0], 2),
        )


@pytest.mark.parametrize(
    ("activation", "bits", "name"),
    [
        ("tanh", 8, "exact"),
        ("tanh", None, "exact"),
        ("tanh", None, "bins[n=30,lo=-1,hi=1,edges=true]"),
        ("tanh", None, "bins[n=30]"),
        ("tanh", None, "bins[n=256]"),
        ("tanh", None, "bins[width=0.07]"),
        ("relu", None, "bins[n=100,lo=0,edges=true]"),
        ("tanh", None, "adaptive[n=30]"),
        ("relu", None, "adaptive[n=30,floor=0]"),
    ],
)
def test_a_point_of_a_plane(benchmark, trained, activation, bits, name):
    trajectory, estimator = trained(Network(activation=activation, bits=bits)), planes.get(name)
    runs, points, seed = np.arange(RUNS), np.arange(len(POINTS)), np.random.SeedSequence(0)
    _timed(
        benchmark,
        lambda: estimator.of_trajectory(trajectory, INPUTS, LABELS, runs=runs, points=points, seed=seed),
    )


@pytest.mark.parametrize("bits", [None, 8])
def test_a_point_of_the_measures(benchmark, trained, bits):
    trajectory = trained(Network(bits=bits))
    _timed(benchmark, lambda: measures(trajectory, INPUTS, LABELS))
