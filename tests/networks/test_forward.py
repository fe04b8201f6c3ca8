# SPDX-License-Identifier: Apache-2.0
"""Layers on distinct codes: equal to a readable reference to the bit, and to a plain forward pass to rounding."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, softmax

from mibench.contracts import InputError
from mibench.datasets import ib12
from mibench.networks.activations import activate
from mibench.networks.forward import evaluate, evaluate_reference
from mibench.networks.quantisers import rule, start_ranges
from mibench.networks.spec import ACTIVATIONS, Network

BITS = [1, 2, 4, 8, 16, 32]
INPUTS = ib12.patterns().astype(np.float32)


def _parameters(network, seed=0, scale=0.5, dtype=np.float32):
    return (scale * np.random.default_rng(seed).normal(size=network.n_parameters)).astype(dtype)


def _rows(n, seed=0):
    return INPUTS[np.random.default_rng(seed).integers(0, 4096, n)]


def _same(found, expected):
    for layer, other in zip(found, expected, strict=True):
        for name in ("codes", "values", "member"):
            ours, theirs = getattr(layer, name), getattr(other, name)
            assert ours.dtype == theirs.dtype
            assert np.array_equal(ours, theirs), name


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("mode", ["paper", "tfmot", "instant"])
def test_the_reference_says_the_same_of_quantised_layers(mode, activation):
    for bits in BITS:
        network = Network((12, 5, 9, 3, 2), activation, bits=bits, mode=mode)
        parameters = _parameters(network, seed=bits)
        ranges = start_ranges(network, parameters[None])[0]
        ranges[:, :2] *= 0.1  # so that tfmot clips
        arguments = (network, parameters, _rows(60, bits), ranges)
        _same(evaluate(*arguments), evaluate_reference(*arguments))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_reference_says_the_same_of_floats(activation, dtype):
    for output, units in (("softmax", 3), ("sigmoid", 1)):
        network = Network((12, 7, 5, units), activation, output)
        arguments = (network, _parameters(network, scale=1.0, dtype=dtype), _rows(300))
        _same(evaluate(*arguments), evaluate_reference(*arguments))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_plain_forward_pass(activation):
    """All rows by matrix products, NumPy's and SciPy's functions."""
    for output, units in (("softmax", 4), ("sigmoid", 1)):
        network = Network((12, 10, 6, units), activation, output)
        parameters, rows = _parameters(network, dtype=np.float64), _rows(200).astype(np.float64)
        double = evaluate(network, parameters, rows)
        single = evaluate(network, parameters.astype(np.float32), rows)
        x = rows
        for number, (weights, bias) in enumerate(network.layers(parameters), start=1):
            x = x @ weights.T + bias
            if number < network.n_layers:
                x = activate(activation, x)
            else:
                x = softmax(x, axis=1) if output == "softmax" else expit(x)
            for layers, tolerance in ((double, 1e-13), (single, 3e-6)):
                layer = layers[number - 1]
                np.testing.assert_allclose(layer.values[layer.member], x, rtol=tolerance, atol=tolerance)


def test_a_quantised_forward_pass():
    """Paper mode by hand: each layer's values to the nearest of 2^k levels between its extremes."""
    network = Network((12, 8, 5, 2), bits=4)
    parameters = _parameters(network, seed=4)
    x = INPUTS.astype(np.float64)
    for number, (weights, bias) in enumerate(network.layers(parameters), start=1):
        x = x @ weights.T + bias
        x = np.tanh(x) if number < network.n_layers else softmax(x, axis=1)
        step = (x.max() - x.min()) / 15
        x = np.floor((x - x.min()) / step + 0.5) * step + x.min()
        layer = evaluate(network, parameters, INPUTS)[number - 1]
        wrong = np.abs(layer.values[layer.member] - x).max(axis=1) > step / 2
        assert wrong.mean() < 1e-3  # a value within rounding of a tie may go the other way
        assert layer.codes.min() == 0
        assert layer.codes.max() == 15


@pytest.mark.parametrize("mode", ["paper", "tfmot", "instant", "float32-exact"])
@pytest.mark.parametrize("bits", [1, 4, 8, 16])
def test_codes_and_values_tell_the_same_apart(mode, bits):
    network = Network(bits=None if mode == "float32-exact" else bits, mode=mode, activation="relu")
    parameters = _parameters(network)
    for layer in evaluate(network, parameters, INPUTS, start_ranges(network, parameters[None])[0]):
        assert layer.codes.shape == layer.values.shape
        assert len(np.unique(layer.codes, axis=0)) == len(np.unique(layer.values, axis=0)) == len(layer.codes)
        assert np.array_equal(np.unique(layer.member), np.arange(len(layer.codes)))


