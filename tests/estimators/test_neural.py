# SPDX-License-Identifier: Apache-2.0
"""The five estimators from data to estimate: accuracy, held-out honesty, determinism, inputs and errors."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from mibench import estimators
from mibench.contracts import Estimate, Estimator, InputError
from mibench.estimators.neural import DV, MINE, NWJ, SMILE, InfoNCE
from mibench.estimators.neural.estimators import Neural

SMALL: dict[str, Any] = {
    "batch": 128,
    "max_steps": 150,
    "lr": 5e-3,
    "average": 0.95,
    "check": 15,
    "hidden": 32,
    "channels": 4,
    "width": 8,
    "units": 4,
}
ALL: list[type[Neural]] = [MINE, DV, NWJ, InfoNCE, SMILE]
every = pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__.lower())


def gaussian(n: int, rho: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(n)
    return x, rho * x + math.sqrt(1 - rho**2) * rng.standard_normal(n)


def bars(n: int, rho: float, seed: int = 0, size: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Images of one soft bright column, whose places are normal with correlation rho."""
    grid = np.arange(size) - (size - 1) / 2
    x, y = (np.exp(-((grid - z[:, None]) ** 2))[:, None, :].repeat(size, 1) for z in gaussian(n, rho, seed))
    return x.astype(np.float32), y.astype(np.float32)


def small(kind: type[Neural], x: Any, y: Any, seed: int = 0, **changes: Any) -> Estimate:
    return kind(**{**SMALL, **changes}).estimate(x, y, rng=np.random.default_rng(seed))


@every
def test_names_build_the_classes_with_their_defaults(kind: type[Neural]) -> None:
    estimator = estimators.get(kind.__name__.lower())
    assert estimator == kind()
    assert isinstance(estimator, Estimator)
    with pytest.raises(dataclasses.FrozenInstanceError):
        estimator.batch = 3  # type: ignore[attr-defined, misc]


@every
def test_one_dimensional_gaussian(kind: type[Neural]) -> None:
    """True 0.83 nat; 4 standard errors (0.03 each) and a hair of the bound's own gap."""
    found = small(kind, *gaussian(2000, 0.9))
    assert found.mi == pytest.approx(-0.5 * math.log(1 - 0.81), abs=0.15)
    assert found.std_error is not None
    assert found.interval is not None
    assert 0.01 < found.std_error < 0.08
    assert found.interval == pytest.approx((found.mi - 1.96 * found.std_error, found.mi + 1.96 * found.std_error), 1e-3)


@every
def test_images(kind: type[Neural]) -> None:
    found = small(kind, *bars(2000, 0.9))
    assert found.mi == pytest.approx(-0.5 * math.log(1 - 0.81), abs=0.15)


@every
def test_independent_data_are_not_given_information(kind: type[Neural]) -> None:
    """A critic trained to overfit: its training value rises, its held-out value stays at zero."""
    values, gaps = [], []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        x, y = rng.standard_normal((400, 5)), rng.standard_normal((400, 5))
        found = small(kind, x, y, seed, max_steps=60, patience=100, hidden=64, holdout=0.4)
        values.append(found.mi)
        gaps.append(found.diagnostics["train_value"] - found.diagnostics["held_out_value"])
    assert -0.15 < np.mean(values) < 0.03
    assert np.mean(gaps) > -0.02


@every
def test_one_seed_gives_one_number_and_leaves_torch_alone(kind: type[Neural]) -> None:
    x, y = gaussian(300, 0.7)
    state, threads = torch.random.get_rng_state(), torch.get_num_threads()
    brief = {"max_steps": 20, "check": 5}
    one = small(kind, x, y, 3, **brief)
    assert torch.equal(state, torch.random.get_rng_state())
    assert threads == torch.get_num_threads()
    torch.rand(7)
    np.random.random(3)  # noqa: NPY002  the global states must not matter
    assert small(kind, x, y, 3, **brief).mi == one.mi
    assert small(kind, x, y, 4, **brief).mi != one.mi


def test_the_order_of_the_pairs_does_not_matter() -> None:
    x, y = gaussian(1500, 0.8)
    order = np.random.default_rng(9).permutation(1500)
    one, other = small(MINE, x, y), small(MINE, x[order], y[order])
    assert one.std_error is not None
    assert other.mi == pytest.approx(one.mi, abs=5 * one.std_error)


