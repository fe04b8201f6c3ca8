# SPDX-License-Identifier: Apache-2.0
"""Scratch plug-ins: files whose tasks and estimators join the registries."""

from __future__ import annotations

from pathlib import Path

import pytest

from mibench.contracts import InputError
from mibench.harness import plan
from mibench.harness.plugins import load_plugin


def test_two_plugin_files_of_one_name_are_two_plugins(restored: None, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        body = f"class {folder.title()}:\n    def estimate(self, x, y, *, rng=None, side=None): ...\n"
        (tmp_path / folder / "my-own.v2.py").write_text(body)
        assert load_plugin(tmp_path / folder / "my-own.v2.py") == [folder]
        assert load_plugin(tmp_path / folder / ".." / folder / "my-own.v2.py") == [], "it is loaded already"
    trials = plan.make("gaussian[dim_x=1]", "one,two", ns=[50]).trials
    assert [trial.estimator for trial in trials] == ["one", "two"]


def test_a_name_of_another_plugin_file_is_taken(restored: None, tmp_path: Path) -> None:
    body = "class Same:\n    def estimate(self, x, y, *, rng=None, side=None): ...\n"
    for name in ("one.py", "two.py"):
        (tmp_path / name).write_text(body)
    load_plugin(tmp_path / "one.py")
    with pytest.raises(InputError, match="cannot add the estimator 'same': the name already belongs to a plug-in file"):
        load_plugin(tmp_path / "two.py")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("import a_package_that_is_not_there", "failed to import: ModuleNotFoundError"),
        ("x = (", "failed to import: SyntaxError"),
        ("x = 1", "defines no class with `estimate`"),
        (
            "class KSG:\n    def estimate(self): ...",
            "cannot add the estimator 'ksg': the name already belongs to mibench",
        ),
    ],
)
def test_a_plugin_file_that_is_no_use_says_why(restored: None, tmp_path: Path, body: str, message: str) -> None:
    file = tmp_path / "useless.py"
    file.write_text(body)
    with pytest.raises(InputError, match=message):
        load_plugin(file)


def test_a_missing_plugin_file_is_named(restored: None, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.py failed to import: FileNotFoundError"):
        load_plugin(tmp_path / "absent.py")
