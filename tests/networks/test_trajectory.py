# SPDX-License-Identifier: Apache-2.0
"""Trajectories and their files: read back to the bit, and refused in words where anything is not as it was."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import fields

import numpy as np
import pytest

from mibench.contracts import InputError
from mibench.networks import archive
from mibench.networks.spec import Network, Training
from mibench.networks.trajectory import Trajectory


def _trajectory(network=None, **changes):
    network = network or Network(widths=(3, 2, 2))
    rng = np.random.default_rng(0)
    made = {
        "network": network,
        "training": Training(epochs=9, prefit=1, restart_below=0.1),
        "seed": 7,
        "dtype": "float32",
        "epochs": np.array([0, 3, 10]),
        "parameters": rng.normal(size=(4, 3, network.n_parameters)).astype(np.float32),
        "ranges": None,
        "loss": rng.random((4, 10), dtype=np.float32),
        "accuracy": rng.random((4, 10), dtype=np.float32),
        "train": rng.integers(0, 20, (4, 16)),
        "restarts": np.array([0, 2, 0, 0]),
    }
    return Trajectory(**{**made, **changes})


def _equal(a, b):
    for field in fields(Trajectory):
        mine, other = getattr(a, field.name), getattr(b, field.name)
        if isinstance(mine, np.ndarray):
            assert mine.dtype == other.dtype
            assert np.array_equal(mine, other), field.name
        else:
            assert mine == other, field.name


@pytest.mark.parametrize("ranges", [False, True])
def test_read_back_to_the_bit(tmp_path, ranges):
    network = Network(widths=(3, 2, 2), bits=8, mode="tfmot") if ranges else None
    kept = np.random.default_rng(1).random((4, 3, 2, 4), dtype=np.float32) if ranges else None
    saved = _trajectory(network, ranges=kept)
    saved.save(tmp_path / "a.npz")
    _equal(saved, Trajectory.load(tmp_path / "a.npz"))
    assert saved.n_runs == 4
    saved.save(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with np.load(tmp_path / "a.npz") as plain:
        assert np.array_equal(plain["parameters"], saved.parameters)


@pytest.mark.parametrize("cut", [0, 1, 100, 2000, -1, -30])
def test_a_file_cut_off_is_refused(tmp_path, cut):
    path = tmp_path / "a.npz"
    _trajectory().save(path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(InputError, match=r"a\.npz cannot be read as a whole npz"):
        Trajectory.load(path)


def test_no_bit_of_a_file_can_be_flipped_unseen(tmp_path):
    path = tmp_path / "a.npz"
    saved = _trajectory()
    saved.save(path)
    whole = path.read_bytes()
    for at in np.random.default_rng(0).integers(0, len(whole), 150):
        changed = bytearray(whole)
        changed[at] ^= 1 << int(at % 8)
        path.write_bytes(bytes(changed))
        try:
            found = Trajectory.load(path)
        except InputError:
            continue
        _equal(saved, found)  # a bit of a date or of an attribute: nothing that is read


def test_what_is_not_there_or_no_trajectory(tmp_path):
    with pytest.raises(InputError, match="no file"):
        Trajectory.load(tmp_path / "none.npz")
    with pytest.raises(InputError, match="cannot be read"):
        Trajectory.load(tmp_path)
    archive.write(tmp_path / "a.npz", "weights", {}, {"w": np.zeros(3)})
    with pytest.raises(InputError, match="kind 'weights'; expected kind 'trajectory'"):
        Trajectory.load(tmp_path / "a.npz")
    archive.write(tmp_path / "b.npz", "trajectory", {"network": {"widths": 3}}, {"w": np.zeros(3)})
    with pytest.raises(InputError, match="no trajectory"):
        Trajectory.load(tmp_path / "b.npz")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"parameters": np.zeros((4, 3, 15), dtype=np.float32)},
            r"parameters of float32, shape \(4, 3, 15\); expected",
        ),
        ({"parameters": np.zeros((4, 3, 14))}, "parameters of float64"),
        ({"loss": np.zeros((4, 9), dtype=np.float32)}, "loss of float32"),
        ({"epochs": np.array([0, 3, 3])}, "epochs"),
        ({"epochs": np.array([0, 3, 11])}, "expected increasing ones, 0 to 10"),
        ({"ranges": np.zeros((4, 3, 2, 4), dtype=np.float32)}, "has arrays"),
        ({"train": np.zeros(4, dtype=np.int64)}, "no trajectory"),
    ],
)
def test_parts_that_do_not_fit_are_refused(tmp_path, changes, message):
    _trajectory(**changes).save(tmp_path / "a.npz")
    with pytest.raises(InputError, match=message):
        Trajectory.load(tmp_path / "a.npz")


def test_numbers_that_are_not_finite_are_neither_written_nor_read(tmp_path, monkeypatch):
    bad = np.full((4, 3, 14), np.nan, dtype=np.float32)
    with pytest.raises(InputError, match="'parameters' has values that are not finite"):
        _trajectory(parameters=bad).save(tmp_path / "a.npz")
    assert not list(tmp_path.iterdir())
    with monkeypatch.context() as patch:
        patch.setattr(archive.np, "isfinite", lambda array: np.ones(1, dtype=bool))
        _trajectory(parameters=bad).save(tmp_path / "a.npz")
    with pytest.raises(InputError, match="parameters with values that are not finite"):
        Trajectory.load(tmp_path / "a.npz")


def _npz(path, **members):
    """A file by zipfile alone: member name -> bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as file:
        for name, data in members.items():
            file.writestr(f"{name}.npy", data)


