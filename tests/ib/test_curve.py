# SPDX-License-Identifier: Apache-2.0
"""The IB curve: a table computed by another program, what theory says of any curve, and a convex second method."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mibench.contracts import InputError
from mibench.datasets import ib12
from mibench.ib import blahut_arimoto, curve
from mibench.ib.equations import information, solve, step_reference
from mibench.ib.joint import divergences, entropy, of_table

BIT = np.log(2)
TABLE = {  # beta: I(X;T), I(T;Y) in bits, of the 12-bit set with gamma 54.478
    1.02: (0.867, 0.860),
    1.05: (0.955, 0.945),
    1.1: (0.980, 0.969),
    1.2: (0.992, 0.980),
    1.5: (0.998, 0.984),
    2.0: (0.999, 0.985),
    5.0: (0.999, 0.985),
    20.0: (0.999, 0.985),
    50.0: (1.092, 0.987),
    100.0: (1.270, 0.990),
    200.0: (1.305, 0.990),
}


def rule(gamma: float = 54.478) -> NDArray[np.float64]:
    p = ib12.conditional(gamma)
    return np.stack([1 - p, p], axis=1) / 4096


@st.composite
def joints(draw: st.DrawFn) -> NDArray[np.float64]:
    seed = draw(st.integers(0, 2**32 - 1))
    rows, columns = draw(st.integers(2, 6)), draw(st.integers(2, 4))
    rng = np.random.default_rng(seed)
    table = rng.dirichlet(np.full(columns, draw(st.sampled_from([0.3, 1.0, 5.0]))), size=rows)
    joint = rng.dirichlet(np.ones(rows))[:, None] * table
    return np.asarray(joint / joint.sum())


def test_the_table_of_the_twelve_bit_set() -> None:
    found = curve(rule(), [0.5, 1.0, *TABLE])
    assert np.allclose(np.stack([found.i_x, found.i_y], axis=1)[2:] / BIT, list(TABLE.values()), atol=5.1e-4)
    assert found.i_x[:2].tolist() == found.i_y[:2].tolist() == [0, 0]
    assert found.i_xy / BIT == pytest.approx(0.990, abs=5e-4)
    assert found.h_x / BIT == pytest.approx(12)
    assert found.converged.all()


def test_lumped_values_change_nothing() -> None:
    small = curve(rule(), [1.1, 60.0], encoders=True)
    classes, places, counts = np.unique(ib12.scores(), return_index=True, return_counts=True)
    assert len(classes) == 53
    lumped = curve(rule()[places] * counts[:, None], [1.1, 60.0])
    assert np.allclose(small.i_x, lumped.i_x, atol=1e-9)
    assert np.allclose(small.i_y, lumped.i_y, atol=1e-9)
    assert small.encoders is not None
    for place in range(2):  # on all 4096 rows
        whole = information(np.full(4096, 1 / 4096), rule() * 4096, small.encoders[place])
        assert whole == pytest.approx((small.i_x[place], small.i_y[place]), abs=1e-10)


@settings(max_examples=25, deadline=None)
@given(joints())
def test_what_theory_says_of_a_curve(joint: NDArray[np.float64]) -> None:
    found = curve(joint)
    i_x, i_y, kept = found.i_x, found.i_y, found.converged
    assert (i_y <= np.minimum(i_x, found.i_xy) + 1e-9).all()
    assert (i_x <= found.h_x + 1e-9).all()
    i_x, i_y, betas = i_x[kept], i_y[kept], found.betas[kept]
    # between points the mean slope lies between the slopes at their ends: rising, concave, slope 1/beta
    steps_x, steps_y = np.diff(i_x), np.diff(i_y)
    assert (steps_x >= -1e-6).all()
    assert (steps_y <= steps_x / betas[:-1] + 1e-6).all()
    assert (steps_y >= steps_x / betas[1:] - 1e-6).all()
    assert found.i_y_at(found.h_x) == pytest.approx(found.i_xy, abs=1e-9)
    assert (found.i_y_at(found.i_x) >= found.i_y - 1e-12).all()


def test_the_slope_is_one_over_beta() -> None:
    rng = np.random.default_rng(3)
    joint = rng.dirichlet(np.full(4, 0.5), size=6) / 6
    for beta in (4.0, 8.0, 20.0):
        found = curve(joint, [beta * 0.999, beta * 1.001], iterations=100_000, tolerance=1e-14)
        slope = np.diff(found.i_y) / np.diff(found.i_x)
        assert slope == pytest.approx(1 / beta, rel=2e-3)


@settings(max_examples=25, deadline=None)
@given(joints(), st.floats(0.5, 50))
def test_no_round_raises_the_lagrangian(joint: NDArray[np.float64], beta: float) -> None:
    lumped = of_table(joint)
    rng = np.random.default_rng(0)
    encoder = rng.dirichlet(np.ones(4), size=len(lumped.p_x))
    compiled, last = encoder.copy(), np.inf
    for _ in range(20):
        i_x, i_y = information(lumped.p_x, lumped.p_y_given_x, encoder)
        assert i_x - beta * i_y <= last + 1e-11
        last = i_x - beta * i_y
        encoder = step_reference(lumped.p_x, lumped.p_y_given_x, encoder, beta)
        solve(lumped.p_x, lumped.p_y_given_x, compiled, beta, 1e-300, 1)
        assert np.allclose(encoder, compiled, atol=1e-9)


@pytest.mark.parametrize("beta", [2.0, 3.0, 6.0, 30.0])
def test_a_convex_problem_has_the_same_answer(beta: float) -> None:
    """The bottleneck is a rate-distortion problem with every p(y|t) at hand and KL as distortion: for two labels, a
    grid on the interval (Harremoes and Tishby 2007). Blahut's bounds then enclose the least Lagrangian."""
    rng = np.random.default_rng(1)
    p_x, p = rng.dirichlet(np.full(7, 3.0)), rng.uniform(0.02, 0.98, 7)
    rows = np.stack([1 - p, p], axis=1)
    grid = np.linspace(0.001, 0.999, 999)
    costs = divergences(rows, np.stack([1 - grid, grid], axis=1))
    convex = blahut_arimoto(p_x, costs, [beta], tolerance=1e-6, iterations=20_000)
    found = curve(p_x[:, None] * rows, [beta], iterations=30_000)
    ours = found.i_x[0] + beta * (found.i_xy - found.i_y[0])
    assert ours <= convex.rate[0] + beta * convex.distortion[0] + 1e-9
    assert ours >= convex.lower[0] + beta * convex.distortion[0] - beta * 1e-5  # of the grid


