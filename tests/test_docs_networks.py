# SPDX-License-Identifier: Apache-2.0
"""The page on networks: its example runs, and says what it prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "networks.md"


def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(code, names)
    truth, counted = map(float, capsys.readouterr().out.split())
    assert truth == counted > 0
    assert (tmp_path / "trajectory.npz").exists()
