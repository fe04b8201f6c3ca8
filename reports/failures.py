# SPDX-License-Identifier: Apache-2.0
"""Every failure with its reason; one reason is told once, with the trials it stopped.

Messages that differ only in numbers or in the name of the estimator are one reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mibench.contracts import Row
from mibench.reports.words import Method

__all__ = ["Reason", "reasons"]

_SHORT = 160  # characters of a message that are shown before it is unfolded


@dataclass(frozen=True)
class Reason:
    """Trials that ended alike: same `status`, and the `message` of the first of them."""

    status: str
    message: str
    rows: Sequence[Row]

    @property
    def short(self) -> str:
        """First line of the message, cut to what fits a line or two."""
        line = (self.message.strip().splitlines() or ["no message"])[0]
        return line if len(line) <= _SHORT else f"{line[:_SHORT].rstrip()} …"

    @property
    def folded(self) -> bool:
        """Whether the message is longer than `short`."""
        return self.short != self.message.strip() and bool(self.message.strip())

    @property
    def estimators(self) -> list[str]:
        return list(dict.fromkeys(row.estimator for row in self.rows))

    @property
    def tasks(self) -> list[str]:
        return list(dict.fromkeys(row.task for row in self.rows))


def reasons(rows: Iterable[Row]) -> list[Reason]:
    """The failed trials by reason, the most frequent first."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row.status != "ok":
            found.setdefault((row.status, _pattern(row)), []).append(row)
    listed = [Reason(status, stopped[0].error or "", stopped) for (status, _), stopped in found.items()]
    return sorted(listed, key=lambda reason: (-len(reason.rows), reason.status, reason.message))


def _pattern(row: Row) -> str:
    """The message without its numbers and without the estimator's name."""
    name = Method.of(row.estimator).tail.partition("[")[0]
    text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "*", row.error or "") if name else row.error or ""
    return re.sub(r"\d+(\.\d+)?(e[+-]?\d+)?", "#", text)
