# SPDX-License-Identifier: Apache-2.0
"""Held-out values: the split, the standardisation, the blocks, and the choice that is not its own judge."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mibench.estimators.neural.bounds import Contrastive, DonskerVaradhan
from mibench.estimators.neural.critic import Critic
from mibench.estimators.neural.heldout import Choice, blocks, mi, split, standardise, value


@settings(deadline=None)
@given(n=st.integers(100, 100_000), share=st.floats(0.05, 0.5), seed=st.integers(0, 99))
def test_split_uses_every_sample_once(n: int, share: float, seed: int) -> None:
    parts = split(n, share, np.random.default_rng(seed))
    together = np.concatenate([parts.train, *parts.halves])
    assert np.array_equal(np.sort(together), np.arange(n))
    assert len(parts.halves[0]) == len(parts.halves[1])
    assert 2 * len(parts.halves[0]) == pytest.approx(min(share * n, 8192), abs=2)


def test_standardisation_sees_the_training_samples_alone() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(3.0, 2.0, (50, 4))
    values[:, 3] = 7.0
    train = np.arange(30)
    changed = values.copy()
    changed[30:] += 100.0
    one, other = standardise(values, train), standardise(changed, train)
    assert one.dtype == np.float32
    np.testing.assert_array_equal(one[:30], other[:30])
    np.testing.assert_allclose(one[:30, :3].mean(0), 0.0, atol=1e-6)
    np.testing.assert_allclose(one[:30, :3].std(0), 1.0, rtol=1e-6)
    assert not one[:, 3].any()
    assert np.abs(other).max() <= 50.0


def test_faint_pixels_are_not_amplified() -> None:
    images = np.random.default_rng(0).standard_normal((40, 8, 8))
    images[:, 0, 0] *= 1e-4
    scaled = standardise(images, np.arange(40))
    assert scaled[:, 0, 0].std() < 0.01
    assert scaled[:, 1, 1].std() == pytest.approx(1.0, rel=1e-5)


def test_blocks_are_whole_or_of_one_size() -> None:
    rng = np.random.default_rng(0)
    (whole,) = blocks(100, 128, rng)
    assert np.array_equal(whole, np.arange(100))
    parts = blocks(100, 30, rng)
    assert [len(part) for part in parts] == [30] * 12
    for repeat in range(4):
        assert len(np.unique(np.concatenate(parts[3 * repeat : 3 * repeat + 3]))) == 90


def test_value_of_blocks_is_their_mean_and_its_error_that_of_all_samples() -> None:
    critic = Critic((2,), (2,), "auto", hidden=8, channels=1, width=4, units=2, generator=torch.Generator())
    with torch.no_grad():
        for weight in critic.parameters():
            weight += 0.2 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(3))
    x, y = (torch.randn(90, 2, generator=torch.Generator().manual_seed(s)) for s in (1, 2))
    parts = blocks(90, 30, np.random.default_rng(0))
    found = value(Contrastive(), critic, x, y, parts)
    with torch.no_grad():
        alone = [Contrastive().value(critic(x[part], y[part]).double()) for part in parts]
    assert found.mi == pytest.approx(np.mean([each.mi for each in alone]), abs=1e-6)
    assert found.mi == mi(Contrastive(), critic, x, y, parts)
    assert len(found.influence) == 90
    assert found.variance == pytest.approx(np.mean([each.variance for each in alone]) / 3, rel=0.35)
    whole = value(DonskerVaradhan(), critic, x, y, blocks(90, 90, np.random.default_rng(0)))
    with torch.no_grad():
        assert whole.mi == pytest.approx(DonskerVaradhan().value(critic(x, y).double()).mi, abs=1e-6)


def test_each_half_keeps_the_weights_it_likes_best() -> None:
    choice = Choice()
    for step, told in enumerate([(0.0, 0.0), (1.0, 0.5), (0.8, 0.9), (0.7, 0.9004)]):
        choice.look(10 * step, told, [torch.tensor(float(step))])
    assert choice.steps == [10, 30]
    assert [float(weights[0]) for weights in choice.weights] == [1.0, 3.0]
    assert choice.stale == 1  # 0.0004 nats are no progress


def test_kept_weights_do_not_follow_training() -> None:
    choice, weights = Choice(), [torch.zeros(2)]
    choice.look(0, (1.0, 1.0), weights)
    weights[0] += 1.0
    assert not choice.weights[0][0].any()


def test_the_best_of_many_noisy_checks_is_not_biased_upwards() -> None:
    """Forty checkpoints whose values are pure noise: the best is above 2, what the other half says of it has mean 0."""
    rng = np.random.default_rng(0)
    reports, best = [], []
    for _ in range(300):
        choice, noise = Choice(), rng.standard_normal((40, 2))
        for step, (first, second) in enumerate(noise):
            choice.look(step, (first, second), [])
        reports.append((noise[choice.steps[1], 0] + noise[choice.steps[0], 1]) / 2)
        best.append(noise.max(0).mean())
    assert np.mean(best) > 2.0
    assert abs(np.mean(reports)) < 4 * 0.71 / np.sqrt(300)
