# SPDX-License-Identifier: Apache-2.0
"""``c ln c`` of whole numbers in exact arithmetic: plug-in information ordered as theory says, without a tolerance.

N times the entropy of counts that sum to N is ``N ln N - sum c ln c``. With floating-point logarithms the sum depends
on the order of its terms, and ``ln 6 - ln 3`` is not ``ln 2``: what loses nothing could seem to gain something. Here
the logarithm of each prime is a whole multiple of a tiny unit, that of other numbers the sum over their prime factors,
and every sum is a sum of whole numbers. So equal partitions have equal entropies; merging codes that say the same of
the label, whose ratios of counts are equal, changes I(T;Y) by nothing; and a loss has its sign, because those that can
occur exceed the rounding: merging codes of a and b rows that do not say the same costs N I(T;Y) at least
``2 / (a b (a + b)) >= 8 / N^3`` (Pinsker's inequality: their shares of a label differ by 1 / (a b) at least), more
than all rounding up to N = 2^17. The last step, to a float64, is monotone.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from mibench.contracts import InputError

__all__ = ["MOST_ROWS", "ExactLogs", "exact_logs", "nats"]

MOST_ROWS = 2**22
_DIGITS = 40


class ExactLogs(NamedTuple):
    """``c ln c`` for c = 0 to N, as ``high[c] / 2^high_bits + low[c] / 2^(high_bits + low_bits)``."""

    high: NDArray[np.int64]
    low: NDArray[np.int64]
    high_bits: int
    low_bits: int


@lru_cache(maxsize=8)
def exact_logs(total: int) -> ExactLogs:
    """The table for counts that sum to `total`.

    Raises
    ------
    InputError
        If there are no rows, or more than 2^22.
    """
    if not 1 <= total <= MOST_ROWS:
        raise InputError(f"the counts sum to {total}: exact information takes from 1 to {MOST_ROWS} rows")
    largest = int(total * np.log(total)) + 1
    high_bits = 53 - largest.bit_length()  # every information is then a float64 of whole units, and a rest
    low_bits = 62 - (2 * total).bit_length()  # sums of up to two parts per row stay within an int64
    unit = 1 << (high_bits + low_bits)
    factor = _smallest_factors(total).tolist()
    logs = [0] * (total + 1)
    with localcontext() as context:
        context.prec = _DIGITS
        for c in range(2, total + 1):
            p = factor[c]
            logs[c] = int((Decimal(c).ln() * unit).to_integral_value()) if p == c else logs[p] + logs[c // p]
    mask = (1 << low_bits) - 1
    high = np.array([(c * log) >> low_bits for c, log in enumerate(logs)], dtype=np.int64)
    low = np.array([(c * log) & mask for c, log in enumerate(logs)], dtype=np.int64)
    high.flags.writeable = low.flags.writeable = False  # shared by all callers
    return ExactLogs(high, low, high_bits, low_bits)


def _smallest_factors(total: int) -> NDArray[np.int64]:
    """Smallest prime factor of every number up to `total`."""
    factor = np.arange(total + 1, dtype=np.int64)
    for p in range(2, int(total**0.5) + 1):
        if factor[p] == p:
            multiples = factor[p * p :: p]
            multiples[multiples == np.arange(p * p, total + 1, p)] = p
    return factor


@njit(cache=True)
def nats(high: int, low: int, high_bits: int, low_bits: int, total: int) -> Any:
    """A sum of table entries over `total`, as a float64: never smaller for a larger sum."""
    carry = low >> low_bits  # rounds down, also below zero, so the rest is never negative
    rest = low - (carry << low_bits)
    return (float(high + carry) + rest * 2.0**-low_bits) * 2.0**-high_bits / total
