# SPDX-License-Identifier: Apache-2.0
"""`import mibench` and `mibench --help` load nothing heavy."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "numba", "matplotlib", "pandas", "scipy", "sklearn", "seaborn")


def loaded(code: str) -> set[str]:
    """Top-level modules in a fresh process after `code`."""
    report = "import sys; print('|'.join({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True)
    return set(done.stderr.strip().split("|"))


@pytest.mark.parametrize(
    "code",
    [
        "import mibench; mibench.Truth(1.0)",
        "import mibench; mibench.tasks.board(); mibench.estimators.board(); mibench.reports",
        "from mibench.cli import main; main(['--help'], standalone_mode=False)",
        "from mibench.cli import main; main(['run', '--help'], standalone_mode=False)",
        "from mibench.cli import main; main(['study', 'ib-network', '--help'], standalone_mode=False)",
        "from mibench.cli import main; main(['ls', 'tasks'], standalone_mode=False)",
    ],
)
def test_nothing_heavy_is_loaded(code: str) -> None:
    found = loaded(code)
    assert "mibench" in found
    assert not found & set(HEAVY)


def test_the_check_can_fail() -> None:
    assert "pandas" in loaded("import pandas")


def test_running_the_package_is_running_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "mibench", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("mibench, version ")
