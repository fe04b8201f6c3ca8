# SPDX-License-Identifier: Apache-2.0
"""Codes of convolutional networks: a readable reference says the same; theory holds without a tolerance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mibench.contracts import InputError
from mibench.networks.convolutional import Convolutional
from mibench.networks.convolutional_exact import evaluate, evaluate_reference
from mibench.networks.convolutional_forward import activations
from mibench.networks.information import assert_processing, layer_information
from mibench.networks.planes import Planes, plane, plane_and_null, plane_reference

SIDE = 11


def _network(bits=8, activation="relu", channels=(2, 3), dense=(5,), side=SIDE, **more):
    return Convolutional(channels, dense, classes=3, side=side, activation=activation, bits=bits, **more)


def _made(network, n, seed=0, scale=0.5, dtype=np.float32, leading=()):
    """Parameters, and images of few grey values, some of them twice."""
    rng = np.random.default_rng(seed)
    parameters = (scale * rng.normal(size=(*leading, network.n_parameters))).astype(dtype)
    images = (rng.integers(0, 4, (n, network.widths[0])) * (rng.random((n, network.widths[0])) < 0.3) / 3).astype(dtype)
    images[rng.random(n) < 0.2] = images[0]
    return parameters, images, rng.integers(0, 3, n)


def _same(found, expected):
    for layer, other in zip(found, expected, strict=True):
        for name in ("codes", "values", "member"):
            ours, theirs = getattr(layer, name), getattr(other, name)
            assert ours.dtype == theirs.dtype
            assert np.array_equal(ours, theirs), name


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("activation", ["relu", "leaky-relu"])
@pytest.mark.parametrize("bits", [1, 3, 8, 16, None])
def test_the_reference_says_the_same(bits, activation, dtype):
    for channels, dense, side in (((2, 3), (5,), 11), ((1,), (), 5), ((3, 2), (4, 3), 12)):
        network = _network(bits, activation, channels, dense, side)
        parameters, images, _ = _made(network, 60, dtype=dtype)
        _same(evaluate(network, parameters, images), evaluate_reference(network, parameters, images))


def test_a_plain_forward_pass():
    network = _network(None)
    parameters, images, _ = _made(network, 50)
    exact, plain = evaluate(network, parameters, images), activations(network, parameters, images)
    plain[-1] = np.exp(plain[-1])
    for layer, values in zip(exact, plain, strict=True):
        np.testing.assert_allclose(layer.values[layer.member], values, rtol=1e-4, atol=1e-6)


def test_a_layer_has_the_levels_of_its_own_range():
    """Each layer by hand from the values of the one before, to the nearest of 2^4 levels."""
    network = _network(4)
    parameters, images, _ = _made(network, 200, scale=1.0)
    layers = evaluate(network, parameters, images)
    sums = layers[2].values.astype(np.float64) @ network.layers(parameters)[3][0].T + network.layers(parameters)[3][1]
    shares = np.exp(sums) / np.exp(sums).sum(axis=1, keepdims=True)
    step = (shares.max() - shares.min()) / 15
    near = np.abs(layers[3].values[layers[3].member] - shares[layers[2].member])
    assert near.max() < step * 0.501
    for layer in layers:
        assert (layer.codes.min(), layer.codes.max()) == (0, 15)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 90), st.sampled_from([1, 2, 4, 8, None]), st.floats(0.05, 30.0))
def test_no_layer_gains(seed, n, bits, scale):
    """0 <= I(T;Y) <= I(X;T), both non-increasing along the layers, without a tolerance."""
    network = _network(bits, channels=(2, 2), dense=(3,))
    parameters, images, labels = _made(network, n, seed, scale, leading=(3,))
    parameters[1] *= -1
    network.layers(parameters[2])[2][1][:] = -1e9  # a dead layer
    found = plane(network, parameters, images, labels)
    assert (found[..., 1] >= 0).all()
    assert (found[..., 1] <= found[..., 0]).all()
    assert (np.diff(found, axis=-2) <= 0).all()
    assert np.array_equal(found[2, 2:], np.zeros((2, 2)))
    ids = np.unique(images, axis=0, return_inverse=True)[1].reshape(-1, 1)
    assert (found <= layer_information(ids, labels)).all()
    assert_processing(evaluate(network, parameters[0], images))
    assert np.array_equal(found, plane_reference(network, parameters, images, labels))


@pytest.mark.parametrize("bits", [8, None])
def test_equal_rows_stay_equal_wherever_they_stand(bits):
    network = _network(bits)
    parameters, images, _ = _made(network, 300)
    rng = np.random.default_rng(1)
    order = rng.permutation(300)
    more = np.concatenate(
        [images[order], images[rng.integers(0, 300, 77)], np.where(images[:9] == 0, -0.0, images[:9])]
    )
    once, again = evaluate(network, parameters, images), evaluate(network, parameters, more)
    for layer, other in zip(once, again, strict=True):
        assert np.array_equal(layer.values[layer.member][order], other.values[other.member][:300])
        assert len(layer.codes) == len(other.codes)
        assert np.array_equal(other.values[other.member[-9:]], layer.values[layer.member[:9]])


def test_many_vectors_and_the_null():
    """More rows than are laid out at once; the null is the mean over permuted labels."""
    network = _network(3)
    parameters, images, labels = _made(network, 700, leading=(2, 3))
    found, null = plane_and_null(network, parameters, images, labels)
    assert found.shape == (2, 3, 4, 2)
    assert np.array_equal(found, plane_reference(network, parameters, images, labels))
    rng = np.random.default_rng(0)
    permuted = [plane(network, parameters[0, 0], images, rng.permutation(labels))[:, 1] for _ in range(60)]
    error = np.std(permuted, axis=0) / math.sqrt(60)
    assert (np.abs(np.mean(permuted, axis=0) - null[0, 0]) <= 5 * error + 1e-9).all()


def test_a_set_is_laid_out_once_for_many_parameters():
    network = _network(2)
    parameters, images, labels = _made(network, 90, leading=(4,))
    drawn, (found, null) = (
        Planes(network, images, labels, "float32"),
        plane_and_null(network, parameters, images, labels),
    )
    for which in (slice(0, 3), slice(3, 4)):
        again = drawn.of(parameters[which])
        assert np.array_equal(again[0], found[which])
        assert np.array_equal(again[1], null[which])
    with pytest.raises(InputError, match="parameters hold float64 values: give float32"):
        drawn.of(parameters.astype(np.float64))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda n, p, x: (_network(None, noise=0.1), p, x), r"noise is 0\.1"),
        (lambda n, p, x: (n, p[:-1], x), r"parameters have shape \(\d+,\): give"),
        (lambda n, p, x: (n, p, x[:, 1:]), r"inputs have shape \(5, 120\): give \(5, 121\)"),
        (lambda n, p, x: (n, p, x[:0]), r"inputs have shape \(0, 121\): give .* at least one row"),
        (lambda n, p, x: (n, p, x * np.nan), "inputs hold NaN"),
        (lambda n, p, x: (n, p * np.float32(1e12), x + 1), "so large that sums of float32 could overflow"),
    ],
)
def test_what_is_refused(change, message):
    network = _network()
    parameters, images, _ = _made(network, 5)
    with pytest.raises(InputError, match=message):
        evaluate(*change(network, parameters, images))
