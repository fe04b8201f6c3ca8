# SPDX-License-Identifier: Apache-2.0
"""Images and labels: truths by brute force over the joint tables, samples by frequencies, the contract."""

import dataclasses
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mibench.contracts import InputError, NotInstalled
from mibench.datasets import digits, places, sets
from mibench.tasks import labels as module
from mibench.tasks.labels import ImageLabel, ImagePair, information_of_rows, symmetric_channel
from mibench.testing import BoundCheck, parametrize_with_checks

IMAGES, LABELS = digits.load()
N = len(LABELS)
SIZES = np.bincount(LABELS)
PARITY = tuple((1.0, 0.0) if label % 2 else (0.0, 1.0) for label in range(10))
CONFUSED = tuple(
    tuple(0.7 * (i == j) + 0.3 * (i // 2 == j // 2 and i != j) for j in range(10)) for i in range(10)
)  # a label is taken for its neighbour
TASKS = [
    ImageLabel(),
    ImageLabel(noise=0.2),
    ImageLabel(noise=0.9),
    ImageLabel(noise=1.0),
    ImageLabel(channel=PARITY),
    ImageLabel(channel=CONFUSED),
]
PAIRS = [ImagePair(), ImagePair(noise=0.2), ImagePair(noise=1.0), ImagePair(channel=CONFUSED)]


def _information(joint):
    """I in nats of a joint table."""
    independent = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    seen = joint > 0
    return (joint[seen] * np.log(joint[seen] / independent[seen])).sum()


@parametrize_with_checks([ImageLabel(), ImageLabel(noise=0.2), ImagePair(noise=0.2)])
def test_whole_contract(check: BoundCheck) -> None:
    check()


@pytest.mark.parametrize("task", TASKS, ids=str)
def test_truth_by_the_joint_table_of_image_and_label(task):
    rows = np.unique(IMAGES.reshape(N, -1), axis=0, return_inverse=True)[1].ravel()
    joint = np.zeros((rows.max() + 1, task.transition.shape[1]))
    for row, label in zip(rows, LABELS, strict=True):
        for after, p in enumerate(task.transition[label]):
            joint[row, after] += p / N
    assert joint.sum() == pytest.approx(1.0)
    assert task.truth.mi == pytest.approx(_information(joint), abs=1e-12)
    assert (task.truth.method, task.truth.std_error) == ("enumeration", 0.0)


@pytest.mark.parametrize("task", PAIRS, ids=str)
def test_truth_by_the_joint_table_of_two_images(task):
    joint = task.transition[np.ix_(LABELS, LABELS)] / (N * SIZES[LABELS])
    assert joint.sum() == pytest.approx(1.0)
    assert task.truth.mi == pytest.approx(_information(joint), abs=1e-11)


def test_the_information_is_that_of_the_labels():
    """Images are distinct, so that they determine labels: H(label), and H(M) - H(M|L) of two labels alone."""
    p = SIZES / N
    entropy = -(p * np.log(p)).sum()
    assert len(np.unique(IMAGES.reshape(N, -1), axis=0)) == N
    assert ImageLabel().truth.mi == ImagePair().truth.mi == pytest.approx(entropy, abs=1e-12)
    assert ImageLabel(noise=0.2).truth.mi == pytest.approx(_information(p[:, None] * symmetric_channel(0.2)), abs=1e-12)
    assert ImageLabel(noise=0.9).truth.mi == pytest.approx(0.0, abs=1e-12)
    assert ImageLabel(channel=PARITY).truth.mi == pytest.approx(np.log(2), abs=1e-4)


@given(st.floats(0, 0.9), st.floats(0, 0.9))
def test_noise_only_loses(a, b):
    less, more = sorted([a, b])
    assert ImageLabel(noise=more).truth.mi <= ImageLabel(noise=less).truth.mi + 1e-12


CASES = st.integers(1, 30).flatmap(
    lambda n: st.tuples(
        arrays.arrays(np.int64, n, elements=st.integers(0, 6)), arrays.arrays(np.int64, n, elements=st.integers(0, 3))
    )
)


@given(CASES, st.integers(0, 2**32))
def test_equal_images_are_merged(case, seed):
    """Rows of one image with unlike labels leave the label uncertain."""
    kinds, labels = case
    channel = np.random.default_rng(seed).dirichlet(np.ones(3), 4)
    joint = np.zeros((7, 3))
    for kind, label in zip(kinds, labels, strict=True):
        joint[kind] += channel[label] / len(kinds)
    assert information_of_rows(kinds, labels, channel) == pytest.approx(_information(joint), abs=1e-12)


@pytest.mark.parametrize("noise", [0.0, 0.3, 1.0])
def test_symmetric_channel(noise):
    channel = symmetric_channel(noise, 4)
    np.testing.assert_allclose(channel.sum(axis=1), 1.0)
    np.testing.assert_array_equal(np.diagonal(channel), 1 - noise)
    np.testing.assert_allclose(channel[~np.eye(4, dtype=bool)], noise / 3)


def _rows_of(x):
    """The row of the data set that each image is, by its bytes."""
    index = {(image / np.float32(16)).astype(np.float32).tobytes(): row for row, image in enumerate(IMAGES)}
    return np.array([index[each.tobytes()] for each in x])


@pytest.mark.parametrize("task", TASKS, ids=str)
def test_labels_are_drawn_from_the_channel(task):
    n = 60000
    sample = task.sample(n, 5)
    assert (sample.x.shape, sample.x.dtype, sample.x.max()) == ((n, 8, 8), np.float32, 1.0)
    assert (sample.y.shape, sample.y.dtype) == ((n,), np.int64)
    rows = _rows_of(sample.x)
    counts = np.bincount(rows, minlength=N)  # uniform: the chi-squared statistic has mean N - 1
    assert abs(((counts - n / N) ** 2).sum() * N / n - (N - 1)) < 5 * np.sqrt(2 * N)
    for label in range(10):
        after = sample.y[LABELS[rows] == label]
        found = np.bincount(after, minlength=task.transition.shape[1]) / len(after)
        p = task.transition[label]
        assert (np.abs(found - p) <= 5 * np.sqrt(p * (1 - p) / len(after))).all()


@pytest.mark.parametrize("task", PAIRS, ids=str)
def test_second_images_are_drawn_from_the_class(task):
    n = 60000
    sample = task.sample(n, 5)
    assert sample.x.shape == sample.y.shape == (n, 8, 8)
    assert sample.y.dtype == np.float32
    one, other = _rows_of(sample.x), _rows_of(sample.y)
    joint = np.zeros((10, 10))
    np.add.at(joint, (LABELS[one], LABELS[other]), 1 / n)
    p = SIZES[:, None] / N * task.transition
    assert (np.abs(joint - p) <= 5 * np.sqrt(p * (1 - p) / n)).all()
    for label in range(10):  # within the class every image is equally likely
        counts = np.bincount(other[LABELS[other] == label], minlength=N)[label == LABELS]
        spread = ((counts - counts.mean()) ** 2).sum() / counts.mean()
        assert abs(spread - (len(counts) - 1)) < 5 * np.sqrt(2 * len(counts))
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.1  # the order of the files is no part of it


@pytest.mark.parametrize(
    ("task", "sizes"), [(ImageLabel(), (N, 10)), (ImageLabel(channel=PARITY), (N, 2)), (ImagePair(), (N, N))], ids=str
)
def test_side_information(task, sizes):
    side = task.sample(3, 0).side
    assert side == {
        "x_is_discrete": True,
        "y_is_discrete": True,
        "alphabet_size_x": sizes[0],
        "alphabet_size_y": sizes[1],
    }


@pytest.mark.parametrize("task", [*TASKS, *PAIRS], ids=str)
def test_tasks_are_values(task):
    task.truth  # noqa: B018 - kept by the object from now on
    copy = pickle.loads(pickle.dumps(task))  # noqa: S301
    assert copy == task == dataclasses.replace(task)
    assert len({copy, task}) == 1
    assert copy.truth == task.truth
    assert ImageLabel() != ImagePair()


def test_a_sample_is_the_callers_own():
    first = ImagePair().sample(50, 1)
    before = first.x.copy()
    first.x[:] = first.y[:] = 7
    np.testing.assert_array_equal(ImagePair().sample(50, 1).x, before)


@pytest.mark.parametrize("task", [ImageLabel, ImagePair])
@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"source": "letters"}, "source is 'letters': give 'digits' or 'mnist'"),
        ({"source": None}, "source is None"),
        ({"source": []}, "source is"),
        ({"noise": -0.1}, "noise is -0.1: give the probability that a label is changed, from 0 to 1"),
        ({"noise": 1.01}, "noise is 1.01"),
        ({"noise": np.nan}, "noise is nan"),
        ({"noise": True}, "noise is True"),
        ({"noise": "some"}, "noise is 'some'"),
        ({"channel": "some"}, "channel is 'some': give 10 rows of probabilities"),
        ({"channel": np.eye(9)}, r"channel is of shape \(9, 9\): give 10 rows"),
        ({"channel": [[1.0]] * 9 + [[1.0, 0.0]]}, "channel is .*give 10 rows"),
        ({"channel": np.zeros((10, 0))}, "channel is .*give 10 rows"),
        ({"channel": np.full((10, 10), 0.2)}, "channel has rows that sum to .*: give probabilities that sum to 1"),
        ({"channel": np.full((10, 10), np.nan)}, "channel has rows that sum to"),
        ({"channel": np.tile([1.5, -0.5], (10, 1))}, "channel has rows that sum to"),
        ({"channel": np.eye(10), "noise": 0.1}, "noise is 0.1 and a channel is given: give one of the two"),
    ],
)
def test_bad_parameters_are_named(task, parameters, message):
    with pytest.raises(InputError, match=message):
        task(**parameters)


