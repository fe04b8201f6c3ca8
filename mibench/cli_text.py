# SPDX-License-Identifier: Apache-2.0
"""How texts of others and counts stand in a line of the terminal."""

from __future__ import annotations

__all__ = ["many", "one_line"]


def one_line(text: str) -> str:
    """`text` on one line: line ends and runs of spaces become one space, what cannot be printed is left out."""
    return " ".join("".join(char for char in text if char.isprintable() or char.isspace()).split())


def many(count: int, noun: str) -> str:
    """``1 trial``, ``2 trials``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
