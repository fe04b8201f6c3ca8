# SPDX-License-Identifier: Apache-2.0
"""Settings are found by name, pattern and tag, and are what their sources say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mibench.contracts import InputError, UnknownName
from mibench.datasets import sets
from mibench.studies import analyses, planes
from mibench.studies.catalogue import STUDIES, get, select
from mibench.studies.ib_settings import SETTINGS
from mibench.studies.jobs import jobs
from mibench.studies.setting import SCALES, Setting, scaled


def test_selections() -> None:
    assert select(SETTINGS, "all") == [*SETTINGS]
    assert select(SETTINGS, "szt-depth-*") == [f"szt-depth-{layers}" for layers in range(1, 7)]
    assert select(SETTINGS, "E2.1") == ["lorenzen-8bit-tanh", "lorenzen-8bit-relu"]
    assert select(SETTINGS, "lorenzen-8bit-relu, lorenzen-8bit-tanh") == ["lorenzen-8bit-tanh", "lorenzen-8bit-relu"]
    with pytest.raises(UnknownName, match="rasmussen-tanh"):
        select(SETTINGS, "rasmusen-tanh")
    with pytest.raises(InputError, match="no setting was asked for"):
        select(SETTINGS, " ,")
    with pytest.raises(UnknownName, match="ib-network"):
        get("ib-netwrok")


@pytest.mark.parametrize("scale", SCALES)
def test_every_product_of_every_setting_can_be_computed(scale: str) -> None:
    for setting in SETTINGS.values():
        found = jobs(setting, scale, None)  # type: ignore[arg-type]
        assert found
        assert all(job.cost > 0 for job in found)
        for job in found:
            kind, _, name = job.product.partition("-")
            if job.wanted:
                planes.get(job.wanted.estimator)
            elif kind == "analysis":
                table = analyses.ANALYSES if isinstance(setting, Setting) else analyses.COMPUTATIONS
                assert callable(analyses.load(table[name]))


def test_quick_is_the_same_in_small() -> None:
    for setting in SETTINGS.values():
        if isinstance(setting, Setting):
            small = scaled(setting, "quick")
            assert small.network == setting.network
            assert small.training.total_epochs < setting.training.total_epochs
            assert small.runs <= setting.runs
            assert scaled(setting, "paper") is setting


def test_variants_vary_what_is_there() -> None:
    for setting in SETTINGS.values():
        if isinstance(setting, Setting) and setting.variant_of:
            assert setting.variant_of in SETTINGS
    assert STUDIES["ib-network"].settings is SETTINGS


def test_the_population_is_the_12_bit_set() -> None:
    data = STUDIES["ib-network"].data()
    inputs, labels = data.inputs, data.labels
    assert inputs.shape == (4096, 12)
    assert labels.sum() == 2118


@pytest.mark.parametrize("same", ["images", "labels"])
def test_sets_in_which_there_is_nothing_to_know_are_refused(monkeypatch: pytest.MonkeyPatch, same: str) -> None:
    real = sets.load("digits")
    parts = {f"{part}_{same}": np.zeros_like(getattr(real, f"{part}_{same}")) for part in ("train", "test")}
    monkeypatch.setattr(sets, "load", lambda name, folder: replace(real, **parts))
    with pytest.raises(InputError, match=f"all 1797 {same} are the same.*give a set of different images"):
        STUDIES["mnist-cnn"].data("digits")
