# SPDX-License-Identifier: Apache-2.0
"""Planes by uniform bins: the codes of `mibench.estimators.discretise`, by every convention, and what theory says."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mibench.contracts import InputError, Unsupported
from mibench.datasets import ib12
from mibench.estimators.discretise import fixed_width, on_edges, uniform
from mibench.networks.forward import evaluate
from mibench.networks.spec import Network, Training
from mibench.networks.trajectory import Trajectory
from mibench.numerics.entropies import plug_in
from mibench.studies import planes
from mibench.studies.planes._codes import EDGES, UNIFORM, WIDTH, Rule, binned
from mibench.studies.planes.bins import Bins
from mibench.studies.planes.extremes import extremes

INPUTS, LABELS = ib12.patterns().astype(np.float32), ib12.labels().astype(np.int64)
SEED = np.random.SeedSequence(0)
NONE = float("nan")


def _trajectory(network, runs=2, points=3, scale=1.0, dtype="float32"):
    rng = np.random.default_rng(0)
    parameters = (scale * rng.normal(size=(runs, points, network.n_parameters))).astype(dtype)
    epochs, empty = np.array([0, 4, 9, 13, 20][:points]), np.zeros((runs, 20), np.float32)
    train, none = np.tile(np.arange(3000), (runs, 1)), np.zeros(runs, np.int64)
    return Trajectory(network, Training(epochs=20), 0, dtype, epochs, parameters, None, empty, empty, train, none)


def _of(trajectory, estimator, runs=(0, 1), points=(0, 2), **more):
    estimator = planes.get(estimator) if isinstance(estimator, str) else estimator
    return estimator.of_trajectory(
        trajectory, INPUTS, LABELS, runs=np.array(runs), points=np.array(points), seed=SEED, **more
    )


def _layers(trajectory, run, point):
    found = evaluate(trajectory.network, trajectory.parameters[run, point], INPUTS)
    return [layer.values[layer.member] for layer in found]


def _codes(values, rule, most, low=NONE, high=NONE):
    """Codes, shape (n, d), of the compiled bins of `values`, which go to `most` at most."""
    words, suits = binned(np.ascontiguousarray(values.T), len(values), rule, low, high)
    assert suits
    if rule.kind == WIDTH:
        return np.ascontiguousarray(words).view(np.float64)
    size = max(1, most.bit_length())
    unit, per_word = np.arange(values.shape[1]), 64 // size
    return (words[:, unit // per_word] >> (unit % per_word * size).astype(np.uint64) & np.uint64(2**size - 1)).astype(
        int
    )


@st.composite
def _values(draw):
    kind = draw(st.sampled_from([np.float32, np.float64]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    values = draw(st.sampled_from([1e-3, 1.0, 50.0])) * rng.normal(size=(draw(st.integers(1, 40)), 3))
    on_a_grid = np.round(values * 4) / 4  # values that are edges, and ties
    return np.where(rng.random(values.shape) < draw(st.sampled_from([0.0, 0.5])), on_a_grid, values).astype(kind)


@settings(max_examples=150, deadline=None)
@given(_values(), st.integers(2, 300), st.booleans())
def test_codes_are_those_of_the_reference(values, n, own):
    low, high = (float(values.min()), float(values.max())) if own else (-1.0, 0.75)
    clipped = np.clip(values.astype(np.float64), low, high)
    ends = (NONE, NONE) if own else (low, high)
    assert np.array_equal(_codes(values, Rule(UNIFORM, n), n - 1, *ends), uniform(clipped, n, (low, high)))
    digitized = np.digitize(values, np.linspace(low, high, n))
    assert np.array_equal(_codes(values, Rule(EDGES, n), n, *ends), digitized)
    assert np.array_equal(on_edges(values, n, (low, high), outside=True), digitized)
    width = 0.1 if own else 0.25
    assert np.array_equal(_codes(values, Rule(WIDTH, width=width), 0), fixed_width(values, width))


@pytest.mark.parametrize(
    ("activation", "name"),
    [
        ("tanh", "bins[n=30,lo=-1,hi=1,edges=true]"),
        ("tanh", "bins[n=30,lo=-1,hi=1,softmax=unit]"),
        ("tanh", "bins[width=0.07]"),
        ("relu", "bins[n=100,lo=0,edges=true]"),
        ("relu", "bins[n=256]"),
        ("relu", "bins[n=30,range=layer]"),
        ("elu", "bins[n=30,range=layer,softmax=unit,edges=true]"),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_plane_is_that_of_its_layers(activation, name, dtype):
    """The range of a run is that of all its points, also of those that are not drawn."""
    trajectory = _trajectory(Network(activation=activation), dtype=dtype)
    estimator, told = planes.get(name), []
    found = _of(trajectory, estimator, (1,), (0, 2), progress=told.append)
    every = [layer for point in range(3) for layer in _layers(trajectory, 1, point)]
    limits = (min(float(layer.min()) for layer in every), max(float(layer.max()) for layer in every))
    for at, point in enumerate((0, 2)):
        given_layers = _layers(trajectory, 1, point)
        expected = estimator.of_layers(INPUTS, given_layers, LABELS, limits=limits, seed=SEED)
        assert [tuple(pair) for pair in found.information[0, at]] == [(each.i_x, each.i_y) for each in expected]
        assert found.null is not None
        assert found.null[0, at] == pytest.approx([each.null for each in expected], abs=1e-12)
    assert found.epochs.tolist() == [0, 9]
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_quantised_networks_may_be_binned():
    """In as many intervals as levels, or so, the levels are told apart."""
    trajectory = _trajectory(Network(bits=4))
    exact, fine = _of(trajectory, "exact"), _of(trajectory, "bins[n=4096,range=layer]")
    assert np.array_equal(exact.information, fine.information)


@settings(max_examples=10, deadline=None)
@given(st.sampled_from(["tanh", "relu", "elu"]), st.floats(0.1, 3.0))
def test_finer_bins_know_more(activation, scale):
    trajectory = _trajectory(Network(activation=activation), 1, 2, scale)
    found = [
        _of(trajectory, f"bins[n={n},lo=-1.5,hi=7.3]", (0,), (0, 1)).information for n in (1, 2, 8, 32, 64, 128, 256)
    ]
    assert (found[0] == 0.0).all()
    for coarse, fine in pairwise(found):
        assert (coarse <= fine).all()
    most = plug_in(np.bincount(LABELS)) + 1e-15
    for each in found:
        assert (each[..., 1] >= 0).all()
        assert (each[..., 1] <= np.minimum(each[..., 0], most)).all()


def test_the_published_bins_and_the_greatest_value():
    """30 edges are 29 intervals, and 1 itself is apart from what is below."""
    below = np.nextafter(np.float32(1.0), np.float32(0.0))
    layer = np.array([[1.0], [below], [-1.0], [-1.5]], np.float32)
    szt, ours = planes.get("bins[n=30,lo=-1,hi=1,edges=true]"), planes.get("bins[n=30,lo=-1,hi=1]")
    assert szt.codes(layer, -1, 1).ravel().tolist() == [30, 29, 1, 0]
    assert ours.codes(layer, -1, 1).ravel().tolist() == [29, 29, 0, 0]


def test_constant_layers_know_nothing():
    trajectory = _trajectory(Network(activation="relu"), 1, 1)
    trajectory.parameters[:] = 0.0
    for name in ("bins[n=30]", "bins[n=30,range=layer]", "bins[width=0.1]", "bins[n=30,range=layer,edges=true]"):
        assert (_of(trajectory, name, (0,), (0,)).information == 0.0).all()


def test_extremes_are_those_of_the_layers():
    trajectory = _trajectory(Network(activation="elu"))
    found = extremes(trajectory, INPUTS, np.array([1]), lambda share: None)
    expected = [[(layer.min(), layer.max()) for layer in _layers(trajectory, 1, point)] for point in range(3)]
    assert np.array_equal(found[0], expected)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "give one of them"),
        ({"n": 30, "width": 0.1}, "give one of them"),
        ({"n": 0}, "n is 0: give a whole number from 1"),
        ({"n": 1, "edges": True}, "from 2"),
        ({"n": 30.5}, "n is 30.5"),
        ({"n": True}, "n is True"),
        ({"n": 30, "lo": 1, "hi": 1}, "give a lo below hi"),
        ({"n": 30, "lo": float("inf")}, "lo is inf: give a finite number"),
        ({"n": 30, "softmax": "units"}, "unit"),
        ({"n": 30, "range": "epoch"}, "layer"),
        ({"n": 30, "edges": 1}, "true or false"),
        ({"width": 0}, "positive"),
        ({"width": 0.1, "lo": 0}, "width goes without"),
    ],
)
def test_parameters_are_checked(parameters, message):
    with pytest.raises(InputError, match=message):
        Bins(**parameters)


def test_noisy_networks():
    with pytest.raises(Unsupported, match="clustering"):
        _of(_trajectory(Network(noise=0.1)), "bins[n=30]")
