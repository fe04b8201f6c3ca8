# SPDX-License-Identifier: Apache-2.0
"""What a study looks like in the terminal while it runs: a line that is renewed, or plain lines where there is none."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from mibench.cli_text import one_line
from mibench.studies.jobs import Job

__all__ = ["StudyView"]

_GUESSED = 30.0  # seconds' worth of trust in the guesses: what is first compiled is no measure of the rest


class StudyView:
    """The observer of a study: products done, the one at work, and the time that is left."""

    def __init__(self, out: Console) -> None:
        self._out = out
        self._began = time.monotonic()
        self._left = self._all = self._spent = self._share = 0.0
        self._done = self._of = 0
        self._job: Job | None = None
        self._live = Live(console=out, get_renderable=self._render, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        if self._out.is_terminal:
            self._live.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        if self._out.is_terminal:
            self._live.__exit__(None, None, None)

    def plan(self, missing: Sequence[Job], before: int) -> None:
        self._of, self._left, self._began = len(missing), sum(job.cost for job in missing), time.monotonic()
        if before:
            self._out.print(f"{before} of {before + len(missing)} products are there already")

    def begin(self, job: Job) -> None:
        self._job, self._share = job, 0.0

    def progress(self, _job: Job, share: float) -> None:
        self._share = share

    def end(self, job: Job, seconds: float, error: str) -> None:
        self._done, self._job = self._done + 1, None
        self._left -= job.cost
        self._spent += job.cost
        said = f"[{self._done}/{self._of}] {job.setting.name}: {job.product}  {seconds:.1f} s"
        if error:
            self._out.print(Text(f"{said}  failed: {one_line(error)}", style="red"), soft_wrap=True)
        elif not self._out.is_terminal:
            self._out.print(Text(f"{said}{self._eta()}"), soft_wrap=True)

    def _eta(self) -> str:
        """What is left, were the rest as much dearer than guessed as what was done."""
        cost = self._job.cost * self._share if self._job else 0.0
        dearer = (time.monotonic() - self._began + _GUESSED) / (self._spent + cost + _GUESSED)
        left = max(0.0, self._left - cost) * dearer
        return f"  about {_clock(left)} left" if self._done < self._of else ""

    def _render(self) -> Table:
        line = Table.grid(padding=(0, 2))
        line.add_column()
        line.add_column(no_wrap=True)
        what = f"{self._job.setting.name}: {self._job.product} {self._share:.0%}" if self._job else ""
        words = f"{self._done}/{self._of}  {_clock(time.monotonic() - self._began)}{self._eta()}  {what}"
        line.add_row(ProgressBar(total=max(1, self._of), completed=self._done, width=20), Text(words))
        return line


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
