# SPDX-License-Identifier: Apache-2.0
"""``mibench study`` of images, on the digits that are always there: from a command to claims and a report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from mibench.cli import main
from mibench.studies.results import Results


def invoke(*arguments: Any) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


@pytest.fixture(scope="module")
def bottleneck(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images") / "bottleneck"
    asked = ("--dataset", "digits", "--settings", "bottleneck-2-fast,conv-fast", "--out", folder)
    done = invoke("study", "mnist-bottleneck", *asked)
    assert done.exit_code == 0, done.output
    assert "of digits at quick scale" in done.output
    return folder


@pytest.fixture(scope="module")
def cnn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images") / "cnn"
    asked = ("--dataset", "digits", "--settings", "cnn", "--estimators", "compressed[x=pca]", "--out", folder)
    done = invoke("study", "mnist-cnn", *asked)
    assert done.exit_code == 0, done.output
    return folder


def test_exact_planes_of_the_digits_lose_information_from_layer_to_layer_and_never_gain(bottleneck: Path) -> None:
    results = Results(bottleneck)
    for name in ("bottleneck-2-fast", "conv-fast"):
        found = results.plane(name, "exact").information
        assert (np.diff(found, axis=2) <= 0).all()
        assert found.max() <= np.log(1797)
        accuracy = results.measures(name).accuracy
        assert accuracy.shape[2] == 2
        assert accuracy[:, -1, 1].max() > 0.3


def test_the_folder_says_whose_digits_they_are(bottleneck: Path) -> None:
    about = json.loads((bottleneck / "study.json").read_text())
    assert about["dataset"] == "digits"
    assert "scikit-learn" in about["data_title"]
    assert about["data"]["rows"] == 1797
    assert about["data"]["held_out"] == 360
    assert "scikit-learn" in invoke("status", bottleneck).output
    assert "scikit-learn" in (bottleneck / "report.html").read_text()


def test_claims_that_hold_by_theory_hold_in_small(bottleneck: Path) -> None:
    claims = json.loads((bottleneck / "claims.json").read_text())["claims"]
    cases = next(claim["cases"] for claim in claims if claim["id"] == "T2.2b")
    verdicts = {case["setting"]: case["verdict"] for case in cases}
    assert (verdicts["bottleneck-2-fast"], verdicts["conv-fast"]) == ("holds", "holds")


def test_another_set_of_images_does_not_go_into_the_folder_of_one(bottleneck: Path, tmp_path: Path) -> None:
    asked = ("study", "mnist-bottleneck", "--settings", "bottleneck-2-fast", "--out", bottleneck)
    refused = invoke(*asked, "--dataset", "digits", "--scale", "paper")
    assert refused.exit_code == 2
    assert "holds a study of scale 'quick'" in refused.output
    absent = invoke(*asked, "--dataset", "mnist", "--data", tmp_path)
    assert absent.exit_code == 2
    assert "train-images-idx3-ubyte" in absent.output
    assert "mibench data fetch mnist" in absent.output


@pytest.mark.parametrize(("where", "dataset"), [("mine", "."), ("mine/inner", ".."), ("", "mine/"), ("", "./mine")])
def test_a_folder_of_own_images_gives_its_name_to_the_results(
    where: str, dataset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine/inner").mkdir(parents=True)
    for name, array in (("train", np.zeros((3, 28, 28), np.uint8)), ("t10k", np.ones((2, 28, 28), np.uint8))):
        for kind, values in (("images-idx3", array), ("labels-idx1", np.arange(len(array), dtype=np.uint8))):
            head = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">u4").tobytes()
            (tmp_path / f"mine/{name}-{kind}-ubyte").write_bytes(head + values.tobytes())
    monkeypatch.chdir(tmp_path / where)
    asked = ("--settings", "bottleneck-2-fast", "--dataset", dataset, "--dry-run")
    done = invoke("study", "mnist-bottleneck", *asked)
    assert done.exit_code == 0, done.output
    assert "folder: runs/mnist-bottleneck-mine-quick-seed0 " in done.output


def test_a_plane_through_compression_has_intervals_and_sees_the_label(cnn: Path) -> None:
    results = Results(cnn)
    plane = results.plane("cnn", "compressed[x=pca,layer=pca]")  # the setting's own, by its own name
    assert plane.std_error is not None
    known = np.isfinite(plane.information)
    assert known[..., 2:, :].any()
    assert (plane.std_error[known] > 0).all()
    assert results.trajectory("cnn").loss[0, -1] < results.trajectory("cnn").loss[0, 0]


def test_the_same_command_again_does_nothing_and_says_so(cnn: Path) -> None:
    before = {path.name: path.read_bytes() for path in (cnn / "settings" / "cnn").iterdir()}
    asked = ("--dataset", "digits", "--settings", "cnn", "--estimators", "compressed[x=pca]", "--out", cnn)
    assert invoke("study", "mnist-cnn", *asked).exit_code == 0
    assert {path.name: path.read_bytes() for path in (cnn / "settings" / "cnn").iterdir()} == before


def test_one_data_set_is_no_choice() -> None:
    assert invoke("study", "ib-network", "--dataset", "digits").exit_code == 2
