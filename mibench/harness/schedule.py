# SPDX-License-Identifier: Apache-2.0
"""Which trial starts next: in order, except that shared work is done once.

Trials that share a sample's compression wait while the first of them makes it; once one ended well the others find it
in the cache and may run side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mibench.contracts import Trial
from mibench.harness.seeds import shared_work

__all__ = ["Schedule"]


class Schedule:
    """The trials still to start.

    Parameters
    ----------
    trials : iterable of Trial
        In the order wanted.
    shares : callable
        Names the work a trial shares with others, or None.
    """

    def __init__(self, trials: Iterable[Trial], shares: Callable[[Trial], str | None] = shared_work) -> None:
        self._waiting = [(trial, shares(trial)) for trial in trials]
        self._shares = shares
        self._made: set[str] = set()
        self._making: set[str] = set()

    def take(self) -> Trial | None:
        """The next trial that may start now; None if all wait for others (or none is left)."""
        for i, (trial, work) in enumerate(self._waiting):
            if work is None or work in self._made or work not in self._making:
                del self._waiting[i]
                if work is not None and work not in self._made:
                    self._making.add(work)
                return trial
        return None

    def ended(self, trial: Trial, *, well: bool) -> None:
        """Say that a trial that was taken has ended; `well` if the work it shares is now made."""
        work = self._shares(trial)
        if work is not None:
            self._making.discard(work)
            if well:
                self._made.add(work)
