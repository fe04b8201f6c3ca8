# SPDX-License-Identifier: Apache-2.0
"""The worked example of a package: installed beside mibench, it is listed, checked, run and tested."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mibench.harness import store

EXAMPLE = Path(__file__).parents[1] / "docs" / "examples" / "plugin"
pytestmark = pytest.mark.skipif(not EXAMPLE.is_dir(), reason="the examples are not beside the tests")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A copy of the example (building writes into its folder) and the environment in which it is installed."""
    folder = tmp_path_factory.mktemp("example")
    source, target = folder / "source", folder / "site"
    shutil.copytree(EXAMPLE, source, ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"))
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([*pip, "--disable-pip-version-check", "--target", str(target), str(source)], check=True)
    return source, os.environ | {"PYTHONPATH": str(target)}


def call(installed: tuple[Path, dict[str, str]], *arguments: str) -> str:
    source, environment = installed
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=source, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_is_listed_with_its_tags(installed: tuple[Path, dict[str, str]]) -> None:
    found = {each["name"]: each for each in json.loads(call(installed, "mibench", "ls", "tasks", "--json"))["tasks"]}
    assert found["additive-noise"]["tags"] == ["additive", "bounded"]
    assert found["additive-noise"]["summary"].startswith("X is uniform on (0, 1)")
    assert "gaussian-copula" in call(installed, "mibench", "ls", "estimators")


@pytest.mark.parametrize("name", ["additive-noise", "gaussian-copula"])
def test_it_is_checked(installed: tuple[Path, dict[str, str]], name: str) -> None:
    only = ["--only", "light-import", "--only", "full-name", "--only", "same-seed"]  # its own tests make them all
    findings = json.loads(call(installed, "mibench", "check", name, *only, "--json"))["findings"]
    assert [each["check"] for each in findings] == ["full-name", "light-import", "same-seed"]
    assert {each["outcome"] for each in findings} == {"ok"}


def test_it_runs(installed: tuple[Path, dict[str, str]]) -> None:
    tasks, estimators = "additive-noise[noise=0.75],gaussian[mi=1]", "gaussian-copula,ksg"
    call(
        installed, *f"mibench run --tasks {tasks} --estimators {estimators} --n-samples 500 --out run --jobs 2".split()
    )
    rows = list(store.load(installed[0] / "run").rows)
    assert [row.status for row in rows] == ["ok"] * 4
    assert {row.task: row.truth for row in rows} == {
        "additive-noise[noise=0.75]": pytest.approx(1 / 3),
        "gaussian[mi=1]": 1.0,
    }


def test_its_own_tests_pass(installed: tuple[Path, dict[str, str]]) -> None:
    said = call(installed, "pytest", "-q", "-p", "no:cacheprovider", "-rA")
    assert "PASSED tests/test_contract.py::test_contract[gaussian-copula-row-order]" in said
    assert "PASSED tests/test_contract.py::test_contract[AdditiveNoise(noise=0.75)-truth-agrees]" in said
    assert "SKIPPED" in said  # full-name of an object, for one
