# SPDX-License-Identifier: Apache-2.0
"""One sample: shapes, types, seeds, memory and side information."""

from __future__ import annotations

import inspect
import re
from typing import Any

import numpy as np

from mibench.contracts import InputError, Sample
from mibench.testing.check import task_check
from mibench.testing.outcome import fail
from mibench.testing.subject import TaskSubject
from mibench.testing.watch import global_state, scrambled

__all__: list[str] = []

_SIZES = (1, 2, 1000)
_NOISES = ("noise_std", "noise_std_x", "noise_std_y")
_FLAGS = ("x_is_discrete", "y_is_discrete")
_SIZES_OF_SIDES = ("alphabet_size_x", "alphabet_size_y")
_ROWS = ("clean_x", "clean_y", "centres_x", "centres_y", "latent_x", "latent_y")
_SIDE = (*_NOISES, *_FLAGS, *_SIZES_OF_SIDES, *_ROWS)


def _same(one: Sample, other: Sample) -> bool:
    if set(one.side) != set(other.side):
        return False
    pairs = [(one.x, other.x), (one.y, other.y), *((value, other.side[key]) for key, value in one.side.items())]
    return all(np.array_equal(a, b) for a, b in pairs)


@task_check
def shapes(subject: TaskSubject) -> None:
    """As many rows as asked for, of one shape and one number type for every n."""
    kinds: dict[str, Any] = {}
    for n in _SIZES:
        sample = subject.sample(n)
        for side in "xy":
            values = getattr(sample, side)
            if not isinstance(values, np.ndarray):
                fail(f"{side} is a {type(values).__name__}: give a NumPy array")
            if values.ndim == 0 or len(values) != n:
                fail(f"{side} has shape {values.shape} for n={n}: give n rows, shape (n, ...)")
            kinds.setdefault(side, (values.shape[1:], values.dtype))
            if kinds[side] != (values.shape[1:], values.dtype):
                fail(f"{side} is {values.dtype} of row shape {values.shape[1:]} for n={n} and was {kinds[side]} before")


@task_check
def numbers(subject: TaskSubject) -> None:
    """Finite floats of 32 or 64 bits, or integers."""
    sample = subject.sample(1000)
    for side in "xy":
        values = np.asarray(getattr(sample, side))
        if values.dtype.kind not in "biu" and values.dtype not in (np.float32, np.float64):
            fail(f"{side} is of {values.dtype}: give float64, float32 or integers")
        if not np.isfinite(values).all():
            fail(f"{side} holds {int((~np.isfinite(values)).sum())} values that are not finite in 1000 samples")


@task_check
def refuses_bad_sizes(subject: TaskSubject) -> None:
    """n must be a whole number of at least 1: InputError, naming it."""
    for n in (0, -3, 2.5, "ten", None):
        try:
            subject.thing.sample(n, 0)
        except InputError as error:
            if not re.search(r"\bn\b", str(error)):
                fail(f"n={n!r} is refused with {str(error)!r}: name n and what was expected")
        except Exception as error:
            fail(f"n={n!r} raises {type(error).__name__} ({error}): raise InputError")
        else:
            fail(f"n={n!r} gives a sample: raise InputError")


@task_check
def same_seed(subject: TaskSubject) -> None:
    """A seed is a sample, as a number or as a generator; other seeds, and the same generator again, give others."""
    first = subject.sample(20)
    for rng in (0, np.random.default_rng(0)):
        if not _same(first, subject.sample(20, rng)):
            fail(f"the seed 0 gives another sample the second time (rng={rng!r:.30}): draw from `rng` only")
    if np.array_equal(first.x, subject.sample(20, 1).x):
        fail("the seeds 0 and 1 give the same x: use `rng`")
    generator = np.random.default_rng(0)
    subject.sample(20, generator)
    if np.array_equal(first.x, subject.sample(20, generator).x):
        fail("a generator gives the same x twice: draw from it, do not seed another with a fixed number")
    subject.sample(5, None)


@task_check
def global_generators(subject: TaskSubject) -> None:
    """Sampling neither moves nor reads the global generators of Python, NumPy and torch."""
    before = global_state()
    first = subject.sample(20)
    after = global_state()
    moved = [name for name, state in before.items() if after[name] != state]
    if moved:
        fail(f"sampling moves the global generator of {', '.join(moved)}: draw from `rng` only")
    with scrambled(987):
        second = subject.sample(20)
    if not _same(first, second):
        fail("after seeding the global generators anew the sample is another one: draw from `rng` only")


@task_check
def own_arrays(subject: TaskSubject) -> None:
    """x and y are writable arrays of their own: not views of each other, nor of what the task keeps."""
    one, other = subject.sample(10), subject.sample(10, 1)
    for side in "xy":
        if not getattr(one, side).flags.writeable:
            fail(f"{side} is read-only: give a copy")
        if np.shares_memory(getattr(one, side), getattr(other, side)):
            fail(f"two samples share the memory of {side}: give a new array each time")
    if np.shares_memory(one.x, one.y):
        fail("x and y share memory: give each an array of its own")


@task_check
def side_information(subject: TaskSubject) -> None:
    """Known keys, or keys that the docstring names, the same for every n; arrays by row have n rows."""
    said = " ".join(inspect.getdoc(each) or "" for each in (type(subject.thing), subject.thing.sample))
    known: set[str] | None = None
    for n in (3, 50):
        sample = subject.sample(n)
        if known is not None and set(sample.side) != known:
            fail(f"side holds {sorted(sample.side)} for n={n} and {sorted(known)} before: it must not depend on n")
        known = set(sample.side)
        for key, value in sample.side.items():
            if key not in _SIDE and not re.search(rf"\b{re.escape(key)}\b", said):
                fail(f"side holds {key!r}, which no docstring declares: use one of {', '.join(_SIDE)}, or describe it")
            if key in _SIDE:
                _check_known(key, value, sample, n)


def _check_known(key: str, value: Any, sample: Sample, n: int) -> None:
    if key in _NOISES:
        if not 0 < float(value) < np.inf:
            fail(f"side[{key!r}] is {value!r}: give a positive number")
        return
    if key in _FLAGS:
        if value is not True and value is not False:
            fail(f"side[{key!r}] is {value!r}: give True or False")
        return
    if key in _SIZES_OF_SIDES:
        distinct = len(np.unique(getattr(sample, key[-1]).reshape(n, -1), axis=0))
        if isinstance(value, bool) or not isinstance(value, int) or value < distinct:
            fail(f"side[{key!r}] is {value!r}, and {distinct} values were drawn: give the number of possible values")
        return
    values = np.asarray(value)
    if values.ndim == 0 or len(values) != n:
        fail(f"side[{key!r}] has shape {values.shape} for n={n}: give one row per sample")
    if not np.isfinite(values).all():
        fail(f"side[{key!r}] holds values that are not finite")
    if key.startswith("centres") and (*values.shape[:1], *values.shape[2:]) != getattr(sample, key[-1]).shape:
        shape = getattr(sample, key[-1]).shape
        fail(
            f"side[{key!r}] has shape {values.shape} and {key[-1]} has {shape}: give (n, r, ...), r draws for each row"
        )
    if key.startswith("clean") and values.shape != getattr(sample, key[-1]).shape:
        fail(f"side[{key!r}] has shape {values.shape} and {key[-1]} has {getattr(sample, key[-1]).shape}")
