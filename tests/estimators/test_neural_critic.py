# SPDX-License-Identifier: Apache-2.0
"""The critic: shapes, its joint scores pair by pair, where its weights come from."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from mibench.contracts import InputError
from mibench.estimators.neural.critic import Critic

SIZES: dict[str, Any] = {"hidden": 12, "channels": 3, "width": 5, "units": 4}


def critic_of(
    x: tuple[int, ...], y: tuple[int, ...], kind: Any = "auto", seed: int = 0, trained: bool = True
) -> Critic:
    critic = Critic(x, y, kind, generator=torch.Generator().manual_seed(seed), **SIZES)
    if trained:  # away from f = 0
        draws = torch.Generator().manual_seed(seed + 1)
        with torch.no_grad():
            for weight in critic.parameters():
                weight += 0.3 * torch.randn(weight.shape, generator=draws)
    return critic


def convolutions(module: nn.Module) -> int:
    return sum(isinstance(layer, nn.Conv2d) for layer in module.modules())


@pytest.mark.parametrize(
    ("shape", "count"),
    [((3,), 0), ((1,), 0), ((16, 16), 2), ((9, 13), 2), ((3, 8, 8), 2), ((4, 4), 0), ((2, 2, 2, 2), 0)],
)
def test_auto_takes_convolutions_for_images_alone(shape: tuple[int, ...], count: int) -> None:
    critic = critic_of(shape, (2,))
    assert convolutions(critic.of_x) == count
    assert convolutions(critic.of_y) == 0
    assert critic(torch.randn(6, *shape), torch.randn(6, 2)).shape == (6, 6)


def test_scores_are_those_of_each_pair_alone() -> None:
    """All pairs at once equal one pair at a time: by the formula, and with nothing shared across the batch."""
    critic = critic_of((8, 8), (3,))
    x, y = torch.randn(5, 8, 8), torch.randn(4, 3)
    with torch.no_grad():
        together = critic(x, y)
        a, b, w = critic.of_x(x), critic.of_y(y), SIZES["width"]
        for i in range(5):
            for j in range(4):
                torch.testing.assert_close(critic(x[i : i + 1], y[j : j + 1])[0, 0], together[i, j])
                hidden = nn.functional.leaky_relu(a[i, w + 1 :] + b[j, w + 1 :], 0.1)
                expected = 4 * a[i, :w] @ b[j, :w] / w**0.5 + a[i, w] + b[j, w] + critic.weights @ hidden
                torch.testing.assert_close(expected, together[i, j])


def test_an_untrained_critic_scores_zero_and_can_learn() -> None:
    critic = critic_of((4,), (4,), trained=False)
    scores = critic(torch.randn(6, 4), torch.randn(6, 4))
    assert not scores.any()
    scores.backward(torch.randn(6, 6))
    moved = [weight.grad is not None and bool(weight.grad.any()) for weight in (*critic.of_y[-1].parameters(),)]
    assert all(moved)
    assert critic.weights.grad is not None
    assert critic.weights.grad.any()


def test_weights_come_from_the_generator_alone() -> None:
    one = critic_of((8, 8), (3,), seed=5, trained=False)
    torch.rand(3)  # moves the global state
    same, other = (critic_of((8, 8), (3,), seed=seed, trained=False) for seed in (5, 6))
    for a, b, c in zip(one.parameters(), same.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
        assert not a.any() or not torch.equal(a, c)


def test_conv_refuses_vectors_and_tiny_images() -> None:
    with pytest.raises(
        InputError, match=r"critic='conv' needs images .* one sample has shape \(3,\); use critic='mlp'"
    ):
        critic_of((8, 8), (3,), "conv")
    with pytest.raises(InputError, match=r"sides of 8 pixels"):
        critic_of((4, 8), (8, 8), "conv")
    assert not convolutions(critic_of((8, 8), (8, 8), "mlp"))
