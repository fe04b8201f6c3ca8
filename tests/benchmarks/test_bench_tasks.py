# SPDX-License-Identifier: Apache-2.0
"""What samples cost: ``pytest tests/benchmarks/test_bench_tasks.py --benchmark-enable --benchmark-only``."""

import os
import tracemalloc

import numba
import pytest

from mibench import tasks
from mibench.numerics import raster

PAIRS = 5000


@pytest.mark.parametrize("size", [16, 32])
@pytest.mark.parametrize("family", ["rectangles", "blobs", "bumps", "fields"])
def test_sample_of_images(benchmark, family, size):
    """5000 pairs with their latents; peak memory as a multiple of the two arrays of images."""
    task = tasks.get(f"{family}[size={size},mi=3]")
    sample = task.sample(PAIRS, 0)
    output = sample.x.nbytes + sample.y.nbytes
    del sample
    tracemalloc.start()
    task.sample(PAIRS, 0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    benchmark.extra_info.update(
        output_mb=output / 1e6,
        peak_over_output=round(peak / output, 3),
        threads=numba.get_num_threads(),
        load=round(os.getloadavg()[0], 2),
    )
    benchmark.pedantic(task.sample, (PAIRS, 0), rounds=15, warmup_rounds=2)
    # fields also return the clean images, and hold one side in float64 while they project it
    assert peak <= (4 if family == "fields" else 2) * output


@pytest.mark.parametrize("family", ["rectangles", "blobs", "bumps"])
def test_reference_of_images(benchmark, family):
    """The vectorised definition in NumPy, drawing the same 2 x 5000 images of 32 x 32, to compare with."""
    task = tasks.get(f"{family}[size=32,mi=3]")
    side = task.sample(PAIRS, 0).side
    draw = getattr(raster, f"{family}_reference")
    parameters = [task.parameters(side[name]) for name in ("latent_x", "latent_y")]
    if family == "bumps":
        parameters = [abs(each) for each in parameters]  # any five numbers cost the same
    benchmark.pedantic(lambda: [draw(each, 32).astype("float32") for each in parameters], rounds=3)


@pytest.mark.parametrize("family", ["rectangles", "blobs", "bumps"])
def test_decode(benchmark, family):
    """10,000 images of 32 x 32 back to their parameters."""
    task = tasks.get(f"{family}[size=32,mi=3]")
    images = task.sample(2 * PAIRS, 0).x
    benchmark.pedantic(task.decode, (images,), rounds=3, warmup_rounds=1)


@pytest.mark.parametrize("name", ["gaussian[mi=2,dim_x=1]", "gaussian[mi=2,dim_x=10]", "anti-pca[mi=2]"])
def test_sample_of_vectors(benchmark, name):
    task = tasks.get(name)
    benchmark.pedantic(task.sample, (PAIRS, 0), rounds=15, warmup_rounds=2)
