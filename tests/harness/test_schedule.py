# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from mibench.contracts import Trial
from mibench.harness.schedule import Schedule


def make(number: int, work: str | None) -> Trial:
    return Trial("toy", f"{work}", number, 0, 0, "{}", "{}")


def shares(trial: Trial) -> str | None:
    return None if trial.estimator == "None" else trial.estimator


@given(
    works=st.lists(st.sampled_from([None, "a", "b"]), max_size=20),
    jobs=st.integers(1, 4),
    data=st.data(),
)
def test_all_trials_run_once_and_no_work_is_made_twice_at_a_time(
    works: list[str | None], jobs: int, data: st.DataObject
) -> None:
    trials = [make(i, work) for i, work in enumerate(works)]
    schedule = Schedule(trials, shares)
    flying: list[Trial] = []
    seen: list[Trial] = []
    made: set[str] = set()
    while True:
        while len(flying) < jobs and (trial := schedule.take()) is not None:
            flying.append(trial)
            seen.append(trial)
        counts = Counter(shares(trial) for trial in flying)
        assert all(count == 1 for work, count in counts.items() if work is not None and work not in made)
        if not flying:
            break
        trial = flying.pop(data.draw(st.integers(0, len(flying) - 1)))
        well = data.draw(st.booleans())
        schedule.ended(trial, well=well)
        if well and (work := shares(trial)) is not None:
            made.add(work)
    assert sorted(trial.n for trial in seen) == list(range(len(works)))
    assert schedule.take() is None


def test_trials_that_wait_are_overtaken_and_then_go_side_by_side() -> None:
    first, second, third, other = make(0, "a"), make(1, "a"), make(2, "a"), make(3, None)
    schedule = Schedule([first, second, third, other], shares)
    assert [schedule.take(), schedule.take(), schedule.take()] == [first, other, None]
    schedule.ended(first, well=True)
    assert [schedule.take(), schedule.take()] == [second, third]


def test_work_that_failed_is_tried_by_one_trial_at_a_time() -> None:
    first, second, third = (make(i, "a") for i in range(3))
    schedule = Schedule([first, second, third], shares)
    assert schedule.take() == first
    schedule.ended(first, well=False)
    assert [schedule.take(), schedule.take()] == [second, None]


@given(
    works=st.lists(st.sampled_from([None, "a", "b"]), max_size=10),
    steps=st.lists(st.tuples(st.integers(-6, 6), st.booleans()), max_size=30),
)
def test_the_first_in_order_that_may_start_is_taken(works: list[str | None], steps: list[tuple[int, bool]]) -> None:
    """Against the plain search through all that wait; a step takes a trial, or ends one of those in flight."""
    waiting = [make(i, work) for i, work in enumerate(works)]
    schedule = Schedule(waiting, shares)
    flying: list[Trial] = []
    making: set[str] = set()
    made: set[str] = set()
    for which, well in steps:
        if which >= 0 and flying:
            trial = flying.pop(which % len(flying))
            schedule.ended(trial, well=well)
            if (work := shares(trial)) is not None:
                making.discard(work)
                made |= {work} if well else set()
            continue
        free = [each for each in waiting if (work := shares(each)) is None or work in made or work not in making]
        taken = schedule.take()
        assert taken == (free[0] if free else None)
        if taken is not None:
            waiting.remove(taken)
            flying.append(taken)
            if (work := shares(taken)) is not None and work not in made:
                making.add(work)
