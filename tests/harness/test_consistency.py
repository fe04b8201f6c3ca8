# SPDX-License-Identifier: Apache-2.0
"""The transforms of self-consistency checks: what they make, what they keep true, and that they leave data alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mibench.contracts import InputError, Sample, Unsupported
from mibench.harness import consistency
from mibench.harness.consistency import CHECKS, transform
from mibench.harness.maps import bend, forget, half

SHAPES = ((5,), (5, 1), (5, 3), (5, 4, 4), (5, 4, 1), (5, 2, 3, 2))
KINDS = (np.float64, np.float32, np.int64, np.uint8, np.int8, np.bool_)


def data(shape: tuple[int, ...], kind: Any, seed: int = 0) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(seed)
    drawn = rng.normal(size=shape) if np.dtype(kind).kind == "f" else rng.integers(0, 100, size=shape) % 7
    return drawn.astype(kind)


def never() -> Sample:
    raise AssertionError("this check needs no second sample")


def test_checks_are_chosen_by_name() -> None:
    assert consistency.choose(None) == []
    assert consistency.choose("all") == list(CHECKS)
    assert consistency.choose("shuffled, symmetry,shuffled") == ["shuffled", "symmetry"]
    with pytest.raises(InputError, match="no self-consistency check 'symetry'; did you mean symmetry"):
        consistency.choose("symetry")


def test_the_truth_of_what_is_asked() -> None:
    found = {check: consistency.truth(check, 1.5) for check in CHECKS}
    assert found == {
        "symmetry": 1.5,
        "row-order": 1.5,
        "bijection-x": 1.5,
        "bijection-y": 1.5,
        "additivity": 3.0,
        "data-processing": None,
        "shuffled": 0.0,
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("check", CHECKS)
def test_no_transform_changes_its_input(check: str, shape: tuple[int, ...], kind: Any) -> None:
    x, y, latent = data(shape, kind), data(shape, kind, 1), data((5, 2), np.float64, 2)
    for array in (x, y, latent):
        array.setflags(write=False)
    before = x.copy(), y.copy(), latent.copy()
    side = {"latent_x": latent, "latent_y": latent, "noise_std": 0.5}
    kept = dict(side)
    try:
        made = transform(check, Sample(x, y, side), second=lambda: Sample(x, y, side))
    except Unsupported:
        assert (check, kind) == ("data-processing", np.bool_)
        return
    for array, was in zip((x, y, latent), before, strict=True):
        assert np.array_equal(array, was)
    assert side == kept
    assert len(made.x) == len(made.y) == 5


def test_symmetry_swaps_the_sides_and_what_is_said_of_them() -> None:
    side = {"clean_x": 1, "clean_y": 2, "x_is_discrete": True, "noise_std": 0.5, "x": 3}
    made = transform("symmetry", Sample(np.zeros(3), np.ones(3), side), second=never)
    assert made.x.tolist() == [1, 1, 1]
    assert made.y.tolist() == [0, 0, 0]
    assert made.side == {"clean_y": 1, "clean_x": 2, "y_is_discrete": True, "noise_std": 0.5, "x": 3}


def test_row_order_keeps_the_pairs() -> None:
    x = np.arange(50)
    side = {"latent_x": x * 2.0, "latent_y": (x * 3).tolist(), "noise_std": 0.1}
    made = transform("row-order", Sample(x, x[:, None] * 10, side), second=never)
    assert sorted(made.x) == x.tolist()
    assert not np.array_equal(made.x, x)
    assert np.array_equal(made.y[:, 0], made.x * 10)
    assert np.array_equal(made.side["latent_x"], made.x * 2.0)
    assert np.array_equal(made.side["latent_y"], made.x * 3), "a list is per row as an array is"
    assert made.side["noise_std"] == 0.1


@given(n=st.integers(2, 300))
def test_shuffling_leaves_no_pair_together(n: int) -> None:
    x = np.arange(n)
    side = {"latent_x": x, "latent_y": x}
    made = transform("shuffled", Sample(x, x, side), second=never)
    assert np.array_equal(made.x, x)
    assert sorted(made.y) == x.tolist()
    assert (made.x != made.y).all()
    assert np.array_equal(made.side["latent_y"], made.y)
    assert np.array_equal(made.side["latent_x"], x)


@pytest.mark.parametrize(("shape", "doubled"), [((3,), (3, 2)), ((3, 2), (3, 4)), ((3, 4, 4), (3, 4, 8))])
def test_additivity_puts_two_samples_side_by_side(shape: tuple[int, ...], doubled: tuple[int, ...]) -> None:
    first = Sample(
        np.zeros(shape), np.ones(shape), {"latent_x": np.zeros(3), "noise_std": 0.5, "clean_x": np.ones(shape)}
    )
    other = Sample(np.full(shape, 2.0), np.full(shape, 3.0), {"latent_x": np.ones(3), "noise_std": 0.5})
    made = transform("additivity", first, second=lambda: other)
    assert made.x.shape == made.y.shape == doubled
    middle = doubled[-1] // 2
    assert (made.x[..., :middle] == 0).all()
    assert (made.x[..., middle:] == 2).all()
    assert (made.y[..., middle:] == 3).all()
    assert made.side["latent_x"].tolist() == [[0, 1]] * 3
    assert made.side["noise_std"] == 0.5
    assert "clean_x" not in made.side, "the second sample does not say it"


@pytest.mark.parametrize("side", ["x", "y"])
def test_a_bijection_bends_one_side_and_drops_what_is_no_longer_true(side: str) -> None:
    given = {"clean_x": 1, "clean_y": 2, "latent_x": 3, "latent_y": 4, "noise_std": 5}
    x, y = data((9, 2), np.float64), data((9, 2), np.float64, 1)
    made = transform(f"bijection-{side}", Sample(x, y, given), second=never)
    assert np.array_equal(made.x, bend(x) if side == "x" else x)
    assert np.array_equal(made.y, bend(y) if side == "y" else y)
    assert set(made.side) == set(given) - {f"clean_{side}", "noise_std"}


def test_data_processing_forgets_of_y_alone() -> None:
    x, y = data((9, 4), np.float64), data((9, 4), np.float64, 1)
    side = {"clean_x": x, "clean_y": y + 1, "latent_x": x, "latent_y": y, "noise_std": 0.1}
    made = transform("data-processing", Sample(x, y, side), second=never)
    assert np.array_equal(made.x, x)
    assert np.array_equal(made.y, y[:, :2])
    assert np.array_equal(made.side["clean_y"], y[:, :2] + 1), "half of the noise-free pixels are known as before"
    assert set(made.side) == {"clean_x", "clean_y", "latent_x", "noise_std"}


floats = st.floats(-1e100, 1e100).map(lambda value: 0.0 if abs(value) < 1e-100 else value)


@settings(max_examples=200, deadline=None)
@given(hnp.arrays(np.float64, hnp.array_shapes(min_dims=1, max_dims=2, max_side=8), elements=floats))
def test_bending_keeps_the_order_of_every_coordinate(values: np.ndarray[Any, Any]) -> None:
    bent = bend(values)
    assert bent.shape == values.shape
    assert np.isfinite(bent).all()
    for old, new in zip(values.reshape(len(values), -1).T, bent.reshape(len(values), -1).T, strict=True):
        order = np.argsort(old, kind="stable")
        steps, moved = np.diff(old[order]), np.diff(new[order])
        assert (moved[steps == 0] == 0).all(), "equal values stay equal: it is a function"
        assert (moved >= 0).all()
        apart = steps > 1e-12 * np.abs(old[order])[1:] + 1e-12 * np.abs(old[order])[:-1]
        assert (moved[apart] > 0).all(), "and different ones different: it has an inverse"


@settings(max_examples=200, deadline=None)
@given(
    hnp.arrays(
        np.float32,
        hnp.array_shapes(min_dims=1, max_dims=3, max_side=6),
        elements=st.floats(-(2.0**90), 2.0**90, width=32),
    )
)
def test_bending_keeps_every_float32_apart(values: np.ndarray[Any, Any]) -> None:
    bent = bend(values)
    columns = (
        (values.reshape(1, -1), bent[..., ::-1].reshape(1, -1))
        if values.ndim > 2
        else (
            values.reshape(len(values), -1).T,
            bent.reshape(len(values), -1).T,
        )
    )
    for old, new in zip(*columns, strict=True):
        assert len(np.unique(old + np.float32(0))) == len(np.unique(new + 0.0))


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from([np.int8, np.uint8, np.int64, np.uint64, np.bool_]).flatmap(lambda kind: hnp.arrays(kind, (6, 2)))
)
def test_bending_whole_numbers_turns_the_alphabet_round(values: np.ndarray[Any, Any]) -> None:
    bent = bend(values)
    assert bent.dtype == values.dtype
    for old, new in zip(values.T.tolist(), bent.T.tolist(), strict=True):
        low, high = min(old), max(old)
        wanted = [not each for each in old] if values.dtype == np.bool_ else [high + low - each for each in old]
        assert new == wanted


def test_bending_known_numbers() -> None:
    assert bend(np.array([-2.0, 0.0, 2.0, 4.0])) == pytest.approx(np.arcsinh([-1.0, 0.0, 1.0, 2.0]))  # the unit is 2
    assert bend(np.array([100.0, 101.0, 99.0])) == pytest.approx(np.arcsinh([0.0, 1.0, -1.0]))  # from the median
    wide = np.array([[1.0, 1e6], [2.0, 3e6], [9.0, 9e6]])  # each column in its own unit
    assert bend(wide) == pytest.approx(np.arcsinh(wide / np.array([2.0, 3e6])))
    image = np.zeros((2, 2, 3))
    image[0, 0, 0] = 5.0  # dark but for a pixel: the unit is the mean size, 5 / 12
    assert bend(image)[0, 0].tolist() == pytest.approx([0.0, 0.0, math.asinh(12.0)])
    assert bend(np.full((4, 2), 3.0)).tolist() == [[0.0, 0.0]] * 4, "a constant stays one"
    assert bend(np.zeros(3)).tolist() == [0.0] * 3


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(
        hnp.arrays(
            np.float64,
            hnp.array_shapes(min_dims=1, max_dims=3, min_side=2, max_side=6),
            elements=st.integers(-5, 5).map(float),
        ),
        hnp.arrays(
            np.int16, hnp.array_shapes(min_dims=1, max_dims=3, min_side=2, max_side=6), elements=st.integers(-5, 5)
        ),
    )
)
def test_forgetting_is_a_function_that_leaves_something(values: np.ndarray[Any, Any]) -> None:
    try:
        kept = forget(values)
    except Unsupported:
        return
    assert len(kept) == len(values)
    assert not (kept == kept[:1]).all(), "an estimator can be asked about it"
    flat, left = values.reshape(len(values), -1), kept.reshape(len(values), -1)
    for i in range(len(flat)):
        for j in range(i):
            assert (left[i] == left[j]).all() or not (flat[i] == flat[j]).all()


def test_forgetting_known_values() -> None:
    assert forget(np.array([1.0, 2.0, 3.0, 4.0, 9.0])).tolist() == [2.0, 1.0, 0.0, 1.0, 6.0]
    assert forget(np.array([7, 3, 5, 9])).tolist() == [1, 0, 0, 1]
    assert forget(np.array([[7], [3], [5]])).tolist() == [[1], [0], [0]]
    assert forget(np.arange(6).reshape(2, 3)).tolist() == [[0, 1], [3, 4]]
    assert forget(np.array([[0, 1], [0, 2]])).tolist() == [[1], [2]], "not the half that is constant"
    assert half(np.zeros((4, 1))) is None
    assert half(np.zeros(4)) is None


@pytest.mark.parametrize(
    "values",
    [np.array([0, 1, 1]), np.array([True, False]), np.array([1.0, 2.0]), np.ones((3, 2)), np.array([2.0, 2.0])],
    ids=["binary", "bool", "two floats", "constant", "constant column"],
)
def test_where_nothing_is_left_the_check_is_unsupported(values: np.ndarray[Any, Any]) -> None:
    with pytest.raises(Unsupported, match="nothing is left of y"):
        forget(values)


def test_lists_are_taken_as_arrays() -> None:
    plain: Any = [3.0, 1.0, 2.0]
    made = transform("row-order", Sample(plain, plain), second=never)
    assert sorted(made.x) == [1.0, 2.0, 3.0]


def test_what_is_said_of_noise_and_symbols_follows_the_data() -> None:
    rng = np.random.default_rng(0)
    x, clean = rng.integers(0, 3, (6, 1)), rng.normal(size=(6, 4))
    side = {"noise_std_y": 0.1, "clean_y": clean, "centres_y": np.stack([clean, clean + 1], axis=1)}
    side |= {"x_is_discrete": True, "alphabet_size_x": 3}
    sample = Sample(x, clean + 0.1, side)
    made = {check: transform(check, sample, second=lambda: sample).side for check in CHECKS}
    assert set(made["symmetry"]) == {"noise_std_x", "clean_x", "centres_x", "y_is_discrete", "alphabet_size_y"}
    assert set(made["bijection-x"]) == set(side)  # what noise and values are like does not depend on the symbols' names
    assert set(made["bijection-y"]) == {"x_is_discrete", "alphabet_size_x"}
    assert made["additivity"]["alphabet_size_x"] == 9
    assert made["additivity"]["centres_y"].shape == (6, 2, 8)
    assert made["data-processing"]["centres_y"].shape[2] == made["data-processing"]["clean_y"].shape[1] < 4
    assert "centres_y" not in made["shuffled"]
    assert np.array_equal(made["row-order"]["centres_y"][:, 0], made["row-order"]["clean_y"])