def _npy(array, **options):
    buffer = io.BytesIO()
    np.save(buffer, array, **options)
    return buffer.getvalue()


def test_pickles_are_not_read(tmp_path):
    path = tmp_path / "a.npz"
    _npz(path, header=_npy(np.array([{}], dtype=object), allow_pickle=True))
    with pytest.raises(InputError, match="pickles are not read"):
        archive.read(path, "trajectory")


def test_bombs_are_refused_before_they_are_read(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, header=np.zeros(50_000_000, dtype=np.uint8))
    with pytest.raises(InputError, match=r"members of 50000\d+ bytes in \d{5} bytes of file; expected members as they"):
        archive.read(path, "trajectory")
    short = _npy(np.zeros(4, dtype=np.uint8))
    _npz(path, header=short.replace(b"(4,)", b"(4])"))
    with pytest.raises(InputError, match="no array"):
        archive.read(path, "trajectory")
    _npz(path, header=short.replace(b"(4,)", b"(9,)"))
    with pytest.raises(InputError, match=r"shape \(9,\) and uint8 in \d+ bytes; expected as many bytes"):
        archive.read(path, "trajectory")
    archive.write(path, "trajectory", {}, {"w": np.zeros(1000)})
    with pytest.raises(InputError, match="expected at most 500"):
        archive.read(path, "trajectory", most_bytes=500)


def test_headers_that_are_not_ours(tmp_path):
    path = tmp_path / "a.npz"
    good = {"kind": "x", "version": archive.VERSION, "arrays": {}, "header": {}}
    for text, message in (
        (b"{", "none of ours"),
        (b"[]", "none of ours"),
        (json.dumps({**good, "version": 99}).encode(), "format version 99; expected version 1"),
        (json.dumps({**good, "arrays": {"w": {}}}).encode(), "none of ours"),
        (json.dumps({**good, "arrays": {"w": {"dtype": "<f4", "shape": [1], "sha256": ""}}}).encode(), "members"),
    ):
        _npz(path, header=_npy(np.frombuffer(text, dtype=np.uint8)))
        with pytest.raises(InputError, match=message):
            archive.read(path, "x")
    _npz(path, other=_npy(np.zeros(1)))
    with pytest.raises(InputError, match=r"expected a member header\.npy"):
        archive.read(path, "x")


def test_an_array_that_its_header_does_not_know(tmp_path):
    path = tmp_path / "a.npz"
    archive.write(path, "x", {}, {"w": np.zeros(3)})
    with zipfile.ZipFile(path) as file:
        header = file.read("header.npy")
    _npz(path, header=header, w=_npy(np.ones(3)))
    with pytest.raises(InputError, match="w with another SHA-256"):
        archive.read(path, "x")
    _npz(path, header=header, w=_npy(np.zeros(4)))
    with pytest.raises(InputError, match=r"w of <f8, shape \(4,\); expected <f8, shape \(3,\)"):
        archive.read(path, "x")


def test_only_numbers_are_written(tmp_path):
    with pytest.raises(InputError, match="'w' is of <U1"):
        archive.write(tmp_path / "a.npz", "x", {}, {"w": np.array(["a"])})


def test_numbers_of_numpy_are_saved_as_numbers(tmp_path):
    network = Network(widths=(np.int64(3), 2, 2), bits=np.int64(8))
    saved = _trajectory(network, training=Training(epochs=np.int64(10), batch=np.int32(4)))
    saved.save(tmp_path / "run.npz")
    assert Trajectory.load(tmp_path / "run.npz").network == Network(widths=(3, 2, 2), bits=8)
