# SPDX-License-Identifier: Apache-2.0
"""The page on one's own network: its code blocks run one after the other, and show what it says."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest
import torch

PAGE = Path(__file__).parents[1] / "docs" / "own-network.md"


def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # on a busy machine small products wait for one another
    try:
        for block in blocks:
            exec(block, names)
    finally:
        torch.set_num_threads(threads)
    printed = capsys.readouterr().out
    assert printed.startswith("('1', '3', '5', 'output')")
    found = names["found"]
    assert found.information[:, :, 0] == pytest.approx(math.log(1797), abs=0.05)  # trivial, as the page says
    assert found.null == pytest.approx(found.information[:, :, 1], rel=0.05)
    told = "\n".join(found.warnings)
    assert "told apart" in told
    assert "exact: I(T;Y) is within 5% of what permuted labels give" in told
    assert all(sentence in printed for sentence in found.warnings)
    binned = found.as_plane("bins[n=30]").information[0]
    assert (binned[-1, :, 1] > binned[0, :, 1]).any()  # it has learnt
    assert {"bins.pdf", "kde.pdf", "digits-planes.npz"} <= {path.name for path in tmp_path.iterdir()}
    assert "ksg" in "\n".join(names["now"].warnings)
