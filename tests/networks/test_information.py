# SPDX-License-Identifier: Apache-2.0
"""Information of layers: what theory says of it holds without a tolerance; a second method gives the same numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mibench.contracts import InputError
from mibench.datasets import ib12
from mibench.networks.batched import Batched
from mibench.networks.forward import Layer, evaluate
from mibench.networks.information import assert_processing, layer_information, layer_information_reference
from mibench.networks.initial import initial
from mibench.networks.planes import plane, plane_reference
from mibench.networks.quantisers import start_ranges
from mibench.networks.spec import ACTIVATIONS, Network, Training
from mibench.networks.state import Rows, State

INPUTS, LABELS = ib12.patterns().astype(np.float32), ib12.labels()
H_Y = layer_information(LABELS[:, None], LABELS)[0]
LN_N = layer_information(np.arange(4096)[:, None], LABELS)[0]
SETTINGS = [(mode, bits) for mode in ("paper", "tfmot", "instant") for bits in (1, 2, 4, 8, 16, 32)]
SETTINGS.append(("float32-exact", None))


def _ordered(found):
    """0 <= I(T;Y) <= I(X;T), both non-increasing along the last axis but one; no tolerance."""
    assert (found[..., 1] >= 0).all()
    assert (found[..., 1] <= found[..., 0]).all()
    assert (np.diff(found, axis=-2) <= 0).all()


def _ceilings(network, found):
    assert (found[..., 1] <= H_Y).all()
    assert (found[..., 0] <= LN_N).all()
    if network.bits:
        states = network.bits * np.array(network.widths[1:]) * math.log(2)
        assert (found[..., 0] <= states * (1 + 1e-15)).all()


def _by_joint_table(member, labels):
    """I(X;T) and I(T;Y) as relative entropies of joint tables, cell by cell."""
    found = []
    for other in (np.arange(len(member)), labels):
        table = np.zeros((member.max() + 1, other.max() + 1))
        np.add.at(table, (member, other), 1.0 / len(member))
        t, o = table.sum(1), table.sum(0)
        cells = [table[i, j] * math.log(table[i, j] / t[i] / o[j]) for i, j in zip(*np.nonzero(table), strict=True)]
        found.append(math.fsum(cells))
    return tuple(found)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_no_layer_gains(activation):
    """Every mode and number of bits, weights from small to saturating, some layers dead."""
    for mode, bits in SETTINGS:
        network = Network(activation=activation, bits=bits, mode=mode)
        rng = np.random.default_rng(bits)
        scales = np.array([0.1, 0.5, 2.0, 20.0])[:, None]
        parameters = (scales * rng.normal(size=(4, network.n_parameters))).astype(np.float32)
        network.layers(parameters)[3][1][1] = -1e4  # with relu, a constant from the fourth layer on
        ranges = start_ranges(network, parameters)
        found = plane(network, parameters, INPUTS, LABELS, ranges)
        _ordered(found)
        _ceilings(network, found)
        if activation == "relu":
            assert np.array_equal(found[1, 3:], np.zeros((3, 2)))
        layers = evaluate(network, parameters[2], INPUTS, ranges[2])
        assert_processing(layers)
        assert np.array_equal(found[2], [layer_information(layer, LABELS) for layer in layers])


@pytest.mark.parametrize(
    ("mode", "bits"), [("paper", 8), ("paper", 4), ("tfmot", 8), ("instant", 8), ("float32-exact", None)]
)
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_no_layer_gains_at_any_epoch(mode, bits, activation):
    network = Network(activation=activation, bits=bits, mode=mode)
    parameters = np.stack([initial(network, "glorot_uniform", seed) for seed in range(2)])
    state = State(
        epoch=0,
        steps=0,
        parameters=parameters,
        first=np.zeros_like(parameters),
        second=np.zeros_like(parameters),
        ranges=start_ranges(network, parameters),
        keys=np.arange(1, 5, dtype=np.uint64).reshape(2, 2),
    )
    train = np.tile(np.arange(0, 4096, 2), (2, 1))
    rows = Rows(INPUTS, train, LABELS[train].astype(np.int64))
    saved = [(state.parameters.copy(), state.ranges.copy())]
    for _ in range(6):
        Batched().advance(network, Training(learning_rate=0.01), state, rows, 1)
        saved.append((state.parameters.copy(), state.ranges.copy()))
    parameters, ranges = (np.stack(each, axis=1) for each in zip(*saved, strict=True))
    found = plane(network, parameters, INPUTS, LABELS, ranges)
    assert found.shape == (2, 7, 6, 2)
    _ordered(found)
    _ceilings(network, found)
    assert found[:, -1, -1, 1].max() > 0.05  # something was learnt
    assert np.array_equal(found[:, -1:], plane_reference(network, parameters[:, -1:], INPUTS, LABELS, ranges[:, -1:]))


def test_invertible_float64_layers_keep_all_bits():
    """tanh with random weights: 4096 distinct rows in every hidden layer, I(X;T) = ln 4096 and I(T;Y) = H(Y)."""
    network = Network()
    parameters = np.random.default_rng(0).normal(size=(3, network.n_parameters)) * 0.5
    found = plane(network, parameters, INPUTS, LABELS)
    assert (found[:, :-1, 0] == LN_N).all()
    assert (found[:, :-1, 1] == H_Y).all()
    assert math.log(4096) == LN_N
    assert H_Y / math.log(2) == pytest.approx(0.9991571209, abs=1e-10)


def test_information_is_entropy_and_the_joint_table_says_the_same():
    network = Network(bits=2)
    parameters = np.random.default_rng(1).normal(size=network.n_parameters).astype(np.float32)
    for layer in evaluate(network, parameters, INPUTS):
        found = layer_information(layer, LABELS)
        p = np.bincount(layer.member) / 4096
        assert found[0] == pytest.approx(-math.fsum(p * np.log(p)), rel=1e-14, abs=1e-15)
        assert found == pytest.approx(_by_joint_table(layer.member, LABELS), rel=1e-12, abs=1e-13)
        assert found == layer_information(layer.codes[layer.member], LABELS)
        # of the values that the codes stand for, too
        assert found == layer_information(layer.values[layer.member].view(np.int32), LABELS)


def test_coarser_bins_keep_less():
    """Nested bins 256, 128, 64, 32, ... of one layer."""
    z = np.tanh(np.random.default_rng(0).normal(size=(4096, 3)))
    bins = np.floor((z + 1) / 2 * 256).astype(np.uint8)
    found = np.array([layer_information(bins >> shift, LABELS) for shift in range(9)])
    _ordered(found)
    assert (found[:, 0] <= np.minimum(LN_N, 3 * np.arange(8, -1, -1) * math.log(2) * (1 + 1e-15))).all()
    assert np.array_equal(found[8], (0.0, 0.0))


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 150), st.integers(1, 40), st.integers(1, 6))
def test_the_reference_says_the_same(seed, n, levels, n_labels):
    rng = np.random.default_rng(seed)
    codes, labels, weights = rng.integers(0, levels, (n, 2)), rng.integers(0, n_labels, n), rng.integers(0, 5, n)
    weights[0] = 1
    for w in (None, weights):
        found = layer_information(codes, labels, w)
        assert found == pytest.approx(layer_information_reference(codes, labels, w), rel=1e-11, abs=1e-12)
        assert 0 <= found[1] <= found[0]
    repeated = np.repeat(np.arange(n), weights)
    assert found == layer_information(codes[repeated], labels[repeated])
    order = rng.permutation(n)
    assert found == layer_information(7 - codes[order], (labels + 3)[order] * 1000, weights[order])


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(2, 400), st.integers(1, 5))
def test_merging_never_gains(seed, n, n_labels):
    """Random merges of random codes; among them many that lose nothing of the label."""
    rng = np.random.default_rng(seed)
    member, labels = rng.integers(0, max(2, n // 3), n), rng.integers(0, n_labels, n)
    found = []
    while True:
        found.append(layer_information(member[:, None], labels))
        if member.max() == 0:
            break
        member = rng.integers(0, max(1, member.max() // 2), member.max() + 1)[member]
    _ordered(np.array(found))
    assert found[-1] == (0.0, 0.0)


@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=4).filter(any),
    st.lists(st.integers(1, 12), min_size=2, max_size=6),
)
@settings(deadline=None, max_examples=60)
def test_merging_codes_of_equal_shares_loses_nothing(shares, multiples):
    """Codes whose labels stand in one proportion, beside a code of others: I(T;Y) is the same number, to the bit."""
    counts = np.concatenate([np.multiply.outer(multiples, shares), [[5] * len(shares)]])
    code, label = (each.repeat(counts.ravel()) for each in np.indices(counts.shape).reshape(2, -1))
    merged = np.where(code < len(multiples), 0, 1)
    apart, together = layer_information(code[:, None], label), layer_information(merged[:, None], label)
    assert together[1] == apart[1]
    assert together[0] < apart[0]


def test_more_labels_than_rows_of_each():
    rng = np.random.default_rng(2)
    codes, labels = rng.integers(0, 5, (500, 2)), rng.integers(0, 300, 500)
    assert layer_information(codes, labels) == pytest.approx(layer_information_reference(codes, labels), rel=1e-12)
    few = labels % 64
    spread = np.where(few == 63, 64, few)  # the same labels, one number too large for a table
    assert layer_information(codes, few) == layer_information(codes, spread)
    assert layer_information(codes, np.arange(500))[1] == layer_information(codes, few)[0]


def test_planes_of_repeated_rows_and_of_one_vector():
    network = Network((12, 4, 3, 2), bits=3)
    parameters = np.random.default_rng(0).normal(size=network.n_parameters).astype(np.float32)
    rows = np.random.default_rng(1).integers(0, 4096, 3000)
    found = plane(network, parameters, INPUTS[rows], LABELS[rows])
    assert found.shape == (3, 2)
    assert np.array_equal(found, plane_reference(network, parameters, INPUTS[rows], LABELS[rows]))
    assert np.array_equal(found, plane(network, parameters, INPUTS[rows[::-1]], LABELS[rows[::-1]]))
    assert np.array_equal(plane(network, parameters, INPUTS[:1], LABELS[:1]), np.zeros((3, 2)))
    assert np.array_equal(plane(network, parameters, INPUTS[[5] * 9], LABELS[[5] * 9]), np.zeros((3, 2)))
    assert plane(network, parameters[None][:0], INPUTS, LABELS).shape == (0, 3, 2)


def test_a_layer_that_is_no_function_of_the_one_before_is_found():
    def layer(*member):
        codes = np.arange(max(member) + 1)[:, None]
        return Layer(codes, codes.astype(np.float32), np.array(member, dtype=np.int32))

    assert_processing([layer(0, 1, 2, 2), layer(0, 1, 0, 0), layer(0, 0, 0, 0)])
    with pytest.raises(AssertionError, match=r"layer 3 tells row \d from rows of the same code in layer 2"):
        assert_processing([layer(0, 1, 2, 3), layer(0, 1, 0, 0), layer(0, 0, 1, 0)])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros((3, 2)), [0, 1, 1]), "codes have shape .* and type float64"),
        ((np.zeros(3, int), [0, 1, 1]), r"codes have shape \(3,\)"),
        ((np.zeros((0, 2), int), []), r"codes have shape \(0, 2\)"),
        ((np.zeros((3, 2), int), [0, 1]), r"labels has shape \(2,\)"),
        ((np.zeros((3, 2), int), [0.0, 1.0, 0.5]), "labels holds float64 values"),
        ((np.zeros((3, 2), int), [0, 1, 1], [1, -1, 1]), "weights have shape"),
        ((np.zeros((3, 2), int), [0, 1, 1], [0, 0, 0]), "weights have shape"),
        ((np.zeros((3, 2), int), [0, 1, 1], [0.5, 0.2, 0.3]), "weights have shape .* and type float64"),
    ],
)
def test_what_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        layer_information(*arguments)


def test_weights_that_would_overflow_are_refused():
    codes, labels = np.arange(3)[:, None], np.arange(3)
    for weights in (np.array([2**64 - 1, 1, 1], np.uint64), np.array([2**62] * 3)):
        with pytest.raises(InputError, match=r"a weight is \d+: .* at most"):
            layer_information(codes, labels, weights)
