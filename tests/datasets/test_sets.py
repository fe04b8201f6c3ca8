# SPDX-License-Identifier: Apache-2.0
"""Sets of images by name: where they are looked for, what is refused, what the arrays are; the real MNIST; digits."""

import gzip
import os
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mibench.contracts import InputError, NotInstalled, UnknownName
from mibench.datasets import digits, places, sets
from mibench.datasets.published import FILES, PUBLISHED, digest_like

BESIDE = Path(__file__).parents[3] / "shared" / "data"


def as_idx(values):
    return struct.pack(f">2xBB{values.ndim}I", 8, values.ndim, *values.shape) + values.tobytes()


pytestmark = pytest.mark.usefixtures("nowhere")


@pytest.fixture
def own(tmp_path, make):
    return make(tmp_path / "own")


@pytest.fixture(scope="module")
def real():
    """The real files: where this machine has them, else in a folder beside the repository."""
    for folder in (None, BESIDE if BESIDE.is_dir() else None):
        try:
            return sets.load("mnist", folder)
        except NotInstalled:
            continue
    pytest.skip(f"MNIST is not here: set {places.VARIABLE} to a folder with its four files")


def test_a_folder_is_a_set(own):
    found = sets.load(own)
    assert (found.name, found.title, found.source) == (str(own), "own", str(own))
    assert [len(found.images(which)) for which in ("all", "train", "test")] == [8, 5, 3]
    np.testing.assert_array_equal(found.images(), np.concatenate([found.train_images, found.test_images]))
    np.testing.assert_array_equal(found.labels(), np.concatenate([found.train_labels, found.test_labels]))
    np.testing.assert_array_equal(found.labels("test"), found.test_labels)
    assert found.labels("train").dtype == found.labels().dtype == np.int64
    assert "array" not in repr(found)


@pytest.mark.parametrize("which", ["all", "train", "test"])
def test_rows_are_pixels_in_255ths(own, which):
    found = sets.load(own)
    rows, images = found.rows(which), found.images(which)
    assert (rows.dtype, rows.shape) == (np.float32, (len(images), 784))
    np.testing.assert_array_equal(rows, (images.reshape(-1, 784) / 255.0).astype(np.float32))  # the nearest float32
    rows[:] = 7
    np.testing.assert_array_equal(found.images(which), images)


def test_a_part_that_is_none_is_named(own):
    for ask in (sets.load(own).rows, sets.load(own).labels, sets.load(own).images):
        with pytest.raises(InputError, match="which is 'valid': give 'all', 'train' or 'test'"):
            ask("valid")


def test_a_digest_is_of_what_is_there_and_not_where(own, tmp_path, make):
    copy = shutil.copytree(own, tmp_path / "copy")
    for name in FILES[2:]:
        (copy / name).write_bytes(gzip.decompress((copy / f"{name}.gz").read_bytes()))
        (copy / f"{name}.gz").unlink()
    assert sets.load(own).digest == sets.load(copy).digest
    assert sets.load(make(tmp_path / "other", seed=1)).digest != sets.load(own).digest
    assert sets.load(make(tmp_path / "longer", 6)).digest != sets.load(own).digest


@pytest.mark.parametrize("inside", ["", "mnist"])
def test_the_order_of_folders(tmp_path, monkeypatch, own, inside, publish):
    publish(own, "mnist")
    given, said, cache = (tmp_path / each / inside for each in ("given", "said", "cache/mibench"))
    for place in (given, said, cache):
        shutil.copytree(own, place)
    monkeypatch.setenv(places.VARIABLE, str(tmp_path / "said"))
    for place in (given, said, cache):
        assert sets.load("mnist", tmp_path / "given").source == str(place)
        assert sets.default(tmp_path / "given") == "mnist"
        for name in FILES:
            places.file_of(place, name).unlink()
    for folder in (tmp_path / "given", None):  # who names a folder, in the variable too, wants what is in it
        with pytest.raises(NotInstalled, match=r"mibench data fetch mnist.* Or ask for another set, such as digits"):
            sets.default(folder)
    monkeypatch.delenv(places.VARIABLE)
    assert sets.default() == "digits"


def test_a_folder_with_some_of_the_files_is_passed_over(tmp_path, own, publish):
    publish(own, "mnist")
    shutil.copytree(own, tmp_path / "part" / "mnist")
    (tmp_path / "part" / "mnist" / FILES[1]).unlink()
    with pytest.raises(NotInstalled, match=r"part/mnist lacks train-labels-idx1-ubyte$"):
        sets.load("mnist", tmp_path / "part")
    shutil.copytree(own, places.cache())
    assert sets.load("mnist", tmp_path / "part").source == str(places.cache())


