# SPDX-License-Identifier: Apache-2.0
"""The device: what the environment says, and what it may not say."""

from __future__ import annotations

import pytest
import torch

from mibench.contracts import InputError
from mibench.numerics.device import pick


@pytest.mark.parametrize("name", [None, "", "auto", "AUTO"])
def test_auto_is_the_gpu_when_there_is_one(name: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIBENCH_DEVICE", raising=False)
    if name is not None:
        monkeypatch.setenv("MIBENCH_DEVICE", name)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert pick() == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert pick() == torch.device("cuda")


def test_another_default_gives_way_to_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.delenv("MIBENCH_DEVICE", raising=False)
    assert pick("cpu") == torch.device("cpu")
    monkeypatch.setenv("MIBENCH_DEVICE", "auto")
    assert pick("cpu") == torch.device("cuda")


def test_a_named_device_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("MIBENCH_DEVICE", "cpu")
    assert pick() == torch.device("cpu")
    monkeypatch.setenv("MIBENCH_DEVICE", "cuda:1")
    assert pick() == torch.device("cuda:1")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gpu", "'gpu' is no torch device: use auto, cpu, cuda"),
        ("cuda", "'cuda': torch sees 0 CUDA devices"),
        ("cuda:3", "torch sees 0 CUDA devices"),
        ("meta", "'meta' cannot train a network here"),
    ],
)
def test_an_impossible_device_is_refused(name: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setenv("MIBENCH_DEVICE", name)
    with pytest.raises(InputError, match=message):
        pick()
