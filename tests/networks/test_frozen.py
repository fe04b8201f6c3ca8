# SPDX-License-Identifier: Apache-2.0
"""The networks that ship: small, whole, trained as they say, and refused when they are not what was written."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mibench.contracts import InputError
from mibench.datasets import ib12
from mibench.networks import frozen
from mibench.networks.forward import evaluate


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (frozen.QUANTISED, frozen.NOISY):
        (tmp_path / name).write_bytes((frozen.FOLDER / name).read_bytes())
    return tmp_path


def rewritten(folder: Path, name: str, **changes: Any) -> None:
    header, arrays = frozen.read(frozen.FOLDER / name)
    frozen.write(folder / name, header, {**arrays, **changes})


def test_they_are_small() -> None:
    assert sum(file.stat().st_size for file in frozen.FOLDER.iterdir()) < 200_000


@pytest.mark.parametrize("activation", frozen.ACTIVATIONS)
@pytest.mark.parametrize("bits", frozen.BITS)
def test_they_learnt_what_they_were_taught(activation: str, bits: int) -> None:
    right = []
    for stage in frozen.STAGES:
        network, parameters = frozen.quantised(activation, bits, stage)
        output = evaluate(network, parameters, ib12.patterns().astype(np.float32))[-1]
        right.append((output.values.argmax(axis=1)[output.member] == ib12.labels()).mean())
    assert right[2] > max(0.85, right[0])
    assert right[2] >= right[1] - 0.02


def test_the_file_says_how_it_was_made() -> None:
    for name in (frozen.QUANTISED, frozen.NOISY):
        header, _ = frozen.read(frozen.FOLDER / name)
        assert header["command"] == "python -m mibench.networks.freeze"
        assert "compressed" in header["stages"]


def test_truncated_and_changed_files_are_refused(folder: Path) -> None:
    whole = (folder / frozen.QUANTISED).read_bytes()
    for part in (b"", whole[:100], whole[: len(whole) // 2], whole[:-1]):
        (folder / frozen.QUANTISED).write_bytes(part)
        frozen.read.cache_clear()
        with pytest.raises(InputError, match=r"quantised\.npz"):
            frozen.quantised("tanh", 8, "init", folder)
    middle = len(whole) // 2
    (folder / frozen.QUANTISED).write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    frozen.read.cache_clear()
    with pytest.raises(InputError, match=r"quantised\.npz"):
        frozen.quantised("tanh", 8, "init", folder)


def test_pickles_are_refused(folder: Path) -> None:
    (folder / frozen.QUANTISED).write_bytes(pickle.dumps({"tanh-8": np.zeros((3, 294))}))
    with pytest.raises(InputError, match=r"quantised\.npz"):
        frozen.quantised("tanh", 8, "init", folder)
    np.savez(folder / frozen.NOISY, **{"0.1": np.array([{}], dtype=object)})
    with pytest.raises(InputError, match=r"noisy\.npz"):
        frozen.noisy(0.1, folder)


def test_other_shapes_and_missing_networks_are_refused(folder: Path) -> None:
    rewritten(folder, frozen.QUANTISED, **{"tanh-8": np.zeros((3, 293), dtype=np.float32)})
    with pytest.raises(InputError, match=r"float32 of shape \(3, 293\); expected float32 of shape \(3, 294\)"):
        frozen.quantised("tanh", 8, "init", folder)
    rewritten(folder, frozen.NOISY, truths=np.zeros((1, 2)))
    with pytest.raises(InputError, match=r"has truths of shape \(1, 2\)"):
        frozen.noisy_truth(0.1, 1, "input", folder)
    with pytest.raises(InputError, match="no frozen network with bits 3; there are: 2, 4, 8"):
        frozen.quantised("tanh", 3, "init", folder)


def test_numbers_that_are_none_are_not_written(folder: Path) -> None:
    with pytest.raises(InputError, match="not finite"):
        rewritten(folder, frozen.QUANTISED, **{"tanh-8": np.full((3, 294), np.nan, dtype=np.float32)})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"quantised\.npz"):
        frozen.quantised("tanh", 8, "init", tmp_path)
