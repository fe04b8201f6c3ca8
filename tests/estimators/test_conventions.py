# SPDX-License-Identifier: Apache-2.0
"""Published conventions by name: what each does to activations, which sides it bins, what it lets be changed."""

import dataclasses
import itertools
import math
import pickle

import numpy as np
import pytest

from mibench import estimators
from mibench.contracts import InputError
from mibench.estimators.binning import Binning
from mibench.estimators.conventions import CONVENTIONS


def _bits(n=4096):
    return (np.arange(n)[:, None] >> np.arange(12)) & 1


def _layer(dim=3, activation=np.tanh, seed=0):
    """The activations of a random layer on all 4096 patterns, as float32."""
    rng = np.random.default_rng(seed)
    return activation(_bits() @ rng.normal(size=(12, dim)) - 1.0).astype(np.float32)


def _entropy(codes):
    p = np.unique(codes, axis=0, return_counts=True)[1] / len(codes)
    return float(-(p * np.log(p)).sum())


def _relu(t):
    return np.maximum(t, 0.0)


_TANH = _layer()
_RELU = _layer(activation=_relu)
_M = 2 * float(_RELU.max())
_ALL = 10 * math.pi  # a range that all layers of a run might have
_PUBLISHED = {
    "szt": (_TANH, {}, np.digitize(_TANH, np.linspace(-1, 1, 30))),
    "saxe-tanh": (_TANH, {}, np.minimum(np.floor((_TANH.astype(float) + 1) * 15), 29)),
    "saxe-relu": (_RELU, {}, np.minimum(np.floor(_RELU.astype(float) / _RELU.max() * 100), 99)),
    "saxe-code": (_TANH, {}, np.floor(_TANH.astype(float) / 0.07)),
    "saxe-code-mnist": (_RELU, {}, np.floor(_RELU / 0.5)),
    "lorenzen": (_RELU, {"lo": -_ALL, "hi": _ALL}, np.floor((_RELU.astype(float) + _ALL) / (2 * _ALL) * 30)),
    "rasmussen-tanh": (_TANH, {}, np.digitize(_TANH, np.linspace(-1, 1, 30))),
    "rasmussen-relu": (_RELU, {"hi": _M}, np.digitize(_RELU, np.linspace(0, _M, 100))),
    "rasmussen-elu": (_RELU, {"hi": _M, "bins": 50}, np.digitize(_RELU, np.linspace(-1, _M, 50))),
    "rasmussen-relu6": (np.minimum(_RELU, 6), {}, np.digitize(np.minimum(_RELU, 6), np.linspace(0, 6, 30))),
}


@pytest.mark.parametrize("name", _PUBLISHED)
def test_each_uniform_convention_is_its_formula(name):
    layer, more, codes = _PUBLISHED[name]
    found = Binning(convention=name, **more).estimate(_bits(), layer)
    assert found.mi == pytest.approx(_entropy(codes), abs=1e-12)  # all 4096 patterns: I(X;T) = H(bin(T))
    assert found.diagnostics["distinct_x"] == 4096


@pytest.mark.parametrize("name", CONVENTIONS)
def test_every_convention_answers_for_layers_of_any_activation(name):
    labels = np.arange(4096) % 3 == 0
    for layer in (_TANH, _RELU, np.where(_RELU > 1, _RELU, 0)):
        if CONVENTIONS[name].params.get("floor") == 0 and layer.min() < 0:
            with pytest.raises(InputError, match="floor=0 is above the least value"):
                Binning(convention=name).estimate(labels, layer)
            continue
        about_x, about_y = (estimators.get(f"binning[convention={name}]").estimate(s, layer) for s in (_bits(), labels))
        assert 0 <= about_y.mi <= about_x.mi + 1e-12 <= math.log(4096) + 1e-12
        assert about_y.mi <= about_y.diagnostics["entropy_x"] + 1e-12
        assert Binning(convention=name).estimate(layer, labels).mi == pytest.approx(about_y.mi, abs=1e-12)


@pytest.mark.parametrize("name", CONVENTIONS)
def test_a_convention_says_its_parameters_and_survives_its_own_name(name):
    one = Binning(convention=name)
    assert one.correction is None
    assert all(getattr(one, key) == value for key, value in CONVENTIONS[name].params.items())
    assert one == Binning(**{each.name: getattr(one, each.name) for each in dataclasses.fields(one)})
    assert one == pickle.loads(pickle.dumps(one))  # noqa: S301 - its own
    assert dataclasses.replace(one) == one
    assert CONVENTIONS[name].source


def test_adaptive_bins_are_of_float32():
    close = np.array([0.5, 0.5 + 1e-12, 0.75, 0.9])[:, None]
    labels = np.arange(4)
    assert Binning(kind="ebab", bins=30, correction=None).estimate(labels, close).mi == pytest.approx(math.log(4))
    for name in ("rasmussen-adaptive", "chelombiev"):
        found = Binning(convention=name).estimate(labels, close)
        assert found.diagnostics["distinct_y"] == 3
    with pytest.raises(InputError, match=r"the largest value, 1e\+50, is beyond float32; rescale"):
        Binning(convention="chelombiev").estimate(labels, [0.5, 0.75, 0.9, 1e50])


