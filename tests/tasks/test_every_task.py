# SPDX-License-Identifier: Apache-2.0
"""What holds for every task: the contract, seeds, independent rows, the range of mi, messages."""

import dataclasses
import pickle

import numpy as np
import pytest

from mibench import tasks
from mibench.contracts import InputError, Task, Truth
from mibench.numerics.gaussian_information import gaussian_mi

NAMES = [
    "gaussian[mi=1,dim_x=2,dim_y=3]",
    "gaussian[mi=1,dim_x=2,spread=one]",
    "blobs[size=8,mi=1]",
    "rectangles[size=8,mi=1]",
    "bumps[size=8,mi=1]",
    "fields[size=8,mi=1]",
    "anti-pca[mi=1]",
]
BOARD = tasks.board()
OF_ANY_MI = [family for family in BOARD if "networks" not in tasks.registry.tags(family)]  # they take it as a parameter


def _normal_scores(task, latents):
    """Latents as normal variables: the uniform ones of anti-pca through the quantile function."""
    from scipy.special import ndtri

    return ndtri((1 + latents) / 2) if "embedding" in task.tags else latents


def _sample_mi(x, y):
    """Plug-in information of normal vectors and its standard error, by canonical correlations."""
    q_x, q_y = (np.linalg.qr(v - v.mean(axis=0))[0] for v in (x, y))
    rho = np.linalg.svd(q_x.T @ q_y, compute_uv=False)
    bias = x.shape[1] * y.shape[1] / (2 * len(x))
    return -0.5 * np.log1p(-(rho**2)).sum() - bias, np.sqrt((rho**2).sum() / len(x))


@pytest.mark.parametrize("name", NAMES)
def test_contract(name):
    task = tasks.get(name)
    assert isinstance(task, Task)
    assert task.truth == Truth(1.0, 0.0, "closed form")
    sample = task.sample(5, 0)
    for values, dim in ((sample.x, task.dim_x), (sample.y, task.dim_y)):
        assert len(values) == 5
        assert values[0].size == dim
        assert values.flags.c_contiguous
        assert np.isfinite(values).all()
        assert values.dtype == (np.float32 if "images" in task.tags else np.float64)
    for side in ("latent_x", "latent_y"):
        assert sample.side[side].dtype == np.float64
        assert sample.side[side].shape[0] == 5
    assert pickle.loads(pickle.dumps(task)) == task  # noqa: S301
    assert {task} == {dataclasses.replace(task)}


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_is_a_sample(name):
    task = tasks.get(name)
    first = task.sample(20, 3)
    for again in (task.sample(20, 3), task.sample(20, np.random.default_rng(3)), task.sample(20, np.int64(3))):
        np.testing.assert_array_equal(first.x, again.x)
        np.testing.assert_array_equal(first.y, again.y)
    np.testing.assert_array_equal(task.sample(20).x, task.sample(20, 0).x)
    assert not np.array_equal(first.x, task.sample(20, 4).x)
    generator = np.random.default_rng(3)
    np.testing.assert_array_equal(task.sample(20, generator).x, first.x)
    assert not np.array_equal(task.sample(20, generator).x, first.x)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("batch", [1, 2, 7, 4000])
def test_rows_are_independent_at_any_batch_size(name, batch):
    """A generator that draws anything once per batch gives the right marginals and the wrong sample."""
    task = tasks.get(name)
    rng = np.random.default_rng([batch, 1])
    repeats = 8000 // batch
    samples = [task.sample(batch, rng) for _ in range(repeats)]
    x = np.array([_normal_scores(task, s.side["latent_x"]) for s in samples])  # (repeats, batch, d)
    y = np.array([_normal_scores(task, s.side["latent_y"]) for s in samples])
    flat_x, flat_y = x.reshape(-1, x.shape[-1]), y.reshape(-1, y.shape[-1])
    estimate, error = _sample_mi(flat_x, flat_y)
    assert abs(estimate - task.truth.mi) < 4.5 * error
    for values in (flat_x, flat_y):  # consecutive rows, within a batch and across batches
        lagged = np.corrcoef(values[1:].T, values[:-1].T)
        assert np.abs(lagged[: values.shape[1], values.shape[1] :]).max() < 5 / np.sqrt(len(values))
    pictures = np.concatenate([s.x for s in samples]).reshape(len(flat_x), -1)
    assert len(np.unique(pictures, axis=0)) == len(pictures)


