# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from mibench.contracts import Row
from mibench.harness.packed import PackedRows

ROW = Row("a", "toy", "ksg", 100, 0, "ok", 0.1 + 0.2, None, (1 / 3, float("inf")), diagnostics={"k": 5.0}, error="é\n")


def test_what_was_kept_comes_back_and_the_latest_counts() -> None:
    rows = PackedRows()
    rows.keep(ROW)
    other = replace(ROW, key="b", status="timeout", estimate=None)
    rows.keep(other)
    rows.keep(replace(ROW, status="error"))
    assert dict(rows) == {"a": replace(ROW, status="error"), "b": other}
    assert rows.statuses == {"a": "error", "b": "timeout"}
    assert (len(rows), "a" in rows, "c" in rows) == (2, True, False)
    with pytest.raises(KeyError):
        rows["c"]


def test_a_row_takes_little() -> None:
    rows = PackedRows()
    full = replace(ROW, diagnostics={f"diagnostic_{i}": i / 7 for i in range(12)}, sample=(0.1, 0.2, 0.3, 0.4))
    rows.keep(full)
    objects = sum(map(sys.getsizeof, (vars(full), full.diagnostics, *full.diagnostics, *full.diagnostics.values())))
    assert sys.getsizeof(rows._packed["a"]) < objects / 3
