# SPDX-License-Identifier: Apache-2.0
"""Layers of networks as tasks: truths against brute force over the joint table, samples against the truth's own law."""

from __future__ import annotations

import itertools
import math
import pickle
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mibench import tasks
from mibench.contracts import InputError, Task
from mibench.datasets import ib12
from mibench.networks import frozen
from mibench.networks.forward import evaluate
from mibench.networks.spec import Network
from mibench.tasks.networks.layer import NetworkLayer
from mibench.tasks.networks.quantised import QNN, NoisyInputQNN

N = 4096
QUANTISED = [(a, b, s) for a in frozen.ACTIVATIONS for b in frozen.BITS for s in frozen.STAGES]


def numbers_of(task: NetworkLayer) -> tuple[dict[tuple[int, ...], int], list[int]]:
    """Each code's number, and the number of the code that each pattern has."""
    network, parameters = task.network, np.asarray(task.parameters, dtype=np.float32)
    layer = evaluate(network, parameters, ib12.patterns().astype(np.float32))[task.layer - 1]
    codes = [tuple(layer.codes[i].tolist()) for i in layer.member]
    names = {code: number for number, code in enumerate(dict.fromkeys(codes))}
    return names, [names[code] for code in codes]


def joint_table(task: NetworkLayer) -> dict[tuple[int, int], float]:
    """P(X or label, number of the code), pattern by pattern and flip by flip, in a dictionary."""
    names, of = numbers_of(task)
    table: dict[tuple[int, int], float] = {}
    weight = [task.flip ** k.bit_count() * (1 - task.flip) ** (12 - k.bit_count()) / N for k in range(N)]
    xs = list(range(N)) if task.target == "input" else ib12.labels().tolist()
    for row, x in enumerate(xs):
        if task.flip:
            share = np.bincount(np.array(of)[row ^ np.arange(N)], weights=weight, minlength=len(names))
            for code in np.flatnonzero(share).tolist():
                table[x, code] = table.get((x, code), 0.0) + share[code]
        else:
            table[x, of[row]] = table.get((x, of[row]), 0.0) + 1 / N
    return table


def information(table: dict[tuple[int, int], float]) -> float:
    left, right = dict.fromkeys((x for x, _ in table), 0.0), dict.fromkeys((y for _, y in table), 0.0)
    for (x, y), p in table.items():
        left[x] += p
        right[y] += p
    return math.fsum(p * math.log(p / (left[x] * right[y])) for (x, y), p in table.items())


@pytest.mark.parametrize("target", ["input", "label"])
@pytest.mark.parametrize(("activation", "bits", "stage"), QUANTISED)
def test_quantised_truths_are_those_of_the_joint_table(activation: str, bits: int, stage: str, target: Any) -> None:
    for layer in range(1, frozen.LAYERS + 1):
        task = QNN(activation, bits, layer, stage, target)
        assert task.truth.method == "enumeration"
        assert task.truth.mi == pytest.approx(information(joint_table(task._task)), abs=1e-12)


@pytest.mark.parametrize("target", ["input", "label"])
def test_truths_behind_flips_are_those_of_the_joint_table(target: Any) -> None:
    task = NoisyInputQNN("tanh", 8, 6, "compressed", target, flip=0.1)
    assert task.truth.mi == pytest.approx(information(joint_table(task._task)), rel=1e-9)


@pytest.mark.parametrize(("activation", "bits", "stage"), QUANTISED)
def test_what_a_layer_knows_never_grows_with_depth(activation: str, bits: int, stage: str) -> None:
    for target in ("input", "label"):
        truths = [QNN(activation, bits, layer, stage, target).truth.mi for layer in range(1, 7)]
        assert all(later <= earlier for earlier, later in itertools.pairwise(truths))  # no tolerance
        noisy = [NoisyInputQNN(activation, bits, layer, stage, target).truth.mi for layer in (1, 5, 6)]
        assert all(later <= earlier + 1e-12 for earlier, later in itertools.pairwise(noisy))