@pytest.mark.parametrize("family", OF_ANY_MI)
@pytest.mark.parametrize("mi", [0, 10])
def test_no_and_much_information(family, mi):
    task = tasks.get(f"{family}[mi={mi}]")
    assert task.truth.mi == mi
    sample = task.sample(4000, 1)
    latents = (_normal_scores(task, sample.side[side]) for side in ("latent_x", "latent_y"))
    estimate, error = _sample_mi(*latents)
    assert abs(estimate - mi) < 4.5 * max(error, 2e-3)  # at mi=0 the squared correlations are noise of order 1/n


@pytest.mark.parametrize("family", OF_ANY_MI)
@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("mi=-1", "mi is -1.*finite number of at least 0"),
        ("mi=nan", "mi is nan"),
        ("mi=inf", "mi is inf"),
        ("mi=much", "mi is 'much'"),
        ("mi=true", "mi is True"),
        ("mi=1000", "mi is 1000"),
        ("colour=red", "no parameter 'colour'"),
    ],
)
def test_bad_information_is_named(family, parameters, message):
    with pytest.raises(InputError, match=message):
        tasks.get(f"{family}[{parameters}]")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("blobs[size=1]", "size is 1: give an integer of at least 2"),
        ("rectangles[size=2]", "size is 2: give an integer of at least 3"),
        ("bumps[size=3]", "size is 3: give an integer of at least 4"),
        ("blobs[size=0]", "size is 0"),
        ("blobs[size=-16]", "size is -16"),
        ("blobs[size=16.5]", "size is 16.5"),
        ("blobs[size=true]", "size is True"),
        ("blobs[rotation_seed=-1]", "rotation_seed is -1"),
        ("fields[size=1]", "size is 1"),
        ("fields[size=3,dim=10]", "dim is 10: 3 x 3 pixels have at most 9"),
        ("fields[noise_std=0]", "noise_std is 0"),
        ("fields[noise_std=nan]", "noise_std is nan"),
        ("fields[decay=1]", "decay is 1"),
        ("fields[noise_std=10,mi=3]", "noise_std=10 lets less than .* nats .*; ask for less, or lower noise_std"),
        ("gaussian[dim_x=0]", "dim_x is 0"),
        ("gaussian[dim_y=0]", "dim_y is 0"),
        ("gaussian[spread=wide]", "spread is 'wide'"),
        ("gaussian[rotate=1]", "rotate is 1"),
    ],
)
def test_bad_parameters_are_named(name, message):
    with pytest.raises(InputError, match=message):
        tasks.get(name)


@pytest.mark.parametrize("family", BOARD)
@pytest.mark.parametrize(("n", "rng", "message"), [(0, 0, "n is 0"), (-3, 0, "n is -3"), (2.5, 0, "n is 2.5")])
def test_bad_sample_sizes_are_named(family, n, rng, message):
    with pytest.raises(InputError, match=message):
        tasks.get(family).sample(n, rng)


@pytest.mark.parametrize("rng", ["seed", -1, 1.5, True, np.random.RandomState(0)])
def test_bad_sources_of_randomness_are_named(rng):
    with pytest.raises(InputError, match=r"rng .*a numpy Generator, a seed or None"):
        tasks.get("gaussian").sample(3, rng)


def test_two_spellings_are_one_task():
    assert tasks.get("gaussian[dim_x=2]") == tasks.get("gaussian[dim_x=2,dim_y=2,mi=2.0]")
    assert tasks.get("blobs[mi=3]") == tasks.get("blobs[size=16,mi=3.0]")
    assert isinstance(tasks.get("blobs[mi=3]").truth.mi, float)


def test_sample_information_agrees_with_log_determinants():
    """The helper of this module, against the determinants of the sample covariance."""
    sample = tasks.get("gaussian[mi=1,dim_x=2,dim_y=3]").sample(500, 0)
    plug_in = gaussian_mi(np.cov(np.hstack([sample.x, sample.y]).T), 2)
    assert _sample_mi(sample.x, sample.y)[0] == pytest.approx(plug_in - 6 / 1000, abs=1e-10)
