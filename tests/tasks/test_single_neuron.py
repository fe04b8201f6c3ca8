# SPDX-License-Identifier: Apache-2.0
"""The noisy neuron: its truth against a table and a second rule, its limits, its samples."""

import math

import numpy as np
import pytest
from scipy.special import logsumexp, ndtri

from mibench.contracts import InputError, Task
from mibench.estimators.noisy_plugin import NoisyPlugin
from mibench.tasks.networks.single_neuron import SingleNeuron

WEIGHTS = (0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5)
BITS = {
    0.01: (2.000, 2.000, 2.000, 2.000, 1.854, 1.521, 1.500, 1.405, 0.840, 0.811),
    0.05: (1.822, 1.975, 1.944, 1.681, 1.526, 1.475, 1.118, 0.870, 0.812, 0.811),
    0.1: (1.151, 1.653, 1.688, 1.528, 1.429, 1.219, 0.909, 0.827, 0.812, 0.811),
    0.2: (0.529, 0.990, 1.180, 1.220, 1.118, 0.956, 0.838, 0.815, 0.811, 0.811),
}
CLASSES = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))


def _by_quantiles(task, nodes=40_000):
    """E ln p_g / p by the midpoint rule over the quantiles of the noise, from densities written down anew."""
    z = ndtri((np.arange(nodes) + 0.5) / nodes)
    x = np.array([-3, -1, 1, 3])
    values = np.tanh(task.weight * x - 2 * task.weight)
    total = 0.0
    for value, input_ in zip(values, x, strict=True):
        t = value + task.noise * z
        terms = -((t[:, None] - values) ** 2) / (2 * task.noise**2)
        group = (x > 2) == (input_ > 2) if task.target == "label" else x == input_
        own = logsumexp(terms[:, group], axis=1) - math.log(group.sum())
        total += np.mean(own - logsumexp(terms, axis=1) + math.log(4)) / 4
    return total


@pytest.mark.parametrize("noise", BITS)
def test_the_course_of_values_in_bits(noise):
    found = [SingleNeuron(weight, noise).truth.mi / math.log(2) for weight in WEIGHTS]
    np.testing.assert_allclose(found, BITS[noise], rtol=0, atol=5.1e-4)


@pytest.mark.parametrize("target", ["input", "label"])
@pytest.mark.parametrize("weight", [0.02, 0.3, -0.7, 2.5])
@pytest.mark.parametrize("noise", [0.01, 0.2, 3.0])
def test_truth_by_a_second_rule(weight, noise, target):
    task = SingleNeuron(weight, noise, target)
    assert task.truth.method == "quadrature"
    assert task.truth.mi == pytest.approx(_by_quantiles(task), abs=2e-5, rel=1e-4)


def test_limits():
    assert SingleNeuron(0.0).truth.mi == pytest.approx(0, abs=1e-12)
    assert SingleNeuron(0.2, 1e-4).truth.mi == pytest.approx(math.log(4), abs=1e-9)
    assert SingleNeuron(1e6, 0.01).truth.mi == pytest.approx(CLASSES, abs=1e-9)
    assert SingleNeuron(1.0, 1e4).truth.mi == pytest.approx(0, abs=1e-7)
    assert SingleNeuron(1e-3, 1e-6).truth.mi == pytest.approx(math.log(4), abs=1e-9)


@pytest.mark.parametrize("noise", [0.05, 0.2])
def test_the_class_is_less_than_the_input_and_is_all_that_remains(noise):
    weights = (0.05, 0.2, 0.5, 1.0, 2.0, 8.0)
    inputs = np.array([SingleNeuron(w, noise).truth.mi for w in weights])
    labels = np.array([SingleNeuron(w, noise, "label").truth.mi for w in weights])
    assert (labels <= inputs + 1e-12).all()
    assert (np.diff(labels) > -1e-12).all()
    assert labels[-1] == pytest.approx(CLASSES, abs=1e-4)
    assert inputs.argmax() not in (0, len(weights) - 1)


@pytest.mark.parametrize("target", ["input", "label"])
def test_samples_and_what_is_declared_of_them(target):
    task = SingleNeuron(0.5, 0.2, target)
    assert isinstance(task, Task)
    sample = task.sample(4000, 1)
    assert sample.y.shape == sample.side["clean_y"].shape == (4000, 1)
    residuals = (sample.y - sample.side["clean_y"]) / sample.side["noise_std_y"]
    assert abs(residuals.mean()) < 4.5 / math.sqrt(4000)
    assert abs(residuals.var() - 1) < 4.5 * math.sqrt(2 / 4000)
    if target == "input":
        np.testing.assert_allclose(sample.side["clean_y"], np.tanh(0.5 * (sample.x - 2)), rtol=1e-15)
        np.testing.assert_array_equal(sample.side["centres_y"][:, 0], sample.side["clean_y"])
        assert np.abs(np.unique(sample.x, return_counts=True)[1] - 1000).max() < 4.5 * math.sqrt(750)
    else:
        np.testing.assert_array_equal(sample.x == 1, sample.side["clean_y"][:, 0] > 0)
        assert sample.x.dtype == np.int64
        assert "centres_y" not in sample.side


@pytest.mark.parametrize("target", ["input", "label"])
@pytest.mark.parametrize(("weight", "noise"), [(0.3, 0.1), (1.0, 0.1), (3.0, 0.5)])
def test_the_estimator_made_for_it_agrees(weight, noise, target):
    task = SingleNeuron(weight, noise, target)
    sample = task.sample(20_000, 0)
    found = NoisyPlugin(std_error=0.002).estimate(sample.x, sample.y, side=sample.side)
    assert found.mi == pytest.approx(task.truth.mi, abs=4.5 * found.std_error + 3 / 20_000)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"weight": math.nan}, "weight is nan"),
        ({"weight": "big"}, "weight is 'big'"),
        ({"noise": 0}, "noise is 0: give a standard deviation from 1e-06"),
        ({"noise": -1.0}, "noise is -1"),
        ({"noise": math.inf}, "noise is inf"),
        ({"noise": True}, "noise is True"),
        ({"target": "labels"}, "no target 'labels'.*label"),
        ({"target": 3}, "no target 3"),
    ],
)
def test_bad_parameters_are_named(parameters, message):
    with pytest.raises(InputError, match=message):
        SingleNeuron(**parameters)
