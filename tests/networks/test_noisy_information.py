# SPDX-License-Identifier: Apache-2.0
"""Information of the layers of a small noisy network: two Monte Carlo methods against quadrature of the densities."""

import math

import numpy as np
import pytest

from mibench.networks.noisy_information import Computed, extrapolated_information, nested_information

METHODS = [nested_information, extrapolated_information]
INPUTS = ((np.arange(64)[:, None] >> np.arange(6)) & 1).astype(float)
LABELS = (INPUTS.sum(axis=1) > 3).astype(np.int64)
_RNG = np.random.default_rng(4)
LAYERS = [(1.2 * _RNG.normal(size=(2, 6)), _RNG.normal(size=2)), (1.5 * _RNG.normal(size=(1, 2)), _RNG.normal(size=1))]


def _centres(layer, std):
    """Draws of the centre of layer 1 or 2, as plain passes through the network."""

    def draw(which, r, rng):
        (w1, b1), (w2, b2) = LAYERS
        first = np.repeat(np.tanh(INPUTS[which] @ w1.T + b1)[:, None], r, axis=1)
        if layer == 1:
            return first
        return np.tanh((first + std * rng.standard_normal(first.shape)) @ w2.T + b2)

    return draw


def _information(densities, cell):
    """I of the input and of the label from the density of each input on a grid, by sums over its cells."""

    def divergence(groups):
        p = densities.mean(axis=0)
        total = 0.0
        for group in groups:
            q = densities[group].mean(axis=0)
            some = q > 1e-280
            ratio = np.log(np.where(some, q, 1) / np.where(some, p, 1))
            total += len(group) / 64 * (q * ratio).sum() * cell
        return total

    return divergence([[i] for i in range(64)]), divergence([np.flatnonzero(y == LABELS) for y in (0, 1)])


def _normal(t, mean, std):
    return np.exp(-(((t - mean) / std) ** 2) / 2) / (std * math.sqrt(2 * math.pi))


def _first_layer_by_quadrature(std):
    w, b = LAYERS[0]
    atoms = np.tanh(INPUTS @ w.T + b)
    step = std / 5
    grid = np.arange(-1 - 6 * std, 1 + 6 * std, step)
    sides = [_normal(grid, atoms[:, k, None], std) for k in range(2)]
    return _information((sides[0][:, :, None] * sides[1][:, None, :]).reshape(64, -1), step**2)


def _second_layer_by_quadrature(std):
    """Given x the sum that enters the second layer is exactly normal: its density is one integral."""
    (w1, b1), (w2, b2) = LAYERS
    mean = np.tanh(INPUTS @ w1.T + b1) @ w2[0] + b2[0]
    z = np.linspace(-7, 7, 561)
    centres = np.tanh(mean[:, None] + std * np.linalg.norm(w2) * z)
    weights = _normal(z, 0, 1) * (z[1] - z[0])
    step = std / 10
    grid = np.arange(-1 - 7 * std, 1 + 7 * std, step)
    densities = np.array([_normal(grid[:, None], each, std) @ weights for each in centres])
    np.testing.assert_allclose(densities.sum(axis=1) * step, 1, rtol=1e-9)
    return _information(densities, step)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("std", [0.05, 0.5])
@pytest.mark.parametrize("layer", [1, 2])
def test_small_network_by_quadrature(method, std, layer):
    expected = (_first_layer_by_quadrature if layer == 1 else _second_layer_by_quadrature)(std)
    rng = np.random.default_rng(5)
    found = method(_centres(layer, std), LABELS, std, rng, deterministic=layer == 1, std_error=0.02)
    for one, truth in zip(found, expected, strict=True):
        assert one.std_error < 0.03
        assert one.mi == pytest.approx(truth, abs=4 * one.std_error)


@pytest.mark.parametrize("std", [0.05, 0.5])
def test_the_two_methods_agree(std):
    first, second = (
        method(_centres(2, std), LABELS, std, np.random.default_rng(seed), std_error=0.02)
        for seed, method in enumerate(METHODS)
    )
    for one, other in zip(first, second, strict=True):
        assert abs(one.mi - other.mi) < 3 * math.hypot(one.std_error, other.std_error)


@pytest.mark.parametrize("std", [0.05, 0.5])
def test_the_output_is_a_mixture_of_normals_on_a_line(std):
    """Of two logits the difference is a.S + c with noise s |a|, and of one hidden layer S is a function of x."""
    (w, b), (slope, offset) = LAYERS
    values = (np.tanh(INPUTS @ w.T + b) @ slope[0] + offset[0])[:, None]
    noise = std * float(np.linalg.norm(slope))
    grid = np.arange(values.min() - 8 * noise, values.max() + 8 * noise, noise / 20)
    expected = _information(_normal(grid, values, noise), grid[1] - grid[0])
    for method in METHODS:
        rng = np.random.default_rng(6)
        found = method(
            lambda which, r, rng: np.repeat(values[which][:, None], r, axis=1),
            LABELS,
            noise,
            rng,
            deterministic=True,
            std_error=0.005,
        )
        for one, truth in zip(found, expected, strict=True):
            assert one.std_error <= 0.007
            assert one.mi == pytest.approx(truth, abs=4.5 * one.std_error)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("deterministic", [True, False])
def test_limits(method, deterministic):
    """Far inputs are told apart exactly, however few their replicas; equal ones not at all."""

    def far(which, r, rng):
        spread = 0.0 if deterministic else 0.3 * rng.standard_normal((len(which), r, 3))
        return np.repeat(20.0 * which[:, None, None] * np.ones(3), r, axis=1) + spread

    def equal(which, r, rng):
        return np.zeros((len(which), r, 3))

    classes = -(np.bincount(LABELS) / 64) @ np.log(np.bincount(LABELS) / 64)
    found = method(far, LABELS, 0.1, np.random.default_rng(0), deterministic=deterministic)
    assert [each.mi for each in found] == pytest.approx([math.log(64), classes], abs=1e-12)
    assert [each.std_error for each in found] == pytest.approx([0, 0], abs=1e-9)
    found = method(equal, LABELS, 0.1, np.random.default_rng(0), deterministic=deterministic)
    assert [each.mi for each in found] == pytest.approx([0, 0], abs=1e-12)


def test_errors_add_in_quadrature():
    assert Computed(1.0, 0.003, 0.004).std_error == pytest.approx(0.005)