def test_only_real_valued_sides_are_binned():
    t = np.random.default_rng(0).uniform(-1, 1, size=(500, 1))
    fine = np.random.default_rng(1).permutation(500)  # whole numbers, all distinct and outside -1 to 1
    assert Binning(convention="szt").estimate(fine, t).diagnostics["distinct_x"] == 500
    patterns = np.random.default_rng(2).normal(size=500)  # such as images
    declared = Binning(convention="szt").estimate(patterns, t, side={"x_is_discrete": True})
    assert declared.diagnostics["distinct_x"] == 500
    assert declared.diagnostics["distinct_y"] <= 30
    both = {"x_is_discrete": True, "y_is_discrete": True}
    assert Binning(convention="szt").estimate(patterns, t, side=both).diagnostics["distinct_y"] == 500
    quantised = np.round(127 * t) / 127  # the values of a quantised layer, beside labels
    found = Binning(convention="szt").estimate(fine % 2, quantised, side=both)
    assert found.diagnostics["distinct_y"] <= 30
    assert found.mi == Binning(convention="szt").estimate(quantised, fine % 2, side=both).mi
    repeated = np.tile(t[:50], (20, 1))  # a layer of few inputs repeats, and is binned all the same
    assert Binning(convention="szt", bins=5).estimate(repeated, np.arange(1000) % 7).diagnostics["distinct_x"] <= 5


def test_noisy_activations_beyond_the_range_are_counted():
    t = np.array([-1.2, -0.5, 0.5, 0.99, 1.0, 1.3])
    assert Binning(convention="szt").estimate(np.arange(6), t).diagnostics["distinct_y"] == 5  # 1.0 and 1.3 are one
    assert Binning(convention="saxe-tanh").estimate(np.arange(6), t).diagnostics["distinct_y"] == 4


@pytest.mark.parametrize("dim", [1, 2, 4])
@pytest.mark.parametrize("layer", [np.tanh, _relu], ids=["tanh", "relu"])
def test_nested_bins_give_monotone_information_within_its_bounds(layer, dim):
    values, numbers = _layer(dim, layer), (32, 64, 128, 256)
    top = float(np.ceil(values.max()))  # below 16, so the bits 0 and 1 are in bins of their own
    for about, rounding in ((_bits(), 0.0), (_bits().sum(axis=1) >= 6, 1e-12)):
        found = [
            Binning(bins, kind="uniform", lo=-top, hi=top, correction=None).estimate(about, values) for bins in numbers
        ]
        entropies = [each.diagnostics["entropy_y"] for each in found]
        assert all(low <= high for low, high in itertools.pairwise(entropies))  # H(bin(T)) is I(X;T): without tolerance
        assert all(low.mi <= high.mi + rounding for low, high in itertools.pairwise(found))
        for bins, entropy in zip(numbers, entropies, strict=True):
            assert entropy <= min(math.log(4096), dim * math.log(bins))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("binning[convention=stz]", "convention is 'stz'; did you mean szt.*; give one of szt, saxe-tanh"),
        ("binning[convention=3]", "convention is 3; give one of szt"),
        ("binning[convention=szt,lo=0]", "convention szt has lo=-1.0, and lo=0 was given; leave lo out"),
        ("binning[convention=szt,correction=chao-shen]", "convention szt has correction=None"),
        ("binning[convention=saxe-code,bins=30]", "convention saxe-code has bins=None"),
        ("binning[convention=rasmussen-relu,hi=-1]", "the range from lo=0.0 to hi=-1 is empty"),
        ("binning[convention=lorenzen,bins=1]", "bins is 1"),
        ("binning[width=0]", "width is 0; give a positive"),
        ("binning[width=0.07,bins=30]", "width=0.07 makes uniform bins of no given number"),
        ("binning[width=0.07,kind=ebab]", "with kind auto or uniform"),
        ("binning[width=wide]", "width is 'wide'"),
        ("binning[edge_convention=edges]", "edge_convention is 'edges'; give one of n_intervals, n_edges"),
        ("binning[edge_convention=n_edges,kind=quantile]", "n_edges is about uniform bins and kind is quantile"),
        ("binning[single=2]", "single is 2; give true or false"),
    ],
)
def test_what_a_convention_fixes_stays_fixed(name, message):
    with pytest.raises(InputError, match=message):
        estimators.get(name)


def test_a_range_that_the_data_do_not_reach_is_named():
    with pytest.raises(InputError, match=r"from lo=0 to hi=-0.5 is empty.*another convention than rasmussen"):
        Binning(convention="rasmussen-relu").estimate(np.arange(3), [-0.5, -0.75, -0.6])
