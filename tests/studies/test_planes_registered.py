# SPDX-License-Identifier: Apache-2.0
"""Any registered estimator draws a plane: with what is known of the layers, and reasons where it refuses them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

from mibench import estimators
from mibench.contracts import Estimate, InputError, UnknownName, Unsupported
from mibench.datasets import ib12
from mibench.networks.planes import plane
from mibench.networks.spec import Network, Training
from mibench.networks.trajectory import Trajectory
from mibench.numerics.permuted import permuted_information
from mibench.studies import planes
from mibench.studies.planes.registered import Registered
from mibench.studies.results import Plane

SEED = np.random.SeedSequence(0)
PATTERNS, LABELS = ib12.patterns()[:512], ib12.labels()[:512]
SMALL: dict[str, Any] = {"runs": np.array([0, 1]), "points": np.array([0, 1]), "seed": SEED}


def trajectory(network: Network, runs: int = 2) -> Trajectory:
    parameters = np.random.default_rng(3).normal(size=(runs, 2, network.n_parameters)).astype(np.float32)
    none, zeros = np.zeros((runs, 2), np.float32), np.zeros(runs, np.int64)
    return Trajectory(
        network, Training(epochs=2), 0, "float32", np.arange(2), parameters, None, none, none, zeros, zeros
    )


@dataclass(frozen=True)
class Told:
    """Remembers what it is told, and answers with a random number."""

    said: ClassVar[list[tuple[Any, Any, dict[str, Any]]]] = []
    refuses: ClassVar[set[int]] = set()  # widths of layers
    version: ClassVar[int] = 1

    def estimate(self, x: Any, y: Any, *, rng: Any = None, side: Any = None) -> Estimate:
        self.said.append((x, y, dict(side)))
        if y.shape[1] in self.refuses:
            raise Unsupported(f"no layers of {y.shape[1]}")
        return Estimate(float(rng.random()), 0.1)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> type[Told]:
    monkeypatch.setattr(estimators, "get", lambda name: Told())
    monkeypatch.setattr(Told, "said", [])
    monkeypatch.setattr(Told, "refuses", set())
    return Told


def test_counts_of_the_whole_set_are_the_exact_plane() -> None:
    path = trajectory(Network(widths=(12, 4, 3, 2), bits=3))
    found = planes.get("plugin[correction=none]").of_trajectory(path, PATTERNS, LABELS, **SMALL)
    exact = plane(path.network, path.parameters, PATTERNS, LABELS)
    np.testing.assert_allclose(found.information, exact, atol=1e-12)
    assert found.reasons == ()


def test_the_null_is_that_of_permuted_labels() -> None:
    path = trajectory(Network(widths=(12, 4, 3, 2), bits=3))
    found = planes.get("plugin[correction=none]").of_trajectory(path, PATTERNS, LABELS, **SMALL)
    assert found.null is not None
    mean = permuted_information(np.ones(512, np.int64), np.bincount(LABELS))  # where all rows are told apart
    apart = np.isclose(found.information[..., 0], math.log(512))
    np.testing.assert_allclose(found.null[apart], mean, atol=1e-12)
    assert (found.null <= found.information[..., 0] + 1e-12).all()


def test_what_is_known_is_declared(told: type[Told]) -> None:
    path = trajectory(Network(widths=(12, 4, 2), bits=2))
    Registered("told").of_trajectory(path, PATTERNS, LABELS, **SMALL)
    (_, y, of_input), (x, _, of_label), *_ = told.said
    assert of_input["x_is_discrete"]
    assert of_input["alphabet_size_x"] == 512
    assert of_label["alphabet_size_x"] == 2
    assert (x == LABELS).all()
    for side in (of_input, of_label):
        assert side["y_is_discrete"]
        assert side["alphabet_size_y"] == len(np.unique(y, axis=0))
    path = trajectory(Network(widths=(12, 4, 2)))
    told.said.clear()
    Registered("told").of_trajectory(path, PATTERNS, LABELS, **SMALL)
    assert not any("y_is_discrete" in side for _, _, side in told.said)


def test_of_noisy_layers_the_noise_is_declared(told: type[Told]) -> None:
    path = trajectory(Network(widths=(12, 4, 3, 2), noise=0.1))
    Registered("told").of_trajectory(path, PATTERNS, LABELS, **SMALL)
    first, label, _, second = told.said[:4]
    assert first[2]["noise_std_y"] == 0.1
    assert first[2]["centres_y"].shape == (512, 1, 4)
    np.testing.assert_allclose(first[2]["centres_y"][:, 0], first[2]["clean_y"])
    noise = first[1] - first[2]["clean_y"]
    assert noise.std() == pytest.approx(0.1, rel=0.1)
    assert "centres_y" not in label[2]  # of the input only
    assert second[2]["centres_y"].shape == (512, 16, 3)


def test_noisy_layers_are_estimated() -> None:
    path = trajectory(Network(widths=(12, 3, 2), noise=0.1), runs=1)
    found = planes.get("noisy-plugin").of_trajectory(
        path, PATTERNS[:128], LABELS[:128], runs=np.array([0]), points=np.array([0]), seed=SEED
    )
    assert found.reasons == ()
    assert (found.information >= -1e-9).all()
    assert (found.information[..., 0] <= math.log(128) + 1e-9).all()


def test_what_is_refused_is_missing_with_its_reason(told: type[Told], tmp_path: Any) -> None:
    told.refuses.add(3)
    path = trajectory(Network(widths=(12, 4, 3, 2)))
    found = Registered("told").of_trajectory(path, PATTERNS, LABELS, **SMALL)
    assert found.reasons == ("no layers of 3",)
    assert np.isnan(found.information[:, :, 1]).all()
    assert not np.isnan(found.information[:, :, [0, 2]]).any()
    assert found.null is not None
    assert found.std_error is not None
    found.save(tmp_path / "plane.npz")
    np.testing.assert_array_equal(Plane.load(tmp_path / "plane.npz").information, found.information)


def test_of_two_informations_one_may_be_refused() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 2))
    (found,) = planes.get("ksg").of_layers(x, [np.tanh(x)], np.arange(300) % 2, seed=SEED)
    assert found.i_x > 1
    assert math.isnan(found.i_y)
    assert math.isnan(found.null)
    assert "x is discrete" in found.reason


def test_an_answer_that_is_no_number_is_none(told: type[Told], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told, "estimate", lambda self, x, y, **other: Estimate(math.inf))
    (found,) = Registered("told").of_layers(PATTERNS, [PATTERNS], LABELS, seed=SEED)
    assert math.isnan(found.i_x)
    assert found.reason == "the estimate is inf"


def test_an_answer_does_not_depend_on_the_others(told: type[Told]) -> None:
    path = trajectory(Network(widths=(12, 4, 2), noise=0.1))
    every = Registered("told").of_trajectory(path, PATTERNS, LABELS, **SMALL)
    shown = [y for _, y, _ in told.said]
    told.said.clear()
    one = Registered("told").of_trajectory(
        path, PATTERNS, LABELS, runs=np.array([1]), points=np.array([1]), seed=np.random.SeedSequence(0)
    )
    assert (one.information[0, 0] == every.information[1, 1]).all()
    assert one.null is not None
    assert every.null is not None
    assert (one.null[0, 0] == every.null[1, 1]).all()
    assert (told.said[0][1] == shown[-6]).all()
    assert len(np.unique(every.information)) == every.information.size


def test_layers_of_ones_own_are_not_declared_but_labels_are(told: type[Told]) -> None:
    Registered("told").of_layers(PATTERNS, [PATTERNS, PATTERNS[:, :3]], LABELS, seed=SEED)
    assert told.said[0][2] == {}
    assert told.said[1][2] == {"x_is_discrete": True, "alphabet_size_x": 2}


def test_names_are_checked_at_once() -> None:
    with pytest.raises(UnknownName, match=r"did you mean .*exact"):
        planes.get("exat")
    with pytest.raises(UnknownName, match=r"did you mean .*ksg"):
        planes.get("ksgg")
    with pytest.raises(InputError, match="no parameter 'kk'"):
        planes.get("ksg[kk=3]")
