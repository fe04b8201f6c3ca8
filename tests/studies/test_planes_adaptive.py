# SPDX-License-Identifier: Apache-2.0
"""Planes by adaptive bins: the codes of `mibench.estimators.discretise.ebab`."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mibench.contracts import InputError, Unsupported
from mibench.datasets import ib12
from mibench.estimators.discretise import ebab
from mibench.networks.forward import evaluate
from mibench.networks.spec import Network, Training
from mibench.networks.trajectory import Trajectory
from mibench.numerics.entropies import plug_in
from mibench.studies import planes
from mibench.studies.planes._codes import ADAPTIVE, Rule, binned
from mibench.studies.planes._sorting import sorted_unique
from mibench.studies.planes.adaptive import Adaptive

INPUTS, LABELS = ib12.patterns().astype(np.float32), ib12.labels().astype(np.int64)
SEED = np.random.SeedSequence(0)


def _trajectory(network, runs=2, points=3, scale=1.0, dtype="float32"):
    rng = np.random.default_rng(0)
    parameters = (scale * rng.normal(size=(runs, points, network.n_parameters))).astype(dtype)
    epochs, empty = np.array([0, 4, 9, 13, 20][:points]), np.zeros((runs, 20), np.float32)
    train, none = np.tile(np.arange(3000), (runs, 1)), np.zeros(runs, np.int64)
    return Trajectory(network, Training(epochs=20), 0, dtype, epochs, parameters, None, empty, empty, train, none)


def _of(trajectory, name, runs=(0, 1), points=(0, 2), **more):
    return planes.get(name).of_trajectory(
        trajectory, INPUTS, LABELS, runs=np.array(runs), points=np.array(points), seed=SEED, **more
    )


def _codes(values, n, floor=None, even=False):
    """Codes, shape (N, d), of the compiled bins."""
    rule = Rule(ADAPTIVE, n, floor=float("nan") if floor is None else floor, even=even)
    words, suits = binned(np.ascontiguousarray(values.T), len(values), rule, 0.0, 0.0)
    assert suits
    size = max(1, (n + 1).bit_length())
    unit, per_word = np.arange(values.shape[1]), 64 // size
    return (words[:, unit // per_word] >> (unit % per_word * size).astype(np.uint64) & np.uint64(2**size - 1)).astype(
        int
    )


@st.composite
def _values(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    values = draw(st.sampled_from([1e-30, 1.0, 1e30])) * rng.normal(size=(draw(st.integers(1, 60)), 4))
    few = draw(st.sampled_from([1, 5, 1000]))
    values = rng.choice(values.ravel()[:few], size=values.shape)
    return values.astype(draw(st.sampled_from([np.float32, np.float64])))


@settings(max_examples=150, deadline=None)
@given(_values(), st.integers(1, 150), st.booleans(), st.booleans())
def test_codes_are_those_of_the_reference(values, n, even, floored):
    values = np.maximum(values, 0) + values.dtype.type(0) if floored else values
    floor = 0.0 if floored else None
    singles = values.astype(np.float32)
    assert np.array_equal(_codes(values, n, floor, even), ebab(singles, n, floor, even))


@settings(max_examples=50, deadline=None)
@given(_values())
def test_sorting(values):
    singles = np.ascontiguousarray(values.T.astype(np.float32))
    found, unique, suits = sorted_unique(singles, np.float32("nan"))
    assert suits
    assert np.array_equal(found[:unique], np.unique(singles))


def test_the_bins_of_300_values():
    """Values 1 to 300 and a floor of 0: 29 bins of 10, one of 9, and the greatest alone."""
    values = np.concatenate([np.zeros(50), np.arange(1, 301)]).astype(np.float32)[:, None]
    counts = np.bincount(_codes(values, 30, 0.0).ravel())
    assert counts.tolist() == [50, *[10] * 29, 9, 1]


@pytest.mark.parametrize(
    ("activation", "name"),
    [("tanh", "adaptive[n=30]"), ("relu", "adaptive[n=30,floor=0]"), ("relu6", "adaptive[n=200,floor=0,even=true]")],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_plane_is_that_of_its_layers(activation, name, dtype):
    trajectory = _trajectory(Network(activation=activation), dtype=dtype)
    estimator = planes.get(name)
    found = _of(trajectory, name, (1,), (0, 2))
    assert found.null is not None
    most = plug_in(np.bincount(LABELS)) + 1e-15
    assert (found.information[..., 1] <= np.minimum(found.information[..., 0], most)).all()
    for at, point in enumerate((0, 2)):
        layers = evaluate(trajectory.network, trajectory.parameters[1, point], INPUTS)
        rows = [layer.values[layer.member] for layer in layers]
        expected = estimator.of_layers(INPUTS, rows, LABELS, seed=SEED)
        assert [tuple(pair) for pair in found.information[0, at]] == [(each.i_x, each.i_y) for each in expected]
        assert found.null[0, at] == pytest.approx([each.null for each in expected], abs=1e-12)


def test_constant_layers_know_nothing():
    trajectory = _trajectory(Network(activation="relu"), 1, 1)
    trajectory.parameters[:] = 0.0
    for name in ("adaptive[n=30]", "adaptive[n=30,floor=0]"):
        assert (_of(trajectory, name, (0,), (0,)).information == 0.0).all()


def test_what_cannot_be_done():
    with pytest.raises(InputError, match="floor is 0, and a layer has lower values"):
        _of(_trajectory(Network(activation="tanh")), "adaptive[n=30,floor=0]")
    with pytest.raises(InputError, match="floor=0 is above the least value"):
        Adaptive(floor=0.0).of_layers(INPUTS, [INPUTS - 1], LABELS, seed=SEED)
    with pytest.raises(Unsupported, match="noise"):
        _of(_trajectory(Network(noise=0.1)), "adaptive[n=30]")
    for parameters in ({"n": 0}, {"n": None}, {"floor": "a"}, {"even": 1}):
        with pytest.raises(InputError):
            Adaptive(**parameters)
