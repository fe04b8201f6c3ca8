# SPDX-License-Identifier: Apache-2.0
"""A run in parts, for machines that share nothing: the same command on each, with another ``--shard``."""

from __future__ import annotations

from collections.abc import Sequence

from mibench.contracts import InputError, Trial

__all__ = ["read", "take"]


def read(text: str) -> tuple[int, int]:
    """``"2/4"`` as (2, 4).

    Raises
    ------
    InputError
        If it is not that, or the part is not within the whole.
    """
    part, slash, whole = text.partition("/")
    try:
        index, count = int(part), int(whole)
    except ValueError:
        index = count = 0
    if not slash or not 1 <= index <= count:
        raise InputError(f"--shard {text!r}: give PART/PARTS, from 1/4 to 4/4 for four machines")
    return index, count


def take(trials: Sequence[Trial], index: int, count: int) -> tuple[Trial, ...]:
    """Every `count`-th sample from the `index`-th on, with all its trials: what shares a compression stays together.

    The parts are disjoint, are all trials together, and differ by at most one sample; the same command gives the same
    parts on every machine.
    """
    samples: dict[tuple[str, int, int], int] = {}

    def place(trial: Trial) -> int:
        return samples.setdefault((trial.task_params, trial.n, trial.repetition), len(samples))

    return tuple(trial for trial in trials if place(trial) % count == index - 1)