def test_flips_take_information_away() -> None:
    clean = QNN("relu", layer=5).truth.mi
    found = [NoisyInputQNN("relu", layer=5, flip=flip).truth.mi for flip in (1e-6, 0.01, 0.1, 0.3, 0.5)]
    assert found[0] == pytest.approx(clean, abs=1e-3)
    assert found == sorted(found, reverse=True)
    assert found[0] < clean
    assert found[-1] == pytest.approx(0.0, abs=1e-9)


def test_values_and_codes_are_one_variable() -> None:
    values, codes = QNN(form="value"), QNN(form="code")
    assert values.truth == codes.truth
    one, other = values.sample(500, 3), codes.sample(500, 3)
    assert other.y.dtype == np.int64
    pairs = {(tuple(v), tuple(c)) for v, c in zip(one.y.tolist(), other.y.tolist(), strict=True)}
    assert len(pairs) == len({v for v, _ in pairs}) == len({c for _, c in pairs})
    assert one.side["alphabet_size_y"] >= len(pairs)


@pytest.mark.parametrize("flip", [0.0, 0.2])
def test_samples_are_of_the_law_that_the_truth_is_of(flip: float) -> None:
    network, parameters = frozen.quantised("relu", 2, "compressed")
    task = NetworkLayer(network, tuple(parameters.tolist()), 6, "label", "code", flip)
    names, _ = numbers_of(task)
    expected = np.zeros((2, len(names)))
    for (x, code), p in joint_table(task).items():
        expected[x, code] = p
    n = 200_000
    sample = task.sample(n, 0)
    found = np.zeros_like(expected)
    np.add.at(found, (sample.x, [names[tuple(row)] for row in sample.y.tolist()]), 1 / n)
    assert np.abs(found - expected).max() < 5 * math.sqrt(0.25 / n)


def test_the_bits_of_a_row_make_its_layer() -> None:
    task = QNN("tanh", layer=2)
    sample = task.sample(200, 1)
    network, parameters = frozen.quantised("tanh", 8, "compressed")
    layer = evaluate(network, parameters, ib12.patterns().astype(np.float32))[1]
    rows = sample.x.astype(int) @ (1 << np.arange(12)[::-1])
    np.testing.assert_array_equal(sample.y, layer.values[layer.member[rows]])


def test_a_label_is_that_of_the_pattern() -> None:
    by_input, by_label = QNN(target="input").sample(300, 2), QNN(target="label").sample(300, 2)
    rows = by_input.x.astype(int) @ (1 << np.arange(12)[::-1])
    np.testing.assert_array_equal(by_label.x, ib12.labels()[rows])
    np.testing.assert_array_equal(by_label.y, by_input.y)


@pytest.mark.parametrize("noise", frozen.NOISES)
@pytest.mark.parametrize("target", ["input", "label"])
def test_noisy_truths_keep_their_limits(noise: float, target: Any) -> None:
    ceiling = math.log(N) if target == "input" else ib12.information()
    found = [frozen.noisy_truth(noise, layer, target) for layer in range(1, frozen.LAYERS + 1)]
    for each in found:
        assert 0 < each.std_error <= 0.005
        assert 0 <= each.mi <= ceiling + 3 * each.std_error + 1e-12
        assert abs(each.mi - each.second_mi) <= 3 * math.hypot(each.std_error, each.second_std_error) + 1e-12
    for earlier, later in itertools.pairwise(found):  # data processing
        assert later.mi <= earlier.mi + 3 * math.hypot(earlier.std_error, later.std_error) + 1e-12


@pytest.mark.parametrize("layer", [1, 3, 6])
def test_a_noisy_layer_is_its_centre_in_noise(layer: int) -> None:
    task = tasks.get(f"noisy-layer[noise=0.5,layer={layer},replicas=8]")
    sample = task.sample(4000, 0)
    residual = (sample.y - sample.side["clean_y"]) / sample.side["noise_std_y"]
    assert abs(residual.mean()) < 5 / math.sqrt(residual.size)
    assert abs(residual.std() - 1) < 5 / math.sqrt(residual.size)
    centres = sample.side["centres_y"]
    assert centres.shape == (4000, 1 if layer == 1 else 8, sample.y.shape[1])
    if layer == 1:
        np.testing.assert_array_equal(centres[:, 0], sample.side["clean_y"])
    else:  # passes of the same patterns: the same mean, draws of their own
        assert not np.array_equal(centres[:, 0], sample.side["clean_y"])
        gap = sample.side["clean_y"] - centres.mean(axis=1)
        assert np.abs(gap.mean(axis=0) / (gap.std(axis=0) / math.sqrt(4000))).max() < 5


