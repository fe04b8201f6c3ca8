# SPDX-License-Identifier: Apache-2.0
"""What a run looks like in the terminal: a live view, plain lines elsewhere, and the leaderboard at the end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from mibench.cli_tables import render
from mibench.cli_text import many, one_line
from mibench.contracts import STATUSES, Row, Trial
from mibench.harness import score
from mibench.harness.run import FAILURES, Observer

__all__ = ["View", "console", "show_outcome", "view"]

_SHOWN_FAILURES = 6


def console() -> Console:
    """Standard output; as wide as the terminal, or wide enough for the leaderboard where there is none."""
    out = Console(highlight=False)
    return out if out.is_terminal else Console(highlight=False, width=132)


class View(Observer, Protocol):
    """An observer that owns the terminal while it is open."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...


def view(planned: int, done: int, jobs: Callable[[], int], todo: Sequence[Trial]) -> View:
    """The live view on a terminal, plain lines elsewhere."""
    out = console()
    return LiveView(out, planned, done, jobs, todo) if out.is_terminal else PlainView(out, planned, done)


class PlainView:
    """One line per trial that ended."""

    def __init__(self, out: Console, planned: int, done: int) -> None:
        self._out = out
        self._planned = planned
        self._done = done

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def started(self, trial: Trial) -> None:
        pass

    def ended(self, trial: Trial, row: Row) -> None:
        self._done += 1
        self._out.print(Text(f"[{self._done}/{self._planned}] {_sentence(row)}"), soft_wrap=True)


class LiveView:
    """Done and total, running trials with their time, failures as they come, and the time that is left."""

    def __init__(self, out: Console, planned: int, done: int, jobs: Callable[[], int], todo: Sequence[Trial]) -> None:
        self._planned = planned
        self._done = done
        self._jobs = jobs
        self._waiting = Counter(trial.estimator for trial in todo)
        self._took: dict[str, tuple[float, int]] = {}  # seconds and trials so far
        self._running: dict[str, tuple[Trial, float]] = {}
        self._tally: Counter[str] = Counter()
        self._began = time.monotonic()
        self._live = Live(console=out, get_renderable=self._render, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.__exit__(None, None, None)

    def started(self, trial: Trial) -> None:
        self._running[trial.key] = trial, time.monotonic()

    def ended(self, trial: Trial, row: Row) -> None:
        _, began = self._running.pop(trial.key)
        total, count = self._took.get(trial.estimator, (0.0, 0))
        self._took[trial.estimator] = total + (time.monotonic() - began), count + 1
        self._waiting[trial.estimator] -= 1
        self._done += 1
        self._tally[row.status] += 1
        if row.status in FAILURES:
            self._live.console.print(Text(_sentence(row), style="red"))

    def seconds_left(self) -> float | None:
        """From the mean time of each estimator so far (of all, for one that has not run yet); None before the first."""
        took, waiting = self._took.copy(), self._waiting.copy()  # `ended` may be called meanwhile, in another thread
        if not took:
            return None
        overall = sum(total for total, _ in took.values()) / sum(count for _, count in took.values())
        means = {name: total / count for name, (total, count) in took.items()}
        return sum(count * means.get(name, overall) for name, count in waiting.items()) / self._jobs()

    def _render(self) -> RenderableType:
        left = self.seconds_left()
        tally = ", ".join(f"{count} {status}" for status, count in self._tally.copy().items())
        words = [f"{self._done}/{self._planned}", _clock(time.monotonic() - self._began)]
        words += [f"about {_clock(left)} left"] if left is not None else []
        words += [tally] if tally else []
        line = Table.grid(padding=(0, 2))
        line.add_column()
        line.add_column(no_wrap=True)
        line.add_row(ProgressBar(total=self._planned, completed=self._done, width=20), Text("  ".join(words)))
        running = Table.grid(padding=(0, 2))
        for trial, began in self._running.copy().values():
            elapsed = _clock(time.monotonic() - began)
            running.add_row(Text(elapsed, style="dim"), Text(trial.estimator, style="bold"), Text(_cell(trial)))
        return Group(line, running)


def show_outcome(rows: Sequence[Row], planned: int) -> None:
    """The leaderboard, what failed and why, and the counts."""
    out = console()
    if any(row.status == "ok" for row in rows):
        render(score.leaderboard(rows), "table", {}, out)
    failures = [row for row in rows if row.status in FAILURES]
    for row in failures[:_SHOWN_FAILURES]:
        out.print(Text(_sentence(row), style="red"))
    if len(failures) > _SHOWN_FAILURES:
        out.print(Text(f"... and {many(len(failures) - _SHOWN_FAILURES, 'more failure')}", style="red"))
    tally = Counter(row.status for row in rows)
    said = ", ".join(f"{tally[status]} {status}" for status in STATUSES if tally[status])
    out.print(Text(f"{len(rows)} of {planned} trials done: {said or 'none'}"))


def _sentence(row: Row) -> str:
    said = f"{row.status:12} {row.estimator:16} {_cell(row)}"
    if row.status == "ok" and row.estimate is not None and row.truth is not None:
        said += f"  {row.estimate:.3f} for {row.truth:g}"
    if row.seconds is not None:
        said += f"  {row.seconds:.2f} s"
    return said + (f"  {one_line(row.error)}" if row.error else "")


def _cell(of: Trial | Row) -> str:
    words = f"{of.task} n={of.n}" + (f" repetition {of.repetition}" if of.repetition else "")
    return f"{words} ({of.check})" if of.check else words


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
