# SPDX-License-Identifier: Apache-2.0
"""Which trial starts next: in order, except that shared work is done once.

Trials that share a sample's compression wait while the first of them makes it; once one ended well the others find it
in the cache and may run side by side.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable

from mibench.contracts import Trial
from mibench.harness.seeds import shared_work

__all__ = ["Schedule"]


class Schedule:
    """The trials still to start; a step costs O(log n), however many there are.

    Parameters
    ----------
    trials : iterable of Trial
        In the order wanted.
    shares : callable
        Names the work a trial shares with others, or None.
    """

    def __init__(self, trials: Iterable[Trial], shares: Callable[[Trial], str | None] = shared_work) -> None:
        self._trials = list(trials)
        self._ready = list(range(len(self._trials)))  # a heap of places in the order
        self._parked: dict[str, list[int]] = defaultdict(list)  # places that wait, by the work they wait for
        self._shares = shares
        self._made: set[str] = set()
        self._making: set[str] = set()

    def take(self) -> Trial | None:
        """The next trial that may start now; None if all wait for others (or none is left)."""
        while self._ready:
            place = heapq.heappop(self._ready)
            trial = self._trials[place]
            work = self._shares(trial)
            if work in self._making:
                self._parked[work].append(place)
                continue
            if work is not None and work not in self._made:
                self._making.add(work)
            return trial
        return None

    def ended(self, trial: Trial, *, well: bool) -> None:
        """Say that a trial that was taken has ended; `well` if the work it shares is now made."""
        work = self._shares(trial)
        if work is None:
            return
        self._making.discard(work)
        if well:
            self._made.add(work)
        for place in self._parked.pop(work, []):
            heapq.heappush(self._ready, place)