def test_units_of_measurement_do_not_matter() -> None:
    x, y = (side.reshape(-1, 3) for side in gaussian(900, 0.8))
    scales = np.array([1e-6, 1.0, 1e6])
    brief = {"max_steps": 40, "check": 10}
    assert small(DV, x * scales + 5, -3 * y, 1, **brief).mi == pytest.approx(small(DV, x, -y, 1, **brief).mi, abs=0.02)


def test_pandas_torch_and_lists_are_read_alike() -> None:
    x, y = gaussian(200, 0.8)
    brief = {"max_steps": 10, "check": 5}
    expected = small(DV, x, y, **brief).mi
    assert small(DV, pd.Series(x), pd.DataFrame({"y": y}), **brief).mi == expected
    assert small(DV, torch.from_numpy(x), y.tolist(), **brief).mi == expected


def test_mixed_sides_and_discrete_labels() -> None:
    """A label that the bar's side decides: log 2 nats, from an image and from integers."""
    x, _ = bars(1200, 0.0)
    label = (x[:, 0, :4].sum(1) > x[:, 0, 4:].sum(1)).astype(int)
    assert small(DV, x, label).mi == pytest.approx(math.log(2), abs=0.1)
    assert small(SMILE, label, label).mi == pytest.approx(math.log(2), abs=0.1)


def test_infonce_stops_at_its_cap() -> None:
    x = np.random.default_rng(0).standard_normal((1200, 8))
    found = small(InfoNCE, x, x, batch=16, lr=0.02)
    assert found.diagnostics["cap"] == pytest.approx(math.log(16))
    assert math.log(16) - 0.3 < found.mi <= math.log(16)
    assert small(InfoNCE, x, x, max_steps=2, batch=1000).diagnostics["cap"] == pytest.approx(math.log(180))


def test_diagnostics_tell_the_training() -> None:
    x, y = np.random.default_rng(0).standard_normal((2, 400, 5))
    found = small(SMILE, x, y, max_steps=300, patience=3, hidden=64).diagnostics
    assert {"steps", "best_step", "train_value", "held_out_value", "seconds", "parameters"} <= set(found)
    assert found["held_out"] == 120
    assert found["tau"] == 5.0
    assert found["stopped_early"] == 1.0
    assert found["best_step"] < found["steps"] < 300
    full = small(DV, x, y, max_steps=20, patience=100).diagnostics
    assert (full["steps"], full["stopped_early"]) == (20.0, 0.0)
    assert all(isinstance(value, float) and math.isfinite(value) for value in full.values())


def test_unsound_data_are_refused() -> None:
    x, y = gaussian(99, 0.5)
    with pytest.raises(InputError, match="99 samples were given and this method needs at least 100"):
        MINE().estimate(x, y)
    with pytest.raises(InputError, match="equal first axes"):
        MINE().estimate(np.zeros(200), np.zeros(201))
    bad = np.random.default_rng(0).standard_normal((200, 8, 8))
    bad[7, 1, 1] = np.nan
    with pytest.raises(InputError, match="not finite"):
        InfoNCE().estimate(bad, bad)
    with pytest.raises(InputError, match="critic='conv' needs images"):
        NWJ(critic="conv").estimate(*gaussian(200, 0.5))


@pytest.mark.parametrize(
    ("kind", "parameters", "message"),
    [
        (MINE, {"critic": "cnn"}, "MINE: critic='cnn' is none of auto, conv, mlp"),
        (MINE, {"rate": 0.0}, "MINE: rate=0.0 must be a number between"),
        (DV, {"batch": 1}, "DV: batch=1 must be an integer of at least 2"),
        (DV, {"hidden": 2.5}, "DV: hidden=2.5 must be an integer"),
        (NWJ, {"lr": math.nan}, "NWJ: lr=nan must be a number between"),
        (InfoNCE, {"holdout": 0.6}, "InfoNCE: holdout=0.6 must be a number between 0.05 and 0.5"),
        (SMILE, {"tau": -1.0}, "SMILE: tau=-1.0 must be a number between"),
        (SMILE, {"patience": True}, "SMILE: patience=True must be an integer"),
    ],
)
def test_unsound_parameters_are_refused(kind: type[Neural], parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        kind(**parameters)
