# SPDX-License-Identifier: Apache-2.0
"""Tables as CSV, Markdown and JSON, in which the names and messages of others stand as text and do nothing."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

__all__ = ["plain", "to_csv", "to_markdown"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def plain(value: Any) -> Any:
    """`value` as JSON holds it: NumPy scalars as Python's, tuples as lists; what is missing or infinite is null."""
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if value is pd.NA:
        return None
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def to_csv(table: pd.DataFrame) -> str:
    """Every line and column, with all digits; what is missing is empty.

    A text that begins with ``=``, ``+``, ``-``, ``@``, tab or carriage return gets a ``'`` before it, because a
    spreadsheet would compute it.
    """
    lines = _Lines()
    writer = csv.writer(lines, lineterminator="\r\n")  # so that a text with either of them is quoted
    writer.writerow(table.columns)
    for line in table.astype(object).where(table.notna(), None).itertuples(index=False, name=None):
        writer.writerow(map(_harmless, line))
    return "".join(lines)


class _Lines(list[str]):
    """What `csv.writer` writes line by line, with a line feed alone at the ends."""

    def write(self, line: str) -> None:
        self.append(line.removesuffix("\r\n") + "\n")


def to_markdown(heads: Sequence[str], left: Sequence[bool], lines: Iterable[Sequence[str]]) -> str:
    """A table whose cells are no new column, line or tag.

    Parameters
    ----------
    heads : sequence of str
        Markdown.
    left : sequence of bool
        Which columns are aligned to the left; numbers stand to the right.
    lines : iterable of sequences of str
        Any text.
    """
    rows = [heads, *([_inert(text) for text in line] for line in lines)]
    first, *rest = ("| " + " | ".join(row) + " |" for row in rows)
    return "\n".join([first, "|" + "|".join(":--" if each else "--:" for each in left) + "|", *rest, ""])


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _inert(text: str) -> str:
    text = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("|", "\\|")
