# SPDX-License-Identifier: Apache-2.0
"""Rate-distortion functions that are known, and bounds that enclose them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import entr

from mibench.contracts import InputError
from mibench.ib import blahut_arimoto

HAMMING = [[0, 1], [1, 0]]


def h(d: float) -> float:
    return float(entr(d) + entr(1 - d))


def test_a_fair_coin_with_hamming_distortion() -> None:
    asked = [0.3, 0.01, 0.1, 0.5, 0.8, 0.0]
    found = blahut_arimoto([0.5, 0.5], HAMMING, distortions=asked)
    truth = [np.log(2) - h(min(d, 0.5)) for d in asked]
    assert np.allclose(found.rate, truth, atol=2e-9)
    assert np.allclose(found.lower, truth, atol=2e-9)
    assert found.distortion.tolist() == asked
    assert found.converged.all()


def test_slopes_of_an_unfair_coin() -> None:
    """R(D) = h(p) - h(D), of slope -ln((1 - D) / D), up to D = p."""
    betas = np.array([0.0, 1.0, 2.0, 5.0])
    found = blahut_arimoto([0.3, 0.7], HAMMING, betas)
    at = np.minimum(1 / (1 + np.exp(betas)), 0.3)
    assert np.allclose(found.distortion, at, atol=1e-5)
    assert np.allclose(found.rate, [h(0.3) - h(d) for d in found.distortion], atol=1e-8)


def test_a_normal_source_with_squared_distortion() -> None:
    """R(D) = ln(s2 / D) / 2, D = 1 / (2 beta)."""
    x = np.linspace(-5, 5, 81)
    p = np.exp(-(x**2) / 2)
    wanted = np.array([0.2, 0.5, 0.8])
    found = blahut_arimoto(p / p.sum(), (x[:, None] - x) ** 2, 1 / (2 * wanted), tolerance=1e-4, iterations=10_000)
    assert np.allclose(found.distortion, wanted, atol=5e-3)
    truth = 0.5 * np.log(1 / found.distortion)
    assert (found.lower <= truth + 1e-4).all()
    assert (truth <= found.rate + 1e-4).all()
    assert np.allclose(found.rate, found.lower, atol=5e-4)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_bounds_enclose_and_the_function_falls(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p_x, costs = rng.dirichlet(np.ones(4)), rng.random((4, 5))
    least, most = p_x @ costs.min(axis=1), (p_x @ costs).min()
    asked = np.linspace(least, most, 6)[1:]
    found = blahut_arimoto(p_x, costs, distortions=asked, tolerance=1e-6)
    assert (found.lower <= found.rate + 1e-12).all()
    assert found.converged.all()
    assert (np.diff(found.rate) <= 1e-6).all()
    assert (np.diff(found.rate, 2) >= -4e-6).all()  # convex, at equal steps
    early = blahut_arimoto(p_x, costs, [3.0], iterations=2)
    there = blahut_arimoto(p_x, costs, distortions=early.distortion)
    assert early.lower <= there.rate + 1e-9
    assert early.rate >= there.lower - 1e-9


def test_values_without_probability_cost_nothing() -> None:
    found = blahut_arimoto([0.5, 0.0, 0.5], [[0, 1], [9, 9], [1, 0]], distortions=0.1)
    assert found.rate[0] == pytest.approx(np.log(2) - h(0.1))


@pytest.mark.parametrize(
    ("arguments", "more", "told"),
    [
        (([0.5, 0.4], HAMMING, [1.0]), {}, "p_x sums to"),
        (([0.5, 0.5], [[0, 1]], [1.0]), {}, "rows"),
        (([0.5, 0.5], [[0, -1], [1, 0]], [1.0]), {}, "negative"),
        (([0.5, 0.5], HAMMING), {}, "one of them"),
        (([0.5, 0.5], HAMMING, [1.0]), {"distortions": [0.1]}, "one of them"),
        (([0.5, 0.5], [[1, 2], [2, 1]]), {"distortions": [0.5]}, "the least one is 1"),
        (([0.5, 0.5], HAMMING, [np.inf]), {}, "betas"),
        (([0.5, 0.5], HAMMING), {"distortions": [-1]}, "distortions has .* give distortions of at least 0"),
        (([0.5, 0.5], HAMMING, [1.0]), {"tolerance": 0}, "tolerance"),
    ],
)
def test_what_cannot_be_done(arguments: tuple[object, ...], more: dict[str, object], told: str) -> None:
    with pytest.raises(InputError, match=told):
        blahut_arimoto(*arguments, **more)  # type: ignore[arg-type]
