# SPDX-License-Identifier: Apache-2.0
"""Kolchinsky and Tracey's bounds: their limits, what they are when summed otherwise, and their null."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from mibench import estimators
from mibench.contracts import InputError, UnknownName
from mibench.datasets import ib12
from mibench.networks.forward import evaluate
from mibench.networks.spec import Network, Training
from mibench.networks.trajectory import Trajectory
from mibench.numerics.mixtures import GroupedMixture
from mibench.studies import planes
from mibench.studies.planes.kde import KDE
from mibench.studies.planes.kde_sums import bound_information, bound_information_reference, kernel_sums

SEED = np.random.SeedSequence(0)


def of_layer(estimator: KDE, values: Any, labels: Any, seed: np.random.SeedSequence = SEED) -> Any:
    (found,) = estimator.of_layers(np.zeros((len(values), 1)), [values], labels, seed=seed)
    return found


def trajectory(network: Network, points: int = 2, runs: int = 2) -> Trajectory:
    parameters = np.random.default_rng(3).normal(size=(runs, points, network.n_parameters)).astype(np.float32)
    training = Training(epochs=points)
    none = np.zeros((runs, points), np.float32)
    zeros = np.zeros(runs, np.int64)
    return Trajectory(network, training, 0, "float32", np.arange(points), parameters, None, none, none, zeros, zeros)


@pytest.mark.parametrize("bound", ["upper", "lower"])
def test_of_equal_values_nothing_is_known_and_of_far_ones_all(bound: str) -> None:
    labels = np.arange(64) % 4
    same = of_layer(KDE(0.01, bound), np.full((64, 3), 0.7), labels)
    assert (same.i_x, same.i_y, same.null) == (0.0, 0.0, 0.0)
    far = of_layer(KDE(0.01, bound), np.arange(64)[:, None] * 2.1, labels)  # more than 20 standard deviations
    assert far.i_x == pytest.approx(math.log(64), abs=1e-12)
    assert far.i_y == pytest.approx(math.log(4), abs=1e-12)
    assert far.null == pytest.approx(math.log(4), abs=1e-12)  # of any labels


@pytest.mark.parametrize("dim", [1, 3, 4, 7])
def test_the_kernel_is_the_reference(dim: int) -> None:
    rng = np.random.default_rng(dim)
    values = rng.normal(size=(1100, dim))
    joints = [weights / weights.sum() for weights in rng.integers(0, 3, size=(2, 1100, 3)) + np.eye(1100, 3)]
    joints = [joint for joint in joints if (joint.sum(axis=1) > 0).all()] or [np.full((1100, 3), 1 / 3300)]
    for std in (0.05, 0.4, 3.0):
        found = bound_information(values, joints, std)
        assert found == [pytest.approx(each, abs=1e-11) for each in bound_information_reference(values, joints, std)]


def test_two_other_ways_to_the_same_numbers() -> None:
    rng = np.random.default_rng(1)
    values, labels = np.repeat(rng.normal(size=(150, 2)), 2, axis=0), rng.integers(0, 3, 300)
    own, every = GroupedMixture(values, labels, 0.3).log_densities(values, labels)
    constant = math.log(2 * math.pi * 0.09)
    upper, lower = of_layer(KDE(0.09), values, labels), of_layer(KDE(0.09, "lower"), values, labels)
    assert upper.i_x == pytest.approx(-(every + constant).mean(), abs=1e-12)
    assert upper.i_y == pytest.approx((own - every).mean(), abs=1e-12)
    told = estimators.get("kde-bounds[variance=0.09,layer=y]").estimate(labels, values).diagnostics
    assert upper.i_y == pytest.approx(told["upper_difference"], abs=1e-12)
    assert lower.i_y == pytest.approx(told["lower_difference"], abs=1e-12)
    assert lower.i_x < upper.i_x


def test_sums_do_not_depend_on_what_else_is_summed() -> None:
    rng = np.random.default_rng(2)
    values, weights = rng.normal(size=(700, 5)), rng.random((700, 3))
    assert (kernel_sums(values, weights, 0.2)[:, 1:2] == kernel_sums(values, weights[:, 1:2], 0.2)).all()


def test_labels_may_have_gaps_and_signs() -> None:
    values, labels = np.random.default_rng(0).normal(size=(50, 2)), np.arange(50) % 2
    assert of_layer(KDE(), values, labels) == of_layer(KDE(), values, labels * 11 - 3)


def test_the_null_is_permuted_from_the_seed() -> None:
    values, labels = np.random.default_rng(0).normal(size=(50, 2)), np.arange(50) % 2
    one, again, other = (of_layer(KDE(), values, labels, np.random.SeedSequence(seed)) for seed in (1, 1, 2))
    assert one == again
    assert one.null != other.null
    assert (one.i_x, one.i_y) == (other.i_x, other.i_y)


def test_a_trajectory_is_its_layers_one_by_one() -> None:
    patterns, labels = ib12.patterns()[:512], ib12.labels()[:512]
    path = trajectory(Network(widths=(12, 4, 3, 2), bits=4))
    shares: list[float] = []
    seen = KDE(0.01).of_trajectory(
        path, patterns, labels, runs=np.array([1, 0]), points=np.array([1]), seed=SEED, progress=shares.append
    )
    assert seen.information.shape == (2, 1, 3, 2)
    assert shares == [0.5, 1.0]
    layers = [each.values[each.member] for each in evaluate(path.network, path.parameters[0, 1], patterns)]
    found = KDE(0.01).of_layers(patterns, layers, labels, seed=SEED)
    assert [tuple(each) for each in seen.information[1, 0]] == [(each.i_x, each.i_y) for each in found]
    alone = KDE(0.01).of_trajectory(path, patterns, labels, runs=np.array([0]), points=np.array([0, 1]), seed=SEED)
    assert alone.null is not None
    assert seen.null is not None
    assert (alone.null[0, 1] == seen.null[1, 0]).all()


def test_noisy_networks_are_taken_without_their_noise() -> None:
    patterns, labels = ib12.patterns()[:256], ib12.labels()[:256]
    every = {"runs": np.array([0]), "points": np.array([0]), "seed": SEED}
    noisy = trajectory(Network(widths=(12, 3, 2), noise=0.1))
    still = trajectory(Network(widths=(12, 3, 2)))
    found = [KDE().of_trajectory(each, patterns, labels, **every).information for each in (noisy, still)]
    assert (found[0] == found[1]).all()


def test_wrong_parameters_are_refused() -> None:
    for wrong in ("kde[variance=0]", "kde[variance=text]", "kde[bound=middle]", "kde[width=1]"):
        with pytest.raises(InputError):
            planes.get(wrong)
    with pytest.raises(InputError, match="NaN"):
        of_layer(KDE(), np.array([[np.nan], [1.0]]), np.array([0, 1]))


def test_names_that_are_nothing_are_refused_with_the_nearest_ones() -> None:
    with pytest.raises(UnknownName, match="did you mean kde"):
        planes.get("kded")
