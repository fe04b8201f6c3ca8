# SPDX-License-Identifier: Apache-2.0
"""The bounds on given scores: values, gradients and standard errors against slow readable references."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from mibench.estimators.neural.bounds import (
    Bound,
    Clipped,
    Contrastive,
    DonskerVaradhan,
    MovingAverage,
    NguyenWainwrightJordan,
    log_mean_exp,
)

BOUNDS: dict[str, Callable[[], Bound]] = {
    "mine": lambda: MovingAverage(0.1, 0.1),
    "dv": DonskerVaradhan,
    "nwj": NguyenWainwrightJordan,
    "infonce": Contrastive,
    "smile": lambda: Clipped(2.0),
}
seeds = st.integers(0, 2**32 - 1)
untimed = settings(deadline=None, max_examples=25)


def scores_of(seed: int, m: int = 7, spread: float = 2.0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(0.0, spread, (m, m)))


def pairs(m: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(m) for j in range(m) if i != j]


def reference(name: str, f: Tensor) -> Tensor:
    """Each bound's value, entry by entry."""
    m = len(f)
    joint = sum(f[i, i] for i in range(m)) / m
    if name in ("mine", "dv"):
        return joint - torch.log(sum(torch.exp(f[i, j]) for i, j in pairs(m)) / (m * (m - 1)))
    if name == "nwj":  # f here is the critic less one
        return joint + 1 - sum(torch.exp(f[i, j] + 1 - 1) for i, j in pairs(m)) / (m * (m - 1))
    if name == "infonce":
        return sum(f[i, i] - torch.log(sum(torch.exp(f[i, j]) for j in range(m)) / m) for i in range(m)) / m
    clipped = [min(max(math.exp(f[i, j]), math.exp(-2.0)), math.exp(2.0)) for i, j in pairs(m)]
    return joint - math.log(sum(clipped) / len(clipped))


def jensen_shannon(f: Tensor) -> Tensor:
    """What SMILE trains on (Song, Ermon 2020, section 4; Nowozin et al. 2016)."""
    m, softplus = len(f), torch.nn.functional.softplus
    return -sum(softplus(-f[i, i]) for i in range(m)) / m - sum(softplus(f[i, j]) for i, j in pairs(m)) / (m * (m - 1))


@pytest.mark.parametrize("name", BOUNDS)
@untimed
@given(seed=seeds)
def test_value_is_the_formula(name: str, seed: int) -> None:
    scores = scores_of(seed)
    assert BOUNDS[name]().mi(scores) == pytest.approx(float(reference(name, scores)), abs=1e-10)
    assert BOUNDS[name]().value(scores).mi == BOUNDS[name]().mi(scores)


@pytest.mark.parametrize("name", ["dv", "nwj", "infonce", "smile"])
@untimed
@given(seed=seeds)
def test_ascent_is_the_gradient_of_the_objective(name: str, seed: int) -> None:
    scores = scores_of(seed).requires_grad_()
    objective = jensen_shannon(scores) if name == "smile" else reference(name, scores)
    objective.backward()
    assert scores.grad is not None
    torch.testing.assert_close(BOUNDS[name]().ascent(scores.detach()), scores.grad, atol=1e-10, rtol=1e-8)


def test_mine_divides_by_the_moving_average() -> None:
    """Belghazi et al. (2018), eq. 12: E[grad f] - E'[exp(f) grad f] / average of E'[exp f] over batches."""
    bound, rate, average = MovingAverage(0.25, 0.0), 0.25, None
    for seed in range(6):
        f = scores_of(seed, m=5)
        current = sum(math.exp(f[i, j]) for i, j in pairs(5)) / 20
        average = current if average is None else (1 - rate) * average + rate * current
        expected = torch.zeros(5, 5, dtype=torch.float64)
        for i in range(5):
            expected[i, i] = 1 / 5
        for i, j in pairs(5):
            expected[i, j] = -math.exp(f[i, j]) / 20 / average
        torch.testing.assert_close(bound.ascent(f), expected, atol=1e-11, rtol=1e-9)
        plain = DonskerVaradhan().ascent(f)
        assert seed == 0 or not torch.allclose(plain, expected, rtol=1e-2)


