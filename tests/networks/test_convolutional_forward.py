# SPDX-License-Identifier: Apache-2.0
"""Layers of convolutional networks: sums written out one by one say the same; noise is what the network says it is."""

from __future__ import annotations

import numpy as np
import pytest

from mibench.contracts import InputError
from mibench.networks import convolutional_forward
from mibench.networks.convolutional import Convolutional
from mibench.networks.convolutional_exact import evaluate
from mibench.networks.convolutional_forward import activations

SMALL = Convolutional((2, 3), (5,), classes=4, side=11)


def _made(network, n, seed=0, scale=0.5):
    rng = np.random.default_rng(seed)
    parameters = (scale * rng.normal(size=network.n_parameters)).astype(np.float32)
    return parameters, rng.normal(size=(n, network.widths[0])).astype(np.float32)


def _by_hand(network, parameters, image):
    """Layers of one image, in float64, from the definition of each."""
    slope = 0.0 if network.activation == "relu" else 0.01
    x, found = image.astype(np.float64).reshape(1, network.side, network.side), []
    for layer, (w, b) in enumerate(network.layers(parameters.astype(np.float64))):
        if layer < len(network.channels):
            side = x.shape[1] - 2
            sums = [
                [[(x[:, i : i + 3, j : j + 3] * w[f]).sum() + b[f] for j in range(side)] for i in range(side)]
                for f in range(len(b))
            ]
            half = side // 2
            x = np.array(sums)[:, : 2 * half, : 2 * half].reshape(len(b), half, 2, half, 2).max(axis=(2, 4))
        else:
            x = w @ x.ravel() + b
        x = np.where(x > 0, x, slope * x) if layer < network.n_layers - 1 else x - np.log(np.exp(x).sum())
        found.append(x.ravel())
    return found


@pytest.mark.parametrize(
    "network",
    [
        SMALL,
        Convolutional((3,), (), classes=2, side=7, activation="relu"),
        Convolutional((2, 1, 2), (3, 4), side=22),
        Convolutional((1,), (2,), side=4),
    ],
    ids=str,
)
def test_layers_are_what_the_network_says(network):
    parameters, images = _made(network, 6)
    found = activations(network, parameters, images)
    assert [layer.shape for layer in found] == [(6, width) for width in network.widths[1:]]
    for number, image in enumerate(images):
        for layer, wanted in zip(found, _by_hand(network, parameters, image), strict=True):
            assert layer.dtype == np.float32
            np.testing.assert_allclose(layer[number], wanted, rtol=1e-4, atol=1e-5)


def test_rows_do_not_depend_on_how_they_are_cut(monkeypatch):
    parameters, images = _made(SMALL, 25)
    noisy = Convolutional((2, 3), (5,), classes=4, side=11, noise=0.3)
    whole, drawn = activations(SMALL, parameters, images), activations(noisy, parameters, images, rng=7)
    monkeypatch.setattr(convolutional_forward, "_AT_ONCE", 4 * 121)
    for layers, cut in (
        (whole, activations(SMALL, parameters, images)),
        (drawn, activations(noisy, parameters, images, rng=7)),
        (drawn, activations(noisy, parameters, images[:10], rng=7)),
    ):
        for layer, other in zip(layers, cut, strict=True):
            np.testing.assert_allclose(layer[: len(other)], other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ["additive", "multiplicative"])
def test_noise_is_added_to_what_each_layer_reads(kind):
    """Of a network that only passes on: each layer's deviation is that of its own and all earlier noise."""
    network = Convolutional((1,), (1,), classes=2, side=4, noise=0.1, noise_kind=kind)
    layers = [
        (np.zeros((1, 1, 3, 3), np.float32), np.zeros(1, np.float32)),
        (np.ones((1, 1), np.float32), np.zeros(1, np.float32)),
        (np.array([[1], [0]], np.float32), np.zeros(2, np.float32)),
    ]
    layers[0][0][0, 0, 1, 1] = 1.0
    image = np.zeros((1, 16), np.float32)
    image[0, 5] = 100.0  # seen by one of the four places, and far above the others
    found = activations(network, network.flat(layers), np.repeat(image, 20_000, 0), rng=np.random.default_rng(1))
    logits = found[2][:, 0] - found[2][:, 1]  # the second logit has weight 0
    for reads, values in enumerate((found[0], found[1], logits), start=1):
        deviation = 0.1 * np.sqrt(reads) if kind == "additive" else 100 * np.sqrt(1.01**reads - 1)
        assert values.std() == pytest.approx(deviation, rel=0.03)
        assert values.mean() == pytest.approx(100, abs=5 * deviation / 140)


def test_a_draw_is_fresh_and_repeatable_and_left_out_without_a_source():
    network = Convolutional((2,), (3,), side=8, noise=0.1)
    parameters, images = _made(network, 5)
    rng = np.random.default_rng(0)
    first, second = (activations(network, parameters, images, rng) for _ in range(2))
    again = activations(network, parameters, images, np.random.default_rng(0))
    assert all((a != b).any() and (a == c).all() for a, b, c in zip(first, second, again, strict=True))
    quiet = activations(network, parameters, images)
    silent = activations(Convolutional((2,), (3,), side=8), parameters, images, rng=3)
    assert all(np.array_equal(a, b) for a, b in zip(quiet, silent, strict=True))


def test_rounded_layers_are_those_of_the_exact_codes():
    network = Convolutional((2, 3), (5,), classes=4, side=11, bits=8)
    parameters, images = _made(network, 40)
    images[30:] = images[:10]
    layers = evaluate(network, parameters, images)
    for values, layer in zip(activations(network, parameters, images), layers, strict=True):
        assert values.dtype == np.float32
        assert np.array_equal(values, layer.values[layer.member])
    np.testing.assert_allclose(values.sum(axis=1), 1.0, atol=4 / 255)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda n, p, x: (n, p[:-1], x), r"parameters have shape \(\d+,\): give"),
        (lambda n, p, x: (n, p, x[:, 1:]), r"rows have shape \(3, 120\): give \(N, 121\)"),
    ],
)
def test_what_is_refused(change, message):
    with pytest.raises(InputError, match=message):
        activations(*change(SMALL, *_made(SMALL, 3)))