def test_one_set_is_not_taken_for_another(tmp_path, own, make, publish):
    """A folder with the files themselves says by its contents which set they are."""
    fashion = make(tmp_path / "fashion", seed=1)
    publish(own, "mnist")
    publish(fashion, "fashion-mnist")
    assert sets.load("fashion-mnist", fashion).title == "Fashion-MNIST"
    with pytest.raises(NotInstalled, match="mibench data fetch mnist"):
        sets.default(fashion)
    with pytest.raises(NotInstalled, match="MNIST is not here"):
        sets.load("mnist", fashion)
    shutil.copytree(own, fashion / "mnist")
    assert sets.load("mnist", fashion).source == str(fashion / "mnist")
    assert (sets.load(own).name, sets.load(fashion).name) == ("mnist", "fashion-mnist")  # by path as well


@pytest.mark.parametrize("name", list(PUBLISHED))
def test_absent_files_are_asked_for(tmp_path, name):
    title = PUBLISHED[name].title
    with pytest.raises(
        NotInstalled,
        match=rf"^{title} is not here: `mibench data fetch {name}` fetches it, or put train-images-idx3-ubyte.* "
        r"into a folder and set MIBENCH_DATA to its path\. Looked in \S+/cache/mibench \(the cache\)$",
    ):
        sets.load(name)
    with pytest.raises(NotInstalled, match=rf"Looked in {tmp_path} \(given\), \S+ \(the cache\)$"):
        sets.load(name, tmp_path)


@pytest.mark.parametrize("name", list(PUBLISHED))
def test_other_contents_are_refused(own, name, publish):
    with pytest.raises(InputError, match=rf"ubyte is not {PUBLISHED[name].title}'s: its contents have the digest "):
        sets.load(name, own)
    publish(own, name)
    for one, other in (FILES[::2], FILES[1::2]):  # train and test swapped
        first, second = (sets.idx.contents(places.file_of(own, each)) for each in (one, other))
        (own / one).write_bytes(second)
        (own / other).write_bytes(first)
        with pytest.raises(InputError, match=rf"{one} is not .*, that of {other}, expected"):
            sets.load(name, own)
        (own / one).write_bytes(first)


@pytest.mark.parametrize("name", ["mnost", "digit", "MNIST"])
def test_a_name_that_is_none(name):
    with pytest.raises(UnknownName, match=rf"no data set '{name}', nor a folder of that name; did you mean"):
        sets.load(name)


def test_a_folder_that_is_none(tmp_path, own):
    with pytest.raises(InputError, match=r"there is no folder '.*/x': give one that holds train-images"):
        sets.load(tmp_path / "x")
    for ask in (lambda folder: sets.load("mnist", folder), sets.default):
        for folder in (tmp_path / "x", own / FILES[0], ""):
            with pytest.raises(InputError, match=r"there is no folder '.*': give one that holds the files of a data"):
                ask(folder)
    (own / FILES[0]).unlink()
    with pytest.raises(InputError, match="own lacks train-images-idx3-ubyte: put the files there"):
        sets.load(own)


BAD = {
    "labels of ten": (1, as_idx(np.array([0, 9, 10, 3, 2], np.uint8)), r"holds the label 10: expected labels from 0"),
    "small images": (0, as_idx(np.zeros((5, 8, 8), np.uint8)), r"\(5, 8, 8\) \(uint8\); expected images, uint8 of"),
    "wide images": (0, as_idx(np.zeros((5, 14, 56), np.uint8)), r"shape \(5, 14, 56\) .* \(n, 28, 28\)"),
    "signed": (0, b"\0\0\x09" + as_idx(np.zeros((5, 28, 28), np.uint8))[3:], r"\(int8\); expected images, uint8"),
    "labels for images": (0, as_idx(np.zeros(5, np.uint8)), r"\(5,\) \(uint8\), as of labels: the two seem to be swap"),
    "images for labels": (1, as_idx(np.zeros((5, 28, 28), np.uint8)), r"as of images: the two seem .* expected labels"),
    "square labels": (1, as_idx(np.zeros((5, 2), np.uint8)), r"\(5, 2\) \(uint8\); expected labels, uint8 of"),
    "more labels": (1, as_idx(np.zeros(6, np.uint8)), "holds 5 images and 6 labels to train on, 3 and 3 to test on"),
    "fewer images": (2, as_idx(np.zeros((2, 28, 28), np.uint8)), "5 and|2 and 3 to test on: give as many labels as im"),
    "cut": (0, as_idx(np.zeros((5, 28, 28), np.uint8))[:-9], "train-images-idx3-ubyte is cut short"),
}


