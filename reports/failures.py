# SPDX-License-Identifier: Apache-2.0
"""Every failure with its reason; one reason is told once, with the trials it stopped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mibench.contracts import Row

__all__ = ["Reason", "reasons"]

_SHORT = 160  # characters of a message that are shown before it is unfolded


@dataclass(frozen=True)
class Reason:
    """Trials that ended alike: same `status` and same `message`."""

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
            found.setdefault((row.status, row.error or ""), []).append(row)
    listed = [Reason(status, message, stopped) for (status, message), stopped in found.items()]
    return sorted(listed, key=lambda reason: (-len(reason.rows), reason.status, reason.message))
