# SPDX-License-Identifier: Apache-2.0
"""95 % intervals around an estimate: they cover sampling error, not the estimator's bias."""

from __future__ import annotations

from scipy.special import ndtri
from scipy.stats import t as student

__all__ = ["normal_interval", "t_interval"]


def normal_interval(mi: float, std_error: float, level: float = 0.95) -> tuple[float, float]:
    """Symmetric normal interval."""
    reach = float(ndtri(0.5 + level / 2)) * std_error
    return mi - reach, mi + reach


def t_interval(mi: float, std_error: float, freedom: int, level: float = 0.95) -> tuple[float, float]:
    """Symmetric Student interval, for a standard error of few degrees of freedom."""
    reach = float(student.ppf(0.5 + level / 2, freedom)) * std_error
    return mi - reach, mi + reach
