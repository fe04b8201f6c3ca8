# SPDX-License-Identifier: Apache-2.0
"""What a task says of itself."""

from __future__ import annotations

import math
import pickle
from typing import get_args

import numpy as np

from mibench.contracts import Truth, TruthMethod
from mibench.testing.check import task_check
from mibench.testing.outcome import fail
from mibench.testing.subject import TaskSubject

__all__: list[str] = []


@task_check
def tags(subject: TaskSubject) -> None:
    """A frozenset of texts, to select it by."""
    found = getattr(subject.thing, "tags", None)
    if not isinstance(found, frozenset) or not all(isinstance(each, str) and each for each in found):
        fail(f"tags is {found!r}: write `tags: ClassVar[frozenset[str]] = frozenset({{'...'}})`")


@task_check
def truth(subject: TaskSubject) -> None:
    """A `Truth`: finite nats of at least 0, one of the methods, a standard error only for Monte Carlo."""
    found = subject.thing.truth
    if not isinstance(found, Truth):
        fail(f"truth is a {type(found).__name__}: give mibench.Truth(mi, std_error, method)")
    if not isinstance(found.mi, float) or not 0 <= found.mi < math.inf:
        fail(f"truth.mi is {found.mi!r}: give nats, a finite float of at least 0")
    methods = get_args(TruthMethod)
    if found.method not in methods:
        fail(f"truth.method is {found.method!r}: give one of {', '.join(methods)}")
    if not 0 <= found.std_error < math.inf:
        fail(f"truth.std_error is {found.std_error!r}: give a finite number of at least 0")
    if (found.method == "monte carlo") != (found.std_error > 0):
        fail(
            f"truth.std_error is {found.std_error:g} for the method {found.method!r}: "
            "it is above 0 for Monte Carlo and 0.0 for every other method"
        )


@task_check
def truth_is_fixed(subject: TaskSubject) -> None:
    """The truth is the same when it is asked again, after sampling, and of an equal task."""
    first = subject.thing.truth
    subject.sample(5)
    for again in (subject.thing.truth, subject.build().truth, pickle.loads(pickle.dumps(subject.thing)).truth):  # noqa: S301
        if again != first:
            fail(f"truth was {first} and then {again}: it belongs to the distribution, and no sample may move it")


@task_check
def dimensions(subject: TaskSubject) -> None:
    """`dim_x` and `dim_y` count the numbers of one x and one y."""
    sample = subject.sample(4)
    for side in "xy":
        stated, values = getattr(subject.thing, f"dim_{side}", None), np.asarray(getattr(sample, side))
        if isinstance(stated, bool) or not isinstance(stated, int):
            fail(f"dim_{side} is {stated!r}: give an int")
        if values.size != 4 * stated:
            fail(
                f"dim_{side} is {stated} and one {side} holds {values.size // 4} numbers (shape {values.shape} for n=4)"
            )


@task_check
def pickling(subject: TaskSubject) -> None:
    """A pickled copy draws the same sample: every trial runs in a process of its own."""
    copy = pickle.loads(pickle.dumps(subject.thing))  # noqa: S301 - its own
    first, second = subject.sample(6), copy.sample(6, 0)
    if not (np.array_equal(first.x, second.x) and np.array_equal(first.y, second.y)):
        fail("a pickled copy draws another sample from the same seed: keep nothing that a pickle leaves out")
