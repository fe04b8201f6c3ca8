# SPDX-License-Identifier: Apache-2.0
"""Arguments that every room takes: whole numbers and sources of randomness."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from mibench.contracts import InputError

if TYPE_CHECKING:
    from mibench.contracts import RandomLike

__all__ = ["as_generator", "check_count"]


def check_count(name: str, value: Any, least: int) -> int:
    """`value` as an int of at least `least`.

    Raises
    ------
    InputError
        Naming `name`, the value and what was expected.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < least:
        raise InputError(f"{name} is {value!r}: give an integer of at least {least}")
    return int(value)


def as_generator(rng: RandomLike) -> np.random.Generator:
    """A generator from a seed, a generator, or None (seed 0: one call, one result).

    Raises
    ------
    InputError
        For anything else.
    """
    if isinstance(rng, np.random.Generator):
        return rng
    return np.random.default_rng(0 if rng is None else check_count("rng (a numpy Generator, a seed or None)", rng, 0))
