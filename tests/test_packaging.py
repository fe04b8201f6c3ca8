# SPDX-License-Identifier: Apache-2.0
"""What installing maps: every package and every data file of the tree is named in pyproject.toml."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("tasks", "estimators", "reports")
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]


def _dotted(folder: Path) -> str:
    parts = folder.relative_to(ROOT).parts
    return ".".join(parts if parts[0] == "mibench" else ("mibench", *parts))


def _inits() -> list[Path]:
    tops = [ROOT / "mibench", *(ROOT / room for room in ROOMS)]
    return [init for top in tops for init in top.rglob("__init__.py") if not _through_link(init)]


def _through_link(path: Path) -> bool:
    return any((ROOT / "mibench" / room) in path.parents for room in ROOMS)


def test_every_package_of_the_tree_is_installed_and_no_other() -> None:
    assert sorted(SETUPTOOLS["packages"]) == sorted(_dotted(init.parent) for init in _inits())


def test_every_file_that_is_no_module_is_package_data() -> None:
    packages = {_dotted(init.parent): init.parent for init in _inits()}
    named = {
        file
        for name, patterns in SETUPTOOLS["package-data"].items()
        for p in patterns
        for file in packages[name].glob(p)
    }
    done = subprocess.run(["git", "ls-files", "mibench", *ROOMS], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("no git checkout: which files belong to the tree is not known")
    tracked = {ROOT / line for line in done.stdout.splitlines() if not line.endswith(".py")}
    assert {file for file in tracked if file.is_file() and not file.is_symlink()} <= named


@pytest.mark.parametrize("room", ROOMS)
def test_links_show_the_rooms_to_static_tools(room: str) -> None:
    assert (ROOT / "mibench" / room).resolve() == ROOT / room
