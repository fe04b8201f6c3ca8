# SPDX-License-Identifier: Apache-2.0
"""Splits: sizes of the published studies, no overlap, classes in proportion, seeds; labels shuffled and fresh."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mibench.contracts import InputError
from mibench.datasets import ib12, splits

Y = ib12.labels()
LABELS = st.lists(st.integers(0, 4), min_size=12, max_size=80).map(np.array)


@pytest.mark.parametrize("stratified", [True, False])
@pytest.mark.parametrize(("fraction", "train"), [(0.8, 3277), (0.05, 205), (0.45, 1843), (0.85, 3482)])
def test_sizes_of_the_published_splits(stratified, fraction, train):
    a, b = splits.split(Y, fraction, stratified=stratified, rng=3)
    assert (len(a), len(b)) == (train, 4096 - train)
    np.testing.assert_array_equal(np.sort(np.concatenate([a, b])), np.arange(4096))
    assert (np.diff(a) > 0).all()
    assert (np.diff(b) > 0).all()


def test_stratified_keeps_the_shares_and_plain_does_not():
    shares = {s: [Y[splits.split(Y, rng=i, stratified=s)[0]].sum() for i in range(20)] for s in (True, False)}
    assert {*shares[True]} == {1695}  # 2118 * 3277 / 4096 = 1694.52
    assert len({*shares[False]}) > 5


def test_stratified_agrees_with_scikit_learn_in_counts():
    from sklearn.model_selection import train_test_split

    for seed in range(3):
        ours = np.bincount(Y[splits.split(Y, rng=seed)[1]])
        theirs = np.bincount(train_test_split(Y, test_size=819, stratify=Y, random_state=seed)[1])
        np.testing.assert_array_equal(ours, theirs)


@given(LABELS, st.floats(0.3, 0.7), st.integers(0, 2**32), st.booleans())
def test_a_split_is_a_partition(labels, fraction, seed, stratified):
    classes, sizes = np.unique(labels, return_counts=True)
    if stratified and min(round(fraction * len(labels)), len(labels) - round(fraction * len(labels))) < len(classes):
        with pytest.raises(InputError, match="cannot both hold all"):
            splits.split(labels, fraction, stratified=True, rng=seed)
        return
    train, test = splits.split(labels, fraction, stratified=stratified, rng=seed)
    np.testing.assert_array_equal(np.sort(np.concatenate([train, test])), np.arange(len(labels)))
    assert len(train) == round(fraction * len(labels))
    if stratified:
        for each, size in zip(classes, sizes, strict=True):
            assert abs((labels[train] == each).sum() - size * len(train) / len(labels)) < 1


def test_every_row_is_drawn_equally_often():
    rows = np.array([0] * 10 + [1] * 30)
    for stratified in (True, False):
        rng = np.random.default_rng(1)
        drawn = np.zeros(40)
        for _ in range(2000):
            drawn[splits.split(rows, 0.5, stratified=stratified, rng=rng)[0]] += 1
        assert np.abs(drawn / 2000 - 0.5).max() < 5 * np.sqrt(0.25 / 2000)


def test_a_seed_is_a_split():
    for stratified in (True, False):
        first = splits.split(Y, stratified=stratified, rng=5)[0]
        np.testing.assert_array_equal(first, splits.split(Y, stratified=stratified, rng=np.random.default_rng(5))[0])
        assert not np.array_equal(first, splits.split(Y, stratified=stratified, rng=6)[0])


@pytest.mark.parametrize(
    ("fraction", "train", "test"),
    [(0.05, 205, 205), (0.45, 1843, 1843), (0.8, 3277, 3277), (0.85, 3482, 3277), (0.99, 4055, 3277)],
)
def test_first_rows(fraction, train, test):
    a, b = splits.first(4096, fraction)
    np.testing.assert_array_equal(a, np.arange(train))
    np.testing.assert_array_equal(b, np.arange(test, 4096))


def test_two_rows_are_one_each():
    assert [part.tolist() for part in splits.first(2, 0.5)] == [[0], [1]]


def test_first_rows_are_biased():
    train, test = splits.first(4096)
    assert (ib12.patterns()[test, :2] == 1).all()
    assert Y[test].mean() - Y[train].mean() > 0.2


@given(LABELS, st.data(), st.integers(0, 2**32))
def test_shuffled_moves_only_the_rows_it_is_given(labels, data, seed):
    index = data.draw(st.lists(st.integers(0, len(labels) - 1), unique=True).map(lambda v: np.array(v, dtype=int)))
    before = labels.copy()
    after = splits.shuffled(labels, index, seed)
    np.testing.assert_array_equal(labels, before)
    rest = np.setdiff1d(np.arange(len(labels)), index)
    np.testing.assert_array_equal(after[rest], labels[rest])
    np.testing.assert_array_equal(np.sort(after[index]), np.sort(labels[index]))
    assert after.dtype == labels.dtype


def test_shuffled_labels_say_nothing():
    train = splits.split(Y, rng=0)[0]
    after = splits.shuffled(Y, train, 1)
    p = Y[train].mean()
    assert abs((after[train] == Y[train]).mean() - (p**2 + (1 - p) ** 2)) < 5 * 0.5 / np.sqrt(len(train))
    np.testing.assert_array_equal(after, splits.shuffled(Y, train, 1))
    assert not np.array_equal(after, splits.shuffled(Y, train, 2))


def test_random_labels_are_uniform_and_fresh():
    labels = np.array([3] * 9000 + [5] * 500 + [9] * 500, dtype=np.uint8)
    drawn = splits.random(labels, 0)
    assert drawn.dtype == np.uint8
    values, counts = np.unique(drawn, return_counts=True)
    np.testing.assert_array_equal(values, [3, 5, 9])
    assert np.abs(counts / 10000 - 1 / 3).max() < 5 * np.sqrt(2 / 9 / 10000)
    np.testing.assert_array_equal(drawn, splits.random(labels, 0))
    assert not np.array_equal(drawn, splits.random(labels, 1))


@pytest.mark.parametrize("fraction", [0, 1, -0.2, 1.5, np.nan, 1e-6, 1 - 1e-6, "much", None])
@pytest.mark.parametrize("make", [lambda f: splits.split(Y, f), lambda f: splits.first(4096, f)])
def test_bad_fractions_are_named(make, fraction):
    with pytest.raises(InputError, match=r"fraction is .*: give a share between 0 and 1"):
        make(fraction)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: splits.split(np.zeros((4, 2), int)), r"labels are of shape \(4, 2\)"),
        (lambda: splits.split(np.array([0.5, 1.5])), "labels are of shape .* float64: give integers"),
        (lambda: splits.split(np.array([1])), "n at least 2"),
        (lambda: splits.split(np.arange(10)), "parts of 8 and 2 rows cannot both hold all 10 classes"),
        (lambda: splits.first(1), "n is 1"),
        (lambda: splits.shuffled(Y, [0, 4096]), "index has rows 0 to 4096: give rows from 0 to 4095"),
        (lambda: splits.shuffled(Y, [-1, 2]), "index has rows -1"),
        (lambda: splits.shuffled(Y, [1, 1]), "index names 1 rows twice"),
        (lambda: splits.shuffled(Y, [0.5]), "index is of shape"),
        (lambda: splits.shuffled(Y, Y == 1), "index is of shape .* bool: give row numbers"),
        (lambda: splits.random([[1]]), "labels are of shape"),
        (lambda: splits.split(Y, rng="seed"), "rng"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(InputError, match=message):
        call()