@pytest.mark.parametrize("mode", ["tfmot", "instant"])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_the_published_bins_lose_nothing_of_hidden_layers(mode, activation):
    """``round((v - low) 2^k / (high - low))`` tells apart all values of a layer on a grid of 2^k levels."""
    network = Network(bits=8, mode=mode, activation=activation)
    parameters = _parameters(network, scale=1.0)
    layers = evaluate(network, parameters, INPUTS, start_ranges(network, parameters[None])[0])
    for layer in layers[:-1]:
        low, high = layer.values.min(), layer.values.max()
        bins = np.round((layer.values.astype(np.float64) - low) * 256 / (high - low))
        assert len(np.unique(bins, axis=0)) == len(layer.codes)
    assert layers[-1].codes.max() == 256


@pytest.mark.parametrize("mode", ["paper", "tfmot", "instant", "float32-exact"])
@pytest.mark.parametrize("activation", ["tanh", "elu"])
def test_equal_rows_stay_equal_wherever_they_stand(mode, activation):
    network = Network(activation=activation, bits=None if mode == "float32-exact" else 8, mode=mode)
    parameters = _parameters(network)
    ranges = start_ranges(network, parameters[None])[0]
    rng = np.random.default_rng(0)
    order = rng.permutation(4096)
    more = np.concatenate([INPUTS[order], INPUTS[rng.integers(0, 4096, 777)], -0.0 * INPUTS[:3]])
    once, again = evaluate(network, parameters, INPUTS, ranges), evaluate(network, parameters, more, ranges)
    for layer, other in zip(once, again, strict=True):
        assert np.array_equal(layer.values[layer.member][order], other.values[other.member][:4096])
        assert len(layer.codes) == len(other.codes)
        assert np.array_equal(other.member[-3:], np.repeat(other.member[np.flatnonzero(order == 0)], 3))


@pytest.mark.parametrize("mode", ["paper", "tfmot", "instant", "float32-exact"])
def test_a_dead_layer_is_one_code(mode):
    network = Network((12, 6, 4, 2), "relu", bits=None if mode == "float32-exact" else 8, mode=mode)
    parameters = _parameters(network)
    network.layers(parameters)[1][1][:] = -1e4
    ranges = start_ranges(network, parameters[None])[0]
    first, dead, last = evaluate(network, parameters, INPUTS, ranges)
    assert len(first.codes) > 100
    assert np.array_equal(dead.values, np.zeros((1, 4)))
    assert len(last.codes) == 1
    assert not dead.member.any()


def test_a_saturated_layer_is_its_signs():
    network = Network((12, 3, 2), bits=8)
    parameters = _parameters(network, scale=1e7)
    layer = evaluate(network, parameters, INPUTS)[0]
    weights, bias = network.layers(parameters.astype(np.float64))[0]
    assert set(np.unique(layer.codes)) == {0, 255}
    assert np.array_equal(layer.codes[layer.member] == 255, INPUTS @ weights.T + bias > 0)


def test_one_bit_paper_codes_halve_the_range():
    network = Network((12, 3, 2), "linear", bits=1)
    parameters = _parameters(network)
    layer = evaluate(network, parameters, INPUTS)[0]
    weights, bias = network.layers(parameters.astype(np.float64))[0]
    z = INPUTS @ weights.T + bias
    assert np.array_equal(layer.codes[layer.member] == 1, z >= (z.min() + z.max()) / 2)


def test_tfmot_clips_to_what_it_remembers():
    network = Network((12, 6, 2), "relu", bits=8, mode="tfmot")
    parameters = _parameters(network, scale=2.0)
    ranges = start_ranges(network, parameters[None])[0]
    ranges[0, :2] = 0.0, 1.0
    layer = evaluate(network, parameters, INPUTS, ranges)[0]
    assert layer.values.max() == 1.0
    assert layer.codes.max() == 255
    ranges[0, 2:] = 0.0  # weights rounded on the point 0: what is left is the bias
    assert len(evaluate(network, parameters, INPUTS, ranges)[0].codes) == 1
    assert rule(network, 1).weights


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda n, p: (Network(noise=0.1), p, INPUTS, None), r"noise is 0\.1.*mibench\.networks\.noisy"),
        (lambda n, p: (n, p[:-1], INPUTS, None), r"parameters have shape \(293,\): give \(294,\)"),
        (lambda n, p: (n, p, INPUTS[:, :11], None), r"inputs have shape \(4096, 11\)"),
        (lambda n, p: (n, p, INPUTS[:0], None), r"inputs have shape \(0, 12\)"),
        (lambda n, p: (n, p, ib12.patterns().astype(complex), None), "inputs hold complex128 values: give float32"),
        (lambda n, p: (n, p.astype(int), INPUTS, None), "parameters hold int64 values"),
        (lambda n, p: (n, p * np.nan, INPUTS, None), "parameters hold NaN"),
        (lambda n, p: (n, p, INPUTS / np.float32(1e-30) * np.float32(1e8), None), "so large that sums of float32"),
        (lambda n, p: (n, p, INPUTS, np.zeros((6, 3))), r"ranges have shape \(6, 3\)"),
        (lambda n, p: (Network(bits=8, mode="tfmot"), p, INPUTS, None), "mode 'tfmot' clips to remembered ranges"),
    ],
)
def test_what_is_refused(change, message):
    network = Network(bits=8)
    with pytest.raises(InputError, match=message):
        evaluate(*change(network, _parameters(network)))
