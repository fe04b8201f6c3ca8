# SPDX-License-Identifier: Apache-2.0
"""Rows by key, held as compressed lines: the parent of a long run keeps a quarter of what the objects would take."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping

from mibench.contracts import Row, Status
from mibench.harness.lines import from_line, to_line

__all__ = ["PackedRows"]


class PackedRows(Mapping[str, Row]):
    """The latest row of every key; a row is unpacked when it is asked for.

    Attributes
    ----------
    statuses : dict of str to Status
        What most questions are about, without unpacking.
    """

    def __init__(self) -> None:
        self.statuses: dict[str, Status] = {}
        self._packed: dict[str, bytes] = {}

    def keep(self, row: Row, line: str | None = None) -> None:
        """Keep `row` in place of what its key had; `line` is its line where that is known."""
        self._packed[row.key] = zlib.compress((to_line(row) if line is None else line).encode(), 1)
        self.statuses[row.key] = row.status

    def __getitem__(self, key: str) -> Row:
        return from_line(zlib.decompress(self._packed[key]).decode())

    def __iter__(self) -> Iterator[str]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)

    def __contains__(self, key: object) -> bool:
        return key in self._packed
