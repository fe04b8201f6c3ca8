# SPDX-License-Identifier: Apache-2.0
"""MNIST's files: where they are looked for, what is refused, and the statistics of the real ones; the digits."""

import gzip
import os
import struct
from pathlib import Path

import numpy as np
import pytest

from mibench.contracts import InputError, NotInstalled
from mibench.datasets import digits, mnist

NAMES = list(mnist.FILES)
BESIDE = Path(__file__).parents[3] / "shared" / "data" / "mnist"


def as_idx(values):
    return struct.pack(f">2xBB{values.ndim}I", 8, values.ndim, *values.shape) + values.tobytes()


@pytest.fixture
def small(tmp_path):
    """A folder with files in the form of MNIST's: 5 and 3 images."""
    rng = np.random.default_rng(0)
    for name, n in zip(NAMES, (5, 5, 3, 3), strict=True):
        shape = (n, 28, 28) if "images" in name else (n,)
        values = rng.integers(0, 256 if "images" in name else 10, shape).astype(np.uint8)
        packed = name.startswith("t10k")
        data = as_idx(values)
        (tmp_path / (f"{name}.gz" if packed else name)).write_bytes(gzip.compress(data) if packed else data)
    return tmp_path


@pytest.fixture(scope="module")
def real():
    """The real files: where the environment says, else in a folder beside the repository."""
    folder = os.environ.get(mnist.VARIABLE) or (BESIDE if BESIDE.is_dir() else None)
    if folder is None:
        pytest.skip(f"MNIST is not here: set {mnist.VARIABLE} to a folder with its four files")
    return mnist.load(folder)


def test_plain_and_packed_files(small, monkeypatch):
    found = mnist.load(small, check=False)
    assert [each.shape for each in found] == [(5, 28, 28), (5,), (3, 28, 28), (3,)]
    assert {each.dtype for each in found} == {np.dtype(np.uint8)}
    monkeypatch.setenv(mnist.VARIABLE, str(small))
    for one, other in zip(found, mnist.load(check=False), strict=True):
        np.testing.assert_array_equal(one, other)
    monkeypatch.setenv(mnist.VARIABLE, str(small / "nowhere"))
    assert mnist.load(small, check=False).train_labels.shape == (5,)  # the argument comes first


def test_other_contents_are_refused(small):
    with pytest.raises(InputError, match=r"train-images-idx3-ubyte is not MNIST's: .* SHA-256 \w{64}, expected ba891"):
        mnist.load(small)


@pytest.mark.parametrize("said", [None, ""])
def test_absent_files_are_asked_for(monkeypatch, said):
    monkeypatch.delenv(mnist.VARIABLE, raising=False)
    if said is not None:
        monkeypatch.setenv(mnist.VARIABLE, said)
    with pytest.raises(NotInstalled, match=r"put train-images-idx3-ubyte, .*t10k-labels-idx1-ubyte .* MIBENCH_MNIST"):
        mnist.load()


def test_an_absent_file_is_named(small, monkeypatch):
    (small / f"{NAMES[2]}.gz").unlink()
    with pytest.raises(InputError, match="lacks t10k-images-idx3-ubyte: put the files there"):
        mnist.load(small, check=False)
    monkeypatch.setenv(mnist.VARIABLE, str(small))
    with pytest.raises(InputError, match=r"\(MIBENCH_MNIST\) lacks t10k-images-idx3-ubyte"):
        mnist.load(check=False)


@pytest.mark.parametrize("values", [np.zeros(4, np.uint8), np.zeros((5, 2), np.uint8)])
def test_labels_that_do_not_fit_are_named(small, values):
    (small / NAMES[1]).write_bytes(as_idx(values))
    with pytest.raises(InputError, match=r"images of shape \(5, 28, 28\) \(uint8\) and labels of shape"):
        mnist.load(small, check=False)


def test_a_damaged_file_is_named(small):
    path = small / NAMES[0]
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match="train-images-idx3-ubyte is cut short"):
        mnist.load(small)


def _entropy(counts):
    p = counts / counts.sum()
    return -(p * np.log(p)).sum()


def test_statistics_of_mnist(real):
    assert [each.shape for each in real] == [(60000, 28, 28), (60000,), (10000, 28, 28), (10000,)]
    rows = [row.tobytes() for images in (real.train_images, real.test_images) for row in images]
    assert len({*rows}) == 70000  # all distinct: H(X) = ln 70000
    assert np.log2(70000) == pytest.approx(16.0950673016, abs=1e-10)
    both = np.concatenate([real.train_labels, real.test_labels])
    assert _entropy(np.bincount(both)) / np.log(2) == pytest.approx(3.3198370254, abs=1e-10)
    assert _entropy(np.bincount(real.test_labels)) == pytest.approx(2.3008483651, abs=1e-10)


def test_digits():
    images, labels = digits.load()
    assert (images.shape, images.dtype, images.min(), images.max()) == ((1797, 8, 8), np.uint8, 0, 16)
    assert labels.dtype == np.uint8
    np.testing.assert_array_equal(np.bincount(labels), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180])
    assert len(np.unique(images.reshape(1797, -1), axis=0)) == 1797
    images[:] = 0
    assert digits.load().images.max() == 16