def _rows(sample: Any) -> NDArray[Any]:
    return np.hstack([sample.x.reshape(len(sample.x), -1), sample.y.reshape(len(sample.y), -1)])


@pytest.mark.parametrize(
    "name",
    ["qnn", "qnn[target=label,form=code,layer=6]", "qnn-noisy-input", "noisy-layer", "noisy-layer[target=label]"],
)
def test_contract(name: str) -> None:
    task = tasks.get(name)
    assert isinstance(task, Task)
    sample = task.sample(50, 3)
    for values, dim in ((sample.x, task.dim_x), (sample.y, task.dim_y)):
        assert values[0].size == dim
        assert np.isfinite(values).all()
    np.testing.assert_array_equal(_rows(sample), _rows(task.sample(50, np.random.default_rng(3))))
    copy = pickle.loads(pickle.dumps(task))  # noqa: S301 - our own
    assert copy == task
    assert copy.truth == task.truth
    assert sample.side["x_is_discrete"] is True


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("qnn[bits=3]", "no bits 3; there are: 2, 4, 8"),
        ("qnn[bits=0]", "no bits 0"),
        ("qnn[bits=33]", "no bits 33"),
        ("qnn[layer=0]", "layer is 0: give a number from 1"),
        ("qnn[layer=7]", "layer is 7"),
        ("qnn[layer=true]", "layer is True"),
        ("qnn[activation=than]", "did you mean tanh"),
        ("qnn[stage=fited]", "did you mean fitted"),
        ("qnn[target=output]", "no target 'output'"),
        ("qnn[form=bits]", "no form 'bits'"),
        ("qnn-noisy-input[flip=0]", "flip is 0: give the probability"),
        ("qnn-noisy-input[flip=0.6]", "flip is 0.6"),
        ("noisy-layer[noise=0.2]", "no noise 0.2; there are: 0.005, 0.01, 0.05, 0.1, 0.5"),
        ("noisy-layer[noise=0]", "no noise 0"),
        ("noisy-layer[replicas=0]", "replicas is 0"),
    ],
)
def test_bad_parameters_are_named(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        tasks.get(name)


def test_a_network_of_ones_own() -> None:
    network, parameters = frozen.quantised("tanh", 8, "init")
    task = NetworkLayer(network, tuple(parameters.tolist()), 3)
    assert task.truth == QNN("tanh", 8, 3, "init").truth
    assert NetworkLayer(network, parameters, 3) == task  # type: ignore[arg-type]  # an array becomes a tuple
    with pytest.raises(InputError, match="parameters have shape"):
        NetworkLayer(network, (0.0, 1.0), 3)
    with pytest.raises(InputError, match="no arrays of numbers"):
        NetworkLayer(network, "weights", 3)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="give the ranges that its training remembered"):
        NetworkLayer(Network(bits=8, mode="tfmot"), parameters, 3)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="its layers are not enumerated"):
        NetworkLayer(Network(noise=0.1), parameters, 3)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="1 of the network's parameters are not finite"):
        NetworkLayer(network, (*parameters.tolist()[:-1], math.nan), 3)


def test_a_dead_layer_knows_nothing() -> None:
    network, parameters = frozen.quantised("relu", 8, "init")
    dead = parameters.copy()
    for weights, bias in network.layers(dead)[2:3]:
        weights[:] = 0
        bias[:] = -1
    for target in ("input", "label"):
        truths = [NetworkLayer(network, tuple(dead.tolist()), layer, target).truth.mi for layer in (2, 3, 4, 5, 6)]
        assert truths[0] > 0
        assert truths[1:] == [0.0] * 4