@pytest.mark.parametrize("case", list(BAD))
def test_what_is_not_in_the_form_is_named(own, case):
    place, data, message = BAD[case]
    (own / FILES[place]).write_bytes(data)
    with pytest.raises(InputError, match=message):
        sets.load(own)


def test_labels_of_train_and_test_swapped(own):
    train, test = (sets.idx.contents(places.file_of(own, each)) for each in FILES[1::2])
    (own / FILES[1]).write_bytes(test)
    (own / FILES[3]).write_bytes(train)
    with pytest.raises(InputError, match="give as many labels as images; those of train and t10k seem to be swapped"):
        sets.load(own)


@pytest.fixture(scope="module")
def whole(tmp_path_factory, make):
    return make(tmp_path_factory.mktemp("whole") / "set")


@given(st.sampled_from(FILES), st.integers(0, 3000), st.binary(max_size=4), st.integers(0, 20))
@settings(deadline=None)
def test_a_damaged_folder_is_refused_or_still_a_set(whole, name, place, put_in, taken_out):
    path = places.file_of(whole, name)
    before = path.read_bytes()
    start = place % (len(before) + 1)
    path.write_bytes(before[:start] + put_in + before[start + taken_out :])
    try:
        found = sets.load(whole)
    except InputError as error:
        found, said = None, str(error)
    finally:
        path.write_bytes(before)
    if found is None:
        assert str(whole) in said
        return
    for which, n in (("train", 5), ("test", 3)):
        assert (found.images(which).shape, found.images(which).dtype) == ((n, 28, 28), np.uint8)
        assert found.labels(which).shape == (n,)
        assert found.labels(which).max() <= 9


def _entropy(counts):
    p = counts / counts.sum()
    return -(p * np.log(p)).sum()


def test_statistics_of_mnist(real):
    assert (real.name, real.title) == ("mnist", "MNIST")
    assert real.train_images.shape == (60000, 28, 28)
    assert real.test_images.shape == (10000, 28, 28)
    assert len({image.tobytes() for image in real.images()}) == 70000  # all distinct: H(X) = ln 70000
    assert _entropy(np.bincount(real.labels())) / np.log(2) == pytest.approx(3.3198370254, abs=1e-10)
    assert _entropy(np.bincount(real.test_labels)) == pytest.approx(2.3008483651, abs=1e-10)


def test_published_digests_are_of_one_form(real):
    assert digest_like(as_idx(real.train_labels), "sha256:") == PUBLISHED["mnist"].digests[1]
    assert digest_like(as_idx(real.test_labels), "md5:") == "md5:27ae3e4e09519cfbb04c329615203637"
    for each in PUBLISHED.values():
        assert all(len(bytes.fromhex(d.partition(":")[2])) == {"s": 32, "m": 16}[d[0]] for d in each.digests)
        assert all(mirror.endswith("/") for mirror in each.mirrors)


def test_digits_as_they_come():
    images, labels = digits.load()
    assert (images.shape, images.dtype, images.min(), images.max()) == ((1797, 8, 8), np.uint8, 0, 16)
    assert labels.dtype == np.uint8
    np.testing.assert_array_equal(np.bincount(labels), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180])
    assert len(np.unique(images.reshape(1797, -1), axis=0)) == 1797
    images[:] = 0
    assert digits.load().images.max() == 16


def test_digits_as_a_set():
    found = sets.load("digits", os.curdir)
    assert (found.name, found.source) == ("digits", "scikit-learn")
    assert found.title.startswith("digits")
    assert (len(found.train_images), len(found.test_images)) == (1437, 360)
    images = found.images()
    assert (images.shape, images.dtype, images.min(), images.max()) == ((1797, 28, 28), np.uint8, 0, 255)
    assert len(np.unique(images.reshape(1797, -1), axis=0)) == 1797
    counts = np.bincount(digits.load().labels)
    np.testing.assert_array_equal(np.bincount(found.labels()), counts)
    assert np.abs(np.bincount(found.train_labels) - counts * 1437 / 1797).max() < 1
    assert sets.load("digits").digest == found.digest


def test_digits_are_enlarged_as_by_hand():
    """Linear between the centres of the 8 x 8 pixels, flat beyond the outer ones."""
    small, large = digits.load().images, digits.enlarged().images
    place = np.clip((np.arange(28) + 0.5) / 3.5 - 0.5, 0, 7)
    weights = np.maximum(0, 1 - np.abs(place[:, None] - np.arange(8)))
    by_hand = np.einsum("ap,npq,bq->nab", weights, small * (255 / 16), weights)
    assert np.abs(large - by_hand).max() < 0.5 + 1e-6
    assert (large[by_hand % 1 == 0.5] > by_hand[by_hand % 1 == 0.5]).all()