@untimed
@given(seed=seeds, shift=st.floats(-20.0, 20.0))
def test_mine_anchors_the_constant_of_the_critic(seed: int, shift: float) -> None:
    """The anchor adds the gradient of -0.3 log(E[exp f])^2 / 2: a push on the constant, against the log-partition."""
    f = (scores_of(seed) + shift).requires_grad_()
    (-0.15 * log_mean_exp(f) ** 2).backward()
    added = MovingAverage(0.1, 0.3).ascent(f.detach()) - MovingAverage(0.1, 0.0).ascent(f.detach())
    assert f.grad is not None
    torch.testing.assert_close(added, f.grad, atol=1e-9, rtol=1e-7)
    assert float(added.sum()) == pytest.approx(-0.3 * float(log_mean_exp(f.detach())), abs=1e-9)


@untimed
@given(seed=seeds, spread=st.floats(0.1, 100.0), m=st.integers(2, 12))
def test_infonce_is_never_above_its_cap(seed: int, spread: float, m: int) -> None:
    assert Contrastive().mi(scores_of(seed, m, spread)) <= math.log(m) + 1e-12


@untimed
@given(seed=seeds, shift=st.floats(-50.0, 50.0))
def test_donsker_varadhan_ignores_a_constant_and_is_above_nwj(seed: int, shift: float) -> None:
    scores = scores_of(seed)
    value = DonskerVaradhan().mi(scores)
    assert DonskerVaradhan().mi(scores + shift) == pytest.approx(value, abs=1e-9)
    assert NguyenWainwrightJordan().mi(scores + shift) <= value + 1e-9
    tight = NguyenWainwrightJordan().mi(scores - log_mean_exp(scores))
    assert tight == pytest.approx(value, abs=1e-9)


@untimed
@given(seed=seeds, tau=st.floats(0.1, 5.0))
def test_smile_clips_the_partition_alone(seed: int, tau: float) -> None:
    scores = scores_of(seed, spread=4.0)
    joint = float(scores.diagonal().mean())
    assert abs(joint - Clipped(tau).mi(scores)) <= tau + 1e-12
    assert Clipped(500.0).mi(scores) == pytest.approx(DonskerVaradhan().mi(scores), abs=1e-10)
    assert Clipped(1e-9).mi(scores) == pytest.approx(joint, abs=1e-8)


@pytest.mark.parametrize("name", BOUNDS)
@pytest.mark.parametrize("size", [1e3, 1e30])
def test_huge_scores_give_finite_gradients(name: str, size: float) -> None:
    scores = torch.full((4, 4), size, dtype=torch.float32)
    scores[0, 0] = -size
    assert torch.isfinite(BOUNDS[name]().ascent(scores)).all()
    assert torch.isfinite(BOUNDS[name]().ascent(-scores)).all()


@pytest.mark.parametrize("name", BOUNDS)
def test_ascent_holds_no_denormals(name: str) -> None:
    scores = torch.linspace(-120.0, 5.0, 400).reshape(20, 20)
    weights = BOUNDS[name]().ascent(scores).abs()
    assert (weights[weights > 0] >= 1e-12).all()


def gaussian_scores(rng: np.random.Generator, m: int, rho: float) -> Tensor:
    """The true log density ratio of a normal pair: the optimal critic."""
    x = rng.standard_normal(m)
    y = rho * x + math.sqrt(1 - rho**2) * rng.standard_normal(m)
    a, b = x[:, None], y[None, :]
    ratio = -0.5 * np.log1p(-(rho**2)) - (rho**2 * (a**2 + b**2) - 2 * rho * a * b) / (2 * (1 - rho**2))
    return torch.from_numpy(ratio)


@pytest.mark.parametrize("name", BOUNDS)
def test_optimal_critic_reaches_the_truth_and_knows_its_error(name: str) -> None:
    """Over 200 fresh samples: the mean is the truth (InfoNCE: below) and the stated errors match the spread."""
    rng, rho, m = np.random.default_rng(1), 0.8, 150
    truth = -0.5 * math.log(1 - rho**2)
    bound = {"smile": Clipped(20.0)}.get(name) or BOUNDS[name]()
    shift = 1.0 if name == "nwj" else 0.0  # NWJ's optimum is 1 + the ratio, and g = f - 1
    found = [bound.value(gaussian_scores(rng, m, rho) + shift - shift) for _ in range(200)]
    values = np.array([each.mi for each in found])
    stated = math.sqrt(np.mean([each.variance for each in found]))
    assert stated == pytest.approx(values.std(), rel=0.2)
    assert values.mean() == pytest.approx(truth, abs=4 * values.std() / math.sqrt(200) + 0.01)
    assert name != "infonce" or values.mean() < truth