def test_a_pair_needs_a_class_for_every_label():
    with pytest.raises(InputError, match="channel has rows of 2: give 10, one for each class"):
        ImagePair(channel=PARITY)


@pytest.mark.parametrize("n", [0, -3, 2.5, None])
def test_bad_sizes_are_named(n):
    for task in (ImageLabel(), ImagePair()):
        with pytest.raises(InputError, match="n is"):
            task.sample(n, 0)


@pytest.fixture
def forgotten():
    """Nothing loaded before is remembered, nor is what the test loads."""
    module._source.cache_clear()
    yield
    module._source.cache_clear()


@pytest.mark.usefixtures("forgotten")
def test_without_mnist_the_next_step_is_said(monkeypatch, tmp_path):
    monkeypatch.delenv(places.VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for task in (ImageLabel("mnist"), ImagePair("mnist", 0.2)):
        assert task.dim_x == 784
        for ask in (lambda each: each.truth, lambda each: each.sample(3, 0)):
            with pytest.raises(NotInstalled, match=r"put train-images-idx3-ubyte.*MIBENCH_DATA"):
                ask(task)


@pytest.mark.usefixtures("forgotten")
def test_mnist(monkeypatch):
    if sets.default() != "mnist":
        beside = Path(__file__).parents[3] / "shared" / "data"
        if not (beside / "mnist").is_dir():
            pytest.skip(f"MNIST is not here: set {places.VARIABLE} to a folder with its four files")
        monkeypatch.setenv(places.VARIABLE, str(beside))
    found = sets.load("mnist")
    p = np.bincount(found.labels()) / 70000
    assert ImageLabel("mnist").truth.mi == pytest.approx(-(p * np.log(p)).sum(), abs=1e-12)
    assert ImageLabel("mnist").truth.mi / np.log(2) == pytest.approx(3.3198370254, abs=1e-10)
    noisy = _information(p[:, None] * symmetric_channel(0.2))
    assert ImagePair("mnist", 0.2).truth.mi == pytest.approx(noisy, abs=1e-12)
    sample = ImagePair("mnist").sample(2000, 0)
    assert sample.x.shape == sample.y.shape == (2000, 28, 28)
    assert sample.side["alphabet_size_x"] == 70000
    labels = {image.tobytes(): label for image, label in zip(found.images(), found.labels().tolist(), strict=True)}
    for x, y in zip(sample.x, sample.y, strict=True):
        one, other = (labels[np.rint(255 * side).astype(np.uint8).tobytes()] for side in (x, y))
        assert one == other
