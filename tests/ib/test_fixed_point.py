# SPDX-License-Identifier: Apache-2.0
"""The fixed point of an encoder: encoders of the curve have their own beta, and others the least divergence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from mibench.contracts import InputError
from mibench.ib import curve, fixed_point_beta
from mibench.ib.equations import information
from mibench.ib.fixed_point import fixed_point_reference

RULE = np.random.default_rng(2).dirichlet(np.full(3, 0.3), size=8)
P_X = np.random.default_rng(3).dirichlet(np.full(8, 3.0))


@pytest.mark.parametrize("beta", [3.0, 8.0, 25.0])
def test_an_encoder_of_the_curve_has_its_own_beta(beta: float) -> None:
    found = curve(P_X[:, None] * RULE, [beta], encoders=True, iterations=100_000, tolerance=1e-13)
    assert found.encoders is not None
    point = fixed_point_beta(found.encoders[0], RULE, P_X)
    assert point.beta == pytest.approx(beta, rel=1e-4)
    assert point.residual == pytest.approx(0, abs=1e-9)
    assert (point.i_x, point.i_y) == pytest.approx((found.i_x[0], found.i_y[0]), abs=1e-8)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_no_other_beta_is_nearer(seed: int, hard: bool) -> None:
    rng = np.random.default_rng(seed)
    codes = np.append(np.arange(3), rng.integers(3, size=5))
    encoder = np.eye(3)[codes] if hard else rng.dirichlet(np.full(3, 0.3), size=8)
    point = fixed_point_beta(codes if hard else encoder, RULE, P_X)
    assert 0 <= point.residual <= point.i_x + 1e-12
    assert (point.i_x, point.i_y) == pytest.approx(information(P_X, RULE, encoder), abs=1e-12)

    def divergence(beta: float) -> float:
        return fixed_point_reference(encoder, RULE, P_X, beta)

    assert divergence(0.0) == pytest.approx(point.i_x, abs=1e-12)
    if np.isinf(point.beta):
        assert divergence(1e5) >= divergence(1e6) - 1e-12
        return
    assert point.residual == pytest.approx(divergence(point.beta), abs=1e-9)
    best = minimize_scalar(divergence, bounds=(0, 4 * point.beta + 1), method="bounded", options={"xatol": 1e-9})
    assert point.residual <= best.fun + 1e-9


def test_values_of_x_that_say_the_same_need_not_be_told_apart() -> None:
    twice = np.repeat(RULE, 2, axis=0)
    codes = np.tile([0, 1], 8)
    codes[:6] = 2
    whole = fixed_point_beta(codes, twice)
    assert whole.residual == pytest.approx(
        fixed_point_reference(np.eye(3)[codes], twice, np.full(16, 1 / 16), whole.beta), abs=1e-9
    )


def test_each_x_at_its_nearest_decoder_is_infinite() -> None:
    rule = np.array([[0.9, 0.1], [0.8, 0.2], [0.2, 0.8], [0.1, 0.9]])
    assert np.isinf(fixed_point_beta([0, 0, 1, 1], rule).beta)
    assert fixed_point_beta([0, 0, 1, 1], rule).residual == pytest.approx(0, abs=1e-12)
    assert fixed_point_beta([0, 1, 1, 1], rule).beta < 100


def test_an_encoder_that_tells_nothing_has_beta_zero() -> None:
    point = fixed_point_beta([0, 1, 0, 1], np.array([[0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.1, 0.9]]))
    assert point.beta == 0
    assert point.residual == pytest.approx(point.i_x) == pytest.approx(np.log(2))


def test_labels_that_are_functions_of_x() -> None:
    rule = np.eye(2)[[0, 0, 1, 1]]
    assert np.isinf(fixed_point_beta([0, 0, 1, 1], rule).beta)
    assert 0 < fixed_point_beta([0, 0, 0, 1], rule).beta < np.inf


def test_the_null_exchanges_values_of_x() -> None:
    rule = np.repeat([[0.95, 0.05], [0.05, 0.95]], 50, axis=0)
    codes = np.repeat([0, 1], 50)
    codes[[0, 99]] = [1, 0]
    point = fixed_point_beta(codes, rule, permutations=20, rng=1)
    assert point.null_residual.shape == point.null_beta.shape == (20,)
    assert (point.null_residual > point.residual).all()
    assert (fixed_point_beta(codes, rule, permutations=20, rng=1).null_beta == point.null_beta).all()


@pytest.mark.parametrize(
    ("encoder", "rule", "p_x", "told"),
    [
        ([0, 1], RULE, None, "encoder has 2 rows"),
        ([0.5] * 8, RULE, None, "whole numbers"),
        ([-1] * 8, RULE, None, "whole numbers"),
        ([[0.5, 0.4]] * 8, RULE, None, "encoder sums"),
        ([0] * 8, RULE * 2, None, "p_y_given_x sums"),
        ([0] * 8, RULE, [0.5, 0.5], "p_x has 2 rows"),
    ],
)
def test_what_is_no_encoder(encoder: object, rule: object, p_x: object, told: str) -> None:
    with pytest.raises(InputError, match=told):
        fixed_point_beta(encoder, rule, p_x)