def least_lagrangian(joint: NDArray[np.float64], betas: list[float], starts: int = 40) -> NDArray[np.float64]:
    """Of I(X;T) - beta I(T;Y), from many random encoders, all betas and starts side by side; shape (B,)."""
    rng, p_x, p_y, size = np.random.default_rng(0), joint.sum(axis=1), joint.sum(axis=0), len(joint)
    rows, slope = joint / p_x[:, None], np.array(betas)[:, None]
    sharp = [0.05, 0.1, 0.5, 1.0]
    drawn = [rng.dirichlet(np.full(size, sharp[k % 4]), size=size) for k in range(starts)]
    encoder = np.repeat(np.array([0.9 * np.eye(size) + 0.1 / size, *drawn])[None], len(betas), axis=0)
    tiny = np.finfo(np.float64).tiny
    for _ in range(600):
        p_t = np.maximum(p_x @ encoder, tiny)
        p_ty = np.swapaxes(encoder, 2, 3) @ joint
        score = np.log(p_t)[:, :, None] + slope[..., None, None] * (
            rows @ np.swapaxes(np.log(np.maximum(p_ty / p_t[..., None], tiny)), 2, 3)
        )
        encoder = np.exp(score - score.max(axis=3, keepdims=True))
        encoder /= encoder.sum(axis=3, keepdims=True)
    p_t, p_ty = np.maximum(p_x @ encoder, tiny), np.swapaxes(encoder, 2, 3) @ joint
    i_x = (p_x[:, None] * encoder * np.log(np.maximum(encoder, tiny) / p_t[:, :, None])).sum(axis=(2, 3))
    i_y = (p_ty * np.log(np.maximum(p_ty, tiny) / np.maximum(p_t[..., None] * p_y, tiny))).sum(axis=(2, 3))
    return np.asarray((i_x - slope * i_y).min(axis=1))


