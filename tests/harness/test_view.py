# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from mibench import cli_view
from mibench.contracts import Row, Status, Trial


def make(number: int, estimator: str = "ksg[k=5]") -> Trial:
    return Trial(f"toy[mi={number}]", estimator, 100, 0, 0, f'{{"mi": {number}}}', f'{{"name": "{estimator}"}}')


def row(trial: Trial, status: Status = "ok", error: str | None = None) -> Row:
    good = status == "ok"
    return Row(
        trial.key,
        trial.task,
        trial.estimator,
        trial.n,
        0,
        status,
        estimate=1.25 if good else None,
        truth=1.0,
        seconds=2.0,
        peak_mb=100.0,
        error=error,
    )


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    now = [0.0]
    monkeypatch.setattr(cli_view.time, "monotonic", lambda: now[0])
    return lambda value: now.__setitem__(0, value)


def test_plain_lines_count_say_what_came_out_and_keep_brackets() -> None:
    out = io.StringIO()
    view = cli_view.PlainView(Console(file=out, width=60), 5, 2)
    with view:
        view.started(make(1))
        view.ended(make(1), row(make(1)))
        view.ended(make(2), row(make(2), "timeout", "no answer within the limit of 2 s"))
    first, second = out.getvalue().splitlines()
    assert first.split() == ["[3/5]", "ok", "ksg[k=5]", "toy[mi=1]", "n=100", "1.250", "for", "1", "2.00", "s"]
    assert second.startswith("[4/5] timeout")
    assert second.endswith("no answer within the limit of 2 s")


@pytest.mark.parametrize("text", ["two\nlines", "two\r\n\r\n  lines", "two\x1b\x07 \u2028lines"])
def test_a_message_of_many_lines_stays_on_one(text: str) -> None:
    out = io.StringIO()
    cli_view.PlainView(Console(file=out, width=60), 1, 0).ended(make(1), row(make(1), "error", text))
    (line,) = out.getvalue().splitlines()
    assert line.endswith("2.00 s  two lines")


def test_the_live_view_shows_progress_running_trials_failures_and_what_is_left(
    clock: Callable[[float], None],
) -> None:
    out = io.StringIO()
    console = Console(file=out, width=100, force_terminal=True, no_color=True, _environ={})
    todo = [make(1), make(2), make(3), make(1, "mine")]
    view = cli_view.LiveView(console, 6, 2, lambda: 2, todo)
    assert view.seconds_left() is None
    clock(0.0)
    view.started(todo[0])
    view.started(todo[1])
    clock(10.0)
    view.ended(todo[0], row(todo[0]))
    assert view.seconds_left() == pytest.approx((10 + 10 + 10) / 2)  # two more of ksg and one unknown, two at a time
    view.ended(todo[1], row(todo[1], "error", "ZeroDivisionError: [bug]"))
    view.started(todo[3])
    clock(75.0)
    console.print(view._render())
    text = out.getvalue()
    assert "4/6" in text
    assert "1:15" in text
    assert "1 ok, 1 error" in text
    assert "mine" in text
    assert "1:05" in text, "the running trial's own time"
    assert "ZeroDivisionError: [bug]" in text


def test_the_live_view_is_drawn_while_trials_end() -> None:
    """The display is drawn by a thread of its own: trials of new estimators end with new statuses under its hands."""
    todo = [make(i, f"e{i}") for i in range(8)]
    statuses: list[Status] = ["ok", "error", "timeout", "crashed", "out_of_memory", "unsupported", "not_installed"]
    view = cli_view.LiveView(Console(file=io.StringIO(), width=100), 8, 0, lambda: 2, todo[:1])
    for each in todo:
        view.started(each)
    ends = iter(zip(todo, statuses, strict=False))

    class Meddling(float):
        """A time that, when it is used, lets another trial end."""

        def __truediv__(self, other: float) -> float:
            if (end := next(ends, None)) is not None:
                view.ended(end[0], row(*end))
            return float(self) / other

    class Word(str):
        """A status that, when it is shown, lets another trial end."""

        def __format__(self, how: str) -> str:
            if (end := next(ends, None)) is not None:
                view.ended(end[0], row(*end))
            return str(self)

    view.ended(*(lambda trial, status: (trial, row(trial, status)))(*next(ends)))
    view._took[todo[0].estimator] = Meddling(5.0), 1
    assert view.seconds_left() == 0.0
    view._tally[Word("refused")] += 1  # type: ignore[index]
    before = view._done
    view._render()
    assert view._done > before, "trials ended while it was drawn"


def test_the_leaderboard_shows_names_with_brackets_and_every_failure(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "132")
    rows = [row(make(i)) for i in range(3)] + [row(make(3), "crashed", "killed by SIGSEGV")]
    cli_view.show_outcome(rows, 4)
    line = next(each for each in capsys.readouterr().out.splitlines() if "ksg[k=5]" in each)
    assert "3/4" in line
    assert "0.250" in line
    assert "+0.250" in line
    assert "crashed 1" in line


def test_the_outcome_lists_failures_and_counts(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [row(make(i), "error", f"bug {i}") for i in range(9)] + [row(make(9), "unsupported", "cannot")]
    cli_view.show_outcome(rows, 12)
    said = capsys.readouterr().out
    assert "bug 5" in said
    assert "... and 3 more failures" in said
    cli_view.show_outcome(rows[:7], 12)
    assert "... and 1 more failure\n" in capsys.readouterr().out
    assert "10 of 12 trials done: 9 error, 1 unsupported" in said