def hostile() -> list[NDArray[np.float64]]:
    """Joints with local optima: the first has one at beta = 30 that falling through few betas does not leave."""
    found = []
    rng = np.random.default_rng(0)
    for _ in range(5):
        rows, columns = int(rng.integers(3, 7)), int(rng.integers(2, 5))
        found.append(rng.dirichlet(np.full(rows * columns, 0.4)).reshape(rows, columns))
    rng = np.random.default_rng(9)
    for _ in range(7):
        rows, columns = int(rng.integers(4, 7)), int(rng.integers(2, 4))
        found.append(rng.dirichlet(np.full(rows * columns, 0.4)).reshape(rows, columns))
    return found


@pytest.mark.parametrize("joint", hostile())
def test_no_other_start_finds_a_better_encoder(joint: NDArray[np.float64]) -> None:
    betas = [1.5, 3.0, 8.0, 30.0, 62.3]
    least = least_lagrangian(joint, betas)
    for found in (curve(joint, betas), *(curve(joint, [beta]) for beta in betas[2:])):
        at = np.searchsorted(betas, found.betas)
        assert (found.i_x - found.betas * found.i_y <= least[at] + 1e-6).all()


def test_labels_that_are_a_function_of_x_leave_only_the_ends() -> None:
    """Kolchinsky, Tracey and Van Kuyk (ICLR 2019)."""
    shares = np.array([0.1, 0.2, 0.3, 0.25, 0.15])
    joint = shares[:, None] * np.eye(3)[[0, 0, 1, 2, 2]]
    found = curve(joint, [0.5, 1.0, 1.02, 1.5, 3.0, 50.0])
    h_y = entropy(np.array([0.3, 0.3, 0.4]))
    assert np.allclose(found.i_x, [0, 0, h_y, h_y, h_y, h_y], atol=1e-9)
    assert np.allclose(found.i_y, found.i_x, atol=1e-9)
    assert found.h_sufficient == pytest.approx(h_y)
    asked = np.array([0.0, 0.3, 0.7, h_y, 1.4])
    assert np.allclose(found.i_y_at(asked), np.minimum(asked, h_y))


def test_independent_variables_have_nothing_to_tell() -> None:
    found = curve(np.outer([0.2, 0.3, 0.5], [0.6, 0.4]))
    assert np.allclose([found.i_x, found.i_y], 0, atol=1e-12)
    assert found.i_y_at(1.0) == pytest.approx(0, abs=1e-12)


def test_rows_without_probability_are_left_out_and_told() -> None:
    joint = np.array([[0.4, 0.1], [0.0, 0.0], [0.1, 0.4]])
    found, other = curve(joint, [3.0], encoders=True), curve(joint[[0, 2]], [3.0])
    assert found.rows.tolist() == [0, 2]
    assert found.encoders is not None
    assert found.encoders.shape == (1, 2, 2)
    assert found.i_y == other.i_y


def test_betas_come_back_in_order_once() -> None:
    assert curve(rule(), [5.0, 1.5, 5.0]).betas.tolist() == [1.5, 5.0]


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ([[0.5, -0.1], [0.3, 0.3]], "negative"),
        ([[0.5, 0.1], [0.3, 0.3]], "sums to 1.2"),
        ([[0.5, np.nan], [0.3, 0.2]], "NaN"),
        ([0.5, 0.5], "shape"),
        ([], "shape"),
        ([["a", "b"]], "numbers"),
    ],
)
def test_what_is_no_joint_distribution(table: object, told: str) -> None:
    with pytest.raises(InputError, match=told):
        curve(table)


@pytest.mark.parametrize(
    "wrong",
    [{"betas": [-1.0]}, {"betas": []}, {"betas": [np.nan]}, {"betas": "x"}, {"tolerance": 0.0}, {"iterations": 0}],
)
def test_parameters_out_of_range(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        curve(rule(), **wrong)  # type: ignore[arg-type]


def test_negative_information_has_no_place_on_the_curve() -> None:
    with pytest.raises(InputError, match="i_x"):
        curve(rule(), [2.0]).i_y_at(-0.1)
